"""Elementwise work on large arrays, in blocks that stay in the processor's cache."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from .strides import ordered_strides, strides_of
from .sums import add_up, add_up_blocks

BLOCK = 1 << 16  # elements whose temporaries stay in the second cache


def _flat(value: Any, shape: tuple[int, ...]) -> Any:
    """An array of this shape in one dimension, without a copy; NotImplemented where that cannot be.

    What is no array stays what it is.
    """
    if type(value) is not np.ndarray:
        return value
    if value.shape != shape:
        return NotImplemented
    if value.flags.c_contiguous:
        return value.reshape(-1)
    if not any(value.strides):  # one number spread out, as the cotangent of a sum
        return np.broadcast_to(value[(0,) * value.ndim], value.size)
    return NotImplemented


def in_blocks(function: Callable[..., Any], leading: int = 0) -> Callable[..., Any]:
    """The same elementwise function of arrays, in blocks where they are large and of one shape.

    For functions of several passes, whose temporaries then stay in the cache. `leading` arguments
    come before the first array; numbers and the like are handed on as they are. A function with a
    keyword `into` may write its result there, where it is not None.
    """
    writes = "into" in (getattr(function, "__kwdefaults__", None) or ())

    @wraps(function)
    def call(*args: Any) -> Any:
        first = args[leading]
        if type(first) is not np.ndarray or first.size <= 2 * BLOCK:
            return function(*args)
        flat = [_flat(value, first.shape) for value in args]
        if any(value is NotImplemented for value in flat):
            return function(*args)
        result: Any = None
        for start in range(0, first.size, BLOCK):
            part = slice(start, start + BLOCK)
            values = [v[part] if type(v) is np.ndarray else v for v in flat]
            if result is None:
                value = function(*values)
                result = np.empty(first.size, value.dtype)
                result[part] = value
            elif writes:
                target = result[part]
                value = function(*values, into=target)
                if value is not target:
                    target[...] = value
            else:
                result[part] = function(*values)
        return result.reshape(first.shape)

    vars(call)["in_one"] = function
    return call


def in_one(function: Any, size: int) -> Any:
    """The function that computes arrays of that many elements: itself, without `in_blocks`."""
    return getattr(function, "in_one", function) if size <= 2 * BLOCK else function


def by_rows(function: Callable[..., Any], axis: int, *arrays: Array) -> Array:
    """`function(*arrays, axis)`, whose result has the shape of the arrays.

    Along the last axis of large arrays it works on as many rows at once as stay in the cache. A
    function with a keyword `into` may write its result there, where it is not None.
    """
    writes = "into" in (getattr(function, "__kwdefaults__", None) or ())
    first = arrays[0]
    if (
        first.size <= 2 * BLOCK
        or axis not in (-1, first.ndim - 1)
        or any(a.shape != first.shape or not a.flags.c_contiguous for a in arrays)
    ):
        return function(*arrays, axis)
    length = first.shape[-1]
    flat = [array.reshape(-1, length) for array in arrays]
    step = max(1, BLOCK // length)
    result: Any = None
    for start in range(0, len(flat[0]), step):
        part = [rows[start : start + step] for rows in flat]
        if result is None or not writes:
            value = function(*part, -1)
            if result is None:
                result = np.empty(flat[0].shape, value.dtype)
            result[start : start + step] = value
        else:
            target = result[start : start + step]
            value = function(*part, -1, into=target)
            if value is not target:
                target[...] = value
    return result.reshape(first.shape)


# Lengths up to which NumPy's loop over each row costs more than one over columns, after a copy.
_SHORT: dict[Any, int] = {np.add: 32, np.multiply: 128, np.maximum: 48, np.minimum: 48}
_FEW = 4096  # elements up to which what a call costs decides
_LONG = 1 << 12  # lengths from which on what NumPy's loop spends on each row counts no more


def reduce(ufunc: Any, x: Array, axes: Any, keepdims: bool = False) -> Array:
    """`ufunc.reduce(x, axes, keepdims=keepdims)`, quick along short rows, too."""
    extreme = ufunc in (np.maximum, np.minimum)
    if (
        extreme
        and x.size > _FEW
        and axes in ((x.ndim - 1,), x.ndim - 1, -1)
        and _SHORT[ufunc] < x.shape[-1] < _LONG
        and x.flags.c_contiguous
        and x.dtype.char in "fd"
    ):  # the order does not matter to extremes, and segments cost less than rows
        length = x.shape[-1]
        result = ufunc.reduceat(x.reshape(-1), np.arange(0, x.size, length))
        return result.reshape((*x.shape[:-1], 1) if keepdims else x.shape[:-1])
    if (
        x.size > (_FEW // 8 if extreme else BLOCK // 8)
        and axes in ((x.ndim - 1,), x.ndim - 1, -1)
        and 1 < x.shape[-1] <= _SHORT[ufunc]
        and x.flags.c_contiguous
        and x.dtype.kind == "f"
    ):
        flat = x.reshape(-1, x.shape[-1])
        result = np.empty(len(flat), x.dtype)
        step = BLOCK // x.shape[-1]
        for start in range(0, len(flat), step):
            columns = flat[start : start + step].T.copy()
            ufunc.reduce(columns, axis=0, out=result[start : start + step])
        return result.reshape((*x.shape[:-1], 1) if keepdims else x.shape[:-1])
    return ufunc.reduce(x, axis=axes, keepdims=keepdims)


def dot(a: Array, b: Array, axes: Any) -> Array:
    """The sum of `a * b` over axes, which stay with length one; rows need no temporary."""
    if a.dtype == b.dtype and a.dtype.char in "fd":
        if axes in ((a.ndim - 1,), a.ndim - 1, -1):
            return np.vecdot(a, b)[..., None]
        if _is_by_channel(a, axes) and b.flags.c_contiguous:
            return _dot_by_channel(a, b.reshape(*b.shape[:2], -1))
    return np.add.reduce(a * b, axis=axes, keepdims=True)


def row_sums(x: Array) -> Array:
    """The sums along the last axis, which stays with length one, as BLAS adds up a matrix's rows.

    Quicker than NumPy's own loop, which costs as much for a short row as for forty elements.
    """
    length = x.shape[-1]
    sums = np.matmul(x.reshape(-1, length), np.ones(length, x.dtype))
    return sums.reshape(*x.shape[:-1], 1)


def _is_by_channel(x: Array, axes: Any) -> bool:
    """Whether axes are all of large images but their channels, with pixels side by side."""
    whole = (0, *range(2, x.ndim))
    return bool(x.size > _FEW and x.ndim > 2 and axes == whole and x.flags.c_contiguous)


def _dot_by_channel(a: Array, b: Array) -> Array:
    """The sum of `a * b` for each channel of images; `b` may be that of one of them."""
    images, channels = a.shape[:2]
    parts = np.vecdot(a.reshape(images, channels, -1), b)
    return np.add.reduce(parts, 0).reshape(1, channels, *(1,) * (a.ndim - 2))


def total(x: Array, axes: Any) -> Array:
    """The sum over axes, which stay with length one; along rows as BLAS adds up."""
    if axes in ((x.ndim - 1,), x.ndim - 1, -1) and x.shape[-1] > _SHORT[np.add]:
        return dot(x, np.ones(x.shape[-1], x.dtype), axes)
    if _is_by_channel(x, axes) and x.dtype.char in "fd":
        return _dot_by_channel(x, np.ones(math.prod(x.shape[2:]), x.dtype))
    return reduce(np.add, x, axes, True)


def _walked_strides(values: Array, arrays: Any) -> tuple[int, ...] | None:
    """The strides, in bytes, that PyTorch gives the result of an elementwise function, where they
    may be others than NumPy's."""
    if values.ndim < 2 or all(array.flags.c_contiguous for array in arrays):
        return None
    operands = [strides_of(np.broadcast_to(array, values.shape)) for array in arrays]
    return tuple(step * values.itemsize for step in ordered_strides(values.shape, operands))


