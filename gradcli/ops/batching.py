"""How an entry goes over a batch axis.

A rule is a function `(op, args, axes)`: `args` hold the tensors one level further out, `axes` says
for each argument which axis is the batch (None for a tensor without one; a list for a list of
tensors). It returns the outputs and the axis at which they are batched. Rules call recorded
operations, so what happens inside is on the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor.tensor import Tensor, shape_of
from .dispatch import run
from .errors import wrap_dim, wrap_dims
from .namespaces import traced
from .table import ELEMENTWISE, Op


def batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Run `op` over the batch by its rule, or in a loop where it has none."""
    rule = op.batching
    if rule == ELEMENTWISE:
        return _elementwise(op, args, axes)
    if rule == "shift":
        return _shift(op, args, axes)
    if callable(rule):
        return rule(op, args, axes)  # type: ignore[no-any-return]
    return loop(op, args, axes)


def front(tensor: Tensor, axis: int) -> Tensor:
    """The tensor with its batch axis first."""
    return tensor if axis == 0 else traced.movedim(tensor, axis, 0)  # type: ignore[no-any-return]


def batch_size(args: Sequence[Any], axes: Sequence[Any]) -> int:
    """The length of the batch axis."""
    for value, axis in zip(args, axes, strict=True):
        if isinstance(axis, list):
            if any(item is not None for item in axis):
                return batch_size(value, axis)
        elif axis is not None:
            return shape_of(value)[axis]
    raise ValueError("nothing is batched")


def _elementwise(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Batch axes to the front; logical dimensions padded to the same rank."""
    ranks = [
        len(shape_of(value)) - (axis is not None)
        for value, axis in zip(args, axes, strict=True)
        if type(value) is Tensor
    ]
    rank = max(ranks)
    inner = list(args)
    for position, (value, axis) in enumerate(zip(args, axes, strict=True)):
        if type(value) is Tensor and axis is not None:
            value = front(value, axis)
            shape = shape_of(value)
            missing = rank - (len(shape) - 1)
            if missing:
                value = traced.reshape(value, (shape[0],) + (1,) * missing + shape[1:])
            inner[position] = value
    return run(op, inner), 0


def _shift(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """One tensor: its batch axis goes to the front, and every dimension moves by one."""
    position = next(i for i, axis in enumerate(axes) if axis is not None)
    inner = list(args)
    inner[position] = front(args[position], axes[position])
    rank = len(shape_of(inner[position])) - 1
    if rank == 0 and any(p.kind == "Dim" for p in op.parameters):
        return loop(op, args, axes)
    for index, parameter in enumerate(op.parameters):
        if parameter.kind != "Dim":
            continue
        value = inner[index]
        if parameter.is_list:
            inner[index] = tuple(dim + 1 for dim in wrap_dims(value or None, rank))
        elif value is None:
            return loop(op, args, axes)
        else:
            inner[index] = wrap_dim(value, rank) + 1
    return run(op, inner), 0


def new_dim(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """An op that inserts a dimension: counted with the one that comes into being."""
    tensor = front(args[0], axes[0])
    rank = len(shape_of(tensor))  # the logical rank of the result
    return run(op, [tensor, wrap_dim(args[1], rank) + 1, *args[2:]]), 0


def loop(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """One call for each element of the batch, stacked."""
    size = batch_size(args, axes)
    results = [run(op, _at(args, axes, index)) for index in range(size)]
    if type(results[0]) is Tensor:
        return traced.stack(results, 0), 0
    columns = [
        traced.stack(list(column), 0) if type(column[0]) is Tensor else column[0]
        for column in zip(*results, strict=True)
    ]
    return (tuple(columns) if isinstance(results[0], tuple) else columns), 0


def _at(args: Sequence[Any], axes: Sequence[Any], index: int) -> list[Any]:
    chosen: list[Any] = []
    for value, axis in zip(args, axes, strict=True):
        if isinstance(axis, list):
            chosen.append(_at(value, axis, index))
        elif axis is None:
            chosen.append(value)
        else:
            chosen.append(traced.select(value, axis, index))
    return chosen


def matmul_like(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Products: `matmul` treats leading dimensions as a batch already."""
    left, right = args[0], args[1]
    left_rank = len(shape_of(left)) - (axes[0] is not None)
    right_rank = len(shape_of(right)) - (axes[1] is not None)
    if axes[0] is not None:
        left = front(left, axes[0])
    if axes[1] is not None:
        right = front(right, axes[1])
    vector_left = left_rank == 1
    vector_right = right_rank == 1
    if vector_left:
        left = traced.unsqueeze(left, -2)
    if vector_right:
        right = traced.unsqueeze(right, -1)
    left_extra = len(shape_of(left)) - (axes[0] is not None)
    right_extra = len(shape_of(right)) - (axes[1] is not None)
    rank = max(left_extra, right_extra)
    if axes[0] is not None and left_extra < rank:
        shape = shape_of(left)
        left = traced.reshape(left, shape[:1] + (1,) * (rank - left_extra) + shape[1:])
    if axes[1] is not None and right_extra < rank:
        shape = shape_of(right)
        right = traced.reshape(right, shape[:1] + (1,) * (rank - right_extra) + shape[1:])
    result = traced.matmul(left, right)
    if vector_right:
        result = traced.squeeze_dim(result, -1)
    if vector_left:
        result = traced.squeeze_dim(result, -1 if vector_right else -2)
    return result, 0
