"""What the core answers to NumPy's values, apart from what PyTorch's records hold."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.tensor.runtime import LimitExceeded, runtime


@pytest.mark.parametrize(
    "act",
    [operator.mul, operator.add, operator.sub, operator.truediv, operator.pow, operator.matmul],
)
def test_large_results_are_refused_before_they_are_computed(
    act: Callable[[Any, Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "max_bytes", 1 << 24)
    with pytest.raises(LimitExceeded):
        act(torch.ones(4096, 1), np.ones((1, 4096)))
    act(torch.ones(64, 1), np.ones((1, 64)))


class Choice(enum.IntEnum):
    TWO = 2


@pytest.mark.parametrize("number", [Choice.TWO, np.int16(2), np.float16(2), np.float64(2)])
def test_whatever_is_a_number_counts_as_one(number: Any) -> None:
    ones = torch.ones(2)
    for found in (ones * number, number * ones, torch.mul(ones, number), torch.add(1, ones)):
        assert found.dtype is torch.float32
        assert found.tolist() == [2, 2]


def test_an_array_of_a_tensor_shares_memory_and_a_copy_does_not() -> None:
    tensor = torch.tensor([1.0, 2.0])
    np.asarray(tensor)[0] = 5
    np.array(tensor)[1] = 7
    assert tensor.tolist() == [5, 2]
    assert np.asarray(tensor, dtype=np.int64).tolist() == [5, 2]
