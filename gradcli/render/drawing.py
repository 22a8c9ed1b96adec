"""A recorded graph as boxes and arrows: loops folded, calls of modules as areas around boxes.

Where a depth is asked for, calls of the program's own functions are areas, too.

Nodes that one place in the text made again and again, as a loop does, are one box; its node is the
one that was made last. An arrow from a later step of the loop to an earlier one goes back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes as syntax
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source, Span

from .functions import with_functions
from .modules import Frame, frames_of

FEWEST = 3  # steps of a loop that are folded
FEWEST_OF_ONE_PLACE = 8  # nodes of a place outside of any loop that are folded
LONG = 16  # layers above which a thin drawing runs to the right
CROWD = 300  # boxes above which the innermost modules are closed
_LOOPS = (
    syntax.For,
    syntax.While,
    syntax.ListComp,
    syntax.SetComp,
    syntax.DictComp,
    syntax.GeneratorExp,
)


class Area:
    """The calls of a module or function at the place `where`: `count` of them.

    `parent` is the area around it, None at the top.
    """

    __slots__ = ("areas", "boxes", "calls", "kind", "level", "parent", "title", "where")

    def __init__(self, title: str, kind: str, where: int, parent: Area | None) -> None:
        self.title = title
        self.kind = kind
        self.where = where
        self.parent = parent
        self.level: int = 0 if parent is None else parent.level + 1
        self.calls: set[int] = set()
        self.areas: list[Area] = []
        self.boxes: list[Box] = []

    @property
    def count(self) -> int:
        """How many calls it stands for."""
        return len(self.calls)

    @property
    def label(self) -> str:
        """`model.fc1: Linear`, with `× 3` for three calls."""
        times = f"  × {self.count:,}" if self.count > 1 else ""
        title = self.kind if self.title in ("", self.kind) else f"{self.title}: {self.kind}"
        return title + times


class Box:
    """Nodes that are drawn as one; `node` is the last of them. `closed` is an area drawn as one."""

    __slots__ = ("area", "closed", "members", "node", "number")

    def __init__(self, members: list[Any], area: Area | None, closed: Area | None = None) -> None:
        self.members = members
        self.node = max(members, key=lambda node: int(node.number))
        self.area = area
        self.closed = closed
        self.number = -1  # its place in the drawing

    @property
    def leaf(self) -> bool:
        """Whether it stands for leaves."""
        return bool(self.node.number < 0)

    @property
    def count(self) -> int:
        """How many nodes, or calls of a module, it stands for."""
        return len(self.members) if self.closed is None else self.closed.count


class Arrow:
    """The way of a value: from the output `output` of `maker` to `taker`.

    `back` says that it leads to a later step of a loop. `least` and `most` are norms of the
    gradients that go the other way, None where they are not known.
    """

    __slots__ = ("back", "count", "least", "maker", "most", "output", "taker")

    def __init__(self, maker: Box, output: int, taker: Box) -> None:
        self.maker = maker
        self.output = output
        self.taker = taker
        self.back = not maker.leaf and maker.node.number >= taker.node.number
        self.count = 0
        self.least: float | None = None
        self.most: float | None = None

    def see(self, norm: float) -> None:
        """Take account of the gradient of one of its edges."""
        self.least = norm if self.least is None or not norm >= self.least else self.least
        self.most = norm if self.most is None or not norm <= self.most else self.most

    @property
    def norms(self) -> str:
        """`2.5`, or `1e-9 … 2.5` where there are several; "" when nothing is known."""
        if self.least is None or self.most is None:
            return ""
        low, high = norm_text(self.least), norm_text(self.most)
        return low if low == high else f"{low} … {high}"


def norm_text(norm: float) -> str:
    """A norm with four digits."""
    return f"{norm:.4g}" if math.isfinite(norm) else "not finite"


class Drawing:
    """`boxes`, the results' first, `areas` at the top, and `arrows` in the order of inputs.

    `arrow_of` has the arrow for a node and the number of an input.
    """

    def __init__(
        self, boxes: list[Box], areas: list[Area], arrow_of: dict[tuple[Any, int], Arrow]
    ) -> None:
        self.boxes = boxes
        self.areas = areas
        self.arrow_of = arrow_of
        self.arrows = list(dict.fromkeys(arrow_of.values()))
        self.box_of = {node: box for box in boxes for node in box.members}
        for number, box in enumerate(boxes):
            box.number = number

    @property
    def chain(self) -> bool:
        """Whether it is long and thin, so that it reads better from left to right."""
        depth: dict[Box, int] = dict.fromkeys(self.boxes, 0)
        makers: dict[Box, list[Box]] = defaultdict(list)
        for arrow in self.arrows:
            if not arrow.back:
                makers[arrow.taker].append(arrow.maker)
        for box in sorted(self.boxes, key=lambda box: -int(box.node.number)):
            for maker in makers[box]:
                depth[maker] = max(depth[maker], depth[box] + 1)
        layers = max(depth.values()) + 1
        operations = sum(not box.leaf for box in self.boxes)
        return layers > LONG and operations < 1.5 * layers


def draw(
    roots: Iterable[Any],
    namespace: Mapping[str, Any],
    *,
    all: bool = False,
    depth: int | None = None,
    crowd: float = CROWD,
    norms: Mapping[tuple[Any, int], float] | None = None,
    only: set[Any] | None = None,
) -> Drawing:
    """The drawing of the graph behind `roots`.

    `namespace` maps the user's names to values. With `all` nothing is folded. `depth` is how many
    levels of modules and functions are opened; without one, no function is an area, and more than
    `crowd` boxes close the innermost modules. `norms` are those of gradients by node and number of
    the input; `only` are the nodes and leaves that are drawn.
    """
    order = [node for node in everything(roots) if only is None or node in only]
    found = _drawn(order, namespace, all, depth, depth is not None)
    if not all and depth is None:
        level = max((box.area.level for box in found.boxes if box.area is not None), default=-1)
        while len(found.boxes) > crowd and level >= 0:
            found = _drawn(order, namespace, False, level, False)
            level -= 1
    for edge, norm in (norms or {}).items():
        if edge in found.arrow_of:
            found.arrow_of[edge].see(norm)
    return found


def everything(roots: Iterable[Any]) -> list[Any]:
    """Every node and leaf, the roots first."""
    seen: dict[Any, None] = dict.fromkeys(roots)
    order = list(seen)
    for node in order:
        for edge in node.edges:
            if edge is not None and edge not in seen:
                seen[edge] = None
                order.append(edge)
    return order


def _drawn(
    order: Sequence[Any],
    namespace: Mapping[str, Any],
    all: bool,
    depth: int | None,
    functions: bool,
) -> Drawing:
    operations = [node for node in order if node.number >= 0]
    leaves = [node for node in order if node.number < 0]
    loops = Loops()
    frames = frames_of(operations, namespace)
    if functions and depth is not None:
        frames = with_functions(operations, frames, depth + 1)
    top, area_of = _areas(operations, frames, None if all else loops)
    place: dict[Any, Any] = {}  # the key of the box of each node
    place.update(_keys(operations, area_of, None if all else loops))
    takers: dict[Any, list[Any]] = defaultdict(list)
    for node in operations:
        for edge in node.edges:
            if edge is not None and edge.number < 0:
                takers[edge].append(node)
    for leaf in leaves:
        area_of[leaf] = _shared(takers[leaf], area_of, leaf)
    place.update(_leaf_keys(leaves, takers, place, area_of, all))
    closed: dict[Any, Area] = {}
    if depth is not None:
        for node in order:
            area = area_of.get(node)
            while area is not None and area.level > depth:
                area = area.parent
            if area is not None and area.level == depth:
                closed[node] = area
                place[node] = area
    members: dict[Any, list[Any]] = {}
    for node in order:
        members.setdefault(place[node], []).append(node)
    boxes = []
    for nodes in members.values():
        if nodes[0].number < 0:  # in the order in which they are taken
            nodes.sort(key=lambda leaf: min((n.number for n in takers[leaf]), default=0))
        inside = closed.get(nodes[0])
        area = area_of.get(nodes[0]) if inside is None else inside.parent
        box = Box(nodes, area, inside)
        boxes.append(box)
        if area is not None:
            area.boxes.append(box)
    box_of = {node: box for box in boxes for node in box.members}
    return Drawing(boxes, _filled(top), _arrows(order, box_of))


def _filled(areas: list[Area]) -> list[Area]:
    """The areas that have something to draw."""
    for area in areas:
        area.areas = _filled(area.areas)
    return [area for area in areas if area.areas or area.boxes]


def _arrows(order: Sequence[Any], box_of: Mapping[Any, Box]) -> dict[tuple[Any, int], Arrow]:
    known: dict[Any, Arrow] = {}
    found: dict[tuple[Any, int], Arrow] = {}
    for node in order:
        taker = box_of[node]
        numbers = node.numbers or (0,) * len(node.edges)
        for index, (edge, number) in enumerate(zip(node.edges, numbers, strict=True)):
            maker = None if edge is None else box_of.get(edge)
            if maker is None or (maker is taker and taker.closed is not None):
                continue
            folded = maker.count > 1 or taker.count > 1 or maker.closed or taker.closed
            key = (maker, number, taker, None if folded else index)
            arrow = known.get(key)
            if arrow is None:
                arrow = known[key] = Arrow(maker, number, taker)
            arrow.count += 1
            found[node, index] = arrow
    return found


# -------------------------------------------------------------------- loops


class Loops:
    """Tells whether a place in the programs' texts is inside of a loop, also of a caller's."""

    def __init__(self) -> None:
        self._spans: dict[Source, list[Span]] = {}
        self._known: dict[int, bool] = {}

    def around(self, where: int) -> bool:
        """Whether the place of a provenance index may run several times."""
        found = self._known.get(where)
        if found is None:
            place = machine.locate(where)
            places = [] if place is None else [place, *machine.callers(where)]
            found = self._known[where] = any(self._inside(*item) for item in places)
        return found

    def many(self, count: int, where: int) -> bool:
        """Whether `count` nodes or calls of one place are the steps of a loop."""
        if count < FEWEST or where == 0:
            return False
        return count >= FEWEST_OF_ONE_PLACE or self.around(where)

    def _inside(self, source: Source, node: Any) -> bool:
        spans = self._spans.get(source)
        if spans is None:
            spans = self._spans[source] = _loop_spans(source)
        start, end = node.span
        return any(first <= start and end <= last for first, last in spans)


def _loop_spans(source: Source) -> list[Span]:
    try:
        tree = parse(source)
    except GradSyntaxError:
        return []
    found = []
    waiting: list[Any] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple):
            waiting.extend(item)
        elif isinstance(item, syntax.Node):
            if isinstance(item, _LOOPS):
                found.append(item.span)
            waiting.extend(value for _, value in item.fields())
    return found


def fold_key(node: Any) -> tuple[Any, ...]:
    """What is the same for the nodes that one operation of a loop makes in its steps."""
    return node.where, node.title, node.shape, node.dtype, node.count


def _keys(
    operations: Sequence[Any], area_of: Mapping[Any, Area | None], loops: Loops | None
) -> dict[Any, Any]:
    """The key of the box of each operation: itself, or what it is folded by."""
    if loops is None:
        return {node: node for node in operations}
    groups: dict[Any, list[Any]] = defaultdict(list)
    for node in operations:
        groups[area_of.get(node), *fold_key(node)].append(node)
    found: dict[Any, Any] = {}
    for key, nodes in groups.items():
        area = key[0]
        repeated = area is not None and _repeated(area)
        fold = len(nodes) > 1 and (repeated or loops.many(len(nodes), nodes[0].where))
        for node in nodes:
            found[node] = key if fold else node
    return found


def _repeated(area: Area | None) -> bool:
    while area is not None:
        if area.count > 1:
            return True
        area = area.parent
    return False


def _leaf_keys(
    leaves: Sequence[Any],
    takers: Mapping[Any, list[Any]],
    place: Mapping[Any, Any],
    area_of: Mapping[Any, Area | None],
    all: bool,
) -> dict[Any, Any]:
    """Leaves of which each step of a loop takes another one are folded as the loop is."""
    if all:
        return {leaf: leaf for leaf in leaves}
    groups: dict[Any, list[Any]] = defaultdict(list)
    for leaf in leaves:
        keys = frozenset(place[node] for node in takers[leaf])
        groups[area_of.get(leaf), keys, leaf.shape, leaf.dtype].append(leaf)
    found: dict[Any, Any] = {}
    for key, same in groups.items():
        folded = len(same) >= FEWEST and all_folded(key[1])
        for leaf in same:
            found[leaf] = key if folded else leaf
    return found


def all_folded(keys: Iterable[Any]) -> bool:
    """Whether these are keys of boxes for several nodes."""
    found = list(keys)
    return bool(found) and all(isinstance(key, tuple) for key in found)


# -------------------------------------------------------------------- modules


def _areas(
    operations: Sequence[Any], frames: Mapping[Any, tuple[Frame, ...]], loops: Loops | None
) -> tuple[list[Area], dict[Any, Area | None]]:
    """The areas at the top, and the innermost area of each node that has `frames`."""
    top: list[Area] = []
    area_of: dict[Any, Area | None] = {}
    known: dict[Any, Area] = {}
    waiting = list(frames)
    level = 0
    while waiting:
        calls: dict[Any, set[int]] = defaultdict(set)
        for node in waiting:
            frame = frames[node][level]
            calls[area_of.get(node), frame.key].add(frame.call)
        for node in waiting:
            frame, parent = frames[node][level], area_of.get(node)
            together = calls[parent, frame.key]
            folded = loops is not None and (
                (len(together) > 1 and _repeated(parent)) or loops.many(len(together), frame.key[1])
            )
            area_of[node] = _area(frame, parent, folded, known, top)
        level += 1
        waiting = [node for node in waiting if len(frames[node]) > level]
    return top, area_of


def _area(
    frame: Frame, parent: Area | None, folded: bool, known: dict[Any, Area], top: list[Area]
) -> Area:
    key = (parent, frame.key if folded else frame.call)
    area = known.get(key)
    if area is None:
        area = known[key] = Area(frame.title, frame.kind, frame.key[1], parent)
        (top if parent is None else parent.areas).append(area)
    area.calls.add(frame.call)
    return area


def _shared(takers: Sequence[Any], area_of: Mapping[Any, Area | None], leaf: Any) -> Area | None:
    """The innermost area around all that take a leaf, if the leaf is a parameter in there."""
    if not takers or leaf.kind != "Parameter":
        return None
    shared = _path(area_of.get(takers[0]))
    for node in takers[1:]:
        path = _path(area_of.get(node))
        shared = [a for a, b in zip(shared, path, strict=False) if a is b]
    return shared[-1] if shared else None


def _path(area: Area | None) -> list[Area]:
    found = []
    while area is not None:
        found.append(area)
        area = area.parent
    return found[::-1]
