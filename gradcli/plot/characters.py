"""How each kind of artist is drawn with the characters of a terminal."""

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
from .canvas import CYCLE as PENS
from .canvas import brightness, paint, pen
from .contours import bands, crossings
from .images import image_colours
from .numbers import Array
from .plane import Plane
from .styles import CYCLE, mapped
from .thinning import bars_to_draw, distinct_places, line_points
from .words import plain

MANY = 80  # points from which each is a dot, not a letter
MARKS, ASCII_MARKS = "●∙○", "*.o"
_SIGNS = {
    "s": "■", "D": "◆", "d": "◆", "^": "▲", "v": "▼", "<": "◀", ">": "▶", "x": "×", "X": "×",
    "+": "+", "*": "★", "p": "◆", "h": "◆", "|": "│", "_": "─",
}  # fmt: skip
_ASCII_SIGNS = {"s": "#", "^": "^", "v": "v", "<": "<", ">": ">", "x": "x", "X": "x", "+": "+"}
_EIGHTHS_UP, _EIGHTHS_RIGHT = " ▁▂▃▄▅▆▇█", " ▏▎▍▌▋▊▉█"
_SHADES, _ASCII_SHADES = " ░▒▓█", " .:-=+*#%@"


def pen_of(artist: Artist) -> str:
    """The colour of an artist's lines."""
    return _pen(artist.colour)


def _pen(colour: str) -> str:
    if not colour:
        return ""
    return PENS[CYCLE.index(colour)] if colour in CYCLE else pen(colour)


def mark_of(artist: Artist, ascii: bool) -> str:
    """What stands for an artist in the legend, and for its dots where none can be drawn."""
    if isinstance(artist, Bars | Area | Polygon):
        return "#" if ascii else "█"
    if isinstance(artist, Rule):
        return "-" if ascii else "─"
    marker = artist.marker if isinstance(artist, Line | Points) else ""
    if ascii:
        return _ASCII_SIGNS.get(marker, ASCII_MARKS[artist.turn % len(ASCII_MARKS)])
    return _SIGNS.get(marker, MARKS[artist.turn % len(MARKS)])


def draw_artist(artist: Artist, plane: Plane) -> None:
    """Draw it."""
    runtime.spend(1)
    _DRAW[type(artist)](artist, plane)


def _finite_steps(x: Array, y: Array) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """The pieces of a line between neighbours that are both finite."""
    runtime.spend(x.size)
    runtime.reserve(300 * x.size)
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    good = (np.isfinite(x) & np.isfinite(y)).tolist()
    return [
        (points[at], points[at + 1]) for at in range(len(points) - 1) if good[at] and good[at + 1]
    ]


