"""A figure as an SVG picture, alone: no script, no font, no address; light and dark."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import (
    Area,
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
from .axes import Axes, Scale
from .contours import crossings
from .figure import Figure
from .numbers import Array
from .styles import mapped
from .ticks import label, log_ticks, ticks
from .xml import escaped

PER_INCH = 100.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 18.0, 34.0, 48.0  # around axes, for ticks and words
DASHES = {"--": "6 4", ":": "1.5 3", "-.": "8 3 2 3"}
MOST_PIXELS = 40_000  # cells of an image that are drawn
STYLE = (
    "text{font:12px sans-serif;fill:#222}.t{font-size:14px}.f{fill:none;stroke:#444}"
    ".g{stroke:#ccc;stroke-width:.8}.b{fill:#fff}.l{fill:#fff;fill-opacity:.8;stroke:#ccc}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.f{stroke:#aaa}.g{stroke:#444}"
    ".b{fill:#16181d}.l{fill:#16181d;stroke:#444}}"
)


class _Frame:
    """The box of one pair of axes, and where its numbers are in the picture."""

    def __init__(self, axes: Axes, box: tuple[float, float, float, float]) -> None:
        self.axes = axes
        self.left, self.top, self.width, self.height = box
        self.x_range, self.y_range = axes.ranges()
        if axes.equal:
            self._square()

    def _square(self) -> None:
        """Narrow the box until a unit of x is as long as one of y."""
        across = abs(self.x_range[1] - self.x_range[0])
        up = abs(self.y_range[1] - self.y_range[0])
        unit = min(self.width / across, self.height / up)
        width, height = max(unit * across, 1.0), max(unit * up, 1.0)
        self.left += (self.width - width) / 2
        self.top += (self.height - height) / 2
        self.width, self.height = width, height

    def x(self, values: Array) -> Array:
        """Numbers along x in the picture."""
        share = _shares(values, self.x_range, self.axes.x_scale.log)
        return np.asarray(self.left + share * self.width)

    def y(self, values: Array) -> Array:
        """Numbers along y in the picture, which grows downwards."""
        share = _shares(values, self.y_range, self.axes.y_scale.log)
        return np.asarray(self.top + (1 - share) * self.height)


def _shares(values: Array, ends: tuple[float, float], log: bool) -> Array:
    """Numbers between two ends as 0 to 1; far outside they stay near, for the picture's sake."""
    with np.errstate(all="ignore"):
        if log:
            low, high = math.log10(ends[0]), math.log10(ends[1])
            values = np.where(values > 0, np.log10(values), np.nan)
        else:
            low, high = ends
        return np.clip((values - low) / (high - low), -10.0, 11.0)


def svg(figure: Figure) -> str:
    """The picture."""
    width, height = (PER_INCH * inches for inches in figure.size)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img">',
        f"<title>{escaped(figure.title or f'Figure {figure.number}')}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="b" width="{width:g}" height="{height:g}"/>',
    ]
    above = 26.0 if figure.title else 0.0
    if figure.title:
        parts.append(_text(width / 2, 22, figure.title, "middle", "t"))
    for number, axes in enumerate(figure.axes):
        rows, columns, first, last = axes.place
        row, column = divmod(first - 1, columns)
        last_row, last_column = divmod(last - 1, columns)
        cell_width, cell_height = width / columns, (height - above) / rows
        box = (
            column * cell_width + LEFT,
            above + row * cell_height + TOP,
            max((last_column - column + 1) * cell_width - LEFT - RIGHT, 10.0),
            max((last_row - row + 1) * cell_height - TOP - BOTTOM, 10.0),
        )
        parts += _axes(axes, box, f"c{number}")
    parts.append("</svg>\n")
    return "\n".join(parts)


