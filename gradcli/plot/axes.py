"""Axes: what a program draws into them, and how far they reach.

The methods have matplotlib's names and take its arguments. What an argument asks for that a picture
of lines and colours cannot show (a z order, a font) is taken and has no effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import (
    Area,
    Artist,
    Bars,
    Contours,
    Errors,
    Image,
    Line,
    Points,
    Polygon,
    Rule,
    Text,
)
from .numbers import Array, array, categories, scalar, vector
from .styles import CYCLE, colour, colour_map, is_colour, line_style, mapped, parsed

MARGIN = 0.05  # of the data's range, around it


class Scale:
    """One direction of axes: limits (None: as far as the data), ticks, and whether it is a log."""

    def __init__(self) -> None:
        self.low: float | None = None
        self.high: float | None = None
        self.log = False
        self.label = ""
        self.ticks: list[float] | None = None
        self.tick_labels: list[str] | None = None

    def limit(self, low: Any, high: Any) -> None:
        """Set the ends; None leaves one as it is."""
        if high is None and isinstance(low, list | tuple | np.ndarray):
            low, high = low
        if low is not None:
            self.low = scalar(low)
        if high is not None:
            self.high = scalar(high)

    def range(self, values: list[Array]) -> tuple[float, float]:
        """The ends for some data, the lower one first unless the program turned them round."""
        finite = [part[np.isfinite(part)] for part in values if part.size]
        if self.log:
            finite = [part[part > 0] for part in finite]
        data = np.concatenate(finite) if finite else np.zeros(0)
        low, high = (float(data.min()), float(data.max())) if data.size else (0.0, 1.0)
        if self.log:
            if not data.size:
                low, high = 0.1, 1.0
            spread = (high / low) ** MARGIN if high > low else 2.0
            low, high = low / spread, high * spread
        else:
            pad = (high - low) * MARGIN if high > low else abs(low) * MARGIN or 0.5
            low, high = low - pad, high + pad
        low = low if self.low is None else self.low
        high = high if self.high is None else self.high
        if self.log:
            high = high if high > 0 else 1.0
            low = low if low > 0 else high / 10
        return (low, high) if high != low else (low - 0.5, high + 0.5)


class Axes:
    """One pair of axes of a figure, at a place `(rows, columns, first, last)` of its grid."""

    def __init__(self, figure: Any, place: tuple[int, int, int, int]) -> None:
        self.figure = figure
        self.place = place
        self.cla()

    def cla(self) -> None:
        """Take everything out."""
        self.artists: list[Artist] = []
        self.title = ""
        self.x_scale = Scale()
        self.y_scale = Scale()
        self.has_grid = False
        self.has_legend = False
        self.has_axis = True
        self.equal = False
        self.bar_of_colours: Any = None
        self._turn = 0

    clear = cla

    # How far the axes reach

    def ranges(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The ends of x and of y."""
        found = [artist.limits() for artist in self.artists if artist.visible]
        x_range = self.x_scale.range([x for x, _ in found])
        y_range = self.y_scale.range([y for _, y in found])
        images = [a for a in self.artists if isinstance(a, Image | Contours)]
        if images and len(images) == len(self.artists):
            x, y = images[0].limits()
            if self.x_scale.low is None and self.x_scale.high is None:
                x_range = (float(x[0]), float(x[-1]))
            if self.y_scale.low is None and self.y_scale.high is None:
                y_range = (float(y[0]), float(y[-1]))
        return x_range, y_range

    # Drawing

    def _next_colour(self) -> str:
        found = CYCLE[self._turn % len(CYCLE)]
        self._turn += 1
        return found

    def _add(self, artist: Any) -> Any:
        runtime.spend(1)
        artist.axes = self
        self.artists.append(artist)
        return artist

    def _places(self, values: Any, scale: Scale) -> Array:
        """Numbers along an axis; texts stand at 0, 1, 2 … and become its ticks."""
        names = categories(values)
        if names is None:
            return vector(values)
        known = list(scale.tick_labels or [])
        for name in names:
            if name not in known:
                known.append(name)
        scale.ticks = [float(at) for at in range(len(known))]
        scale.tick_labels = known
        return np.array([float(known.index(name)) for name in names])

    def plot(self, *args: Any, **kwargs: Any) -> list[Line]:
        """Lines through points: `plot(y)`, `plot(x, y)`, `plot(x, y, "r--")`, several at once."""
        lines: list[Line] = []
        rest = list(args)
        while rest:
            first = rest.pop(0)
            second = rest.pop(0) if rest and not isinstance(rest[0], str) else None
            if second is None and rest and isinstance(rest[0], str) and not _is_format(rest[0]):
                second = rest.pop(0)
            form = parsed(rest.pop(0)) if rest and isinstance(rest[0], str) else {}
            y = array(first if second is None else second)
            if y.ndim == 0:
                y = y.reshape(1)
            x = (
                np.arange(len(y), dtype=np.float64)
                if second is None
                else self._places(first, self.x_scale)
            )
            columns = y.reshape(len(y), -1).T
            if len(x) != len(y):
                raise ValueError(
                    f"x and y must have same first dimension, but have shapes ({len(x)},) and "
                    f"{y.shape}"
                )
            lines += [self._line(x, column, form, kwargs) for column in columns]
        return lines

    def _line(self, x: Array, y: Array, form: dict[str, str], options: dict[str, Any]) -> Line:
        default = self._next_colour()
        marker = options.get("marker", form.get("marker", ""))
        style = options.get("linestyle", options.get("ls", form.get("style")))
        if style is None:
            style = "" if form.get("marker") else "-"
        made = Line(
            x,
            y,
            colour(options.get("color", options.get("c", form.get("colour"))), default),
            style=line_style(style),
            marker=marker if isinstance(marker, str) and marker not in ("None", "none") else "",
            width=_number(options.get("linewidth", options.get("lw")), 1.5),
            size=_number(options.get("markersize", options.get("ms")), 6.0),
            label=options.get("label"),
            alpha=options.get("alpha"),
        )
        self._add(made)
        return made

    def semilogx(self, *args: Any, **kwargs: Any) -> list[Line]:
        """`plot` with a logarithmic x."""
        self.x_scale.log = True
        return self.plot(*args, **kwargs)

    def semilogy(self, *args: Any, **kwargs: Any) -> list[Line]:
        """`plot` with a logarithmic y."""
        self.y_scale.log = True
        return self.plot(*args, **kwargs)

    def loglog(self, *args: Any, **kwargs: Any) -> list[Line]:
        """`plot` with logarithmic x and y."""
        self.x_scale.log = self.y_scale.log = True
        return self.plot(*args, **kwargs)

    def step(self, x: Any, y: Any, *args: Any, where: str = "pre", **kwargs: Any) -> list[Line]:
        """A line of steps."""
        x, y = vector(x), vector(y)
        if where == "post":
            x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
        else:
            x, y = np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:]
        return self.plot(x, y, *args, **kwargs)

    def scatter(self, x: Any, y: Any, s: Any = None, c: Any = None, **kwargs: Any) -> Points:
        """Points, of sizes `s` and colours `c`: one, one each, or numbers of a colour map."""
        x, y = self._places(x, self.x_scale), self._places(y, self.y_scale)
        if x.size != y.size:
            raise ValueError("x and y must be the same size")
        default = self._next_colour()
        colours = self._colours(kwargs.get("color", c), x.size, default, kwargs)
        area = vector(s) if s is not None else np.array([36.0])
        made = Points(
            x,
            y,
            colours,
            size=math.sqrt(max(float(area.mean()) if area.size else 36.0, 0.0)),
            marker=kwargs.get("marker") or "o",
            label=kwargs.get("label"),
            alpha=kwargs.get("alpha"),
        )
        self._add(made)
        return made

    def _colours(self, given: Any, count: int, default: str, options: dict[str, Any]) -> list[str]:
        """One colour, or one for each of `count` things."""
        if given is None or is_colour(given):
            return [colour(given, default)]
        if isinstance(given, str):
            return [default]
        names = categories(given)
        if names is not None:
            return [colour(name, default) for name in names]
        values = array(given)
        if values.ndim == 2 and values.shape[1] in (3, 4):
            return [colour(row, default) for row in values]
        values = values.reshape(-1)
        if values.size != count or not values.size:
            return [default]
        low = _number(options.get("vmin"), float(np.nanmin(values)))
        high = _number(options.get("vmax"), float(np.nanmax(values)))
        colours = colour_map(options.get("cmap") or "viridis")
        span = high - low or 1.0
        return [mapped((value - low) / span, colours) for value in values.tolist()]

    def bar(self, x: Any, height: Any, width: Any = 0.8, bottom: Any = None, **kwargs: Any) -> Bars:
        """Bars upwards from `bottom`, their middles at x."""
        return self._bars(self._places(x, self.x_scale), height, width, bottom, True, kwargs)

    def barh(self, y: Any, width: Any, height: Any = 0.8, left: Any = None, **kwargs: Any) -> Bars:
        """Bars to the right from `left`, their middles at y."""
        return self._bars(self._places(y, self.y_scale), width, height, left, False, kwargs)

    def _bars(
        self, place: Array, length: Any, width: Any, start: Any, up: bool, options: dict[str, Any]
    ) -> Bars:
        lengths = vector(length)
        count = max(place.size, lengths.size)
        widths = np.broadcast_to(vector(width), (count,))
        if options.get("align") == "edge":
            place = place + widths / 2
        made = Bars(
            np.broadcast_to(place, (count,)),
            np.broadcast_to(lengths, (count,)),
            widths,
            np.broadcast_to(vector(0.0 if start is None else start), (count,)),
            self._colours(options.get("color"), count, self._next_colour(), options),
            upright=up,
            label=options.get("label"),
            alpha=options.get("alpha"),
        )
        self._add(made)
        return made

    def hist(self, x: Any, bins: Any = 10, **kwargs: Any) -> tuple[Any, Any, Any]:
        """How often numbers fall into intervals; several sets are counted in the same ones."""
        sets = _sets(x)
        every = np.concatenate(sets) if sets else np.zeros(0)
        every = every[np.isfinite(every)]
        if isinstance(bins, str):
            bins = max(math.ceil(math.log2(max(every.size, 1)) + 1), 1)
        if isinstance(bins, int):
            runtime.reserve(16 * bins)
        else:
            bins = vector(bins)
        limits = kwargs.get("range")
        edges = np.histogram_bin_edges(every, bins, None if limits is None else tuple(limits))
        counts = []
        for at, values in enumerate(sets):
            found, _ = np.histogram(values[np.isfinite(values)], edges)
            heights = found.astype(np.float64)
            if kwargs.get("density") and heights.sum():
                heights = heights / (heights.sum() * np.diff(edges))
            if kwargs.get("cumulative"):
                heights = np.cumsum(heights)
            if kwargs.get("log"):
                self.y_scale.log = True
            label = kwargs.get("label")
            self._bars(
                (edges[:-1] + edges[1:]) / 2,
                heights,
                np.diff(edges),
                None,
                kwargs.get("orientation") != "horizontal",
                {
                    "color": kwargs.get("color", kwargs.get("facecolor")),
                    "alpha": kwargs.get("alpha", 0.6 if len(sets) > 1 else None),
                    "label": label[at] if isinstance(label, list | tuple) else label,
                },
            )
            counts.append(heights)
        return (counts[0] if len(counts) == 1 else counts), edges, self.artists[-1:]

    def fill_between(self, x: Any, y1: Any, y2: Any = 0, **kwargs: Any) -> Area:
        """The area between two curves."""
        x = vector(x)
        made = Area(
            x,
            np.broadcast_to(vector(y1), x.shape),
            np.broadcast_to(vector(y2), x.shape),
            colour(kwargs.get("color", kwargs.get("facecolor")), self._next_colour()),
            label=kwargs.get("label"),
            alpha=kwargs.get("alpha", 0.5),
        )
        self._add(made)
        return made

    def fill(self, x: Any, y: Any, *args: Any, **kwargs: Any) -> list[Polygon]:
        """A filled polygon."""
        default = colour(args[0] if args else None, self._next_colour())
        shade = colour(kwargs.get("color"), default)
        return [self._add(Polygon(vector(x), vector(y), shade, alpha=kwargs.get("alpha")))]

    def stackplot(self, x: Any, *args: Any, **kwargs: Any) -> list[Area]:
        """Areas on top of each other."""
        base = np.zeros(vector(x).shape)
        labels = kwargs.get("labels") or ()
        made = []
        for at, values in enumerate(args):
            top = base + vector(values)
            label = labels[at] if at < len(labels) else None
            made.append(self.fill_between(x, base, top, label=label, alpha=0.8))
            base = top
        return made

    def stem(self, *args: Any, **kwargs: Any) -> Any:
        """Lines up to points."""
        y = vector(args[-1])
        x = vector(args[0]) if len(args) > 1 else np.arange(y.size, dtype=np.float64)
        self._bars(x, y, np.zeros(1), None, True, kwargs)
        return self.plot(x, y, "o")[0]

    def errorbar(
        self, x: Any, y: Any, yerr: Any = None, xerr: Any = None, fmt: str = "", **kwargs: Any
    ) -> Any:
        """Points with bars of uncertainty."""
        line = self.plot(x, y, fmt, **kwargs)[0] if fmt else self.plot(x, y, **kwargs)[0]
        spans = [
            None if err is None else np.broadcast_to(np.abs(array(err)), line.x.shape)
            for err in (xerr, yerr)
        ]
        shade = colour(kwargs.get("ecolor"), line.colour)
        return self._add(Errors(line.x, line.y, spans[0], spans[1], shade))

    def imshow(self, X: Any, cmap: Any = None, **kwargs: Any) -> Image:
        """Rows of numbers as colours, the first row on top unless `origin="lower"`."""
        values = array(X)
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[:, :, 0]
        if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
            raise TypeError(f"Invalid shape {values.shape} for image data")
        rows, columns = values.shape[:2]
        low, high = 0.0, 1.0
        if values.ndim == 3:
            values = values[:, :, :3]
            high = 255.0 if values.size and np.nanmax(values) > 1 else 1.0
        elif values.size:
            finite = values[np.isfinite(values)]
            low = _number(kwargs.get("vmin"), float(finite.min()) if finite.size else 0.0)
            high = _number(kwargs.get("vmax"), float(finite.max()) if finite.size else 1.0)
        extent = kwargs.get("extent")
        if extent is None:
            extent = (-0.5, columns - 0.5, rows - 0.5, -0.5)
            if kwargs.get("origin") == "lower":
                extent = (-0.5, columns - 0.5, -0.5, rows - 0.5)
        elif kwargs.get("origin") == "lower":
            values = values[::-1]
            left, right, bottom, top = map(scalar, extent)
            extent = (left, right, bottom, top)
        if kwargs.get("origin") == "lower" and kwargs.get("extent") is None:
            values = values[::-1]
            extent = (extent[0], extent[1], extent[2], extent[3])
        self.equal = kwargs.get("aspect") != "auto"
        return self._add(  # type: ignore[no-any-return]
            Image(
                values,
                tuple(map(scalar, extent)),  # type: ignore[arg-type]
                low=low,
                high=high,
                colours=colour_map(cmap or "viridis"),
                alpha=kwargs.get("alpha"),
            )
        )

    def matshow(self, Z: Any, **kwargs: Any) -> Image:
        """A matrix as colours."""
        return self.imshow(Z, **kwargs)

    def pcolormesh(self, *args: Any, **kwargs: Any) -> Image:
        """A grid of numbers as colours."""
        values = array(args[-1])
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            kwargs["extent"] = (x.min(), x.max(), y.min(), y.max())
        made = self.imshow(values[::-1], kwargs.pop("cmap", None), **kwargs)
        self.equal = False
        return made

    pcolor = pcolormesh

    def contour(self, *args: Any, **kwargs: Any) -> Contours:
        """Lines of equal height: `contour(z)`, `contour(x, y, z)`, with levels behind."""
        return self._contours(args, kwargs, filled=False)

    def contourf(self, *args: Any, **kwargs: Any) -> Contours:
        """Bands between lines of equal height."""
        return self._contours(args, kwargs, filled=True)

    def _contours(self, args: tuple[Any, ...], options: dict[str, Any], filled: bool) -> Contours:
        given: Any = options.get("levels")
        if len(args) in (2, 4):
            given = args[-1]
            args = args[:-1]
        heights = array(args[-1])
        if heights.ndim != 2:
            raise TypeError(f"Input z must be 2D, not {heights.ndim}D")
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            x, y = (x[0] if x.ndim == 2 else x), (y[:, 0] if y.ndim == 2 else y)
        else:
            x, y = (np.arange(n, dtype=np.float64) for n in heights.shape[::-1])
        finite = heights[np.isfinite(heights)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if given is None or isinstance(given, int):
            from .ticks import ticks

            runtime.reserve(64 * (given or 7))
            levels = np.array(ticks(low, high, (given or 7) + 1))
        else:
            levels = np.sort(vector(given))
        only = options.get("colors")
        if isinstance(only, list | tuple) and only:
            only = only[0]
        return self._add(  # type: ignore[no-any-return]
            Contours(
                x,
                y,
                heights,
                levels,
                colour_map(options.get("cmap") or "viridis"),
                filled=filled,
                line_colour=colour(only, "#000000") if only is not None else None,
                alpha=options.get("alpha"),
            )
        )

    def axhline(self, y: Any = 0, *args: Any, **kwargs: Any) -> Rule:
        """A line across at one y."""
        return self._rule(y, y, False, kwargs)

    def axvline(self, x: Any = 0, *args: Any, **kwargs: Any) -> Rule:
        """A line upwards at one x."""
        return self._rule(x, x, True, kwargs)

    def axhspan(self, ymin: Any, ymax: Any, **kwargs: Any) -> Rule:
        """A band between two y."""
        return self._rule(ymin, ymax, False, kwargs)

    def axvspan(self, xmin: Any, xmax: Any, **kwargs: Any) -> Rule:
        """A band between two x."""
        return self._rule(xmin, xmax, True, kwargs)

    def _rule(self, first: Any, last: Any, upright: bool, options: dict[str, Any]) -> Rule:
        made = Rule(
            scalar(first),
            scalar(last),
            colour(options.get("color", options.get("c")), self._next_colour()),
            upright=upright,
            style=line_style(options.get("linestyle", options.get("ls", "-"))),
            label=options.get("label"),
            alpha=options.get("alpha", 1.0 if first is last else 0.3),
        )
        self._add(made)
        return made

    def hlines(self, y: Any, xmin: Any, xmax: Any, *args: Any, **kwargs: Any) -> None:
        """Lines across from `xmin` to `xmax`."""
        self._segments(y, xmin, xmax, True, kwargs)

    def vlines(self, x: Any, ymin: Any, ymax: Any, *args: Any, **kwargs: Any) -> None:
        """Lines upwards from `ymin` to `ymax`."""
        self._segments(x, ymin, ymax, False, kwargs)

    def _segments(self, at: Any, start: Any, end: Any, flat: bool, options: dict[str, Any]) -> None:
        places, starts, ends = np.broadcast_arrays(vector(at), vector(start), vector(end))
        options = {"color": options.get("colors"), **options}
        shade = colour(options.get("color"), self._next_colour())
        style = {"linestyle": options.get("linestyles", options.get("linestyle", "-"))}
        for place, first, last in zip(places, starts, ends, strict=True):
            along, across = np.array([first, last]), np.array([place, place])
            pair = (along, across) if flat else (across, along)
            self._line(*pair, {"colour": shade}, {**style, "label": options.get("label")})

    def text(self, x: Any, y: Any, s: Any, *args: Any, **kwargs: Any) -> Text:
        """A text at a point."""
        anchor = kwargs.get("horizontalalignment", kwargs.get("ha", "left"))
        return self._add(  # type: ignore[no-any-return]
            Text(
                scalar(x),
                scalar(y),
                str(s),
                colour(kwargs.get("color"), ""),
                relative=kwargs.get("transform") is not None,
                anchor={"center": "middle", "right": "end"}.get(anchor, "start"),
            )
        )

    def annotate(self, text: Any, xy: Any, xytext: Any = None, **kwargs: Any) -> Text:
        """A text with an arrow to a point."""
        tip = (scalar(xy[0]), scalar(xy[1]))
        place = tip if xytext is None else (scalar(xytext[0]), scalar(xytext[1]))
        shade = colour(kwargs.get("color"), "")
        return self._add(  # type: ignore[no-any-return]
            Text(*place, str(text), shade, tip=None if xytext is None else tip)
        )

    def arrow(self, x: Any, y: Any, dx: Any, dy: Any, **kwargs: Any) -> Text:
        """An arrow."""
        x, y = scalar(x), scalar(y)
        shade = colour(kwargs.get("color", kwargs.get("fc")), self._next_colour())
        return self._add(Text(x, y, "", shade, tip=(x + scalar(dx), y + scalar(dy))))  # type: ignore[no-any-return]

    def add_patch(self, patch: Any) -> Any:
        """A rectangle, a circle or a polygon made by `plt.Rectangle` and its like."""
        return self._add(patch) if isinstance(patch, Artist) else patch

    add_artist = add_line = add_patch

    # What is around

    def set_title(self, label: Any, *args: Any, **kwargs: Any) -> None:
        """The words above."""
        self.title = str(label)

    def set_xlabel(self, xlabel: Any, *args: Any, **kwargs: Any) -> None:
        """The words below."""
        self.x_scale.label = str(xlabel)

    def set_ylabel(self, ylabel: Any, *args: Any, **kwargs: Any) -> None:
        """The words beside."""
        self.y_scale.label = str(ylabel)

    def set_xlim(self, left: Any = None, right: Any = None, **kwargs: Any) -> tuple[float, float]:
        """How far x reaches."""
        self.x_scale.limit(kwargs.get("xmin", left), kwargs.get("xmax", right))
        return self.get_xlim()

    def set_ylim(self, bottom: Any = None, top: Any = None, **kwargs: Any) -> tuple[float, float]:
        """How far y reaches."""
        self.y_scale.limit(kwargs.get("ymin", bottom), kwargs.get("ymax", top))
        return self.get_ylim()

    def get_xlim(self) -> tuple[float, float]:
        """How far x reaches."""
        return self.ranges()[0]

    def get_ylim(self) -> tuple[float, float]:
        """How far y reaches."""
        return self.ranges()[1]

    def set_xscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.x_scale.log = value in ("log", "symlog")

    def set_yscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.y_scale.log = value in ("log", "symlog")

    def set_xticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> None:
        """The ticks below, with their texts."""
        self.x_scale.ticks = vector(ticks).tolist()
        self.x_scale.tick_labels = _texts(labels)

    def set_yticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> None:
        """The ticks beside, with their texts."""
        self.y_scale.ticks = vector(ticks).tolist()
        self.y_scale.tick_labels = _texts(labels)

    def set_xticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks below."""
        self.x_scale.tick_labels = _texts(labels)

    def set_yticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks beside."""
        self.y_scale.tick_labels = _texts(labels)

    def grid(self, visible: Any = True, **kwargs: Any) -> None:
        """Lines at the ticks."""
        self.has_grid = visible is None or bool(visible)

    def legend(self, *args: Any, **kwargs: Any) -> None:
        """The names of what is drawn: their labels, or those given."""
        self.has_legend = True
        handles = kwargs.get("handles", args[0] if len(args) == 2 else None)
        labels = kwargs.get("labels", args[-1] if args else None)
        if isinstance(labels, list | tuple):
            chosen = handles if isinstance(handles, list | tuple) else self.artists
            for artist, label in zip(chosen, labels, strict=False):
                if isinstance(artist, Artist):
                    artist.label = str(label)

    def axis(self, arg: Any = None, **kwargs: Any) -> tuple[float, float, float, float]:
        """`"off"`, `"equal"`, `"tight"`, or the four ends; returns the four ends."""
        if arg in ("off", False):
            self.has_axis = False
        elif arg in ("on", True):
            self.has_axis = True
        elif arg in ("equal", "scaled", "square", "image"):
            self.equal = True
        elif isinstance(arg, list | tuple | np.ndarray) and len(arg) == 4:
            self.set_xlim(arg[0], arg[1])
            self.set_ylim(arg[2], arg[3])
        x, y = self.ranges()
        return (*x, *y)

    def set_axis_off(self) -> None:
        """No ticks and no frame."""
        self.has_axis = False

    def set_aspect(self, aspect: Any, *args: Any, **kwargs: Any) -> None:
        """`"equal"`: a unit of x is as long as one of y."""
        self.equal = aspect in ("equal", 1, 1.0)

    def invert_yaxis(self) -> None:
        """Turn y round."""
        low, high = self.ranges()[1]
        self.y_scale.low, self.y_scale.high = high, low

    def invert_xaxis(self) -> None:
        """Turn x round."""
        low, high = self.ranges()[0]
        self.x_scale.low, self.x_scale.high = high, low

    def set(self, **kwargs: Any) -> None:
        """Several of the `set_…` at once."""
        for name, value in kwargs.items():
            setter: Callable[..., Any] | None = SETTERS.get(name)
            if setter is not None:
                wide = name in ("xlim", "ylim") and isinstance(value, list | tuple)
                setter(self, *value) if wide else setter(self, value)

    def twinx(self) -> Axes:
        """Axes over these, with a y of their own."""
        return self.figure.over(self)  # type: ignore[no-any-return]

    twiny = twinx


SETTERS: dict[str, Callable[..., Any]] = {
    name.removeprefix("set_"): method
    for name, method in vars(Axes).items()
    if name.startswith("set_")
}


def _is_format(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _number(value: Any, default: float) -> float:
    return default if value is None else scalar(value)


def _texts(labels: Any) -> list[str] | None:
    if labels is None:
        return None
    found = []
    for label in labels:
        runtime.spend(1)
        found.append(label if isinstance(label, str) else str(scalar(label)).removesuffix(".0"))
    return found


def _sets(x: Any) -> list[Array]:
    """One set of numbers, or several."""
    if isinstance(x, list | tuple) and x and any(_is_set(v) for v in x):
        return [vector(part) for part in x]
    values = array(x)
    return (
        [values[:, at] for at in range(values.shape[1])]
        if values.ndim == 2
        else [values.reshape(-1)]
    )


def _is_set(value: Any) -> bool:
    return isinstance(value, list | tuple) or bool(getattr(value, "shape", ()))
