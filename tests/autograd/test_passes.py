"""A backward pass happens whole or not at all; graphs are freed; unneeded work is not done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.tensor.runtime import Interrupted, runtime

Function = torch.autograd.Function


class Fails(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise ValueError("no gradient today")


class Stops(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        runtime.stop = Interrupted()
        return g


def raising(grad: Any) -> None:
    raise ValueError("a hook's own error")


def leaves() -> tuple[Any, Any]:
    a = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    a.grad = torch.tensor([10.0, 20.0], dtype=torch.float64)
    return a, b


def by_function(a: Any, b: Any) -> Any:
    return (Fails.apply(a) * b).sum()


def by_interrupt(a: Any, b: Any) -> Any:
    return (Stops.apply(a.sin()) * b).sum()


def by_hook(a: Any, b: Any) -> Any:
    middle = a * 2
    middle.register_hook(raising)
    return (middle * b).sum()


def by_leaf_hook(a: Any, b: Any) -> Any:
    a.register_hook(raising)
    return (a * b).sum()


def by_node_hook(a: Any, b: Any) -> Any:
    product = a * b
    product.grad_fn.register_hook(lambda inputs, outputs: raising(None))
    return product.sum()


def by_post_hook(a: Any, b: Any) -> Any:
    a.register_post_accumulate_grad_hook(raising)
    return (a * b).sum()


def by_late_node(a: Any, b: Any) -> Any:
    """`b` is complete and committed, with its hook, before the node of `a` fails."""
    b.register_post_accumulate_grad_hook(lambda leaf: None)
    return by_function(a, b)


@pytest.mark.parametrize(
    "build",
    [by_function, by_interrupt, by_hook, by_leaf_hook, by_node_hook, by_post_hook, by_late_node],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_failed_pass_leaves_every_grad_as_it_was(build: Any, create_graph: bool) -> None:
    a, b = leaves()
    kept = a.grad
    window = kept[1:]  # an alias of the same memory
    version = kept._version
    root = build(a, b)
    retained = a * 3
    retained.retain_grad()
    with pytest.raises((ValueError, Interrupted)):
        torch.autograd.backward([root, retained.sum()], create_graph=create_graph)
    assert a.grad is kept
    assert a.grad.tolist() == [10.0, 20.0]
    assert window.tolist() == [20.0]
    assert a.grad._version == version
    assert b.grad is None
    assert retained.grad is None
    assert torch.is_grad_enabled()


def test_an_interrupt_before_the_pass_ends_does_not_commit() -> None:
    a, b = leaves()
    root = (a.sin() * b).sum()
    runtime.stop = Interrupted()
    with pytest.raises(Interrupted):
        root.backward()
    assert b.grad is None
    root = (a.sin() * b).sum()
    root.backward()
    assert b.grad is not None


@pytest.mark.parametrize(
    "text",
    ["x * x", "x * 2", "x / 2", "x.sin()", "x.exp()", "x ** 2", "torch.cat([x, x]) * x.sum()"],
)
def test_a_second_pass_through_saved_values_is_an_error(text: str) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = eval(text, {"torch": torch, "x": x}).sum()
    y.backward(retain_graph=True)
    y.backward()
    first = x.grad.tolist()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()
    assert x.grad.tolist() == first


@pytest.mark.parametrize("text", ["x + x", "-x", "x.sum()", "x[0]", "x.t()", "x - 1"])
def test_a_second_pass_where_nothing_was_saved(text: str) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = eval(text, {"torch": torch, "x": x}).sum()
    y.backward()
    first = x.grad.clone()
    y.backward()
    assert x.grad.tolist() == (2 * first).tolist()


class Counts(Function):
    runs = 0

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        Counts.runs += 1
        return g


@pytest.mark.parametrize("how", ["grad", "inputs"])
def test_what_is_not_asked_for_is_not_computed(how: str) -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    z = x * Counts.apply(y)
    Counts.runs = 0
    if how == "grad":
        (found,) = torch.autograd.grad(z, [x], retain_graph=True)
    else:
        z.backward(inputs=[x], retain_graph=True)
        found = x.grad
    assert found.item() == 3.0
    assert Counts.runs == 0
    assert y.grad is None
    torch.autograd.grad(z, [y])
    assert Counts.runs == 1


def test_grads_share_no_memory() -> None:
    a = torch.ones(3, requires_grad=True)
    b = torch.ones(3, requires_grad=True)
    cotangent = torch.tensor([1.0, 2.0, 3.0])
    (a + b).backward(cotangent)
    arrays = [a.grad.array, b.grad.array, cotangent.array, a.array, b.array]
    for i, first in enumerate(arrays):
        assert not any(np.shares_memory(first, second) for second in arrays[i + 1 :])
    a.grad.zero_()
    assert b.grad.tolist() == [1.0, 2.0, 3.0]


def test_a_grad_of_a_recorded_pass_can_be_added_to() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    (x * x).sum().backward(create_graph=True)
    x.sum().backward()
    assert x.grad.tolist() == [[3.0] * 3] * 2
    y = torch.ones(2, 3, requires_grad=True)
    y.sum().backward(create_graph=True)
    y.sum().backward()
    assert y.grad.tolist() == [[2.0] * 3] * 2


def test_a_pass_inside_a_hook_and_inside_a_function_commits_on_its_own() -> None:
    inner = torch.tensor(3.0, requires_grad=True)
    outer = torch.tensor(2.0, requires_grad=True)

    class Nested(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            with torch.enable_grad():
                (inner * inner).backward()
            return g * inner.grad

    def hook(grad: Any) -> None:
        with torch.enable_grad():
            (inner * 5).backward()

    y = Nested.apply(outer * 1)
    y.register_hook(hook)
    y.backward()
    assert inner.grad.item() == 11.0
    assert outer.grad.item() == 11.0
    assert torch.is_grad_enabled()


def test_several_roots_are_one_pass() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    a, b = y.sum(), (y * 3).sum()
    torch.autograd.backward([a, b, y], [None, None, torch.tensor([1.0, 0.0])])
    assert x.grad.tolist() == [10.0, 16.0]
    found = torch.autograd.grad([x * 2, x * 3], [x], [torch.ones(2), torch.ones(2)])
    assert found[0].tolist() == [5.0, 5.0]


def test_reading_and_printing_change_nothing() -> None:
    base = torch.ones(4, requires_grad=True) * 2
    view = base[:2]
    other = base[2:]
    other.mul_(3)
    nodes = (base.grad_fn, base._version)
    for _ in range(2):
        texts = repr(base), str(view), f"{other}"
        facts = view.requires_grad, view.is_leaf, view.shape, view.grad_fn.next_functions
        copies = view.tolist(), base.detach(), view.stride(), base.data
        assert texts and facts and copies
    assert (base.grad_fn, base._version) == nodes
    node = view.grad_fn
    assert view.grad_fn is node
    (view.sum() + other.sum()).backward()


def test_third_derivatives() -> None:
    x = torch.tensor([0.5, -1.5], dtype=torch.float64, requires_grad=True)
    y = (x.sin() * x.exp()).sum()
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = torch.autograd.grad(second.sum(), x)
    v = x.detach().array
    np.testing.assert_allclose(first.detach().array, np.exp(v) * (np.sin(v) + np.cos(v)))
    np.testing.assert_allclose(second.detach().array, 2 * np.exp(v) * np.cos(v))
    np.testing.assert_allclose(third.array, 2 * np.exp(v) * (np.cos(v) - np.sin(v)))


def test_an_operand_in_the_written_memory_is_found_changed() -> None:
    weight = torch.ones(3, 3, dtype=torch.float64, requires_grad=True)
    x = weight * 2
    x.mul_(x)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        x.sum().backward()
    y = weight * 2
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        y.mul_(y[0])


def test_packed_values_are_unpacked_once_for_each_use_and_keep_their_graph() -> None:
    packed: list[Any] = []

    def pack(tensor: Any) -> int:
        packed.append(tensor.detach() * 1)
        return len(packed) - 1

    x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda index: packed[index]):
        y = x * x * x
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (27.0, 18.0)
    assert len(packed) == 4


def test_checkpoint_computes_again_and_agrees() -> None:
    from gradcli.autograd.checkpoint import checkpoint

    calls = []

    def block(x: Any) -> Any:
        calls.append(1)
        return (x.sin() * x).exp()

    x = torch.tensor([0.3, 0.7], dtype=torch.float64, requires_grad=True)
    checkpoint(block, x, use_reentrant=False).sum().backward()
    again = x.detach().requires_grad_()
    block(again).sum().backward()
    assert x.grad.tolist() == again.grad.tolist()
    assert len(calls) == 3


def test_a_leaf_that_wants_no_gradient_any_more_gets_none() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = torch.tensor(3.0, requires_grad=True)
    z = x * y
    x.requires_grad = False
    z.backward()
    assert x.grad is None
    assert y.grad.item() == 2.0


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("before, after", [([1.0, 2.0], [1.0] * 3), ([1.0], [1.0] * 3)])
def test_a_grad_that_no_longer_fits_fails_the_whole_pass(
    swapped: bool, before: list[float], after: list[float]
) -> None:
    a, b = (torch.tensor(data, requires_grad=True) for data in ([1.0, 2.0], before))
    (a.sum() + b.sum()).backward()
    b.data = torch.tensor(after)
    loss = b.sum() + a.sum() if swapped else a.sum() + b.sum()
    with pytest.raises(RuntimeError, match=r"must match the size|match the broadcast shape"):
        loss.backward()
    assert a.grad.tolist() == [1.0, 1.0]
    assert b.grad.tolist() == [1.0] * len(before)
