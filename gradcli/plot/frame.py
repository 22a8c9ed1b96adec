"""The box of axes in a picture, and where their numbers are in it, in pixels."""

from __future__ import annotations

import numpy as np

from .axes import Axes
from .numbers import Array
from .ticks import shares


class Frame:
    """The box inside of axes: `left`, `top`, `width` and `height`, from the upper left corner."""

    def __init__(self, axes: Axes, box: tuple[float, float, float, float]) -> None:
        self.axes = axes
        self.left, self.top, self.width, self.height = box
        self.x_range, self.y_range = axes.ranges()
        if axes.equal:
            self._square()

    def _square(self) -> None:
        """Narrow the box until a unit of x is as long as one of y."""
        across, up = (abs(high / 2 - low / 2) for low, high in (self.x_range, self.y_range))
        share = up / across  # of the height to the width
        width = min(self.width, self.height / share) if share > 0 else self.width
        height = min(self.height, self.width * share)
        width, height = max(width, 1.0), max(height, 1.0)
        self.left += (self.width - width) / 2
        self.top += (self.height - height) / 2
        self.width, self.height = width, height

    @property
    def right(self) -> float:
        """Its right end."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower end."""
        return self.top + self.height

    def x(self, values: Array) -> Array:
        """Numbers along x in the picture."""
        share = shares(values, self.x_range, self.axes.x_scale.log)
        return np.asarray(self.left + share * self.width)

    def y(self, values: Array) -> Array:
        """Numbers along y in the picture, which grows downwards."""
        share = shares(values, self.y_range, self.axes.y_scale.log)
        return np.asarray(self.top + (1 - share) * self.height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """One point in the picture."""
        return float(self.x(np.array([x]))[0]), float(self.y(np.array([y]))[0])
