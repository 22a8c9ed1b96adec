"""Images: windows as columns, resizing, and moving pixels between channels and space.

Resizing is a product with one matrix a dimension, so its transpose is its derivative.
"""

from __future__ import annotations

import itertools
import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import in_format_of
from ...kernels.windows import output_sizes, padded
from ...table.call.arguments import number_in, type_name
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from .pooling import along, pooled_size

Sizes = tuple[int, ...]

# --- columns ----------------------------------------------------------------------------------


# What a call of `interpolate` gave, and what it should give, in PyTorch's words.
_TAKES = {"size": "output", "scale_factor": "scale_factor"}
_GIVEN = {"size": "output size of", "scale_factor": "scale_factor of shape"}
_HINT = {
    "size": "Please provide input tensor in (N, C, d1, d2, ...,dK) format and output size in (o1, "
    "o2, ...,oK) format.",
    "scale_factor": "Please provide input tensor in (N, C, d1, d2, ...,dK) format and scale_factor "
    "in (s1, s2, ...,sK) format.",
}


def _check_factor(size: Any, scale_factor: Any, dims: int) -> None:
    """Raise TypeError for what is neither a number nor a list of numbers.

    The sentence is that of the sampling of so many dimensions that takes the nearest element.
    """
    given = size if size is not None else scale_factor
    items = given if isinstance(given, list | tuple) else [given] * dims
    whole = size is not None
    if any(
        not isinstance(item, int | float) or (whole and isinstance(item, bool | float))
        for item in items
    ):
        scales = ["scales"] if dims == 1 else [f"scales_{axis}" for axis in "dhw"[-dims:]]
        taken = ", ".join(f"float {scale} = None" for scale in scales)
        listed = f"!list of [{', '.join(type_name(item) for item in items)}]!"
        places = (listed, "!NoneType!") if size is not None else ("!NoneType!", listed)
        types = ("list", "NoneType") if size is not None else ("NoneType", "list")
        raise TypeError(
            f"upsample_nearest{dims}d() received an invalid combination of arguments - got "
            f"(Tensor, {', '.join(types)}), but expected one of:\n * (Tensor input, tuple of ints "
            "output_size, tuple of floats scale_factors)\n      didn't match because some of the "
            f"arguments have invalid types: (Tensor, {', '.join(places)})\n * (Tensor input, tuple "
            f"of ints output_size, {taken}, *, Tensor out = None)\n"
        )


def _pair(name: str, label: str, position: int, value: Any) -> Sizes:
    """Two numbers, from one or two. Raises PyTorch's TypeError of the function behind."""
    sequence = isinstance(value, list | tuple) or (type(value) is Tensor and ndim(value) > 0)
    items = tuple(value) if sequence else (value,)
    sizes = tuple(map(number_in, items))
    for place, (item, size) in enumerate(zip(items, sizes, strict=True)):
        if not isinstance(size, int):
            raise TypeError(
                f"{name}(): argument '{label}' (position {position}) must be tuple of ints, but "
                f"found element of type {type_name(item)} at pos {place}"
            )
    return sizes if sequence else sizes * 2


# What the sides of windows are called, and the least they may be.
_WINDOWS = (
    ("kernel_size", "kernel size should be greater than zero", "kernel_height", "kernel_width", 1),
    ("dilation", "dilation should be greater than zero", "dilation_height", "dilation_width", 1),
    ("padding", "padding should be non-negative", "pad_height", "pad_width", 0),
    ("stride", "stride should be greater than zero", "stride_height", "stride_width", 1),
)


def _check_windows(*given: Sizes) -> None:
    """Refuse windows that are not two numbers a property, or too small."""
    for (name, *_), sizes in zip(_WINDOWS, given, strict=True):
        if len(sizes) != 2:
            raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(sizes)}")
    for (_, sentence, height, width, least), sizes in zip(_WINDOWS, given, strict=True):
        if min(sizes) < least:
            raise RuntimeError(f"{sentence}, but got {height}: {sizes[0]} {width}: {sizes[1]}")


