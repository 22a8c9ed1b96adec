"""Normalization by mean and variance: over layers, batches, groups and instances.

With `y = (x - mean) / sqrt(variance + eps)` over the normalized elements, the derivative is
`(g - mean(g) - y mean(g y)) / sqrt(variance + eps)`, all means over the same elements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.node import before_write
from ...kernels.blocks import BLOCK, dot, total
from ...kernels.strides import in_format_of
from ...table.dtype_rules import not_differentiable, real_only
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim, size_at
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.tensor import META, Size, Tensor, numel, own_memory, shape_of

Axes = tuple[int, ...]


def _mean(sums: Any, x: Any) -> Any:
    return sums / sums.dtype.type(x.size // max(sums.size, 1))


def _standard(x: Any, axes: Any, eps: float) -> Any:
    """`x` with mean 0 and variance 1 over `axes`."""
    centred = x - _mean(total(x, axes), x)
    centred /= np.sqrt(_mean(dot(centred, centred, axes), x) + x.dtype.type(eps))
    return centred


def _at(place: Any, *arrays: Any) -> Any:
    """What arrays have at a place, themselves where it is None."""
    return arrays if place is None else [each if each is None else each[place] for each in arrays]


def _parts(F: Namespace, x: Any, axes: Axes, eps: float) -> tuple[Any, Any]:
    """The standardized `x` and the factor that its deviations were scaled by."""
    centred = x - F.mean_dim(x, axes, True)
    scale = F.rsqrt(F.mean_dim(centred * centred, axes, True) + eps)
    return centred * scale, scale


def _slope(F: Namespace, g: Any, y: Any, scale: Any, axes: Axes) -> Any:
    """The derivative of standardizing, symmetric: it serves cotangents and tangents alike."""
    return (g - F.mean_dim(g, axes, True) - y * F.mean_dim(g * y, axes, True)) * scale


def _scaled(y: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


# --- layer norm -------------------------------------------------------------------------------


def _last(rank: int, count: int) -> Axes:
    return tuple(range(rank - count, rank))


def _row_blocks(rows: int, length: int) -> Sequence[Any]:
    """Places of as many rows as stay in the processor's cache; None for all where they are few."""
    if rows * length <= 2 * BLOCK:
        return (None,)
    step = max(1, BLOCK // length)
    return [slice(start, start + step) for start in range(0, rows, step)]


def _layer_norm(
    input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """The result, and the mean and inverse deviation of each row, which the gradients need."""
    rank = input.ndim - len(normalized_shape)
    kept = (*input.shape[:rank], *(1 for _ in normalized_shape))
    if not input.size:
        return np.zeros_like(input), np.zeros(kept, input.dtype), np.zeros(kept, input.dtype)
    length = math.prod(normalized_shape)
    x = input.reshape(-1, length)
    result = np.empty(x.shape, x.dtype)
    found = np.empty((2, len(x), 1), x.dtype)
    if weight is not None:
        weight = weight.reshape(-1)
    if bias is not None:
        bias = bias.reshape(-1)
    for place in _row_blocks(*x.shape):
        rows, y, mean, scale = _at(place, x, result, *found)
        np.divide(total(rows, -1), length, out=mean)
        np.subtract(rows, mean, out=y)
        np.divide(dot(y, y, -1), length, out=scale)
        scale += x.dtype.type(eps)
        np.sqrt(scale, out=scale)
        np.divide(1, scale, out=scale)
        y *= scale
        if weight is not None:
            y *= weight
        if bias is not None:
            y += bias
    return result.reshape(input.shape), *found.reshape(2, *kept)


def _layer_input(
    F: Namespace,
    g: Any,
    input: Any,
    normalized_shape: Any,
    weight: Any,
    eps: float,
    out1: Any,
    out2: Any,
) -> Any:
    if not F.is_traced and input.size:
        return _layer_back(g, input, weight, out1, out2, math.prod(normalized_shape))
    if weight is not None:
        g = g * weight
    axes = _last(input.ndim, len(normalized_shape))
    y, scale = _parts(F, input, axes, eps)
    return _slope(F, g, y, scale, axes)


def _layer_back(g: Any, input: Any, weight: Any, mean: Any, scale: Any, length: int) -> Any:
    """The cotangent of the input, in few passes over memory."""
    x, g = input.reshape(-1, length), g.reshape(-1, length)
    mean, scale = mean.reshape(-1, 1), scale.reshape(-1, 1)
    if weight is not None:
        weight = weight.reshape(-1)
    back = np.empty(x.shape, x.dtype)
    for place in _row_blocks(*x.shape):
        change, rows, y, shift, factor = _at(place, g, x, back, mean, scale)
        if weight is not None:
            change = change * weight
        np.subtract(rows, shift, out=y)
        y *= factor
        along = dot(change, y, -1)
        along /= length
        y *= along
        sums = total(change, -1)
        sums /= length
        y += sums
        np.subtract(change, y, out=y)
        y *= factor
    return back.reshape(input.shape)


def _layer_weight(
    F: Namespace,
    g: Any,
    input: Any,
    normalized_shape: Any,
    eps: float,
    out1: Any,
    out2: Any,
) -> Any:
    if F.is_traced or not input.size:
        return g * _parts(F, input, _last(input.ndim, len(normalized_shape)), eps)[0]
    shape = (-1, math.prod(normalized_shape))
    x, g = input.reshape(shape), g.reshape(shape)
    mean, scale = out1.reshape(-1, 1), out2.reshape(-1, 1)
    found = np.zeros(shape[1], g.dtype)
    for place in _row_blocks(*x.shape):
        change, rows, shift, factor = _at(place, g, x, mean, scale)
        y = rows - shift
        y *= factor
        y *= change
        found += np.add.reduce(y, 0)
    return found.reshape(normalized_shape)


def _layer_bias(F: Namespace, g: Any, normalized_shape: Any) -> Any:
    if F.is_traced or not g.size:
        return g
    return np.add.reduce(g.reshape(-1, math.prod(normalized_shape)), 0).reshape(normalized_shape)


def _layer_tangent(
    F: Namespace, t: Any, input: Any, normalized_shape: Any, weight: Any, eps: float
) -> Any:
    axes = _last(input.ndim, len(normalized_shape))
    y, scale = _parts(F, input, axes, eps)
    moved = _slope(F, t, y, scale, axes)
    return moved if weight is None else moved * weight


def check_normalized_shape(shape: Sequence[int], normalized: Sequence[int]) -> None:
    """Raise PyTorch's error unless `shape` ends in `normalized`."""
    if not normalized:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            f"element, but got normalized_shape = {list(normalized)}"
        )
    if tuple(shape[len(shape) - len(normalized) :]) != tuple(normalized):
        stars = "".join(f", {n}" for n in normalized)
        raise RuntimeError(
            f"Given normalized_shape={list(normalized)}, expected input with shape [*{stars}], but "
            f"got input of size{list(shape)}"
        )


def _check_mixed(input: Any, *parameters: Any) -> None:
    """Raise RuntimeError unless parameters have the input's dtype, or float32 for a lower one."""
    own, found = input.dtype, [value.dtype for value in parameters if value is not None]
    for at, dtype in enumerate(found):
        if dtype is own and (at == 0 or found[0] is own):
            continue
        if dtype is not dtypes.float32:
            raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
        if own not in (dtypes.float16, dtypes.bfloat16):
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
        if at and found[0] is own:
            raise RuntimeError(f"expected scalar type {own.scalar_name} but found Float")


def _check_layer(input: Tensor, normalized_shape: Any, weight: Any, bias: Any, eps: float) -> None:
    for name, value in (("weight", weight), ("bias", bias)):
        if normalized_shape and value is not None and shape_of(value) != tuple(normalized_shape):
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(shape_of(value))} and normalized_shape = {list(normalized_shape)}"
            )
    check_normalized_shape(shape_of(input), normalized_shape)
    _check_mixed(input, weight, bias)
    real_only("LayerNormKernelImpl", input)


