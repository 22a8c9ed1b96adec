"""Gathering from and scattering to positions that tensors give."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ...kernels.refusals import blaming
from ...kernels.scatter_add import flat_places
from ...kernels.strides import ordered_strides, preserved_copy, relayout, strides_of
from ...table.call.dispatch import run
from ...table.call.python_data import element
from ...table.dtype_rules import element_of, is_batched, real_gradients, underivable
from ...table.entry import Op, op
from ...table.formulas import traced
from ...table.levels.batching import (
    aligned,
    batch_size,
    front,
    in_front,
    loop,
)
from ...table.memory.inplace import fills_at_mask
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, check_mask, shape_of_value, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, Array
from ...tensor.notices import warn_once
from ...tensor.runtime import SMALL, runtime
from ...tensor.tensor import Tensor, from_array, shape_of
from .shared import INDEX_TYPES, MASKS, add_at, bounded, zeros

# --- advanced indexing -----------------------------------------------------------------------


def _index_arrays(shape: Sequence[int], indices: Sequence[Array | None]) -> tuple[Any, ...]:
    """What NumPy takes for an index: masks as their nonzero positions, slices for None.

    Raises IndexError with PyTorch's sentences.
    """
    if len(indices) == 1 and shape and _is_inside(indices[0], shape[0]):
        return (indices[0],)
    places = _places(shape, indices)
    _check_inside(shape, places)
    return places


def _places(shape: Sequence[int], indices: Sequence[Array | None]) -> tuple[Any, ...]:
    """The same without a look at whether the positions exist."""
    result: list[Any] = []
    for item in indices:
        place = len(result)
        if item is None:
            result.append(slice(None))
            continue
        if item.dtype in (np.bool_, np.uint8):
            check_mask(shape, place, item.shape)
            result.extend(np.nonzero(item))
            continue
        result.append(np.asarray(item))
    if len(result) > len(shape):
        raise IndexError(
            f"too many indices for tensor of dimension {len(shape)} (got {len(result)})"
        )
    found = [item.shape for item in result if not isinstance(item, slice)]
    try:
        np.broadcast_shapes(*found)
    except ValueError:
        shown = ", ".join(str(list(item)) for item in found)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shown}"
        ) from None
    return tuple(result)


def _check_inside(shape: Sequence[int], places: tuple[Any, ...]) -> None:
    dims = [dim for dim, item in enumerate(places) if not isinstance(item, slice)]
    for count, dim in enumerate(dims):  # messages count the indexed dimensions alone
        item = places[dim]
        if not item.size:
            continue
        length = shape[dim]
        if not length:
            raise IndexError("index is out of bounds for dimension with size 0")
        if item.min() < -length or item.max() >= length:
            flat = item.reshape(-1)
            bad = flat[np.argmax((flat < -length) | (flat >= length))]
            error = IndexError(
                f"index {bad} is out of bounds for dimension {count} with size {length}"
            )
            raise blaming(error, partial(_outside, item, length))


def _outside(index: Array, length: int) -> Array:
    return (index < -length) | (index >= length)


def _is_inside(index: Any, length: int) -> bool:
    """Whether an index tensor has some positions, all of them in a dimension of this length."""
    if type(index) is not np.ndarray or index.dtype.kind != "i" or not index.size:
        return False
    low, high = np.minimum.reduce(index, None), np.maximum.reduce(index, None)
    return bool(-length <= low and high < length)


def _check_index(self: Tensor, indices: Sequence[Any], *rest: Any) -> None:
    for item in indices:
        if item is None:
            continue
        if item.dtype is dtypes.uint8:
            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
                "instead.",
                UserWarning,
                stacklevel=2,
            )
        elif item.dtype not in (dtypes.int64, dtypes.int32, dtypes.bool_):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")


def _reserve(self: Array, places: tuple[Any, ...]) -> None:
    """Refuse what an advanced index would take, where it may be more than what it takes from."""
    most = self.nbytes
    for item in places:
        if type(item) is np.ndarray:
            most *= item.size
    if most > SMALL:
        arrays = [item for item in places if type(item) is not slice]
        taken = np.broadcast_shapes(*map(np.shape, arrays))
        lengths = [n for n, item in zip(self.shape, places, strict=False) if type(item) is slice]
        lengths += self.shape[len(places) :]
        runtime.reserve(math.prod((*taken, *lengths)) * self.itemsize)


def _index(self: Array, indices: Sequence[Array | None]) -> Array:
    places = _index_arrays(self.shape, indices)
    _reserve(self, places)
    result = self[places]
    if result.flags.c_contiguous and self.flags.c_contiguous and 1 not in result.shape:
        return result
    if self.flags.c_contiguous or result.ndim < 2:
        return np.ascontiguousarray(result).reshape(-1).reshape(result.shape)
    return relayout(result, _index_strides(self, places, result.shape))


def _index_strides(self: Array, places: tuple[Any, ...], shape: Sequence[int]) -> tuple[int, ...]:
    """PyTorch's strides for an advanced index: the order of the untouched dimensions is kept."""
    axes = [axis for axis, item in enumerate(places) if not isinstance(item, slice)]
    arrays = [places[axis] for axis in axes]
    inner = np.broadcast_shapes(*(array.shape for array in arrays))
    adjacent = axes == list(range(axes[0], axes[-1] + 1))
    start = axes[0] if adjacent else 0
    own = strides_of(self)
    rest = [own[axis] for axis in range(self.ndim) if axis not in axes]
    blank = (0,) * (len(shape) - len(inner) - start)
    source = (*rest[:start], *(0,) * len(inner), *rest[start:])
    wide = [np.broadcast_to(array, inner).strides for array in arrays]
    indexes = [(*(0,) * start, *strides, *blank) for strides in wide]
    return ordered_strides(shape, [source, *indexes])


