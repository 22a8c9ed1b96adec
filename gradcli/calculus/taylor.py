"""Taylor coefficients, by differentiating the gradient again and again."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from gradcli.autograd.modes import enable_grad, requires_grad
from gradcli.func import recorded
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor, constant, numel, shape_of
from gradcli.torch.namespaces import lookup

EXACT = 22  # the greatest number whose factorial is a float


def coefficients(
    value: Tensor, inputs: list[Tensor], along: list[Tensor], order: int, batched: bool = False
) -> Array:
    """The first coefficients of t ↦ value(inputs + t · along) about t = 0, up to t ** `order`.

    `value` is one real number on the graph of `inputs`. With `batched` the first axis of all
    tensors counts independent records, and so does that of the answer. Raises RuntimeError.
    """
    shape = shape_of(value)
    if numel(shape[batched:]) != 1 or not value.dtype.is_floating_point:
        raise RuntimeError(
            "a series is of one real number, and the result is "
            f"{value.dtype.name} {list(shape[batched:])}"
        )
    records = shape[:batched]
    found = [value.array.reshape(records)]
    derivative: Tensor | None = value
    for power in range(1, order + 1):
        derivative = _slope(derivative, inputs, along, batched)
        values = np.zeros(records) if derivative is None else derivative.array.reshape(records)
        found.append(_over_factorial(values, power))
    return value.dtype.cast(np.stack(found, -1))


def _over_factorial(values: Array, power: int) -> Array:
    """Numbers over a factorial, which may be greater than any float, rounded once."""
    factorial = math.factorial(power)
    if power <= EXACT:
        return np.asarray(values, np.float64) / factorial
    each = [
        float(Fraction(number) / factorial) if math.isfinite(number) else number
        for number in np.ravel(values).tolist()
    ]
    return np.array(each).reshape(values.shape)


def _slope(
    value: Tensor | None, inputs: list[Tensor], along: list[Tensor], batched: bool
) -> Tensor | None:
    """The derivative in the direction, on the graph; None for one that is zero everywhere."""
    if value is None or not requires_grad(value):
        return None
    with enable_grad():
        ones = constant(shape_of(value), value.dtype, 1)
        found = recorded.gradients([value], inputs, [ones], create_graph=True)
        total: Tensor | None = None
        for slope, direction in zip(found, along, strict=True):
            if slope is None:
                continue
            part: Tensor = lookup("torch", "mul")(slope, direction)
            axes = tuple(range(batched, len(shape_of(part))))
            if axes:
                part = lookup("torch", "sum")(part, axes)
            total = part if total is None else lookup("torch", "add")(total, part)
        return total