op(
    "_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps)",
    kernel=_layer_norm,
    outputs=3,
    constant=(1, 2),
    fused=dict.fromkeys(
        ("input", "weight", "bias"), "NativeLayerNormBackwardBackward0 g input - - weight bias"
    ),
    vjp={
        "input": _layer_input,
        "weight": _layer_weight,
        "bias": _layer_bias,
    },
    keeps=dict.fromkeys(("input", "weight", "bias"), ("input", "weight", "bias")),
    shows={"eps": ""},
    jvp={
        "input": lambda F, t, input, normalized_shape, weight, eps: (
            _layer_tangent(F, t, input, normalized_shape, weight, eps),
            None,
            None,
        ),
        "weight": lambda F, t, input, normalized_shape, eps: (
            t * _parts(F, input, _last(input.ndim, len(normalized_shape)), eps)[0],
            None,
            None,
        ),
        "bias": lambda F, t, input_shape: (F.expand(t, input_shape), None, None),
    },
    check=_check_layer,
    node="NativeLayerNormBackward0",
    where=(),
    doc="The kernel of `layer_norm`.",
    samples=lambda S: [
        S(S.normal(2, 3, 4), (4,), None, None, 1e-5),
        S(S.normal(2, 3, 4), (3, 4), S.normal(3, 4), S.normal(3, 4), 1e-5),
    ],
)
op(
    "layer_norm(Tensor input, Shape normalized_shape, Tensor? weight=None, Tensor? bias=None, "
    "float eps=1e-05)",
    composite=lambda F, input, normalized_shape, weight, bias, eps: F._layer_norm(
        input, normalized_shape, weight, bias, eps
    )[0],
    where=("F",),
    written="F",
    doc="Standardizes the last dimensions, then scales and shifts.",
    samples=lambda S: [
        S(S.normal(2, 3), (3,)),
        S(S.normal(2, 3), (3,), S.normal(3), S.normal(3), eps=0.1),
    ],
)


