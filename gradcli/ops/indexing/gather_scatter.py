"""Gathering from and scattering to positions that tensors give."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.scatter_add import add_rows, flat_places
from ...kernels.strides import ordered_strides, preserved_copy, relayout, strides_of
from ...table.call.dispatch import run
from ...table.call.python_data import element
from ...table.dtype_rules import real_gradients, underivable
from ...table.entry import ELEMENTWISE, LINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import (
    aligned,
    batch_size,
    decomposed,
    front,
    in_front,
    loop,
    plain_index,
)
from ...table.out_rules import EXACT, Rule
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, shape_of_value, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, Array, c_name
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, from_array, numel, shape_of

INDEX_TYPES = (dtypes.int64, dtypes.int32)
MASKS = (dtypes.bool_, dtypes.uint8)


def zeros(F: Namespace, like: Any, shape: Sequence[int]) -> Any:
    """Zeros of `shape` in the dtype of `like`."""
    return F.zeros_like_shape(like, tuple(shape))


def _bounded(index: Array, length: int, dim: int, error: type[Exception]) -> None:
    """Raise `error` for the first index outside 0 … length - 1."""
    if index.size:
        low, high = index.min(), index.max()
        if low < 0 or high >= length:
            flat = index.reshape(-1)
            bad = flat[np.argmax((flat < 0) | (flat >= length))]
            raise error(f"index {bad} is out of bounds for dimension {dim} with size {length}")


# --- advanced indexing -----------------------------------------------------------------------


def _index_arrays(shape: Sequence[int], indices: Sequence[Array | None]) -> tuple[Any, ...]:
    """What NumPy takes for an index: masks as their nonzero positions, slices for None.

    Raises IndexError with PyTorch's sentences.
    """
    result: list[Any] = []
    for item in indices:
        place = len(result)
        if item is None:
            result.append(slice(None))
            continue
        if item.dtype in (np.bool_, np.uint8):
            for axis, length in enumerate(item.shape):
                if place + axis >= len(shape) or length != shape[place + axis]:
                    raise IndexError(
                        f"The shape of the mask {list(item.shape)} at index {axis} does not match "
                        f"the shape of the indexed tensor {list(shape)} at index {place + axis}"
                    )
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
    places = [dim for dim, item in enumerate(result) if not isinstance(item, slice)]
    for count, dim in enumerate(places):  # messages count the indexed dimensions alone
        item = result[dim]
        if not item.size:
            continue
        length = shape[dim]
        if not length:
            raise IndexError("index is out of bounds for dimension with size 0")
        if item.min() < -length or item.max() >= length:
            flat = item.reshape(-1)
            bad = flat[np.argmax((flat < -length) | (flat >= length))]
            raise IndexError(
                f"index {bad} is out of bounds for dimension {count} with size {length}"
            )
    return tuple(result)


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


def _index(self: Array, indices: Sequence[Array | None]) -> Array:
    places = _index_arrays(self.shape, indices)
    result = self[places]
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
        _add_at(result, places, grad)
    return result


def _add_at(target: Array, places: tuple[Any, ...], values: Array) -> None:
    """Add at positions that may repeat; whole rows, where there is one index of a dimension."""
    axes = [axis for axis, place in enumerate(places) if not isinstance(place, slice)]
    axis, index = axes[0], places[axes[0]]
    shape = (*target.shape[:axis], index.size, *target.shape[axis + 1 :])
    if len(axes) == 1 and index.ndim == 1 and values.shape == shape:
        index = np.where(index < 0, index + target.shape[axis], index)
        add_rows(np.moveaxis(target, axis, 0), index, np.moveaxis(values, axis, 0))
    else:
        np.add.at(target, places, values)


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
    sizes = [(shape_of_value(tensor)[0], *args[1])] if op.id == "index_backward" else []
    return run(op, [tensor, *sizes, [None, *indices]]), 0


op(
    "index(Tensor self, Tensor[] indices)",
    kernel=_index,
    batching=_index_batched,
    keeps_layout=True,
    check=_check_index,
    vjp={"self": lambda F, g, self_shape, indices: F.index_backward(g, self_shape, indices)},
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
op(
    "index_backward(Tensor grad, int[] sizes, Tensor[] indices)",
    kernel=_index_backward,
    batching=_index_batched,
    vjp={"grad": lambda F, g, indices: F.index(g, indices)},
    jvp={"grad": lambda F, t, sizes, indices: F.index_backward(t, sizes, indices)},
    node="IndexPutBackward0",
    where=(),
    doc="The cotangent of an index: added at the positions it was read from.",
    samples=lambda S: [S(S.normal(3), (4,), [S.integers(0, 4, 3)])],
)


def _index_put(
    self: Array, indices: Sequence[Array | None], values: Array, accumulate: bool
) -> Array:
    result = preserved_copy(self)
    places = _index_arrays(self.shape, indices)
    if values.dtype != self.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{FROM_ARRAY[self.dtype].scalar_name} for the destination and "
            f"{FROM_ARRAY[values.dtype].scalar_name} for the source."
        )
    try:
        if accumulate:
            _add_at(result, places, values)
        else:
            result[places] = values
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(result[places].shape)}"
        ) from None
    return result


op(
    "index_put(Tensor self, Tensor[] indices, Tensor values, bool accumulate=False)",
    kernel=_index_put,
    check=_check_index,
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
    _bounded(places, source.shape[dim], dim, RuntimeError)
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
    _bounded(places, result.shape[dim], dim, RuntimeError)
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
    **underivable("scatter", "self", "src"),
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
    **underivable("scatter", "self"),
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


# --- whole slices along one dimension --------------------------------------------------------


def _check_vector(self: Tensor, index: Tensor) -> None:
    shape = shape_of(index)
    if len(shape) > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not shape_of(self) and numel(shape) != 1:
        raise RuntimeError(
            f"index_select(): Index to scalar can have only 1 value, got {numel(shape)} value(s)"
        )
    if index.dtype not in INDEX_TYPES:
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")


def _check_added(index: Tensor) -> None:
    shape = shape_of(index)
    found = index.dtype.scalar_name
    if len(shape) > 1:
        raise IndexError(
            "index_add_(): Index is supposed to be a vector, but got dim: "
            f"{len(shape)} with type: {found} and size: {list(shape)}"
        )
    if index.dtype not in INDEX_TYPES:
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {found}")


def _check_copied(index: Tensor) -> None:
    rank = len(shape_of(index))
    if rank > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {rank})")
    if index.dtype is not dtypes.int64:
        found = index.dtype.scalar_name
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {found}")


def _check_filled(index: Tensor) -> None:
    if index.dtype is not dtypes.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if len(shape_of(index)) > 1:
        raise RuntimeError("Index has to be a vector/scalar")


def _index_select(self: Array, dim: int, index: Array) -> Array:
    dim = wrap_dim(dim, self.ndim)
    places = np.atleast_1d(index)
    source = np.atleast_1d(self)
    length = source.shape[dim]
    if places.size and not length:
        raise RuntimeError("index_select(): self indexing axis dim should be positive")
    if places.size and (places.min() < 0 or places.max() >= length):
        if dim != 1:
            raise IndexError("index out of range in self")
        bad = places[np.argmax((places < 0) | (places >= length))]
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={bad} axis_dim={length}")
    result = source.take(places, dim)
    return result if self.ndim else result.reshape(())


op(
    "index_select(Tensor self, Dim dim, Tensor index)",
    kernel=_index_select,
    check=lambda self, dim, index: _check_vector(self, index),
    vjp={
        "self": lambda F, g, self_shape, dim, index: F.index_add(
            zeros(F, g, self_shape), dim, index, g
        )
    },
    jvp={"self": lambda F, t, dim, index: F.index_select(t, dim, index)},
    batching=plain_index,
    out=Rule("index_select(): self and result must have the same scalar type"),
    doc="The slices of a dimension at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 3)),
        S(S.normal(4), 0, S.integers(0, 4, 2)),
    ],
)


def _slices(name: str, self: Array, dim: int, index: Array) -> tuple[Array, tuple[Any, ...]]:
    """A copy of `self` with one dimension at least, and the index of the slices in it."""
    dim = wrap_dim(dim, self.ndim)
    result = np.atleast_1d(preserved_copy(self))
    places = np.atleast_1d(index)
    _bounded(places, result.shape[dim], dim, RuntimeError if name == "index_add_" else IndexError)
    return result, (*(slice(None),) * dim, places)


def _around(array: Array, axis: int) -> tuple[int, ...] | None:
    """The lengths of the other dimensions; None where there is no dimension at all."""
    return array.shape[:axis] + array.shape[axis + 1 :] if array.ndim else None


def _index_add(self: Array, dim: int, index: Array, source: Array, alpha: Any) -> Array:
    axis = wrap_dim(dim, self.ndim)
    count = np.atleast_1d(index).size
    if source.dtype != self.dtype:
        raise RuntimeError(
            f"index_add_(): self ({FROM_ARRAY[self.dtype].scalar_name}) and source "
            f"({FROM_ARRAY[source.dtype].scalar_name}) must have the same scalar type"
        )
    if axis >= max(source.ndim, 1):
        raise RuntimeError(
            f"index_add_(): Indexing dim {axis} is out of bounds of the source tensor with dim "
            f"{source.ndim}"
        )
    length = np.atleast_1d(source).shape[axis]
    if count != length:
        raise RuntimeError(
            f"index_add_(): Number of indices ({count}) should be equal to source.size(dim): "
            f"({length}), for dim: {axis}"
        )
    if _around(self, axis) != _around(source, axis):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(self.shape)} source.shape = {list(source.shape)}"
        )
    result, places = _slices("index_add_", self, dim, index)
    values = source if alpha == 1 else source * result.dtype.type(alpha)
    _add_at(result, places, np.atleast_1d(values))
    return result.reshape(np.shape(self))


op(
    "index_add(Tensor self, Dim dim, Tensor index, Tensor source, *, Scalar alpha=1)",
    kernel=_index_add,
    check=lambda self, dim, index, source, alpha: _check_added(index),
    vjp={
        "self": lambda F, g: g,
        "source": lambda F, g, dim, index, source_shape, alpha: _scaled(
            F.reshape(F.index_select(g, dim, index), source_shape), alpha
        ),
    },
    jvp={
        "self": lambda F, t: t,
        "source": lambda F, t, self_shape, dim, index, alpha: F.index_add(
            zeros(F, t, self_shape), dim, index, t, alpha=alpha
        ),
    },
    inplace="Tensor",
    batching=plain_index,
    keeps={"source": ("source",)},
    writes="places",
    batched_write="ruled",
    out=EXACT,
    doc="Adds `alpha` times `source` to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [
        S(S.normal(3, 4), 1, S.integers(0, 4, 2), S.normal(3, 2)),
        S(S.normal(3), 0, S.integers(0, 3, 4), S.normal(4), alpha=2.0),
    ],
)


def _copy_slices(whole: Any, part: Any, index: Any) -> Any:
    result = np.array(whole, order="C")
    result.reshape(-1)[index] = part.reshape(-1)
    return result


def _copy_slices_batched(F: Namespace, whole: Any, part: Any, index: Any) -> Any:
    rest = F.index_fill(F.reshape(whole, (-1,)), 0, index, 0)
    result = F.index_add(rest, 0, index, F.reshape(part, (-1,)))
    return F.reshape(result, tuple(whole.shape))


op(
    "_copy_slices(Tensor whole, Tensor part, Tensor index)",
    kernel=_copy_slices,
    vjp={
        "whole": lambda F, g, whole_shape, index: F.reshape(
            F.index_fill(F.reshape(g, (-1,)), 0, index, 0), whole_shape
        ),
        "part": lambda F, g, part_shape, index: F.reshape(
            F.index_select(F.reshape(g, (-1,)), 0, index), part_shape
        ),
    },
    jvp=LINEAR,
    batching=decomposed(_copy_slices_batched),
    node="CopySlices",
    where=(),
    doc="A tensor with other values at places of its flattened form, each given once.",
    samples=lambda S: [S(S.normal(3, 4), S.normal(1, 1), S.integers(0, 12, 1))],
)


def _scaled(value: Any, alpha: Any) -> Any:
    if alpha == 1:
        return value
    return value * (alpha.conjugate() if isinstance(alpha, complex) else alpha)


def _index_copy(self: Array, dim: int, index: Array, source: Array) -> Array:
    if self.ndim and source.ndim and self.ndim != source.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality "
            f"must match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({self.ndim})"
        )
    if source.dtype != self.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{FROM_ARRAY[self.dtype].scalar_name} and (source) "
            f"{FROM_ARRAY[source.dtype].scalar_name}"
        )
    axis = wrap_dim(dim, self.ndim)
    count = np.atleast_1d(index).size
    if source.ndim and source.shape[axis] != count:
        raise IndexError(
            f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) "
            f"({source.shape[axis]})"
        )
    result, places = _slices("index_copy_", self, dim, index)
    result[places] = source
    return result.reshape(np.shape(self))


op(
    "index_copy(Tensor self, Dim dim, Tensor index, Tensor source)",
    kernel=_index_copy,
    check=lambda self, dim, index, source: _check_copied(index),
    vjp={
        "self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
        "source": lambda F, g, dim, index, source_shape: F.reshape(
            F.index_select(g, dim, index), source_shape
        ),
    },
    jvp={
        "self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0),
        "source": lambda F, t, self_shape, dim, index: F.index_copy(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    inplace="Tensor",
    keeps={"source": ("source",)},
    writes="places",
    out=EXACT,
    doc="Writes `source` to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 0, S.integers(1, 2, 1), S.normal(1, 4))],
)


def _index_fill(self: Array, dim: int, index: Array, value: Any) -> Array:
    result, places = _slices("index_fill_", self, dim, index)
    if not isinstance(value, np.ndarray | np.generic):
        if isinstance(value, complex) and result.dtype.kind != "c":
            raise RuntimeError(
                "index_fill_(): Converting complex Scalar to non-complex type is not supported"
            )
        value = element(value, FROM_ARRAY[result.dtype])
    elif value.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    result[places] = value
    return result.reshape(np.shape(self))


op(
    "index_fill(Tensor self, Dim dim, Tensor index, Number value)",
    kernel=_index_fill,
    check=lambda self, dim, index, value: _check_filled(index),
    keeps_layout=True,
    vjp={"self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0)},
    jvp={"self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0)},
    inplace="Tensor",
    batching=plain_index,
    batched_write="ruled",
    doc="Writes one number to the slices of a dimension at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 1, S.integers(0, 4, 2), 2.0)],
)
op(
    "index_fill_tensor(Tensor self, Dim dim, Tensor index, Tensor value)",
    name="index_fill",
    kernel=_index_fill,
    check=lambda self, dim, index, value: _check_filled(index),
    keeps_layout=True,
    vjp={
        "self": lambda F, g, dim, index: F.index_fill(g, dim, index, 0),
        "value": lambda F, g, dim, index: F.sum(g - F.index_fill(g, dim, index, 0)),
    },
    jvp={
        "self": lambda F, t, dim, index: F.index_fill(t, dim, index, 0),
        "value": lambda F, t, self_shape, dim, index: F.index_fill_tensor(
            zeros(F, t, self_shape), dim, index, t
        ),
    },
    node="IndexFillBackward1",
    inplace="Tensor",
    batched_write="ruled",
    doc="Writes the element of a tensor to the slices at the positions in `index`.",
    samples=lambda S: [S(S.normal(3, 4), 1, S.integers(0, 4, 2), S.normal())],
)


# --- masks -----------------------------------------------------------------------------------


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


# --- positions in the flat tensor ------------------------------------------------------------


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

__all__ = ["INDEX_TYPES", "LINEAR", "zeros"]
