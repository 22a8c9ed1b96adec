"""How an entry goes over a batch axis.

A rule is a function `(op, args, axes)`: `args` hold the tensors one level further out, `axes` says
for each argument which axis is the batch (None for a tensor without one; a list for a list of
tensors). It returns the outputs and the axis at which they are batched. Rules call recorded
operations, so what happens inside is on the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...tensor.dtypes import int64
from ...tensor.tensor import Level, Tensor, constant, make, shape_of
from ..call.dispatch import run
from ..entry import ELEMENTWISE, Op
from ..formulas import traced
from ..shape_rules import wrap_dim, wrap_dims


def batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Run `op` over the batch by its rule, or in a loop where it has none."""
    rule = op.batching
    if rule == ELEMENTWISE:
        return pointwise(op, args, axes)
    if rule == "shift":
        return _shift(op, args, axes)
    if callable(rule):
        return rule(op, args, axes)  # type: ignore[no-any-return]
    return loop(op, args, axes)


def front(tensor: Tensor, axis: int) -> Tensor:
    """The tensor with its batch axis first."""
    return tensor if axis == 0 else traced.movedim(tensor, axis, 0)


def batch_size(args: Sequence[Any], axes: Sequence[Any]) -> int:
    """The length of the batch axis."""
    for value, axis in zip(args, axes, strict=True):
        if isinstance(axis, list):
            if any(item is not None for item in axis):
                return batch_size(value, axis)
        elif axis is not None:
            return int(shape_of(value)[axis])
    raise ValueError("nothing is batched")