def _axes(axes: Axes, box: tuple[float, float, float, float], clip: str) -> list[str]:
    if axes.bar_of_colours is not None:
        box = (box[0], box[1], max(box[2] - 56, 10.0), box[3])
    frame = _Frame(axes, box)
    area = (
        f'x="{frame.left:.1f}" y="{frame.top:.1f}" width="{frame.width:.1f}" '
        f'height="{frame.height:.1f}"'
    )
    parts = [f'<clipPath id="{clip}"><rect {area}/></clipPath>']
    inside: list[str] = []
    if axes.has_axis:
        parts += _ticks(frame)
    for artist in axes.artists:
        if artist.visible:
            runtime.spend(1)
            inside += _DRAW[type(artist)](artist, frame)
    parts.append(f'<g clip-path="url(#{clip})">')
    parts += inside
    parts.append("</g>")
    if axes.has_axis:
        parts.append(f'<rect class="f" {area}/>')
        middle = frame.left + frame.width / 2
        if axes.x_scale.label:
            parts.append(_text(middle, frame.top + frame.height + 36, axes.x_scale.label))
        if axes.y_scale.label:
            y = frame.top + frame.height / 2
            x = frame.left - 44
            words = escaped(axes.y_scale.label)
            parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" '
                f'transform="rotate(-90 {x:.1f} {y:.1f})">{words}</text>'
            )
    if axes.title:
        parts.append(_text(frame.left + frame.width / 2, frame.top - 10, axes.title, "middle", "t"))
    if axes.bar_of_colours is not None:
        parts += _colour_bar(axes.bar_of_colours, frame)
    if axes.has_legend:
        parts += _legend(axes, frame)
    return parts


def tick_places(scale: Scale, ends: tuple[float, float], most: int) -> list[tuple[float, str]]:
    """The ticks between two ends, and their texts."""
    low, high = min(ends), max(ends)
    if scale.ticks is not None:
        names = scale.tick_labels or [label(value) for value in scale.ticks]
        pairs = list(zip(scale.ticks, names, strict=False))
        return [(value, name) for value, name in pairs if low <= value <= high]
    found = log_ticks(low, high) if scale.log else ticks(low, high, most)
    names = scale.tick_labels or []
    texts = [names[at] if at < len(names) else label(value) for at, value in enumerate(found)]
    return list(zip(found, texts, strict=True))


def _ticks(frame: _Frame) -> list[str]:
    axes, parts = frame.axes, []
    bottom, right = frame.top + frame.height, frame.left + frame.width
    across = max(int(frame.width / 70), 2)
    for value, words in tick_places(axes.x_scale, frame.x_range, across):
        x = float(frame.x(np.array([value]))[0])
        if axes.has_grid:
            parts.append(_path(f"M{x:.1f} {frame.top:.1f}V{bottom:.1f}", "g"))
        parts.append(_path(f"M{x:.1f} {bottom:.1f}v4", "f"))
        parts.append(_text(x, bottom + 18, words))
    up = max(int(frame.height / 40), 2)
    for value, words in tick_places(axes.y_scale, frame.y_range, up):
        y = float(frame.y(np.array([value]))[0])
        if axes.has_grid:
            parts.append(_path(f"M{frame.left:.1f} {y:.1f}H{right:.1f}", "g"))
        parts.append(_path(f"M{frame.left:.1f} {y:.1f}h-4", "f"))
        parts.append(_text(frame.left - 8, y + 4, words, "end"))
    return parts


def _path(data: str, kind: str) -> str:
    return f'<path class="{kind}" d="{data}"/>'


def _text(x: float, y: float, words: str, anchor: str = "middle", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escaped(words)}</text>'


def _stroke(colour: str, style: str, width: float, alpha: float) -> str:
    dashes = f' stroke-dasharray="{DASHES[style]}"' if style in DASHES else ""
    faint = f' stroke-opacity="{alpha:g}"' if alpha != 1 else ""
    return f'fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes}{faint}'


def _polyline(x: Array, y: Array) -> str:
    """The data of a path through points; a gap where one is not finite."""
    runtime.spend(x.size)
    runtime.reserve(20 * x.size)
    parts, down = [], False
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        if not (math.isfinite(px) and math.isfinite(py)):
            down = False
            continue
        parts.append(f"{'L' if down else 'M'}{px:.1f} {py:.1f}")
        down = True
    return "".join(parts)


def _line(line: Line, frame: _Frame) -> list[str]:
    x, y = frame.x(line.x), frame.y(line.y)
    parts = []
    if line.style:
        stroke = _stroke(line.colour, line.style, line.width, line.alpha)
        parts.append(f'<path d="{_polyline(x, y)}" {stroke} stroke-linejoin="round"/>')
    if line.marker:
        parts += _markers(x, y, [line.colour], line.size / 2, line.marker, line.alpha)
    return parts


