"""Sliding windows over arrays, as products of matrices: the kernels behind convolutions.

Three functions share one trilinear form, so each is a derivative of the others: `correlate` (input
and weight to output), `scatter` (output and weight to input) and `weigh` (input and output to
weight). Channels are second, spatial dimensions follow; weights are (out, in / groups, *kernel).

Note: with stride 1 rows are not cut at the right edge. The flattened input shifted by a window
offset is one long run, so gathering columns copies long runs and BLAS works on the "wide" output,
whose few surplus columns are dropped afterwards. Everything is worked off in blocks that fit the
processor's cache: of several images, or of a part of one.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from ..tensor.runtime import runtime
from .strides import strided

_BLOCK = 1 << 20  # bytes of columns that are worked on at once
_KEPT = 1 << 22  # bytes up to which work space is kept from one call to the next
_LEAST = 256  # positions that a block has at least
_SMALL = 1 << 20  # multiplications of a product that BLAS does without repacking its operands

_spaces: dict[str, Any] = {}


def _space(name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uninitialized work space, the same memory at every call: fresh pages cost more than BLAS."""
    size = math.prod(shape) * dtype.itemsize
    if size > _KEPT:
        return np.empty(shape, dtype)
    memory = _spaces.get(name)
    if memory is None or memory.nbytes < size:
        memory = _spaces[name] = np.empty(size, np.uint8)
    return memory[:size].view(dtype).reshape(shape)


Sizes = Sequence[int]


