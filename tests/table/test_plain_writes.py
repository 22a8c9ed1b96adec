"""Writes into plain tensors go a short way, and leave what the general way leaves."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.autograd.node import before_write

DTYPES = (torch.float32, torch.float64, torch.float16, torch.int64, torch.bool, torch.complex64)
NUMBERS = (1.5, 3, True, -0.0, float("nan"), float("inf"), 1e39, 1 << 60, 2j, np.float32(0.1))
INDICES: tuple[Any, ...] = (
    *(0, 2, -1, 5, -9, True, None, ..., slice(1, 3), slice(None), slice(None, None, 2)),
    *(slice(2, 1), slice(0, 2, -1), slice(-2, None), (1,), (1, 2), (0, -1), (1, 9), (..., 0)),
    *([0, 2], np.int64(1), "mask", "column", "index"),
)


def tensors(dtype: Any) -> Iterator[Any]:
    """Tensors to be written, each made anew."""
    yield torch.arange(4).to(dtype)
    yield torch.arange(12).reshape(3, 4).to(dtype)
    yield torch.arange(12).reshape(3, 4).to(dtype).T
    yield torch.arange(12).reshape(3, 4).to(dtype)[:, 1:3]
    yield torch.zeros(1, dtype=dtype).expand(4)
    yield torch.tensor(1).to(dtype)
    if dtype is torch.float32:
        leaf = torch.ones(4, requires_grad=True)
        yield leaf
        yield leaf * 2
        yield leaf.detach()


def outcome(write: Callable[[Any], object], target: Any) -> tuple[Any, ...]:
    """What is left of a write: elements, versions, the node, or the error."""
    version = target._version
    try:
        write(target)
    except (RuntimeError, TypeError, IndexError, ValueError, OverflowError) as error:
        return type(error), str(error), repr(target)
    base = target if target._base is None else target._base
    return repr(target), repr(base), target._version - version, type(base.grad_fn)


def both_ways(write: Callable[[Any], object], dtype: Any) -> None:
    """Compare what a write leaves of every tensor with what the general way leaves."""
    found = [outcome(write, target) for target in tensors(dtype)]
    before_write.append(lambda version: None)  # whoever looks at writes sees the general way only
    try:
        expected = [outcome(write, target) for target in tensors(dtype)]
    finally:
        before_write.pop()
    assert found == expected


def values(dtype: Any) -> Iterator[Any]:
    yield from NUMBERS
    yield torch.tensor(2).to(dtype)
    yield torch.tensor([7, 8]).to(dtype)
    yield torch.tensor([7, 8, 9, 10]).to(dtype)
    yield torch.tensor([7.5, 8, 9, 10])
    yield torch.ones(3, 4).to(dtype)
    if dtype is torch.float32:
        yield torch.ones(4, requires_grad=True)


def place(index: Any, target: Any) -> Any:
    """The index, made for the tensor where it consists of a tensor."""
    if index == "mask":
        return target > 1
    if index == "column":
        return torch.tensor([True, False, True, False])
    return torch.tensor([0, 1]) if index == "index" else index


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_assignment(dtype: Any) -> None:
    for index, value in itertools.product(INDICES, values(dtype)):
        if dtype.is_complex and index == "mask":
            continue

        def write(target: Any, index: Any = index, value: Any = value) -> None:
            target[place(index, target)] = value

        both_ways(write, dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_copies_and_fills(dtype: Any) -> None:
    both_ways(lambda target: target.zero_(), dtype)
    for value in values(dtype):
        both_ways(lambda target, value=value: target.copy_(value), dtype)
        both_ways(lambda target, value=value: target.fill_(value), dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_sums_with_a_factor(dtype: Any) -> None:
    for value, alpha in itertools.product(values(dtype), (1, -0.1, 2, True, 1 << 60, 1j, "a")):
        both_ways(lambda target, v=value, a=alpha: target.add_(v, alpha=a), dtype)
        both_ways(lambda target, v=value, a=alpha: target.sub_(v, alpha=a), dtype)
        both_ways(lambda target, v=value, a=alpha: target.mul_(v, alpha=a), dtype)


def test_a_tensor_written_into_itself() -> None:
    writes: tuple[Callable[[Any], object], ...] = (
        lambda x: x.copy_(x),
        lambda x: x.__setitem__(slice(1, 4), x[:3]),
        lambda x: x.__setitem__(slice(0, 2), x[2:4]),
        lambda x: x[1:].copy_(x[:-1]),
        lambda x: x.__setitem__(0, x[1]),
        lambda x: x.__setitem__(1, x[1].add_(3)),
    )
    for write in writes:
        both_ways(write, torch.float32)


def test_modes() -> None:
    def under(mode: Any) -> Callable[[Any], object]:
        def write(target: Any) -> None:
            with mode():
                target[0] = 2.5
                target.copy_(torch.ones(4))

        return write

    both_ways(under(torch.no_grad), torch.float32)
    both_ways(under(torch.inference_mode), torch.float32)
    with torch.inference_mode():
        x = torch.zeros(3)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        x[0] = 1.0
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        x.fill_(1.0)