def _markers(
    x: Array, y: Array, colours: list[str], radius: float, marker: str, alpha: float
) -> list[str]:
    runtime.spend(x.size)
    runtime.reserve(80 * x.size)
    faint = f' fill-opacity="{alpha:g}"' if alpha != 1 else ""
    parts = []
    if marker == ".":
        radius /= 2
    for at, (px, py) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        if not (math.isfinite(px) and math.isfinite(py)):
            continue
        shade = colours[at % len(colours)]
        if marker in ("s", "D", "d"):
            r = radius
            parts.append(
                f'<rect x="{px - r:.1f}" y="{py - r:.1f}" width="{2 * r:g}" height="{2 * r:g}" '
                f'fill="{shade}"{faint}/>'
            )
        elif marker in ("x", "+", "X", "1", "2", "3", "4", "|", "_", "*"):
            r = radius
            strokes = {
                "+": f"M{px - r:.1f} {py:.1f}h{2 * r:g}M{px:.1f} {py - r:.1f}v{2 * r:g}",
                "|": f"M{px:.1f} {py - r:.1f}v{2 * r:g}",
                "_": f"M{px - r:.1f} {py:.1f}h{2 * r:g}",
            }
            cross = (
                f"M{px - r:.1f} {py - r:.1f}l{2 * r:g} {2 * r:g}m0 {-2 * r:g}l{-2 * r:g} {2 * r:g}"
            )
            parts.append(f'<path d="{strokes.get(marker, cross)}" stroke="{shade}" fill="none"/>')
        elif marker in ("^", "v", "<", ">"):
            r = radius
            ends = {
                "^": ((0, -r), (r, r), (-r, r)),
                "v": ((0, r), (r, -r), (-r, -r)),
                "<": ((-r, 0), (r, -r), (r, r)),
                ">": ((r, 0), (-r, -r), (-r, r)),
            }[marker]
            points = " ".join(f"{px + dx:.1f},{py + dy:.1f}" for dx, dy in ends)
            parts.append(f'<polygon points="{points}" fill="{shade}"{faint}/>')
        else:
            parts.append(
                f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{radius:g}" fill="{shade}"{faint}/>'
            )
    return parts


def _points(points: Points, frame: _Frame) -> list[str]:
    x, y = frame.x(points.x), frame.y(points.y)
    return _markers(x, y, points.colours, points.size / 2, points.marker, points.alpha)


def _bars(bars: Bars, frame: _Frame) -> list[str]:
    low, high = bars.place - bars.width / 2, bars.place + bars.width / 2
    start, end = bars.bottom, bars.bottom + bars.height
    if bars.upright:
        x0, x1, y0, y1 = frame.x(low), frame.x(high), frame.y(start), frame.y(end)
        if frame.axes.y_scale.log:
            y0 = np.full_like(y0, frame.top + frame.height)
    else:
        x0, x1, y0, y1 = frame.x(start), frame.x(end), frame.y(low), frame.y(high)
    faint = f' fill-opacity="{bars.alpha:g}"' if bars.alpha != 1 else ""
    runtime.spend(x0.size)
    runtime.reserve(100 * x0.size)
    parts = []
    for at, (a, b, c, d) in enumerate(zip(x0, x1, y0, y1, strict=True)):
        if np.isfinite([a, b, c, d]).all():
            parts.append(
                f'<rect x="{min(a, b):.1f}" y="{min(c, d):.1f}" width="{max(abs(b - a), 0.8):.1f}" '
                f'height="{abs(d - c):.1f}" fill="{bars.colours[at % len(bars.colours)]}"{faint}/>'
            )
    return parts


def _area(area: Area, frame: _Frame) -> list[str]:
    keep = np.isfinite(area.x) & np.isfinite(area.low) & np.isfinite(area.high)
    x = frame.x(area.x[keep])
    edge = np.concatenate([frame.y(area.low[keep]), frame.y(area.high[keep])[::-1]])
    data = _polyline(np.concatenate([x, x[::-1]]), edge)
    return [f'<path d="{data}Z" fill="{area.colour}" fill-opacity="{area.alpha:g}"/>']


def _polygon(polygon: Polygon, frame: _Frame) -> list[str]:
    data = _polyline(frame.x(polygon.x), frame.y(polygon.y))
    if polygon.filled:
        return [f'<path d="{data}Z" fill="{polygon.colour}" fill-opacity="{polygon.alpha:g}"/>']
    return [f'<path d="{data}Z" {_stroke(polygon.colour, "-", 1.5, polygon.alpha)}/>']


def _errors(errors: Errors, frame: _Frame) -> list[str]:
    parts = []
    stroke = _stroke(errors.colour, "-", 1.2, errors.alpha)
    if errors.yerr is not None:
        x = frame.x(errors.x)
        low, high = frame.y(errors.y - errors.yerr), frame.y(errors.y + errors.yerr)
        for px, a, b in zip(x, low, high, strict=True):
            data = f"M{px - 3:.1f} {a:.1f}h6M{px:.1f} {a:.1f}V{b:.1f}m-3 0h6"
            parts.append(f'<path d="{data}" {stroke}/>')
    if errors.xerr is not None:
        y = frame.y(errors.y)
        low, high = frame.x(errors.x - errors.xerr), frame.x(errors.x + errors.xerr)
        for py, a, b in zip(y, low, high, strict=True):
            data = f"M{a:.1f} {py - 3:.1f}v6M{a:.1f} {py:.1f}H{b:.1f}m0 -3v6"
            parts.append(f'<path d="{data}" {stroke}/>')
    return parts