def output_sizes(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> tuple[int, ...]:
    """The number of window positions along each dimension."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True)
    )


def padded(x: Array, padding: Sizes, value: Any = 0) -> Array:
    """`x` with a border along its last dimensions; contiguous."""
    if not any(padding):
        return np.ascontiguousarray(x)
    rank = len(padding)
    shape = x.shape[:-rank] + tuple(
        n + 2 * p for n, p in zip(x.shape[-rank:], padding, strict=True)
    )
    out = np.full(shape, value, x.dtype) if value else np.zeros(shape, x.dtype)
    inner = tuple(slice(p, p + n) for n, p in zip(x.shape[-rank:], padding, strict=True))
    out[(..., *inner)] = x  # type: ignore[index]
    return out


class _Grid:
    """Where the windows over padded images lie in memory; all counts in elements.

    With stride 1 (`wide`) the positions of an image are one run of `length` elements: rows are not
    cut at the right edge. Otherwise they are the outputs, row by row.
    """

    def __init__(self, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes):
        self.kernel = kernel
        self.taps = math.prod(kernel)
        self.full = tuple(n + 2 * p for n, p in zip(sizes, padding, strict=True))
        self.out = output_sizes(sizes, kernel, stride, padding, dilation)
        steps = [1]
        for length in reversed(self.full[1:]):
            steps.insert(0, steps[0] * length)
        self.volume = math.prod(self.full)
        self.row = tuple(s * step for s, step in zip(stride, steps, strict=True))
        self.tap = tuple(d * step for d, step in zip(dilation, steps, strict=True))
        self.origins = tuple(
            sum(p * t for p, t in zip(place, self.tap, strict=True))
            for place in itertools.product(*map(range, kernel))
        )
        self.wide = all(s == 1 for s in stride)
        self.length = math.prod(self.out)
        if self.wide:
            self.length = sum((n - 1) * s for n, s in zip(self.out, self.row, strict=True)) + 1
        self.exact = self.length == math.prod(self.out)
        # In a wide grid with little waste a tap is one shift of the memory of many channels.
        self.whole = self.wide and 4 * self.volume <= 5 * self.length

    def columns(self, x: Array, groups: int, start: int, length: int) -> Array:
        """The windows at `length` positions: (groups, channels * taps, images * positions)."""
        count, channels = x.shape[:2]
        if self.taps == 1 and count == 1 and self.wide:
            return x.reshape(groups, -1, self.volume)[:, :, start : start + length]
        lead = (channels, *self.kernel)
        steps = (self.volume, *self.tap)
        image = self.volume * channels
        if self.length == 1:  # a window is a row of the input
            columns = _space("columns", (count, *lead), x.dtype)
            np.copyto(columns, strided(x, columns.shape, (image, *steps)))
            return columns.reshape(count, groups, -1).transpose(1, 2, 0)
        if self.wide:
            view = strided(x, (*lead, count, length), (*steps, image, 1), start)
        else:
            view = strided(x, (*lead, count, *self.out), (*steps, image, *self.row))
        columns = _space("columns", view.shape, x.dtype)
        np.copyto(columns, view)
        return columns.reshape(groups, -1, count * length)

    def spread(self, y: Array, run: int) -> Array:
        """Outputs as (channels, images, run), with zeros between.

        Where fewer were computed than windows fit, as for a transposed convolution with an output
        padding of a stride and more, the rest are zeros.
        """
        count, channels, *lengths = y.shape
        if tuple(lengths) != self.out:
            wide = _space("wide", (channels, count, run), y.dtype)
            wide.fill(0)
            self.window(wide)[(..., *map(slice, lengths))] = y
            return wide
        if self.exact and count == 1 and run == self.length:
            return np.ascontiguousarray(y).reshape(channels, 1, run)
        wide = _space("wide", (channels, count, run), y.dtype)
        if not (self.exact and run == self.length):
            wide.fill(0)
        self.window(wide)[...] = y
        return wide

    def window(self, wide: Array) -> Array:
        """The wanted elements of wide outputs, as a view (images, channels, *out)."""
        channels, count = wide.shape[:2]
        if self.exact and wide.shape[2] == self.length:
            return wide.reshape(channels, count, *self.out).swapaxes(0, 1)
        run = wide.shape[2]
        return strided(wide, (count, channels, *self.out), (run, count * run, *self.row))

    def blocks(self, count: int, each: int) -> Iterator[slice]:
        """The images to work on at once, when the columns of one have `each` bytes."""
        step = max(_BLOCK // max(each, 1), _LEAST // self.length, 1)
        for start in runtime.watched(range(0, count, step)):
            yield slice(start, min(start + step, count))

    def runs(self, count: int, row: int) -> Iterator[tuple[int, int]]:
        """Start and number of the positions to work on at once; a column has `row` bytes."""
        step = self.length
        if self.wide and count == 1:
            step = max(_LEAST, _BLOCK // max(row, 1))
        for start in runtime.watched(range(0, self.length, step)):
            yield start, min(step, self.length - start)


_grid = functools.lru_cache(256)(_Grid)


def _apart(array: Array, count: int, work: int) -> Array:
    """(groups, rows, images * positions), or an axis of images in front for products of `work`.

    Small products are quicker one by one than as one wide product, which BLAS repacks first.
    """
    groups, rows, total = array.shape
    if work > _SMALL * count or total < _LEAST // 4 * count:
        return array
    return array.reshape(groups, rows, count, -1).transpose(2, 0, 1, 3)


def correlate(
    x: Array,
    weight: Array,
    bias: Array,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """The sum over each window of its elements times the weights."""
    grid = _grid(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    count, channels = x.shape[:2]
    filters = len(weight)
    result = np.empty((count, filters, *grid.out), np.result_type(x, weight))
    if not result.size:
        return result
    matrices = weight.reshape(groups, filters // groups, -1)
    row = channels * grid.taps * x.itemsize
    shift = None if bias is None else bias.reshape(-1, *(1 for _ in grid.out))
    for block in grid.blocks(count, row * grid.length):
        images = padded(x[block], padding)
        target = result[block]
        direct = grid.exact and len(images) == 1
        wide = target
        if not direct:
            wide = _space("wide", (filters, len(images), grid.length), result.dtype)
        products = wide.reshape(groups, filters // groups, -1)
        for start, length in grid.runs(len(images), row):
            columns = grid.columns(images, groups, start, length)
            part = products[..., start : start + columns.shape[2]]
            work = matrices[0].size * columns.shape[2]
            columns, part = (_apart(array, len(images), work) for array in (columns, part))
            np.matmul(matrices, columns, out=part)
        found = target if direct else grid.window(wide)
        if shift is not None:
            np.add(found, shift, out=target)
        elif not direct:
            target[...] = found
    return result


def scatter(
    y: Array,
    weight: Array,
    sizes: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """The transpose of `correlate`: outputs spread back over an input of spatial `sizes`."""
    count, filters = y.shape[:2]
    inner = weight.shape[1]
    channels = inner * groups
    dtype = np.result_type(y, weight)
    x = np.empty((count, channels, *sizes), dtype)
    if not y.size or not weight.size:
        x.fill(0)
        return x
    grid = _grid(tuple(sizes), weight.shape[2:], stride, padding, dilation)
    taps = grid.taps
    matrices = weight.reshape(groups, filters // groups, inner, taps).transpose(0, 3, 2, 1)
    matrices = matrices.reshape(groups, taps * inner, filters // groups)
    run = grid.volume if grid.whole else grid.length
    row = channels * run * y.itemsize
    for block in grid.blocks(count, taps * row):
        part = grid.spread(y[block], run)
        images = part.shape[1]
        part = part.reshape(groups, -1, images * run)
        total = _space("total", (groups, inner, images, grid.volume), dtype)
        total.fill(0)
        step = max(1, _BLOCK // (images * row))
        for first in runtime.watched(range(0, taps, step)):
            origins = grid.origins[first : first + step]
            columns = _space("columns", (groups, len(origins), inner, images, run), dtype)
            used = matrices[:, first * inner : (first + len(origins)) * inner]
            products = np.matmul if filters > groups else np.multiply  # of one column and one row
            products(used, part, out=columns.reshape(groups, -1, images * run))
            for index, origin in enumerate(origins):
                if grid.whole:
                    target = total.reshape(groups, -1)[:, origin:]
                    target += columns[:, index].reshape(groups, -1)[:, : target.shape[1]]
                else:
                    shape = (channels * images, *((run,) if grid.wide else grid.out))
                    steps = (grid.volume, *((1,) if grid.wide else grid.row))
                    target = strided(total, shape, steps, origin)
                    target += columns[:, index].reshape(target.shape)
        shaped = total.reshape(channels, images, *grid.full).swapaxes(0, 1)
        x[block] = crop(shaped, padding)
    return x


def crop(x: Array, padding: Sizes) -> Array:
    """`x` without its border, as a view."""
    inner = tuple(slice(p, n - p) for p, n in zip(padding, x.shape[-len(padding) :], strict=True))
    return x[(..., *inner)]


def weigh(
    x: Array,
    y: Array,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Array:
    """For each weight, the sum of the products of the inputs and outputs that it joins."""
    count, channels = x.shape[:2]
    filters = y.shape[1]
    if not x.size or not y.size:
        return np.zeros((filters, channels // groups, *kernel), np.result_type(x, y))
    grid = _grid(x.shape[2:], tuple(kernel), stride, padding, dilation)
    row = channels * grid.taps * x.itemsize
    total: Any = None
    for block in grid.blocks(count, row * grid.length):
        images = padded(x[block], padding)
        outputs = grid.spread(y[block], grid.length).reshape(groups, filters // groups, -1)
        for start, length in grid.runs(len(images), row):
            columns = grid.columns(images, groups, start, length)
            part = outputs[..., start : start + columns.shape[2]]
            work = part[0].size * columns.shape[1]
            columns, part = (_apart(array, len(images), work) for array in (columns, part))
            products = np.matmul(columns, part.swapaxes(-1, -2))
            if products.ndim > 3:
                products = products.sum(0)
            total = products if total is None else np.add(total, products, out=total)
    return total.swapaxes(1, 2).reshape(filters, channels // groups, *kernel)
