"""One pair of axes on a canvas: its cells, its ticks, and where numbers are among its dots."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..tensor.runtime import runtime
from .axes import Axes
from .canvas import Canvas
from .numbers import Array
from .scale import Ends
from .ticks import shares, tick_places
from .words import plain

MOST_LABEL = 14  # columns for the numbers beside the axes


class Plane:
    """The cells inside of axes: `columns` from `left`, `rows` from `top`."""

    def __init__(
        self, canvas: Canvas, axes: Axes, top: int, left: int, rows: int, columns: int
    ) -> None:
        self.canvas = canvas
        self.axes = axes
        self.top = top
        self.left = left
        self.rows = rows
        self.columns = columns
        self.x_range, self.y_range = axes.ranges()

    def x(self, values: Array) -> Array:
        """Numbers along x as cells from the left edge."""
        share = shares(values, self.x_range, self.axes.x_scale.log)
        return np.asarray(share * (self.columns - 1))

    def y(self, values: Array) -> Array:
        """Numbers along y as cells from the top."""
        share = shares(values, self.y_range, self.axes.y_scale.log)
        return np.asarray((1 - share) * (self.rows - 1))

    def dots(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Points as dots, still with fractions."""
        across, down = self.canvas.across, self.canvas.down
        wide, high = self.columns * across - 1, self.rows * down - 1
        x_share = shares(x, self.x_range, self.axes.x_scale.log)
        y_share = shares(y, self.y_range, self.axes.y_scale.log)
        return x_share * wide, (1 - y_share) * high

    def set_dots(self, points: Iterable[tuple[int, int]], colour: str, mark: str) -> None:
        """Set dots that are inside."""
        across, down = self.canvas.across, self.canvas.down
        wide, high = self.columns * across, self.rows * down
        left, top = self.left * across, self.top * down
        for x, y in points:
            if 0 <= x < wide and 0 <= y < high:
                self.canvas.dot(left + x, top + y, colour, mark)

    def put(self, row: int, column: int, text: str, colour: str = "") -> None:
        """Write a text that begins in a cell; what is outside is cut off."""
        if not 0 <= row < self.rows or column >= self.columns:
            return
        if column < 0:
            text, column = text[-column:], 0
        self.canvas.put(self.top + row, self.left + column, text[: self.columns - column], colour)

    def segment(self, a: tuple[float, float], b: tuple[float, float]) -> list[tuple[int, int]]:
        """The dots from one point to another, both in dots."""
        (x0, y0), (x1, y1) = a, b
        across, down = self.canvas.across, self.canvas.down
        cut = _clipped(x0, y0, x1, y1, self.columns * across - 0.5, self.rows * down - 0.5)
        if cut is None:
            return []
        x0, y0, x1, y1 = cut
        steps = max(round(max(abs(x1 - x0), abs(y1 - y0))), 1)
        runtime.spend(steps >> 3)
        return [
            (int(x0 + (x1 - x0) * at / steps + 0.5), int(y0 + (y1 - y0) * at / steps + 0.5))
            for at in range(steps + 1)
        ]


def _clipped(
    x0: float, y0: float, x1: float, y1: float, wide: float, high: float
) -> tuple[float, float, float, float] | None:
    """The part of a line inside of a box from -0.5 (Liang and Barsky 1984)."""
    first, last = 0.0, 1.0
    dx, dy = x1 - x0, y1 - y0
    for move, room in (
        (-dx, x0 + 0.5),
        (dx, wide - x0),
        (-dy, y0 + 0.5),
        (dy, high - y0),
    ):
        if move == 0:
            if room < 0:
                return None
            continue
        at = room / move
        if move < 0:
            first = max(first, at)
        else:
            last = min(last, at)
        if first > last:
            return None
    return x0 + first * dx, y0 + first * dy, x0 + last * dx, y0 + last * dy


def y_ticks(axes: Axes, ends: Ends, rows: int) -> dict[int, str]:
    """The numbers beside the axes, by row; none where another stands."""
    found: dict[int, str] = {}
    for value, text in tick_places(axes.y_scale, ends, max(rows // 3, 2)):
        share = shares(np.array([value]), ends, axes.y_scale.log)[0]
        row = int((1 - share) * (rows - 1) + 0.5)
        found.setdefault(row, _short(plain(text), MOST_LABEL))
    return found


def x_ticks(plane: Plane, room: int) -> list[tuple[int, str, int]]:
    """The numbers below the axes: the column of the tick, the text and where it begins.

    `room` is how far a text may reach beyond the right end.
    """
    axes, columns = plane.axes, plane.columns
    for most in range(max(columns // 8, 2), 1, -1):
        places = tick_places(axes.x_scale, plane.x_range, most)
        found: list[tuple[int, str, int]] = []
        end = -plane.left
        fits = True
        apart = columns // max(len(places), 1) - 1
        places.sort(reverse=plane.x_range[0] > plane.x_range[1])
        for value, given in places:
            column = int(plane.x(np.array([value]))[0] + 0.5)
            text = plain(given)
            if axes.x_scale.ticks is not None:
                text = _short(text, max(apart, 3))
            start = min(column - len(text) // 2, columns + room - len(text))
            if start < end and axes.x_scale.ticks is not None and columns + room - end >= 3:
                start, text = end, _short(text, columns + room - end)
            if start < end:
                fits = False
                continue
            found.append((column, text, start))
            end = start + len(text) + 1
        if fits or axes.x_scale.ticks is not None:
            break
    return found


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