def _rms_norm(
    F: Namespace, input: Any, normalized_shape: Any, weight: Any, eps: float | None
) -> Any:
    shape = tuple(input.shape)
    if not normalized_shape:
        check_normalized_shape(shape, normalized_shape)
    if len(shape) < len(normalized_shape):
        raise ValueError(
            f"Input tensor must have at least {len(normalized_shape)} dimensions, but got "
            f"{len(shape)}"
        )
    if isinstance(input.dtype, dtypes.DType) and not input.dtype.differentiable:
        raise unsupported("rms_norm", input.dtype)
    if shape[len(shape) - len(normalized_shape) :] != tuple(normalized_shape):
        stars = ", ".join(map(str, normalized_shape))
        raise RuntimeError(
            f"Given normalized_shape={list(normalized_shape)}, expected input with shape "
            f"[*{stars}], but got input of size{list(shape)}"
        )
    if eps is None:
        dtype = input.dtype
        eps = float(np.finfo(dtype.compute if isinstance(dtype, dtypes.DType) else dtype).eps)
    axes = _last(len(shape), len(normalized_shape))
    dtype = input.dtype
    low = isinstance(dtype, dtypes.DType) and dtype in (dtypes.float16, dtypes.bfloat16)
    if low:  # squares of a low precision overflow
        input = F._to_copy(input, dtypes.float32)
    scale = F.rsqrt(F._add_scalar(F.mean_dim(F.pow(input, 2), axes, True), eps))
    result = F._mul_dense(input, scale)
    if weight is not None:
        result = F.mul(result, weight)
    return F._to_copy(result, dtype) if low else result


