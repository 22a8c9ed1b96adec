"""How the special functions are evaluated: in float64, by pieces, in blocks that fit a cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Array = Any  # an ndarray or a NumPy scalar of a real floating type
Kernel = Callable[..., Doubles]
Piece = tuple[Any, Callable[..., Any]]  # a mask and the function that holds where it is true
Special = tuple[Callable[[Doubles], Any], Kernel]  # the same with a function that gives the mask

_PART = 1 << 14  # elements of float64 that stay in the second cache with their temporaries


def evaluate(kernel: Kernel, *arguments: Array, special: Special | None = None) -> Array:
    """`kernel` over the broadcast arguments: computed in float64, rounded once to their type.

    Where `special` is given, its first function says of one argument where the second holds
    instead, which gets all those elements at once. NumPy scalars and arrays without dimension give
    scalars. The result is contiguous.
    """
    dtype = arguments[0].dtype if len(arguments) == 1 else np.result_type(*arguments)
    if len(arguments) == 1:
        shape = arguments[0].shape
        flat = [np.asarray(arguments[0]).ravel()]
    else:
        broadcast = np.broadcast_arrays(*arguments)
        shape = broadcast[0].shape
        flat = [array.ravel() for array in broadcast]
    size = flat[0].size
    found = []
    with np.errstate(all="ignore"):
        result = np.empty(size, dtype)
        for start in range(0, size, _PART):
            part = slice(start, start + _PART)
            doubles = [array[part].astype(np.float64) for array in flat]
            result[part] = kernel(*doubles)
            if special is not None:
                found.append(np.flatnonzero(special[0](flat[0][part].astype(np.float64))) + start)
        places = np.concatenate(found) if found else None
        if special is not None and places is not None and places.size:
            result[places] = evaluate(special[1], flat[0][places])
    return result.reshape(shape)[()]


def piecewise(pieces: Sequence[Piece], *arguments: Doubles, otherwise: float = np.nan) -> Doubles:
    """The function of the first piece whose mask is true, at each element; else `otherwise`."""
    first = arguments[0]
    result = np.full(first.shape, otherwise)
    free: Any = None
    for mask, function in pieces:
        chosen = mask if free is None else mask & free
        count = np.count_nonzero(chosen)
        if count == first.size:
            result[...] = function(*arguments)
            return result
        if count:
            result[chosen] = function(*(array[chosen] for array in arguments))
        free = ~mask if free is None else free & ~mask
    return result


def polynomial(x: Doubles, coefficients: Sequence[float]) -> Doubles:
    """Horner's rule; the coefficient of the highest power stands first."""
    value = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    value += coefficients[-1]
    return value


def chebyshev(x: Doubles, coefficients: Sequence[float], low: float, high: float) -> Doubles:
    """A Chebyshev series over [low, high] by Clenshaw's recurrence (1955)."""
    t = (2.0 * x - (low + high)) / (high - low)
    double = t + t
    first = np.zeros_like(t)
    second = np.zeros_like(t)
    for coefficient in coefficients[:0:-1]:
        first, second = double * first - second + coefficient, first
    value: Doubles = t * first - second + coefficients[0]
    return value
