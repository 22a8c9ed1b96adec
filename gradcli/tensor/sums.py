"""Sums in PyTorch's order of additions, so that every digit of them is PyTorch's.

Floating-point addition is not associative: a sum's last digits are those of the order in which it
was taken. PyTorch goes through an array as two nested loops over its fastest dimensions, in one of
four ways that depend on strides and lengths (`_plan`), and each way is made of three pieces:

- `_in_order`: one term after the other;
- `_cascade`: one accumulator that is emptied into a second one after every 2**p terms, that one
  into a third after 2**p of the first's, and so on over four levels, which are added at the end;
- `_interleaved`: four cascades in turns, which are then added.

Where the summed dimension is contiguous, the terms are vectors of 32 bytes whose lanes are added
last. Sums of integers have no such order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

_VECTOR = 32  # bytes
_LEVELS = 4
_WAYS = 4  # cascades that take turns
_BLOCK = 1 << 16  # elements of the rows that are summed together; their temporaries stay in cache

# NumPy's stubs do not know `reduce` with a `keepdims` that is not a literal.
_ADD: Any = np.add


def _in_order(x: Any) -> Any:
    """The sums `(batch, lanes)` of terms `(batch, terms, lanes)`, one term after the other.

    `einsum` adds whole vectors to an accumulator as long as the lanes lie side by side.
    """
    batch, terms, lanes = x.shape
    if terms == 1:
        return x[:, 0]
    if batch == 1:
        if lanes == 1:
            return np.add.accumulate(x[0, :, 0])[-1:, None]
        return np.einsum("ij->j", x[0])[None]
    if lanes == 1:
        return np.einsum("ij->j", np.ascontiguousarray(x[:, :, 0].T))[:, None]
    return np.einsum("aij->aj", x)


def _cascade(x: Any) -> Any:
    """The sums `(batch, lanes)` of terms `(batch, terms, lanes)` over four levels."""
    batch, terms, lanes = x.shape
    power = max(4, (terms - 1).bit_length() // _LEVELS)
    levels = []
    while terms >> power and len(levels) < _LEVELS - 1:
        whole = terms >> power << power
        levels.append(_in_order(x[:, whole:]) if whole < terms else None)
        groups = x[:, :whole].reshape(-1, 1 << power, lanes)
        terms >>= power
        x = _in_order(groups).reshape(batch, terms, lanes)
    result = _in_order(x)
    if levels:
        last, result = result, None
        for level in (*levels, last):
            if level is not None:
                result = level if result is None else result + level
    return result


def _interleaved(x: Any) -> Any:
    """The sums `(batch, lanes)` of terms `(batch, terms, lanes)` by four cascades in turns."""
    batch, terms, lanes = x.shape
    turns = terms // _WAYS
    if not turns:
        return _in_order(x)
    whole = turns * _WAYS
    sums = _cascade(x[:, :whole].reshape(batch, turns, _WAYS * lanes))
    sums = sums.reshape(batch, _WAYS, lanes)
    if whole < terms:
        sums = np.concatenate((sums[:, :1], x[:, whole:], sums[:, 1:]), 1)
    return _in_order(sums)


def _rows(x: Any, lanes: int) -> Any:
    """The sums of the rows of `x`, taken in vectors of `lanes` elements."""
    rows, length = x.shape
    step = max(1, _BLOCK // length)
    if rows > step:
        parts = [_rows(x[start : start + step], lanes) for start in range(0, rows, step)]
        return np.concatenate(parts)
    terms = length // lanes
    sums = _interleaved(x[:, : terms * lanes].reshape(rows, terms, lanes))
    if lanes > 1:
        if terms * lanes < length:
            sums = np.concatenate((x[:, terms * lanes :], sums), 1)
        sums = _in_order(sums[:, :, None])
    return sums[:, 0]


def _columns(x: Any, lanes: int) -> Any:
    """The sums of the columns of each matrix of `x`: a cascade for each in whole blocks of them,
    four for each of those left over."""
    width = x.shape[2]
    whole = width - width % (_WAYS * lanes)
    if whole == width:
        return _cascade(x)
    rest = _interleaved(np.ascontiguousarray(x[:, :, whole:]))
    return np.concatenate((_cascade(x[:, :, :whole]), rest), 1) if whole else rest


@lru_cache(maxsize=4096)
def _plan(
    shape: tuple[int, ...], strides: tuple[int, ...], axes: tuple[int, ...], size: int
) -> tuple[tuple[int, ...], tuple[int, ...], int, int, bool, int]:
    """How PyTorch walks through an array to sum it over `axes`.

    Returned are the axes in the order of the walk, the slowest first; the lengths of what is left
    when neighbours that form one stride are joined; how many of these are kept and how many are
    summed; whether the inner loop goes along the columns of the fastest two; and how many elements
    it takes at once. `size` is that of an element in bytes.
    """
    # The output's strides, zero where it is summed, decide first, then the input's.
    out = [0] * len(shape)
    step = size
    for axis in reversed(range(len(shape))):
        if axis not in axes:
            out[axis] = step
            step *= shape[axis]

    def comes_after(a: int, b: int) -> bool | None:
        if (out[a] == 0) != (out[b] == 0):
            return out[b] == 0
        for steps in (out, strides):
            if steps[a] and steps[b]:
                if steps[a] != steps[b]:
                    return steps[a] > steps[b]
                if shape[a] > shape[b]:
                    return True
        return None

    order = [axis for axis in reversed(range(len(shape))) if shape[axis] != 1]
    for place in range(1, len(order)):
        current = place
        for other in reversed(range(place)):
            after = comes_after(order[other], order[current])
            if after:
                order[other], order[current] = order[current], order[other]
                current = other
            elif after is False:
                break
    joined: list[list[int]] = []  # length, the input's stride, the output's
    for axis in order:
        last = joined[-1] if joined else None
        if last and last[0] * last[1] == strides[axis] and last[0] * last[2] == out[axis]:
            last[0] *= shape[axis]
        else:
            joined.append([shape[axis], strides[axis], out[axis]])
    summed = sum(not step for _, _, step in joined)
    kept = len(joined) - summed
    lengths = tuple(length for length, _, _ in reversed(joined))
    (inner, inner_stride), (outer, outer_stride) = [*(j[:2] for j in joined), [1, 0], [1, 0]][:2]
    lanes = _VECTOR // size
    if inner_stride == size and inner >= lanes:
        columns = False
    elif outer_stride == size and outer >= lanes:
        columns = True
    else:
        lanes = 1
        columns = inner_stride >= outer_stride
    moved = tuple(a for a in range(len(shape)) if shape[a] == 1) + tuple(reversed(order))
    return moved, lengths, kept, summed, columns, lanes


def _walked(x: Any, axes: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """The sums over `axes`, as one array over the elements of the result."""
    order, lengths, kept, summed, columns, lanes = _plan(x.shape, strides, axes, x.itemsize)
    if not summed:
        return x
    x = x.transpose(order).reshape(lengths)
    width = lengths[-2] if len(lengths) > 1 else 1
    if columns:
        x = x.reshape(-1, width, lengths[-1]).swapaxes(1, 2)
        if x.strides[2] != x.itemsize:
            x = np.ascontiguousarray(x)
        sums = _columns(x, lanes)
    else:
        x = x.reshape(-1, lengths[-1])
        if x.strides[1] != x.itemsize:
            x = np.ascontiguousarray(x)
        sums = _rows(x, lanes)
    if summed > 1:
        count = 1
        for length in lengths[:kept]:
            count *= length
        sums = _in_order(sums.reshape(count, -1, 1))
    return sums


def add_up(
    x: Any, axes: tuple[int, ...], keepdims: bool = False, strides: tuple[int, ...] | None = None
) -> Any:
    """The sum of an array over axes that are not negative, in its dtype and PyTorch's order.

    `strides`, in bytes, are those that decide the order where `x` stands for an array of others.
    """
    if not x.ndim:
        return x + x.dtype.type(0)
    if x.dtype.kind not in "fc" or x.dtype.char == "e":
        return _ADD.reduce(x, axis=axes, keepdims=keepdims)
    if keepdims:
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    else:
        shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    if not x.size:
        return np.zeros(shape, x.dtype)
    if x.size <= _WAYS and x.dtype.kind == "f" and x.flags.c_contiguous and not shape:
        return _ADD.reduce(x, axis=None) + x.dtype.type(0)  # too few for another order
    # A sum starts from zero, which shows where all terms are negative zeros.
    return (_walked(x, axes, strides or x.strides) + x.dtype.type(0)).reshape(shape)[()]
