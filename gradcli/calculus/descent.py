"""Minima of a function of several variables within bounds, with its derivatives at hand.

The direction comes from Newton's method or from L-BFGS, on the variables that no bound holds
(two-metric projection: D. P. Bertsekas, "Projected Newton methods for optimization problems with
simple constraints", SIAM J. Control Optim. 20, 1982); the step from a search along the projected
path for the weak Wolfe conditions (J. Nocedal and S. J. Wright, "Numerical Optimization", 2006,
section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradcli.tensor.dtypes import Array

MEMORY = 10  # pairs of steps and gradients' changes that L-BFGS keeps
DECREASE, CURVATURE = 1e-4, 0.9  # of the Wolfe conditions
LONGEST = 30  # halvings or doublings of one search


class Objective(Protocol):
    """A function of a vector of n variables."""

    def slope(self, at: Array) -> tuple[float, Array]:
        """Its value and its gradient (n)."""

    def curvature(self, at: Array) -> Array:
        """Its Hessian (n × n), for Newton's method."""


@dataclass(slots=True)
class Point:
    """Where a search has come to; `norm` is that of the gradient that no bound takes."""

    at: Array
    value: float
    gradient: Array
    norm: float
    step: int


@dataclass(slots=True)
class Bounds:
    """The least and the greatest value of each variable, infinite where there is none."""

    lower: Array
    upper: Array

    def project(self, at: Array) -> Array:
        """The nearest point within the bounds."""
        return np.clip(at, self.lower, self.upper)

    def free(self, point: Array, gradient: Array) -> Array:
        """Which variables may move against the gradient."""
        held = (point <= self.lower) & (gradient > 0) | (point >= self.upper) & (gradient < 0)
        return ~held

    def norm(self, at: Array, gradient: Array) -> float:
        """The length of the step that the gradient asks for and the bounds allow."""
        return float(np.linalg.norm(np.clip(-gradient, self.lower - at, self.upper - at)))


def minimize(
    objective: Objective,
    start: Array,
    bounds: Bounds,
    *,
    newton: bool,
    tolerance: float,
    most: int,
    watch: Callable[[Point], None],
) -> tuple[Point, bool]:
    """The best point found, and whether its gradient is as good as zero.

    It is when its norm is at most `tolerance` times one and the value's size, there or at the
    start. Where rounding ends the search, the root of `tolerance` will do. `watch` gets the start
    and every step, of which there are at most `most`.
    """
    at = bounds.project(start)
    value, gradient = objective.slope(at)
    point = Point(at, value, gradient, bounds.norm(at, gradient), 0)
    watch(point)
    size = abs(value)
    pairs: list[tuple[Array, Array]] = []
    while np.isfinite(point.value) and np.isfinite(point.norm):
        flat = point.norm <= tolerance * (1 + min(size, abs(point.value)))
        if flat and not newton:
            return point, True
        free = bounds.free(point.at, point.gradient)
        direction = (
            _newton(objective.curvature(point.at), point, free, flat)
            if newton
            else _lbfgs(pairs, point, free)
        )
        if flat and direction is None:
            return point, True
        if point.step == most:
            return point, False
        if direction is None or not direction.any():
            direction = np.where(free, -point.gradient, 0.0)
        found = _search(objective, point, direction, bounds, flat)
        if found is None:
            steepest = np.where(free, -point.gradient, 0.0)
            if flat or (direction == steepest).all():
                return point, point.norm <= tolerance**0.5 * (1 + min(size, abs(point.value)))
            pairs.clear()
            found = _search(objective, point, steepest, bounds, False)
            if found is None:
                return point, point.norm <= tolerance**0.5 * (1 + min(size, abs(point.value)))
        change = found.gradient - point.gradient
        moved = found.at - point.at
        if moved @ change > 1e-10 * np.linalg.norm(moved) * np.linalg.norm(change):
            pairs.append((moved, change))
            del pairs[:-MEMORY]
        point = found
        watch(point)
    return point, False


def _newton(hessian: Array, point: Point, free: Array, flat: bool) -> Array | None:
    """Newton's step, with negative curvature turned round; where it is flat, the way down if any.

    None where it is flat and nothing leads down.
    """
    inner = hessian[np.ix_(free, free)]
    if not inner.size or not np.isfinite(inner).all():
        return None
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    largest = float(np.abs(values).max())
    direction = np.zeros_like(point.at)
    if flat:
        if values[0] >= -1e-6 * max(largest, 1e-300):
            return None
        direction[free] = vectors[:, 0]
        return direction
    least = max(1e-12 * largest, 1e-300)
    size = np.maximum(np.abs(values), least)
    direction[free] = -vectors @ ((vectors.T @ point.gradient[free]) / size)
    return direction


def _lbfgs(pairs: list[tuple[Array, Array]], point: Point, free: Array) -> Array:
    """The two loops of L-BFGS (Nocedal and Wright, algorithm 7.4) over the free variables."""
    gradient = np.where(free, point.gradient, 0.0)
    if not pairs:
        return -gradient / max(1.0, float(np.linalg.norm(gradient)))
    kept = [(np.where(free, s, 0.0), np.where(free, y, 0.0)) for s, y in pairs]
    kept = [(s, y, 1 / (s @ y)) for s, y in kept if s @ y > 0]  # type: ignore[misc]
    weights = []
    for s, y, rho in reversed(kept):  # type: ignore[misc]
        weight = rho * (s @ gradient)
        weights.append(weight)
        gradient = gradient - weight * y
    if kept:
        s, y, _ = kept[-1]  # type: ignore[misc]
        gradient = gradient * ((s @ y) / (y @ y))
    for (s, y, rho), weight in zip(kept, reversed(weights), strict=True):  # type: ignore[misc]
        gradient = gradient + s * (weight - rho * (y @ gradient))
    return np.where(free, -gradient, 0.0)


def _search(
    objective: Objective, point: Point, direction: Array, bounds: Bounds, flat: bool
) -> Point | None:
    """The point of a sufficiently lower value along the projected path, or None.

    From a point that is flat the first step is short and leads either way.
    """
    slope = float(point.gradient @ direction)
    if slope > 0:
        direction, slope = -direction, -slope
    noise = 4 * np.finfo(point.at.dtype).eps * max(abs(point.value), 1e-300)

    def reached(length: float) -> Point | None:
        at = bounds.project(point.at + length * direction)
        if (at == point.at).all():
            return None
        value, gradient = objective.slope(at)
        return Point(at, value, gradient, bounds.norm(at, gradient), point.step + 1)

    def lower(found: Point) -> bool:
        gain = float(point.gradient @ (found.at - point.at))
        if not (np.isfinite(found.value) and np.isfinite(found.norm)):
            return False
        if flat:
            return bool(found.value < point.value - noise)
        if found.value <= point.value + DECREASE * gain:
            return gain < 0
        # So near the minimum that values cannot tell: then gradients can.
        return bool(abs(found.value - point.value) <= noise and found.norm < 0.9 * point.norm)

    length = 1e-2 if flat else 1.0
    found = None
    for _ in range(2 * LONGEST):
        found = reached(length)
        if found is None:
            return None
        if lower(found):
            break
        length /= 2
    else:
        return None
    for _ in range(LONGEST):
        if float(found.gradient @ direction) >= CURVATURE * slope and not flat:
            break
        longer = reached(2 * length)
        if longer is None or not lower(longer) or longer.value >= found.value:
            break
        found, length = longer, 2 * length
    return found