def _index_backward(grad: Array, sizes: Sequence[int], indices: Sequence[Array | None]) -> Array:
    result = np.zeros(tuple(sizes), grad.dtype)
    places = _index_arrays(sizes, indices)
    if any(item is not None and item.dtype in (np.bool_, np.uint8) for item in indices) and (
        sum(item is not None for item in indices) == 1
    ):
        result[places] = grad  # a mask names each position once
    else:
        add_at(result, places, grad)
    return result


def _adjacent(indices: Sequence[Any]) -> bool:
    """Whether no dimension without an index lies between two that have one."""
    places = [place for place, item in enumerate(indices) if item is not None]
    return places == list(range(places[0], places[-1] + 1))


def _led(indices: Sequence[Any], axes: Sequence[Any], size: int) -> tuple[int, list[Any]]:
    """How many dimensions the indices of one example have, and all with the batch in front."""
    pairs = list(zip(indices, axes, strict=True))
    rank = max(
        len(shape_of_value(item)) - (axis is not None) for item, axis in pairs if item is not None
    )
    spread: list[Any] = []
    for item, axis in pairs:
        if axis is not None:
            item = front(item, axis)
            shape = shape_of_value(item)
            item = traced.reshape(item, (size, *(1,) * (rank + 1 - len(shape)), *shape[1:]))
        spread.append(item)
    return rank, spread


