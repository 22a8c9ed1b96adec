"""Sliding windows over arrays, as products of matrices: the kernels behind convolutions.

Three functions share one trilinear form, so each is a derivative of the others: `correlate` (input
and weight to output), `scatter` (output and weight to input) and `weigh` (input and output to
weight). Channels are second, spatial dimensions follow; weights are (out, in / groups, *kernel).

Note: with stride 1 rows are not cut at the right edge. The flattened input shifted by a window
offset is one long run, so gathering columns copies long runs and BLAS works on the "wide" output,
whose few surplus columns are dropped afterwards. Batches are worked off in blocks that fit the
processor's cache.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

_BLOCK = 1 << 20  # bytes of gathered columns that are worked on at once
_KEPT = 1 << 22  # bytes up to which work space is kept from one call to the next

_spaces: dict[str, Any] = {}


def _space(name: str, shape: tuple[int, ...], dtype: Any) -> Any:
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


def padded(x: Any, padding: Sizes, value: Any = 0) -> Any:
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


def offsets(kernel: Sizes) -> Iterator[tuple[int, ...]]:
    """Every position inside a window, in row-major order."""
    return itertools.product(*map(range, kernel))


class _Grid:
    """Where the windows over a padded input lie in memory; all counts in elements."""

    def __init__(
        self, shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, out: Sizes
    ) -> None:
        self.kernel = tuple(kernel)
        self.taps = math.prod(kernel)
        self.out = tuple(out)
        steps = [1]
        for length in reversed(shape[1:]):
            steps.insert(0, steps[0] * length)
        self.volume = math.prod(shape)
        self.row = tuple(s * step for s, step in zip(stride, steps, strict=True))
        self.tap = tuple(d * step for d, step in zip(dilation, steps, strict=True))
        self.wide = all(s == 1 for s in stride)
        if self.wide:
            self.length = sum((n - 1) * s for n, s in zip(out, self.row, strict=True)) + 1
        else:
            self.length = math.prod(out)
        self.exact = self.length == math.prod(out)

    def columns(self, x: Any, channels: int) -> Any:
        """The windows of contiguous images: (images, channels * taps, length)."""
        size = x.itemsize
        lead = (channels * self.volume * size, self.volume * size)
        taps = tuple(size * step for step in self.tap)
        if self.wide:
            view = as_strided(
                x, (len(x), channels, *self.kernel, self.length), (*lead, *taps, size)
            )
        else:
            rows = tuple(size * step for step in self.row)
            view = as_strided(x, (len(x), channels, *self.kernel, *self.out), (*lead, *taps, *rows))
        columns = _space("columns", view.shape, x.dtype)
        np.copyto(columns, view)
        return columns.reshape(len(x), channels * self.taps, self.length)

    def spread(self, y: Any) -> Any:
        """Outputs (images, channels, *out) with `length` elements a channel, zeros between."""
        if self.exact:
            return y.reshape(*y.shape[:2], self.length)
        wide = _space("wide", (*y.shape[:2], self.length), y.dtype)
        wide.fill(0)
        self.window(wide)[...] = y
        return wide

    def window(self, wide: Any) -> Any:
        """The wanted elements of wide outputs, as a view (images, channels, *out)."""
        if self.exact:
            return wide.reshape(*wide.shape[:2], *self.out)
        size = wide.itemsize
        return as_strided(
            wide, (*wide.shape[:2], *self.out), (*wide.strides[:2], *(size * s for s in self.row))
        )

    def block(self, channels: int, itemsize: int) -> int:
        """How many images to work on at once."""
        each = channels * self.taps * self.length * itemsize
        return max(1, _BLOCK // max(each, 1))


def correlate(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The sum over each window of its elements times the weights."""
    kernel = weight.shape[2:]
    out = output_sizes(x.shape[2:], kernel, stride, padding, dilation)
    x = padded(x, padding)
    count, channels = x.shape[:2]
    grid = _Grid(x.shape[2:], kernel, stride, dilation, out)
    filters = len(weight)
    matrices = weight.reshape(groups, filters // groups, -1)
    result = np.empty((count, filters, *out), np.result_type(x, weight))
    if not result.size:
        return result
    step = grid.block(channels, x.itemsize)
    shift = None if bias is None else bias.reshape(-1, *(1 for _ in out))
    for start in range(0, count, step):
        part = x[start : start + step]
        columns = grid.columns(part, channels)
        if groups > 1:
            columns = columns.reshape(len(part), groups, -1, grid.length)
            wide = np.matmul(matrices, columns).reshape(len(part), filters, -1)
        else:
            wide = _space("wide", (len(part), filters, grid.length), result.dtype)
            np.matmul(matrices[0], columns, out=wide)
        target = result[start : start + step]
        if shift is None:
            target[...] = grid.window(wide)
        else:
            np.add(grid.window(wide), shift, out=target)
    return result


def scatter(
    y: Any,
    weight: Any,
    sizes: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """The transpose of `correlate`: outputs spread back over an input of spatial `sizes`."""
    kernel = weight.shape[2:]
    full = tuple(n + 2 * p for n, p in zip(sizes, padding, strict=True))
    count, filters = y.shape[:2]
    channels = weight.shape[1] * groups
    grid = _Grid(full, kernel, stride, dilation, y.shape[2:])
    x = np.zeros((count, channels, *full), np.result_type(y, weight))
    if not x.size or not y.size:
        return crop(x, padding)
    matrices = weight.reshape(groups, filters // groups, -1).transpose(0, 2, 1)
    flat = x.reshape(count, channels, grid.volume)
    step = grid.block(channels, y.itemsize)
    for start in range(0, count, step):
        part = grid.spread(np.ascontiguousarray(y[start : start + step]))
        if groups > 1:
            columns = np.matmul(matrices, part.reshape(len(part), groups, -1, grid.length))
        else:
            columns = _space("columns", (len(part), channels * grid.taps, grid.length), x.dtype)
            np.matmul(matrices[0], part, out=columns)
        columns = columns.reshape(len(part), channels, grid.taps, grid.length)
        target = flat[start : start + step]
        for index, place in enumerate(offsets(kernel)):
            origin = sum(p * t for p, t in zip(place, grid.tap, strict=True))
            if grid.wide:
                target[:, :, origin : origin + grid.length] += columns[:, :, index]
            else:
                view = as_strided(
                    target[:, :, origin:],
                    (*target.shape[:2], *grid.out),
                    (*target.strides[:2], *(target.itemsize * r for r in grid.row)),
                )
                view += columns[:, :, index].reshape(view.shape)
    return crop(x, padding)


def crop(x: Any, padding: Sizes) -> Any:
    """`x` without its border."""
    if not any(padding):
        return x
    inner = tuple(slice(p, n - p) for p, n in zip(padding, x.shape[-len(padding) :], strict=True))
    return np.ascontiguousarray(x[(..., *inner)])


def weigh(
    x: Any,
    y: Any,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> Any:
    """For each weight, the sum of the products of the inputs and outputs that it joins."""
    x = padded(x, padding)
    count, channels = x.shape[:2]
    filters = y.shape[1]
    grid = _Grid(x.shape[2:], kernel, stride, dilation, y.shape[2:])
    dtype = np.result_type(x, y)
    total = np.zeros((groups, filters // groups, channels // groups * grid.taps), dtype)
    if x.size and y.size:
        step = grid.block(channels, x.itemsize)
        for start in range(0, count, step):
            part = x[start : start + step]
            columns = grid.columns(part, channels)
            columns = columns.reshape(len(part), groups, -1, grid.length)
            outputs = grid.spread(np.ascontiguousarray(y[start : start + step]))
            outputs = outputs.reshape(len(part), groups, -1, grid.length)
            products = np.matmul(outputs, columns.swapaxes(2, 3))
            total += products[0] if len(part) == 1 else products.sum(0)
    return total.reshape(filters, channels // groups, *kernel)
