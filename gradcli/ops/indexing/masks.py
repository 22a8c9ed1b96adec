"""What a mask tells: masked_fill, masked_select, masked_scatter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...table.call.python_data import element
from ...table.entry import ELEMENTWISE, Op, op
from ...table.levels.batching import (
    loop,
)
from ...table.out_rules import Rule
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, shape_of_value
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, Array, c_name
from ...tensor.tensor import Tensor, shape_of
from .shared import zeros


def _check_fill_mask(self: Tensor, mask: Tensor, value: Any) -> None:
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            f"{c_name(mask.dtype)}"
        )
    if type(value) is Tensor and shape_of(value):
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{len(shape_of(value))} dimension(s)."
        )
    if type(value) is not Tensor:
        element(value, self.dtype)  # raises for a number that does not fit


def _masked_fill(self: Array, mask: Array, value: Any) -> Array:
    shape = broadcast_shape([np.shape(mask), np.shape(self)])
    dtype = FROM_ARRAY[self.dtype]
    if not isinstance(value, np.ndarray | np.generic):
        value = element(value, dtype)
    else:
        value = dtype.cast(np.asarray(value))[()]
    return np.ascontiguousarray(np.where(mask, value, self)).reshape(shape)


op(
    "masked_fill(Tensor self, Tensor mask, Number value)",
    kernel=_masked_fill,
    check=_check_fill_mask,
    vjp={"self": lambda F, g, mask: F.masked_fill(g, mask, 0)},
    jvp={"self": lambda F, t, mask: F.masked_fill(t, mask, 0)},
    batching=ELEMENTWISE,
    keeps_layout=True,
    inplace="Tensor",
    writes="fill",
    batched_write="arithmetic",
    doc="Writes one number where the mask is true.",
    samples=lambda S: [
        S(S.normal(2, 3), S.booleans(2, 3), 2.0),
        S(S.normal(3), S.booleans(2, 1), 2.0),
    ],
)
op(
    "masked_fill_tensor(Tensor self, Tensor mask, Tensor value)",
    name="masked_fill",
    kernel=_masked_fill,
    check=_check_fill_mask,
    vjp={
        "self": lambda F, g, mask: F.masked_fill(g, mask, 0),
        "value": lambda F, g, mask: F.sum(F.where(mask, g, 0)),
    },
    jvp={
        "self": lambda F, t, mask: F.masked_fill(t, mask, 0),
        "value": lambda F, t, self_shape, mask: F.masked_fill_tensor(
            zeros(F, t, self_shape), mask, t
        ),
    },
    node="MaskedFillBackward1",
    inplace="Tensor",
    doc="Writes the element of a tensor where the mask is true.",
    samples=lambda S: [S(S.normal(2, 3), S.booleans(2, 3), S.normal())],
)


def _masked_select(self: Array, mask: Array) -> Array:
    shape = broadcast_shape([np.shape(mask), np.shape(self)])
    return np.broadcast_to(self, shape)[np.broadcast_to(mask, shape)]


def _check_select_mask(self: Tensor, mask: Tensor) -> None:
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")


def _select_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    if axes[1] is not None:
        raise RuntimeError(
            "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot "
            "support this because for each batch this would return a differently shaped Tensor. "
            "Please file an issue at https://github.com/pytorch/pytorch/issues if you need this "
            "feature."
        )
    return loop(op, args, axes)


op(
    "masked_select(Tensor self, Tensor mask)",
    kernel=_masked_select,
    batching=_select_batched,
    check=_check_select_mask,
    vjp={
        "self": lambda F, g, self_shape, mask: F.masked_scatter(
            zeros(F, g, broadcast_shape([self_shape, shape_of_value(mask)])), mask, g
        )
    },
    jvp={"self": lambda F, t, mask: F.masked_select(t, mask)},
    keeps={"self": ("self",)},
    mapped="no",
    out=Rule("masked_select(): self and result must have the same scalar type"),
    doc="The elements where the mask is true, as one dimension.",
    samples=lambda S: [
        S(S.normal(2, 3), S.booleans(2, 3)),
        S(S.normal(3), S.booleans(2, 1)),
    ],
)


def _masked_scatter(self: Array, mask: Array, source: Array) -> Array:
    if source.dtype != self.dtype:
        raise RuntimeError(
            "masked_scatter_: expected self and source to have same dtypes but got "
            f"{FROM_ARRAY[self.dtype].scalar_name} and {FROM_ARRAY[source.dtype].scalar_name}"
        )
    shape = broadcast_shape([np.shape(self), np.shape(mask)])
    result = np.array(np.broadcast_to(self, shape))
    places = np.broadcast_to(mask, shape)
    count = int(np.count_nonzero(places))
    if count > source.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    result[places] = source.reshape(-1)[:count]
    return result


def _check_scatter_mask(self: Tensor, mask: Tensor, source: Tensor) -> None:
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{mask.dtype.scalar_name}"
        )


def _masked_scatter_source(F: Namespace, g: Any, mask: Any, shape: Sequence[int]) -> Any:
    used = F.masked_select(g, mask)
    missing = int(np.prod(shape, dtype=np.int64)) - shape_of_value(used)[0]
    if missing:
        used = F.cat([used, zeros(F, used, (missing,))], 0)
    return F.reshape(used, shape)


op(
    "masked_scatter(Tensor self, Tensor mask, Tensor source)",
    kernel=_masked_scatter,
    check=_check_scatter_mask,
    vjp={
        "self": lambda F, g, mask: F.masked_fill(g, mask, 0),
        "source": lambda F, g, mask, source_shape: _masked_scatter_source(F, g, mask, source_shape),
    },
    jvp={
        "self": lambda F, t, mask: F.masked_fill(t, mask, 0),
        "source": lambda F, t, self_shape, mask: F.masked_scatter(zeros(F, t, self_shape), mask, t),
    },
    inplace="Tensor",
    doc="Writes the elements of `source`, one after another, where the mask is true.",
    samples=lambda S: [S(S.normal(2, 3), S.booleans(2, 3), S.normal(7))],
)