def _rule(rule: Rule, frame: _Frame) -> list[str]:
    ends = np.array([rule.first, rule.last])
    if rule.upright:
        a, b = sorted(frame.x(ends).tolist())
        if b - a > 0.5:
            box = f'x="{a:.1f}" y="{frame.top:.1f}" width="{b - a:.1f}" height="{frame.height:.1f}"'
            return [f'<rect {box} fill="{rule.colour}" fill-opacity="{rule.alpha:g}"/>']
        data = f"M{a:.1f} {frame.top:.1f}v{frame.height:.1f}"
    else:
        a, b = sorted(frame.y(ends).tolist())
        if b - a > 0.5:
            box = f'x="{frame.left:.1f}" y="{a:.1f}" width="{frame.width:.1f}" height="{b - a:.1f}"'
            return [f'<rect {box} fill="{rule.colour}" fill-opacity="{rule.alpha:g}"/>']
        data = f"M{frame.left:.1f} {a:.1f}h{frame.width:.1f}"
    return [f'<path d="{data}" {_stroke(rule.colour, rule.style, 1.3, rule.alpha)}/>']


def image_colours(image: Image, rows: int, columns: int) -> list[list[str]]:
    """The colours of an image, thinned out to at most `rows` and `columns`."""
    share = image.share()
    row_step = max(math.ceil(share.shape[0] / rows), 1)
    column_step = max(math.ceil(share.shape[1] / columns), 1)
    share = share[::row_step, ::column_step]
    runtime.spend(share.shape[0] * share.shape[1])
    runtime.reserve(120 * share.shape[0] * share.shape[1])
    if share.ndim == 3:
        whole = np.rint(np.nan_to_num(share) * 255).astype(int)
        return [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in whole.tolist()]
    return [
        [mapped(value, image.colours) if math.isfinite(value) else "#888888" for value in row]
        for row in share.tolist()
    ]


def _image(image: Image, frame: _Frame) -> list[str]:
    side = int(MOST_PIXELS**0.5)
    colours = image_colours(image, side, side)
    if not colours or not colours[0]:
        return []
    left, right = frame.x(np.array(image.extent[:2])).tolist()
    bottom, top = frame.y(np.array(image.extent[2:])).tolist()
    wide, high = (right - left) / len(colours[0]), (bottom - top) / len(colours)
    parts = ['<g shape-rendering="crispEdges">']
    for row, line in enumerate(colours):
        column = 0
        while column < len(line):  # equal neighbours are one rectangle
            end = column + 1
            while end < len(line) and line[end] == line[column]:
                end += 1
            parts.append(
                f'<rect x="{min(left + column * wide, left + end * wide):.1f}" '
                f'y="{min(top + row * high, top + (row + 1) * high):.1f}" '
                f'width="{abs((end - column) * wide) + 0.3:.1f}" height="{abs(high) + 0.3:.1f}" '
                f'fill="{line[column]}"/>'
            )
            column = end
    parts.append("</g>")
    return parts


def _contours(contours: Contours, frame: _Frame) -> list[str]:
    parts = []
    levels = contours.levels
    low, high = (float(levels[0]), float(levels[-1])) if levels.size else (0.0, 1.0)
    if contours.filled:
        parts += _bands(contours, frame, low, high)
        return parts
    for level in levels.tolist():
        shade = contours.line_colour or mapped((level - low) / (high - low or 1), contours.colours)
        strokes = [
            f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}"
            for (a, c), (b, d) in (
                (frame.x(np.array(xs)).tolist(), frame.y(np.array(ys)).tolist())
                for xs, ys in crossings(contours, level)
            )
        ]
        if strokes:
            parts.append(f'<path d="{"".join(strokes)}" {_stroke(shade, "-", 1.2, 1.0)}/>')
    return parts


