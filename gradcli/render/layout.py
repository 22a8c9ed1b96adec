"""Where the boxes of a drawing stand and which ways its arrows take, in layers.

A box's layer is its longest distance from a result. Places of a layer are ordered by the mean of
their neighbours (barycentres), then moved towards them as far as the widths allow. An area is laid
out by itself and stands in the layers around it like a box; arrows enter and leave it at ports.

Note: no arrow runs under a box that it has nothing to do with. Between two layers there are only
arrows; a short one crosses a layer at a place of its own, a long one, or one that goes back, in a
lane beside all boxes.

Note: distances are measured `along` the way of the values and `across` it, so that a drawing may
run downwards or to the right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, NamedTuple

from gradcli.language.syntax.source import width as width_of
from gradcli.tensor.runtime import runtime

from .drawing import Area, Arrow, Box, Drawing

LONGEST = 8  # layers up to which an arrow crosses them at places of its own
MOST_BENDS = 40_000  # such places in one drawing; above, longer arrows take lanes
SWEEPS = 8
CHARACTER, LINE, PAD, GAP, MARGIN = 7.3, 16.0, 9.0, 26.0, 16.0
STEP, STEP_RIGHT = 44.0, 72.0  # between two layers, where labels of arrows find room
LANE, TITLE = 12.0, 20.0

Point = tuple[float, float]  # along, across


class _Place:
    """A box or an area, or, without an item, a port or a bend of an arrow.

    `x` is the middle across. Neighbours are kept with the offsets of both ends of the arrow.
    """

    __slots__ = ("above", "below", "depth", "item", "order", "ports", "thick", "wide", "x")

    def __init__(self, item: Any, order: float, thick: float, wide: float) -> None:
        self.item = item
        self.order = order
        self.thick = thick
        self.wide = wide
        self.x = 0.0
        self.depth = 0
        self.ports: Mapping[Any, float] = {}
        self.above: list[tuple[_Place, float, float]] = []
        self.below: list[tuple[_Place, float, float]] = []


class Route(NamedTuple):
    """A way of an arrow: the start, then curves (three points) and straight lines (one point)."""

    start: Point
    pieces: list[tuple[Point, ...]]
    label: Point


class PlacedBox(NamedTuple):
    """A box with its lines of text, its left upper corner and its size."""

    box: Box
    lines: list[str]
    x: float
    y: float
    width: float
    height: float


class PlacedArea(NamedTuple):
    """An area with its left upper corner and its size."""

    area: Area
    x: float
    y: float
    width: float
    height: float


class PlacedArrow(NamedTuple):
    """An arrow as the data of an SVG path, and where its label stands."""

    arrow: Arrow
    path: str
    x: float
    y: float


class Layout(NamedTuple):
    """A whole drawing; the outer areas stand before those in them."""

    width: float
    height: float
    boxes: list[PlacedBox]
    areas: list[PlacedArea]
    arrows: list[PlacedArrow]


def layout(drawing: Drawing, lines: Callable[[Box], list[str]], *, right: bool) -> Layout:
    """Place everything. `lines` are what a box says; with `right` values flow to the right."""
    return _Layouter(drawing, lines, right).layout()


class _Level:
    """What stands side by side in one area, or at the top."""

    def __init__(self) -> None:
        self.places: dict[Any, _Place] = {}
        self.routes: dict[tuple[Any, Any, Any], Route] = {}
        self.origin = (0.0, 0.0)  # along, across, in the level around it
        self.along = 0.0
        self.across = 0.0
        self.starts: list[float] = []  # where each layer begins, by depth
        self.layers: list[list[_Place]] = []


Ends = tuple[Any, Any, tuple[Box, int]]  # the keys of two places, and the value between them


class _Layouter:
    def __init__(self, drawing: Drawing, lines: Callable[[Box], list[str]], right: bool) -> None:
        self.drawing = drawing
        self.lines = {box: lines(box) for box in drawing.boxes}
        self.right = right
        self.step = STEP_RIGHT if right else STEP
        self.levels: dict[Area | None, _Level] = {}
        # For each level its arrows, each once, in order; and for each arrow its ways.
        self.ends: dict[Area | None, dict[Ends, None]] = defaultdict(dict)
        self.ways: dict[Arrow, list[tuple[Area | None, Ends]]] = {}
        self.longest = LONGEST if len(drawing.arrows) * LONGEST < MOST_BENDS else 3

    def layout(self) -> Layout:
        for arrow in self.drawing.arrows:
            self._split(arrow)
        self._arrange(None, [box for box in self.drawing.boxes if box.area is None])
        return self._collected()

    # ---------------------------------------------------------------- arrows through areas

    def _split(self, arrow: Arrow) -> None:
        """Cut an arrow at the borders of areas that it crosses."""
        value = (arrow.maker, arrow.output)
        makers, takers = _around(arrow.maker), _around(arrow.taker)
        shared = 0
        while shared < min(len(makers), len(takers)) and makers[shared] is takers[shared]:
            shared += 1
        ways: list[tuple[Area | None, Ends]] = []
        item: Any = arrow.maker
        for area in reversed(makers[shared:]):
            ways.append((area, (item, ("out", *value), value)))
            item = area
        inner: list[tuple[Area | None, Ends]] = []
        end: Any = arrow.taker
        for area in reversed(takers[shared:]):
            inner.append((area, (("in", *value), end, value)))
            end = area
        ways.append((makers[shared - 1] if shared else None, (item, end, value)))
        ways += inner[::-1]
        self.ways[arrow] = ways
        for level, ends in ways:
            self.ends[level][ends] = None

    # ---------------------------------------------------------------- one level

    def _arrange(self, area: Area | None, boxes: Sequence[Box]) -> _Level:
        level = self.levels[area] = _Level()
        places = level.places
        for box in boxes:
            places[box] = self._box(box)
        for inside in self.drawing.areas if area is None else area.areas:
            places[inside] = self._area(inside)
        for first, last, _ in self.ends[area]:
            for key, order in ((first, -2.0), (last, float("inf"))):
                if key not in places:
                    places[key] = _Place(None, order, 0.0, 8.0)
        forward = self._set_depths(places, self.ends[area])
        deepest = max(place.depth for place in places.values())
        level.layers = [[] for _ in range(deepest + 1)]
        for place in places.values():
            level.layers[place.depth].append(place)
        bends, lanes = self._lead(level, forward, self.ends[area])
        _order(level.layers)
        self._measure(level, lanes)
        thick = [max(place.thick for place in layer) for layer in level.layers]
        for ends, path in bends.items():
            level.routes[ends] = self._curve(level, thick, ends, path)
        for ends, lane in lanes.items():
            level.routes[ends] = self._detour(level, thick, ends, lane)
        return level

    def _box(self, box: Box) -> _Place:
        lines = self.lines[box]
        width = max(map(width_of, lines), default=0) * CHARACTER + 2 * PAD
        height = len(lines) * LINE + PAD
        thick, wide = (width, height) if self.right else (height, width)
        return _Place(box, float(box.node.number), thick, wide)

    def _area(self, area: Area) -> _Place:
        level = self._arrange(area, area.boxes)
        title = len(area.label) * CHARACTER + 2 * PAD
        before, across = (0.0, TITLE) if self.right else (TITLE, 0.0)
        level.origin = (before, across)
        thick, wide = level.along + before, level.across + across
        if self.right:
            thick = max(thick, title)
        elif title > wide:
            level.origin = (before, (title - wide) / 2)
            wide = title
        order = max(place.order for place in level.places.values() if place.item is not None)
        place = _Place(area, order, thick, wide)
        place.ports = {
            key: level.origin[1] + port.x - wide / 2
            for key, port in level.places.items()
            if port.item is None
        }
        return place

    def _set_depths(self, places: Mapping[Any, _Place], ends: Mapping[Ends, None]) -> set[Ends]:
        """Set the layer of each place; the arrows that lead down, as most do."""
        makers: dict[Any, list[Any]] = defaultdict(list)
        forward = set()
        for pair in ends:
            if places[pair[0]].order < places[pair[1]].order:
                makers[pair[1]].append(pair[0])
                forward.add(pair)
        outlets = any(place.item is None and place.order > 0 for place in places.values())
        for place in places.values():
            place.depth = 1 if outlets and place.order < float("inf") else 0
        for key, place in sorted(places.items(), key=lambda item: -item[1].order):
            for maker in makers[key]:
                places[maker].depth = max(places[maker].depth, place.depth + 1)
        inlets = [place for place in places.values() if place.order == -2.0]
        if inlets:
            top = max(place.depth for place in places.values() if place.order != -2.0) + 1
            for place in inlets:
                place.depth = top
        return forward

    def _lead(
        self, level: _Level, forward: set[Ends], ends: Mapping[Ends, None]
    ) -> tuple[dict[Ends, list[_Place]], dict[Ends, int]]:
        """Give each arrow its bends, or a lane."""
        bends: dict[Ends, list[_Place]] = {}
        long: list[Ends] = []
        for pair in ends:
            first, last = level.places[pair[0]], level.places[pair[1]]
            if pair not in forward or first.depth - last.depth > self.longest:
                long.append(pair)
                continue
            path = [first]
            for depth in range(first.depth - 1, last.depth, -1):
                bend = _Place(None, 0.0, 0.0, 8.0)
                bend.depth = depth
                level.layers[depth].append(bend)
                path.append(bend)
            path.append(last)
            bends[pair] = path
            for above, below in pairwise(path):
                out = _port(above, pair, "out") if above is first else 0.0
                into = _port(below, pair, "in") if below is last else 0.0
                above.below.append((below, out, into))
                below.above.append((above, into, out))
        return bends, _lanes(level.places, long)

    def _measure(self, level: _Level, lanes: Mapping[Ends, int]) -> None:
        """Where layers begin and how large everything is; across counts from zero."""
        sides = [
            (place.x - place.wide / 2, place.x + place.wide / 2)
            for layer in level.layers
            for place in layer
        ]
        left = min(side[0] for side in sides) - MARGIN
        right = max(side[1] for side in sides) + MARGIN
        for layer in level.layers:
            for place in layer:
                place.x -= left
        count = 1 + max(lanes.values(), default=-1)
        level.across = right - left + count * LANE
        along = self.step if lanes else MARGIN
        level.starts = [0.0] * len(level.layers)
        for depth in range(len(level.layers) - 1, -1, -1):
            level.starts[depth] = along
            along += max(place.thick for place in level.layers[depth])
            along += self.step if depth else (self.step if lanes else MARGIN)
        if any(place.item is None and place.order < 0 for place in level.layers[-1]):
            level.starts[-1] = 0.0  # ports are at the border
        level.along = along
        if level.layers[0] and all(
            place.item is None and place.order == float("inf") for place in level.layers[0]
        ):
            level.along = level.starts[0]

    def _curve(
        self, level: _Level, thick: Sequence[float], ends: Ends, path: Sequence[_Place]
    ) -> Route:
        first, last = path[0], path[-1]
        x = first.x + _port(first, ends, "out")
        start = (_end(level, thick, first), x)
        pieces: list[tuple[Point, ...]] = []
        label = start
        for above, below in pairwise(path):
            leave = level.starts[above.depth] + thick[above.depth]
            arrive = level.starts[below.depth]
            to = below.x + (_port(below, ends, "in") if below is last else 0.0)
            middle = (leave + arrive) / 2
            pieces.append(((leave, x),))
            pieces.append(((middle, x), (middle, to), (arrive, to)))
            label = (middle, (x + to) / 2)
            x = to
        if last.item is not None:
            pieces.append(((_begin(level, thick, last), x),))
        return Route(start, pieces, label)

    def _detour(self, level: _Level, thick: Sequence[float], ends: Ends, lane: int) -> Route:
        first, last = level.places[ends[0]], level.places[ends[1]]
        x, to = first.x + _port(first, ends, "out"), last.x + _port(last, ends, "in")
        side = level.across - (lane + 0.5) * LANE
        room = 9 + lane % 5 * 5
        leave = level.starts[first.depth] + thick[first.depth] + room
        arrive = level.starts[last.depth] - room
        start = (_end(level, thick, first), x)
        corners = [start, (leave, x), (leave, side), (arrive, side), (arrive, to)]
        end = (_begin(level, thick, last), to)
        return Route(start, _rounded([*corners, end]), (arrive, (side + to) / 2))

    # ---------------------------------------------------------------- the whole

    def _collected(self) -> Layout:
        boxes: list[PlacedBox] = []
        areas: list[PlacedArea] = []
        origins: dict[Area | None, Point] = {None: (0.0, 0.0)}
        waiting: list[Area | None] = [None]
        for area in waiting:  # grows while it is walked
            level, (along, across) = self.levels[area], origins[area]
            thick = [max(place.thick for place in layer) for layer in level.layers]
            for key, place in level.places.items():
                if place.item is None:
                    continue
                start = along + _begin(level, thick, place)
                side = across + place.x - place.wide / 2
                x, y = self._turned((start, side))
                width, height = self._turned((place.thick, place.wide))
                if isinstance(key, Box):
                    boxes.append(PlacedBox(key, self.lines[key], x, y, width, height))
                else:
                    areas.append(PlacedArea(key, x, y, width, height))
                    inside = self.levels[key].origin
                    origins[key] = (start + inside[0], side + inside[1])
                    waiting.append(key)
        arrows = [self._path(arrow, origins) for arrow in self.drawing.arrows]
        width, height = self._turned((self.levels[None].along, self.levels[None].across))
        return Layout(width, height, boxes, areas, arrows)

    def _path(self, arrow: Arrow, origins: Mapping[Area | None, Point]) -> PlacedArrow:
        found: list[str] = []
        label = (0.0, 0.0)
        for area, ends in self.ways[arrow]:
            route, (along, across) = self.levels[area].routes[ends], origins[area]

            def moved(point: Point, along: float = along, across: float = across) -> str:
                x, y = self._turned((point[0] + along, point[1] + across))
                return f"{x:.1f} {y:.1f}"

            found.append(("L" if found else "M") + moved(route.start))
            at = route.start
            for piece in route.pieces:
                if len(piece) > 1 or piece[0] != at:  # without a way it would have no direction
                    found.append("LQC"[len(piece) - 1] + " ".join(map(moved, piece)))
                at = piece[-1]
            label = (route.label[0] + along, route.label[1] + across)
        x, y = self._turned(label)
        return PlacedArrow(arrow, "".join(found), x, y)

    def _turned(self, point: Point) -> Point:
        """Along and across as x and y."""
        return point if self.right else (point[1], point[0])


def _around(box: Box) -> list[Area]:
    found = []
    area = box.area
    while area is not None:
        found.append(area)
        area = area.parent
    return found[::-1]


def _port(place: _Place, ends: Ends, side: str) -> float:
    """Where an arrow meets a place, from its middle."""
    return place.ports.get((side, *ends[2]), 0.0)


def _begin(level: _Level, thick: Sequence[float], place: _Place) -> float:
    """Where a place begins along: it stands in the middle of its layer."""
    return level.starts[place.depth] + (thick[place.depth] - place.thick) / 2


def _end(level: _Level, thick: Sequence[float], place: _Place) -> float:
    return _begin(level, thick, place) + place.thick


def _lanes(places: Mapping[Any, _Place], long: Sequence[Ends]) -> dict[Ends, int]:
    """The number of a lane for each arrow; those of one value share it.

    Where many values go to one place, those share a lane instead.
    """
    leaving: dict[Any, int] = defaultdict(int)
    arriving: dict[Any, int] = defaultdict(int)
    for first, last, value in long:
        leaving[first, value] += 1
        arriving[last] += 1
    bundles: dict[Any, list[Ends]] = defaultdict(list)
    for pair in long:
        first, last, value = pair
        many = leaving[first, value] >= arriving[last]
        bundles[("from", first, value) if many else ("to", last)].append(pair)
    spans = []
    for pairs in bundles.values():
        depths = [places[key].depth for pair in pairs for key in pair[:2]]
        spans.append((min(depths), max(depths), pairs))
    spans.sort(key=lambda span: span[:2])
    busy: list[tuple[int, int]] = []  # the last layer and the number of each lane that is used
    free: list[int] = []
    count = 0
    found: dict[Ends, int] = {}
    for low, high, pairs in spans:
        while busy and busy[0][0] < low:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane, count = count, count + 1
        heappush(busy, (high, lane))
        found.update(dict.fromkeys(pairs, lane))
    return found


def _rounded(corners: Sequence[Point]) -> list[tuple[Point, ...]]:
    """The ways between corners, which are rounded where there is room."""
    pieces: list[tuple[Point, ...]] = []
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        pieces.append((_towards(corner, before),))
        pieces.append((corner, _towards(corner, after)))
    return [*pieces, (corners[-1],)]


def _towards(corner: Point, other: Point) -> Point:
    length = abs(corner[0] - other[0]) + abs(corner[1] - other[1])
    share = min(6.0, length / 2) / length if length else 0.0
    return (
        corner[0] + (other[0] - corner[0]) * share,
        corner[1] + (other[1] - corner[1]) * share,
    )


# -------------------------------------------------------------------- across


def _order(layers: list[list[_Place]]) -> None:
    """Order the places of each layer, and move them towards their neighbours."""
    for layer in layers:
        _pack(layer)
    if max(map(len, layers)) > 1:
        for sweep in range(SWEEPS):
            if runtime.stop is not None:
                runtime.check()
            down = sweep % 2 == 0
            for layer in layers if down else reversed(layers):
                if len(layer) > 1:
                    layer.sort(key=lambda place: _mean(place, place.below if down else place.above))
                _pack(layer)
    for sweep in range(SWEEPS):
        if runtime.stop is not None:
            runtime.check()
        for layer in layers if sweep % 2 == 1 else reversed(layers):
            _move(layer, [_mean(place, place.below + place.above) for place in layer])


def _mean(place: _Place, others: list[tuple[_Place, float, float]]) -> float:
    if not others:
        return place.x
    return sum(other.x + theirs - own for other, own, theirs in others) / len(others)


def _pack(layer: list[_Place]) -> None:
    """Put the places of a layer side by side, around zero."""
    total = sum(place.wide for place in layer) + GAP * (len(layer) - 1)
    x = -total / 2
    for place in layer:
        place.x = x + place.wide / 2
        x += place.wide + GAP


def _move(layer: list[_Place], wished: list[float]) -> None:
    """Move places towards where they wish to be, in their order and without overlap."""
    after = list(wished)
    for i in range(1, len(layer)):
        room = (layer[i - 1].wide + layer[i].wide) / 2 + GAP
        after[i] = max(after[i], after[i - 1] + room)
    before = list(wished)
    for i in range(len(layer) - 2, -1, -1):
        room = (layer[i].wide + layer[i + 1].wide) / 2 + GAP
        before[i] = min(before[i], before[i + 1] - room)
    for place, right, left in zip(layer, after, before, strict=True):
        place.x = (left + right) / 2  # both keep the distances, so their mean does too