def _put_by_batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """index_put over a batch: one more index, and the indexed dimensions in front.

    A mask that is the same for all counts as the places that it names; a loop where it has a batch.
    """
    tensor, given_indices, values, accumulate = args
    indices: list[Any] = []
    own: list[Any] = []
    for item, axis in zip(given_indices, axes[1] or [None] * len(given_indices), strict=True):
        if item is None or item.dtype not in MASKS:
            indices.append(item)
            own.append(axis)
        elif axis is None and item.level is None:
            indices += map(from_array, np.nonzero(np.asarray(item.array)))
            own += [None] * (len(indices) - len(own))
        else:
            return loop(op, args, axes)
    size = batch_size(args, axes)
    rank, spread = _led(indices, own, size)
    tensor = in_front(tensor, axes[0], size)
    places = [dim for dim, item in enumerate(spread) if item is not None]
    target = places[0] if _adjacent(indices) else 0
    order = tuple(dim + 1 for dim in places), tuple(range(1, len(places) + 1))
    moved = traced.movedim(tensor, *order)
    each = from_array(np.arange(size).reshape(size, *(1,) * rank))
    chosen = [each, *(item for item in spread if item is not None)]
    found = broadcast_shape([shape_of_value(item) for item in chosen])
    rest = shape_of_value(moved)[len(places) + 1 :]
    shape = (size, *rest[:target], *found[1:], *rest[target:])
    values = in_front(values, axes[2], size)
    given = shape_of_value(values)
    wide = traced.reshape(values, (size, *(1,) * (len(shape) - len(given)), *given[1:]))
    pairs = zip(shape_of_value(wide), shape, strict=False)
    if len(given) > len(shape) or any(a not in (1, b) for a, b in pairs):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(given)} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        )
    wide = traced.expand(wide, shape)
    if target:
        ahead = tuple(range(1, rank + 1))
        wide = traced.movedim(wide, tuple(target + dim for dim in ahead), ahead)
    result = run(op, [moved, chosen, wide, accumulate])
    return traced.movedim(result, *reversed(order)), 0


