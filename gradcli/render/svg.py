"""A recorded graph as an SVG picture, light or dark as its reader's screen is."""

from __future__ import annotations

import math
from collections.abc import Mapping

from . import escapers
from .drawing import Arrow, Box, Drawing, norm_text
from .graph import label
from .layout import LINE, PAD, Layout, PlacedArea, PlacedArrow, PlacedBox, layout
from .names import Names, source_place

LARGEST = 10_000  # boxes of a picture
MOST_CHARACTERS = 40

_LIGHT = {
    ".paper": "fill:#fff",
    ".box rect": "fill:#e8eef8;stroke:#4a5d82",
    ".leaf rect": "fill:#e3f1e3;stroke:#4b7550",
    ".module rect": "fill:#f6efdc;stroke:#857344",
    ".area": "fill:#857344;fill-opacity:.06;stroke:#857344",
    ".box text": "fill:#16202f",
    ".title": "fill:#5d5334",
    ".norm": "fill:#4a5d82;stroke:#fff",
    ".arrow path": "stroke:#5b6780",
    ".head": "fill:#5b6780",
    ".broken path": "stroke:#b3261e",
}
_DARK = {
    ".paper": "fill:#14181f",
    ".box rect": "fill:#22304a;stroke:#7f9bd1",
    ".leaf rect": "fill:#1d3524;stroke:#74b183",
    ".module rect": "fill:#3a3220;stroke:#c4a862",
    ".area": "fill:#c4a862;fill-opacity:.07;stroke:#a58f58",
    ".box text": "fill:#e6ebf4",
    ".title": "fill:#d8c48e",
    ".norm": "fill:#a9bde6;stroke:#14181f",
    ".arrow path": "stroke:#93a1bd",
    ".head": "fill:#93a1bd",
    ".broken path": "stroke:#ff8a80",
}
_ALWAYS = (
    ".arrow path{fill:none}.back path,.nothing path{stroke-dasharray:5 4}"
    ".area{stroke-dasharray:3 3}"
    ".norm{font-size:10px;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}"
    ".title{font-size:11px}.first{font-weight:bold}"
)


class TooLarge(ValueError):
    """The graph has more boxes than a picture can show."""


def style() -> str:
    """The style sheet of a picture: light, and dark where the reader's screen is."""
    light = "".join(f"{where}{{{rules}}}" for where, rules in _LIGHT.items())
    dark = "".join(f"{where}{{{rules}}}" for where, rules in _DARK.items())
    return f"{light}{_ALWAYS}@media (prefers-color-scheme:dark){{{dark}}}"


def svg(drawing: Drawing, names: Names, title: str = "") -> str:
    """The picture, standing alone. Raises TooLarge."""
    found = placed(drawing, names)
    head = f"<title>{escapers.markup(title or 'the graph of gradients')}</title>"
    size = f'width="{found.width:.0f}" height="{found.height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
            f'viewBox="0 0 {found.width:.0f} {found.height:.0f}" font-family="monospace" '
            f'font-size="12">',
            f"{head}<style>{style()}</style>",
            '<rect class="paper" width="100%" height="100%" fill="#fff"/>',
            *contents(found, names),
            "</svg>",
        ]
    )


def placed(drawing: Drawing, names: Names) -> Layout:
    """The layout of a drawing. Raises TooLarge."""
    count = len(drawing.boxes)
    if count > LARGEST:
        raise TooLarge(f"the graph has {count:,} nodes, a picture has {LARGEST:,} at most")
    return layout(
        drawing,
        lambda box: [escapers.line(_cut(word)) for word in label(box, 0, names)],
        right=drawing.chain,
    )


def contents(found: Layout, names: Names, steps: Mapping[Box, str] | None = None) -> list[str]:
    """The elements of a picture. With `steps` boxes are buttons; their attributes are given."""
    lines = [
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z" fill="#5b6780"/>'
        "</marker></defs>"
    ]
    for area in found.areas:
        lines += _area(area)
    labels = _Labels(found)
    for arrow in found.arrows:
        lines += _arrow(arrow, names, labels)
    for box in found.boxes:
        lines += _box(box, "" if steps is None else steps.get(box.box, ""))
    return [*lines, *labels.lines]


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _area(area: PlacedArea) -> list[str]:
    return [
        f'<rect class="area" x="{area.x:.1f}" y="{area.y:.1f}" width="{area.width:.1f}" '
        f'height="{area.height:.1f}" rx="6" fill="#857344" fill-opacity=".06" stroke="#857344"/>',
        f'<text class="title" x="{area.x + PAD:.1f}" y="{area.y + 15:.1f}">'
        f"{escapers.markup(area.area.label)}</text>",
    ]