def _im2col(self: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    x = padded(self, padding)
    out = output_sizes(self.shape[-2:], kernel, stride, padding, dilation)
    lead = self.shape[:-3]
    runtime.reserve(math.prod((*self.shape[:-2], *kernel, *out)) * self.itemsize)
    taps = [
        x[
            ...,
            i * dilation[0] : i * dilation[0] + (out[0] - 1) * stride[0] + 1 : stride[0],
            j * dilation[1] : j * dilation[1] + (out[1] - 1) * stride[1] + 1 : stride[1],
        ]
        for i, j in itertools.product(range(kernel[0]), range(kernel[1]))
    ]
    columns = np.stack(taps, -3)
    return columns.reshape(*lead, self.shape[-3] * math.prod(kernel), math.prod(out))


def _col2im(
    self: Any, output_size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    out = output_sizes(output_size, kernel, stride, padding, dilation)
    lead = self.shape[:-2]
    channels = self.shape[-2] // math.prod(kernel)
    taps = self.reshape(*lead, channels, math.prod(kernel), *out)
    full = tuple(n + 2 * p for n, p in zip(output_size, padding, strict=True))
    x: Any = np.zeros((*lead, channels, *full), self.dtype)
    for index, (i, j) in enumerate(itertools.product(range(kernel[0]), range(kernel[1]))):
        rows = slice(i * dilation[0], i * dilation[0] + (out[0] - 1) * stride[0] + 1, stride[0])
        columns = slice(j * dilation[1], j * dilation[1] + (out[1] - 1) * stride[1] + 1, stride[1])
        x[..., rows, columns] += taps[..., index, :, :]
    inner = tuple(slice(p, p + n) for n, p in zip(output_size, padding, strict=True))
    return np.ascontiguousarray(x[(..., *inner)])


def _check_columns(self: Tensor, kernel: Any, dilation: Any, padding: Any, stride: Any) -> None:
    _check_windows(kernel, dilation, padding, stride)
    shape = shape_of(self)
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    out = output_sizes(shape[-2:], kernel, stride, padding, dilation)
    if min(out) < 1:
        shown = tuple(max(n, 0) for n in out)
        raise RuntimeError(
            f"Given input with spatial size {shape[-2:]}, kernel_size={kernel}, "
            f"dilation={dilation}, padding={padding}, calculated shape of the array of sliding "
            f"blocks as {shown}, but its components must be at least one."
        )


op(
    "im2col(Tensor self, int[] kernel_size, int[] dilation, int[] padding, int[] stride)",
    kernel=_im2col,
    vjp={
        "self": lambda F, g, self_shape, kernel_size, dilation, padding, stride: F.col2im(
            g, tuple(self_shape[-2:]), kernel_size, dilation, padding, stride
        )
    },
    jvp={
        "self": lambda F, t, kernel_size, dilation, padding, stride: F.im2col(
            t, kernel_size, dilation, padding, stride
        )
    },
    check=_check_columns,
    node="Im2ColBackward0",
    where=(),
    shows={"self_shape": ""},
    doc="Windows of images as columns.",
    samples=lambda S: [S(S.normal(1, 2, 4, 5), (2, 3), (1, 2), (1, 0), (2, 1))],
)


def _check_images(
    self: Tensor, output_size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> None:
    if len(output_size) != 2:
        raise RuntimeError(
            f"It is expected output_size equals to 2, but got size {len(output_size)}"
        )
    _check_windows(kernel, dilation, padding, stride)
    shape = shape_of(self)
    if len(shape) not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    if shape[-2] % math.prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={shape[-2]} and kernel_size={kernel}."
        )
    out = output_sizes(output_size, kernel, stride, padding, dilation)
    if shape[-1] != math.prod(out):
        raise RuntimeError(
            f"Given output_size={tuple(output_size)}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {out[0]} * {out[1]} = {math.prod(out)}, but "
            f"got input.size(2)={shape[-1]}."
        )


op(
    "col2im(Tensor self, int[] output_size, int[] kernel_size, int[] dilation, int[] padding, "
    "int[] stride)",
    kernel=_col2im,
    vjp={
        "self": lambda F, g, kernel_size, dilation, padding, stride: F.im2col(
            g, kernel_size, dilation, padding, stride
        )
    },
    jvp={
        "self": lambda F, t, output_size, kernel_size, dilation, padding, stride: F.col2im(
            t, output_size, kernel_size, dilation, padding, stride
        )
    },
    check=_check_images,
    node="Col2ImBackward0",
    where=(),
    doc="Columns added up into images.",
    samples=lambda S: [S(S.normal(1, 8, 9), (4, 4), (2, 2), (1, 1), (0, 0), (1, 1))],
)


def _unfold(
    F: Namespace, input: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    return F.im2col(
        input,
        _pair("im2col", "kernel_size", 2, kernel_size),
        _pair("im2col", "dilation", 3, dilation),
        _pair("im2col", "padding", 4, padding),
        _pair("im2col", "stride", 5, stride),
    )


op(
    "unfold_F(Tensor input, any kernel_size, any dilation=1, any padding=0, any stride=1)",
    name="unfold",
    composite=_unfold,
    where=("F",),
    written="F",
    doc="Windows of images as columns.",
    samples=lambda S: [S(S.normal(1, 2, 4, 4), 2), S(S.normal(2, 4, 5), (2, 3), padding=1)],
)


def _fold(
    F: Namespace,
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any,
    padding: Any,
    stride: Any,
) -> Any:
    return F.col2im(
        input,
        _pair("col2im", "output_size", 2, output_size),
        _pair("col2im", "kernel_size", 3, kernel_size),
        _pair("col2im", "dilation", 4, dilation),
        _pair("col2im", "padding", 5, padding),
        _pair("col2im", "stride", 6, stride),
    )


op(
    "fold(Tensor input, any output_size, any kernel_size, any dilation=1, any padding=0, "
    "any stride=1)",
    composite=_fold,
    where=("F",),
    written="F",
    doc="Columns added up into images.",
    samples=lambda S: [S(S.normal(1, 8, 9), (4, 4), 2), S(S.normal(8, 4), 4, 2, stride=2)],
)


# --- resizing ---------------------------------------------------------------------------------


def _scaled(length: float) -> int:
    """A length that was scaled, as a whole number. Raises RuntimeError where none can hold it."""
    if not abs(length) < 1 << 63:
        raise RuntimeError("value cannot be converted to type int64_t without overflow")
    return math.floor(length)


def _source(out: int, size: int, align: bool, scale: float | None) -> Any:
    """Where the centres of the new pixels lie among the old ones."""
    index = np.arange(out, dtype=np.float64)
    if align:
        return index * ((size - 1) / (out - 1) if out > 1 else 0.0)
    ratio = 1 / scale if scale else size / out
    return (index + 0.5) * ratio - 0.5


def _cubic(x: Any, a: float = -0.75) -> Any:
    """Keys' cubic convolution kernel."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _triangle(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


def _lanczos(x: Any) -> Any:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


# The filters that cover what they shrink: how far they reach, and their weights at a distance.
_FILTERS: dict[str, tuple[int, Any]] = {
    "bilinear_aa": (1, _triangle),
    "bicubic_aa": (2, lambda x: _cubic(x, -0.5)),
    "lanczos_aa": (3, _lanczos),
}


def _covering(size: int, out: int, mode: str, align: bool, scale: float | None) -> Any:
    """The matrix of a filter that is widened by the ratio of the sizes when it shrinks.

    Each row weighs the old pixels whose centres the filter reaches, and sums to one.
    """
    reach, weigh = _FILTERS[mode]
    if align:
        ratio = (size - 1) / (out - 1) if out > 1 else 0.0
    else:
        ratio = 1 / scale if scale else size / out
    wide = max(ratio, 1.0)
    centre = (np.arange(out)[:, None] + 0.5) * ratio
    first = np.maximum((centre - reach * wide + 0.5).astype(int), 0)
    end = np.minimum((centre + reach * wide + 0.5).astype(int), size)
    pixel = np.arange(size)
    weights = weigh((pixel - centre + 0.5) / wide)
    weights = np.where((pixel >= first) & (pixel < end), weights, 0)
    total = weights.sum(1, keepdims=True)
    return weights / np.where(total == 0, 1, total)


def _matrix(size: int, out: int, mode: str, align: bool, scale: float | None, dtype: Any) -> Any:
    """The matrix that makes `out` pixels of `size`."""
    if mode in _FILTERS:
        return _covering(size, out, mode, align, scale).astype(dtype)
    matrix = np.zeros((out, size))
    rows = np.arange(out)
    if mode.startswith("nearest"):
        ratio = 1 / scale if scale else size / out
        shift = 0.5 if mode == "nearest-exact" else 0.0
        matrix[rows, np.minimum(((rows + shift) * ratio).astype(int), size - 1)] = 1
    elif mode == "bicubic":
        centre = _source(out, size, align, scale)
        low = np.floor(centre).astype(int)
        for tap in range(-1, 3):
            place = np.clip(low + tap, 0, size - 1)
            np.add.at(matrix, (rows, place), _cubic(centre - low - tap))
    else:
        centre = np.maximum(_source(out, size, align, scale), 0)
        low = np.minimum(centre.astype(int), size - 1)
        high = np.minimum(low + 1, size - 1)
        part = centre - low
        np.add.at(matrix, (rows, low), 1 - part)
        np.add.at(matrix, (rows, high), part)
    return matrix.astype(dtype)


def _matrices(
    sizes: Sequence[int], out: Sequence[int], mode: str, align: bool, scales: Any, dtype: Any
) -> list[Any]:
    each = scales or [None] * len(out)
    return [_matrix(n, m, mode, align, s, dtype) for n, m, s in zip(sizes, out, each, strict=True)]


def _upsample(self: Any, size: Any, mode: str, align: bool, scales: Any) -> Any:
    sizes = self.shape[self.ndim - len(size) :]
    return along(self, _matrices(sizes, size, mode, align, scales, self.dtype))


def _upsample_back(self: Any, size: Any, mode: str, align: bool, scales: Any) -> Any:
    out = self.shape[self.ndim - len(size) :]
    return along(self, [m.T for m in _matrices(size, out, mode, align, scales, self.dtype)])


def _upsample_size(self: Tensor, size: Sizes, *how: Any) -> int:
    """The elements of the result and of the matrices that make it."""
    shape = shape_of(self)
    kept, sides = shape[: len(shape) - len(size)], shape[len(shape) - len(size) :]
    matrices: int = sum(map(operator.mul, sides, size))
    return math.prod(kept) * math.prod(size) + matrices


# mode -> the parts of the node's name around the number of dimensions
_NODES = {
    "nearest": ("Nearest", "D"),
    "nearest-exact": ("NearestExact", "D"),
    "linear": ("Linear", "D"),
    "bilinear": ("Bilinear", "D"),
    "trilinear": ("Trilinear", "D"),
    "bicubic": ("Bicubic", "D"),
    "bilinear_aa": ("Bilinear", "DAa"),
    "bicubic_aa": ("Bicubic", "DAa"),
    "lanczos_aa": ("Lanczos", "DAa"),
}


def _node_name(mode: str, dims: int, times: int) -> str:
    """The name of the node, or of its derivative's with `times` 2."""
    before, after = _NODES[mode]
    return f"Upsample{before}{dims}{after}{'Backward' * times}0"


# The kernels that name themselves when they refuse a dtype, by mode and number of dimensions.
_KERNELS = {
    ("nearest", 2): "upsample_nearest2d_channels_last",
    ("nearest-exact", 2): "upsample_nearest2d_channels_last",
    ("bilinear", 2): "upsample_bilinear2d_channels_last",
    ("bicubic", 2): "compute_indices_weights_cubic",
    ("linear", 1): "compute_indices_weights_linear",
    ("trilinear", 3): "compute_indices_weights_linear",
    **{(mode, 2): "compute_index_ranges_weights" for mode in _FILTERS},
}


def _sides(size: Sizes) -> str:
    """The sides of an image with their letters, as `(H: 4, W: 6)`."""
    sides = zip("DHW"[-len(size) :], size, strict=True)
    return f"({', '.join(f'{letter}: {length}' for letter, length in sides)})"


def _check_upsample(self: Tensor, size: Any, mode: str, align: bool, scales: Any) -> None:
    """Raise PyTorch's error for empty images, and for a dtype that is not interpolated.

    Bytes are, in some modes.
    """
    shape = shape_of(self)
    if min(*size, *shape[-len(size) :]) < 1:
        given, wanted = _sides(shape[-len(size) :]), _sides(size)
        joint = " and" if len(size) == 1 else ""
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {given}{joint} output "
            f"{wanted}"
        )
    dtype = self.dtype
    if dtype.category == dtypes.FLOATING:
        return
    if dtype is dtypes.uint8 and mode not in ("linear", "trilinear"):
        return
    kernel = _KERNELS.get((mode, len(size)), "compute_indices_weights_nearest")
    raise unsupported(kernel, dtype)


op(
    "_upsample(Tensor self, int[] size, str mode, bool align, any? scales)",
    kernel=in_format_of(1, _upsample),
    keeps_layout=True,
    check=_check_upsample,
    size=_upsample_size,
    vjp={
        "self": lambda F, g, self_shape, size, mode, align, scales: F._upsample_back(
            g, tuple(self_shape[len(self_shape) - len(size) :]), mode, align, scales
        )
    },
    jvp={"self": lambda F, t, size, mode, align, scales: F._upsample(t, size, mode, align, scales)},
    node=lambda self, size, mode, align, scales: _node_name(mode, len(size), 1),
    where=(),
    shows={"align": "align_corners", "size": "output_size", "mode": "", "scales": ""},
    doc="The kernel of `interpolate`.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(1, 2, 3), (5,), "linear", False, None),
            S(S.normal(1, 1, 3, 2), (4, 5), "bicubic", True, None),
            S(S.normal(1, 1, 3, 2), (4, 5), "nearest", False, None),
            S(S.normal(1, 1, 5, 4), (2, 3), "bicubic_aa", False, None),
        ]
    ),
)
op(
    "_upsample_back(Tensor self, int[] size, str mode, bool align, any? scales)",
    kernel=_upsample_back,
    vjp={
        "self": lambda F, g, self_shape, size, mode, align, scales: F._upsample(
            g, tuple(self_shape[len(self_shape) - len(size) :]), mode, align, scales
        )
    },
    jvp={
        "self": lambda F, t, size, mode, align, scales: F._upsample_back(
            t, size, mode, align, scales
        )
    },
    node=lambda self, size, mode, align, scales: _node_name(mode, len(size), 2),
    where=(),
    doc="The transpose of resizing.",
    samples=lambda S: (
        [] if S.dtype.is_complex else [S(S.normal(1, 2, 5), (3,), "linear", False, None)]
    ),
)