def summed(function: Callable[..., Any], *arrays: Array) -> Array:
    """The sum of an elementwise function over all elements, in its dtype."""
    first = arrays[0]
    if first.size <= 2 * BLOCK or any(
        type(a) is not np.ndarray or a.shape != first.shape or not a.flags.c_contiguous
        for a in arrays
    ):
        values = function(*arrays)
        return add_up(values, tuple(range(values.ndim)), False, _walked_strides(values, arrays))
    flat = [array.reshape(-1) for array in arrays]

    def part(start: int, stop: int) -> Array:
        return function(*[array[start:stop] for array in flat])

    return add_up_blocks(part, first.size, function(*[array[:1] for array in flat]).dtype, BLOCK)


_WORDS: dict[Any, Any] = {
    np.dtype(np.float32): np.dtype(np.int32),
    np.dtype(np.float64): np.dtype(np.int64),
}


def select(condition: Any, one: Any, other: Any) -> Any:
    """`np.where(condition, one, other)`; a result without dimensions is a NumPy scalar.

    Large floating operands are blended by their bits: np.where branches on every element, which
    costs ten times as much on a mask without pattern. Infinities and NaN stay what they are.
    """
    if type(condition) is not np.ndarray or condition.size < _FEW:
        return np.where(condition, one, other)[()]
    shape = condition.shape
    arrays = [value for value in (one, other) if type(value) is np.ndarray]
    dtype = arrays[0].dtype if arrays else None
    word = _WORDS.get(dtype)
    fits = (
        word is not None
        and condition.dtype == np.bool_
        and condition.flags.c_contiguous
        and all(value.dtype == dtype and value.shape == shape for value in arrays)
        and all(
            type(value) in (int, float) or type(value) is np.ndarray or value.dtype == dtype
            for value in (one, other)
        )
    )
    if not fits or word is None:
        return np.where(condition, one, other)[()]
    parts = [condition, *(None if _is_zero(v) else _bits(v, dtype, word) for v in (one, other))]
    result = np.empty(shape, dtype)
    words: Any = result.view(word)
    flat = [_flat(value, shape) for value in parts]
    if condition.size <= 2 * BLOCK or any(value is NotImplemented for value in flat):
        _blend(words, *parts)
        return result
    words = words.reshape(-1)
    for start in range(0, condition.size, BLOCK):
        part = slice(start, start + BLOCK)
        _blend(words[part], *[v[part] if type(v) is np.ndarray else v for v in flat])
    return result


