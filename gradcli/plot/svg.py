"""A figure as an SVG picture, alone: no script, no font, no address; light and dark."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import Artist, Errors, Line, Points, Rule
from .axes import Axes
from .figure import Figure
from .frame import Frame
from .shapes import LETTER, draw_artist, ink, marker_shape, path, stroke, write
from .styles import mapped
from .ticks import label, tick_places, ticks
from .words import inline, without_tex

PER_INCH = 100.0
STYLE = (
    "text{font-family:sans-serif;fill:#222}svg{font-size:12px}.t{font-size:14px}"
    ".f{fill:none;stroke:#444}.g{stroke:#ccc;stroke-width:.8}.b{fill:#fff}"
    ".l{fill:#fff;fill-opacity:.8;stroke:#ccc}.fk{fill:#000}.sk{stroke:#000}"
    "@media (prefers-color-scheme:dark){text{fill:#ddd}.f{stroke:#aaa}.g{stroke:#444}"
    ".b{fill:#16181d}.l{fill:#16181d;stroke:#444}.fk{fill:#fff}.sk{stroke:#fff}}"
)
STEEP = 30  # degrees that the numbers below turn where they would touch


def svg(figure: Figure) -> str:
    """The picture."""
    width, height = (PER_INCH * inches for inches in figure.size)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img">',
        f"<title>{inline(figure.title or f'Figure {figure.number}')}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="b" width="{width:g}" height="{height:g}"/>',
    ]
    above = 30.0 if figure.title else 6.0
    if figure.title:
        parts.append(write(width / 2, 22, figure.title, "middle", "t"))
    for number, axes in enumerate(figure.axes):
        rows, columns, first, last = axes.place
        row, column = divmod(first - 1, columns)
        last_row, last_column = divmod(last - 1, columns)
        cell_width, cell_height = (width - 8) / columns, (height - above - 4) / rows
        cell = (
            column * cell_width + 4,
            above + row * cell_height,
            (last_column - column + 1) * cell_width,
            (last_row - row + 1) * cell_height,
        )
        parts += _axes(figure, axes, cell, f"c{number}")
    parts.append("</svg>\n")
    return "\n".join(parts)


def _wide(text: str) -> float:
    return LETTER * len(without_tex(text))


def _box(
    axes: Axes, cell: tuple[float, float, float, float], twin: Axes | None
) -> tuple[float, float, float, float]:
    """The room inside of what stands around axes."""
    left, top, width, height = cell
    x_range, y_range = axes.ranges()
    above = 30.0 if axes.title or (twin is not None and twin.title) else 12.0
    before, after, below = 12.0, 14.0, 12.0
    if axes.has_axis:
        most = max(int(height / 45), 2)
        numbers = [text for _, text in tick_places(axes.y_scale, y_range, most)]
        before += max(map(_wide, numbers), default=0.0)
        before += 22.0 if axes.y_scale.label else 4.0
        room = max(int(width / 75), 2)
        names = [text for _, text in tick_places(axes.x_scale, x_range, room)]
        below += _below(names, width - before - after) + 20.0 * bool(axes.x_scale.label)
    if twin is not None:
        ends = twin.ranges()[1]
        names = [text for _, text in tick_places(twin.y_scale, ends, max(int(height / 45), 2))]
        after += max(map(_wide, names), default=0.0) + (24.0 if twin.y_scale.label else 6.0)
    if axes.bar_of_colours is not None:
        low, high = axes.bar_of_colours.ends()
        widest = max(_wide(label(value)) for value in ticks(low, high, 6))
        after += 34.0 + widest + (16.0 if axes.colour_label else 0.0)
    return (
        left + before,
        top + above,
        max(width - before - after, 10.0),
        max(height - above - below, 10.0),
    )


def _turned(names: list[str], width: float) -> bool:
    """Whether the texts below would touch."""
    return bool(names) and max(map(_wide, names)) + LETTER > width / len(names)


def _below(names: list[str], width: float) -> float:
    """The height of the texts of ticks."""
    if not names:
        return 0.0
    return 14.0 + (0.5 * max(map(_wide, names)) if _turned(names, width) else 0.0)


def _axes(
    figure: Figure, axes: Axes, cell: tuple[float, float, float, float], clip: str
) -> list[str]:
    """Axes with what is around them."""
    under = axes.beside
    twin = next((other for other in figure.axes if other.beside is axes), None)
    frame = Frame(axes, _box(under or axes, cell, twin if under is None else axes))
    area = (
        f'x="{frame.left:.1f}" y="{frame.top:.1f}" width="{frame.width:.1f}" '
        f'height="{frame.height:.1f}"'
    )
    parts = [f'<clipPath id="{clip}"><rect {area}/></clipPath>']
    if axes.has_axis:
        parts += _right_ticks(frame) if under is not None else _ticks(frame)
    parts.append(f'<g clip-path="url(#{clip})">')
    for artist in sorted(axes.artists, key=lambda one: one.zorder):
        if artist.visible and artist.has_place:
            parts += draw_artist(artist, frame)
    parts.append("</g>")
    middle = frame.left + frame.width / 2
    if axes.has_axis and under is None:
        parts.append(f'<rect class="f" {area}/>')
    if axes.title:
        parts.append(write(middle, frame.top - 10, axes.title, "middle", "t"))
    if axes.bar_of_colours is not None:
        parts += _colour_bar(axes, frame)
    if axes.has_legend:
        parts += _legend(axes, frame)
    return parts


def _sideways(x: float, frame: Frame, text: str) -> str:
    """Words beside axes, read from below."""
    y = frame.top + frame.height / 2
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 {x:.1f} {y:.1f})">{inline(text)}</text>'
    )


def _ticks(frame: Frame) -> list[str]:
    """The ticks below and on the left, their numbers, the grid and the words."""
    axes, parts = frame.axes, []
    bottom, right = frame.bottom, frame.right
    places = tick_places(axes.x_scale, frame.x_range, max(int(frame.width / 70), 2))
    names = [text for _, text in places]
    turned = _turned(names, frame.width)
    for value, text in places:
        x = frame.point(value, 0.0)[0]
        if axes.has_grid:
            parts.append(path(f"M{x:.1f} {frame.top:.1f}V{bottom:.1f}", "g"))
        parts.append(path(f"M{x:.1f} {bottom:.1f}v4", "f"))
        if turned:
            y = bottom + 12
            turn = f' transform="rotate(-{STEEP} {x + 4:.1f} {y:.1f})"'
            parts.append(
                f'<text x="{x + 4:.1f}" y="{y:.1f}" text-anchor="end"{turn}>{inline(text)}</text>'
            )
        else:
            parts.append(write(x, bottom + 17, text))
    widest = 0.0
    for value, text in tick_places(axes.y_scale, frame.y_range, max(int(frame.height / 40), 2)):
        y = frame.point(0.0, value)[1]
        if axes.has_grid:
            parts.append(path(f"M{frame.left:.1f} {y:.1f}H{right:.1f}", "g"))
        parts.append(path(f"M{frame.left:.1f} {y:.1f}h-4", "f"))
        parts.append(write(frame.left - 8, y + 4, text, "end"))
        widest = max(widest, _wide(text))
    if axes.x_scale.label:
        y = bottom + 22 + _below(names, frame.width)
        parts.append(write(frame.left + frame.width / 2, y, axes.x_scale.label))
    if axes.y_scale.label:
        parts.append(_sideways(frame.left - 16 - widest, frame, axes.y_scale.label))
    return parts


def _right_ticks(frame: Frame) -> list[str]:
    """The ticks on the right, of axes that lie over others."""
    axes, parts, widest = frame.axes, [], 0.0
    for value, text in tick_places(axes.y_scale, frame.y_range, max(int(frame.height / 40), 2)):
        y = frame.point(1.0, value)[1]
        parts.append(path(f"M{frame.right:.1f} {y:.1f}h4", "f"))
        parts.append(write(frame.right + 8, y + 4, text, "start"))
        widest = max(widest, _wide(text))
    if axes.y_scale.label:
        parts.append(_sideways(frame.right + 24 + widest, frame, axes.y_scale.label))
    return parts


def _legend(axes: Axes, frame: Frame) -> list[str]:
    """The names of what is drawn, in a corner."""
    named = axes.named()
    if not named:
        return []
    title = axes.legend_title
    width = max(46 + max(_wide(artist.label) for artist in named), 16 + _wide(title))
    height = 10 + 18.0 * (len(named) + bool(title))
    x, y = _legend_corner(axes, frame, width, height)
    box = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    parts = [f'<rect class="l" {box} rx="3"/>']
    if title:
        parts.append(write(x + width / 2, y + 18, title))
    for at, artist in enumerate(named, bool(title)):
        middle = y + 14 + 18 * at
        parts += _sample(artist, x + 6, middle)
        parts.append(write(x + 38, middle + 4, artist.label, "start"))
    return parts


def _sample(artist: Artist, x: float, y: float) -> list[str]:
    """How an artist looks, 26 pixels wide."""
    if isinstance(artist, Line | Errors) or (
        isinstance(artist, Rule) and artist.first == artist.last
    ):
        style = artist.style if isinstance(artist, Line | Rule) else "-"
        parts = []
        if style:
            parts.append(
                f'<path d="M{x:.1f} {y:.1f}h26" {stroke(artist.colour, style, 2, artist.alpha)}/>'
            )
        if isinstance(artist, Line) and artist.marker:
            parts.append(marker_shape(x + 13, y, 4, artist.marker, artist.colour))
        return parts
    if isinstance(artist, Points):
        shade = artist.point_colours[0] if artist.point_colours else "#000000"
        return [marker_shape(x + 13, y, 4, artist.marker, shade, artist.alpha, artist.hollow)]
    faint = f' fill-opacity="{artist.alpha:g}"' if artist.alpha != 1 else ""
    look = ink("fill", artist.colour) + faint
    return [f'<rect x="{x + 3:.1f}" y="{y - 5:.1f}" width="20" height="10" {look}/>']


def _legend_corner(axes: Axes, frame: Frame, width: float, height: float) -> tuple[float, float]:
    """Where the legend begins: in the corner that the program names, or the emptiest one."""
    left, right = frame.left + 8, frame.right - width - 8
    top, bottom = frame.top + 8, frame.bottom - height - 8
    centre, middle = (left + right) / 2, (top + bottom) / 2
    place = axes.legend_place
    if place != "best":
        x = left if "left" in place else centre if "center" in place else right
        y = top if "upper" in place else bottom if "lower" in place else middle
        if place in ("upper center", "lower center") or "center" not in place:
            return x, y
        return (x if place != "center" else centre), middle
    points: list[Any] = []
    for artist in axes.artists:
        if artist.visible and artist.has_place:
            x_data, y_data = artist.limits()
            if x_data.size == y_data.size:
                step = max(x_data.size // 500, 1)
                points.append((frame.x(x_data[::step]), frame.y(y_data[::step])))
    runtime.spend(len(points) * 100)
    corners = [(right, top), (left, top), (left, bottom), (right, bottom)]
    return min(corners, key=lambda corner: _covered(points, corner, width, height))


def _covered(points: list[Any], corner: tuple[float, float], width: float, height: float) -> int:
    """How many points a box would cover."""
    x, y = corner
    return sum(
        int(np.sum((xs > x - 8) & (xs < x + width + 8) & (ys > y - 8) & (ys < y + height + 8)))
        for xs, ys in points
    )


def _colour_bar(axes: Axes, frame: Frame) -> list[str]:
    """The numbers of a colour map beside its image."""
    shown = axes.bar_of_colours
    low, high = shown.ends()
    x, steps = frame.right + 12, 48
    each = frame.height / steps
    parts = ['<g shape-rendering="crispEdges">']
    for step in range(steps):
        shade = mapped(1 - step / (steps - 1), shown.colours)
        parts.append(
            f'<rect x="{x:.1f}" y="{frame.top + step * each:.1f}" width="14" '
            f'height="{each + 0.3:.1f}" fill="{shade}"/>'
        )
    parts.append("</g>")
    widest = 0.0
    for value in ticks(low, high, 6):
        share = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        y = frame.top + (1 - share) * frame.height
        parts.append(write(x + 18, y + 4, label(value), "start"))
        widest = max(widest, _wide(label(value)))
    if axes.colour_label:
        parts.append(_sideways(x + 32 + widest, frame, axes.colour_label))
    return parts