_ANTIALIASED = ("bilinear", "bicubic", "lanczos")
_RANKS = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}


def _unsupported_mode(rank: int, mode: str) -> NotImplementedError:
    return NotImplementedError(
        "Input Error: Only 3D, 4D and 5D input Tensors supported (got "
        f"{rank}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | "
        f"lanczos | area | nearest-exact (got {mode})"
    )


def _interpolate(
    F: Namespace,
    input: Any,
    size: Any,
    scale_factor: Any,
    mode: str,
    align_corners: bool | None,
    recompute_scale_factor: bool | None,
    antialias: bool,
) -> Any:
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | "
                "bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    rank = ndim(input)
    dims = rank - 2
    if not 3 <= rank <= 5:
        raise _unsupported_mode(rank, mode)
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    scales: Any = None
    for word, value in (("size", size), ("scale_factor", scale_factor)):
        if isinstance(value, list | tuple) and len(value) != dims:
            raise ValueError(
                f"Input and {_TAKES[word]} must have the same number of spatial dimensions, but "
                f"got input with spatial dimensions of {list(input.shape[2:])} and {_GIVEN[word]} "
                f"{value}. {_HINT[word]}"
            )
    for item in size if isinstance(size, list | tuple) else ():
        if not isinstance(item, int):
            types = [type(one) for one in size]
            raise TypeError(
                "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, "
                f"int, int], but got size with types {types}"
            )
    _check_factor(size, scale_factor, dims)
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        out = (size,) * dims if isinstance(size, int) else tuple(runtime.listed(size))
    else:
        scales = (
            (scale_factor,) * max(dims, 0)
            if isinstance(scale_factor, int | float)
            else tuple(runtime.listed(scale_factor))
        )
        out = tuple(_scaled(n * s) for n, s in zip(input.shape[2:], scales, strict=True))
        scales = None if recompute_scale_factor else tuple(float(s) for s in scales)
    if antialias and (mode not in _ANTIALIASED or rank != 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            "a 4-D tensor as input"
        )
    if mode == "lanczos" and not antialias:
        raise ValueError("Lanczos mode requires antialias=True")
    if mode == "lanczos" and align_corners:
        raise ValueError("Lanczos mode does not support align_corners=True")
    if mode == "area":
        pool = getattr(F, f"adaptive_avg_pool{dims}d")
        return pool(input, pooled_size("interpolate", out, input, dims))
    wanted = _RANKS.get(mode)
    if wanted is not None and rank != wanted:
        raise NotImplementedError(f"Got {rank}D input, but {mode} mode needs {wanted}D input")
    if mode not in _NODES and not antialias:
        raise _unsupported_mode(rank, mode)
    return F._upsample(input, out, mode + "_aa" if antialias else mode, bool(align_corners), scales)


