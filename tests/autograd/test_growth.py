"""Loops of any length: what a step leaves behind is nothing, whatever the form of its write."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import gradcli.torch as torch

Step = Callable[[torch.Tensor, torch.Tensor], object]


def _data_aug(p: torch.Tensor, g: torch.Tensor) -> None:
    p.data -= 0.1 * g


def _data_assign(p: torch.Tensor, g: torch.Tensor) -> None:
    p.data = p.data - g


def _data_new(p: torch.Tensor, g: torch.Tensor) -> None:
    (p * p).sum().backward()
    p.data = p.detach() - p.grad
    p.grad = None


def _data_train(p: torch.Tensor, g: torch.Tensor) -> None:
    (p * p).sum().backward()
    p.data.add_(p.grad.data, alpha=-0.1)
    p.grad.data.zero_()


def _no_grad(p: torch.Tensor, g: torch.Tensor) -> None:
    with torch.no_grad():
        p -= g


STEPS: dict[str, Step] = {
    "data -=": _data_aug,
    "data =": _data_assign,
    "data = after a backward pass": _data_new,
    "data in a training loop": _data_train,
    "data.sub_": lambda p, g: p.data.sub_(g),
    "data[0] =": lambda p, g: p.data.__setitem__(0, 2.0),
    "data.copy_": lambda p, g: p.data.copy_(g),
    "detach().sub_": lambda p, g: p.detach().sub_(g),
    "no_grad": _no_grad,
    "a view of data": lambda p, g: p.data[1:].mul_(0.5),
    "a hook": lambda p, g: p.register_hook(lambda gradient: gradient).remove(),
    "retain_grad": lambda p, g: (p * 2).retain_grad(),
    "grad =": lambda p, g: setattr(p, "grad", g.clone()),
}


def parameter(dimensions: int) -> tuple[torch.Tensor, torch.Tensor]:
    shape = (3,) * dimensions
    return torch.zeros(shape, requires_grad=True), torch.ones(shape)


@pytest.mark.parametrize("name", STEPS)
def test_steps_leave_nothing_behind(name: str) -> None:
    step = STEPS[name]
    p, g = parameter(1)
    for _ in range(200):
        step(p, g)
    assert min(left_by(step, p, g) for _ in range(3)) < 8000  # a pointer a step is as much


def left_by(step: Step, p: torch.Tensor, g: torch.Tensor) -> int:
    """The bytes that 1000 steps leave; the first ones may fill a cache."""
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(1000):
            step(p, g)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("form", ["data -=", "data ="])
def test_a_number_is_no_exception(form: str) -> None:
    p, g = parameter(0)
    for _ in range(2000):
        STEPS[form](p, g)
    assert p.version.rewrite is None or len(p.version.rewrite.replaced) < 3


def test_work_is_linear() -> None:
    p, g = parameter(1)

    def lines_of(count: int) -> int:
        lines = 0

        def see(frame: object, event: str, arg: object) -> Any:
            nonlocal lines
            lines += 1
            return see

        before = sys.gettrace()
        sys.settrace(see)
        try:
            for _ in range(count):
                p.data -= g
        finally:
            sys.settrace(before)
        return lines

    lines_of(100)
    first = lines_of(500)
    for _ in range(20_000):
        p.data -= g
    assert 500 < lines_of(500) < 1.1 * first
