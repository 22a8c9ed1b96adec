"""Where elements are: positions of nonzero ones, of a flat place, and classes as rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import is_batched, refuse_batch
from ...table.formulas import traced
from ...table.levels.batching import wrap_batch
from ...table.memory.meta import NO_ITEM, empty, is_meta, needs_data
from ...table.out_rules import Rule
from ...table.public.plain_functions import function
from ...tensor import dtypes
from ...tensor.dtypes import Array
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, from_array, shape_of
from ..creation.tensors import check_size

BOTH = ("torch", "Tensor")
_COUNTED = 1 << 22  # elements that are looked at in one call of NumPy


def _places(array: Array) -> tuple[Array, ...]:
    """The positions of nonzero elements, an array for each dimension.

    Note: NumPy counts and writes them without letting other threads run, so large arrays are
    counted in parts first, and refused by the size of the result.
    """
    if array.size > _COUNTED:
        longest = int(np.argmax(array.shape))
        length = array.shape[longest]
        step = max(1, _COUNTED * length // array.size)
        count = 0
        for start in range(0, length, step):
            runtime.check()
            part = array[(slice(None),) * longest + (slice(start, start + step),)]
            count += int(np.count_nonzero(part))
            runtime.reserve(2 * 8 * count * array.ndim)
        if not count:
            return tuple(np.zeros(0, np.int64) for _ in array.shape)
    return np.nonzero(array)


def _nonzero(self: Tensor) -> Tensor:
    array = np.asarray(self.array)
    if not array.ndim:
        return from_array(np.zeros((int(bool(array)), 0), np.int64))
    return from_array(np.stack(_places(array)).T)


@function(
    "nonzero(Tensor self, *, bool as_tuple=False)",
    where=BOTH,
    mapped="no",
    out=Rule("nonzero: Expected out tensor to have scalar type {result} but got scalar type{out}"),
    doc="The positions of nonzero elements, as rows or as one tensor for each dimension.",
)
@needs_data("aten::nonzero")
def nonzero(self: Tensor, as_tuple: bool) -> Any:
    if as_tuple and is_batched(self):
        raise RuntimeError(
            "Batching rule not implemented for aten::nonzero_numpy. We could not generate a "
            "fallback."
        )
    refuse_batch("aten::nonzero", self)
    if not as_tuple:
        return _nonzero(self)
    array = np.atleast_1d(np.asarray(self.array))
    return tuple(map(from_array, _places(array)))


@function(
    "nonzero_static(Tensor self, *, int size, int fill_value=-1)",
    where=BOTH,
    prelude="",
    doc="A given number of positions of nonzero elements, filled up with a number.",
)
@needs_data("aten::nonzero_static")
def nonzero_static(self: Tensor, size: int, fill_value: int) -> Tensor:
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    if is_batched(self):
        batch: Any = self.level
        rows = [
            nonzero_static(example, size, fill_value)
            for example in traced.unbind(batch.value, batch.axis)
        ]
        return wrap_batch(traced.stack(rows), 0, batch.depth)
    found = np.asarray(_nonzero(self).array)[:size]
    check_size((size, found.shape[1]), dtypes.int64)
    result = np.full((size, found.shape[1]), fill_value, np.int64)
    result[: len(found)] = found
    return from_array(result)


@function(
    "argwhere(Tensor self)",
    where=BOTH,
    mapped="no",
    doc="The positions of nonzero elements, as rows.",
)
@needs_data("aten::nonzero")
def argwhere(self: Tensor) -> Tensor:
    if is_batched(self):  # PyTorch's fallback goes over the examples, which may differ in length
        level: Any = self.level
        found = [argwhere(example) for example in traced.unbind(level.value, level.axis)]
        return wrap_batch(traced.stack(found), 0, level.depth)
    return _nonzero(self)


@function(
    "one_hot(Tensor self, int num_classes=-1)",
    where=("F",),
    prelude="F",
    doc="Zeros with a one at each index, along a new last dimension.",
)
def one_hot(self: Tensor, num_classes: int) -> Tensor:
    if self.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if is_meta(self):
        if num_classes == -1:
            raise RuntimeError(NO_ITEM)
        return empty((*shape_of(self), num_classes), dtypes.int64)
    if is_batched(self):
        return _one_hot_over_batch(self, num_classes)
    index = np.asarray(self.array)
    if not index.size:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return from_array(np.zeros((*index.shape, num_classes), np.int64))
    if index.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(index.max()) + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif num_classes <= index.max():
        raise RuntimeError("Class values must be smaller than num_classes.")
    shape = check_size((*index.shape, num_classes), dtypes.int64)
    result = np.zeros(shape, np.int64)
    np.put_along_axis(result, index[..., None], 1, -1)
    return from_array(result)


def _one_hot_over_batch(self: Tensor, num_classes: int) -> Tensor:
    """Ones where a class is the index, which no value is looked at for, as under vmap it cannot."""
    if num_classes <= 0:
        raise RuntimeError(
            "When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive "
            "num_classes argument."
        )
    classes = from_array(np.arange(num_classes))
    return traced._to_copy(  # type: ignore[no-any-return]
        traced.eq(traced.unsqueeze(self, -1), classes), dtype=dtypes.int64
    )


def _shown_class(value: Any) -> str:
    """A value's class as PyTorch's Python functions show it."""
    return "<class 'torch.Tensor'>" if type(value) is Tensor else str(type(value))


@function(
    "unravel_index(Tensor indices, any shape)",
    where=("torch",),
    doc="Positions in the flattened tensor as one index tensor for each dimension.",
)
@needs_data("item")
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    if indices.dtype.category != dtypes.INTEGER:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype!r}")
    if is_batched(indices):
        level: Any = indices.level
        return tuple(
            wrap_batch(found, level.axis, level.depth)
            for found in unravel_index(level.value, shape)
        )
    if not isinstance(shape, int | list | tuple):
        raise TypeError(
            f"expected 'shape' to be int or sequence of ints, but got {_shown_class(shape)}"
        )
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    for length in lengths:
        if not isinstance(length, int):
            raise TypeError(
                f"expected 'shape' sequence to only contain ints, but got {_shown_class(length)}"
            )
    if any(length < 0 for length in lengths):
        raise ValueError(f"'shape' cannot have negative values, but got {lengths}")
    rest = np.asarray(indices.array)
    places = []
    for length in reversed(lengths):
        places.append(from_array((rest % length).astype(np.int64)[()]))
        rest = rest // length
    return tuple(reversed(places))
