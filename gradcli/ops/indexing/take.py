"""Positions in the flat tensor: take, put, take_along_dim."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.strides import preserved_copy
from ...table.entry import op
from ...table.out_rules import EXACT, Rule
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, shape_of_value, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, Array
from ...tensor.tensor import Tensor
from .shared import zeros


def _flat_places(index: Array, size: int, nothing: str) -> Array:
    places = np.asarray(index)
    if places.size and not size:
        raise IndexError(nothing)
    if places.size and (places.min() < -size or places.max() >= size):
        flat = places.reshape(-1)
        bad = flat[np.argmax((flat < -size) | (flat >= size))]
        raise IndexError(
            f"out of range: tried to access index {bad} on a tensor of {size} elements."
        )
    return places


def _take(self: Array, index: Array) -> Array:
    nothing = "take(): tried to take from an empty tensor"
    return np.asarray(self).reshape(-1)[_flat_places(index, self.size, nothing)]


def _check_long(name: str) -> Any:
    def check(self: Tensor, index: Tensor, *rest: Any) -> None:
        if index.dtype is not dtypes.int64:
            raise RuntimeError(
                f"{name}(): Expected a long tensor for index, but got {index.dtype.scalar_name}"
            )

    return check


op(
    "take(Tensor self, Tensor index)",
    kernel=_take,
    check=_check_long("take"),
    vjp={"self": lambda F, g, self_shape, index: F.put(zeros(F, g, self_shape), index, g, True)},
    jvp={"self": lambda F, t, index: F.take(t, index)},
    keeps={"self": ("self",)},
    out=Rule(
        "take(): self and out expected to have the same dtype, but got self.dtype = {result} and "
        "out.dtype = {out}"
    ),
    doc="Elements at positions in the flattened tensor.",
    samples=lambda S: [
        S(S.normal(2, 3), S.integers(-6, 6, 4)),
        S(S.normal(3), S.integers(0, 3, 2, 2)),
    ],
)


def _put_flat(self: Array, index: Array, source: Array, accumulate: bool) -> Array:
    if source.dtype != self.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{FROM_ARRAY[self.dtype].scalar_name} and source.dtype = "
            f"{FROM_ARRAY[source.dtype].scalar_name}"
        )
    nothing = "put_(): Tried to put elements into an empty tensor"
    places = _flat_places(index, self.size, nothing).reshape(-1)
    if source.size != places.size:
        raise RuntimeError(
            f"put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.size}, index.numel() = {places.size}"
        )
    result = preserved_copy(self)
    values = np.asarray(source).reshape(-1)
    if not np.ndim(result):
        one = np.array(result).reshape(1)
        if accumulate:
            np.add.at(one, places, values)
        elif places.size:
            one[0] = values[-1]
        return one[0]
    flat = np.unravel_index(places % max(self.size, 1), np.shape(self))
    if accumulate:
        np.add.at(result, flat, values)
    else:
        result[flat] = values
    return result


op(
    "put(Tensor self, Tensor index, Tensor source, bool accumulate=False)",
    kernel=_put_flat,
    check=_check_long("put_"),
    keeps_layout=True,
    vjp={
        "self": lambda F, g, index, accumulate: (
            g if accumulate else F.put(g, index, zeros(F, g, shape_of_value(index)), False)
        ),
        "source": lambda F, g, index, source_shape: F.reshape(F.take(g, index), source_shape),
    },
    jvp={
        "self": lambda F, t, index, accumulate: (
            t if accumulate else F.put(t, index, zeros(F, t, shape_of_value(index)), False)
        ),
        "source": lambda F, t, self_shape, index: F.put(zeros(F, t, self_shape), index, t, True),
    },
    inplace="Tensor",
    where=("torch", "Tensor"),
    keeps={"source": ("source",)},
    writes="places",
    doc="Writes `source` to positions in the flattened tensor, or adds it there.",
    samples=lambda S: [
        S(S.normal(2, 3), S.integers(2, 3, 1), S.normal(1)),
        S(S.normal(2, 3), S.integers(0, 6, 4), S.normal(4), True),
    ],
)


def _values(indices: Any) -> Any:
    """The elements of an index, over all batches."""
    while type(indices) is Tensor:
        level = indices.level
        indices = indices.array if level is None or level.value is None else level.value
    return indices


def _take_along_dim(F: Namespace, self: Any, indices: Any, dim: int | None) -> Any:
    if dim is None:
        return F.gather(F.reshape(self, (-1,)), 0, F.reshape(indices, (-1,)))
    shape, found = shape_of_value(self), shape_of_value(indices)
    if len(shape) != len(found):
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {len(shape)} dimensions for input, and {len(found)} dimensions for indices"
        )
    axis = wrap_dim(dim, len(shape))
    if indices.dtype not in (dtypes.int64, np.int64):
        found_type = getattr(indices.dtype, "scalar_name", indices.dtype)
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {found_type}"
        )
    values = _values(indices)
    if np.any((values < 0) | (values >= shape[axis])):  # positions count round and round
        indices = F.remainder_scalar(indices, shape[axis])
    common = broadcast_shape(
        [(*shape[:axis], 1, *shape[axis + 1 :]), (*found[:axis], 1, *found[axis + 1 :])]
    )
    wide = F.expand(self, (*common[:axis], shape[axis], *common[axis + 1 :]))
    places = F.expand(indices, (*common[:axis], found[axis], *common[axis + 1 :]))
    return F.gather(wide, axis, places)


op(
    "take_along_dim(Tensor self, Tensor indices, Dim? dim=None)",
    composite=_take_along_dim,
    out=EXACT,
    doc="gather whose index is broadcast; without `dim`, from the flattened tensor.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3, 1), 1),
        S(S.normal(3, 4), S.integers(0, 12, 5)),
    ],
)
