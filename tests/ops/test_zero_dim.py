"""Every entry over tensors without dimensions that share their memory.

NumPy turns the result of an operation on a 0-d array into a scalar, so a kernel that writes into
what it just computed may find that it is no array. A plain 0-d tensor is a NumPy scalar already; a
view, or a tensor that views were taken of, is a 0-d array. The two must give the same: values,
derivatives of both orders in both modes, and a batch of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import table_cases as cases

import gradcli.torch as torch
from gradcli.table.entry import ELEMENTWISE, Op
from gradcli.table.samples import Sample
from gradcli.tensor.tensor import Tensor, make

Case = tuple[list[Any], dict[str, Any]]


def element(tensor: Tensor) -> Any:
    """The first element, as NumPy's scalar."""
    return tensor.array.reshape(-1)[0]


def viewed(tensor: Tensor) -> Tensor:
    tensor.view(1)
    return tensor


FORMS: dict[str, Callable[[Any, Any], Tensor]] = {
    "viewed": lambda value, dtype: viewed(make(value, dtype)),
    "element": lambda value, dtype: make(np.array([value, value]), dtype)[0],
    "squeezed": lambda value, dtype: make(np.array([[value]]), dtype).squeeze(),
    "expanded": lambda value, dtype: make(np.array([value]), dtype).expand(2, 1)[0, 0],
    "detached": lambda value, dtype: make(value, dtype).detach(),
    "data": lambda value, dtype: make(value, dtype).data,
}


def formed(sample: Sample, form: Callable[[Any, Any], Tensor], which: str) -> Case:
    """The arguments with tensors as scalars of the form: "all", or those "own" 0-d ones."""

    def change(tensor: Tensor) -> Tensor:
        if tensor.array.size and (which == "all" or tensor.array.ndim == 0):
            return form(element(tensor), tensor.dtype)
        return make(np.array(tensor.array)[()], tensor.dtype)

    return cases.mapped(sample, change)


def tensors(value: Any) -> list[Tensor]:
    if type(value) is Tensor:
        return [value]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors(item)]
    if isinstance(value, dict):
        return tensors(list(value.values()))
    return []


def plain(value: Any) -> Any:
    """A result as what can be compared: the elements of a tensor, its dtype and its node's name."""
    if type(value) is Tensor:
        node = value.grad_fn
        return [np.array(value.array), value.dtype, "" if node is None else node.name()]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two results agree; NumPy rounds complex products of arrays in another way."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and np.allclose(one, other, 1e-12, 1e-12, equal_nan=True)
    return type(one) is type(other) and one == other


def flattened(result: Any) -> Any:
    """A result with every tensor in one dimension."""
    if isinstance(result, list):
        return [flattened(item) for item in result]
    return result.reshape(-1) if isinstance(result, np.ndarray) else result


def guarded(act: Callable[[], Any]) -> Any:
    torch.manual_seed(0)
    try:
        return plain(act())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def outcomes(op: Op, case: Callable[[], Case]) -> dict[str, Any]:
    """What comes of an entry's call: its value, its derivatives, and a batch of calls."""

    def call(*values: Tensor) -> Any:
        args, kwargs = case()
        remaining = iter(values)

        def visit(value: Any) -> Any:
            if type(value) is Tensor and value.dtype.differentiable:
                return next(remaining)
            if isinstance(value, list | tuple):
                return type(value)([visit(item) for item in value])
            return value

        args = visit(args)
        kwargs = {name: visit(value) for name, value in kwargs.items()}
        return op.call(*args, **kwargs)

    def inputs() -> list[Tensor]:
        return [value for value in tensors(list(case())) if value.dtype.differentiable]

    def leaves() -> list[Tensor]:
        return [value.requires_grad_() for value in inputs()]

    def weight(outputs: list[Tensor]) -> list[Tensor]:
        ones = [torch.ones(2, *output.shape, dtype=output.dtype)[1] for output in outputs]
        return [one * 0.75 for one in ones] if len(outputs) > 1 else ones

    def gradient(create_graph: bool) -> Any:
        values = leaves()
        outputs = [out for out in tensors(call(*values)) if out.requires_grad]
        found = torch.autograd.grad(
            outputs, values, weight(outputs), create_graph=create_graph, allow_unused=True
        )
        if not create_graph:
            return found
        again = [grad for grad in found if grad is not None and grad.requires_grad]
        return found, torch.autograd.grad(again, values, weight(again), allow_unused=True)

    def tangent() -> Any:
        values = inputs()
        return torch.func.jvp(call, tuple(values), tuple(value * 0.5 for value in values))

    def batch() -> Any:
        values = [torch.stack([value, value]) for value in inputs()]
        return torch.func.vmap(call)(*values)

    def batched_gradient() -> Any:
        values = leaves()
        outputs = [out for out in tensors(call(*values)) if out.requires_grad]
        weights = [torch.stack([one, one]) for one in weight(outputs)]
        return torch.autograd.grad(
            outputs, values, weights, is_grads_batched=True, allow_unused=True
        )

    found = {"forward": guarded(lambda: call(*inputs()))}
    if not op.vjp and op.composite is None:
        return found
    return found | {
        "recorded": guarded(lambda: call(*leaves())),
        "gradient": guarded(lambda: gradient(False)),
        "second": guarded(lambda: gradient(True)),
        "tangent": guarded(tangent),
        "batch": guarded(batch),
        "batched gradient": guarded(batched_gradient),
    }


def difference(expected: dict[str, Any], found: dict[str, Any]) -> str:
    """The first thing in which the outcomes of two calls do not agree."""
    return next(
        (
            f"{what}: {expected[what]} is {found[what]}"
            for what in expected
            if not same(expected[what], found[what])
        ),
        "",
    )


def fixed(op: Op) -> bool:
    """Whether an entry's result depends on where in memory its argument lies."""
    return "as_strided" in op.id


@pytest.mark.parametrize(
    "op", [op for op in cases.entries() if not fixed(op)], ids=lambda op: op.id
)
def test_zero_dim_views(op: Op) -> None:
    for kind in cases.KINDS:
        for index, sample in enumerate(cases.samples(op, kind)):
            for which in ("all", "own"):
                if which == "own" and not any(t.array.ndim == 0 for t in cases.tensors(sample)):
                    continue
                # How the view was made matters to no kernel: one sample takes all ways.
                forms = FORMS if index == 0 else {"viewed": FORMS["viewed"]}
                expected = outcomes(op, lambda s=sample, w=which: formed(s, make, w))
                for name, form in forms.items():
                    found = outcomes(op, lambda s=sample, f=form, w=which: formed(s, f, w))
                    assert not difference(expected, found), (kind, index, which, name)


@pytest.mark.parametrize(
    "op",
    [op for op in cases.entries() if op.batching == ELEMENTWISE and not op.view],
    ids=lambda op: op.id,
)
def test_one_element_gives_the_same(op: Op) -> None:
    """A scalar gives what a tensor of one element gives."""
    for kind in cases.KINDS:
        for index, sample in enumerate(cases.samples(op, kind)):

            def one(value: Any, dtype: Any) -> Tensor:
                return make(np.array([value]), dtype)

            expected = outcomes(op, lambda s=sample: formed(s, one, "all"))
            for form in (make, FORMS["viewed"], FORMS["element"]):
                found = outcomes(op, lambda s=sample, f=form: formed(s, f, "all"))
                for what in expected:
                    assert same(flattened(expected[what]), flattened(found[what])), (
                        kind, index, what, expected[what], found[what],
                    )  # fmt: skip
