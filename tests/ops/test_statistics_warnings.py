"""Warnings of operations: PyTorch 2.13.0's words, and none of NumPy's."""

from __future__ import annotations

import warnings

import pytest

import gradcli.torch as torch
from gradcli.tensor.notices import forget_warnings

DEGREES = (
    "(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
    "(input numel divided by output numel)."
)
COV = "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of "
OF_CALL = {
    "torch.var(torch.ones(1))": "var" + DEGREES,
    "torch.std(torch.zeros(0))": "std" + DEGREES,
    "torch.var(torch.zeros(0, 3), 0)": "var" + DEGREES,
    "torch.ones(2, 3).var(1, correction=3)": "var" + DEGREES,
    "torch.std_mean(torch.ones(1))": "std_mean" + DEGREES,
    "torch.var_mean(torch.ones(2, 3), correction=7)": "var_mean" + DEGREES,
    "torch.cov(torch.ones(1))": COV + "observations.",
    "torch.corrcoef(torch.ones(1))": COV + "observations.",
    "torch.ones(2).index_reduce(0, torch.tensor([0]), torch.ones(1), 'prod')": (
        "index_reduce() is in beta and the API may change at any time."
    ),
    "torch.where(torch.ones(2, dtype=torch.uint8), torch.ones(2), torch.ones(2))": (
        "where received a uint8 condition tensor. This behavior is deprecated and will be removed "
        "in a future version of PyTorch. Use a boolean condition instead."
    ),
    "torch.var(torch.ones(2, 3), 1)": None,
    "torch.masked.var(torch.ones(1), mask=torch.zeros(1) > 0)": None,
}


@pytest.mark.parametrize("call", OF_CALL)
def test_a_call_warns_in_the_words_of_pytorch(call: str) -> None:
    forget_warnings()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        eval(call, {"torch": torch})
    wanted = OF_CALL[call]
    assert [str(w.message) for w in caught] == ([] if wanted is None else [wanted])
