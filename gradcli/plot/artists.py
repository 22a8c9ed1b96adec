"""What stands in the axes of a figure: lines, points, bars, areas, images, texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .numbers import Array, array, number, scalar, vector
from .styles import colour, line_style
from .words import words

NOTHING = np.zeros(0)
NO_LABEL = "_"  # how a label begins that no legend shows


class Artist:
    """Something drawn. `colour` is `#rrggbb`; a `label` is for the legend.

    What has a higher `zorder` is drawn over what has a lower one.
    """

    layer = 1.0  # the zorder where the program gives none

    def __init__(
        self, colour: str, label: Any = None, alpha: Any = None, zorder: Any = None
    ) -> None:
        self.colour = colour
        self.label = "" if label is None else words(label)
        self.alpha = share_of(alpha)
        self.zorder = number(zorder, self.layer)
        self.visible = True
        self.axes: Any = None
        self.number = 0  # in its axes
        self.has_place = True  # what a legend alone names has none
        self.turn = 0  # how many lines and points are before it in its axes

    def limits(self) -> tuple[Array, Array]:
        """The numbers that decide how far the axes reach, x and y."""
        return NOTHING, NOTHING

    def edges(self) -> tuple[Array, Array]:
        """Where the axes end without a margin, if the data ends there: some x and some y."""
        return NOTHING, NOTHING

    def is_named(self) -> bool:
        """Whether a legend shows it."""
        return bool(self.label) and not self.label.startswith(NO_LABEL) and self.visible

    # What programs call.

    def set_label(self, label: Any) -> None:
        """Name it in the legend."""
        self.label = words(label)

    def get_label(self) -> str:
        """Its name in the legend."""
        return self.label or f"_child{self.number}"

    def set_color(self, value: Any) -> None:
        """Change its colour."""
        self.colour = colour(value, self.colour)

    def set_facecolor(self, value: Any) -> None:
        """Change its colour."""
        self.set_color(value)

    def get_color(self) -> str:
        """Its colour."""
        return self.colour

    def set_alpha(self, alpha: Any) -> None:
        """How much it hides, from 0 to 1."""
        self.alpha = share_of(alpha)

    def set_visible(self, visible: Any) -> None:
        """Show or hide it."""
        self.visible = bool(visible)

    def remove(self) -> None:
        """Take it out of its axes."""
        if self.axes is not None and self in self.axes.artists:
            self.axes.artists.remove(self)


def share_of(alpha: Any) -> float:
    """How much something hides, from 0 to 1."""
    return min(max(number(alpha, 1.0), 0.0), 1.0)


class Line(Artist):
    """A line through points, or markers at them."""

    layer = 2.0

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
        **shared: Any,
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.style = style
        self.marker = marker
        self.width = width
        self.size = size

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y

    def points(self) -> tuple[Array, Array]:
        """Its points; those without a partner, while a program sets x and y, are not there yet."""
        count = min(self.x.size, self.y.size)
        return self.x[:count], self.y[:count]

    def set_data(self, x: Any, y: Any = None) -> None:
        """Put it through other points."""
        if y is None:
            x, y = x
        self.x, self.y = vector(x), vector(y)

    def set_xdata(self, x: Any) -> None:
        """Other x."""
        self.x = vector(x)

    def set_ydata(self, y: Any) -> None:
        """Other y."""
        self.y = vector(y)

    def set_linewidth(self, w: Any) -> None:
        """Another width, in points."""
        self.width = scalar(w)

    def set_linestyle(self, ls: Any) -> None:
        """Another style."""
        self.style = line_style(ls)

    def get_xdata(self) -> Array:
        """Its x."""
        return self.x

    def get_ydata(self) -> Array:
        """Its y."""
        return self.y


class Points(Artist):
    """Markers at points, of one colour or one each.

    `scale` is the two numbers at the ends of `map`, where colours stand for numbers.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        colours: list[str],
        *,
        sizes: Array,
        marker: str,
        hollow: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(colours[0] if colours else "#000000", **shared)
        self.x = x
        self.y = y
        self.point_colours = colours
        self.sizes = sizes  # their diameters in points
        self.marker = marker
        self.hollow = hollow
        self.scale: tuple[float, float] | None = None
        self.colours: Any = None

    def ends(self) -> tuple[float, float]:
        """The numbers that the ends of its colour map stand for."""
        return self.scale or (0.0, 1.0)

    def set_color(self, value: Any) -> None:
        """Change their colour."""
        self.colour = colour(value, self.colour)
        self.point_colours, self.scale = [self.colour], None

    def set_offsets(self, offsets: Any) -> None:
        """Put them elsewhere, [points, 2]."""
        places = array(offsets).reshape(-1, 2)
        self.x, self.y = places[:, 0], places[:, 1]

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

    def set_color(self, value: Any) -> None:
        """Change their colour."""
        self.colour = colour(value, self.colour)
        self.colours = [self.colour]

    def __len__(self) -> int:
        return self.place.size

    def __getitem__(self, index: Any) -> Any:
        found = range(len(self))[index]
        return [Bar(self, at) for at in found] if isinstance(found, range) else Bar(self, found)

    def __iter__(self) -> Iterator[Bar]:
        return (Bar(self, at) for at in range(len(self)))

    def limits(self) -> tuple[Array, Array]:
        along = np.concatenate([self.place - self.width / 2, self.place + self.width / 2])
        up = np.concatenate([self.bottom, self.bottom + self.height])
        return (along, up) if self.upright else (up, along)

    def edges(self) -> tuple[Array, Array]:
        return (NOTHING, self.bottom) if self.upright else (self.bottom, NOTHING)


