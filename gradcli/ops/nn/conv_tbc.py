"""Convolution along time of sequences in the layout (time, batch, channels)."""

from __future__ import annotations

from typing import Any

from ...table.entry import op
from ...table.schema import Namespace
from ...tensor.tensor import Tensor, shape_of


def _along_time(F: Namespace, value: Any, before: int, after: int) -> Any:
    """The sequence with zeros before and after it."""
    if not before and not after:
        return value
    first = F.zeros_like_shape(value, (before, *value.shape[1:]))
    last = F.zeros_like_shape(value, (after, *value.shape[1:]))
    return F.cat([first, value, last], 0)


def _correlated(F: Namespace, self: Any, weight: Any, pad: int) -> Any:
    taps = weight.shape[0]
    padded = _along_time(F, self, pad, pad)
    length = padded.shape[0] - taps + 1
    total = None
    for tap in range(taps):
        part = F.matmul(F.slice(padded, 0, tap, tap + length), F.select(weight, 0, tap))
        total = part if total is None else total + part
    return total


def _by_input(F: Namespace, g: Any, weight: Any, self_shape: Any, pad: int) -> Any:
    taps = weight.shape[0]
    total = None
    for tap in range(taps):
        part = F.matmul(g, F.transpose(F.select(weight, 0, tap), 0, 1))
        part = _along_time(F, part, tap, taps - 1 - tap)
        total = part if total is None else total + part
    return F.slice(total, 0, pad, pad + self_shape[0])


def _by_weight(F: Namespace, g: Any, self: Any, weight_shape: Any, pad: int) -> Any:
    padded = _along_time(F, self, pad, pad)
    length, batch, filters = g.shape
    flat = F.reshape(g, (length * batch, filters))
    channels = weight_shape[1]
    products = []
    for tap in range(weight_shape[0]):
        part = F.reshape(F.slice(padded, 0, tap, tap + length), (length * batch, channels))
        products.append(F.matmul(F.transpose(part, 0, 1), flat))
    return F.stack(products, 0)


def _kernel(self: Any, weight: Any, bias: Any, pad: int) -> Any:
    from ...table.formulas import real_arrays

    return _correlated(real_arrays, self, weight, pad) + bias


def _check(self: Tensor, weight: Tensor, bias: Tensor, pad: int) -> None:
    shape, kernel = shape_of(self), shape_of(weight)
    if len(shape) != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if len(kernel) != 3:
        raise RuntimeError(
            "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels."
        )
    if len(shape_of(bias)) != 1:
        raise RuntimeError("Bias must be 1-D")
    if shape[2] != kernel[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if kernel[2] != shape_of(bias)[0]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")


op(
    "conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0)",
    kernel=_kernel,
    vjp={
        "self": _by_input,
        "weight": _by_weight,
        "bias": lambda F, g: F.sum_dim(g, (0, 1)),
    },
    jvp={
        "self": lambda F, t, weight, pad: _correlated(F, t, weight, pad),
        "weight": lambda F, t, self, pad: _correlated(F, self, t, pad),
        "bias": lambda F, t, out_shape: F.expand(t, tuple(out_shape)),
    },
    check=_check,
    where=("torch", "F"),
    prelude="",
    doc="A convolution along time; sequences are (time, batch, channels).",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(5, 2, 3), S.normal(2, 3, 4), S.normal(4), 1),
            S(S.normal(4, 1, 2), S.normal(3, 2, 1), S.normal(1)),
            S(S.normal(4, 1, 2), S.normal(3, 3, 1), S.normal(1)),
            S(S.normal(4, 2), S.normal(3, 3, 1), S.normal(1)),
            S(S.normal(4, 1, 2), S.normal(3, 2, 2), S.normal(1)),
        ]
    ),
)