def pointwise(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Elementwise: batch axes to the front; logical dimensions padded to the same rank.

    The batch axis stays in its place where one tensor is all that PyTorch's function takes.
    """
    tensors = [position for position, value in enumerate(args) if type(value) is Tensor]
    alone = len(op.tensor_positions) == 1 or op.promote == "compare" or op.id == "pow"
    if alone and tensors == [0]:
        return run(op, args), axes[0]
    ranks = [
        len(shape_of(value)) - (axis is not None)
        for value, axis in zip(args, axes, strict=True)
        if type(value) is Tensor
    ]
    rank = max(ranks)
    lengths = _broadcast_lengths(args, axes, rank) if min(ranks) < rank else []
    inner = list(args)
    for position, (value, axis) in enumerate(zip(args, axes, strict=True)):
        if type(value) is Tensor and axis is not None:
            value = front(value, axis)
            shape = shape_of(value)
            missing = rank - (len(shape) - 1)
            if missing:
                value = traced.reshape(value, (shape[0],) + (1,) * missing + shape[1:])
                if all(length == 1 for length in lengths[:missing]):
                    # An example alone is broadcast, and so its cotangent is a sum: never -0.
                    value = traced.index_select(value, 1, constant((1,), int64))
            inner[position] = value
    return run(op, inner), 0


def _broadcast_lengths(args: list[Any], axes: list[Any], rank: int) -> list[int]:
    """The largest length in each logical dimension, as tensors are lined up at the last one."""
    lengths = [1] * rank
    for value, axis in zip(args, axes, strict=True):
        if type(value) is Tensor:
            shape = list(shape_of(value))
            if axis is not None:
                del shape[axis]
            for place, length in enumerate(shape, rank - len(shape)):
                lengths[place] = max(lengths[place], length)
    return lengths


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
    results: list[Any] = []
    try:
        results.extend(run(op, _at(args, axes, index)) for index in range(size))
    except Exception as error:
        from ...kernels.refusals import blaming

        blaming(error, partial(_refused, op, args, axes, len(results), size))
        raise
    if type(results[0]) is Tensor:
        return _stacked(results), 0
    columns = [
        _stacked(list(column)) if type(column[0]) is Tensor else column[0]
        for column in zip(*results, strict=True)
    ]
    return (tuple(columns) if isinstance(results[0], tuple) else columns), 0


def _refused(op: Op, args: list[Any], axes: list[Any], first: int, size: int) -> list[bool]:
    """For which elements of the batch a call raises; none before `first`, which does."""
    found = [False] * first + [True]
    for index in range(first + 1, size):
        try:
            run(op, _at(args, axes, index))
        except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError):
            found.append(True)
        else:
            found.append(False)
    return found


def _stacked(results: list[Tensor]) -> Tensor:
    """Results side by side, each as it lies in memory: a matrix may stand column by column."""
    rank = len(shape_of(results[0]))
    if rank < 2 or results[0].level is not None:
        return traced.stack(results, 0)  # type: ignore[no-any-return]
    strides = results[0].array.strides
    order = tuple(sorted(range(rank), key=lambda axis: -strides[axis]))
    if order == tuple(range(rank)) or 0 in strides:
        return traced.stack(results, 0)  # type: ignore[no-any-return]
    stacked = traced.stack([traced.permute(result, order) for result in results], 0)
    back = tuple(order.index(axis) + 1 for axis in range(rank))
    return traced.permute(stacked, (0, *back))  # type: ignore[no-any-return]


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


def in_front(tensor: Tensor, axis: int | None, size: int) -> Tensor:
    """The tensor with the batch axis first; repeated (as a view) where it has none."""
    if axis is None:
        return traced.expand(tensor, (size, *shape_of(tensor)))  # type: ignore[no-any-return]
    return front(tensor, axis)


def _along_first(
    op: Op, args: list[Any], axes: list[Any], keep: tuple[int, ...]
) -> tuple[Any, int]:
    size = batch_size(args, axes)
    inner = list(args)
    rank = None
    for position, (value, axis) in enumerate(zip(args, axes, strict=True)):
        if isinstance(axis, list):
            inner[position] = [
                in_front(item, place, size) for item, place in zip(value, axis, strict=True)
            ]
            rank = len(shape_of(inner[position][0])) - 1
        elif type(value) is Tensor and position not in keep:
            inner[position] = in_front(value, axis, size)
            if rank is None:
                rank = len(shape_of(inner[position])) - 1
    if not rank and op.id != "stack":
        return loop(op, args, axes)
    for position, parameter in enumerate(op.parameters):
        if parameter.kind == "Dim":
            extra = op.id == "stack"
            value = inner[position]
            if parameter.is_list:
                inner[position] = tuple(dim + 1 for dim in wrap_dims(value, rank or 0))
            else:
                inner[position] = wrap_dim(value, (rank or 0) + extra) + 1
    return run(op, inner), 0


def aligned(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Tensors of one rank: all get the batch axis first, and dimensions move by one."""
    return _along_first(op, args, axes, ())


def plain_index(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """As `aligned`, where the tensor called `index` has no batch; a loop where it has."""
    position = next(i for i, p in enumerate(op.parameters) if p.name == "index")
    if axes[position] is not None or not shape_of(args[position]):
        return loop(op, args, axes)
    return _along_first(op, args, axes, (position,))


def sized(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """One tensor and a size: the batch leads both, and dimensions move by one."""
    tensor = front(args[0], axes[0])
    batch_length = shape_of(tensor)[0]
    inner = [tensor, *args[1:]]
    rank = None
    for position, parameter in enumerate(op.parameters):
        if parameter.kind == "int" and parameter.is_list:
            rank = len(args[position])
            inner[position] = (batch_length, *args[position])
    for position, parameter in enumerate(op.parameters):
        if parameter.kind == "Dim":
            inner[position] = wrap_dim(args[position], rank or 0) + 1
    if op.view and op.id != "expand":
        return traced.reshape(tensor, inner[1]), 0
    return run(op, inner), 0


def expanded(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """expand: the dimensions it adds come after the batch."""
    tensor = front(args[0], axes[0])
    shape = shape_of(tensor)
    size = args[1]
    missing = len(size) - (len(shape) - 1)
    if missing > 0:
        tensor = traced.reshape(tensor, shape[:1] + (1,) * missing + shape[1:])
    return run(op, [tensor, (shape[0], *size), *args[2:]]), 0


def repeated(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """repeat: once along the batch."""
    tensor = front(args[0], axes[0])
    shape = shape_of(tensor)
    missing = len(args[1]) - (len(shape) - 1)
    if missing > 0:
        tensor = traced.reshape(tensor, shape[:1] + (1,) * missing + shape[1:])
    return run(op, [tensor, (1, *args[1])]), 0


def permuted(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """permute: the batch stays in front."""
    tensor = front(args[0], axes[0])
    rank = len(shape_of(tensor)) - 1
    return run(op, [tensor, (0, *(dim + 1 for dim in wrap_dims(args[1], rank)))]), 0


def transposed(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """t: swaps the last two dimensions of matrices."""
    tensor = front(args[0], axes[0])
    if len(shape_of(tensor)) < 3:
        return tensor, 0
    return traced.transpose(tensor, 1, 2), 0


def squeezed(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """squeeze: every dimension of length one but the batch."""
    tensor = front(args[0], axes[0])
    shape = shape_of(tensor)
    return traced.reshape(tensor, shape[:1] + tuple(n for n in shape[1:] if n != 1)), 0


INNERMOST = 1 << 200  # a depth inside every transform that runs


def decomposed(function: Callable[..., Any]) -> Callable[..., tuple[Any, int]]:
    """A rule for an op that other ops can compute: `function(F, ...)` over batched tensors."""

    def rule(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
        inner = [
            value if axis is None else wrap_batch(value, axis, INNERMOST)
            for value, axis in zip(args, axes, strict=True)
        ]
        level = function(traced, *inner).level
        return level.value, level.axis

    return rule


def wrap_batch(value: Tensor, axis: int, depth: int) -> Tensor:
    """`value` as a batched tensor whose axis `axis` is hidden."""
    tensor = make(value.array, value.dtype)
    level = Level()
    level.value = value
    level.axis = axis
    level.depth = depth
    tensor.level = level
    return tensor


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
    if vector_left and vector_right and (axes[0] is None) != (axes[1] is None):
        pair = (left, right) if axes[1] is None else (right, left)
        return traced.mv(*pair), 0
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
