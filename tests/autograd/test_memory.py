"""Graphs of any length: no recursion, linear time, no cycles, and few bytes."""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gradcli.torch as torch

Function = torch.autograd.Function


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(length: int) -> tuple[Any, Any]:
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(length):
        y = y + x
    return x, y


def test_a_chain_of_a_million_operations() -> None:
    x, y = chain(1_000_000)
    y.backward()
    assert x.grad.item() == 1_000_001.0
    del y


def test_a_long_chain_is_dropped_without_recursion() -> None:
    x = torch.tensor(0.5, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y.sin()
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_time_is_linear() -> None:
    def seconds(length: int) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            x, y = chain(length)
            y.backward()
            del x, y
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(80_000) < 14 * seconds(10_000)


def test_bytes_of_a_node() -> None:
    """Everything that a recorded scalar multiplication keeps, its values included."""
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = x * x
    tracemalloc.start()
    try:
        for _ in range(20_000):
            y = y * x
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / 20_000 <= 600


class Saves(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        _, y = ctx.saved_tensors
        return g * y


def written(x: Any) -> Any:
    y = x * 1
    y[0] = y[1] * 2
    y[1:].exp_()
    return y


def packed(x: Any) -> Any:
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        return Saves.apply(x.exp()) * x


GRAPHS: dict[str, Callable[[Any], Any]] = {
    "its own output saved": lambda x: x.exp().tanh().sigmoid().softmax(0),
    "several outputs": lambda x: x.max(0)[0] * x.sort(0)[0].sum() * x.split(1)[0],
    "written views": written,
    "a custom Function that saves its output": Saves.apply,
    "packed": lambda x: packed(x),
    "a list of inputs": lambda x: torch.cat([x, x.sin()]).std(),
    "products": lambda x: (x[None] @ x[:, None]) ** 2,
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("use", ["drop", "backward", "create_graph", "failed"])
def test_memory_is_given_back_at_once(name: str, use: str) -> None:
    x = torch.tensor([0.5, 0.25, 2.0], requires_grad=True)
    y = GRAPHS[name](x)
    node = weakref.ref(y.grad_fn)
    tensor = weakref.ref(y)
    root = y.sum()
    del y
    if use == "backward":
        root.backward()
    elif use == "create_graph":
        found = torch.autograd.grad(root, x, create_graph=True)
        assert found[0] is not None
        del found
    elif use == "failed":
        with contextlib.suppress(RuntimeError):
            root.backward(torch.ones(7))
        x.grad = None
    del root
    assert node() is None
    assert tensor() is None


def test_a_leaf_dies_with_its_graph() -> None:
    x = torch.ones(3, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    leaf = weakref.ref(x)
    edge = weakref.ref(x.grad_fn or x.node)
    del x
    assert leaf() is None
    del y
    assert edge() is None


def test_the_result_of_forward_mode_and_of_transforms_holds_no_cycle() -> None:
    x = torch.tensor([0.5, 0.25], dtype=torch.float64)
    primal, tangent = torch.func.jvp(lambda t: t.exp() * t, (x,), (x,))
    refs = [weakref.ref(primal), weakref.ref(tangent)]
    del primal, tangent
    assert [ref() for ref in refs] == [None, None]
    gradient = torch.func.grad(lambda t: (t.exp() * t).sum())(x)
    ref = weakref.ref(gradient)
    del gradient
    assert ref() is None
    rows = torch.func.vmap(lambda t: t.exp())(x)
    ref = weakref.ref(rows)
    del rows
    assert ref() is None
