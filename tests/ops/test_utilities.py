"""Windows, settings, histograms, methods over elements, and what PyTorch removed."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import replayed

import gradcli.torch as torch


def test_answers_are_pytorchs() -> None:
    wrong = replayed.differences("utilities")
    assert not wrong, "\n".join(wrong)


def test_settings_are_remembered() -> None:
    torch.set_deterministic_debug_mode("warn")
    assert torch.get_deterministic_debug_mode() == 1
    assert torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(False)
    assert torch.get_deterministic_debug_mode() == 0
    torch.set_float32_matmul_precision("high")
    assert torch.get_float32_matmul_precision() == "high"
    torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    "deprecated",
    [lambda: torch.ones(2, 2, 2).T, lambda: torch.chain_matmul(torch.eye(2), torch.eye(2))],
)
def test_warnings_may_come_every_time(deprecated: Any) -> None:
    torch.set_warn_always(True)
    try:
        for _ in range(3):
            with pytest.warns(UserWarning):
                deprecated()
    finally:
        torch.set_warn_always(False)
    assert not torch.is_warn_always_enabled()
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        deprecated()
    assert not again


def test_every_dtype_has_its_names_in_one_list() -> None:
    from gradcli.tensor.dtypes import NAMES
    from gradcli.torch.namespaces import DTYPES

    assert set(DTYPES) == set(NAMES)


def test_parts_of_a_sequence_are_computed_again() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = torch.utils.checkpoint.checkpoint_sequential(
        [torch.sin, torch.exp, torch.tanh], 2, x, use_reentrant=False
    )
    y.backward()
    expected = torch.tensor(0.5, requires_grad=True)
    torch.tanh(torch.exp(torch.sin(expected))).backward()
    assert x.grad.item() == expected.grad.item()
