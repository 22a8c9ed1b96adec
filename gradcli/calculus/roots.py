"""Roots of systems: Newton's method with a search, and bisection for one equation in brackets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from gradcli.tensor.dtypes import Array

from .descent import Bounds, Point

LONGEST = 40  # halvings of one step


class System(Protocol):
    """m equations in n variables."""

    def residual(self, at: Array) -> tuple[Array, Array]:
        """Its m values, and their Jacobian (m × n)."""


def solve(
    system: System,
    start: Array,
    bounds: Bounds,
    *,
    tolerance: float,
    most: int,
    watch: Callable[[Point], None],
) -> tuple[Point, bool]:
    """The best point found, and whether the equations hold there.

    They do when the residual's norm is at most `tolerance` times that at the start, or times one.
    Points have half the square of that norm as their value and its gradient. One equation in one
    variable, of different signs at two finite bounds, is bracketed.
    """
    at = bounds.project(start)
    residual, jacobian = system.residual(at)
    enough = tolerance * max(1.0, min(float(np.linalg.norm(residual)), 1e3))
    if at.size == 1 and residual.size == 1 and np.isfinite([bounds.lower, bounds.upper]).all():
        low, high = (system.residual(end)[0] for end in (bounds.lower, bounds.upper))
        if low * high <= 0:
            ends = float(low[0]), float(high[0])
            return _bracketed(system, at, bounds, ends, tolerance, most, watch)
    point = _point(at, residual, jacobian, 0)
    watch(point)
    while point.step < most and np.isfinite(point.value):
        if np.linalg.norm(residual) <= enough:
            return _polished(system, point, bounds, watch), True
        direction = _newton(jacobian, residual)
        if direction is None:
            break
        length = 1.0
        for _ in range(LONGEST):
            at = bounds.project(point.at + length * direction)
            residual, jacobian = system.residual(at)
            found = _point(at, residual, jacobian, point.step + 1)
            if np.isfinite(jacobian).all() and found.value < (1 - 1e-4 * length) * point.value:
                break
            length /= 2
        else:
            return point, bool((2 * point.value) ** 0.5 <= tolerance**0.5)
        point = found
        watch(point)
    return point, bool(np.linalg.norm(residual) <= enough)


def _point(at: Array, residual: Array, jacobian: Array, step: int) -> Point:
    gradient = jacobian.T @ residual
    value = float(residual @ residual) / 2
    return Point(at, value, gradient, float(np.linalg.norm(gradient)), step)


def _newton(jacobian: Array, residual: Array) -> Array | None:
    """Newton's step, the shortest of those that fit best; None where there is none."""
    if not np.isfinite(jacobian).all():  # of which LAPACK complains on the standard output
        return None
    try:
        return np.linalg.lstsq(jacobian, -residual, rcond=None)[0]
    except np.linalg.LinAlgError:
        return None


def _polished(
    system: System, point: Point, bounds: Bounds, watch: Callable[[Point], None]
) -> Point:
    """One step more, if it is for the better: Newton's method doubles the digits."""
    if point.value == 0:
        return point
    residual, jacobian = system.residual(point.at)
    direction = _newton(jacobian, residual)
    if direction is None:
        return point
    at = bounds.project(point.at + direction)
    found = _point(at, *system.residual(at), point.step + 1)
    if not found.value < point.value:
        return point
    watch(found)
    return found


def _bracketed(
    system: System,
    at: Array,
    bounds: Bounds,
    ends: tuple[float, float],
    tolerance: float,
    most: int,
    watch: Callable[[Point], None],
) -> tuple[Point, bool]:
    """A root between bounds where the signs differ: Newton's steps while they help, else halves.

    `ends` are the values at the bounds. Where the sign changes at a pole or a jump the values do
    not become small, and there is no root.
    """
    low, high = ends
    small = max(tolerance, tolerance**0.5 * min(abs(low), abs(high)))
    left, right = float(bounds.lower[0]), float(bounds.upper[0])
    last = right - left
    best = _point(at, *system.residual(at), 0)
    for step in range(most + 1):
        residual, jacobian = system.residual(at)
        point = _point(at, residual, jacobian, step)
        watch(point)
        if point.value < best.value:
            best = point
        value, slope = float(residual[0]), float(jacobian[0, 0])
        if value == 0:
            return point, True
        if (value < 0) == (low < 0) and low != 0:
            left = float(at[0])
        else:
            right = float(at[0])
        move = -value / slope if slope else np.inf
        if not left < at[0] + move < right or abs(2 * move) > abs(last):
            move = (left + right) / 2 - float(at[0])
        last, following = move, at + move
        if abs(move) <= 2 * np.finfo(residual.dtype).eps * abs(float(following[0])):
            break
        at = following
    else:
        small = tolerance
    return best, (2 * best.value) ** 0.5 <= small
