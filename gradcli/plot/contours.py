"""Lines of equal height over a grid: Lorensen and Cline's marching cubes (1987), in the plane."""

from __future__ import annotations

from ..tensor.runtime import runtime
from .artists import Contours

Stroke = tuple[tuple[float, float], tuple[float, float]]  # the x of both ends, the y of both ends


def crossings(contours: Contours, level: float) -> list[Stroke]:
    """The pieces of the line at a height, one or two for each cell of the grid that it crosses."""
    heights = contours.heights
    x, y = contours.x.tolist(), contours.y.tolist()
    rows, columns = heights.shape
    runtime.spend(rows * columns)
    above = heights > level
    mixed = above[:-1, :-1].astype(int) + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    found: list[Stroke] = []
    for row, column in zip(*((mixed > 0) & (mixed < 4)).nonzero(), strict=True):
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        ends = []
        for (r0, c0), (r1, c1) in zip(corners, corners[1:] + corners[:1], strict=True):
            a, b = float(heights[r0, c0]), float(heights[r1, c1])
            if (a > level) != (b > level):
                part = (level - a) / (b - a)
                ends.append((x[c0] + (x[c1] - x[c0]) * part, y[r0] + (y[r1] - y[r0]) * part))
        for (x0, y0), (x1, y1) in zip(ends[::2], ends[1::2], strict=False):
            found.append(((x0, x1), (y0, y1)))
    return found