op(
    "_mul_dense(Tensor self, Tensor other)",
    kernel=lambda self, other: self * other,
    vjp={
        "self": lambda F, g, other: g * F.conj(other),
        "other": lambda F, g, self: g * F.conj(self),
    },
    jvp={
        "self": lambda F, t, other: t * other,
        "other": lambda F, t, self: self * t,
    },
    promote="number",
    node="MulBackward0",
    where=(),
    doc="A product whose memory is in the order of its indices.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2, 1))],
)


op(
    "rms_norm(Tensor input, Shape normalized_shape, Tensor? weight=None, float? eps=None)",
    composite=_rms_norm,
    where=("torch", "F"),
    written="F",
    doc="Divides the last dimensions by the root of their mean square.",
    samples=lambda S: [S(S.normal(2, 3), (3,)), S(S.normal(2, 3), (3,), S.normal(3), eps=0.1)],
)


# --- batch norm -------------------------------------------------------------------------------


def _batch_axes(rank: int) -> Axes:
    return (0, *range(2, rank))


def _by_channel(F: Namespace, value: Any, rank: int) -> Any:
    """A vector of channels that broadcasts with an input of this rank."""
    return F.reshape(value, (1, -1, *(1 for _ in range(rank - 2))))


def _channels(value: Any, rank: int) -> Any:
    return None if value is None else value.reshape(1, -1, *(1 for _ in range(rank - 2)))


_MANY = 4096  # elements of a channel from which on a loop over channels pays


def _channel_slices(x: Any) -> Sequence[Any]:
    """Places of channels that are computed at once: one by one where they are large."""
    if x.ndim < 3 or x.size < max(_MANY * x.shape[1], 2 * BLOCK):
        return (None,)
    return [np.s_[:, channel : channel + 1] for channel in range(x.shape[1])]


def _batch_norm_training(
    input: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any, Any]:
    """The result; and of each channel the mean and the inverse deviation, which the gradients
    need, and the variance."""
    axes, rank = _batch_axes(input.ndim), input.ndim
    result = np.empty(input.shape, input.dtype)
    found = np.empty((3, 1, input.shape[1], *(1,) * (rank - 2)), input.dtype)
    factors, offsets = _channels(weight, rank), _channels(bias, rank)
    for place in _channel_slices(input):
        x, y, mean, scale, variance, factor, offset = _at(
            place, input, result, *found, factors, offsets
        )
        count = x.size // max(x.shape[1], 1)
        np.divide(total(x, axes), count, out=mean)
        np.subtract(x, mean, out=y)
        np.divide(dot(y, y, axes), count, out=variance)
        np.add(variance, eps, out=scale)
        np.sqrt(scale, out=scale)
        np.divide(1, scale, out=scale)
        y *= scale
        if factor is not None:
            y *= factor
        if offset is not None:
            y += offset
    return result, *found.reshape(3, -1)


def _batch_input(
    F: Namespace, g: Any, input: Any, weight: Any, eps: float, out1: Any, out2: Any
) -> Any:
    axes, rank = _batch_axes(input.ndim), input.ndim
    if F.is_traced:
        if weight is not None:
            g = g * _by_channel(F, weight, rank)
        y, scale = _parts(F, input, axes, eps)
        return _slope(F, g, y, scale, axes)
    means, scales = _channels(out1, rank), _channels(out2, rank)
    factors = scales if weight is None else scales * _channels(weight, rank)
    result = np.empty(input.shape, input.dtype)
    for place in _channel_slices(input):
        change, x, y, mean, scale, factor = _at(place, g, input, result, means, scales, factors)
        count = x.size // max(x.shape[1], 1)
        np.subtract(x, mean, out=y)
        along = dot(change, y, axes)
        along *= scale
        along *= scale
        along /= count
        y *= along
        shift = total(change, axes)
        shift /= count
        y += shift
        np.subtract(change, y, out=y)
        y *= factor
    return result