def _index_by_batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Indices with a batch: it leads them, and where the tensor has one too it is one more index.

    The dimensions of the indices stand where PyTorch puts them for a single example: in place of
    the first index, or in front when dimensions without an index lie between.
    """
    tensor, indices = args
    size = batch_size(args, axes)
    rank, spread = _led(indices, axes[-1], size)
    axes_of = [dim for dim, item in enumerate(spread) if item is not None]
    target = axes_of[0] if _adjacent(indices) else 0
    if axes[0] is not None:
        tensor = front(tensor, axes[0])
        tensor = traced.movedim(
            tensor, tuple(dim + 1 for dim in axes_of), tuple(range(1, len(axes_of) + 1))
        )
        each = from_array(np.arange(size).reshape(size, *(1,) * rank))
        spread = [each, *(item for item in spread if item is not None)]
    elif target or not _adjacent(indices):
        return run(op, [tensor, spread]), target
    result = run(op, [tensor, spread])
    if target:
        order = range(1, rank + 1)
        result = traced.movedim(result, tuple(order), tuple(target + i for i in order))
    return result, 0


def _index_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """The batch is one more dimension without an index; a loop where the indices have a batch."""
    indices = args[-1]
    batched = any(axis is not None for axis in axes[-1])
    masks = any(item is not None and item.dtype in MASKS for item in indices)
    if op.id == "index" and batched and not masks:
        return _index_by_batch(op, args, axes)
    if batched or not _adjacent(indices):
        return loop(op, args, axes)
    tensor = front(args[0], axes[0])
    sizes = [(shape_of_value(tensor)[0], *args[1])] if op.id.startswith("index_backward") else []
    return run(op, [tensor, *sizes, [None, *indices]]), 0


def _index_slope(F: Namespace, g: Any, self_shape: Any, indices: Any) -> Any:
    if F.is_traced and runtime.born:
        return F.index_backward_leveled(g, self_shape, indices)
    return F.index_backward(g, self_shape, indices)


op(
    "index(Tensor self, Tensor[] indices)",
    kernel=_index,
    batching=_index_batched,
    keeps_layout=True,
    check=_check_index,
    vjp={"self": _index_slope},
    jvp={"self": lambda F, t, indices: F.index(t, indices)},
    where=(),
    doc="Elements at positions given by index tensors and masks.",
    samples=lambda S: [
        S(S.normal(4), [S.integers(-4, 4, 3)]),
        S(S.normal(3, 4), [S.integers(0, 3, 2), S.integers(0, 4, 2)]),
        S(S.normal(3, 4), [None, S.integers(0, 4, 2, 2)]),
        S(S.normal(3, 4), [S.booleans(3, 4)]),
    ],
)


def _define_index_backward(name: str, node: str) -> None:
    op(
        f"{name}(Tensor grad, int[] sizes, Tensor[] indices)",
        kernel=_index_backward,
        batching=_index_batched,
        vjp={"grad": lambda F, g, indices: F.index(g, indices)},
        jvp={"grad": lambda F, t, sizes, indices: getattr(F, name)(t, sizes, indices)},
        node=node,
        where=(),
        doc="The cotangent of an index: added at the positions it was read from.",
        samples=lambda S: [S(S.normal(3), (4,), [S.integers(0, 4, 3)])],
    )


_define_index_backward("index_backward", "IndexPutImplBackward0")
_define_index_backward("index_backward_leveled", "IndexPutBackward0")  # inside of transforms


def _check_put(self: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool) -> None:
    _check_index(self, indices)
    if values.dtype is self.dtype:
        return
    if fills_at_mask(indices, values, accumulate):
        element(element_of(values), self.dtype)  # raises where it does not fit
        return
    if not any(is_batched(item) for item in (self, values, *indices) if item is not None):
        arrays = [None if item is None else item.array for item in indices]
        _check_fit(shape_of(self), _places(shape_of(self), arrays), shape_of(values))
    raise RuntimeError(
        "Index put requires the source and destination dtypes match, got "
        f"{self.dtype.scalar_name} for the destination and {values.dtype.scalar_name} for the "
        "source."
    )


def _check_fit(shape: Sequence[int], places: tuple[Any, ...], found: Sequence[int]) -> None:
    """Raise where values of the shape `found` cannot be spread over the positions."""
    blank = tuple(item if type(item) is slice else np.zeros(item.shape, int) for item in places)
    lengths = [n if type(item) is slice else 1 for n, item in zip(shape, blank, strict=False)]
    taken = np.broadcast_to(False, (*lengths, *shape[len(lengths) :]))[blank].shape
    try:
        fits = np.broadcast_shapes(found, taken) == taken
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(found)} cannot be broadcast to "
            f"indexing result of shape {list(taken)}"
        ) from None


def _index_put(
    self: Array, indices: Sequence[Array | None], values: Array, accumulate: bool
) -> Array:
    result = preserved_copy(self)
    try:
        places = _index_arrays(self.shape, indices)
        if accumulate:
            add_at(result, places, values)
        else:
            result[places] = values
    except (IndexError, ValueError):  # of which the values come first
        _check_fit(self.shape, _places(self.shape, indices), values.shape)
        raise
    return result


op(
    "index_put(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False)",
    kernel=_index_put,
    check=_check_put,
    batching=_put_by_batch,
    keeps_layout=True,
    vjp={
        "self": lambda F, g, indices, values_shape, accumulate: (
            g if accumulate else F.index_put(g, indices, zeros(F, g, ()), False)
        ),
        "values": lambda F, g, indices: F.index(g, indices),
    },
    jvp={
        "self": lambda F, t, indices, accumulate: (
            t if accumulate else F.index_put(t, indices, zeros(F, t, ()), False)
        ),
        "values": lambda F, t, indices, self_shape: F.index_put(
            zeros(F, t, self_shape), indices, t, True
        ),
    },
    inplace=True,
    shows={"values_shape": ""},
    writes="places",
    batched_write="ruled",
    doc="Writes `values` to positions given by index tensors, or adds them there.",
    samples=lambda S: [
        S(S.normal(4), [S.integers(1, 2, 1)], S.normal(1)),
        S(S.normal(3, 4), [S.integers(0, 3, 2)], S.normal(2, 4), True),
    ],
)


# --- gather and scatter ----------------------------------------------------------------------


def _check_dtype(name: str, index: Tensor, words: str = "int32/int64") -> None:
    if index.dtype not in INDEX_TYPES and 0 not in shape_of(index):
        raise RuntimeError(f"{name}(): Expected dtype {words} for index")


def _rank(shape: Sequence[int]) -> int:
    return max(len(shape), 1)


def _check_gather(self: Tensor, dim: int, index: Tensor, *rest: Any) -> None:
    shape, found = shape_of(self), shape_of(index)
    dim = wrap_dim(dim, len(shape))
    if 0 in found:
        return  # nothing is read
    _check_dtype("gather", index)
    if _rank(shape) != _rank(found):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for axis, length in enumerate(found):
        if axis != dim and axis < len(shape) and length > shape[axis]:
            raise RuntimeError(
                f"Size does not match at dimension {axis} expected index {list(found)} to be no "
                f"larger than self {list(shape)} apart from dimension {dim}"
            )


def _gather(self: Array, dim: int, index: Array, sparse_grad: bool) -> Array:
    dim = wrap_dim(dim, self.ndim)
    shape = np.shape(index)
    source = np.atleast_1d(self)
    places = np.atleast_1d(index)
    if not places.size:
        return np.empty(shape, self.dtype)
    bounded(places, source.shape[dim], dim, RuntimeError)
    flat = np.ascontiguousarray(source).reshape(-1)
    return flat.take(flat_places(source.shape, dim, places)).reshape(shape)


op(
    "gather(Tensor self, Dim dim, Tensor index, *, bool sparse_grad=False)",
    kernel=_gather,
    check=_check_gather,
    vjp={
        "self": lambda F, g, self_shape, dim, index: F.scatter_add(
            zeros(F, g, self_shape), dim, index, g
        )
    },
    jvp={"self": lambda F, t, dim, index: F.gather(t, dim, index)},
    batching=aligned,
    keeps={"self": ("self", "sparse_grad")},
    out=EXACT,
    doc="Along `dim`, the elements at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 3, 2)),
        S(S.normal(3, 4), 0, S.integers(0, 3, 2, 4)),
        S(S.normal(4), -1, S.integers(0, 4, 5)),
    ],
)


def _check_source(name: str, self: Tensor, src: Any) -> None:
    if type(src) is Tensor and src.dtype is not self.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")


def _check_scatter(name: str) -> Any:
    def check(self: Tensor, dim: int, index: Tensor, src: Any = None, *rest: Any) -> None:
        shape, found = shape_of(self), shape_of(index)
        dim = wrap_dim(dim, len(shape))
        if not found or 0 in found:
            if index.dtype not in INDEX_TYPES:
                _check_dtype(name, index)
            _check_source(name, self, src)
            if not found and len(shape) > 1:
                raise RuntimeError(
                    "Index tensor must have the same number of dimensions as self tensor"
                )
            if not found and type(src) is Tensor and 0 in shape_of(src) and _rank(shape) == 1:
                raise RuntimeError(
                    f"Expected index [] to be no larger than self {list(shape)} apart from "
                    f"dimension {dim} and to be no larger size than src {list(shape_of(src))}"
                )
            return
        _check_dtype(name, index)
        _check_source(name, self, src)
        if _rank(shape) != _rank(found):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as self tensor"
            )
        other = shape_of(src) if type(src) is Tensor else None
        if other is not None and _rank(other) != _rank(found):
            raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
        too_large = any(
            axis != dim and length > shape[axis] for axis, length in enumerate(found)
        ) or (other is not None and any(a > b for a, b in zip(found, other, strict=True)))
        if too_large:
            sentence = (
                f"Expected index {list(found)} to be no larger than self {list(shape)} apart from "
                f"dimension {dim}"
            )
            if other is not None:
                sentence += f" and to be no larger size than src {list(other)}"
            raise RuntimeError(sentence)

    return check


def _scattered(self: Array, dim: int, index: Array, src: Any, write: Any) -> Array:
    """A copy of `self` after `write(copy, places, values)`, all of them flat."""
    dim = wrap_dim(dim, self.ndim)
    result = np.array(np.atleast_1d(self), order="C")
    places = np.atleast_1d(index)
    if not places.size:
        return result.reshape(np.shape(self))
    bounded(places, result.shape[dim], dim, RuntimeError)
    if isinstance(src, np.ndarray | np.generic):
        values = np.atleast_1d(src)[tuple(slice(length) for length in places.shape)].reshape(-1)
    else:
        values = element(src, FROM_ARRAY[result.dtype])
    write(result.reshape(-1), flat_places(result.shape, dim, places).reshape(-1), values)
    return result.reshape(np.shape(self))


def _put(result: Array, places: Any, values: Any) -> None:
    result[places] = values


def _scatter_kernel(self: Array, dim: int, index: Array, src: Any) -> Array:
    return _scattered(self, dim, index, src, _put)


def _distinct(S: Any, rows: int, columns: int, below: int) -> Any:
    """An index whose rows have no position twice."""
    from ...tensor.tensor import from_array

    rng = S.random
    return from_array(np.stack([rng.permutation(below)[:columns] for _ in range(rows)]))


op(
    "scatter(Tensor self, Dim dim, Tensor index, Tensor src)",
    kernel=_scatter_kernel,
    check=_check_scatter("scatter"),
    vjp={
        "self": lambda F, g, dim, index: F.scatter_value(g, dim, index, 0),
        "src": lambda F, g, dim, index: F.gather(g, dim, index),
    },
    jvp={
        "self": lambda F, t, dim, index: F.scatter_value(t, dim, index, 0),
        "src": lambda F, t, self_shape, dim, index: F.scatter(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    inplace="Tensor",
    batching=aligned,
    writes="places",
    out=EXACT,
    doc="Along `dim`, writes `src` to the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, _distinct(S, 3, 2, 4), S.normal(3, 2)),
        S(S.normal(4), 0, S.integers(1, 2, 1), S.normal(1)),
    ],
)
op(
    "scatter_value(Tensor self, Dim dim, Tensor index, Number value)",
    name="scatter",
    kernel=_scatter_kernel,
    check=_check_scatter("scatter"),
    vjp={"self": lambda F, g, dim, index: F.scatter_value(g, dim, index, 0)},
    jvp={"self": lambda F, t, dim, index: F.scatter_value(t, dim, index, 0)},
    node="ScatterBackward1",
    inplace="Tensor",
    out=EXACT,
    doc="Along `dim`, writes one number to the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 1, S.integers(0, 4, 3, 2), 2.0)],
)


def _scatter_reducing(self: Array, dim: int, index: Array, src: Any, reduce: str) -> Array:
    writers = {"add": np.add.at, "multiply": np.multiply.at}
    if reduce not in writers:
        raise RuntimeError("reduce argument must be either add or multiply.")
    return _scattered(self, dim, index, src, writers[reduce])


def _scatter_with_reduce(self: Array, dim: int, index: Array, src: Any, reduce: str) -> Array:
    warn_once(
        "The reduce argument of torch.scatter with Tensor src is deprecated and will be removed in "
        "a future PyTorch release. Use torch.scatter_reduce instead for more reduction options."
    )
    return _scatter_reducing(self, dim, index, src, reduce)


op(
    "scatter_src_reduce(Tensor self, Dim dim, Tensor index, Tensor src, *, str reduce)",
    name="scatter",
    kernel=_scatter_with_reduce,
    check=_check_scatter("scatter"),
    **underivable("aten::scatter", "self", "src"),
    inplace="Tensor",
    out=EXACT,
    doc="Along `dim`, adds or multiplies `src` into the positions in `index`; no derivative.",
    samples=lambda S: [
        S(S.integers(0, 5, 2, 3), 1, S.integers(0, 3, 2, 1), S.integers(0, 5, 2, 1), reduce="add")
    ],
)
op(
    "scatter_value_reduce(Tensor self, Dim dim, Tensor index, Number value, *, str reduce)",
    name="scatter",
    kernel=_scatter_reducing,
    check=_check_scatter("scatter"),
    **underivable("aten::scatter", "self"),
    inplace="Tensor",
    out=EXACT,
    doc="Along `dim`, adds or multiplies a number into the positions in `index`; no derivative.",
    samples=lambda S: [S(S.integers(0, 5, 2, 3), 1, S.integers(0, 3, 2, 1), 3, reduce="multiply")],
)
op(
    "scatter_add(Tensor self, Dim dim, Tensor index, Tensor src)",
    kernel=lambda self, dim, index, src: _scattered(self, dim, index, src, np.add.at),
    check=_check_scatter("scatter"),
    vjp={
        "self": lambda F, g: g,
        "src": lambda F, g, dim, index: F.gather(g, dim, index),
    },
    jvp={
        "self": lambda F, t: t,
        "src": lambda F, t, self_shape, dim, index: F.scatter_add(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    inplace="Tensor",
    batching=aligned,
    writes="places",
    batched_write="ruled",
    out=EXACT,
    doc="Along `dim`, adds `src` at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 3, 2), S.normal(3, 2)),
        S(S.normal(4), 0, S.integers(0, 4, 5), S.normal(5)),
    ],
)

_REDUCTIONS: dict[str, tuple[Any, float]] = {
    "sum": (np.add.at, 0),
    "mean": (np.add.at, 0),
    "prod": (np.multiply.at, 1),
    "amax": (np.maximum.at, -np.inf),
    "amin": (np.minimum.at, np.inf),
}


def scatter_reduce(
    self: Array, dim: int, index: Array, src: Array, reduce: str, include_self: bool
) -> Array:
    """`self` with elements of `src` joined to those at `index` along `dim`.

    Raises RuntimeError for a `reduce` that is not sum, prod, mean, amax or amin.
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    write, neutral = _REDUCTIONS[reduce]
    if self.dtype.kind in "iu" and not np.isfinite(neutral):
        info = np.iinfo(self.dtype)
        neutral = info.min if neutral < 0 else info.max
    base = self if include_self else _scatter_kernel(self, dim, index, neutral)
    result = _scattered(base, dim, index, src, write)
    if reduce == "mean":
        ones = np.ones(np.shape(self)) if include_self else np.zeros(np.shape(self))
        counts = _scattered(ones, dim, index, np.ones(np.shape(src)), np.add.at)
        if not include_self:
            counts = np.where(counts == 0, 1, counts)
        if self.dtype.kind in "iu":
            return np.floor_divide(result, counts.astype(self.dtype))
        result = (result / counts).astype(self.dtype)
    return result


