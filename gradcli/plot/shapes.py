"""How each kind of artist is written as SVG."""

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
from .contours import bands, crossings
from .frame import Frame
from .images import image_colours
from .numbers import Array
from .styles import mapped
from .thinning import MOST_POINTS, bars_to_draw, distinct_places, line_points
from .words import inline

DASHES = {"--": "6 4", ":": "1.5 3", "-.": "8 3 2 3"}
MOST_PIXELS = 200  # rows or columns of an image
POINT = 100 / 72  # pixels of a point
LETTER = 6.7  # pixels of a letter, about


def draw_artist(artist: Artist, frame: Frame) -> list[str]:
    """The elements that show it."""
    runtime.spend(1)
    with np.errstate(all="ignore"):
        return _DRAW[type(artist)](artist, frame)


def write(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    """A text at a point."""
    named = f' class="{kind}"' if kind else ""
    text = inline(text)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{text}</text>'


def path(data: str, kind: str) -> str:
    """A path of a class of the picture's style."""
    return f'<path class="{kind}" d="{data}"/>'


def stroke(colour: str, style: str, width: float, alpha: float) -> str:
    """The attributes of a line. Black follows the text, which is white on a dark page."""
    dashes = f' stroke-dasharray="{DASHES[style]}"' if style in DASHES else ""
    faint = f' stroke-opacity="{alpha:g}"' if alpha != 1 else ""
    width = min(max(width, 0.0), 100.0)
    return f'fill="none" {ink("stroke", colour)} stroke-width="{width:g}"{dashes}{faint}'


def ink(attribute: str, colour: str) -> str:
    """A colour of a fill or a stroke."""
    return f'class="{attribute[0]}k"' if colour == "#000000" else f'{attribute}="{colour}"'


def _faint(alpha: float) -> str:
    return f' fill-opacity="{alpha:g}"' if alpha != 1 else ""


def _polyline(x: Array, y: Array) -> str:
    """The data of a path through points; a gap where one is not finite."""
    x, y = line_points(x, y)
    runtime.spend(x.size)
    runtime.reserve(60 * x.size)
    parts, down = [], False
    last = (math.nan, math.nan)
    for px, py in zip(np.round(x, 1).tolist(), np.round(y, 1).tolist(), strict=True):
        if not (math.isfinite(px) and math.isfinite(py)):
            down = False
            continue
        if down and (px, py) == last:
            continue
        parts.append(f"{'L' if down else 'M'}{px:g} {py:g}")
        down, last = True, (px, py)
    return "".join(parts)


def _line(line: Line, frame: Frame) -> list[str]:
    xs, ys = line.points()
    x, y = frame.x(xs), frame.y(ys)
    parts = []
    if line.style:
        attributes = stroke(line.colour, line.style, line.width * POINT, line.alpha)
        data = _polyline(x, y)
        if data:
            parts.append(f'<path d="{data}" {attributes} stroke-linejoin="round"/>')
    if line.marker:
        sizes = np.array([line.size])
        parts += _markers(x, y, [line.colour], sizes, line.marker, line.alpha)
    return parts


def _markers(
    x: Array,
    y: Array,
    colours: list[str],
    sizes: Array,
    marker: str,
    alpha: float,
    hollow: bool = False,
) -> list[str]:
    parts = []
    scale = 0.5 if marker == "." else 0.1 if marker == "," else 1.0
    radii = (np.clip(sizes, 0.0, 1000.0) * POINT / 2 * scale).tolist()
    places = distinct_places(x, y)
    runtime.spend(places.size)
    runtime.reserve(300 * places.size)
    for at, px, py in zip(places.tolist(), x[places].tolist(), y[places].tolist(), strict=True):
        shade, r = colours[at % len(colours)], radii[at % len(radii)]
        parts.append(marker_shape(px, py, r, marker, shade, alpha, hollow))
    return parts


def marker_shape(
    x: float, y: float, r: float, marker: str, shade: str, alpha: float = 1.0, hollow: bool = False
) -> str:
    """One marker of radius `r` pixels."""
    if marker in "x+X1234|_*" or hollow:
        look = stroke(shade, "-", 1.5, alpha)
    else:
        look = ink("fill", shade) + _faint(alpha)
    if marker in "sDd":
        turn = "" if marker == "s" else f' transform="rotate(45 {x:.1f} {y:.1f})"'
        size = f'width="{2 * r:.1f}" height="{2 * r:.1f}"'
        return f'<rect x="{x - r:.1f}" y="{y - r:.1f}" {size} {look}{turn}/>'
    if marker in "^v<>":
        ends = {
            "^": ((0, -r), (r, r), (-r, r)),
            "v": ((0, r), (r, -r), (-r, -r)),
            "<": ((-r, 0), (r, -r), (r, r)),
            ">": ((r, 0), (-r, -r), (-r, r)),
        }[marker]
        points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in ends)
        return f'<polygon points="{points}" {look}/>'
    upright = f"M{x:.1f} {y - r:.1f}v{2 * r:.1f}"
    flat = f"M{x - r:.1f} {y:.1f}h{2 * r:.1f}"
    side = r if marker in "xX" else 0.7 * r
    cross = (
        f"M{x - side:.1f} {y - side:.1f}l{2 * side:.1f} {2 * side:.1f}"
        f"m0 {-2 * side:.1f}l{-2 * side:.1f} {2 * side:.1f}"
    )
    strokes = {"+": upright + flat, "|": upright, "_": flat, "x": cross, "X": cross}
    strokes["*"] = upright + flat + cross
    if marker in strokes or marker in "1234":
        return f'<path d="{strokes.get(marker, cross)}" {look}/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" {look}/>'


