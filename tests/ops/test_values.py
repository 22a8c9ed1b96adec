"""Functions of tensors that are not entries of the op table, and sentences of refusals."""

from __future__ import annotations

from typing import Any

import pytest

import gradcli.torch as torch


def test_equal_and_allclose_are_python_bools() -> None:
    x = torch.tensor([1.0, 2.0])
    assert torch.equal(x, torch.tensor([1.0, 2.0])) is True
    assert torch.equal(x, torch.tensor([1.0])) is False
    assert torch.equal(x, x.double()) is True
    assert x.allclose(x + 1e-9) is True
    assert torch.allclose(x, x + 1e-3) is False
    assert torch.allclose(x, x + 1e-3, atol=1e-2) is True
    nan = torch.tensor([float("nan")])
    assert torch.allclose(nan, nan) is False
    assert torch.allclose(nan, nan, equal_nan=True) is True
    with pytest.raises(RuntimeError, match="Float did not match Double"):
        torch.allclose(x, x.double())


def test_unique_gives_values_inverse_and_counts() -> None:
    x = torch.tensor([3, 1, 3, 2])
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 3]
    assert inverse.tolist() == [2, 0, 2, 1]
    assert counts.tolist() == [1, 1, 2]
    rows, inverse = torch.tensor([[3, 1], [3, 1], [0, 1]]).unique(dim=0, return_inverse=True)
    assert rows.tolist() == [[0, 1], [3, 1]]
    assert inverse.tolist() == [1, 1, 0]
    values, inverse, counts = torch.tensor([3, 3, 1, 1, 3]).unique_consecutive(
        return_inverse=True, return_counts=True
    )
    assert values.tolist() == [3, 1, 3]
    assert inverse.tolist() == [0, 0, 1, 1, 2]
    assert counts.tolist() == [2, 2, 1]


ZERO_DIVISION = "ZeroDivisionError"
REFUSALS: list[tuple[Any, type[Exception], str]] = [
    (lambda: torch.tensor(5) // 0, RuntimeError, ZERO_DIVISION),
    (lambda: torch.tensor([5]) % 0, RuntimeError, ZERO_DIVISION),
    (
        lambda: torch.tensor([1, 2]) ** -1,
        RuntimeError,
        "Integers to negative integer powers are not allowed.",
    ),
    (
        lambda: torch.tensor([1 + 1j]) < 2,
        NotImplementedError,
        "\"lt_cpu\" not implemented for 'ComplexFloat'",
    ),
    (
        lambda: torch.tensor([1.0]) & torch.tensor([1.0]),
        NotImplementedError,
        "\"bitwise_and_cpu\" not implemented for 'Float'",
    ),
    (
        lambda: torch.nn.functional.gelu(torch.tensor([1])),
        NotImplementedError,
        "\"GeluKernelImpl\" not implemented for 'Long'",
    ),
    (
        lambda: torch.tensor([1]).mean(),
        RuntimeError,
        "mean(): could not infer output dtype. Input dtype must be either a floating point or "
        "complex dtype. Got: Long",
    ),
    (
        lambda: torch.zeros(0).max(),
        RuntimeError,
        "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    ),
    (
        lambda: torch.zeros(0).max(0),
        IndexError,
        "max(): Expected reduction dim 0 to have non-zero size.",
    ),
    (
        lambda: torch.zeros(2, 2).sum((0, 0)),
        RuntimeError,
        "dim 0 appears multiple times in the list of dims",
    ),
    (lambda: torch.zeros(2).topk(3), RuntimeError, "selected index k out of range"),
    (
        lambda: torch.zeros(2).quantile(1.5),
        RuntimeError,
        "quantile() q must be in the range [0, 1] but got 1.5",
    ),
    (
        lambda: torch.zeros(0).norm(float("inf")),
        RuntimeError,
        "linalg.vector_norm cannot compute the inf norm on an empty tensor because the operation "
        "does not have an identity",
    ),
    (
        lambda: torch.bincount(torch.tensor([-1])),
        RuntimeError,
        "bincount only supports 1-d non-negative integral inputs.",
    ),
    (
        lambda: torch.where(torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([1.0])),
        RuntimeError,
        "where expected condition to be a boolean tensor, but got a tensor with dtype Float",
    ),
    (
        lambda: torch.maximum(torch.tensor([1.0]), 2),
        TypeError,
        "maximum(): argument 'other' (position 2) must be Tensor, not int",
    ),
]


@pytest.mark.parametrize(("call", "kind", "sentence"), REFUSALS)
def test_refusals_have_pytorchs_sentences(call: Any, kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


def test_composites_in_place_keep_the_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y.square_()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