def _ones(F: Namespace, like: Any) -> Any:
    return zeros(F, like, shape_of_value(like)) + 1


def _share(F: Namespace, self: Any, dim: int, index: Any, src: Any, include_self: bool) -> Any:
    """For mean: one over the number of elements that went into each result."""
    start = _ones(F, self) if include_self else zeros(F, self, shape_of_value(self))
    counts = F.scatter_add(start, dim, index, _ones(F, src))
    return 1 / F.masked_fill(counts, counts == 0, 1)


def _ties(
    F: Namespace, self: Any, dim: int, index: Any, src: Any, out: Any
) -> tuple[Any, Any, Any]:
    """For amax and amin: where self and src are the result, and over how many it is shared."""
    own = F.where(self == out, _ones(F, self), zeros(F, self, shape_of_value(self)))
    there = src == F.gather(out, dim, index)
    other = F.where(there, _ones(F, src), zeros(F, src, shape_of_value(src)))
    return own, other, F.scatter_add(own, dim, index, other)


def self_factor(
    F: Namespace,
    self: Any,
    dim: int,
    index: Any,
    src: Any,
    reduce: str,
    include_self: bool,
    out: Any,
) -> Any:
    """The derivative of each result by the element of self in its place."""
    if reduce == "mean":
        factor = _share(F, self, dim, index, src, include_self)
    elif reduce == "prod":
        factor = F.scatter_reduce(_ones(F, self), dim, index, src, "prod", include_self=True)
    elif reduce in ("amax", "amin"):
        own, _, count = _ties(F, self, dim, index, src, out)
        factor = own / F.masked_fill(count, count == 0, 1)
    else:
        factor = _ones(F, self)
    return factor if include_self else F.scatter_value(factor, dim, index, 0)


