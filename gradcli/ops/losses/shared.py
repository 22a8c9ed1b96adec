"""What losses share: the reduction, the shapes and dtypes of two operands, warnings."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels.sums import add_up
from ...table.dtype_rules import real_only
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape
from ...tensor import dtypes
from ...tensor.tensor import Size, Tensor, shape_of

REDUCTIONS = ("none", "mean", "sum")


def reduction_of(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, also from the deprecated pair of booleans."""
    if size_average is not None or reduce is not None:
        average = size_average is None or size_average
        chosen = "none" if reduce is False else "mean" if average else "sum"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use reduction="
            f"'{chosen}' instead.",
            UserWarning,
            stacklevel=2,
        )
        return chosen
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced_array(values: Any, reduction: str) -> Any:
    """Losses of elements reduced to what a kernel returns: all, their sum or their mean."""
    if reduction == "none":
        return values
    total = add_up(values, tuple(range(values.ndim)))
    if reduction == "sum":
        return total
    return total / total.dtype.type(values.size) if values.size else total.dtype.type(math.nan)


def reduced(F: Namespace, values: Any, reduction: str) -> Any:
    """The same with operations of `F`, for losses that are composed."""
    if reduction == "mean":
        return F.mean(values)
    return F.sum(values) if reduction == "sum" else values


def share(g: Any, reduction: str, count: int) -> Any:
    """The cotangent of each element's loss from that of the reduced loss."""
    return g / count if reduction == "mean" else g


def shared(F: Namespace, slope: Any, g: Any, reduction: str, count: int) -> Any:
    """The gradient of elements with these slopes; the last step is a division, as in PyTorch.

    On bare arrays the one number is divided, which saves a pass over the elements.
    """
    if F.is_traced:
        return share(slope * g, reduction, count)
    return slope * share(g, reduction, count)


def count_of(shape: Any) -> int:
    """The number of elements of a shape."""
    return math.prod(shape)


def size_of(tensor: Any) -> Size:
    """The shape of a tensor or array as messages show it."""
    return Size(shape_of(tensor) if type(tensor) is Tensor else tensor.shape)


def warn_sizes(input: Any, target: Any) -> None:
    """Warn where a target has another shape than the input."""
    if tuple(input.shape) != tuple(target.shape):
        warnings.warn(
            f"Using a target size ({size_of(target)}) that is different to the input size "
            f"({size_of(input)}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=2,
        )


def together(F: Namespace, input: Any, target: Any) -> tuple[Any, Any]:
    """Both expanded to one shape; nothing is recorded for a tensor that has it already."""
    shape = broadcast_shape((tuple(input.shape), tuple(target.shape)))
    target = as_floating(F, input, target)
    if tuple(input.shape) != shape:
        input = F.expand(input, shape)
    if tuple(target.shape) != shape:
        target = F.expand(target, shape)
    return input, target


def as_floating(F: Namespace, input: Any, target: Any) -> Any:
    """An integer target in the dtype of a floating input."""
    if type(target) is Tensor and target.dtype.category < dtypes.FLOATING <= input.dtype.category:
        return F._to_copy(target, input.dtype)
    return target


def refuse_integers(kernel: str) -> Any:
    """A check that refuses integers with the sentence of the kernel that PyTorch names."""

    def check(input: Any, target: Any, *rest: Any) -> None:
        real_only(kernel, input, target)

    return check


def softplus_negative(x: Any) -> Any:
    """log(1 + exp(-x)) without overflow."""
    return np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))