op(
    "interpolate(Tensor input, any? size=None, any? scale_factor=None, str mode='nearest', "
    "bool? align_corners=None, bool? recompute_scale_factor=None, bool antialias=False)",
    composite=_interpolate,
    where=("F",),
    written="F",
    doc="Resizes images by copying the nearest pixels or mixing neighbours.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(1, 1, 2, 2), scale_factor=2),
            S(S.normal(1, 1, 2, 3), size=(3, 5), mode="bilinear"),
            S(S.normal(1, 1, 2), size=4, mode="linear", align_corners=True),
            S(S.normal(1, 1, 4, 4), size=(2, 2), mode="area"),
            S(S.normal(1, 1, 4, 4), size=(6, 5), mode="bicubic"),
            S(S.normal(1, 1, 5, 6), size=(2, 4), mode="bilinear", antialias=True),
        ]
    ),
)


def _old_upsample(
    F: Namespace, input: Any, size: Any, scale_factor: Any, mode: str, align_corners: Any
) -> Any:
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=2,
    )
    return _interpolate(F, input, size, scale_factor, mode, align_corners, None, False)


op(
    "upsample(Tensor input, any? size=None, any? scale_factor=None, str mode='nearest', "
    "bool? align_corners=None)",
    composite=_old_upsample,
    where=("F",),
    written="F",
    doc="The old name of `interpolate`.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(1, 1, 2, 2), scale_factor=2)],
)