def src_factor(
    F: Namespace,
    self: Any,
    dim: int,
    index: Any,
    src: Any,
    reduce: str,
    include_self: bool,
    out: Any,
) -> Any:
    """The derivative of the result at each position by the element of src written there."""
    if reduce == "mean":
        return F.gather(_share(F, self, dim, index, src, include_self), dim, index)
    broadcast_shape(
        (shape_of_value(src), shape_of_value(index))
    )  # what is compared with `src` has its shape
    if reduce == "prod":
        zero = src == 0
        ones = _ones(F, src)
        none = zeros(F, src, shape_of_value(src))
        counts = F.gather(
            F.scatter_add(
                zeros(F, self, shape_of_value(self)), dim, index, F.where(zero, ones, none)
            ),
            dim,
            index,
        )
        alone = F.where(zero, counts, none) == 1
        without = F.scatter_reduce(
            self, dim, index, F.masked_fill(src, alone, 1), "prod", include_self=include_self
        )
        others = F.gather(out, dim, index) / F.masked_fill(src, zero, 1)
        return F.where(alone, F.gather(without, dim, index), F.masked_fill(others, zero, 0))
    if reduce in ("amax", "amin"):
        _, other, count = _ties(F, self, dim, index, src, out)
        return other / F.gather(F.masked_fill(count, count == 0, 1), dim, index)
    return _ones(F, src)


