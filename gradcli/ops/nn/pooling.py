"""Pooling: the maximum, mean or p-norm of windows, of given sizes or adapted to an output size.

Maxima are found tap by tap over strided views; their derivative goes to the element found first.
Means are products with one small matrix a dimension, which also serves adaptive windows.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...kernels.strides import in_format_of
from ...table.dtype_rules import real_only
from ...table.entry import op
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, unsupported
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from ..creation.tensors import check_size

Sizes = tuple[int, ...]


def spread(name: str, what: str, value: Any, dims: int) -> Sizes:
    """One number for every dimension, or a list of as many."""
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        return sizes * dims
    if len(sizes) != dims:
        word = ("", "one int", "two ints", "three ints")[dims]
        wanted = "omitted, a single int," if what == "stride" else "a single int,"
        raise RuntimeError(f"{name}: {what} {_must(name, what)} {wanted} or a tuple of {word}")
    return sizes


def _must(name: str, what: str) -> str:
    """How PyTorch's sentence about a setting begins, which differs from kernel to kernel."""
    if name == "avg_pool3d":
        return "must be"
    return "must be either" if what == "dilation" else "must either be"


def _positions(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil: bool) -> int:
    """The number of windows along a dimension."""
    reach = size + 2 * pad - dilation * (kernel - 1) - 1
    count = (reach + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= size + pad:
        count -= 1  # the last window must start inside the input or its left padding
    return count


def _windows(
    shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil: bool
) -> Sizes:
    return tuple(
        _positions(n, k, s, p, d, ceil)
        for n, k, s, p, d in zip(
            shape[-len(kernel) :], kernel, stride, padding, dilation, strict=True
        )
    )


class _Taps(NamedTuple):
    """Where the elements of windows are, tap by tap.

    `out` are the numbers of windows and `full` the sizes with padding, in which the input stands
    at `inner`, none where they are its own. `places` has for each tap the elements that it meets,
    one of each window. A tap's element stands `ways[tap]` after the window's `begin` in the
    flattened input.
    """

    out: Sizes
    full: Sizes
    inner: tuple[Any, ...] | None
    places: tuple[tuple[Any, ...], ...]
    ways: Any
    begin: Any


def _find_taps(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil: bool
) -> _Taps:
    out = _windows(sizes, kernel, stride, padding, dilation, ceil)
    ends = [
        (n - 1) * s + d * (k - 1) + 1
        for n, s, d, k in zip(out, stride, dilation, kernel, strict=True)
    ]
    full = tuple(max(p + n, end) for n, p, end in zip(sizes, padding, ends, strict=True))
    inner = (..., *(slice(p, p + n) for n, p in zip(sizes, padding, strict=True)))
    places, ways = [], []
    steps = [math.prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
    runtime.reserve(256 * math.prod(kernel))
    for tap in runtime.watched(itertools.product(*map(range, kernel))):
        starts = [i * d for i, d in zip(tap, dilation, strict=True)]
        ways.append(sum(map(operator.mul, starts, steps)))
        places.append(
            (
                ...,
                *(
                    slice(start, start + (n - 1) * s + 1, s)
                    for start, n, s in zip(starts, out, stride, strict=True)
                ),
            )
        )
    begin: Any = 0
    for axis, step in enumerate(steps):
        own = (np.arange(out[axis]) * stride[axis] - padding[axis]) * step
        begin = begin + own.reshape((-1,) + (1,) * (len(sizes) - axis - 1))
    return _Taps(
        out, full, None if full == sizes else inner, tuple(places), np.array(ways, np.int64), begin
    )


_KEPT = 64  # settings whose taps and divisors are kept
_known_taps = functools.lru_cache(_KEPT)(_find_taps)


def _is_small(sizes: Sizes, kernel: Sizes) -> bool:
    """Whether what belongs to these windows is worth the memory that keeps it."""
    return math.prod(sizes) <= 1 << 14 and math.prod(kernel) <= 1 << 8


def _taps(sizes: Sizes, kernel: Sizes, *settings: Any) -> _Taps:
    find = _known_taps if _is_small(sizes, kernel) else _find_taps
    return find(sizes, kernel, *settings)


def _with_padding(self: Any, taps: _Taps, value: Any) -> Any:
    if taps.inner is None:
        return self
    data: Any = np.full((*self.shape[: self.ndim - len(taps.full)], *taps.full), value, self.dtype)
    data[taps.inner] = self
    return data


# --- maximum ----------------------------------------------------------------------------------


def _lowest(dtype: Any) -> Any:
    return dtype.type(-math.inf) if dtype.kind == "f" else np.iinfo(dtype).min


def _max_pool(
    self: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Any, Any]:
    sizes = self.shape[self.ndim - len(kernel_size) :]
    settings = (tuple(kernel_size), tuple(stride), tuple(padding), tuple(dilation))
    taps = _taps(sizes, *settings, ceil_mode)
    low = _lowest(self.dtype)
    data = _with_padding(self, taps, low)
    views = [data[place] for place in taps.places]
    best = np.array(views[0], order="C")
    for view in runtime.watched(views[1:]):
        np.maximum(best, view, out=best)
    if best.size and not np.minimum.reduce(best, None) > low:  # nor where one is NaN
        first = _first_taps(taps.out, *settings[1:], settings[0])
        best, chosen = _last_nan(views, low, first)
    else:
        chosen = _first_of(views, best)
    index = taps.ways.take(chosen)
    index += taps.begin
    return best, index


def _first_of(views: Sequence[Any], best: Any) -> Any:
    """The number of the first view that has each maximum: of those before, none has it."""
    taps = np.zeros(best.shape, np.uint8 if len(views) < 256 else np.intp)
    before = np.ones(best.shape, np.bool_)
    for view in runtime.watched(views[:-1]):
        before &= view != best
        taps += before
    return taps


def _last_nan(views: Sequence[Any], low: Any, first: Any) -> tuple[Any, Any]:
    """Maxima and their taps where NaN counts as greatest, the last one, or nothing is above `low`.

    `first` has the tap that stands for a window without an element above.
    """
    best = np.full(views[0].shape, low, views[0].dtype)
    taps = np.zeros(best.shape, np.intp)
    taps += first
    for index, view in enumerate(runtime.watched(views)):
        better = (view > best) | (view != view)
        np.copyto(best, view, where=better)
        np.copyto(taps, index, where=better)
    return best, taps


def _first_taps(out: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, kernel: Sizes) -> Any:
    """The first tap of each window that is inside the input."""
    total: Any = 0
    for axis, (n, s, p, d, k) in enumerate(
        zip(out, stride, padding, dilation, kernel, strict=True)
    ):
        begin = np.arange(n) * s - p
        tap = np.minimum(np.maximum(-(begin // d), 0), k - 1)
        shape = (-1,) + (1,) * (len(out) - axis - 1)
        total = total + tap.reshape(shape) * math.prod(kernel[axis + 1 :])
    return total


def _gather_windows(self: Any, index: Any, dims: int) -> Any:
    lead = self.shape[: self.ndim - dims]
    flat = self.reshape(*lead, -1)
    picked = np.take_along_axis(flat, index.reshape(*lead, -1), -1)
    return picked.reshape(index.shape)


def _scatter_windows(self: Any, index: Any, sizes: Any) -> Any:
    lead = self.shape[: self.ndim - len(sizes)]
    rows, volume = math.prod(lead), math.prod(sizes)
    places = index.reshape(rows, -1) + np.arange(rows)[:, None] * volume
    out = np.zeros(rows * volume, self.dtype)
    np.add.at(out, places.ravel(), self.ravel())
    return out.reshape(*lead, *sizes)


op(
    "_window_gather(Tensor self, Tensor index, int dims)",
    kernel=_gather_windows,
    vjp={
        "self": lambda F, g, index, dims, self_shape: F._window_scatter(
            g, index, tuple(self_shape[len(self_shape) - dims :])
        )
    },
    jvp={"self": lambda F, t, index, dims: F._window_gather(t, index, dims)},
    node="GatherBackward0",
    where=(),
    doc="Elements at flat spatial positions.",
    samples=lambda S: [S(S.normal(2, 5), S.integers(0, 5, 2, 3), 1)],
)
op(
    "_window_scatter(Tensor self, Tensor index, int[] sizes)",
    kernel=_scatter_windows,
    vjp={"self": lambda F, g, index, sizes: F._window_gather(g, index, len(sizes))},
    jvp={"self": lambda F, t, index, sizes: F._window_scatter(t, index, sizes)},
    node="ScatterBackward0",
    where=(),
    doc="Adds elements up at flat spatial positions.",
    samples=lambda S: [S(S.normal(2, 3), S.integers(0, 5, 2, 3), (5,))],
)


def _empty(name: str, shape: Sizes) -> str:
    """PyTorch's sentence for an input whose channels or sides are empty."""
    if not name.endswith("3d"):
        return (
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{list(shape)}"
        )
    called = "max_pool3d_with_indices_out_cpu_template" if "max" in name else name
    return (
        f"{called}(): Expected input's non-batch dimensions to have positive length, but input has "
        f"a shape of {list(shape)} and non-batch dimension 0 has length zero!"
    )


def _check_windows(
    name: str,
    shape: Sizes,
    dims: int,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil: bool,
) -> None:
    for word, letter, values in (
        ("kernel size", "k", kernel),
        ("stride", "d", stride),
        ("dilation", "dilation", dilation),
    ):
        if any(n <= 0 for n in values):
            if word == "stride" and 0 in values:
                raise RuntimeError("stride should not be zero")
            raise RuntimeError(
                f"{word} should be greater than zero, but got "
                + " ".join(
                    f"{letter}{axis}: {n}" for axis, n in zip("THW"[-dims:], values, strict=True)
                )
            )
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > (d * (k - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
    fits = len(shape) in (dims + 1, dims + 2)
    if not fits and (dims == 3 or "max" in name):
        raise RuntimeError(
            f"non-empty {dims + 1}D or {dims + 2}D (batch mode) tensor expected for input"
        )
    if not fits:
        wrap_dim(-dims - 1, len(shape))
    if not fits or 0 in shape[len(shape) - dims - 1 :]:
        raise RuntimeError(_empty(name, shape))
    out = _windows(shape, kernel, stride, padding, dilation, ceil)
    if min(out) < 1:
        channels = shape[-dims - 1]
        given = "x".join(map(str, shape[-dims - 1 :]))
        found = "x".join(map(str, (channels, *(max(n, 0) for n in out))))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({found}). Output size is too "
            "small"
        )


def _check_max(
    name: str,
    self: Tensor,
    dims: int,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil: bool,
) -> None:
    _check_windows(name, shape_of(self), dims, kernel, stride, padding, dilation, ceil)
    if self.dtype.is_complex or self.dtype is dtypes.bool_:
        raise unsupported(name, self.dtype)


def _define_max(dims: int) -> None:
    name = f"max_pool{dims}d"
    node = f"MaxPool{dims}DWithIndicesBackward0"
    kernel = f"_{name}"
    if dims > 1:
        op(
            f"{kernel}(Tensor self, int[] kernel_size, int[] stride, int[] padding, "
            "int[] dilation, bool ceil_mode)",
            kernel=in_format_of(1, _max_pool),
            keeps_layout=True,
            vjp={
                "self": lambda F, g, out1, self_shape, kernel_size: F._window_scatter(
                    g, out1, tuple(self_shape[len(self_shape) - len(kernel_size) :])
                )
            },
            keeps={"self": ("self", "stride", "padding", "dilation", "ceil_mode")},
            fused={"self": f"MaxPool{dims}DWithIndicesBackwardBackward0 g self=0"},
            jvp={
                "self": lambda F, t, out1, kernel_size: (
                    F._window_gather(t, out1, len(kernel_size)),
                    None,
                )
            },
            outputs=2,
            constant=(1,),
            check=lambda self, k, s, p, d, c: _check_max(name, self, dims, k, s, p, d, c),
            node=node,
            where=(),
            doc=f"The kernel of `{name}`.",
            samples=lambda S: [
                S(
                    S.distinct(1, 2, *(4,) * dims),
                    (2,) * dims,
                    (2,) * dims,
                    (0,) * dims,
                    (1,) * dims,
                    False,
                ),
                S(
                    S.distinct(2, *(3,) * dims),
                    (2,) * dims,
                    (1,) * dims,
                    (1,) * dims,
                    (1,) * dims,
                    True,
                ),
            ],
        )

    def pooled(
        F: Namespace,
        input: Any,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        ceil_mode: bool,
        return_indices: bool,
    ) -> Any:
        k = spread(name, "kernel_size", kernel_size, dims)
        s = k if stride is None or stride == () else spread(name, "stride", stride, dims)
        p = spread(name, "padding", padding, dims)
        d = spread(name, "dilation", dilation, dims)
        if dims == 1:
            if ndim(input) not in (2, 3) or 0 in tuple(input.shape)[-2:]:
                raise RuntimeError(
                    "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch "
                    f"size for input, but got:{list(input.shape)}"
                )
            wide = F.unsqueeze(input, -2)
            values, index = F._max_pool2d(wide, (1, *k), (1, *s), (0, *p), (1, *d), ceil_mode)
            values, index = F.squeeze_dim(values, -2), F.squeeze_dim(index, -2)
        else:
            values, index = getattr(F, kernel)(input, k, s, p, d, ceil_mode)
        return (values, index) if return_indices else values

    op(
        f"{name}(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, "
        "int[] dilation=1, bool ceil_mode=False, bool return_indices=False)",
        composite=pooled,
        where=("F", "torch"),
        doc="The maximum of each window.",
        samples=lambda S: [
            S(S.distinct(1, 2, *(4,) * dims), 2),
            S(S.distinct(2, *(3,) * dims), 2, stride=1, padding=1, ceil_mode=True),
        ],
    )
    if dims == 1:
        op(
            "max_pool1d_pair(Tensor self, int[] kernel_size, int[]? stride=None, int[] padding=0, "
            "int[] dilation=1, bool ceil_mode=False)",
            name=f"{name}_with_indices",
            composite=lambda F, self, k, s, p, d, c: pooled(F, self, k, s, p, d, c, True),
            where=("torch",),
            prelude="",
            doc="The maximum of each window and where it is.",
            samples=lambda S: [S(S.distinct(1, 2, 4), 2), S(S.distinct(2, 5), 2, 1, 1)],
        )
    op(
        f"{name}_with_indices(Tensor input, int[] kernel_size, int[]? stride=None, "
        "int[] padding=0, int[] dilation=1, bool ceil_mode=False, bool return_indices=False)",
        composite=lambda F, input, k, s, p, d, c, r: pooled(F, input, k, s, p, d, c, True),
        where=("F",),
        doc="The maximum of each window and where it is.",
        samples=lambda S: [S(S.distinct(1, 2, *(4,) * dims), 2)],
    )


# --- adaptive maximum -------------------------------------------------------------------------


def _adaptive_bounds(size: int, out: int) -> list[tuple[int, int]]:
    return [(i * size // out, -((-(i + 1) * size) // out)) for i in range(out)]


def _adaptive_max(self: Any, output_size: Any) -> tuple[Any, Any]:
    dims = len(output_size)
    sizes = self.shape[-dims:]
    lead = self.shape[:-dims]
    check_size((*lead, *output_size), FROM_ARRAY[self.dtype])
    values: Any = np.empty((*lead, *output_size), self.dtype)
    index: Any = np.empty((*lead, *output_size), np.int64)
    bounds = [_adaptive_bounds(n, m) for n, m in zip(sizes, output_size, strict=True)]
    numbers = np.arange(math.prod(sizes)).reshape(sizes)
    for place in runtime.watched(itertools.product(*map(range, output_size))):
        window = tuple(slice(*bounds[axis][i]) for axis, i in enumerate(place))
        part = self[(..., *window)]
        part = part.reshape(*lead, math.prod(part.shape[len(lead) :]))
        best = np.argmax(part, -1)
        values[(..., *place)] = np.take_along_axis(part, best[..., None], -1)[..., 0]
        index[(..., *place)] = numbers[window].ravel()[best]
    return values, index


def pooled_size(name: str, output_size: Any, input: Any, dims: int) -> Sizes:
    """The `dims` lengths of an adaptive pooling; None stands for that of the input.

    Raises RuntimeError or ValueError for as many lengths as do not fit.
    """
    sizes = (output_size,) * dims if isinstance(output_size, int) else tuple(output_size)
    if dims == 1 and len(sizes) != 1:
        raise RuntimeError(
            f"{name}() argument 'output_size' should contain one int (got {len(sizes)})"
        )
    if len(sizes) == 1:
        sizes = sizes * dims
    if len(sizes) >= ndim(input):
        raise ValueError(f"Input dimension should be at least {len(sizes) + 1}")
    return tuple(
        input.shape[ndim(input) - dims + axis] if n is None else n for axis, n in enumerate(sizes)
    )


def _define_adaptive_max(dims: int) -> None:
    name = f"adaptive_max_pool{dims}d"
    if dims > 1:
        op(
            f"_{name}(Tensor self, int[] output_size)",
            kernel=in_format_of(1, _adaptive_max),
            keeps_layout=True,
            vjp={
                "self": lambda F, g, out1, self_shape, output_size: F._window_scatter(
                    g, out1, tuple(self_shape[len(self_shape) - len(output_size) :])
                )
            },
            keeps={"self": ("self",)},
            fused={"self": f"AdaptiveMaxPool{dims}DBackwardBackward0 g self=0"},
            shows={"output_size": ""},
            jvp={
                "self": lambda F, t, out1, output_size: (
                    F._window_gather(t, out1, len(output_size)),
                    None,
                )
            },
            outputs=2,
            constant=(1,),
            check=lambda self, output_size: real_only(
                "adaptive_max_pool2d" if dims < 3 else "adaptive_max_pool3d_cpu", self
            ),
            node=f"AdaptiveMaxPool{dims}DBackward0",
            where=(),
            doc=f"The kernel of `{name}`.",
            samples=lambda S: [S(S.distinct(1, 2, *(4,) * dims), (3,) * dims)],
        )

    def pooled(F: Namespace, input: Any, output_size: Any, return_indices: bool) -> Any:
        _check_adaptive(name, input, dims)
        sizes = pooled_size(name, output_size, input, dims)
        if len(sizes) != dims:
            raise RuntimeError(f"{name}(): internal error: output_size.size() must be {dims}")
        if dims == 1:
            values, index = F._adaptive_max_pool2d(F.unsqueeze(input, -2), (1, *sizes))
            values, index = F.squeeze_dim(values, -2), F.squeeze_dim(index, -2)
        else:
            values, index = getattr(F, f"_{name}")(input, sizes)
        return (values, index) if return_indices else values

    op(
        f"{name}(Tensor input, Extents output_size, bool return_indices=False)",
        composite=pooled,
        where=("F",),
        doc="The maximum of as many windows as the output size asks for.",
        samples=lambda S: [S(S.distinct(1, 2, *(4,) * dims), 3)],
    )
    op(
        f"{name}_with_indices(Tensor input, Extents output_size, bool return_indices=False)",
        composite=lambda F, input, output_size, _: pooled(F, input, output_size, True),
        where=("F",),
        written="F",
        doc="The maximum of as many windows as the output size asks for, and where it is.",
        samples=lambda S: [S(S.distinct(1, 2, *(4,) * dims), 3)],
    )
    if dims == 1:
        op(
            "adaptive_max_pool1d_pair(Tensor self, Extents output_size)",
            name=name,
            composite=lambda F, self, output_size: pooled(F, self, output_size, True),
            where=("torch",),
            prelude="",
            doc="The maximum of as many windows as the output size asks for, and where it is.",
            samples=lambda S: [S(S.distinct(1, 2, 4), 3), S(S.distinct(2, 5), 2)],
        )


def _check_one_dimension(name: str, rank: int) -> None:
    if rank not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {rank}-dimensional tensor for argument #1 'self' "
            f"(while checking arguments for {name})"
        )


def _check_adaptive(name: str, input: Any, dims: int) -> None:
    rank = ndim(input)
    if dims == 1:
        _check_one_dimension(name, rank)
    elif rank not in (dims + 1, dims + 2):
        colon = ":" if "max" in name else ""
        raise RuntimeError(
            f"{name}(): Expected {dims + 1}D or {dims + 2}D tensor, but got{colon} "
            f"{list(input.shape)}"
        )
    for axis, length in enumerate(input.shape):
        if axis >= (1 if "max" in name else rank - dims) and length == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(input.shape)} with dimension {axis} being empty"
            )


# --- means ------------------------------------------------------------------------------------


def _average_matrix(n: int, k: int, s: int, p: int, ceil: bool) -> Any:
    """Ones where window i covers element j."""
    count = _positions(n, k, s, p, 1, ceil)
    begin = np.arange(count)[:, None] * s - p
    place = np.arange(n)
    return (begin <= place) & (place < begin + k)


def along(x: Any, matrices: Sequence[Any]) -> Any:
    """`x` with a matrix applied along each of its last dimensions."""
    rank = len(matrices)
    for axis, matrix in enumerate(matrices):
        moved = np.moveaxis(x, x.ndim - rank + axis, -1)
        x = np.moveaxis(np.matmul(moved, matrix.T), -1, x.ndim - rank + axis)
    return np.ascontiguousarray(x)


def _find_divisors(
    sizes: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    """The number that each window's sum is divided by: one for all, or an array of them."""
    if divisor_override is not None:
        return divisor_override
    total: Any = 1
    for axis, (n, k, s, p) in enumerate(zip(sizes, kernel, stride, padding, strict=True)):
        begin = np.arange(_positions(n, k, s, p, 1, ceil)) * s - p
        end = np.minimum(begin + k, n + p)
        if not count_include_pad:
            begin, end = np.maximum(begin, 0), np.minimum(end, n)
        total = total * (end - begin).reshape((-1,) + (1,) * (len(sizes) - axis - 1))
    first = int(total.flat[0])
    return first if (total == first).all() else total.astype(np.float32)


_known_divisors = functools.lru_cache(_KEPT)(_find_divisors)


def _divisors(sizes: Sizes, kernel: Sizes, *settings: Any) -> Any:
    find = _known_divisors if _is_small(sizes, kernel) else _find_divisors
    return find(sizes, kernel, *settings)


def _average_matrices(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, ceil: bool, dtype: Any
) -> list[Any]:
    return [
        _average_matrix(n, k, s, p, ceil).astype(dtype)
        for n, k, s, p in zip(sizes, kernel, stride, padding, strict=True)
    ]


_FEW_TAPS = 64  # up to which windows are added up tap by tap


def _avg_pool(
    self: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    sizes = self.shape[self.ndim - len(kernel_size) :]
    settings = (sizes, tuple(kernel_size), tuple(stride), tuple(padding), ceil_mode)
    divisors = _divisors(*settings, count_include_pad, divisor_override)
    if math.prod(kernel_size) <= _FEW_TAPS:
        narrow = self.dtype.kind == "f" and self.dtype.itemsize == 2
        sums = _window_sums(self.astype(np.float32) if narrow else self, settings)
    else:
        sums = along(self, _average_matrices(*settings, self.dtype))
    if self.dtype.kind in "iu":
        return np.trunc(sums / divisors).astype(self.dtype)
    sums /= divisors
    return sums.astype(self.dtype, copy=False)


def _window_sums(x: Any, settings: Any) -> Any:
    """The sum of each window, one element after the other as PyTorch takes them."""
    *spatial, ceil = settings
    taps = _taps(*spatial, (1,) * len(spatial[0]), ceil)
    data = _with_padding(x, taps, 0)
    sums = np.array(data[taps.places[0]], order="C")
    sums += 0  # a sum begins with zero, which takes the sign of a negative zero
    for place in taps.places[1:]:
        sums += data[place]
    return sums


def _avg_back(
    self: Any,
    sizes: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    settings = (tuple(sizes), tuple(kernel_size), tuple(stride), tuple(padding), ceil_mode)
    divisors = _divisors(*settings, count_include_pad, divisor_override)
    shares = (self / divisors).astype(self.dtype, copy=False)
    if math.prod(kernel_size) > _FEW_TAPS:
        matrices = _average_matrices(*settings, self.dtype)
        return along(shares, [matrix.T for matrix in matrices])
    *spatial, ceil = settings
    taps = _taps(*spatial, (1,) * len(spatial[0]), ceil)
    result = np.zeros((*self.shape[: self.ndim - len(taps.full)], *taps.full), self.dtype)
    apart = all(map(operator.ge, stride, kernel_size))  # no element is in two windows
    for place in reversed(taps.places):  # so that each element's windows come in order
        if apart:
            result[place] = shares
        else:
            result[place] += shares
    return result if taps.inner is None else np.ascontiguousarray(result[taps.inner])


def _avg_back_vjp(
    F: Namespace,
    g: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    pool = getattr(F, f"_avg_pool{len(kernel_size)}d")
    return pool(g, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)


def _avg_back_jvp(
    F: Namespace,
    t: Any,
    sizes: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    return F._avg_pool_back(
        t, sizes, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _avg_vjp(
    F: Namespace,
    g: Any,
    self_shape: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Any:
    sizes = tuple(self_shape[len(self_shape) - len(kernel_size) :])
    return F._avg_pool_back(
        g, sizes, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


op(
    "_avg_pool_back(Tensor self, int[] sizes, int[] kernel_size, int[] stride, int[] padding, "
    "bool ceil_mode, bool count_include_pad, int? divisor_override)",
    kernel=_avg_back,
    vjp={"self": _avg_back_vjp},
    jvp={"self": _avg_back_jvp},
    node="AvgPool2DBackwardBackward0",
    where=(),
    doc="The transpose of average pooling.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [S(S.normal(1, 2, 2, 2), (4, 4), (2, 2), (2, 2), (0, 0), False, True, None)]
    ),
)


def _check_average(
    name: str,
    self: Tensor,
    dims: int,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil: bool,
    divisor_override: int | None,
) -> None:
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    _check_windows(name, shape_of(self), dims, kernel, stride, padding, (1,) * dims, ceil)
    narrow = self.dtype in (dtypes.float16, dtypes.bfloat16)
    fits = self.dtype is dtypes.int64 or self.dtype.category == dtypes.FLOATING
    if not fits or (dims == 3 and narrow):
        kernel_name = "avg_pool2d" if dims < 3 else "avg_pool3d_out_frame"
        raise unsupported(kernel_name, self.dtype)


def _define_average(dims: int) -> None:
    name = f"avg_pool{dims}d"
    if dims > 1:
        op(
            f"_{name}(Tensor self, int[] kernel_size, int[] stride, int[] padding, "
            "bool ceil_mode, bool count_include_pad, int? divisor_override)",
            kernel=in_format_of(1, _avg_pool),
            keeps_layout=True,
            vjp={"self": _avg_vjp},
            keeps={"self": ("self",)},
            fused={"self": f"AvgPool{dims}DBackwardBackward0 g self=0"},
            jvp={"self": _avg_back_vjp},
            check=lambda self, k, s, p, c, i, o: _check_average(name, self, dims, k, s, p, c, o),
            node=f"AvgPool{dims}DBackward0",
            where=(),
            doc=f"The kernel of `{name}`.",
            samples=lambda S: [
                S(
                    S.normal(1, 2, *(4,) * dims),
                    (2,) * dims,
                    (2,) * dims,
                    (0,) * dims,
                    False,
                    True,
                    None,
                ),
                S(
                    S.normal(2, *(4,) * dims),
                    (3,) * dims,
                    (2,) * dims,
                    (1,) * dims,
                    True,
                    False,
                    None,
                ),
                S(S.normal(2, *(4,) * dims), (3,) * dims, (2,) * dims, (1,) * dims, True, True, 5),
            ],
        )

    def pooled(
        F: Namespace,
        input: Any,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        ceil_mode: bool,
        count_include_pad: bool,
        divisor_override: int | None = None,
    ) -> Any:
        k = spread(name, "kernel_size", kernel_size, dims)
        s = k if stride is None or stride == () else spread(name, "stride", stride, dims)
        p = spread(name, "padding", padding, dims)
        rest = (ceil_mode, count_include_pad, divisor_override)
        if dims > 1:
            return getattr(F, f"_{name}")(input, k, s, p, *rest)
        _check_one_dimension(name, ndim(input))
        wide = F.unsqueeze(input, -2)
        return F.squeeze_dim(F._avg_pool2d(wide, (1, *k), (1, *s), (0, *p), *rest), -2)

    override = ", int? divisor_override=None" if dims > 1 else ""
    op(
        f"{name}(Tensor input, int[] kernel_size, int[]? stride=None, int[] padding=0, "
        f"bool ceil_mode=False, bool count_include_pad=True{override})",
        composite=pooled,
        where=("F", "torch") if dims == 1 else ("F",),
        out=EXACT if dims > 1 else None,
        doc="The mean of each window.",
        samples=lambda S: [
            S(S.normal(1, 2, *(4,) * dims), 2),
            S(S.normal(2, *(4,) * dims), 3, stride=2, padding=1, count_include_pad=False),
        ],
    )


def _adaptive_matrices(sizes: Sizes, output_size: Sizes, dtype: Any) -> list[Any]:
    matrices = []
    for n, m in zip(sizes, output_size, strict=True):
        matrix = np.zeros((m, n), dtype)
        for row, (start, end) in enumerate(_adaptive_bounds(n, m)):
            matrix[row, start:end] = 1 / (end - start)
        matrices.append(matrix)
    return matrices


def _adaptive_mean(self: Any, output_size: Any) -> Any:
    if min(output_size) < 0:
        dims = max(len(output_size), 2)
        wanted = (1,) * (dims - len(output_size)) + tuple(output_size)
        listed = ", ".join(map(str, wanted)) if dims == 2 else "{}, {},{}".format(*wanted)
        raise RuntimeError(
            f"adaptive_avg_pool{dims}d: elements of output_size must be greater than or equal to 0 "
            f"but received {{{listed}}}"
        )
    kept = self.ndim - len(output_size)
    sizes = self.shape[kept:]
    matrices = sum(map(operator.mul, sizes, output_size))
    runtime.reserve(8 * (matrices + math.prod(self.shape[:kept]) * math.prod(output_size)))
    return along(self, _adaptive_matrices(sizes, output_size, self.dtype))


def _adaptive_back(self: Any, sizes: Any) -> Any:
    output_size = self.shape[self.ndim - len(sizes) :]
    return along(self, [m.T for m in _adaptive_matrices(sizes, output_size, self.dtype)])


op(
    "_adaptive_back(Tensor self, int[] sizes)",
    kernel=_adaptive_back,
    vjp={
        "self": lambda F, g, sizes, self_shape: getattr(F, f"_adaptive_avg_pool{len(sizes)}d")(
            g, tuple(self_shape[len(self_shape) - len(sizes) :])
        )
    },
    jvp={"self": lambda F, t, sizes: F._adaptive_back(t, sizes)},
    node="AdaptiveAvgPool2DBackwardBackward0",
    where=(),
    doc="The transpose of adaptive average pooling.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(2, 3, 2), (5, 4))],
)


def _define_adaptive_average(dims: int) -> None:
    name = f"adaptive_avg_pool{dims}d"
    if dims > 1:
        op(
            f"_{name}(Tensor self, int[] output_size)",
            kernel=in_format_of(1, _adaptive_mean),
            keeps_layout=True,
            vjp={
                "self": lambda F, g, self_shape, output_size: F._adaptive_back(
                    g, tuple(self_shape[len(self_shape) - len(output_size) :])
                )
            },
            keeps={"self": ("self",)},
            fused={"self": f"AdaptiveAvgPool{dims}DBackwardBackward0 g self=0"},
            shows={"output_size": ""},
            jvp={
                "self": lambda F, t, output_size: getattr(
                    F, f"_adaptive_avg_pool{len(output_size)}d"
                )(t, output_size)
            },
            check=lambda self, output_size: real_only(
                "adaptive_avg_pool2d" if dims < 3 else "adaptive_avg_pool3d_cpu", self
            ),
            node=f"AdaptiveAvgPool{dims}DBackward0",
            where=(),
            doc=f"The kernel of `{name}`.",
            samples=lambda S: [S(S.normal(1, 2, *(4,) * dims), (3,) * dims)],
        )

    def pooled(F: Namespace, input: Any, output_size: Any) -> Any:
        _check_adaptive(name, input, dims)
        sizes = pooled_size(name, output_size, input, dims)
        if dims == 1:
            wide = F.unsqueeze(input, -2)
            if sizes == (1,):
                wide = F.mean_dim(wide, (-1, -2), True)
            else:
                wide = F._adaptive_avg_pool2d(wide, (1, *sizes))
            return F.squeeze_dim(wide, -2)
        if all(n == 1 for n in sizes):
            return F.mean_dim(input, tuple(range(-dims, 0)), True)
        return getattr(F, f"_{name}")(input, sizes)

    op(
        f"{name}(Tensor input, Extents output_size)",
        composite=pooled,
        where=("F", "torch") if dims == 1 else ("F",),
        written="F" if dims > 1 else "",
        doc="The mean of as many windows as the output size asks for.",
        samples=lambda S: [S(S.normal(1, 2, *(4,) * dims), 3), S(S.normal(2, *(4,) * dims), 1)],
    )


# --- p-norms ----------------------------------------------------------------------------------


def _lp_pool(dims: int) -> Callable[..., Any]:
    def pooled(
        F: Namespace, input: Any, norm_type: Any, kernel_size: Any, stride: Any, ceil_mode: bool
    ) -> Any:
        kernel = spread("lp_pool", "kernel_size", kernel_size, dims)
        largest = getattr(F, f"max_pool{dims}d")
        if norm_type == math.inf:
            return largest(F.abs(input), kernel_size, stride, 0, 1, ceil_mode)
        if norm_type == -math.inf:
            return F.neg(largest(F.neg(F.abs(input)), kernel_size, stride, 0, 1, ceil_mode))
        powers = F.pow(input, norm_type)
        means = getattr(F, f"avg_pool{dims}d")(powers, kernel, stride, 0, ceil_mode, True)
        sums = F.mul(F.mul(F.sign(means), F.relu(F.abs(means))), float(math.prod(kernel)))
        return F.pow(sums, 1.0 / norm_type)

    return pooled


def _define_lp(dims: int) -> None:
    op(
        f"lp_pool{dims}d(Tensor input, Scalar norm_type, Extents kernel_size, int[]? stride=None, "
        "bool ceil_mode=False)",
        composite=_lp_pool(dims),
        where=("F",),
        written="F",
        doc="The p-norm of each window.",
        samples=lambda S: [S(S.uniform(1, 2, 1, 2, *(4,) * dims), 2, 2)],
    )


for _dims in (1, 2, 3):
    _define_max(_dims)
    _define_average(_dims)
    _define_adaptive_max(_dims)
    _define_adaptive_average(_dims)
    _define_lp(_dims)
