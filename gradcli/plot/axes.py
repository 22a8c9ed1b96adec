"""Axes: what a program draws into them, and how far they reach.

The methods have matplotlib's names and take its arguments. What an argument asks for that a picture
of lines and colours cannot show (a z order, a font) is taken and has no effect.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

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
from .left_out import LEFT_OUT
from .numbers import Array, Wrong, array, categories, number, scalar, vector
from .scale import Ends, Scale
from .styles import CYCLE, colour, colour_map, is_colour, line_style, mapped, parsed
from .ticks import labels as label_texts
from .ticks import shares, tick_places, ticks
from .words import words

Made = TypeVar("Made", bound=Artist)
MOST_ARTISTS = 100_000

MOST_LEVELS = 100  # of contours
MOST_CONTOURED = 150  # rows or columns of a grid
MOST_NAMED = 50  # lines of a legend
AXES_SHARES = "axes"  # what stands for `ax.transAxes`: places are shares of the axes
_NO_MARKER = ("", "None", "none")
LEGEND_PLACES = (
    "best",
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "right",
    "center left",
    "center right",
    "lower center",
    "upper center",
    "center",
)


class Axes:
    """One pair of axes of a figure, at a place `(rows, columns, first, last)` of its grid."""

    def __init__(self, figure: Any, place: tuple[int, int, int, int]) -> None:
        self.figure = figure
        self.place = place
        self.beside: Axes | None = None  # those whose x it shares, where it lies over others
        self.cla()

    def cla(self) -> None:
        """Take everything out."""
        self.artists: list[Artist] = []
        self.title = ""
        self.x_scale: Scale = Scale() if self.beside is None else self.beside.x_scale
        self.y_scale = Scale()
        self.has_grid = False
        self.has_legend = False
        self.legend_place = "best"
        self.has_axis = True
        self.equal = False
        self.bar_of_colours: Any = None
        self.colour_label = ""
        self._turns = {"line": 0, "patch": 0}
        self._marks = 0

    clear = cla

    # How far the axes reach

    def ranges(self) -> tuple[Ends, Ends]:
        """The ends of x and of y."""
        found = [artist.limits() for artist in self.artists if artist.visible]
        edges = [artist.edges() for artist in self.artists if artist.visible]
        across = [x for x, _ in found]
        for other in self.figure.axes:
            if other is not self and other.x_scale is self.x_scale:
                across += [artist.limits()[0] for artist in other.artists if artist.visible]
        return (
            self.x_scale.range(across, [x for x, _ in edges]),
            self.y_scale.range([y for _, y in found], [y for _, y in edges]),
        )

    # Drawing

    def _next_colour(self, kind: str) -> str:
        """The next colour of lines, or of patches, which have a turn of their own."""
        found = CYCLE[self._turns[kind] % len(CYCLE)]
        self._turns[kind] += 1
        return found

    def _add(self, artist: Made) -> Made:
        runtime.spend(1)
        if len(self.artists) >= MOST_ARTISTS:
            raise Wrong(ValueError(f"axes hold {MOST_ARTISTS:,} lines, points and texts at most"))
        artist.axes = self
        artist.number = len(self.artists)
        if isinstance(artist, Line | Points):
            artist.turn = self._marks
            self._marks += 1
        self.artists.append(artist)
        return artist

    def _places(self, values: Any, scale: Scale) -> Array:
        """Numbers along an axis; texts stand at 0, 1, 2 … and become its ticks."""
        names = categories([values] if isinstance(values, str) else values)
        if names is None:
            return vector(values)
        known = {name: at for at, name in enumerate(scale.tick_labels or [])}
        for name in names:
            known.setdefault(words(name), len(known))
        scale.ticks = [float(at) for at in range(len(known))]
        scale.tick_labels = list(known)
        return np.array([float(known[words(name)]) for name in names])

    def plot(self, *args: Any, **kwargs: Any) -> list[Line]:
        """Lines through points: `plot(y)`, `plot(x, y)`, `plot(x, y, "r--")`, several at once."""
        lines: list[Line] = []
        rest = list(args)
        if any(given is None for given in args):
            raise Wrong(ValueError("x, y, and format string must not be None"))
        while rest:
            first = rest.pop(0)
            second = rest.pop(0) if rest and not isinstance(rest[0], str) else None
            if second is None and rest and isinstance(rest[0], str) and not _is_format(rest[0]):
                second = rest.pop(0)
            form = parsed(rest.pop(0)) if rest and isinstance(rest[0], str) else {}
            given = first if second is None else second
            texts = categories([given] if isinstance(given, str) else given)
            y = array(given) if texts is None else self._places(given, self.y_scale)
            if y.ndim == 0:
                y = y.reshape(1)
            if second is None:
                xs = np.arange(len(y), dtype=np.float64).reshape(-1, 1)
            else:
                is_text = categories([first] if isinstance(first, str) else first) is not None
                xs = self._places(first, self.x_scale) if is_text else array(first)
                xs = xs.reshape(len(xs), -1) if xs.ndim else xs.reshape(1, 1)
            columns = y.reshape(len(y), math.prod(y.shape[1:])).T
            if len(xs) != len(y):
                shape = (len(xs),) if xs.shape[1:] == (1,) else xs.shape
                raise Wrong(
                    ValueError(
                        "x and y must have same first dimension, but have shapes "
                        f"{shape} and {y.shape}"
                    )
                )
            if max(y.ndim, xs.ndim) > 2:
                raise Wrong(ValueError("x and y can be no greater than 2D"))
            labels = kwargs.get("label")
            for at, column in enumerate(columns):
                label = labels[at % len(labels)] if isinstance(labels, list | tuple) else labels
                x = xs[:, at % max(xs.shape[1], 1)]
                lines.append(self._line(x, column, form, {**kwargs, "label": label}))
        return lines

    def _line(self, x: Array, y: Array, form: dict[str, str], options: dict[str, Any]) -> Line:
        given = options.get("color", options.get("c", form.get("colour")))
        marker = options.get("marker", form.get("marker", ""))
        style = options.get("linestyle", options.get("ls", form.get("style")))
        if style is None:
            style = "" if form.get("marker") else "-"
        made = Line(
            x,
            y,
            self._colour(given, "line"),
            style=line_style(style),
            marker=marker if isinstance(marker, str) and marker.strip() not in _NO_MARKER else "",
            width=number(options.get("linewidth", options.get("lw")), 1.5),
            size=number(options.get("markersize", options.get("ms")), 6.0),
            **_shared(options),
        )
        return self._add(made)

    def _colour(self, given: Any, kind: str) -> str:
        """The colour that a program gives, or the next one."""
        known = None if given is None else colour(given, "")
        return known or self._next_colour(kind)

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
            raise Wrong(ValueError("x and y must be the same size"))
        given = kwargs.get("color", kwargs.get("facecolor", kwargs.get("facecolors", c)))
        hollow = isinstance(given, str) and given == "none"
        if hollow:
            given = kwargs.get("edgecolors", kwargs.get("edgecolor", kwargs.get("ec")))
        values = self._values(given, x.size)
        area = np.full(1, 36.0) if s is None else np.nan_to_num(np.clip(vector(s), 0.0, 1e4))
        marker = kwargs.get("marker")
        made = Points(
            x,
            y,
            self._colours(given, x.size) if values is None else [CYCLE[0]],
            sizes=np.sqrt(area) if area.size else np.zeros(1),
            marker=marker if isinstance(marker, str) and marker else "o",
            hollow=hollow,
            **_shared(kwargs),
        )
        if values is not None:
            low, high = _ends(values, kwargs)
            made.scale, made.colours = (low, high), colour_map(kwargs.get("cmap"))
            share = shares(values, (low, high), False).tolist()
            made.point_colours = [mapped(part, made.colours) for part in share]
        return self._add(made)

    def _values(self, given: Any, count: int) -> Array | None:
        """Numbers that stand for colours, one for each of `count` things; None for colours."""
        if given is None or isinstance(given, str) or categories(given):
            return None
        if isinstance(given, list | tuple) and any(isinstance(one, str) for one in given):
            return None
        values = array(given)
        if values.ndim == 2 and values.shape[1] in (3, 4) and values.shape[0] != count:
            return None
        return values.reshape(-1) if values.size == count and count else None

    def _colours(self, given: Any, count: int) -> list[str]:
        """One colour, or one for each of `count` things."""
        names = categories(given)
        if names is None and isinstance(given, list | tuple | np.ndarray) and not is_colour(given):
            runtime.spend(len(given))
            names = list(given)
        if names is not None and names:
            return [colour(name, CYCLE[0]) for name in names]
        return [self._colour(given, "patch")]

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
        for size in (place.size, lengths.size):
            if size not in (1, count):
                raise Wrong(
                    ValueError(
                        "shape mismatch: objects cannot be broadcast to a single shape.  "
                        f"Mismatch is between 'x' with shape ({place.size},) and 'height' with "
                        f"shape ({lengths.size},)."
                    )
                )
        widths = np.broadcast_to(vector(width), (count,))
        if options.get("align") == "edge":
            place = place + widths / 2
        made = Bars(
            np.broadcast_to(place, (count,)),
            np.broadcast_to(lengths, (count,)),
            widths,
            np.broadcast_to(vector(0.0 if start is None else start), (count,)),
            self._colours(options.get("color", options.get("facecolor")), count),
            upright=up,
            **_shared(options),
        )
        self._add(made)
        err = options.get("yerr" if up else "xerr")
        if err is not None:
            tops = made.bottom + made.height
            x, y = (made.place, tops) if up else (tops, made.place)
            self._errors(x, y, None if up else err, err if up else None, "#000000", {})
        return made

    def hist(self, x: Any, bins: Any = 10, **kwargs: Any) -> tuple[Any, Any, Any]:
        """How often numbers fall into intervals; several sets are counted in the same ones."""
        sets = _sets(x)
        every = np.concatenate(sets) if sets else np.zeros(0)
        every = every[np.isfinite(every)]
        runtime.spend(every.size >> 3)
        if isinstance(bins, str):
            bins = math.ceil(math.log2(max(every.size, 1)) + 1)
        elif not isinstance(bins, int):
            bins = vector(bins) if np.ndim(bins) else int(scalar(bins))
        if isinstance(bins, int):
            if bins < 1:
                raise Wrong(ValueError("`bins` must be positive, when an integer"))
            runtime.reserve(200 * bins)
            runtime.spend(bins)
        limits = kwargs.get("range")
        edges = np.histogram_bin_edges(every, bins, None if limits is None else _pair(limits))
        made, counts, base = [], [], np.zeros(edges.size - 1)
        for at, values in enumerate(sets):
            heights = self._heights(values, edges, kwargs)
            made.append(self._hist_bars(heights, base, edges, at, len(sets), kwargs))
            base = base + heights if kwargs.get("stacked") else base
            counts.append(heights)
        if kwargs.get("log"):
            self.y_scale.log = True
        one = len(counts) == 1
        return (counts[0] if one else counts), edges, (made[0] if one else made)

    def _heights(self, values: Array, edges: Array, options: dict[str, Any]) -> Array:
        weights = options.get("weights")
        good = np.isfinite(values)
        given = None if weights is None else np.broadcast_to(vector(weights), values.shape)[good]
        found = np.histogram(values[good], edges, weights=given)[0].astype(np.float64)
        if options.get("density") and found.sum():
            found = found / (found.sum() * np.diff(edges))
        if options.get("cumulative"):
            found = np.cumsum(found * (np.diff(edges) if options.get("density") else 1.0))
        return found

    def _hist_bars(
        self,
        heights: Array,
        base: Array,
        edges: Array,
        at: int,
        count: int,
        options: dict[str, Any],
    ) -> Any:
        """The bars of one of `count` sets: on top of each other, or side by side."""
        label, given = options.get("label"), options.get("color", options.get("facecolor"))
        shades = given if isinstance(given, list | tuple) and not is_colour(given) else [given]
        own: dict[str, Any] = {
            **options,
            "color": shades[at % len(shades)] if shades else None,
            "label": label[at : at + 1] if isinstance(label, list | tuple) else label,
        }
        if isinstance(own["label"], list | tuple):
            own["label"] = own["label"][0] if own["label"] else None
        flat = options.get("orientation") == "horizontal"
        if options.get("histtype") in ("step",):
            x = np.repeat(edges, 2)
            y = np.concatenate([[0.0], np.repeat(base + heights, 2), [0.0]])
            pair = (y, x) if flat else (x, y)
            return self._line(pair[0], pair[1], {}, own)
        widths = np.diff(edges)
        middles = (edges[:-1] + edges[1:]) / 2
        if count > 1 and not options.get("stacked"):
            widths = widths * 0.8 / count
            middles = middles + widths * (at - (count - 1) / 2)
        if options.get("rwidth") is not None:
            widths = widths * scalar(options["rwidth"])
        own.pop("align", None)
        return self._bars(middles, heights, widths, base, not flat, own)

    def fill_between(self, x: Any, y1: Any, y2: Any = 0, **kwargs: Any) -> Area:
        """The area between two curves."""
        x = vector(x)
        for name, y in (("y1", vector(y1)), ("y2", vector(y2))):
            if y.size not in (1, x.size):
                raise Wrong(
                    ValueError(
                        f"'x' has size {x.size}, but {name!r} has an unequal size of {y.size}"
                    )
                )
        low = np.broadcast_to(vector(y1), x.shape)
        where = kwargs.get("where")
        if where is not None:
            low = np.where(np.broadcast_to(vector(where), x.shape) != 0, low, np.nan)
        given = kwargs.get("color", kwargs.get("facecolor", kwargs.get("fc")))
        shade = self._colour(given, "patch")
        return self._add(
            Area(x, low, np.broadcast_to(vector(y2), x.shape), shade, **_shared(kwargs))
        )

    def fill(self, x: Any, y: Any, *args: Any, **kwargs: Any) -> list[Polygon]:
        """A filled polygon."""
        given = kwargs.get("color", kwargs.get("facecolor", args[0] if args else None))
        shade = self._colour(given, "patch")
        return [self._add(Polygon(vector(x), vector(y), shade, **_shared(kwargs)))]

    def stackplot(self, x: Any, *args: Any, **kwargs: Any) -> list[Area]:
        """Areas on top of each other."""
        base = np.zeros(vector(x).shape)
        labels = kwargs.get("labels") or ()
        made = []
        for at, values in enumerate(args):
            top = base + vector(values)
            own = {**kwargs, "label": labels[at] if at < len(labels) else None}
            made.append(self.fill_between(x, base, top, **own))
            base = top
        return made

    def stem(self, *args: Any, **kwargs: Any) -> Any:
        """Lines up to points."""
        given = args[:2] if len(args) > 1 and not isinstance(args[1], str) else args[:1]
        y = vector(given[-1])
        x = vector(given[0]) if len(given) > 1 else np.arange(y.size, dtype=np.float64)
        ends = np.stack([np.zeros(y.size), y, np.full(y.size, np.nan)], 1).reshape(-1)
        line = self._line(np.repeat(x, 3), ends, {}, {})
        marks = self._line(x, y, {"colour": line.colour, "marker": "o"}, kwargs)
        return marks, line, LEFT_OUT

    def errorbar(
        self, x: Any, y: Any, yerr: Any = None, xerr: Any = None, fmt: Any = "", **kwargs: Any
    ) -> Any:
        """Points with bars of uncertainty."""
        if isinstance(fmt, str) and fmt.lower() == "none":
            kwargs.update(linestyle="", marker="")
            fmt = ""
        line = self.plot(x, y, *([fmt] if fmt else []), **kwargs)[0]
        shade = colour(kwargs.get("ecolor"), line.colour)
        self._errors(line.x, line.y, xerr, yerr, shade, kwargs)
        return line

    def _errors(
        self, x: Array, y: Array, xerr: Any, yerr: Any, shade: str, options: dict[str, Any]
    ) -> None:
        across, up = _spans("x", xerr, x), _spans("y", yerr, y)
        self._add(Errors(x, y, across, up, shade, alpha=options.get("alpha")))

    def imshow(self, X: Any, cmap: Any = None, **kwargs: Any) -> Image:
        """Rows of numbers as colours, the first row on top unless `origin="lower"`."""
        values = array(X)
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[:, :, 0]
        if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
            raise Wrong(TypeError(f"Invalid shape {values.shape} for image data"))
        rows, columns = values.shape[:2]
        if values.ndim == 3:
            values = values[:, :, :3]
            low, high = 0.0, 255.0 if values.size and np.nan_to_num(values).max() > 1 else 1.0
        else:
            low, high = _ends(values, kwargs)
        is_lower = kwargs.get("origin") == "lower"
        if kwargs.get("extent") is not None:
            extent = vector(kwargs["extent"])
        else:
            ends = (-0.5, rows - 0.5) if is_lower else (rows - 0.5, -0.5)
            extent = np.array([-0.5, columns - 0.5, *ends])
        left, right, bottom, top = extent.tolist()
        if not any(isinstance(artist, Image) for artist in self.artists):
            self.y_scale.turned = bottom > top
            self.x_scale.turned = left > right
            self.x_scale.whole = self.y_scale.whole = kwargs.get("extent") is None
        self.equal = kwargs.get("aspect") != "auto"
        return self._add(
            Image(
                values[::-1] if is_lower else values,
                (left, right, bottom, top),
                low=low,
                high=high,
                colours=colour_map(cmap),
                alpha=kwargs.get("alpha"),
                zorder=kwargs.get("zorder"),
            )
        )

    def matshow(self, Z: Any, **kwargs: Any) -> Image:
        """A matrix as colours."""
        return self.imshow(Z, **kwargs)

    def pcolormesh(self, *args: Any, **kwargs: Any) -> Image:
        """A grid of numbers as colours."""
        values = array(args[-1])
        if values.ndim != 2:
            raise Wrong(TypeError(f"Invalid shape {values.shape} for image data"))
        extent = [0.0, float(values.shape[1]), 0.0, float(values.shape[0])]
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            extent = [float(x.min()), float(x.max()), float(y.min()), float(y.max())]
        own = {name: kwargs[name] for name in ("vmin", "vmax", "alpha") if name in kwargs}
        made = self.imshow(values[::-1], kwargs.get("cmap"), extent=extent, **own)
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
            raise Wrong(TypeError(f"Input z must be 2D, not {heights.ndim}D"))
        if min(heights.shape) < 2:
            raise Wrong(
                TypeError(
                    f"Input z must be at least a (2, 2) shaped array, but has shape {heights.shape}"
                )
            )
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            x, y = (x[0] if x.ndim == 2 else x), (y[:, 0] if y.ndim == 2 else y)
            if (y.size, x.size) != heights.shape:
                raise Wrong(
                    TypeError(
                        f"Length of x ({x.size}) must match number of columns in z "
                        f"({heights.shape[1]})"
                    )
                )
        else:
            x, y = (np.arange(n, dtype=np.float64) for n in heights.shape[::-1])
        order, rows = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
        x, y, heights = x[order], y[rows], heights[rows][:, order]
        coarse = max(-(-max(heights.shape) // MOST_CONTOURED), 1)
        x, y, heights = x[::coarse], y[::coarse], heights[::coarse, ::coarse]
        low, high = _ends(heights, {})
        if given is None or np.ndim(given) == 0:
            count = 7 if given is None else int(min(max(scalar(given), 1), MOST_LEVELS))
            levels = np.array(_levels(low, high, count + 1))
        else:
            levels = np.sort(vector(given))[:MOST_LEVELS]
        only = options.get("colors")
        if isinstance(only, list | tuple) and only:
            only = only[0]
        return self._add(
            Contours(
                x,
                y,
                heights,
                levels,
                colour_map(options.get("cmap")),
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
        given = options.get("color", options.get("c", options.get("facecolor")))
        return self._add(
            Rule(
                scalar(first),
                scalar(last),
                colour(given, CYCLE[0]),
                upright=upright,
                style=line_style(options.get("linestyle", options.get("ls", "-"))),
                width=number(options.get("linewidth", options.get("lw")), 1.5),
                **_shared(options),
            )
        )

    def hlines(self, y: Any, xmin: Any, xmax: Any, *args: Any, **kwargs: Any) -> Line:
        """Lines across from `xmin` to `xmax`."""
        return self._segments(y, xmin, xmax, True, kwargs)

    def vlines(self, x: Any, ymin: Any, ymax: Any, *args: Any, **kwargs: Any) -> Line:
        """Lines upwards from `ymin` to `ymax`."""
        return self._segments(x, ymin, ymax, False, kwargs)

    def _segments(self, at: Any, start: Any, end: Any, flat: bool, options: dict[str, Any]) -> Line:
        places, starts, ends = np.broadcast_arrays(vector(at), vector(start), vector(end))
        gap = np.full(places.shape, np.nan)
        along = np.stack([starts, ends, gap], 1).reshape(-1)
        across = np.repeat(places, 3)
        given = options.get("color", options.get("colors"))
        if isinstance(given, list | tuple) and given and not is_colour(given):
            given = given[0]
        style = options.get("linestyles", options.get("linestyle", "-"))
        own = {**options, "color": colour(given, CYCLE[0]), "linestyle": style}
        return self._line(*((along, across) if flat else (across, along)), {}, own)

    def text(self, x: Any, y: Any, s: Any, *args: Any, **kwargs: Any) -> Text:
        """A text at a point."""
        x, y = scalar(x), scalar(y)
        return self._add(
            Text(x, y, s, relative=kwargs.get("transform") == AXES_SHARES, **_looks(kwargs))
        )

    def annotate(self, text: Any, xy: Any, xytext: Any = None, *args: Any, **kwargs: Any) -> Text:
        """A text at a point, or beside it with an arrow to it."""
        x, y = vector(xy).tolist()
        looks = _looks(kwargs)
        if xytext is None:
            return self._add(Text(x, y, text, **looks))
        at_x, at_y = vector(xytext).tolist()
        if str(kwargs.get("textcoords")).startswith("offset"):
            return self._add(Text(x, y, text, offset=(at_x, at_y), **looks))
        if kwargs.get("textcoords", kwargs.get("xycoords")) == "axes fraction":
            return self._add(Text(at_x, at_y, text, relative=True, **looks))
        tip = (x, y) if kwargs.get("arrowprops") is not None else None
        return self._add(Text(at_x, at_y, text, tip=tip, **looks))

    def arrow(self, x: Any, y: Any, dx: Any, dy: Any, **kwargs: Any) -> Text:
        """An arrow."""
        x, y = scalar(x), scalar(y)
        given = kwargs.get("color", kwargs.get("fc", kwargs.get("facecolor")))
        tip = (x + scalar(dx), y + scalar(dy))
        return self._add(Text(x, y, "", colour=self._colour(given, "patch"), tip=tip))

    def bar_label(self, container: Any, labels: Any = None, fmt: Any = None, **kwargs: Any) -> None:
        """The heights of bars, or other texts, at their ends."""
        tops = container.bottom + container.height
        names = label_texts(container.height.tolist()) if labels is None else _texts(labels)
        up = container.upright
        for place, top, name in zip(container.place, tops, names or [], strict=False):
            at = (float(place), float(top)) if up else (float(top), float(place))
            looks: dict[str, Any] = {"anchor": "middle"} if up else {"rise": "center"}
            self._add(Text(*at, name, colour="", offset=(0.0, 3.0) if up else (3.0, 0.0), **looks))

    def add_patch(self, patch: Any) -> Any:
        """A rectangle, a circle or a polygon made by `plt.Rectangle` and its like."""
        return self._add(patch) if isinstance(patch, Artist) else patch

    @property
    def lines(self) -> list[Line]:
        """The lines that were drawn."""
        return [artist for artist in self.artists if isinstance(artist, Line)]

    add_artist = add_line = add_patch

    # What is around

    def set_title(self, label: Any, *args: Any, **kwargs: Any) -> Text:
        """The words above."""
        self.title = words(label)
        return Text(0.0, 0.0, self.title, "")

    def set_xlabel(self, xlabel: Any, *args: Any, **kwargs: Any) -> Text:
        """The words below."""
        self.x_scale.label = words(xlabel)
        return Text(0.0, 0.0, self.x_scale.label, "")

    def set_ylabel(self, ylabel: Any, *args: Any, **kwargs: Any) -> Text:
        """The words beside."""
        self.y_scale.label = words(ylabel)
        return Text(0.0, 0.0, self.y_scale.label, "")

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
        self._set_scale(self.x_scale, value)

    def set_yscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self._set_scale(self.y_scale, value)

    def _set_scale(self, scale: Scale, value: Any) -> None:
        scale.log = value == "log"
        if value not in ("log", "linear"):
            self.figure.leave_out(f"the scale {words(value)!r}")

    def set_xticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> list[float]:
        """The ticks below, with their texts."""
        self.x_scale.ticks = vector(ticks).tolist()
        self.x_scale.tick_labels = _texts(labels)
        return self.x_scale.ticks

    def set_yticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> list[float]:
        """The ticks beside, with their texts."""
        self.y_scale.ticks = vector(ticks).tolist()
        self.y_scale.tick_labels = _texts(labels)
        return self.y_scale.ticks

    def get_xticks(self) -> list[float]:
        """The ticks below."""
        return [value for value, _ in tick_places(self.x_scale, self.ranges()[0], 9)]

    def get_yticks(self) -> list[float]:
        """The ticks beside."""
        return [value for value, _ in tick_places(self.y_scale, self.ranges()[1], 9)]

    def set_xticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks below."""
        self.x_scale.tick_labels = _texts(labels)

    def set_yticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks beside."""
        self.y_scale.tick_labels = _texts(labels)

    def grid(self, visible: Any = True, **kwargs: Any) -> None:
        """Lines at the ticks."""
        self.has_grid = visible is None or bool(visible) or bool(kwargs)

    def legend(self, *args: Any, **kwargs: Any) -> Any:
        """The names of what is drawn: their labels, or those given."""
        self.has_legend = True
        place = kwargs.get("loc", "best")
        if isinstance(place, int):
            place = LEGEND_PLACES[place] if 0 <= place < len(LEGEND_PLACES) else "best"
        self.legend_place = place if place in LEGEND_PLACES else "best"
        handles = kwargs.get("handles", args[0] if len(args) == 2 else None)
        labels = kwargs.get("labels", args[-1] if args else None)
        if isinstance(handles, list | tuple):
            for artist in handles:
                if isinstance(artist, Artist) and artist.axes is None:
                    artist.has_place = False
                    self._add(artist)
        if isinstance(labels, list | tuple):
            chosen = handles if isinstance(handles, list | tuple) else self.artists
            for artist, label in zip(chosen, labels, strict=False):
                if isinstance(artist, Artist):
                    artist.label = words(label)
        return LEFT_OUT  # its box has no properties here

    def get_legend_handles_labels(self) -> tuple[list[Artist], list[str]]:
        """What a legend names, and its names."""
        named = [artist for artist in self.artists if artist.is_named()]
        return named, [artist.label for artist in named]

    def named(self) -> list[Artist]:
        """What the legend shows."""
        return self.get_legend_handles_labels()[0][:MOST_NAMED] if self.has_legend else []

    def axis(self, arg: Any = None, **kwargs: Any) -> tuple[float, float, float, float]:
        """`"off"`, `"equal"`, `"tight"`, or the four ends; returns the four ends."""
        if arg is False or (isinstance(arg, str) and arg == "off"):
            self.has_axis = False
        elif arg is True or (isinstance(arg, str) and arg == "on"):
            self.has_axis = True
        elif isinstance(arg, str) and arg in ("equal", "scaled", "square", "image"):
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
        self.equal = aspect == "equal" if isinstance(aspect, str) else number(aspect, 0.0) == 1

    def invert_yaxis(self) -> None:
        """Turn y round."""
        self.y_scale.turned = not self.y_scale.turned

    def invert_xaxis(self) -> None:
        """Turn x round."""
        self.x_scale.turned = not self.x_scale.turned

    def set(self, **kwargs: Any) -> None:
        """Several of the `set_…` at once."""
        for name, value in kwargs.items():
            setter: Callable[..., Any] | None = SETTERS.get(name)
            if setter is not None:
                wide = name in ("xlim", "ylim") and isinstance(value, list | tuple)
                setter(self, *value) if wide else setter(self, value)

    def twinx(self) -> Axes:
        """Axes over these, with a y of their own."""
        over: Axes = self.figure.over(self)
        return over


SETTERS: dict[str, Callable[..., Any]] = {
    name.removeprefix("set_"): method
    for name, method in vars(Axes).items()
    if name.startswith("set_")
}


def _is_format(text: str) -> bool:
    try:
        parsed(text)
    except Wrong:
        return False
    return True


def _spans(name: str, err: Any, data: Array) -> Array | None:
    """The uncertainty of each number, [points] or [2, points]."""
    if err is None:
        return None
    found = array(err)
    if found.shape not in ((), (1,), data.shape, (2, 1), (2, data.size)):
        raise Wrong(
            ValueError(
                f"'{name}err' (shape: {found.shape}) must be a scalar or a 1D or (2, n) array-like "
                f"whose shape matches '{name}' (shape: {data.shape})"
            )
        )
    if (found < 0).any():
        raise Wrong(ValueError(f"'{name}err' must not contain negative values"))
    return np.broadcast_to(found, (2, data.size) if found.ndim == 2 else data.shape)


def _pair(values: Any) -> tuple[float, float]:
    first, last = vector(values).tolist()
    return first, last


def _shared(options: dict[str, Any]) -> dict[str, Any]:
    """The options that every artist has."""
    return {name: options.get(name) for name in ("label", "alpha", "zorder")}


def _looks(options: dict[str, Any]) -> dict[str, Any]:
    """How a text looks: its colour, and which of its points is at its place."""
    across = options.get("horizontalalignment", options.get("ha", "left"))
    up = options.get("verticalalignment", options.get("va", "baseline"))
    size = options.get("fontsize", options.get("size"))
    return {
        "colour": colour(options.get("color", options.get("c")), ""),
        "anchor": {"center": "middle", "right": "end"}.get(words(across), "start"),
        "rise": words(up),
        "size": number(None if isinstance(size, str) else size, 10.0),
        "alpha": options.get("alpha"),
    }


def _ends(values: Array, options: dict[str, Any]) -> Ends:
    """The numbers at the ends of a colour map: those given, or the ends of the data."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return number(options.get("vmin"), low), number(options.get("vmax"), high)


def _levels(low: float, high: float, count: int) -> list[float]:
    """Round heights that reach around all of the data."""
    found = ticks(low, high, count)
    if len(found) < 2:
        return found
    step = found[1] - found[0]
    first = [found[0] - step] if found[0] > low else []
    return [*first, *found, *([found[-1] + step] if found[-1] < high else [])]


def _texts(labels: Any) -> list[str] | None:
    if labels is None:
        return None
    found = []
    for label in labels:
        runtime.spend(1)
        found.append(words(label) if isinstance(label, str) else label_texts([scalar(label)])[0])
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