class Bar:
    """One of several bars."""

    def __init__(self, bars: Bars, at: int) -> None:
        self.bars = bars
        self.at = at

    def get_height(self) -> float:
        """How high it is."""
        return float((self.bars.height if self.bars.upright else self.bars.width)[self.at])

    def get_width(self) -> float:
        """How wide it is."""
        return float((self.bars.width if self.bars.upright else self.bars.height)[self.at])

    def get_x(self) -> float:
        """Its left end."""
        return self._edge() if self.bars.upright else float(self.bars.bottom[self.at])

    def get_y(self) -> float:
        """Its lower end."""
        return float(self.bars.bottom[self.at]) if self.bars.upright else self._edge()

    def _edge(self) -> float:
        return float(self.bars.place[self.at] - self.bars.width[self.at] / 2)

    def set_color(self, value: Any) -> None:
        """Change its colour."""
        bars = self.bars
        if len(bars.colours) != len(bars):
            bars.colours = [bars.colours[at % len(bars.colours)] for at in range(len(bars))]
        bars.colours[self.at] = colour(value, bars.colours[self.at])

    set_facecolor = set_color


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
        self,
        x: Array,
        y: Array,
        colour: str,
        *,
        filled: bool = True,
        width: float = 1.5,
        **shared: Any,
    ) -> None:
        super().__init__(colour, **shared)
        self.width = width
        self.x = x
        self.y = y
        self.filled = filled

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y


class Errors(Artist):
    """A bar of uncertainty at each point, along y and along x.

    What `xerr` and `yerr` hold is [points], or [2, points] for what is below and above.
    """

    layer = 1.9  # below the markers of the points

    def __init__(
        self, x: Array, y: Array, xerr: Array | None, yerr: Array | None, colour: str, **shared: Any
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.xerr = xerr
        self.yerr = yerr

    def limits(self) -> tuple[Array, Array]:
        x, y = [self.x], [self.y]
        for low, high, upright in self.spans():
            (y if upright else x).extend((low, high))
        return np.concatenate(x), np.concatenate(y)

    def spans(self) -> list[tuple[Array, Array, bool]]:
        """The ends of the bars, and whether they go up."""
        return [
            (middle - below, middle + above, upright)
            for middle, err, upright in ((self.x, self.xerr, False), (self.y, self.yerr, True))
            if err is not None
            for below, above in (err if err.ndim == 2 else (err, err),)
        ]


class Rule(Artist):
    """A straight line across the axes at one x or y, or a band between two."""

    layer = 1.5

    def __init__(
        self,
        first: float,
        last: float,
        colour: str,
        *,
        upright: bool,
        style: str,
        width: float = 1.5,
        **shared: Any,
    ) -> None:
        super().__init__(colour, **shared)
        self.width = width
        self.first = first
        self.last = last
        self.upright = upright  # at an x, not at a y
        self.style = style

    def limits(self) -> tuple[Array, Array]:
        ends = np.array([self.first, self.last])
        return (ends, np.zeros(0)) if self.upright else (np.zeros(0), ends)


class Image(Artist):
    """Rows of numbers as colours: `values` are [rows, columns] or [rows, columns, 3]."""

    layer = 0.0

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

    def edges(self) -> tuple[Array, Array]:
        return self.limits()

    def set_data(self, values: Any) -> None:
        """Show other numbers."""
        found = array(values)
        if found.ndim in (2, 3):
            self.values = found[..., :3] if found.ndim == 3 else found

    def ends(self) -> tuple[float, float]:
        """The numbers that the ends of its colour map stand for."""
        return self.low, self.high

    def share(self) -> Array:
        """The values from 0 to 1, [rows, columns] or [rows, columns, 3]."""
        runtime.reserve(40 * self.values.size)
        span = self.high / 2 - self.low / 2  # halves: the difference may overflow
        with np.errstate(all="ignore"):
            found = (self.values / 2 - self.low / 2) / (span if span > 0 else 1.0)
        return np.clip(found, 0.0, 1.0)


class Contours(Artist):
    """Lines of equal height over a grid, or the bands between them."""

    layer = 0.5

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

    def ends(self) -> tuple[float, float]:
        """The numbers that the ends of its colour map stand for."""
        return (float(self.levels[0]), float(self.levels[-1])) if self.levels.size else (0.0, 1.0)

    def limits(self) -> tuple[Array, Array]:
        return self.x, self.y

    def edges(self) -> tuple[Array, Array]:
        return self.limits()


class Text(Artist):
    """A text at a point, with an arrow to another where `tip` is one.

    `relative` points are shares of the axes, from 0 to 1.
    """

    layer = 3.0

    def __init__(
        self,
        x: float,
        y: float,
        text: Any,
        colour: str,
        *,
        tip: tuple[float, float] | None = None,
        offset: tuple[float, float] = (0.0, 0.0),
        relative: bool = False,
        anchor: str = "start",
        rise: str = "baseline",
        size: float = 10.0,
        **shared: Any,
    ) -> None:
        super().__init__(colour, **shared)
        self.x = x
        self.y = y
        self.text = words(text)
        self.tip = tip
        self.offset = offset  # in points, to the right and up
        self.relative = relative
        self.anchor = anchor  # "start", "middle" or "end"
        self.rise = rise  # "top", "center", "bottom" or "baseline"
        self.size = size

    def set_text(self, text: Any) -> None:
        """Other words."""
        self.text = words(text)