def _arrow(found: PlacedArrow, names: Names, labels: _Labels) -> list[str]:
    arrow = found.arrow
    kinds = ["arrow"]
    if arrow.back:
        kinds.append("back")
    if arrow.most is not None and not math.isfinite(arrow.most):
        kinds.append("broken")
    elif arrow.most == 0:
        kinds.append("nothing")
    if arrow.most is not None:
        labels.add(found, _shown(arrow))
    return [
        f'<g class="{" ".join(kinds)}"><title>{escapers.markup(_told(arrow, names))}</title>'
        f'<path d="{found.path}" fill="none" stroke="#5b6780" marker-end="url(#arrow)"/></g>'
    ]


def _shown(arrow: Arrow) -> str:
    """The norm beside an arrow: one number, that of the largest gradient."""
    if arrow.most is None:
        return ""
    return ("≤ " if arrow.least != arrow.most else "") + norm_text(arrow.most)


def _told(arrow: Arrow, names: Names) -> str:
    ends = [label(box, 0, names)[0] for box in (arrow.maker, arrow.taker)]
    text = f"{ends[0]} → {ends[1]}"
    if arrow.count > 1:
        text += f"  × {arrow.count:,}"
    if arrow.back:
        text += ", a step before"
    return f"{text}, norm of the gradient {arrow.norms}" if arrow.norms else text


class _Labels:
    """Texts beside arrows, where nothing else stands; what finds no room is only in the titles."""

    def __init__(self, found: Layout) -> None:
        self.lines: list[str] = []
        self._cells: dict[tuple[int, int], list[tuple[float, float, float, float]]] = {}
        for box in found.boxes:
            self._take((box.x, box.y, box.x + box.width, box.y + box.height))

    def add(self, arrow: PlacedArrow, text: str) -> None:
        """Put a text near the middle of an arrow."""
        half = len(text) * 3.1 + 2
        for aside in (0.0, half, -half, 2 * half, -2 * half):
            for down in (0.0, 12.0, -12.0):
                x, y = arrow.x + aside, arrow.y + down
                place = (x - half, y - 6, x + half, y + 6)
                if self._is_free(place):
                    self._take(place)
                    self.lines.append(
                        f'<text class="norm" x="{x:.1f}" y="{y + 3.5:.1f}" '
                        f'text-anchor="middle">{escapers.markup(text)}</text>'
                    )
                    return

    def _take(self, place: tuple[float, float, float, float]) -> None:
        for cell in self._near(place):
            self._cells.setdefault(cell, []).append(place)

    def _is_free(self, place: tuple[float, float, float, float]) -> bool:
        return not any(
            place[0] < right and left < place[2] and place[1] < bottom and top < place[3]
            for cell in self._near(place)
            for left, top, right, bottom in self._cells.get(cell, ())
        )

    def _near(self, place: tuple[float, float, float, float]) -> list[tuple[int, int]]:
        left, top, right, bottom = (int(number // 100) for number in place)
        return [(x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _box(found: PlacedBox, attributes: str) -> list[str]:
    box = found.box
    kind = "leaf" if box.leaf else "module" if box.closed is not None else "operation"
    round, fill = (12, "#e3f1e3") if box.leaf else (4, "#e8eef8")
    place = source_place(box.node) if not box.leaf and box.closed is None else ""
    title = "  ".join([*found.lines, *([place] if place else [])])
    lines = [
        f'<g class="box {kind}"{" " + attributes if attributes else ""}>'
        f"<title>{escapers.markup(title)}</title>"
        f'<rect x="{found.x:.1f}" y="{found.y:.1f}" width="{found.width:.1f}" '
        f'height="{found.height:.1f}" rx="{round:g}" fill="{fill}" stroke="#4a5d82"/>'
    ]
    middle = found.x + found.width / 2
    for row, text in enumerate(found.lines):
        y = found.y + PAD / 2 + (row + 0.75) * LINE
        weight = ' class="first" font-weight="bold"' if row == 0 else ""
        lines.append(
            f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>'
            f"{escapers.markup(text)}</text>"
        )
    return [*lines, "</g>"]
