"""A value changed behind its version: PyTorch's number, and both positions for a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gradcli.torch as torch
from gradcli.autograd.node import warn_behind
from gradcli.tensor.runtime import runtime


@pytest.fixture
def seen() -> Iterator[list[tuple[int, int]]]:
    found: list[tuple[int, int]] = []

    def note(node: Any, version: Any) -> None:
        found.append((node.where, version.writer))

    warn_behind.append(note)
    yield found
    warn_behind.remove(note)
    runtime.where = 0


def test_data_of_a_saved_input(seen: list[tuple[int, int]]) -> None:
    w = torch.tensor([1.0, 1.0], requires_grad=True)
    x = torch.tensor([2.0, 4.0])
    runtime.where = 11
    y = w * x
    runtime.where = 22
    x.data.mul_(2)
    runtime.where = 33
    y.sum().backward()
    assert w.grad.tolist() == [4.0, 8.0]
    assert seen == [(11, 22)]


def test_data_of_a_saved_output(seen: list[tuple[int, int]]) -> None:
    x = torch.tensor([0.0, 0.0], requires_grad=True)
    runtime.where = 11
    y = x.exp()
    runtime.where = 22
    y.data.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert seen == [(11, 22)]


def test_data_of_a_view_of_a_saved_value(seen: list[tuple[int, int]]) -> None:
    w = torch.tensor([1.0, 1.0], requires_grad=True)
    x = torch.tensor([2.0, 4.0])
    runtime.where = 11
    y = w * x
    runtime.where = 22
    x[1:].data.zero_()
    y.sum().backward()
    assert w.grad.tolist() == [2.0, 0.0]
    assert seen == [(11, 22)]


def test_one_of_several_saved_tensors(seen: list[tuple[int, int]]) -> None:
    a = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    b = torch.tensor([[5.0], [6.0]])
    b.add_(0)  # its version is not zero when it is saved
    runtime.where = 11
    y = torch.linalg.multi_dot([a, b, b.t()])
    runtime.where = 22
    b.data.mul_(2)
    y.sum().backward()
    assert seen
    assert all(pair == (11, 22) for pair in seen)


def test_a_counted_write_is_an_error_also_after_one_behind(seen: list[tuple[int, int]]) -> None:
    w = torch.tensor([1.0, 1.0], requires_grad=True)
    x = torch.tensor([2.0, 4.0])
    y = w * x
    x.data.mul_(2)
    x.mul_(2)
    with pytest.raises(RuntimeError, match="is at version 1; expected version 0"):
        y.sum().backward()
    assert not seen
    assert w.grad is None


def test_a_custom_function(seen: list[tuple[int, int]]) -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 2 * x * g

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    runtime.where = 11
    y = Square.apply(x)
    runtime.where = 22
    x.data.mul_(10)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]
    assert seen == [(11, 22)]


def test_writes_behind_do_not_touch_views(seen: list[tuple[int, int]]) -> None:
    base = torch.tensor([1.0, 2.0, 3.0], requires_grad=True) * 1
    view = base[1:]
    node = view.grad_fn
    base.data.mul_(2)
    assert view.grad_fn is node
    view.sum().backward()
    assert not seen
