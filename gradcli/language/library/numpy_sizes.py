"""How large the results of NumPy's functions are, asked before they are made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import index_of
from gradcli.language.values.array_sizes import check_dot, check_matmul
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, numel, shape_of

MOST_DECIMALS = 400  # a float has no more digits on either side of its point


def bounded_decimals(decimals: Any) -> Any:
    """To how many decimals to round: NumPy multiplies by ten as often, one after the other."""
    decimals = index_of(decimals)
    if isinstance(decimals, int):
        return max(min(decimals, MOST_DECIMALS), -MOST_DECIMALS)
    return decimals


def check_result(name: str, given: list[Any], kwargs: dict[str, Any]) -> None:
    """Refuse what would be too large: `name` is NumPy's, `given` what it is called with.

    Keywords that are sizes are bounded in place.
    """
    sizes = [_size(value) for value in given]
    if name == "outer":
        runtime.reserve(16 * math.prod(sizes))
    elif name == "meshgrid":
        runtime.reserve(16 * math.prod(sizes) * max(len(sizes), 1))
    elif name == "dot" and len(given) > 1:
        check_dot(*given[:2])
    elif name == "matmul" and len(given) > 1:
        check_matmul(*given[:2])
    elif name == "diag":
        if given and _rank(given[0]) == 1:
            offset = abs(int(given[1])) if len(given) > 1 else 0
            runtime.reserve(16 * (sizes[0] + offset) ** 2)
    elif name in ("concatenate", "stack", "vstack", "hstack"):
        runtime.reserve(16 * sum(sizes))
    elif len(given) > 1:
        _check_shapes(given)
    if name == "round":
        given[1:2] = map(bounded_decimals, given[1:2])
        if "decimals" in kwargs:
            kwargs["decimals"] = bounded_decimals(kwargs["decimals"])


def _rank(value: Any) -> int:
    return len(shape_of(value)) if isinstance(value, Tensor) else np.ndim(value)


def _size(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    if isinstance(value, Tensor):
        return max(numel(shape_of(value)), 1)
    return max(getattr(value, "size", 1), 1)


def _check_shapes(values: list[Any]) -> None:
    shapes = [
        shape_of(value) if isinstance(value, Tensor) else value.shape
        for value in values
        if isinstance(value, np.ndarray | Tensor)
    ]
    total = 16
    for at in range(1, max(map(len, shapes), default=0) + 1):
        total *= max(shape[-at] if at <= len(shape) else 1 for shape in shapes)
    runtime.reserve(total)
