"""What stands in the axes of a figure: lines, points, bars, areas, images, texts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .numbers import Array, vector
from .styles import colour

NO_LABEL = "_"  # how a label begins that no legend shows


class Artist:
    """Something drawn. `colour` is `#rrggbb`; a `label` is for the legend."""

    def __init__(self, colour: str, label: Any = None, alpha: Any = None) -> None:
        self.colour = colour
        self.label = "" if label is None else str(label)
        self.alpha = float(alpha) if isinstance(alpha, int | float) else 1.0
        self.visible = True
        self.axes: Any = None

    def limits(self) -> tuple[Array, Array]:
        """The numbers that decide how far the axes reach, x and y."""
        return np.zeros(0), np.zeros(0)

    @property
    def is_named(self) -> bool:
        """Whether a legend shows it."""
        return bool(self.label) and not self.label.startswith(NO_LABEL) and self.visible

    # What programs call.

    def set_label(self, label: Any) -> None:
        """Name it in the legend."""
        self.label = str(label)

    def get_label(self) -> str:
        """Its name in the legend."""
        return self.label

    def set_color(self, value: Any) -> None:
        """Change its colour."""
        self.colour = colour(value, self.colour)

    def get_color(self) -> str:
        """Its colour."""
        return self.colour

    def set_alpha(self, alpha: Any) -> None:
        """How much it hides, from 0 to 1."""
        self.alpha = float(alpha)

    def set_visible(self, visible: Any) -> None:
        """Show or hide it."""
        self.visible = bool(visible)

    def remove(self) -> None:
        """Take it out of its axes."""
        if self.axes is not None and self in self.axes.artists:
            self.axes.artists.remove(self)


class Line(Artist):
    """A line through points, or markers at them."""

    def __init__(
        self,
        x: Array,
        y: Array,
        colour: str,
        *,
        style: str = "-",
        marker: str = "",
        width: float = 1.5,
        size: float = 6.0,
        label: Any = None,
        alpha: Any = None,
    ) -> None:
        super().__init__(colour, label, alpha)
        self.x = x
        self.y = y
        self.style = style
        self.marker = marker
        self.width = width
        self.size = size

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y

    def set_data(self, x: Any, y: Any) -> None:
        """Put it through other points."""
        self.x, self.y = vector(x), vector(y)

    def set_xdata(self, x: Any) -> None:
        """Other x."""
        self.x = vector(x)

    def set_ydata(self, y: Any) -> None:
        """Other y."""
        self.y = vector(y)

    def get_xdata(self) -> Array:
        """Its x."""
        return self.x

    def get_ydata(self) -> Array:
        """Its y."""
        return self.y


class Points(Artist):
    """Markers at points, of one colour or one each."""

    def __init__(
        self, x: Array, y: Array, colours: list[str], *, size: float, marker: str, **shared: Any
    ) -> None:
        super().__init__(colours[0] if colours else "#000000", **shared)
        self.x = x
        self.y = y
        self.colours = colours
        self.size = size
        self.marker = marker

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y


class Bars(Artist):
    """Bars from `bottom` up by `height` (or to the right, when not `upright`)."""

    def __init__(
        self,
        place: Array,
        height: Array,
        width: Array,
        bottom: Array,
        colours: list[str],
        *,
        upright: bool = True,
        **shared: Any,
    ) -> None:
        super().__init__(colours[0] if colours else "#000000", **shared)
        self.place = place  # of the middle of each bar
        self.height = height
        self.width = width
        self.bottom = bottom
        self.colours = colours
        self.upright = upright

    def limits(self) -> tuple[Array, Array]:
        along = np.concatenate([self.place - self.width / 2, self.place + self.width / 2])
        up = np.concatenate([self.bottom, self.bottom + self.height])
        return (along, up) if self.upright else (up, along)


class Area(Artist):
    """The area between two curves over the same x."""

    def __init__(self, x: Array, low: Array, high: Array, colour: str, **shared: Any) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.low = low
        self.high = high

    def limits(self) -> tuple[Array, Array]:
        return np.concatenate([self.x, self.x]), np.concatenate([self.low, self.high])


class Polygon(Artist):
    """A closed line through points."""

    def __init__(
        self, x: Array, y: Array, colour: str, *, filled: bool = True, **shared: Any
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.filled = filled

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y


class Errors(Artist):
    """A bar of uncertainty at each point, along y and along x."""

    def __init__(
        self, x: Array, y: Array, xerr: Array | None, yerr: Array | None, colour: str, **shared: Any
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.xerr = xerr
        self.yerr = yerr

    def limits(self) -> tuple[Array, Array]:
        x = [self.x] if self.xerr is None else [self.x - self.xerr, self.x + self.xerr]
        y = [self.y] if self.yerr is None else [self.y - self.yerr, self.y + self.yerr]
        return np.concatenate(x), np.concatenate(y)


class Rule(Artist):
    """A straight line across the axes at one x or y, or a band between two."""

    def __init__(
        self, first: float, last: float, colour: str, *, upright: bool, style: str, **shared: Any
    ) -> None:
        super().__init__(colour, **shared)
        self.first = first
        self.last = last
        self.upright = upright  # at an x, not at a y
        self.style = style

    def limits(self) -> tuple[Array, Array]:
        ends = np.array([self.first, self.last])
        return (ends, np.zeros(0)) if self.upright else (np.zeros(0), ends)


class Image(Artist):
    """Rows of numbers as colours: `values` are [rows, columns] or [rows, columns, 3]."""

    def __init__(
        self,
        values: Array,
        extent: tuple[float, float, float, float],
        *,
        low: float,
        high: float,
        colours: Any,
        **shared: Any,
    ) -> None:
        super().__init__("#808080", **shared)
        self.values = values
        self.extent = extent  # left, right, bottom, top: of the first row's upper end
        self.low = low
        self.high = high
        self.colours = colours

    def limits(self) -> tuple[Array, Array]:
        return np.array(self.extent[:2]), np.array(self.extent[2:])

    def set_data(self, values: Any) -> None:
        """Show other numbers."""
        from .numbers import array

        self.values = array(values)

    def share(self) -> Array:
        """The values from 0 to 1, [rows, columns] or [rows, columns, 3]."""
        span = self.high - self.low
        return np.clip((self.values - self.low) / (span if span > 0 else 1.0), 0.0, 1.0)


class Contours(Artist):
    """Lines of equal height over a grid, or the bands between them."""

    def __init__(
        self,
        x: Array,
        y: Array,
        heights: Array,
        levels: Array,
        colours: Any,
        *,
        filled: bool,
        line_colour: str | None,
        **shared: Any,
    ) -> None:
        super().__init__(line_colour or "#808080", **shared)
        self.x = x
        self.y = y
        self.heights = heights  # [len(y), len(x)]
        self.levels = levels
        self.colours = colours
        self.filled = filled
        self.line_colour = line_colour

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y


class Text(Artist):
    """A text at a point, with an arrow to another where `tip` is one.

    `relative` points are shares of the axes, from 0 to 1.
    """

    def __init__(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        *,
        tip: tuple[float, float] | None = None,
        relative: bool = False,
        anchor: str = "start",
        **shared: Any,
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.text = text
        self.tip = tip
        self.relative = relative
        self.anchor = anchor

    def set_text(self, text: Any) -> None:
        """Other words."""
        self.text = str(text)
