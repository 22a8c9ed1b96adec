"""Lines of equal height over a grid: Lorensen and Cline's marching cubes (1987), in the plane."""

from __future__ import annotations

import numpy as np

from ..tensor.runtime import runtime
from .artists import Contours, Image

Stroke = tuple[tuple[float, float], tuple[float, float]]  # the x of both ends, the y of both ends
FINE = 160  # rows and columns of the bands


def crossings(contours: Contours, level: float) -> list[Stroke]:
    """The pieces of the line at a height, one or two for each cell of the grid that it crosses."""
    heights = contours.heights
    x, y = contours.x.tolist(), contours.y.tolist()
    rows, columns = heights.shape
    runtime.spend(rows * columns)
    runtime.reserve(20 * rows * columns)
    above = heights > level
    mixed = above[:-1, :-1].astype(int) + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    found: list[Stroke] = []
    for row, column in zip(*((mixed > 0) & (mixed < 4)).nonzero(), strict=True):
        runtime.spend(10)
        corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
        ends = []
        for (r0, c0), (r1, c1) in zip(corners, corners[1:] + corners[:1], strict=True):
            a, b = float(heights[r0, c0]), float(heights[r1, c1])
            if (a > level) != (b > level):
                part = (level / 2 - a / 2) / (b / 2 - a / 2)  # halves: b - a may overflow
                ends.append((x[c0] + (x[c1] - x[c0]) * part, y[r0] + (y[r1] - y[r0]) * part))
        for (x0, y0), (x1, y1) in zip(ends[::2], ends[1::2], strict=False):
            found.append(((x0, x1), (y0, y1)))
    return found


def bands(contours: Contours) -> Image | None:
    """The bands between levels as an image of a finer grid; None where there are none."""
    heights, levels = contours.heights, contours.levels
    if min(heights.shape) < 2 or not levels.size:
        return None
    runtime.spend(FINE * (sum(heights.shape) + FINE))
    runtime.reserve(8 * FINE * (sum(heights.shape) + 4 * FINE))
    x = np.linspace(contours.x[0], contours.x[-1], FINE)
    y = np.linspace(contours.y[0], contours.y[-1], FINE)
    fine = np.stack([np.interp(x, contours.x, row) for row in heights])
    fine = np.stack([np.interp(y, contours.y, column) for column in fine.T], 1)
    at = np.searchsorted(levels, fine)
    band = np.clip(at - 1, 0, max(levels.size - 2, 0))
    middles = (levels[:-1] + levels[1:]) / 2 if levels.size > 1 else levels
    low, high = contours.ends()
    return Image(
        middles[band][::-1],
        (float(x[0]), float(x[-1]), float(y[0]), float(y[-1])),
        low=low,
        high=high,
        colours=contours.colours,
        alpha=contours.alpha,
    )