def _batch_weight(F: Namespace, g: Any, input: Any, eps: float, out1: Any, out2: Any) -> Any:
    axes, rank = _batch_axes(input.ndim), input.ndim
    if F.is_traced:
        return F.sum_dim(g * _parts(F, input, axes, eps)[0], axes)
    found = np.empty((1, input.shape[1], *(1,) * (rank - 2)), input.dtype)
    for place in _channel_slices(input):
        change, x, mean, along = _at(place, g, input, _channels(out1, rank), found)
        along[...] = dot(change, x - mean, axes)
    return found.reshape(-1) * out2


def _batch_bias(F: Namespace, g: Any) -> Any:
    axes = _batch_axes(g.ndim)
    return F.sum_dim(g, axes) if F.is_traced else total(g, axes).reshape(-1)


def _batch_tangent(F: Namespace, t: Any, input: Any, weight: Any, eps: float) -> Any:
    axes = _batch_axes(input.ndim)
    y, scale = _parts(F, input, axes, eps)
    moved = _slope(F, t, y, scale, axes)
    return moved if weight is None else moved * _by_channel(F, weight, input.ndim)


op(
    "_batch_norm_training(Tensor input, Tensor? weight, Tensor? bias, float eps)",
    kernel=in_format_of(1, _batch_norm_training),
    keeps_layout=True,
    outputs=4,
    constant=(1, 2, 3),
    fused=dict.fromkeys(
        ("input", "weight", "bias"), "NativeBatchNormBackwardBackward0 g input weight - -"
    ),
    vjp={"input": _batch_input, "weight": _batch_weight, "bias": _batch_bias},
    jvp={
        "input": lambda F, t, input, weight, eps: (
            _batch_tangent(F, t, input, weight, eps),
            None,
            None,
            None,
        ),
        "weight": lambda F, t, input, eps: (
            _by_channel(F, t, input.ndim) * _parts(F, input, _batch_axes(input.ndim), eps)[0],
            None,
            None,
            None,
        ),
        "bias": lambda F, t, input_shape: (
            F.expand(_by_channel(F, t, len(input_shape)), input_shape),
            None,
            None,
            None,
        ),
    },
    check=lambda input, *rest: real_only("batch_norm", input),
    node="NativeBatchNormBackward0",
    where=(),
    doc="Batch normalization with the batch's own statistics.",
    samples=lambda S: [
        S(S.normal(4, 3), None, None, 1e-5),
        S(S.normal(2, 3, 2, 2), S.normal(3), S.normal(3), 1e-5),
    ],
)


def _fixed(F: Namespace, input: Any, running_mean: Any, running_var: Any, eps: float) -> Any:
    rank = input.ndim
    return (input - _by_channel(F, running_mean, rank)) * _fixed_scale(F, rank, running_var, eps)


def _fixed_scale(F: Namespace, rank: int, running_var: Any, eps: float) -> Any:
    return F.rsqrt(_by_channel(F, running_var, rank) + eps)


def _batch_fixed(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, eps: float
) -> Any:
    rank = input.ndim
    scale = 1 / np.sqrt(running_var + input.dtype.type(eps))
    y = (input - _channels(running_mean, rank)) * _channels(scale, rank)
    return _scaled(y, _channels(weight, rank), _channels(bias, rank))


def _fixed_slope(F: Namespace, g: Any, weight: Any, running_var: Any, eps: float) -> Any:
    g = g * _fixed_scale(F, g.ndim, running_var, eps)
    return g if weight is None else g * _by_channel(F, weight, g.ndim)