def _define_old(name: str, mode: str, align_corners: bool | None) -> None:
    def resized(F: Namespace, input: Any, size: Any, scale_factor: Any) -> Any:
        warnings.warn(
            f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
            UserWarning,
            stacklevel=2,
        )
        return _interpolate(F, input, size, scale_factor, mode, align_corners, None, False)

    op(
        f"{name}(Tensor input, any? size=None, any? scale_factor=None)",
        composite=resized,
        where=("F",),
        written="F",
        doc=f"An old form of `interpolate` in the mode {mode!r}.",
        samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(1, 1, 2, 2), scale_factor=2)],
    )


_define_old("upsample_nearest", "nearest", None)
_define_old("upsample_bilinear", "bilinear", True)


# --- pixels and channels ----------------------------------------------------------------------


def _shuffled(self: Any, factor: int) -> Any:
    *lead, channels, rows, columns = self.shape
    x = self.reshape(*lead, channels // factor**2, factor, factor, rows, columns)
    k = len(lead)
    order = (*range(k), k, k + 3, k + 1, k + 4, k + 2)
    return x.transpose(order).reshape(*lead, channels // factor**2, rows * factor, columns * factor)


def _unshuffled(self: Any, factor: int) -> Any:
    *lead, channels, rows, columns = self.shape
    x = self.reshape(*lead, channels, rows // factor, factor, columns // factor, factor)
    k = len(lead)
    order = (*range(k), k, k + 2, k + 4, k + 1, k + 3)
    return x.transpose(order).reshape(
        *lead, channels * factor**2, rows // factor, columns // factor
    )


def _check_shuffle(self: Tensor, factor: int) -> None:
    shape = shape_of(self)
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {factor}")
    if shape[-3] % factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={shape[-3]} is not divisible by {factor**2}"
        )


def _check_unshuffle(self: Tensor, factor: int) -> None:
    shape = shape_of(self)
    if len(shape) < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{len(shape)} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {factor}")
    for word, axis in (("height", -2), ("width", -1)):
        if shape[axis] % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but "
                f"input.size({axis})={shape[axis]} is not divisible by {factor}"
            )


op(
    "pixel_shuffle(Tensor self, int upscale_factor)",
    kernel=_shuffled,
    vjp={"self": lambda F, g, upscale_factor: F.pixel_unshuffle(g, upscale_factor)},
    jvp={"self": lambda F, t, upscale_factor: F.pixel_shuffle(t, upscale_factor)},
    check=_check_shuffle,
    where=("torch", "F"),
    doc="Moves groups of channels into finer pixels.",
    samples=lambda S: [S(S.normal(1, 4, 2, 3), 2), S(S.normal(8, 1, 2), 2)],
)
op(
    "pixel_unshuffle(Tensor self, int downscale_factor)",
    kernel=_unshuffled,
    vjp={"self": lambda F, g, downscale_factor: F.pixel_shuffle(g, downscale_factor)},
    jvp={"self": lambda F, t, downscale_factor: F.pixel_unshuffle(t, downscale_factor)},
    check=_check_unshuffle,
    where=("torch", "F"),
    doc="Moves blocks of pixels into channels.",
    samples=lambda S: [S(S.normal(1, 1, 4, 2), 2)],
)


def _channels_shuffled(self: Any, groups: int) -> Any:
    shape = self.shape
    x = self.reshape(shape[0], groups, shape[1] // groups, *shape[2:])
    return np.ascontiguousarray(x.swapaxes(1, 2)).reshape(shape)


def _check_channels(self: Tensor, groups: int) -> None:
    shape = shape_of(self)
    if len(shape) < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and "
            f"{groups} groups."
        )


op(
    "channel_shuffle(Tensor self, int groups)",
    kernel=_channels_shuffled,
    vjp={"self": lambda F, g, self_shape, groups: F.channel_shuffle(g, self_shape[1] // groups)},
    jvp={"self": lambda F, t, groups: F.channel_shuffle(t, groups)},
    check=_check_channels,
    where=("torch", "F"),
    aliases=("native_channel_shuffle",),
    shows={"self_shape": ""},
    doc="Exchanges the channels of groups, as a transposed matrix.",
    samples=lambda S: [S(S.normal(1, 4, 2, 2), 2), S(S.normal(2, 6, 1), 3)],
)
