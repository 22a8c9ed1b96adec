"""Sums in PyTorch's order of additions, so that every digit of them is PyTorch's.

Floating-point addition is not associative: a sum's last digits are those of the order in which it
was taken. PyTorch goes through an array as two nested loops over its fastest dimensions, in one of
four ways that depend on strides and lengths (`_plan`), and each way is made of three pieces:

- `in_order`: one term after the other;
- `_cascade`: one accumulator that is emptied into a second one after every 2**p terms, that one
  into a third after 2**p of the first's, and so on over four levels, which are added at the end;
- `_interleaved`: four cascades in turns, which are then added.

Where the summed dimension is contiguous, the terms are vectors of 32 bytes whose lanes are added
last. Sums of integers have no such order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from .constants import ZERO

_VECTOR = 32  # bytes
_LEVELS = 4
_POWER = 4  # the least power of two after which an accumulator is emptied
_WAYS = 4  # cascades that take turns
_BLOCK = 1 << 19  # elements of rows that are summed together
_SMALL = 1 << 14  # bytes up to which the number of steps decides
_TURNED = 1 << 17  # bytes up to which rows are summed as columns of a copy
_SHORT = 1 << 2 * _POWER  # turns of a cascade that needs two levels

# NumPy's stubs do not know `reduce` with a `keepdims` that is not a literal.
_add: Any = np.add
_reduce = _add.reduce
_accumulate = _add.accumulate


def in_order(x: Array) -> Array:
    """The sums `(…, lanes)` of terms `(…, terms, lanes)`, one term after the other.

    Both ways of NumPy add whole vectors to an accumulator as long as the lanes lie side by side;
    `einsum` is the quick one where the vectors are short and many, `reduce` where they are few.
    """
    small = x.nbytes < _SMALL
    if x.shape[-1] == 1:
        if x.ndim == 2 or small:
            return _accumulate(x[..., 0], -1)[..., -1:]
        columns = np.ascontiguousarray(x[:, :, 0].T)
        return _reduce(columns, 0)[:, None]
    return _reduce(x, -2) if x.ndim == 2 or small else np.einsum("aij->aj", x)


def _power_of(terms: int) -> int:
    """The power of two after which the accumulators of a cascade are emptied."""
    return max(_POWER, (terms - 1).bit_length() // _LEVELS)


def _cascade(x: Array) -> Array:
    """The sums `(…, lanes)` of terms `(…, terms, lanes)` over four levels."""
    terms = x.shape[-2]
    return in_order(x) if terms < 1 << _POWER else _levels(x, _power_of(terms), 0, None)


def _levels(x: Array, power: int, level: int, result: Array) -> Array:
    """The rest of a cascade, whose lower levels hold `result`, from the terms of a level on."""
    terms, lanes = x.shape[-2:]
    for _ in range(level, _LEVELS - 1):
        whole = terms >> power << power
        if whole < terms:
            rest = in_order(x[..., whole:, :])
            result = rest if result is None else result + rest
        terms >>= power
        if not terms:
            return result
        sums = in_order(x[..., :whole, :].reshape(-1, 1 << power, lanes))
        x = sums.reshape(*x.shape[:-2], terms, lanes)
    last = in_order(x)
    return last if result is None else result + last


def _interleaved(x: Array) -> Array:
    """The sums `(…, lanes)` of terms `(…, terms, lanes)` by four cascades in turns."""
    terms, lanes = x.shape[-2:]
    turns = terms // _WAYS
    if not turns:
        return in_order(x)
    whole = turns * _WAYS
    batch = x.shape[:-2]
    sums = _cascade(x[..., :whole, :].reshape(*batch, turns, _WAYS * lanes))
    sums = sums.reshape(*batch, _WAYS, lanes)
    if whole < terms:
        first = sums[..., 0, :]
        for term in range(whole, terms):
            np.add(first, x[..., term, :], first)
    return in_order(sums)


class _Short:
    """How vectors of one width that lie in a flat array are added up by four cascades in turns,
    fewer than `_SHORT` turns, in buffers made for its length.

    What a step adds up lies in memory so that the step is one reduction: `filled` are the turns,
    with zeros up to whole groups of them where that is needed; `sums` has a row of four vectors for
    each group and one for each vector that is left over, which adds to the first of the four; `row`
    has the elements that are left over, and behind them the sums of the vectors.

    Note: with small arrays it is the calls of NumPy that cost, and slices are such calls.
    """

    __slots__ = (
        "apart",
        "filled",
        "groups",
        "lanes",
        "left",
        "over",
        "row",
        "shape",
        "sums",
        "turns",
        "used",
        "vectors",
        "ways",
    )

    def __init__(self, count: int, width: int, dtype: Any) -> None:
        turns, left = divmod(count // width, _WAYS)
        if turns == 1 and not left:  # each way has one vector
            turns, left = 0, _WAYS
        self.used = turns * width * _WAYS
        self.vectors = self.used + left * width
        self.row = np.zeros(count - self.vectors + width, dtype)
        self.over = self.row[:-width] if self.vectors < count else None
        self.lanes = self.row[-width:]
        self.filled = self.left = self.ways = None
        self.shape: tuple[int, ...] = (left, width)
        if not turns:
            return
        groups = -(-turns // (1 << _POWER))
        self.shape = (turns, _WAYS * width)
        if groups > 1:
            self.shape = (groups, 1 << _POWER, _WAYS * width)
            if turns % (1 << _POWER):
                filled = np.zeros(math.prod(self.shape), dtype)
                self.filled = filled[: self.used]
                self.turns = filled.reshape(self.shape)
        self.sums = np.zeros((groups + left, _WAYS * width), dtype)
        self.groups = self.sums[:groups] if groups > 1 else self.sums[0]
        if left:
            self.left = self.sums[groups:, :width]
        self.apart = self.sums[0].reshape(_WAYS, width)
        if len(self.sums) > 1:
            self.ways = np.zeros(_WAYS * width, dtype)
            self.apart = self.ways.reshape(_WAYS, width)

    def fill(self, x: Array) -> Array:
        """What is left over of a flat array, and the sums of its vectors: `row`."""
        used = self.used
        if not used:
            _reduce(x[: self.vectors].reshape(self.shape), 0, None, self.lanes)
        else:
            shape = self.shape
            if self.filled is None:
                _reduce(x[:used].reshape(shape), len(shape) - 2, None, self.groups)
            else:
                self.filled[:] = x[:used]
                _reduce(self.turns, 1, None, self.groups)
            if self.left is not None:
                self.left[:] = x[used : self.vectors].reshape(self.left.shape)
            if self.ways is not None:
                _reduce(self.sums, 0, None, self.ways)
            _reduce(self.apart, 0, None, self.lanes)
        if self.over is not None:
            self.over[:] = x[self.vectors :]
        return self.row


_idle: dict[tuple[int, int, Any], _Short] = {}  # those that no call works with
_MOST = 256  # that are kept


def _short(x: Array, width: int, rows: int) -> Array:
    """The sums `(rows,)` of a flat array: its vectors of `width` elements are added up by four
    cascades in turns, and then, after the elements left over, their parts of `rows` elements."""
    key = (len(x), width, x.dtype)
    short = _idle.pop(key, None) or _Short(*key)
    row = short.fill(x)
    if len(row) == rows:
        result = row.copy()
    else:
        result = _accumulate(row)[-1:] if rows == 1 else _reduce(row.reshape(-1, rows), 0)
    if len(_idle) == _MOST:
        _idle.clear()
    _idle[key] = short
    return result


def _row(x: Array, lanes: int) -> Array:
    """The sum of a contiguous row, taken in vectors of `lanes` elements, as an array."""
    count = len(x)
    if lanes == 1:
        return _interleaved(x[:, None])
    if x.nbytes < _SMALL:
        return _short(x, lanes, 1)
    whole = count - count % lanes
    sums = _interleaved(x[:whole].reshape(-1, lanes))
    if whole < count:
        sums = np.concatenate((x[whole:], sums))
    return _accumulate(sums)[-1:]


def _rows(x: Array, lanes: int) -> Array:
    """The sums of the rows of `x`, taken in vectors of `lanes` elements."""
    rows, length = x.shape
    if rows == 1:
        return _row(x[0], lanes)
    if x.nbytes < _TURNED and length < lanes * _WAYS * _SHORT and lanes > 1:
        return _short(x.T.reshape(-1), lanes * rows, rows)
    whole = length - length % lanes
    vectors = x[:, :whole].reshape(rows, -1, lanes)
    step = max(1, _BLOCK // length)
    if rows <= step:
        sums = _interleaved(vectors)
    else:
        sums = np.empty((rows, lanes), x.dtype)
        for start in range(0, rows, step):
            sums[start : start + step] = _interleaved(vectors[start : start + step])
    if lanes == 1:
        return sums[:, 0]
    columns = np.empty((length - whole + lanes, rows), x.dtype)
    columns[: length - whole] = x[:, whole:].T
    columns[length - whole :] = sums.T
    return _reduce(columns, 0)


def _columns(x: Array, lanes: int) -> Array:
    """The sums of the columns of each matrix of `x`: a cascade for each in whole blocks of them,
    four for each of those left over."""
    terms, width = x.shape[-2:]
    if terms <= _WAYS:
        return in_order(x)
    whole = width - width % (_WAYS * lanes)
    if whole == width:
        return _cascade(x)
    short = x.nbytes < _SMALL and terms < _WAYS * _SHORT
    if short and x.ndim == 2 and width > whole + 1:
        rest = _short(x[:, whole:].reshape(-1), width - whole, width - whole)
        return np.concatenate((_cascade(x[:, :whole]), rest)) if whole else rest
    rest = _interleaved(np.ascontiguousarray(x[..., whole:]))
    return np.concatenate((_cascade(x[..., :whole]), rest), -1) if whole else rest


class _Walk:
    """How PyTorch walks through an array to sum it over some of its axes.

    `order` are the axes as they are walked, the slowest first, none where they stand in that order,
    `lengths` those of what is left when neighbours that form one stride are joined, `kept` the
    number of results, `planes` how many sums of the innermost loop each of them is made of, none
    where each is a single element. `columns` says whether that loop goes down the columns of the
    fastest two, which then stand in that order, `lanes` how many elements it takes at once.
    """

    __slots__ = ("columns", "kept", "lanes", "lengths", "order", "planes", "shape")

    order: tuple[int, ...] | None
    lengths: tuple[int, ...]
    kept: int
    planes: int
    columns: bool
    lanes: int
    shape: tuple[int, ...]  # of the result


@lru_cache(maxsize=4096)
def _plan(
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    axes: tuple[int, ...],
    keepdims: bool,
    size: int,
) -> _Walk:
    """The walk through an array of elements of `size` bytes."""
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
    groups: list[list[int]] = []  # the axes of each
    for axis in order:
        last = joined[-1] if joined else None
        if last and last[0] * last[1] == strides[axis] and last[0] * last[2] == out[axis]:
            last[0] *= shape[axis]
            groups[-1].insert(0, axis)
        else:
            joined.append([shape[axis], strides[axis], out[axis]])
            groups.append([axis])

    walk = _Walk()
    walk.kept = math.prod(length for length, _, step in joined if step)
    summed = [length for length, _, step in joined if not step]
    walk.planes = math.prod(summed[1:]) if summed else 0
    (inner, stride), (outer, outer_stride) = [*(j[:2] for j in joined), [1, 0], [1, 0]][:2]
    walk.lanes = _VECTOR // size
    if stride == size and inner >= walk.lanes:
        walk.columns = False
    elif outer_stride == size and outer >= walk.lanes:
        walk.columns = True
    else:
        walk.lanes = 1
        walk.columns = stride >= outer_stride
    if walk.columns and not joined[1:]:
        joined.insert(0, [1, 0, 0])
        groups.insert(0, [])
    elif walk.columns:
        joined[:2] = reversed(joined[:2])
        groups[:2] = reversed(groups[:2])
    ones = [axis for axis in range(len(shape)) if shape[axis] == 1]
    places = [*ones, *(axis for group in reversed(groups) for axis in group)]
    walk.order = None if places == sorted(places) else tuple(places)
    walk.lengths = tuple(length for length, _, _ in reversed(joined))
    if len(joined) > 2:
        walk.lengths = (-1, *walk.lengths[-2:]) if walk.columns else (-1, walk.lengths[-1])
    if keepdims:
        walk.shape = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    else:
        walk.shape = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    return walk


def _walked(x: Array, walk: _Walk) -> Array:
    """The sums along a walk, one for each element of the result, in one dimension or more."""
    if walk.order is not None:
        x = x.transpose(walk.order)
    if x.shape != walk.lengths:
        x = x.reshape(walk.lengths)
    if x.strides[-1] != x.itemsize:
        x = np.ascontiguousarray(x)
    if walk.columns:
        sums = _columns(x, walk.lanes)
    else:
        sums = _row(x, walk.lanes) if x.ndim == 1 else _rows(x, walk.lanes)
    if walk.planes > 1:
        sums = sums.reshape(walk.kept, walk.planes)
        sums = in_order(sums[:, :, None])[:, 0] if walk.kept > 1 else in_order(sums.T)
    return sums


def add_up(
    x: Array, axes: tuple[int, ...], keepdims: bool = False, strides: tuple[int, ...] | None = None
) -> Array:
    """The sum of an array over axes that are not negative, in its dtype and PyTorch's order.

    `strides`, in bytes, are those that decide the order where `x` stands for an array of others.
    """
    if not x.ndim:
        return x + x.dtype.type(0)
    if x.dtype.kind not in "fc":
        return _reduce(x, axis=axes, keepdims=keepdims)
    size = x.size
    if len(axes) == x.ndim and not keepdims and x.flags.c_contiguous and size:
        if size <= _WAYS and x.dtype.kind == "f":  # there is one order only
            return _reduce(x, None) + 0.0
        lanes = _VECTOR // x.itemsize
        if size >= lanes and strides is None:
            return _row(x.reshape(-1), lanes)[0] + 0.0
    walk = _plan(x.shape, strides or x.strides, axes, keepdims, x.itemsize)
    if not size:
        return np.zeros(walk.shape, x.dtype)[()]
    sums = _walked(x, walk) if walk.planes else x
    # A sum starts from zero, which shows where all terms are negative zeros.
    if not walk.shape:
        return sums.reshape(-1)[0] + 0.0
    sums = sums + ZERO[sums.dtype.char]
    return sums if sums.shape == walk.shape else sums.reshape(walk.shape)


def add_up_blocks(part: Callable[[int, int], Any], count: int, dtype: Any, length: int) -> Array:
    """The sum of a contiguous array of which `part(start, stop)` gives the elements.

    They are asked for once, in order, about `length` at a time. The sum is that of the whole array.
    """
    lanes = _VECTOR // dtype.itemsize
    turns = count // lanes // _WAYS
    power = _power_of(turns)
    group = lanes * _WAYS << power
    length += -length % group
    sums = np.empty((turns >> power, lanes * _WAYS), dtype)
    done = 0
    for start in range(0, count, length):
        x = part(start, min(start + length, count))
        groups = min(len(x) // group, len(sums) - done)
        terms = x[: groups * group].reshape(groups, 1 << power, lanes * _WAYS)
        sums[done : done + groups] = in_order(terms)
        done += groups
        rest = x[groups * group :]
    whole = len(rest) - len(rest) % (lanes * _WAYS)
    left = in_order(rest[:whole].reshape(-1, lanes * _WAYS)) if whole else None
    result = _levels(sums, power, 1, left).reshape(_WAYS, lanes)
    vectors = len(rest) - len(rest) % lanes
    result = np.concatenate((result[:1], rest[whole:vectors].reshape(-1, lanes), result[1:]))
    result = np.concatenate((rest[vectors:], in_order(result)))
    return _accumulate(result)[-1] + dtype.type(0)
