"""Pooling that picks random windows, and the inverse of pooling by maxima.

The maxima are found and differentiated as in `pooling`: an element goes where its index says.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels import random
from ...table.dtype_rules import not_differentiable, real_only
from ...table.entry import op
from ...table.levels.randomness import per_example
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.dtypes import type_name
from ...tensor.tensor import Tensor, make, shape_of
from .pooling import spread

Sizes = tuple[int, ...]

# --- back to where maxima were ----------------------------------------------------------------


def _unpooled(self: Any, indices: Any, output_size: Any) -> Any:
    lead = self.shape[: self.ndim - len(output_size)]
    rows = math.prod(lead)
    out = np.zeros((rows, math.prod(output_size)), self.dtype)
    places = indices.reshape(rows, -1)
    out[np.arange(rows)[:, None], places] = self.reshape(rows, -1)
    return out.reshape(*lead, *output_size)


def _check_unpool(self: Tensor, indices: Tensor, output_size: Any) -> None:
    shape = shape_of(self)
    dims = len(output_size)
    name = f"max_unpooling{dims}d"
    if indices.dtype is not dtypes.int64:
        raise RuntimeError(
            f"elements in indices should be type int64 but got: {indices.dtype.scalar_name}"
        )
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Input to {name} should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor with "
            f"{len(shape)} dimensions."
        )
    if shape_of(indices) != shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(shape)}) but "
            f"got indices tensor with shape: {list(shape_of(indices))}"
        )
    for axis in range(1, len(shape)):
        if shape[axis] == 0:
            raise RuntimeError(
                f"{name}_forward_out_cpu(): Expected input to have non-zero size for non-batch "
                f"dimensions, but got {list(shape)} with dimension {axis} being empty."
            )
    real_only(f"max_unpool{dims}d", self)
    places = np.asarray(indices.array)
    outside = places[(places < 0) | (places >= math.prod(output_size))]
    if outside.size:
        raise RuntimeError(
            f"Found an invalid max index: {outside[-1]} (output volumes are of size "
            f"{'x'.join(map(str, output_size))})"
        )


def _unpool_size(
    shape: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, output_size: Any
) -> Sizes:
    for axis in range(len(kernel)):
        if axis >= len(shape) or axis - len(kernel) < -len(shape):
            raise IndexError("tuple index out of range")
    usual = tuple(
        (n - 1) * s + k - 2 * p
        for n, k, s, p in zip(shape[-len(kernel) :], kernel, stride, padding, strict=True)
    )
    chosen = usual
    if output_size is not None:
        if len(output_size) == len(kernel) + 2:
            output_size = output_size[2:]
        if len(output_size) != len(kernel):
            raise ValueError(
                f"output_size should be a sequence containing {len(kernel)} or {len(kernel) + 2} "
                f"elements, but it has a length of '{len(output_size)}'"
            )
        for axis, (n, s) in enumerate(zip(usual, stride, strict=True)):
            if not n - s < output_size[axis] < n + s:
                raise ValueError(
                    f'invalid output_size "{output_size}" (dim {axis} must be between {n - s} and '
                    f"{n + s})"
                )
        chosen = tuple(output_size)
    for axis, n in enumerate(chosen):
        if n < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, but got "
                f"output_size[{axis}]={n}"
            )
    return chosen


def _unpool_samples(dims: int) -> Any:
    def samples(S: Any) -> Any:
        if S.dtype.is_complex:
            return []
        image = S.normal(1, 2, *(2,) * dims)
        count = 2**dims
        places = make(
            np.stack([np.arange(count) * 2, np.arange(count)[::-1]]).reshape(1, 2, *(2,) * dims),
            dtypes.int64,
        )
        return [
            S(image, places, 2),
            S(image, places, 2, stride=3, output_size=(4,) * dims),
            S(image, places, 2, output_size=(9,) * dims),
            S(image, places, 1),
        ]

    return samples


def _define_unpool(dims: int) -> None:
    name = f"max_unpool{dims}d"
    if dims > 1:
        op(
            f"_{name}(Tensor self, Tensor indices, int[] output_size)",
            kernel=_unpooled,
            vjp={
                "self": lambda F, g, indices, output_size: F._window_gather(
                    g, indices, len(output_size)
                )
            },
            jvp={
                "self": lambda F, t, indices, output_size: getattr(
                    F, f"_max_unpool{len(output_size)}d"
                )(t, indices, output_size)
            },
            check=_check_unpool,
            size=lambda self, indices, output_size: (
                math.prod(shape_of(self)[: -len(output_size)]) * math.prod(output_size)
            ),
            node=f"MaxUnpool{dims}DBackward0",
            where=(),
            doc=f"The kernel of `{name}`.",
            samples=lambda S: (
                []
                if S.dtype.is_complex
                else [S(S.normal(1, *(2,) * dims), _spaced(dims), (3,) * dims)]
            ),
        )

    def unpooled(
        F: Namespace,
        input: Any,
        indices: Any,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        output_size: Any,
    ) -> Any:
        kernel = spread(name, "kernel_size", kernel_size, dims)
        steps = kernel if stride is None else spread(name, "stride", stride, dims)
        pads = spread(name, "padding", padding, dims)
        size = _unpool_size(tuple(input.shape), kernel, steps, pads, output_size)
        if dims == 1:
            wide = F._max_unpool2d(F.unsqueeze(input, -1), F.unsqueeze(indices, -1), (*size, 1))
            return F.squeeze_dim(wide, -1)
        return getattr(F, f"_{name}")(input, indices, size)

    op(
        f"{name}(Tensor input, Tensor indices, Extents kernel_size, Extents? stride=None, "
        "Extents padding=0, Extents? output_size=None)",
        composite=unpooled,
        where=("F",),
        written="F",
        doc="Writes maxima back to where pooling found them, zeros elsewhere.",
        samples=_unpool_samples(dims),
    )


def _spaced(dims: int) -> Any:
    return make(np.arange(2**dims).reshape(1, *(2,) * dims) * 2, dtypes.int64)


# --- random windows ---------------------------------------------------------------------------


def _starts(sample: Any, size: int, out: int, kernel: int) -> Any:
    """Where the windows begin along one dimension, for each random number."""
    last = np.full((*sample.shape, 1), size - kernel)
    if out == 1:
        return last
    alpha = sample.dtype.type((size - kernel) / (out - 1))
    steps = np.arange(out - 1, dtype=sample.dtype)
    begin = ((steps + sample[..., None]) * alpha).astype(np.int64)
    begin = begin - (sample[..., None] * alpha).astype(np.int64)
    return np.concatenate([begin, last], -1)


def _fractional(
    self: Any, kernel_size: Any, output_size: Any, random_samples: Any
) -> tuple[Any, Any]:
    dims = len(kernel_size)
    sizes = self.shape[-dims:]
    single = self.ndim == dims + 1
    images = self[None] if single else self
    count, channels = images.shape[:2]
    flat = images.reshape(count, channels, -1)
    order = range(dims) if dims == 3 else range(dims - 1, -1, -1)
    index: Any = 0
    for axis, place in enumerate(order):
        starts = _starts(
            random_samples[..., place], sizes[axis], output_size[axis], kernel_size[axis]
        )
        taps = starts[..., None] + np.arange(kernel_size[axis])
        lead = [1] * (2 * dims)
        lead[axis], lead[dims + axis] = taps.shape[-2:]
        index = index + taps.reshape(count, channels, *lead) * math.prod(sizes[axis + 1 :])
    index = np.broadcast_to(index, (count, channels, *output_size, *kernel_size))
    index = index.reshape(count, channels, math.prod(output_size), math.prod(kernel_size))
    windows = np.take_along_axis(flat, index.reshape(count, channels, -1), -1).reshape(index.shape)
    unknown = windows != windows
    best = np.where(
        unknown.any(-1),
        windows.shape[-1] - 1 - np.argmax(unknown[..., ::-1], -1),
        np.argmax(windows, -1),
    )
    shape = (*((channels,) if single else (count, channels)), *output_size)
    values = np.take_along_axis(windows, best[..., None], -1)
    places = np.take_along_axis(index, best[..., None], -1)
    return values.reshape(shape), places.reshape(shape)


_SIDES = {2: ("height", "width"), 3: ("time", "height", "width")}
_CALLED = {2: "fractional_max_pool2d()", 3: "fractional_max_pool3d_out()"}


def _check_fractional(
    self: Tensor, kernel_size: Any, output_size: Any, random_samples: Tensor
) -> None:
    dims = len(kernel_size)
    shape = shape_of(self)
    for side, n, k, out in zip(_SIDES[dims], shape[-dims:], kernel_size, output_size, strict=True):
        if out + k - 1 > n - (dims == 3):  # in three dimensions the last window ends before the end
            raise RuntimeError(
                f"{_CALLED[dims]}: pool {side} {k} too large relative to input {side} {n}"
            )
    real_only(f"fractional_max_pool{dims}d_out_frame", self)
    if random_samples.dtype is not self.dtype:
        raise RuntimeError("Expect _random_samples to have the same dtype as input")
    chances = shape_of(random_samples)
    if chances[1] != shape[-dims - 1]:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")


def _define_fractional(dims: int) -> None:
    name = f"fractional_max_pool{dims}d"
    op(
        f"_{name}(Tensor self, int[] kernel_size, int[] output_size, Tensor random_samples)",
        kernel=_fractional,
        vjp={
            "self": lambda F, g, out1, self_shape, kernel_size: F._window_scatter(
                g, out1, tuple(self_shape[len(self_shape) - len(kernel_size) :])
            )
        },
        jvp={
            "self": lambda F, t, out1, kernel_size: (
                F._window_gather(t, out1, len(kernel_size)),
                None,
            )
        },
        outputs=2,
        constant=(1,),
        check=_check_fractional,
        node=f"FractionalMaxPool{dims}DBackward0",
        fused={"self": f"FractionalMaxPool{dims}DBackwardBackward0 g self=0"},
        where=(),
        doc=f"The kernel of `{name}`.",
        samples=lambda S: (
            []
            if S.dtype.is_complex
            else [
                S(S.distinct(1, 2, *(5,) * dims), (2,) * dims, (3,) * dims, _chances(S, dims)),
                S(S.distinct(2, *(5,) * dims), (1,) * dims, (3,) * dims, _chances(S, dims)),
            ]
        ),
    )

    def pooled(
        F: Namespace,
        input: Any,
        kernel_size: Any,
        output_size: Any,
        output_ratio: Any,
        return_indices: bool,
        random_samples: Any,
    ) -> Any:
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
        if output_size is None:
            output_size = _by_ratio(name, tuple(input.shape), output_ratio, dims)
        rank = ndim(input)
        channels = tuple(input.shape)[-dims - 1 : -dims] or _no_channels(dims)
        if random_samples is None:
            lead = (1 if rank == dims + 1 else input.shape[0], channels[0], dims)
            random_samples = per_example(
                lead, lambda full: make(random.rand(full, input.dtype), input.dtype)
            )
        not_differentiable(name, random_samples=random_samples)
        kernel = _sizes(name, "kernel_size", kernel_size, dims)
        out = _sizes(name, "output_size", output_size, dims)
        values, index = getattr(F, f"_{name}")(input, kernel, out, random_samples)
        return (values, index) if return_indices else values

    schema = (
        "(Tensor input, Extents kernel_size, Extents? output_size=None, any? output_ratio=None, "
        "bool return_indices=False, Tensor? _random_samples=None)"
    )

    def samples(S: Any) -> Any:
        if S.dtype.is_complex:
            return []
        image = S.distinct(1, 2, *(5,) * dims)  # others draw random numbers
        return [S(image, 2), S(image, 2, output_size=6)]

    op(
        name + schema,
        composite=pooled,
        where=("F",),
        written="F",
        mapped="draws",
        doc="The maximum of each of a given number of windows at random places.",
        samples=samples,
    )
    op(
        f"{name}_with_indices" + schema,
        composite=lambda F, input, k, size, ratio, r, chances: pooled(
            F, input, k, size, ratio, True, chances
        ),
        where=("F",),
        written="F",
        mapped="draws",
        doc="The maximum of each window at random places, and where it is.",
        samples=samples,
    )


def _chances(S: Any, dims: int) -> Any:
    return S.uniform(0, 1, 1, 2, dims)


def _no_channels(dims: int) -> Sizes:
    raise IndexError(
        f"Dimension out of range (expected to be in range of [{-dims}, {dims - 1}], but got "
        f"{-dims - 1})"
    )


def _sizes(name: str, what: str, value: Any, dims: int) -> Sizes:
    sizes = (value,) if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        sizes = sizes * dims
    if len(sizes) != dims:
        raise RuntimeError(f"{name}: {what} must either be a single Int or tuple of Ints")
    return sizes


def _by_ratio(name: str, shape: Sizes, ratio: Any, dims: int) -> Sizes:
    if not isinstance(ratio, list | tuple):
        if dims == 2:
            raise TypeError(f"object of type '{type_name(ratio)}' has no len()")
        if not isinstance(ratio, int | float):
            kind = type_name(ratio)
            raise TypeError(f"unsupported operand type(s) for *: 'int' and '{kind}'")
        ratio = (ratio,) * dims
    if dims == 2 and len(ratio) > 2:
        raise ValueError(
            f"{name} requires output_ratio to either be a single Int or tuple of Ints."
        )
    for axis in range(-dims, 0):
        wrap_own_dim(axis, len(shape))
    if len(ratio) < dims:
        raise IndexError("tuple index out of range")
    return tuple(int(n * r) for n, r in zip(shape[-dims:], ratio, strict=True))


for _dims in (1, 2, 3):
    _define_unpool(_dims)
    if _dims > 1:
        _define_fractional(_dims)