def _stroke(plane: Plane, x: Array, y: Array, colour: str, mark: str, dash: int = 0) -> None:
    """A line through points; with a `dash` only every other piece of so many dots."""
    across, down = plane.dots(*line_points(x, y))
    walked = 0
    for a, b in _finite_steps(across, down):
        dots = plane.segment(a, b)
        if dash:
            dots = [dot for at, dot in enumerate(dots, walked) if at // dash % 2 == 0]
            walked += round(max(abs(b[0] - a[0]), abs(b[1] - a[1])))
        plane.set_dots(dots, colour, mark)


def _line(line: Line, plane: Plane) -> None:
    x, y = line.points()
    colour = pen_of(line)
    mark = mark_of(line, plane.canvas.ascii)
    if line.style:
        dash = {"--": 4, "-.": 3, ":": 2}.get(line.style, 0) if plane.canvas.fine else 0
        _stroke(plane, x, y, colour, mark, dash)
    if line.marker or (x.size == 1 and line.style):
        _marks(plane, x, y, [colour], mark, 4 if line.style else 1)


def _marks(plane: Plane, x: Array, y: Array, colours: list[str], mark: str, few: int = 1) -> None:
    """Marks at points; dots where there are more than a column in `few` has room for."""
    as_dots = plane.canvas.fine and x.size > min(MANY, plane.columns // few)
    if as_dots:
        columns, rows = plane.dots(x, y)
    else:
        columns, rows = plane.x(x), plane.y(y)
    places = distinct_places(columns, rows)
    runtime.spend(places.size)
    for at in places.tolist():
        column, row = math.floor(columns[at] + 0.5), math.floor(rows[at] + 0.5)
        colour = colours[at % len(colours)]
        if as_dots:
            plane.set_dots([(column, row)], colour, mark)
        elif column >= 0:
            plane.put(row, column, mark, colour)


def _points(points: Points, plane: Plane) -> None:
    if points.scale is not None:
        colours = [f"38;5;{paint(colour)}" for colour in points.point_colours]
    else:
        colours = [_pen(colour) for colour in points.point_colours]
    _marks(plane, points.x, points.y, colours, mark_of(points, plane.canvas.ascii))


def _bars(bars: Bars, plane: Plane) -> None:
    places = plane.x if bars.upright else plane.y
    along = plane.y if bars.upright else plane.x
    with np.errstate(all="ignore"):
        sides = places(bars.place - bars.width / 2), places(bars.place + bars.width / 2)
        starts, ends = along(bars.bottom), along(bars.bottom + bars.height)
    size = plane.rows if bars.upright else plane.columns
    starts = np.where(np.isnan(starts), size - 0.5 if bars.upright else -0.5, starts)
    room = plane.columns if bars.upright else plane.rows
    runtime.spend(bars.place.size >> 3)
    for at in bars_to_draw(bars, np.isfinite(sides[0] + sides[1] + starts + ends)).tolist():
        ends_here = sorted((float(sides[0][at]), float(sides[1][at])))
        first, last = float(starts[at]), float(ends[at])
        low = min(max(math.floor(ends_here[0] + 0.5), 0), room)
        high = min(math.floor(ends_here[1] + 0.5), room)
        if high <= low:
            low = min(max(math.floor((ends_here[0] + ends_here[1]) / 2 + 0.5), 0), room - 1)
            high = low + 1
        colour = _pen(bars.colours[at % len(bars.colours)])
        for place in range(low, high):
            _bar(plane, bars.upright, place, first, last, colour)


def _bar(plane: Plane, upright: bool, place: int, first: float, last: float, colour: str) -> None:
    """The cells of one column (or row) from one height to another."""
    ascii = plane.canvas.ascii
    size = plane.rows if upright else plane.columns
    first, last = (min(max(end, -0.5), size - 0.5) for end in (first, last))
    foot, tip = math.floor(first + 0.5), math.floor(last + 0.5)
    grows = last < first if upright else last > first  # to where the eighths of a block are
    for cell in range(max(min(foot, tip), 0), min(max(foot, tip) + 1, size)):
        sign = "#" if ascii else "█"
        if cell == tip:
            part = tip + 0.5 - last if upright else last - tip + 0.5
            eighths = _EIGHTHS_UP if upright else _EIGHTHS_RIGHT
            if first == last or (ascii and (part if grows else 1 - part) < 0.5):
                continue
            if grows and not ascii:
                sign = eighths[min(max(round(part * 8), 1), 8)]
        plane.put(cell if upright else place, place if upright else cell, sign, colour)


def _area(area: Area, plane: Plane) -> None:
    good = np.isfinite(area.x) & np.isfinite(area.low) & np.isfinite(area.high)
    if not good.any():
        return
    order = np.argsort(area.x[good], kind="stable")
    x = plane.x(area.x[good][order])
    columns = np.arange(plane.columns, dtype=np.float64)
    low = np.interp(columns, x, plane.y(area.low[good][order]), np.nan, np.nan)
    high = np.interp(columns, x, plane.y(area.high[good][order]), np.nan, np.nan)
    colour, shade = pen_of(area), ":" if plane.canvas.ascii else "░"
    for column in np.isfinite(low).nonzero()[0].tolist():
        first, last = sorted((float(low[column]), float(high[column])))
        for row in range(max(math.ceil(first - 0.5), 0), min(math.floor(last + 0.5), plane.rows)):
            plane.put(row, column, shade, colour)


def _polygon(polygon: Polygon, plane: Plane) -> None:
    if not polygon.x.size:
        return
    x, y = np.append(polygon.x, polygon.x[0]), np.append(polygon.y, polygon.y[0])
    _stroke(plane, x, y, pen_of(polygon), "#")


def _errors(errors: Errors, plane: Plane) -> None:
    colour = pen_of(errors)
    places = distinct_places(plane.x(errors.x), plane.y(errors.y))
    for low, high, upright in errors.spans():
        for at in places.tolist():
            runtime.spend(1)
            middle = errors.x[at] if upright else errors.y[at]
            ends, same = np.array([low[at], high[at]]), np.array([middle, middle])
            if upright:
                _stroke(plane, same, ends, colour, "|")
            else:
                _stroke(plane, ends, same, colour, "-")


def _rule(rule: Rule, plane: Plane) -> None:
    ends = np.array([rule.first, rule.last])
    places = plane.x(ends) if rule.upright else plane.y(ends)
    size = plane.columns if rule.upright else plane.rows
    first, last = sorted(
        math.floor(place + 0.5) if math.isfinite(place) else -1 for place in places.tolist()
    )
    across, up = {"-": ("─", "│"), "--": ("╌", "╎")}.get(rule.style, ("┄", "┆"))
    if rule.first != rule.last:
        across = up = "░"
    if plane.canvas.ascii:
        across, up = ("-", "|") if rule.first == rule.last else (":", ":")
    colour = pen_of(rule)
    for place in range(max(first, 0), min(last + 1, size)):
        if rule.upright:
            for row in range(plane.rows):
                plane.put(row, place, up, colour)
        else:
            plane.put(place, 0, across * plane.columns, colour)


def _image(image: Image, plane: Plane) -> None:
    left, right = sorted(plane.x(np.array(image.extent[:2])).tolist())
    top, bottom = sorted(plane.y(np.array(image.extent[2:])).tolist())
    if not all(map(math.isfinite, (left, right, top, bottom))):
        return
    first, last = max(math.floor(left + 0.5), 0), min(math.floor(right + 0.5) + 1, plane.columns)
    begin, end = max(math.floor(top + 0.5), 0), min(math.floor(bottom + 0.5) + 1, plane.rows)
    halves = 2 if plane.canvas.fine else 1
    rows, columns = (end - begin) * halves, last - first
    if rows <= 0 or columns <= 0:
        return
    flip_x = plane.x_range[0] > plane.x_range[1] != image.extent[0] > image.extent[1]
    flip_y = (plane.y_range[0] > plane.y_range[1]) != (image.extent[2] > image.extent[3])
    shades = image_colours(image, rows, columns)
    if flip_x:
        shades = [row[::-1] for row in shades]
    if flip_y:
        shades = shades[::-1]
    ramp = _ASCII_SHADES if plane.canvas.ascii else _SHADES
    for row in range(end - begin):
        for column in range(columns):
            if halves == 2:
                upper, lower = shades[2 * row][column], shades[2 * row + 1][column]
                sign, colour = "▀", f"38;5;{paint(upper)};48;5;{paint(lower)}"
            else:
                bright = brightness(shades[row][column])
                sign, colour = ramp[min(int(bright * len(ramp)), len(ramp) - 1)], ""
            plane.put(begin + row, first + column, sign, colour)


def _contours(contours: Contours, plane: Plane) -> None:
    if contours.filled:
        image = bands(contours)
        if image is not None:
            _image(image, plane)
        return
    low, high = contours.ends()
    for level in contours.levels.tolist():
        if contours.line_colour:
            colour = _pen(contours.line_colour)
        else:
            share = (level - low) / (high - low or 1)
            colour = f"38;5;{paint(mapped(share, contours.colours))}"
        for xs, ys in crossings(contours, level):
            (x0, x1), (y0, y1) = (part.tolist() for part in plane.dots(np.array(xs), np.array(ys)))
            if all(map(math.isfinite, (x0, x1, y0, y1))):
                plane.set_dots(plane.segment((x0, y0), (x1, y1)), colour, ".")


def _text(text: Text, plane: Plane) -> None:
    if text.relative:
        column, row = text.x * (plane.columns - 1), (1 - text.y) * (plane.rows - 1)
    else:
        column = float(plane.x(np.array([text.x]))[0])
        row = float(plane.y(np.array([text.y]))[0])
    if not (math.isfinite(column) and math.isfinite(row)):
        return
    colour = _pen(text.colour)
    if text.tip is not None:
        ends = np.array([text.x, text.tip[0]]), np.array([text.y, text.tip[1]])
        _stroke(plane, *ends, colour, ".")
    for number, line in enumerate(text.text.split("\n")):
        words = plain(line)
        back = {"middle": len(words) // 2, "end": len(words)}.get(text.anchor, 0)
        start = math.floor(column + 0.5) - back
        if text.anchor == "start" and column < plane.columns:  # keep it inside, if there is room
            start = max(min(start, plane.columns - len(words)), 0)
        plane.put(math.floor(row + 0.5) + number, start, words, colour)


_DRAW: dict[type, Callable[[Any, Plane], None]] = {
    Line: _line,
    Points: _points,
    Bars: _bars,
    Area: _area,
    Polygon: _polygon,
    Errors: _errors,
    Rule: _rule,
    Image: _image,
    Contours: _contours,
    Text: _text,
}
