"""Taylor coefficients, by differentiating the gradient again and again."""

from __future__ import annotations

import math
from fractions import Fraction

from gradcli.autograd.modes import enable_grad, requires_grad
from gradcli.func import recorded
from gradcli.tensor.tensor import Tensor, constant, numel, shape_of
from gradcli.torch.namespaces import lookup


def coefficients(
    value: Tensor, inputs: list[Tensor], along: list[Tensor], order: int
) -> list[float]:
    """The first coefficients of t ↦ value(inputs + t · along) about t = 0, up to t ** `order`.

    `value` is one real number on the graph of `inputs`. Raises RuntimeError.
    """
    if numel(shape_of(value)) != 1 or not value.dtype.is_floating_point:
        raise RuntimeError(
            "a series is of one real number, and the result is "
            f"{value.dtype.name} {list(shape_of(value))}"
        )
    found = [float(value.array.reshape(()))]
    derivative: Tensor | None = value
    for power in range(1, order + 1):
        derivative = _slope(derivative, inputs, along)
        number = 0.0 if derivative is None else float(derivative.array.reshape(()))
        exact = math.isfinite(number)
        found.append(float(Fraction(number) / math.factorial(power)) if exact else number)
    return found


def _slope(value: Tensor | None, inputs: list[Tensor], along: list[Tensor]) -> Tensor | None:
    """The derivative in the direction, on the graph; None for one that is zero everywhere."""
    if value is None or not requires_grad(value):
        return None
    with enable_grad():
        ones = constant(shape_of(value), value.dtype, 1)
        found = recorded.gradients([value], inputs, [ones], create_graph=True)
        total: Tensor | None = None
        for slope, direction in zip(found, along, strict=True):
            if slope is not None:
                part: Tensor = lookup("torch", "sum")(lookup("torch", "mul")(slope, direction))
                total = part if total is None else lookup("torch", "add")(total, part)
        return total