op(
    "_batch_norm_fixed(Tensor input, Tensor? weight, Tensor? bias, Tensor running_mean, "
    "Tensor running_var, float eps)",
    kernel=in_format_of(1, _batch_fixed),
    keeps_layout=True,
    fused=dict.fromkeys(
        ("input", "weight", "bias"), "NativeBatchNormBackwardBackward0 g input weight - -"
    ),
    vjp={
        "input": _fixed_slope,
        "weight": lambda F, g, input, running_mean, running_var, eps: F.sum_dim(
            g * _fixed(F, input, running_mean, running_var, eps), _batch_axes(g.ndim)
        ),
        "bias": lambda F, g: F.sum_dim(g, _batch_axes(g.ndim)),
    },
    jvp={
        "input": _fixed_slope,
        "weight": lambda F, t, input, running_mean, running_var, eps: (
            _by_channel(F, t, input.ndim) * _fixed(F, input, running_mean, running_var, eps)
        ),
        "bias": lambda F, t, out_shape: F.expand(_by_channel(F, t, len(out_shape)), out_shape),
    },
    check=lambda input, *rest: real_only("batch_norm", input),
    node="NativeBatchNormBackward0",
    where=(),
    doc="Batch normalization with given statistics.",
    samples=lambda S: [
        S.edge(S.normal(4, 3), None, None, S.normal(3), S.uniform(1, 2, 3), 1e-5),
        S.edge(S.normal(2, 3, 2), S.normal(3), S.normal(3), S.normal(3), S.uniform(1, 2, 3), 1e-5),
    ],
)


def _check_channels(input: Any, **vectors: Any) -> None:
    shape = tuple(input.shape)
    channels = shape[1] if len(shape) > 1 else 0
    for name, value in vectors.items():
        if value is not None and tuple(value.shape) != (channels,):
            raise RuntimeError(
                f"{name} should contain {channels} elements not {math.prod(value.shape)}"
            )


def _update(running: Any, value: Any, momentum: float) -> None:
    """Move a running statistic towards `value`; PyTorch counts no write for it."""
    if type(running) is Tensor:
        for see in before_write:
            see(running)
        memory = own_memory(running)
        if running.dtype.raw:
            memory *= 1 - momentum
            memory += momentum * value
        else:
            memory[...] = running.dtype.cast(memory * (1 - momentum) + momentum * value)


def _update_statistics(
    input: Any, mean: Any, variance: Any, running_mean: Any, running_var: Any, momentum: float
) -> None:
    """Move running statistics towards those of a batch, which are rounded in low precision."""
    if type(input) is not Tensor or (running_mean is None and running_var is None):
        return
    count = numel(shape_of(input)) // max(size_at(input, 1), 1)
    if input.level is None and input.dtype.raw:
        mean, variance = mean.array, variance.array
    elif input.level is META:
        return
    else:
        values = np.asarray(input.array, input.dtype.compute)
        axes = _batch_axes(values.ndim)
        count = values.size // max(values.shape[1], 1)
        mean, variance = values.mean(axes), values.var(axes)
    if running_mean is not None:
        _update(running_mean, mean, momentum)
    if running_var is not None:
        _update(running_var, variance * (count / max(count - 1, 1)), momentum)