def _points(points: Points, frame: Frame) -> list[str]:
    return _markers(
        frame.x(points.x),
        frame.y(points.y),
        points.point_colours,
        points.sizes,
        points.marker,
        points.alpha,
        points.hollow,
    )


def _bars(bars: Bars, frame: Frame) -> list[str]:
    low, high = bars.place - bars.width / 2, bars.place + bars.width / 2
    start, end = bars.bottom, bars.bottom + bars.height
    if bars.upright:
        x0, x1, y0, y1 = frame.x(low), frame.x(high), frame.y(start), frame.y(end)
        y0 = np.where(np.isnan(y0), frame.bottom, y0)  # the foot 0 on a logarithmic axis
    else:
        x0, x1, y0, y1 = frame.x(start), frame.x(end), frame.y(low), frame.y(high)
        x0 = np.where(np.isnan(x0), frame.left, x0)
    runtime.spend(x0.size >> 3)
    runtime.reserve(60 * x0.size)
    left, wide = np.minimum(x0, x1), np.maximum(np.abs(x1 - x0), 0.8)
    top, tall = np.minimum(y0, y1), np.abs(y1 - y0)
    parts = []
    good = np.isfinite(left + wide + top + tall)
    for at in bars_to_draw(bars, good).tolist():
        runtime.spend(1)
        look = ink("fill", bars.colours[at % len(bars.colours)]) + _faint(bars.alpha)
        parts.append(
            f'<rect x="{left[at]:.1f}" y="{top[at]:.1f}" width="{wide[at]:.1f}" '
            f'height="{tall[at]:.1f}" {look}/>'
        )
    return parts


def _area(area: Area, frame: Frame) -> list[str]:
    x, low, high = frame.x(area.x), frame.y(area.low), frame.y(area.high)
    good = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    parts = []
    breaks = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
    for begin, end in zip(breaks[::2].tolist(), breaks[1::2].tolist(), strict=True):
        runtime.spend(1)
        there, back = slice(begin, end), slice(end - 1, begin - 1 if begin else None, -1)
        data = _polyline(
            np.concatenate([x[there], x[back]]), np.concatenate([low[there], high[back]])
        )
        parts.append(f'<path d="{data}Z" {ink("fill", area.colour)}{_faint(area.alpha)}/>')
    return parts


def _polygon(polygon: Polygon, frame: Frame) -> list[str]:
    data = _polyline(frame.x(polygon.x), frame.y(polygon.y))
    if not data:
        return []
    if polygon.filled:
        return [f'<path d="{data}Z" {ink("fill", polygon.colour)}{_faint(polygon.alpha)}/>']
    look = stroke(polygon.colour, "-", polygon.width * POINT, polygon.alpha)
    return [f'<path d="{data}Z" {look}/>']


def _errors(errors: Errors, frame: Frame) -> list[str]:
    data = []
    x, y = frame.x(errors.x), frame.y(errors.y)
    places = distinct_places(x, y)[:MOST_POINTS]
    x, y = x[places].tolist(), y[places].tolist()
    runtime.spend(2 * len(x))
    runtime.reserve(400 * len(x))
    for low, high, upright in errors.spans():
        ends = (frame.y if upright else frame.x)(np.stack([low, high])[:, places]).tolist()
        for px, py, a, b in zip(x, y, *ends, strict=True):
            if not all(map(math.isfinite, (px, py, a, b))):
                continue
            if upright:
                data.append(f"M{px - 3:.1f} {a:.1f}h6m-3 0V{b:.1f}m-3 0h6")
            else:
                data.append(f"M{a:.1f} {py - 3:.1f}v6m0 -3H{b:.1f}m0 -3v6")
    return [f'<path d="{"".join(data)}" {stroke(errors.colour, "-", 1.5, errors.alpha)}/>']


