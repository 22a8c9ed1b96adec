"""Sampling images at the points of a grid, and the grids of affine maps.

A sample is a sum over the pixels around a point ("taps") of pixel times weight. Which pixels those
are is constant almost everywhere; the weights are products of polynomials in the point's place
between pixels, one for each dimension. So a sample is linear in the image and, through the
weights, differentiable in the grid to any order.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np

from ...table.dtype_rules import real_only
from ...table.entry import MULTILINEAR, op
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dim, wrap_own_dim
from ...tensor.runtime import runtime
from ...tensor.tensor import Size, Tensor, shape_of

BILINEAR, NEAREST, BICUBIC = range(3)
ZEROS, BORDER, REFLECTION = range(3)
_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")

_A = -0.75  # of Keys' cubic convolution
# By mode: for each tap along a dimension, the coefficients of its weight as a polynomial of the
# distance from the pixel before the point.
_WEIGHTS: tuple[tuple[tuple[float, ...], ...], ...] = (
    ((1, -1), (0, 1)),
    ((1,),),
    (
        (0, _A, -2 * _A, _A),
        (1, 0, -(_A + 3), _A + 2),
        (0, -_A, 2 * _A + 3, -(_A + 2)),
        (0, 0, _A, -_A),
    ),
)
_FIRST_TAP = (0, 0, -1)


# --- where the taps are -----------------------------------------------------------------------


def _reflected(x: Any, size: int, align: bool) -> tuple[Any, Any]:
    """Coordinates mirrored at the borders until they are inside, and the sign of their slope."""
    low, high = (0.0, size - 1.0) if align else (-0.5, size - 0.5)
    span = high - low
    if span == 0:
        return np.zeros_like(x), np.zeros_like(x)
    distance = np.abs(x - low)
    sign = np.where(x < low, -1, 1)
    turns = np.floor(distance / span)
    rest = np.fmod(distance, span)
    even = turns % 2 == 0
    inside = np.where(even, rest + low, span - rest + low).astype(x.dtype)
    return inside, np.where(even, sign, -sign)


def _padded(x: Any, size: int, padding: int, align: bool) -> tuple[Any, Any]:
    """Coordinates moved into the image as the padding says, and the factor of their slope."""
    slope: Any = np.ones_like(x)
    if padding == ZEROS:
        return x, slope
    if padding == REFLECTION:
        x, slope = _reflected(x, size, align)
    inside = (x > 0) & (x < size - 1)
    return np.clip(x, 0, size - 1), np.where(inside, slope, 0)


def _taps_along(
    x: Any, size: int, mode: int, padding: int, align: bool
) -> tuple[list[Any], list[Any], Any, Any]:
    """Along one dimension: pixels, whether they exist, the slope of the place, the place."""
    scale = (size - 1) / 2 if align else size / 2
    place = ((x + 1) / 2 * (size - 1) if align else ((x + 1) * size - 1) / 2).astype(x.dtype)
    slope: Any = np.ones_like(x)
    if mode != BICUBIC:
        place, slope = _padded(place, size, padding, align)
    before = np.rint(place) if mode == NEAREST else np.floor(place)
    between = place - before
    pixels, exist = [], []
    for offset in range(len(_WEIGHTS[mode])):
        pixel = before + (offset + _FIRST_TAP[mode])
        if mode == BICUBIC:
            pixel = np.rint(_padded(pixel, size, padding, align)[0])
        inside = (pixel >= 0) & (pixel < size)
        pixels.append(np.where(inside, pixel, 0).astype(np.int64))
        exist.append(inside)
    return pixels, exist, (slope * scale).astype(x.dtype), between


def _grid_taps(
    grid: Any, sizes: Any, mode: int, padding: int, align: bool
) -> tuple[Any, Any, Any, Any]:
    dims = len(sizes)
    points = grid.reshape(len(grid), -1, dims)
    count = len(_WEIGHTS[mode])
    runtime.reserve(8 * points.size * (3 * count + 4) + 24 * points.size * count**dims // dims)
    along = [
        _taps_along(points[..., axis], sizes[dims - 1 - axis], mode, padding, align)
        for axis in range(dims)
    ]
    index, mask = [], []
    for taps in runtime.watched(itertools.product(range(count), repeat=dims)):
        flat: Any = 0
        inside: Any = True
        for axis, tap in enumerate(taps):
            step = math.prod(sizes[dims - axis :])
            flat = flat + along[axis][0][tap] * step
            inside = inside & along[axis][1][tap]
        index.append(flat)
        mask.append(inside)
    slope = np.stack([part[2] for part in along], -1)
    between = np.stack([part[3] for part in along], -1)
    return (
        np.stack(index, 1),
        np.stack(mask, 1).astype(grid.dtype),
        slope,
        (slope * points - between).astype(grid.dtype),
    )


op(
    "_grid_taps(Tensor grid, int[] sizes, int mode, int padding, bool align_corners)",
    kernel=_grid_taps,
    outputs=4,
    constant=(0, 1, 2, 3),
    where=(),
    doc="The pixels around the points of a grid, whether they exist, and the places between them.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.uniform(-1.2, 1.2, 1, 2, 3, 2), (4, 5), 0, 0, False),
            S(S.uniform(-1.2, 1.2, 2, 3, 2, 3), (2, 3, 4), 1, 2, True),
        ]
    ),
)


# --- the sum over the taps --------------------------------------------------------------------


def _gather(self: Any, index: Any, weight: Any) -> Any:
    total: Any = 0
    runtime.reserve(3 * self.itemsize * self.shape[1] * index.size // max(index.shape[1], 1))
    for tap in runtime.watched(range(index.shape[1])):
        picked = np.take_along_axis(self, index[:, tap, None], -1)
        total = total + picked * weight[:, tap, None]
    return total


def _scatter(self: Any, index: Any, weight: Any, length: int) -> Any:
    images, channels = self.shape[:2]
    rows = np.arange(images * channels).reshape(images, channels, 1) * length
    total = np.zeros(images * channels * length, np.float64)
    for tap in runtime.watched(range(index.shape[1])):
        places = (index[:, tap, None] + rows).ravel()
        total += np.bincount(places, (self * weight[:, tap, None]).ravel(), total.size)
    return total.reshape(images, channels, length).astype(self.dtype)


def _dot(self: Any, image: Any, index: Any) -> Any:
    return np.stack(
        [
            np.sum(self * np.take_along_axis(image, index[:, tap, None], -1), 1)
            for tap in runtime.watched(range(index.shape[1]))
        ],
        1,
    )


def _real(samples: Any) -> Any:
    """Samples for real dtypes only."""
    return lambda S: [] if S.dtype.is_complex else samples(S)


op(
    "_grid_gather(Tensor self, Tensor index, Tensor weight)",
    kernel=_gather,
    vjp={
        "self": lambda F, g, index, weight, self_shape: F._grid_scatter(
            g, index, weight, self_shape[-1]
        ),
        "weight": lambda F, g, self, index: F._grid_dot(g, self, index),
    },
    jvp=MULTILINEAR,
    node="GridGatherBackward0",
    where=(),
    doc="For every point the sum over its taps of pixel times weight.",
    samples=_real(lambda S: [S(S.normal(1, 2, 5), S.integers(0, 5, 1, 3, 4), S.normal(1, 3, 4))]),
)
op(
    "_grid_scatter(Tensor self, Tensor index, Tensor weight, int length)",
    kernel=_scatter,
    vjp={
        "self": lambda F, g, index, weight: F._grid_gather(g, index, weight),
        "weight": lambda F, g, self, index: F._grid_dot(self, g, index),
    },
    jvp=MULTILINEAR,
    node="GridScatterBackward0",
    where=(),
    doc="Adds every point, times its weights, to its taps.",
    samples=_real(
        lambda S: [S(S.normal(1, 2, 4), S.integers(0, 5, 1, 3, 4), S.normal(1, 3, 4), 5)]
    ),
)
op(
    "_grid_dot(Tensor self, Tensor image, Tensor index)",
    kernel=_dot,
    vjp={
        "self": lambda F, g, image, index: F._grid_gather(image, index, g),
        "image": lambda F, g, self, index, image_shape: F._grid_scatter(
            self, index, g, image_shape[-1]
        ),
    },
    jvp=MULTILINEAR,
    node="GridDotBackward0",
    where=(),
    doc="For every tap the sum over channels of point times pixel.",
    samples=_real(lambda S: [S(S.normal(1, 2, 4), S.normal(1, 2, 5), S.integers(0, 5, 1, 3, 4))]),
)


# --- samples ----------------------------------------------------------------------------------


def _polynomial(place: Any, coefficients: tuple[float, ...]) -> Any:
    result: Any = coefficients[-1] + 0 * place
    for coefficient in reversed(coefficients[:-1]):
        result = result * place + coefficient
    return result


def _slope(coefficients: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(n * c for n, c in enumerate(coefficients))[1:] or (0,)


def _tap_weights(F: Namespace, place: Any, mode: int, slope_of: int | None = None) -> Any:
    """The weight of every tap, or its derivative by the place along one axis."""
    axes = [F.select(place, -1, axis) for axis in range(place.shape[-1])]
    products = []
    for taps in itertools.product(_WEIGHTS[mode], repeat=len(axes)):
        product = None
        for axis, coefficients in enumerate(taps):
            chosen = _slope(coefficients) if axis == slope_of else coefficients
            factor = _polynomial(axes[axis], chosen)
            product = factor if product is None else product * factor
        products.append(product)
    return F.stack(products, 1)


def _places(F: Namespace, grid: Any, slope: Any, base: Any) -> Any:
    """How far the points are from the pixels before them, as a function of the grid."""
    return slope * F.reshape(grid, tuple(slope.shape)) - base


def _flat(F: Namespace, image: Any) -> Any:
    images, channels, *sizes = image.shape
    return F.reshape(image, (images, channels, math.prod(sizes)))


def _points_of(F: Namespace, value: Any) -> Any:
    """A value at the points of a grid with one axis of points."""
    return _flat(F, value)


def _sampled(F: Namespace, input: Any, grid: Any, mode: int, padding: int, align: bool) -> Any:
    sizes = tuple(input.shape[2:])
    index, mask, slope, base = F._grid_taps(grid, sizes, mode, padding, align)
    weight = _tap_weights(F, _places(F, grid, slope, base), mode) * mask
    found = F._grid_gather(_flat(F, input), index, weight)
    return F.reshape(found, (*input.shape[:2], *grid.shape[1:-1]))


def _grid_sample(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    from ...table.formulas import real_arrays

    return _sampled(real_arrays, input, grid, interpolation_mode, padding_mode, align_corners)


def _by_image(
    F: Namespace,
    g: Any,
    grid: Any,
    input_shape: Any,
    interpolation_mode: int,
    padding_mode: int,
    align_corners: bool,
) -> Any:
    sizes = tuple(input_shape[2:])
    index, mask, slope, base = F._grid_taps(
        grid, sizes, interpolation_mode, padding_mode, align_corners
    )
    weight = _tap_weights(F, _places(F, grid, slope, base), interpolation_mode) * mask
    spread = F._grid_scatter(_points_of(F, g), index, weight, math.prod(sizes))
    return F.reshape(spread, tuple(input_shape))


def _by_grid(
    F: Namespace,
    g: Any,
    input: Any,
    grid: Any,
    interpolation_mode: int,
    padding_mode: int,
    align_corners: bool,
) -> Any:
    sizes = tuple(input.shape[2:])
    index, mask, slope, base = F._grid_taps(
        grid, sizes, interpolation_mode, padding_mode, align_corners
    )
    place = _places(F, grid, slope, base)
    weighed = F._grid_dot(_points_of(F, g), _flat(F, input), index) * mask
    columns = [
        F.sum_dim(weighed * _tap_weights(F, place, interpolation_mode, axis), (1,))
        for axis in range(len(sizes))
    ]
    return F.reshape(F.stack(columns, -1) * slope, tuple(grid.shape))


def _along_grid(
    F: Namespace,
    t: Any,
    input: Any,
    grid: Any,
    interpolation_mode: int,
    padding_mode: int,
    align_corners: bool,
) -> Any:
    sizes = tuple(input.shape[2:])
    index, mask, slope, base = F._grid_taps(
        grid, sizes, interpolation_mode, padding_mode, align_corners
    )
    place = _places(F, grid, slope, base)
    moved = slope * F.reshape(t, tuple(slope.shape))
    weight = 0
    for axis in range(len(sizes)):
        by_axis = _tap_weights(F, place, interpolation_mode, axis)
        weight = weight + by_axis * F.unsqueeze(F.select(moved, -1, axis), 1)
    found = F._grid_gather(_flat(F, input), index, weight * mask)
    return F.reshape(found, (*input.shape[:2], *grid.shape[1:-1]))


def _check_grid(input: Tensor, grid: Tensor, mode: int, padding: int, align: bool) -> None:
    shape, points = shape_of(input), shape_of(grid)
    wrap_own_dim(0, min(len(shape), len(points)))
    if shape[:1] != points[:1]:
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(shape)} and grid with sizes {list(points)}"
        )
    if points[-1] != len(shape) - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {len(shape) - 2} in last dimension, but "
            f"got grid with sizes {list(points)}"
        )
    for axis in range(2, len(shape)):
        if shape[axis] == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                f"has sizes {list(shape)} with dimension {axis} being empty"
            )
    if len(shape) not in (4, 5) or len(points) != len(shape):
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(shape)} and grid with sizes {list(points)}"
        )
    if len(shape) == 5 and mode == BICUBIC:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    real_only(f"grid_sampler_{len(shape) - 2}d_cpu{'_kernel_impl' * (len(shape) == 4)}", input)
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.scalar_name} but found {grid.dtype.scalar_name}"
        )


def _image(S: Any) -> Any:
    return S.normal(1, 2, 4, 5), S.uniform(-1.2, 1.2, 1, 3, 2, 2)


def _volume(S: Any) -> Any:
    return S.normal(1, 2, 2, 3, 4), S.uniform(-1.2, 1.2, 1, 2, 2, 1, 3)


def _define_sampler(dims: int, samples: Any) -> None:
    op(
        f"grid_sampler_{dims}d(Tensor input, Tensor grid, int interpolation_mode, "
        "int padding_mode, bool align_corners)",
        kernel=_grid_sample,
        fused=dict.fromkeys(("input", "grid"), f"GridSampler{dims}DBackwardBackward0 g input grid"),
        vjp={"input": _by_image, "grid": _by_grid},
        jvp={
            "input": lambda F, t, grid, interpolation_mode, padding_mode, align_corners: _sampled(
                F, t, grid, interpolation_mode, padding_mode, align_corners
            ),
            "grid": _along_grid,
        },
        check=_check_grid,
        node=f"GridSampler{dims}DBackward0",
        where=("torch",),
        prelude="",
        doc="Samples images at the points of a grid; modes and paddings are numbers.",
        samples=_real(samples),
    )


_define_sampler(
    2,
    lambda S: [
        S(*_image(S), 2, 0, False),
        S(*_image(S), 1, 0, False),
        S(*_image(S), 0, 1, True),
    ],
)
_define_sampler(
    3,
    lambda S: [
        S(*_volume(S), 0, 0, True),
        S(*_volume(S), 0, 2, False),
        S(*_volume(S), 1, 1, False),
        S(*_volume(S), 2, 0, False),
    ],
)


def _grid_sampler(F: Namespace, input: Any, *rest: Any) -> Any:
    sample = F.grid_sampler_3d if ndim(input) == 5 else F.grid_sampler_2d
    return sample(input, *rest)


op(
    "grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, "
    "bool align_corners)",
    composite=_grid_sampler,
    where=("torch",),
    prelude="",
    doc="Samples images or volumes at the points of a grid; modes and paddings are numbers.",
    samples=_real(
        lambda S: [
            S(*_image(S), 0, 0, False),
            S(*_volume(S), 0, 2, False),
            S(S.normal(1, 2, 4), S.normal(1, 3, 2), 0, 0, False),
        ]
    ),
)


def _warn_corners(align_corners: bool | None) -> bool:
    if align_corners is None:
        warnings.warn(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
            "1.3.0. Please specify align_corners=True if the old behavior is desired. See the "
            "documentation of grid_sample for details.",
            UserWarning,
            stacklevel=2,
        )
        return False
    return align_corners


def _grid_sample_by_name(
    F: Namespace, input: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool | None
) -> Any:
    if mode not in _MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDINGS:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    align = _warn_corners(align_corners)
    return F.grid_sampler(input, grid, _MODES.index(mode), _PADDINGS.index(padding_mode), align)


op(
    "grid_sample(Tensor input, Tensor grid, str mode='bilinear', str padding_mode='zeros', "
    "bool? align_corners=None)",
    composite=_grid_sample_by_name,
    where=("F",),
    written="F",
    doc="Samples images at the points of a grid whose borders are at -1 and 1.",
    samples=_real(
        lambda S: [
            S(*_image(S)),
            S(*_image(S), align_corners=True),
            S(*_image(S), padding_mode="border", align_corners=False),
            S(*_image(S), padding_mode="reflection", align_corners=True),
            S(*_image(S), mode="nearest", padding_mode="reflection"),
            S(*_image(S), mode="bicubic"),
            S(*_image(S), mode="bicubic", padding_mode="reflection", align_corners=True),
            S(*_image(S), mode="bicubic", padding_mode="border"),
            S(*_volume(S), padding_mode="border"),
            S(*_volume(S), mode="nearest", padding_mode="reflection", align_corners=True),
            S(*_image(S), mode="linear"),
            S(*_image(S), padding_mode="circular"),
        ]
    ),
)


# --- affine grids -----------------------------------------------------------------------------


def _base_grid(size: Any, align: bool, dtype: Any) -> Any:
    """The points of the identity map in homogeneous coordinates: (points, dims + 1)."""
    sizes = size[2:]
    axes = []
    for n in sizes:
        steps = np.linspace(-1, 1, n) if n > 1 else np.zeros(n)
        axes.append(steps if align else steps * ((n - 1) / n))
    mesh = np.meshgrid(*axes, indexing="ij")
    columns = [part.ravel() for part in reversed(mesh)]
    return np.stack([*columns, np.ones_like(columns[0])], -1).astype(dtype)


def _affine(theta: Any, size: Any, align_corners: bool) -> Any:
    grid = _base_grid(size, align_corners, theta.dtype) @ np.swapaxes(theta, 1, 2)
    return grid.reshape(len(theta), *size[2:], len(size) - 2)


def _affine_back(self: Any, size: Any, align_corners: bool) -> Any:
    points = self.reshape(len(self), -1, len(size) - 2)
    return np.swapaxes(points, 1, 2) @ _base_grid(size, align_corners, self.dtype)


def _check_affine(theta: Tensor, size: Any, align_corners: bool) -> None:
    if len(size) not in (4, 5):
        raise RuntimeError(
            "AffineGridGenerator needs 4d (spatial) or 5d (volumetric) inputs for size."
        )
    shape, dims = shape_of(theta), len(size) - 1
    for axis in (1, 2):  # of each map, which is transposed
        wrap_dim(axis, len(shape))
    if len(shape) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if (shape[0], shape[2]) != (size[0], dims):
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{size[0]}, {dims}] but got: [{shape[0]}, {shape[2]}]."
        )
    if shape[1] != dims - 1:
        points = [size[0], *size[2:], dims - 1]
        count = math.prod(points[:-1]) * shape[1]
        raise RuntimeError(f"shape '{points}' is invalid for input of size {count}")


op(
    "affine_grid_generator(Tensor theta, int[] size, bool align_corners)",
    kernel=_affine,
    vjp={"theta": lambda F, g, size, align_corners: F._affine_grid_back(g, size, align_corners)},
    jvp={
        "theta": lambda F, t, size, align_corners: F.affine_grid_generator(t, size, align_corners)
    },
    check=_check_affine,
    size=lambda theta, size, align_corners: math.prod(size[:1] + size[2:]) * (len(size) - 2),
    where=("torch",),
    prelude="",
    doc="The points that affine maps send a regular grid to.",
    samples=_real(
        lambda S: [
            S(S.normal(1, 2, 3), (1, 1, 3, 4), False),
            S(S.normal(2, 3, 4), (2, 1, 2, 3, 2), True),
        ]
    ),
)
op(
    "_affine_grid_back(Tensor self, int[] size, bool align_corners)",
    kernel=_affine_back,
    vjp={"self": lambda F, g, size, align_corners: F.affine_grid_generator(g, size, align_corners)},
    jvp={"self": lambda F, t, size, align_corners: F._affine_grid_back(t, size, align_corners)},
    node="AffineGridGeneratorBackwardBackward0",
    where=(),
    doc="The transpose of `affine_grid_generator`.",
    samples=_real(lambda S: [S(S.normal(1, 3, 4, 2), (1, 1, 3, 4), False)]),
)


def _affine_grid(F: Namespace, theta: Any, size: Any, align_corners: bool | None) -> Any:
    size = Size(size) if isinstance(size, Size) else type(size)(size)
    align = _warn_corners(align_corners)
    if type(theta) is Tensor and not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    shape = tuple(theta.shape)
    if len(size) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    dims = len(size) - 2
    if len(shape) != 3 or shape[1:] != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size "
            f"{size}. Got {Size(shape)}."
        )
    if align and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            UserWarning,
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    return F.affine_grid_generator(theta, tuple(size), align)


op(
    "affine_grid(Tensor theta, Extents size, bool? align_corners=None)",
    composite=_affine_grid,
    where=("F",),
    written="F",
    doc="The points that affine maps send a regular grid to, for `grid_sample`.",
    samples=_real(
        lambda S: [
            S(S.normal(1, 2, 3), (1, 1, 3, 4)),
            S(S.normal(2, 2, 3), (2, 3, 2, 2), align_corners=True),
            S(S.normal(1, 3, 4), (1, 1, 2, 3, 4), align_corners=False),
            S(S.normal(1, 2, 2), (1, 1, 3, 4)),
            S(S.normal(1, 2, 3), (1, 1, 3)),
            S(S.normal(2, 2, 3), (1, 1, 3, 4)),
        ]
    ),
)