def _norm_over_batch(
    F: Namespace,
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    training: bool,
    momentum: float,
    eps: float,
    own_statistics: bool = True,
) -> Any:
    if not training:
        for name, value in (("running_mean", running_mean), ("running_var", running_var)):
            if value is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_channels(
        input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    if isinstance(input.dtype, dtypes.DType) and input.dtype.differentiable:
        statistics = (running_mean, running_var) if own_statistics else ()
        _check_mixed(input, weight, bias, *statistics)
    not_differentiable("native_batch_norm", running_mean=running_mean, running_var=running_var)
    if not training:
        return F._batch_norm_fixed(input, weight, bias, running_mean, running_var, eps)
    result, mean, _, variance = F._batch_norm_training(input, weight, bias, eps)
    _update_statistics(input, mean, variance, running_mean, running_var, momentum)
    return result


def _batch_norm(
    F: Namespace,
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> Any:
    shape = tuple(input.shape)
    if training and shape[0] * math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {Size(shape)}"
        )
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return _norm_over_batch(
        F, input, running_mean, running_var, weight, bias, training, momentum, eps
    )


op(
    "batch_norm(Tensor input, Tensor? running_mean, Tensor? running_var, Tensor? weight=None, "
    "Tensor? bias=None, bool training=False, float momentum=0.1, float eps=1e-05)",
    composite=_batch_norm,
    where=("F",),
    written="F",
    doc="Standardizes each channel, by the batch's statistics in training or by running ones.",
    samples=lambda S: [
        S(S.normal(4, 3), None, None, training=True),
        S(S.normal(2, 3, 2), None, None, S.normal(3), S.normal(3), True),
        S(S.normal(4, 3), S.normal(3), S.uniform(1, 2, 3)),
    ],
)


def _instance_norm(
    F: Namespace,
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    use_input_stats: bool,
    momentum: float,
    eps: float,
) -> Any:
    shape = tuple(input.shape)
    size_at(input, 1)
    if use_input_stats and math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {Size(shape)}"
        )
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError(
            "Expected running_mean and running_var to be defined when use_input_stats is false"
        )
    images, channels = shape[:2]
    merged = F.reshape(input, (1, images * channels, *shape[2:]))

    def repeated(value: Any) -> Any:
        return None if value is None else F.repeat(value, (images,))

    mean, variance = repeated(running_mean), repeated(running_var)
    result = _norm_over_batch(
        F,
        merged,
        mean,
        variance,
        repeated(weight),
        repeated(bias),
        use_input_stats,
        momentum,
        eps,
        own_statistics=False,
    )
    if use_input_stats:
        for running, each in ((running_mean, mean), (running_var, variance)):
            if type(running) is Tensor:
                for see in before_write:
                    see(running)
                own_memory(running)[...] = each.array.reshape(images, channels).mean(0)
    return F.reshape(result, shape)


op(
    "instance_norm(Tensor input, Tensor? running_mean=None, Tensor? running_var=None, "
    "Tensor? weight=None, Tensor? bias=None, bool use_input_stats=True, float momentum=0.1, "
    "float eps=1e-05)",
    composite=_instance_norm,
    where=("F",),
    written="F",
    doc="Standardizes each channel of each instance.",
    samples=lambda S: [
        S(S.normal(2, 3, 4)),
        S(S.normal(2, 3, 4), weight=S.normal(3), bias=S.normal(3)),
    ],
)


# --- group norm -------------------------------------------------------------------------------


def _grouped(F: Namespace, value: Any, groups: int) -> Any:
    return F.reshape(value, (value.shape[0], groups, -1))


def _group_norm(input: Any, num_groups: int, weight: Any, bias: Any, eps: float) -> Any:
    if not input.size:
        return np.zeros_like(input)
    y = _standard(input.reshape(len(input), num_groups, -1), (2,), eps).reshape(input.shape)
    return _scaled(y, _channels(weight, input.ndim), _channels(bias, input.ndim))


def _group_standard(F: Namespace, input: Any, num_groups: int, eps: float) -> Any:
    y, _ = _parts(F, _grouped(F, input, num_groups), (2,), eps)
    return F.reshape(y, tuple(input.shape))


def _group_moved(F: Namespace, g: Any, input: Any, num_groups: int, eps: float) -> Any:
    y, scale = _parts(F, _grouped(F, input, num_groups), (2,), eps)
    return F.reshape(_slope(F, _grouped(F, g, num_groups), y, scale, (2,)), tuple(input.shape))


def _group_input(F: Namespace, g: Any, input: Any, num_groups: int, weight: Any, eps: float) -> Any:
    if weight is not None:
        g = g * _by_channel(F, weight, input.ndim)
    return _group_moved(F, g, input, num_groups, eps)


