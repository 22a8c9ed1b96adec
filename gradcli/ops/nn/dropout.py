"""Dropout: elements or whole channels set to zero at random."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels import trials
from ...kernels.strides import preserved_strides, strides_of
from ...table.entry import op
from ...table.levels.randomness import per_example
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.tensor import Tensor, make

# --- dropout ----------------------------------------------------------------------------------


def dropout_noise(input: Any, p: float, channels: bool, kept: float = 1.0) -> Any:
    """The mask of what is kept, `1 / kept` where kept; for `channels` it is one number a channel.

    It is drawn in the order in which the input lies in memory. Under vmap it is drawn for every
    example or once, as the randomness says.
    """
    shape = tuple(input.shape)
    if channels:
        shape = shape[:2] + (1,) * (len(shape) - 2)
    if type(input) is not Tensor:
        noise = trials.bernoulli(shape, dtypes.FROM_ARRAY[input.dtype], 1 - p)
        return noise / noise.dtype.type(kept)
    dtype = input.dtype

    def draw(full: tuple[int, ...]) -> Tensor:
        if channels or len(full) != input.array.ndim:
            order = list(range(len(full)))
        else:
            laid = preserved_strides(full, strides_of(input.array))
            order = sorted(range(len(full)), key=lambda axis: -laid[axis])
        noise = np.asarray(trials.bernoulli(tuple(full[axis] for axis in order), dtype, 1 - p))
        noise = noise.transpose(np.argsort(order))
        return make(dtype.cast(noise / kept)[()], dtype)

    return per_example(shape, draw)


def check_probability(p: Any) -> float:
    """`p` as a real number. Raises ValueError, for NaN RuntimeError, for what is no probability.

    NumPy orders its complex numbers by their real parts first, and they pass with those.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not p <= 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")
    return float(p.real)


def _multiplied(F: Namespace, input: Any, factor: Any, inplace: bool) -> Any:
    if inplace and type(input) is Tensor:
        from ...table.lookup import get_op
        from ...table.memory.inplace import run_inplace

        return run_inplace(get_op("mul"), (input, factor))
    return F.mul(input, factor)


def _zero(input: Any) -> Any:
    if type(input) is Tensor:
        return make(input.dtype.array.type(0), input.dtype)
    return input.dtype.type(0)


def _scaled_noise(F: Namespace, input: Any, p: float, channels: bool) -> Any:
    dtype = input.dtype if type(input) is Tensor else dtypes.FROM_ARRAY[input.dtype]
    if dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtype.scalar_name}"
        )
    return dropout_noise(input, p, channels, 1 - p)


def dropped(
    F: Namespace, input: Any, p: float, training: bool, inplace: bool, channels: bool = False
) -> Any:
    """`input` with elements or channels set to zero; the others are divided by 1 - p."""
    p = check_probability(p)
    if p == 0 or not training or 0 in input.shape:
        return input
    if channels and len(input.shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if p == 1:
        return _multiplied(F, input, _zero(input), inplace)
    return _multiplied(F, input, _scaled_noise(F, input, p, channels), inplace)


op(
    "dropout_F(Tensor input, Ordered p=0.5, bool training=True, bool inplace=False)",
    name="dropout",
    composite=dropped,
    where=("F",),
    mapped="draws",
    written="F",
    doc="Zeroes elements with probability `p` and scales the others by 1 / (1 - p).",
    samples=lambda S: [S(S.normal(3), p=0.0), S(S.normal(3), p=1.0), S(S.normal(3), 0.5, False)],
)
op(
    "dropout(Tensor input, float p, bool train)",
    composite=lambda F, input, p, train: dropped(F, input, p, train, False),
    where=("torch",),
    mapped="draws",
    doc="Zeroes elements with probability `p` and scales the others by 1 / (1 - p).",
    samples=lambda S: [S(S.normal(3), 0.0, True), S(S.normal(3), 0.5, False)],
)


def _define_channels(dims: int) -> None:
    name = f"dropout{dims}d"

    def drop(F: Namespace, input: Any, p: float, training: bool, inplace: bool) -> Any:
        p = check_probability(p)
        rank = ndim(input)
        if rank not in (dims + 1, dims + 2) and dims > 1:
            warnings.warn(
                f"{name}: Received a {rank}-D input to {name}, which is deprecated and will result "
                "in an error in a future release. To retain the behavior and silence this warning, "
                "please use dropout instead. Note that "
                f"{name} exists to provide channel-wise dropout on inputs with {dims} spatial "
                "dimensions, a channel dimension, and an optional batch dimension "
                f"(i.e. {dims + 1}D or {dims + 2}D inputs).",
                UserWarning,
                stacklevel=2,
            )
        elif dims == 1 and rank not in (2, 3):
            raise RuntimeError(
                f"dropout1d: Expected 2D or 3D input, but received a {rank}D input. Note that "
                "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial "
                "dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D "
                "inputs)."
            )
        if dims != 2 and rank != dims + 2:
            batch = dropped(F, F.unsqueeze(input, 0), p, training, inplace, True)
            return F.squeeze_dim(batch, 0)
        return dropped(F, input, p, training, inplace, True)

    op(
        f"{name}(Tensor input, Ordered p=0.5, bool training=True, bool inplace=False)",
        composite=drop,
        where=("F",),
        written="F",
        mapped="draws",
        doc="Zeroes whole channels with probability `p` and scales the others.",
        samples=lambda S: [S(S.normal(2, 3, *(2,) * dims), p=0.0)],
    )


for _dims in (1, 2, 3):
    _define_channels(_dims)


def alpha_dropped(
    F: Namespace, input: Any, p: float, training: bool, inplace: bool, channels: bool = False
) -> Any:
    """Dropout that keeps mean and variance of SELU networks (Klambauer et al. 2017)."""
    p = check_probability(p)
    if p == 0 or not training or 0 in input.shape:
        return input
    if p == 1:
        return _multiplied(F, input, _zero(input), inplace)
    if channels and ndim(input) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if isinstance(input.dtype, dtypes.DType) and not input.dtype.differentiable:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}"
        )
    alpha = 1.7580993408473766
    scale = 1 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    noise = dropout_noise(input, p, channels)
    shift = F.add(F.mul(F.add(noise, -1), alpha * scale), alpha * scale * p)
    return F.add(_multiplied(F, input, F.mul(noise, scale), inplace), shift)


op(
    "alpha_dropout(Tensor input, Ordered p=0.5, bool training=False, bool inplace=False)",
    composite=alpha_dropped,
    where=("F",),
    mapped="draws",
    written="F",
    doc="Dropout that keeps mean and variance of what `selu` gives.",
    samples=lambda S: [S(S.normal(3))],
)
op(
    "feature_alpha_dropout(Tensor input, Ordered p=0.5, bool training=False, bool inplace=False)",
    composite=lambda F, input, p, training, inplace: alpha_dropped(
        F, input, p, training, inplace, True
    ),
    where=("F",),
    mapped="draws",
    written="F",
    doc="Alpha dropout of whole channels.",
    samples=lambda S: [S(S.normal(2, 3))],
)
