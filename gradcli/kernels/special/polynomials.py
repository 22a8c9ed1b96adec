"""Orthogonal polynomials by their recurrences, and by cosines where those are cheaper.

Each function takes arrays of one floating dtype: where to evaluate, and the degrees, whose
fractions are dropped; a negative degree gives 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...tensor.runtime import runtime

Array = Any
Step = Callable[[int, Array, Array, Array], Array]


def _recurrence(x: Array, n: Array, first: Array, step: Step, most: int) -> Array:
    """Degree by degree up to `most`; each element is kept at its own."""
    result = np.where(n == 1, first, np.where(n == 0, 1, 0)).astype(x.dtype)
    before: Array = np.ones_like(x)
    now = np.broadcast_to(first, x.shape).astype(x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for k in runtime.watched(range(1, most)):
            before, now = now, step(k, x, now, before).astype(x.dtype)
            result = np.where(n == k + 1, now, result)
    return result


def _highest(n: Array) -> int:
    return int(np.max(n, initial=0))


def _prepared(x: Array, n: Array) -> tuple[Array, Array]:
    n = np.asarray(n)
    x = x if isinstance(x, np.ndarray | np.generic) else np.asarray(x, n.dtype)
    x, n = np.broadcast_arrays(x, n)
    return x, np.trunc(np.nan_to_num(n)).astype(np.int64)


def _ratio(function: Any, half: Any) -> Any:
    """sin or cos of (n + 1/2) times an angle over that of half the angle."""

    def ratio(n: Array, angle: Array) -> Array:
        return function((n + 0.5) * angle) / half(angle / 2)

    return ratio


# By kind: the value of degree 1 as (slope, offset), the formula in cosines, and the values of
# degree n at 1 and, up to the sign of (-1)^n, at -1.
_CHEBYSHEV: dict[str, tuple[tuple[int, int], Any, Any, Any]] = {
    "t": ((1, 0), lambda n, a: np.cos(n * a), lambda n: 1, lambda n: 1),
    "u": (
        (2, 0),
        lambda n, a: np.sin((n + 1) * a) / np.sin(a),
        lambda n: n + 1,
        lambda n: n + 1,
    ),
    "v": ((2, -1), _ratio(np.cos, np.cos), lambda n: 1, lambda n: 2 * n + 1),
    "w": ((2, 1), _ratio(np.sin, np.sin), lambda n: 2 * n + 1, lambda n: 1),
}
# The degrees from which on the cosines are used.
_LIMITS = {"t": 6, "u": 8, "v": 8, "w": 8}
_SHIFTED_LIMITS = {"t": 6, "u": 6, "v": 6, "w": 4}


def chebyshev(kind: str, shifted: bool) -> Callable[[Array, Array], Array]:
    """The Chebyshev polynomials of a kind, on [-1, 1] or shifted to [0, 1]."""
    (slope, offset), formula, right, left = _CHEBYSHEV[kind]
    limit = (_SHIFTED_LIMITS if shifted else _LIMITS)[kind]

    def evaluate(x: Array, n: Array) -> Array:
        x, n = _prepared(x, n)
        y = (x + x - 1).astype(x.dtype) if shifted else x
        ends = np.abs(y) == 1
        by_angle = (n > limit) & (np.abs(y) < 1)
        slow = np.where(ends | by_angle, 0, n)
        result = _recurrence(
            y, n, slope * y + offset, lambda k, x, q, p: (x + x) * q - p, _highest(slow)
        )
        angle = np.arccos(np.clip(y, -1, 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            result = np.where(by_angle, formula(n, angle), result)
        sign = np.where(n % 2 == 0, 1, -1)
        result = np.where(ends, np.where(y > 0, right(n), sign * left(n)), result)
        return np.where(n < 0, 0, result).astype(x.dtype)[()]

    return evaluate


def _plain(first: Any, step: Step, ends: Any = None, limit: Any = None) -> Any:
    def evaluate(x: Array, n: Array) -> Array:
        x, n = _prepared(x, n)
        slow = n if limit is None else np.minimum(n, limit[x.dtype.name])
        result = _recurrence(x, n, first(x), step, _highest(slow))
        if limit is not None:
            result = np.where(n > limit[x.dtype.name], np.nan, result)
        if ends is not None:
            where, value = ends(x, n)
            result = np.where(where, value, result)
        return np.where(n < 0, 0, result).astype(x.dtype)[()]

    return evaluate


# Beyond these degrees Hermite polynomials leave the range of the type.
_HERMITE_LIMITS = {"float32": 128, "float64": 512}

hermite_h = _plain(
    lambda x: 2 * x, lambda k, x, q, p: (x + x) * q - 2 * k * p, None, _HERMITE_LIMITS
)
hermite_he = _plain(lambda x: x, lambda k, x, q, p: x * q - k * p, None, _HERMITE_LIMITS)
laguerre = _plain(
    lambda x: 1 - x,
    lambda k, x, q, p: ((2 * k + 1 - x) * q - k * p) / (k + 1),
    lambda x, n: (x == 0, 1),
)
legendre = _plain(
    lambda x: x,
    lambda k, x, q, p: ((2 * k + 1) * x * q - k * p) / (k + 1),
    lambda x, n: (np.abs(x) == 1, np.where((x > 0) | (n % 2 == 0), 1, -1)),
)
