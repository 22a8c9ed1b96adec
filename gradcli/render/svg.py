"""A recorded graph as an SVG picture, drawn in layers: leaves above, results below.

A node's layer is its longest distance from a result. Long edges run through a place of their own
in every layer they cross. Places are ordered by the mean of their neighbours (barycentres), then
moved towards them as far as the widths allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gradcli.plot.words import escaped
from gradcli.tensor.runtime import runtime

from .graph import children, everything, words
from .names import Names

LARGEST = 2000  # nodes of a picture
LONGEST = 24  # layers up to which an edge is led around what lies between
SWEEPS = 8
CHARACTER, LINE, PAD, GAP, STEP, MARGIN = 7.3, 16, 9, 26, 44, 16
MOST_CHARACTERS = 40


class TooLarge(ValueError):
    """The graph has more nodes than a picture can show."""


class _Place:
    """A box, or, without lines, a bend of a long edge."""

    __slots__ = ("above", "below", "leaf", "lines", "width", "x", "y")

    def __init__(self, lines: list[str], leaf: bool) -> None:
        self.lines = lines
        self.leaf = leaf
        longest = max(map(len, lines), default=0)
        self.width = longest * CHARACTER + 2 * PAD if lines else 8.0
        self.x = 0.0
        self.y = 0.0
        self.above: list[_Place] = []
        self.below: list[_Place] = []

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + PAD if self.lines else 0.0


def svg(roots: Sequence[Any], names: Names) -> str:
    """The picture. Raises TooLarge."""
    order = everything(roots)
    if len(order) > LARGEST:
        raise TooLarge(f"the graph has {len(order):,} nodes, a picture has {LARGEST:,} at most")
    depth = _depths(order)
    places = {
        node: _Place([_cut(w) for w in words(node, 0, names)], node.number < 0) for node in order
    }
    layers: list[list[_Place]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in order:
        layers[depth[node]].append(places[node])
    paths = []
    for node in order:
        for edge, _ in children(node):
            paths.append(_path(places[node], places[edge], depth[node], depth[edge], layers))
    _arrange(layers)
    return _draw(layers, paths)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _depths(order: Sequence[Any]) -> dict[Any, int]:
    """The longest way from a result to each node. Edges lead to smaller numbers, or to leaves."""
    depth = dict.fromkeys(order, 0)
    for node in sorted(order, key=lambda node: -node.number):
        for edge, _ in children(node):
            depth[edge] = max(depth[edge], depth[node] + 1)
    return depth


def _path(
    low: _Place, high: _Place, start: int, end: int, layers: list[list[_Place]]
) -> list[_Place]:
    """The places that an edge passes, from the one that takes the value to the one that made it."""
    path = [low]
    if end - start <= LONGEST:
        for layer in range(start + 1, end):
            bend = _Place([], False)
            layers[layer].append(bend)
            path.append(bend)
    path.append(high)
    for below, above in pairwise(path):
        below.above.append(above)
        above.below.append(below)
    return path


def _arrange(layers: list[list[_Place]]) -> None:
    for layer in layers:
        _pack(layer)
    for sweep in range(SWEEPS):
        if runtime.stop is not None:
            runtime.check()
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            wished = [_mean(place, place.below if down else place.above) for place in layer]
            ranks = sorted(range(len(layer)), key=wished.__getitem__)
            layer[:] = [layer[rank] for rank in ranks]
            _pack(layer)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 1
        for layer in layers if down else reversed(layers):
            _move(layer, [_mean(place, place.below + place.above) for place in layer])
    left = min(place.x - place.width / 2 for layer in layers for place in layer)
    y = float(MARGIN)
    for layer in reversed(layers):
        height = max(place.height for place in layer)
        for place in layer:
            place.x += MARGIN - left
            place.y = y + height / 2
        y += height + STEP


def _mean(place: _Place, others: list[_Place]) -> float:
    return sum(other.x for other in others) / len(others) if others else place.x


def _pack(layer: list[_Place]) -> None:
    """Put the places of a layer side by side, around zero."""
    total = sum(place.width for place in layer) + GAP * (len(layer) - 1)
    x = -total / 2
    for place in layer:
        place.x = x + place.width / 2
        x += place.width + GAP


def _move(layer: list[_Place], wished: list[float]) -> None:
    """Move places towards where they wish to be, in their order and without overlap."""
    after = list(wished)
    for i in range(1, len(layer)):
        room = (layer[i - 1].width + layer[i].width) / 2 + GAP
        after[i] = max(after[i], after[i - 1] + room)
    before = list(wished)
    for i in range(len(layer) - 2, -1, -1):
        room = (layer[i].width + layer[i + 1].width) / 2 + GAP
        before[i] = min(before[i], before[i + 1] - room)
    for place, right, left in zip(layer, after, before, strict=True):
        place.x = (left + right) / 2  # both keep the distances, so their mean does too


def _draw(layers: list[list[_Place]], paths: list[list[_Place]]) -> str:
    boxes = [place for layer in layers for place in layer]
    width = max(place.x + place.width / 2 for place in boxes) + MARGIN
    height = max(place.y + place.height / 2 for place in boxes) + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="monospace" font-size="12">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    lines += [_line(path) for path in paths]
    for place in boxes:
        if place.lines:
            lines += _box(place)
    return "\n".join([*lines, "</svg>"])


def _line(path: list[_Place]) -> str:
    """A curve from what made a value down to what took it."""
    down = path[::-1]
    x, y = down[0].x, down[0].y + down[0].height / 2
    found = [f"M{x:.1f} {y:.1f}"]
    for place in down[1:]:
        end = place.y - place.height / 2
        middle = (y + end) / 2
        found.append(f"C{x:.1f} {middle:.1f} {place.x:.1f} {middle:.1f} {place.x:.1f} {end:.1f}")
        x, y = place.x, end
    curve = "".join(found)
    return f'<path d="{curve}" fill="none" stroke="#555" marker-end="url(#arrow)"/>'


def _box(place: _Place) -> list[str]:
    left, top = place.x - place.width / 2, place.y - place.height / 2
    round, fill = (12, "#e3f1e3") if place.leaf else (4, "#e8eef8")
    found = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" '
        f'height="{place.height:.1f}" rx="{round:g}" fill="{fill}" stroke="#333"/>'
    ]
    for row, text in enumerate(place.lines):
        y = top + PAD / 2 + (row + 0.75) * LINE
        weight = ' font-weight="bold"' if row == 0 else ""
        found.append(
            f'<text x="{place.x:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>'
            f"{escaped(text)}</text>"
        )
    return found