def _is_zero(value: Any) -> bool:
    return type(value) in (int, float) and value == 0 and math.copysign(1, value) > 0


def _blend(target: Array, condition: Array, one: Any, other: Any) -> None:
    """Write the words of `one` where the condition holds, those of `other` elsewhere.

    At most one of them is none, which stands for zeros.
    """
    if one is None:
        condition = np.logical_not(condition)
        one, other = other, None
    np.copyto(target, np.negative(condition.view(np.int8)))  # all bits of a word, or none
    if other is None:
        target &= one
    else:
        target &= one ^ other
        target ^= other


def either(condition: Any, one: float, other: float, dtype: Any, into: Any = None) -> Any:
    """`np.where(condition, one, other)` for two numbers, in a floating dtype; in `into`, if given,
    where it can be."""
    word = _WORDS.get(dtype)
    if type(condition) is not np.ndarray or condition.size < _FEW or word is None:
        return np.where(condition, dtype.type(one), dtype.type(other))[()]
    rest = _bits(other, dtype, word)
    result = np.empty(condition.shape, dtype) if into is None else into
    mask: Any = result.view(word)
    np.copyto(mask, np.negative(condition.view(np.int8)))  # all bits of a word, or none
    mask &= _bits(one, dtype, word) ^ rest
    mask ^= rest
    return result


def _bits(value: Any, dtype: Any, word: Any) -> Array:
    if type(value) is np.ndarray:
        return value.view(word)
    return dtype.type(value).view(word)
