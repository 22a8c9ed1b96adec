"""Strides: what PyTorch's layout rules say where NumPy's differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..tensor.device import (
    CHANNELS_LAST,
    channels_last,
    channels_last_3d,
    contiguous_format,
    memory_format,
    preserve_format,
)
from ..tensor.dtypes import Array
from ..tensor.memory import window
from ..tensor.runtime import runtime


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides, in elements, of a row-major tensor; an empty dimension counts as one."""
    strides = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def strides_of(array: Array) -> tuple[int, ...]:
    """The strides of an array in elements.

    NumPy makes empty arrays with strides of zero, which stand for those of a contiguous one; a
    view without elements has the strides of what it was taken from.
    """
    if not array.size and not any(array.strides):
        return contiguous_strides(array.shape)
    return _in_elements(array.strides, array.itemsize)


@lru_cache(maxsize=4096)
def _in_elements(strides: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    return tuple(stride // itemsize for stride in strides)


@lru_cache(maxsize=4096)
def _in_bytes(strides: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    return tuple(stride * itemsize for stride in strides)


def is_dense(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements fill their memory without gaps or overlaps, in any order."""
    expected = 1
    axes = [(stride, length) for length, stride in zip(shape, strides, strict=True) if length != 1]
    if any(length == 0 for length in shape):
        return True
    for stride, length in sorted(axes):
        if stride != expected:
            return False
        expected *= length
    return True


def preserved_strides(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, ...]:
    """Strides of a new tensor that keeps the order of dimensions (`torch.preserve_format`).

    A dense tensor keeps its strides. Otherwise the dimensions are sorted by stride with a stable
    insertion sort that leaves pairs with a stride of zero as they are, as in PyTorch.
    """
    if is_dense(shape, strides):
        return tuple(strides)
    return ordered_strides(shape, [strides])


def formatted_strides(
    shape: Sequence[int], memory_format: memory_format, strides: Sequence[int]
) -> tuple[int, ...]:
    """Strides of a new tensor in a memory format, made like one that has `strides`.

    Raises RuntimeError where the format belongs to another number of dimensions.
    """
    if memory_format is preserve_format:
        return preserved_strides(shape, strides)
    rank = CHANNELS_LAST.get(memory_format)
    if rank is None:
        return contiguous_strides(shape)
    if len(shape) != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {memory_format.name} format")
    result = [1] * rank
    step = 1
    for axis in _channels_first(rank):
        result[axis] = step
        step *= shape[axis]
    return tuple(result)


def _channels_first(rank: int) -> tuple[int, ...]:
    """The dimensions of a format with channels last, the fastest first."""
    return 1, *range(rank - 1, 1, -1), 0


def has_channels_last(
    shape: Sequence[int], strides: Sequence[int], memory_format: memory_format
) -> bool:
    """Whether strides are those of a format but for dimensions of one element; False for other
    numbers of dimensions."""
    if len(shape) != CHANNELS_LAST[memory_format]:
        return False
    expected = 1
    for axis in _channels_first(len(shape)):
        if shape[axis] != 1:
            if strides[axis] != expected:
                return False
            expected *= shape[axis]
    return True


def in_format_of(count: int, kernel: Callable[..., Any]) -> Callable[..., Any]:
    """The kernel of images with results in the memory format of the first `count` arguments: with
    channels last where one of them has it, else row by row."""

    def laid_out(*arguments: Any) -> Any:
        result = kernel(*arguments)
        chosen = next(filter(None, map(format_of_images, arguments[:count])), None)
        if type(result) is tuple:
            return tuple([formatted(item, chosen) for item in result])
        return formatted(result, chosen)

    return laid_out


def formatted(array: Array, channels: memory_format | None) -> Array:
    """The same elements with channels last, or where none is given row by row; an array of another
    number of dimensions as it is."""
    if channels is None and array.flags.c_contiguous and 1 not in array.shape:
        return array  # dimensions of one element may have any stride
    if channels is not None and array.ndim != CHANNELS_LAST[channels]:
        return array
    if channels is not None:
        runtime.reserve(array.nbytes)
    return relayout(array, formatted_strides(array.shape, channels or contiguous_format, ()))


def format_of_images(array: Array) -> memory_format | None:
    """The format with channels last that the strides suggest, if they do.

    From the channels, which come first, to the batch each stride has to be at least the reach of
    the ones before; channels and batch of one stride suggest nothing, as in PyTorch.
    """
    if array.ndim not in (4, 5) or not isinstance(array, np.ndarray):
        return None
    shape, strides = array.shape, array.strides
    if array.flags.c_contiguous and strides[1] != array.itemsize:
        return None
    reach = 0
    for axis in _channels_first(array.ndim):
        if not shape[axis] or strides[axis] < reach or (not axis and reach == strides[1]):
            return None
        reach = strides[axis] * max(shape[axis], 1)
    return channels_last if array.ndim == 4 else channels_last_3d


def ordered_strides(shape: Sequence[int], operands: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Dense strides whose order follows that of the operands' strides, the first one first."""
    result = [0] * len(shape)
    step = 1
    for axis in reversed(order_in_memory(shape, operands)):
        result[axis] = step
        step *= max(shape[axis], 1)
    return tuple(result)


def order_in_memory(shape: Sequence[int], operands: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The dimensions by the operands' strides, the slowest first.

    The order of a stable insertion sort in which a stride of zero decides nothing, as in PyTorch.
    """
    order = list(range(len(shape) - 1, -1, -1))
    for start in range(1, len(order)):
        place = start
        for other in range(start - 1, -1, -1):
            comparison = _compare(shape, operands, order[other], order[place])
            if comparison > 0:
                order[other], order[place] = order[place], order[other]
                place = other
            elif comparison < 0:
                break
    return tuple(reversed(order))


def _compare(shape: Sequence[int], operands: Sequence[Sequence[int]], a: int, b: int) -> int:
    for strides in operands:
        if strides[a] == 0 or strides[b] == 0:
            continue
        if strides[a] != strides[b]:
            return -1 if strides[a] < strides[b] else 1
        if shape[a] > shape[b]:
            return 1
    return 0


def relayout(array: Array, strides: Sequence[int]) -> Array:
    """The same elements laid out with the given dense strides."""
    if not array.ndim or strides_of(array) == tuple(strides):
        return array
    result = allocate(array.shape, strides, array.dtype)
    result[...] = array
    return result


def allocate(shape: Sequence[int], strides: Sequence[int], dtype: np.dtype[Any]) -> Array:
    """Zeros with the given dense strides (in elements)."""
    shape = tuple(shape)
    if not shape:
        return dtype.type(0)
    if tuple(strides) == contiguous_strides(shape):
        return np.zeros(shape, dtype)
    steps = tuple(stride * dtype.itemsize for stride in strides)
    extent = (
        1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if 0 not in shape else 0
    )
    return np.ndarray(shape, dtype, np.zeros(extent, dtype), 0, steps)


def zeros_like(array: Array, dtype: np.dtype[Any]) -> Array:
    """Zeros in the layout that `torch.preserve_format` gives for `array`."""
    return allocate(array.shape, preserved_strides(array.shape, strides_of(array)), dtype)


def preserved_copy(array: Array) -> Array:
    """A writable copy in the layout that `torch.preserve_format` gives."""
    if not isinstance(array, np.ndarray) or array.flags.c_contiguous:
        return np.array(array)
    return relayout(np.array(array), preserved_strides(array.shape, strides_of(array)))


def formatted_copy(
    like: Array, memory_format: memory_format, dtype: np.dtype[Any], values: Array
) -> Array:
    """A writable copy of `values` in a dtype and a format; `preserve_format` is that of `like`."""
    strides = formatted_strides(like.shape, memory_format, strides_of(like))
    result = allocate(like.shape, strides, dtype)
    result[...] = values
    return result


def strided_copy(array: Array) -> Array:
    """A writable copy with the very strides of `array`, gaps included, if nothing overlaps."""
    if not isinstance(array, np.ndarray) or array.flags.c_contiguous or not array.size:
        return np.array(array)
    if any(s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)):
        return preserved_copy(array)
    extent = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True))
    memory = np.zeros(extent // array.itemsize + 1, array.dtype)
    result = np.ndarray(array.shape, array.dtype, memory, 0, array.strides)
    result[...] = array
    return result


def strided(array: Array, shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Array:
    """A view of the memory of `array` with the given shape and strides, in elements.

    `offset` counts elements from the first one of `array`. Raises for a view that would leave the
    memory: NumPy checks what it is given a contiguous array for.
    """
    itemsize = array.itemsize
    shape = tuple(shape)
    steps = _in_bytes(tuple(strides), itemsize)
    if array.flags.c_contiguous:
        return np.ndarray(shape, array.dtype, array, offset * itemsize, steps)
    return window(array, shape, steps, offset * itemsize)


def reshaped(array: Array, shape: tuple[int, ...], strides: Sequence[int]) -> Array:
    """A view of `array` as `shape` with the strides, in elements, that `view_strides` found."""
    found = array.reshape(shape)
    if found.strides == _in_bytes(tuple(strides), array.itemsize) and array.size:
        return found
    return strided(array, shape, strides)  # NumPy's strides of lengths of one are its own


@lru_cache(maxsize=1024)
def view_strides(
    shape: tuple[int, ...], strides: tuple[int, ...], new: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The strides with which memory laid out as `shape`, `strides` can be seen as `new`.

    None when a new dimension would span two that are not contiguous to each other.
    """
    total = 1
    for length in shape:
        total *= length
    if not shape:
        return (1,) * len(new)
    if total == 0:
        return strides if shape == new else contiguous_strides(new)
    result = [0] * len(new)
    place = len(new) - 1
    base = strides[-1]
    old_count = new_count = 1
    for axis in range(len(shape) - 1, -1, -1):
        old_count *= shape[axis]
        if axis and (shape[axis - 1] == 1 or strides[axis - 1] == old_count * base):
            continue
        while place >= 0 and (new_count < old_count or new[place] == 1):
            result[place] = new_count * base
            new_count *= new[place]
            place -= 1
        if new_count != old_count:
            return None
        if axis:
            base = strides[axis - 1]
            old_count = new_count = 1
    return tuple(result) if place == -1 else None


def infer_size(shape: Sequence[int], count: int) -> tuple[int, ...]:
    """`shape` with -1 replaced by what `count` elements need. Raises RuntimeError."""
    missing = -1
    known = 1
    for place, length in enumerate(shape):
        if length == -1:
            if missing >= 0:
                raise RuntimeError("only one dimension can be inferred")
            missing = place
        elif length < 0:
            raise RuntimeError(
                f"invalid shape dimension {length} at index {place} of shape {list(shape)}"
            )
        else:
            known *= length
    if missing < 0:
        if known == count:
            return tuple(shape)
    elif known and count % known == 0:
        return (*shape[:missing], count // known, *shape[missing + 1 :])
    elif not known and not count:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified "
            "dimension size -1 can be any value and is ambiguous"
        )
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {count}")