def _group_tangent(
    F: Namespace, t: Any, input: Any, num_groups: int, weight: Any, eps: float
) -> Any:
    moved = _group_moved(F, t, input, num_groups, eps)
    return moved if weight is None else moved * _by_channel(F, weight, input.ndim)


def _check_group(input: Tensor, num_groups: int, weight: Any, bias: Any, eps: float) -> None:
    shape = shape_of(input)
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and shape_of(value) != shape[1:2]:
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(shape_of(value))} and input of shape {list(shape)}"
            )
    real_only("GroupNormKernelImpl", input)
    _check_mixed(input, weight, bias)


op(
    "_group_norm(Tensor input, int num_groups, Tensor? weight, Tensor? bias, float eps)",
    kernel=in_format_of(1, _group_norm),
    keeps_layout=True,
    vjp={
        "input": _group_input,
        "weight": lambda F, g, input, num_groups, eps: F.sum_dim(
            g * _group_standard(F, input, num_groups, eps), _batch_axes(g.ndim)
        ),
        "bias": lambda F, g: F.sum_dim(g, _batch_axes(g.ndim)),
    },
    jvp={
        "input": _group_tangent,
        "weight": lambda F, t, input, num_groups, eps: (
            _by_channel(F, t, input.ndim) * _group_standard(F, input, num_groups, eps)
        ),
        "bias": lambda F, t, out_shape: F.expand(_by_channel(F, t, len(out_shape)), out_shape),
    },
    check=_check_group,
    node="NativeGroupNormBackward0",
    where=(),
    doc="The kernel of `group_norm`.",
    samples=lambda S: [
        S(S.normal(2, 4, 3), 2, None, None, 1e-5),
        S(S.normal(2, 4, 3), 2, S.normal(4), S.normal(4), 1e-5),
    ],
)


def _group_norm_checked(
    F: Namespace, input: Any, num_groups: int, weight: Any, bias: Any, eps: float
) -> Any:
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if shape[0] * (shape[1] // num_groups) * math.prod(shape[2:]) == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{[shape[0] * shape[1] // num_groups, num_groups, *shape[2:]]}"
        )
    return F._group_norm(input, num_groups, weight, bias, eps)


op(
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, "
    "float eps=1e-05)",
    composite=_group_norm_checked,
    where=("F",),
    written="F",
    doc="Standardizes groups of channels.",
    samples=lambda S: [
        S(S.normal(2, 4, 3), 2),
        S(S.normal(2, 4), 2, S.normal(4), S.normal(4)),
    ],
)


# --- response norm ----------------------------------------------------------------------------


def _response_norm(F: Namespace, input: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    shape = tuple(input.shape)
    if len(shape) < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality                          input "
            f"(got {len(shape)} dimensions)"
        )
    squares = F.mul(input, input)
    before, after = size // 2, (size - 1) // 2
    if ndim(input) == 3:
        squares = F.constant_pad_nd(F.unsqueeze(squares, 1), (0, 0, before, after), 0)
        squares = F.squeeze_dim(F.avg_pool2d(squares, (size, 1), 1), 1)
    else:
        squares = F.reshape(squares, (shape[0], 1, shape[1], shape[2], math.prod(shape[3:])))
        squares = F.constant_pad_nd(squares, (0, 0, 0, 0, before, after), 0)
        squares = F.squeeze_dim(F.avg_pool3d(squares, (size, 1, 1), 1), 1)
        squares = F.reshape(squares, shape)
    return F.div(input, F.pow(F.add(F.mul(squares, alpha), k), beta))


op(
    "local_response_norm(Tensor input, int size, float alpha=0.0001, float beta=0.75, float k=1.0)",
    composite=_response_norm,
    where=("F",),
    written="F",
    doc="Divides by a power of the mean square over neighbouring channels.",
    samples=lambda S: [S(S.normal(2, 3, 4), 2, alpha=0.5), S(S.normal(1, 3, 2, 2), 3, alpha=0.5)],
)