def _rule(rule: Rule, frame: Frame) -> list[str]:
    ends = np.array([rule.first, rule.last])
    a, b = (frame.x(ends) if rule.upright else frame.y(ends)).tolist()
    if not (math.isfinite(a) and math.isfinite(b)):
        return []
    if rule.first == rule.last:
        data = (
            f"M{a:.1f} {frame.top:.1f}V{frame.bottom:.1f}"
            if rule.upright
            else f"M{frame.left:.1f} {a:.1f}H{frame.right:.1f}"
        )
        look = stroke(rule.colour, rule.style, rule.width * POINT, rule.alpha)
        return [f'<path d="{data}" {look}/>']
    low, size = min(a, b), abs(b - a)
    box = (
        f'x="{low:.1f}" y="{frame.top:.1f}" width="{size:.1f}" height="{frame.height:.1f}"'
        if rule.upright
        else f'x="{frame.left:.1f}" y="{low:.1f}" width="{frame.width:.1f}" height="{size:.1f}"'
    )
    return [f"<rect {box} {ink('fill', rule.colour)}{_faint(rule.alpha)}/>"]


def _image(image: Image, frame: Frame) -> list[str]:
    rows, columns = (min(size, MOST_PIXELS) for size in image.values.shape[:2])
    colours = image_colours(image, rows, columns)
    if not rows or not columns:
        return []
    left, right = frame.x(np.array(image.extent[:2])).tolist()
    bottom, top = frame.y(np.array(image.extent[2:])).tolist()
    if not all(map(math.isfinite, (left, right, bottom, top))):
        return []
    wide, high = (right - left) / columns, (bottom - top) / rows
    # The opacity of the whole: neighbours overlap, and what lies twice must not show.
    faint = f' opacity="{image.alpha:g}"' if image.alpha != 1 else ""
    parts = [f'<g shape-rendering="crispEdges"{faint}>']
    for row, line in enumerate(colours):
        column = 0
        while column < columns:  # equal neighbours are one rectangle
            end = column + 1
            while end < columns and line[end] == line[column]:
                end += 1
            x = min(left + column * wide, left + end * wide)
            y = min(top + row * high, top + (row + 1) * high)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{abs((end - column) * wide) + 0.3:.1f}" '
                f'height="{abs(high) + 0.3:.1f}" fill="{line[column]}"/>'
            )
            column = end
    parts.append("</g>")
    return parts


def _contours(contours: Contours, frame: Frame) -> list[str]:
    if contours.filled:
        image = bands(contours)
        return [] if image is None else _image(image, frame)
    parts = []
    low, high = contours.ends()
    for level in contours.levels.tolist():
        share = (level - low) / (high - low or 1)
        shade = contours.line_colour or mapped(share, contours.colours)
        pieces = crossings(contours, level)
        runtime.reserve(400 * len(pieces))
        if not pieces:
            continue
        ends = np.array(pieces)
        x, y = frame.x(ends[:, 0]), frame.y(ends[:, 1])
        data = "".join(
            f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"
            for a, c, b, d in np.concatenate([x, y], 1).tolist()
            if all(map(math.isfinite, (a, b, c, d)))
        )
        parts.append(f'<path d="{data}" {stroke(shade, "-", 1.5, contours.alpha)}/>')
    return parts


_RISES = {"top": 0.75, "center": 0.35, "center_baseline": 0.35, "bottom": -0.25}


def _text(text: Text, frame: Frame) -> list[str]:
    if text.relative:
        x, y = frame.left + text.x * frame.width, frame.top + (1 - text.y) * frame.height
    else:
        x, y = frame.point(text.x, text.y)
    if not (math.isfinite(x) and math.isfinite(y)):
        return []
    parts = []
    size = min(max(text.size, 1.0), 100.0) * 1.2
    if text.tip is not None:
        tip = frame.point(*text.tip)
        if all(map(math.isfinite, tip)):
            parts.append(_arrow(x, y, *tip, text))
    x, y = x + text.offset[0] * POINT, y - text.offset[1] * POINT
    y += _RISES.get(text.rise, 0.0) * size
    fill = f' style="fill:{text.colour}"' if text.colour not in ("", "#000000") else ""
    faint = _faint(text.alpha)
    sized = f' font-size="{size:g}"' if size != 12 else ""
    for number, line in enumerate(text.text.split("\n")):
        line = inline(line)
        parts.append(
            f'<text x="{x:.1f}" y="{y + 1.2 * size * number:.1f}" text-anchor="{text.anchor}"'
            f"{sized}{fill}{faint}>{line}</text>"
        )
    return parts


def _arrow(x: float, y: float, tip_x: float, tip_y: float, text: Text) -> str:
    angle = math.atan2(tip_y - y, tip_x - x)
    wings = "".join(
        f"M{tip_x:.1f} {tip_y:.1f}"
        f"L{tip_x - 8 * math.cos(angle + turn):.1f} {tip_y - 8 * math.sin(angle + turn):.1f}"
        for turn in (0.4, -0.4)
    )
    look = stroke(text.colour or "#000000", "-", 1.5, text.alpha)
    return f'<path d="M{x:.1f} {y:.1f}L{tip_x:.1f} {tip_y:.1f}{wings}" {look}/>'


_DRAW: dict[type, Callable[[Any, Frame], list[str]]] = {
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
