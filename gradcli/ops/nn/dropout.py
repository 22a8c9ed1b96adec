"""Dropout, and embeddings: rows of a table looked up by number."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels import random
from ...table.entry import op
from ...table.levels.randomness import per_example
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.tensor import Tensor, make, numel, shape_of
from .embedding import _check_embedding, _embedding, _embedding_again, _embedding_back

# --- dropout ----------------------------------------------------------------------------------


def _noise(F: Any, input: Any, p: float, channels: bool, kept: float = 1.0) -> Any:
    """The mask of what is kept, `1 / kept` where kept; for `channels` it is one number a channel.

    Under vmap it is drawn for every example or once, as the randomness says.
    """
    shape = tuple(input.shape)
    if channels:
        shape = shape[:2] + (1,) * (len(shape) - 2)
    if type(input) is not Tensor:
        noise = random.bernoulli(shape, dtypes.FROM_ARRAY[input.dtype], 1 - p)
        return noise / noise.dtype.type(kept)
    dtype = input.dtype

    def draw(full: tuple[int, ...]) -> Tensor:
        noise = np.asarray(random.bernoulli(full, dtype, 1 - p))
        return make(dtype.cast(noise / kept)[()], dtype)

    return per_example(shape, draw)


def _check_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not p <= 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")


def _multiplied(F: Any, input: Any, factor: Any, inplace: bool) -> Any:
    if inplace and type(input) is Tensor:
        from ...table.lookup import get_op
        from ...table.memory.inplace import run_inplace

        return run_inplace(get_op("mul"), (input, factor))
    return F.mul(input, factor)


def _zero(input: Any) -> Any:
    if type(input) is Tensor:
        return make(input.dtype.array.type(0), input.dtype)
    return input.dtype.type(0)


def _scaled_noise(F: Any, input: Any, p: float, channels: bool) -> Any:
    dtype = input.dtype if type(input) is Tensor else dtypes.FROM_ARRAY[input.dtype]
    if dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtype.scalar_name}"
        )
    return _noise(F, input, p, channels, 1 - p)


def _drop(
    F: Any, input: Any, p: float, training: bool, inplace: bool, channels: bool = False
) -> Any:
    _check_probability(p)
    if p == 0 or not training or 0 in input.shape:
        return input
    if channels and len(input.shape) < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if p == 1:
        return _multiplied(F, input, _zero(input), inplace)
    return _multiplied(F, input, _scaled_noise(F, input, p, channels), inplace)


op(
    "dropout_F(Tensor input, Scalar p=0.5, bool training=True, bool inplace=False)",
    name="dropout",
    composite=_drop,
    where=("F",),
    mapped="draws",
    written="F",
    doc="Zeroes elements with probability `p` and scales the others by 1 / (1 - p).",
    samples=lambda S: [S(S.normal(3), p=0.0), S(S.normal(3), p=1.0), S(S.normal(3), 0.5, False)],
)
op(
    "dropout(Tensor input, float p, bool train)",
    composite=lambda F, input, p, train: _drop(F, input, p, train, False),
    where=("torch",),
    mapped="draws",
    doc="Zeroes elements with probability `p` and scales the others by 1 / (1 - p).",
    samples=lambda S: [S(S.normal(3), 0.0, True), S(S.normal(3), 0.5, False)],
)


def _define_channels(dims: int) -> None:
    name = f"dropout{dims}d"

    def drop(F: Any, input: Any, p: float, training: bool, inplace: bool) -> Any:
        _check_probability(p)
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
        if dims != 2 and rank == dims + 1:
            batch = _drop(F, F.unsqueeze(input, 0), p, training, inplace, True)
            return F.squeeze_dim(batch, 0)
        return _drop(F, input, p, training, inplace, True)

    op(
        f"{name}(Tensor input, Scalar p=0.5, bool training=True, bool inplace=False)",
        composite=drop,
        where=("F",),
        written="F",
        mapped="draws",
        doc="Zeroes whole channels with probability `p` and scales the others.",
        samples=lambda S: [S(S.normal(2, 3, *(2,) * dims), p=0.0)],
    )


for _dims in (1, 2, 3):
    _define_channels(_dims)


def _alpha(
    F: Any, input: Any, p: float, training: bool, inplace: bool, channels: bool = False
) -> Any:
    _check_probability(p)
    if p == 0 or not training or 0 in input.shape:
        return input
    if p == 1:
        return _multiplied(F, input, _zero(input), inplace)
    alpha = 1.7580993408473766
    scale = 1 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    noise = _noise(F, input, p, channels)
    shift = F.add(F.mul(F.add(noise, -1), alpha * scale), alpha * scale * p)
    return F.add(_multiplied(F, input, F.mul(noise, scale), inplace), shift)


op(
    "alpha_dropout(Tensor input, float p=0.5, bool training=False, bool inplace=False)",
    composite=_alpha,
    where=("F",),
    mapped="draws",
    written="F",
    doc="Dropout that keeps mean and variance of what `selu` gives.",
    samples=lambda S: [S(S.normal(3))],
)
op(
    "feature_alpha_dropout(Tensor input, float p=0.5, bool training=False, bool inplace=False)",
    composite=lambda F, input, p, training, inplace: _alpha(F, input, p, training, inplace, True),
    where=("F",),
    mapped="draws",
    written="F",
    doc="Alpha dropout of whole channels.",
    samples=lambda S: [S(S.normal(2, 3))],
)


# --- embedding --------------------------------------------------------------------------------


op(
    "embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, "
    "bool sparse=False)",
    kernel=lambda weight, indices, padding_idx, scale_grad_by_freq, sparse: weight[indices],
    vjp={
        "weight": lambda F, g, indices, weight_shape, padding_idx, scale_grad_by_freq: (
            F._embedding_back(g, indices, weight_shape[0], padding_idx, scale_grad_by_freq)
        )
    },
    jvp={"weight": lambda F, t, indices: F.embedding(t, indices)},
    check=_check_embedding,
    size=lambda weight, indices, *rest: numel(shape_of(indices)) * shape_of(weight)[1],
    where=("torch",),
    shows={"weight_shape": ""},
    doc="Rows of a table, looked up by number.",
    samples=lambda S: [
        S(S.normal(4, 3), S.integers(0, 4, 5)),
        S(S.normal(4, 3), S.integers(0, 4, 2, 2)),
    ],
)
op(
    "_embedding_back(Tensor self, Tensor indices, int rows, int padding_idx, "
    "bool scale_grad_by_freq)",
    kernel=lambda self, indices, rows, padding_idx, scale_grad_by_freq: _embedding_back(
        self, np.asarray(indices), rows, padding_idx, scale_grad_by_freq
    ),
    vjp={
        "self": lambda F, g, indices, padding_idx, scale_grad_by_freq: F._embedding_again(
            g, indices, padding_idx, scale_grad_by_freq
        )
    },
    jvp={
        "self": lambda F, t, indices, rows, padding_idx, scale_grad_by_freq: F._embedding_back(
            t, indices, rows, padding_idx, scale_grad_by_freq
        )
    },
    node="EmbeddingDenseBackwardBackward0",
    where=(),
    doc="Adds rows up into the table that they were looked up in.",
    samples=lambda S: [S(S.normal(5, 3), S.integers(0, 4, 5), 4, 1, True)],
)
op(
    "_embedding_again(Tensor self, Tensor indices, int padding_idx, bool scale_grad_by_freq)",
    kernel=_embedding_again,
    vjp={
        "self": lambda F, g, indices, self_shape, padding_idx, scale_grad_by_freq: (
            F._embedding_back(g, indices, self_shape[0], padding_idx, scale_grad_by_freq)
        )
    },
    jvp={
        "self": lambda F, t, indices, padding_idx, scale_grad_by_freq: F._embedding_again(
            t, indices, padding_idx, scale_grad_by_freq
        )
    },
    node="EmbeddingBackward0",
    where=(),
    doc="Rows looked up and scaled as in the derivative of an embedding.",
    samples=lambda S: [S(S.normal(4, 3), S.integers(0, 4, 5), 1, True)],
)


op(
    "embedding_F(Tensor input, Tensor weight, int? padding_idx=None, float? max_norm=None, "
    "float norm_type=2.0, bool scale_grad_by_freq=False, bool sparse=False)",
    name="embedding",
    composite=_embedding,
    where=("F",),
    written="F",
    doc="Rows of a table, looked up by number.",
    samples=lambda S: [
        S(S.integers(0, 4, 5), S.normal(4, 3)),
        S.edge(S.integers(0, 4, 2, 2), S.normal(4, 3), padding_idx=1, scale_grad_by_freq=True),
    ],
)