def _check_reduce(*args: Any) -> None:
    _check_scatter("scatter")(*args)
    real_gradients("scatter_reduce")(*args)


op(
    "scatter_reduce(Tensor self, Dim dim, Tensor index, Tensor src, str reduce, *, "
    "bool include_self=True)",
    kernel=scatter_reduce,
    check=_check_reduce,
    vjp={
        "self": lambda F, g, self, dim, index, src, reduce, include_self, out: (
            g * self_factor(F, self, dim, index, src, reduce, include_self, out)
        ),
        "src": lambda F, g, self, dim, index, src, reduce, include_self, out: (
            F.gather(g, dim, index)
            if reduce == "sum"
            else F.gather(g, dim, index)
            * src_factor(F, self, dim, index, src, reduce, include_self, out)
        ),
    },
    jvp={
        "self": lambda F, t, self, dim, index, src, reduce, include_self, out: (
            t * self_factor(F, self, dim, index, src, reduce, include_self, out)
        ),
        "src": lambda F, t, self, dim, index, src, reduce, include_self, out: F.scatter_add(
            zeros(F, t, shape_of_value(self)),
            dim,
            index,
            t * src_factor(F, self, dim, index, src, reduce, include_self, out),
        ),
    },
    inplace="Tensor",
    batched_write="ruled",
    out=EXACT,
    doc="Along `dim`, reduces `src` into the positions in `index`: sum, prod, mean, amax or amin.",
    samples=lambda S: [
        S(S.distinct(3, 4), 1, S.integers(0, 4, 3, 2), S.normal(3, 2), reduce, include_self=flag)
        for reduce in ("sum", "mean", "prod", "amax", "amin")
        for flag in (True, False)
    ],
)