def _bands(contours: Contours, frame: _Frame, low: float, high: float) -> list[str]:
    """The bands between levels, cell by cell of a fine grid."""
    heights, levels = contours.heights, contours.levels
    if min(heights.shape) < 2 or not levels.size:
        return []
    columns, rows = 90, 70
    x = np.linspace(contours.x[0], contours.x[-1], columns)
    y = np.linspace(contours.y[0], contours.y[-1], rows)
    fine = np.stack([np.interp(x, contours.x, row) for row in heights])
    fine = np.stack([np.interp(y, contours.y, column) for column in fine.T], 1)
    band = np.clip(np.searchsorted(levels, fine) - 1, 0, max(levels.size - 2, 0))
    middles = (levels[:-1] + levels[1:]) / 2 if levels.size > 1 else levels
    image = Image(
        middles[band][::-1],
        (float(x[0]), float(x[-1]), float(y[0]), float(y[-1])),
        low=low,
        high=high,
        colours=contours.colours,
    )
    return _image(image, frame)


def _words(text: Text, frame: _Frame) -> list[str]:
    if text.relative:
        x, y = frame.left + text.x * frame.width, frame.top + (1 - text.y) * frame.height
    else:
        x = float(frame.x(np.array([text.x]))[0])
        y = float(frame.y(np.array([text.y]))[0])
    if not (math.isfinite(x) and math.isfinite(y)):
        return []
    parts = []
    if text.tip is not None:
        tip_x = float(frame.x(np.array([text.tip[0]]))[0])
        tip_y = float(frame.y(np.array([text.tip[1]]))[0])
        shade = text.colour or "#888888"
        angle = math.atan2(tip_y - y, tip_x - x)
        wings = "".join(
            f"L{tip_x - 8 * math.cos(angle + turn):.1f} {tip_y - 8 * math.sin(angle + turn):.1f}"
            f"L{tip_x:.1f} {tip_y:.1f}"
            for turn in (0.4, -0.4)
        )
        data = f"M{x:.1f} {y:.1f}L{tip_x:.1f} {tip_y:.1f}{wings}"
        parts.append(f'<path d="{data}" {_stroke(shade, "-", 1.2, 1.0)}/>')
    fill = f' style="fill:{text.colour}"' if text.colour else ""
    for number, words in enumerate(text.text.split("\n")):
        parts.append(
            f'<text x="{x:.1f}" y="{y + 14 * number:.1f}" text-anchor="{text.anchor}"{fill}>'
            f"{escaped(words)}</text>"
        )
    return parts


def _legend(axes: Axes, frame: _Frame) -> list[str]:
    named = [artist for artist in axes.artists if artist.is_named]
    if not named:
        return []
    longest = max(len(artist.label) for artist in named)
    width, height = 44 + 7.0 * longest, 10 + 18.0 * len(named)
    x, y = frame.left + frame.width - width - 8, frame.top + 8
    box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    parts = [f'<rect class="l" {box} rx="3"/>']
    for at, artist in enumerate(named):
        middle = y + 14 + 18 * at
        style = getattr(artist, "style", "-") or "-"
        if isinstance(artist, Line | Rule | Errors):
            stroke = _stroke(artist.colour, style, 2, artist.alpha)
            parts.append(f'<path d="M{x + 6:.1f} {middle:.1f}h26" {stroke}/>')
        else:
            parts.append(
                f'<rect x="{x + 12:.1f}" y="{middle - 5:.1f}" width="12" height="10" '
                f'fill="{artist.colour}"/>'
            )
        parts.append(_text(x + 38, middle + 4, artist.label, "start"))
    return parts


def _colour_bar(shown: Any, frame: _Frame) -> list[str]:
    levels = getattr(shown, "levels", None)
    low, high = (
        (shown.low, shown.high)
        if levels is None
        else (float(levels[0]), float(levels[-1]))
        if levels.size
        else (0.0, 1.0)
    )
    x, steps = frame.left + frame.width + 12, 40
    each = frame.height / steps
    parts = ['<g shape-rendering="crispEdges">']
    for step in range(steps):
        shade = mapped(1 - step / (steps - 1), shown.colours)
        parts.append(
            f'<rect x="{x:.1f}" y="{frame.top + step * each:.1f}" width="14" '
            f'height="{each + 0.3:.1f}" fill="{shade}"/>'
        )
    parts.append("</g>")
    for value in ticks(low, high, 5):
        y = frame.top + (1 - (value - low) / (high - low or 1)) * frame.height
        parts.append(_text(x + 18, y + 4, label(value), "start"))
    return parts


_DRAW: dict[type, Any] = {
    Line: _line,
    Points: _points,
    Bars: _bars,
    Area: _area,
    Polygon: _polygon,
    Errors: _errors,
    Rule: _rule,
    Image: _image,
    Contours: _contours,
    Text: _words,
}
