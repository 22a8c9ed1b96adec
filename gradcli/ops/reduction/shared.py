"""What reductions share: axes, batching, gradients spread out again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.entry import Op
from ...table.out_rules import Rule
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dims
from ...tensor.dtypes import Array
from ...tensor.tensor import shape_of

REDUCED = Rule(
    "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} "
    "for out's dtype."
)
# Ufuncs as values: NumPy's stubs do not know `reduce` with a `keepdims` that is not a literal.
ADD: Any = np.add
MULTIPLY: Any = np.multiply
MAXIMUM: Any = np.maximum
MINIMUM: Any = np.minimum


def axes_of(dim: Any, rank: int) -> tuple[int, ...]:
    """The axes that a reduction goes over; none given means all."""
    if dim is None or dim == ():
        return tuple(range(rank))
    axes = wrap_dims(dim, rank)
    return axes if rank else ()


class Each(tuple[int, ...]):
    """All axes but the first: every element there is reduced as a whole tensor of its own is.

    PyTorch puts all elements of a tensor together in another order than those along dimensions.
    """


def each_dim(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """A reduction over dimensions goes over a batch: every dimension moves by one."""
    from ...table.call.dispatch import run
    from ...table.levels.batching import front, loop

    value = front(args[0], axes[0])
    rank = len(shape_of(value)) - 1
    if not rank:
        return loop(op, args, axes)
    place = next(i for i, parameter in enumerate(op.parameters) if parameter.kind == "Dim")
    dims = axes_of(args[place], rank)
    moved: tuple[int, ...] = tuple(dim + 1 for dim in dims)
    if len(dims) == rank:
        moved = Each(moved)
    return run(op, [value, *args[1:place], moved, *args[place + 1 :]]), 0


def in_rows(values: Array) -> Array:
    """What stands on the first axis, each as a row in the order in which it lies in memory."""
    order = sorted(range(1, values.ndim), key=lambda axis: -abs(values.strides[axis]))
    return values.transpose(0, *order).reshape(len(values), -1)


def count_of(shape: tuple[int, ...], dim: Any) -> int:
    """How many elements a reduction of `shape` over `dim` puts together."""
    count = 1
    for axis in axes_of(dim, len(shape)):
        count *= shape[axis]
    return count


def restored(F: Namespace, value: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced value with the reduced dimensions of `shape` back, of length one."""
    if keepdim:
        return value
    axes = axes_of(dim, len(shape))
    if not F.is_traced:
        return value.reshape([1 if i in axes else n for i, n in enumerate(shape)])
    for axis in sorted(axes):
        value = F.unsqueeze(value, axis)
    return value


def whole(identifier: str) -> Any:
    """How a reduction of all elements goes over a batch: as one over all other dimensions."""

    def rule(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
        from ...table.call.dispatch import run
        from ...table.formulas import traced
        from ...table.levels.batching import front, loop
        from ...table.lookup import get_op

        value = front(args[0], axes[0])
        length, *rest = shape_of(value)
        reduced = get_op(identifier)
        extreme = identifier in ("amax", "amin") and value.dtype.is_floating_point
        if extreme and value.level is None and np.isnan(value.array).any():
            return loop(op, args, axes)  # the gradient of a NaN goes to NaNs, not to none
        if reduced.parameters[1].is_list and rest:  # in the order in which they lie in memory
            keywords = {"dtype": args[1]} if len(args) > 1 else {}
            dims = tuple(range(1, 1 + len(rest)))
            return run(reduced, reduced.bind(value, dims, False, **keywords)), 0
        count = 1
        for step in rest:
            count *= step
        flat = traced.reshape(value, (length, count))
        dim: Any = (1,) if reduced.parameters[1].is_list else 1
        keywords = {"dtype": args[1]} if len(args) > 1 else {}
        return run(reduced, reduced.bind(flat, dim, False, **keywords)), 0

    return rule


def expanded(F: Namespace, g: Any, self_shape: Any, dim: Any, keepdim: bool) -> Any:
    """A cotangent of a reduced value, spread over the `self_shape` that was reduced."""
    return F.expand(restored(F, g, self_shape, dim, keepdim), self_shape)


def real_product(F: Namespace, a: Any, b: Any) -> Any:
    """The real part of `conj(a) * b`."""
    return F.real(F.conj_physical(a) * b)


def mean_slope(F: Namespace, g: Any, self_shape: Any, dim: Any, keepdim: bool) -> Any:
    """The cotangent of what a mean over `dim` was taken of."""
    if dim is None and not F.is_traced:
        return F.expand(g / max(math.prod(self_shape), 1), self_shape)
    count = count_of(self_shape, dim)
    if F.is_traced:
        return expanded(F, g, self_shape, dim, keepdim) / count
    return expanded(F, g / max(count, 1), self_shape, dim, keepdim)
