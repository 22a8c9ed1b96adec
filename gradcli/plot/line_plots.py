"""Plots of lines and points: `plot` and its kin, points, areas, errors, rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import (
    Area,
    Errors,
    Line,
    Points,
    Polygon,
    Rule,
)
from .left_out import LEFT_OUT
from .numbers import Array, Wrong, array, categories, number, scalar, vector
from .scale import Ends
from .styles import CYCLE, colour, colour_map, is_colour, line_style, mapped, parsed
from .surroundings import Surroundings, shared_options
from .ticks import shares

_NO_MARKER = ("", "None", "none")


class LinePlots(Surroundings):
    """Lines, points and what is between lines."""

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
            **shared_options(options),
        )
        return self._add(made)

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
            **shared_options(kwargs),
        )
        if values is not None:
            low, high = ends_of(values, kwargs)
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
            Area(x, low, np.broadcast_to(vector(y2), x.shape), shade, **shared_options(kwargs))
        )

    def fill(self, x: Any, y: Any, *args: Any, **kwargs: Any) -> list[Polygon]:
        """A filled polygon."""
        given = kwargs.get("color", kwargs.get("facecolor", args[0] if args else None))
        shade = self._colour(given, "patch")
        return [self._add(Polygon(vector(x), vector(y), shade, **shared_options(kwargs)))]

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
                **shared_options(options),
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


def ends_of(values: Array, options: dict[str, Any]) -> Ends:
    """The numbers at the ends of a colour map: those given, or the ends of the data."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return number(options.get("vmin"), low), number(options.get("vmax"), high)
