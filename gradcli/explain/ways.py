"""The ways from a result to an input: the one that carries most, and one entry split over all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.render.drawing import norm_text
from gradcli.render.names import Names, source_place, source_text
from gradcli.tensor.tensor import Tensor, constant, make, shape_of

from .causes import placed
from .chain import Chain, Edge, Step, leading_to, parts_of

MOST = 12  # ways that are shown one by one
STEPS = 400  # nodes in them all, above which ways are told by their last step
GROUPS = 4  # places of a way whose factors are shown


def _largest(grad: Tensor) -> float:
    """The largest of the elements, by absolute value."""
    values = np.asarray(grad.array)
    return float(np.abs(values).max()) if values.size else 0.0


class Link(NamedTuple):
    """A node on a way, the edge it passes to, and by what it multiplied the largest element."""

    node: Any
    edge: Edge
    factor: float


class Dominating:
    """Collects, while a chain is walked, from where most of each gradient comes."""

    def __init__(self) -> None:
        self.best: dict[Edge, tuple[float, Link]] = {}

    def see(self, step: Step) -> None:
        """Look at one step."""
        current = [
            old if new is None else new for old, new in zip(step.arrived, step.hooked, strict=True)
        ]
        came = max(_largest(item) for item in current if item is not None)
        for part in step.parts:
            size = _largest(part.grad)
            old = self.best.get(part.edge)
            if old is None or size > old[0]:
                least = float(np.finfo(part.grad.array.dtype).tiny)  # below it digits are lost
                factor = size / came if min(size, came) >= least else math.nan
                self.best[part.edge] = (size, Link(step.node, part.edge, factor))

    def way(self, edge: Edge, root: Any) -> list[Link]:
        """The links from the result to an edge."""
        found = []
        while edge in self.best:
            link = self.best[edge][1]
            found.append(link)
            if link.node is root:
                break
            edge = max(
                ((link.node, number) for number in range(link.node.count + 1)),
                key=lambda one: self.best[one][0] if one in self.best else -1.0,
            )
        return found[::-1]


def factors(links: Sequence[Link]) -> Iterator[str]:
    """What a way multiplies a gradient by: the places that change it most, and their product."""
    groups: dict[tuple[str, str, str], list[float]] = {}
    for link in links:
        at = (source_place(link.node), source_text(link.node), link.node.title)
        groups.setdefault(at, []).append(link.factor)
    found = []
    for (place, text, title), all_factors in groups.items():
        known = [factor for factor in all_factors if math.isfinite(factor) and factor > 0]
        if not known:
            continue
        whole = sum(map(math.log, known))
        lost = len(all_factors) - len(known)
        found.append((whole, place, text or title, title, len(known), lost))
    found.sort(key=lambda one: -abs(one[0]))
    if not found or abs(found[0][0]) < math.log(2):
        return
    yield "the way that carries most multiplies it, step by step, by"
    shown = [one for one in found[:GROUPS] if abs(one[0]) >= math.log(2)]
    for whole, place, text, title, count, lost in shown:
        lead = f"{place}: " if place else ""
        each = _power(whole / count)
        of = f" of {count + lost:,}, until too little is left" if lost else ""
        times = f"{each} a step, × {count:,}{of}: {_power(whole)}" if count + lost > 1 else each
        yield f"  {lead}{times} in `{text}` ({title})"
    if len(shown) > 1:
        yield f"  together {_power(sum(one[0] for one in found))}"


def _power(logarithm: float) -> str:
    """The exponential of a number, also when it is beyond what a float holds."""
    if abs(logarithm) < 690:
        return norm_text(math.exp(logarithm))
    exponent, rest = divmod(logarithm / math.log(10), 1)
    return f"{10**rest:.4g}e{int(exponent):+d}"


# -------------------------------------------------------------------- one entry


class Way(NamedTuple):
    """A way, the result's node first, and what it brings to the entry."""

    links: list[tuple[Any, int]]  # a node, and the place of its input
    amount: Any


def entry_lines(
    root: str, y: Tensor, name: str, x: Tensor, index: tuple[int, ...], names: Names
) -> Iterator[str]:
    """How one entry of the gradient of `y` comes about, in lines; `index` is within x's shape."""
    edge = (fresh_edge(x), x.number)
    label = f"{name}[{', '.join(map(str, index))}]"
    chain = Chain(y, constant(shape_of(y), y.dtype, 1), edge)
    last: list[tuple[Any, Any]] = []
    plain = True
    for step in chain.steps():
        plain = plain and step.node.hooks is None
        last += [
            (step.node, np.asarray(part.grad.array)[index])
            for part in step.parts
            if part.edge == edge
        ]
    total = np.asarray(chain.totals[edge].array)[index]
    pair = f"d{root if root.isidentifier() else 'result'}/d{label}"
    yield f"{pair} = {_text(total)}"
    ways = _ways(chain, edge, index) if plain else None
    if ways is not None:
        if len(ways) > 1:
            yield f"  {len(ways)} ways lead there, and what they bring adds up to it"
        for way in ways:
            yield f"  {_text(way.amount)} by {_route(way, names, root, label)}"
            if way.amount == 0 or not np.isfinite(way.amount):
                yield from _where_lost(way, index)
        return
    if len(last) > 1:
        yield f"  {len(last):,} steps bring parts that add up to it"
    groups: dict[tuple[str, str], list[Any]] = {}
    for node, amount in last:
        groups.setdefault((placed(node), source_place(node)), []).append(amount)
    amounts = [(sum(parts), parts, where) for where, parts in groups.items()]
    amounts.sort(key=lambda one: -abs(one[0]) if one[0] == one[0] else -math.inf)
    for whole, parts, (words, place) in amounts[:MOST]:
        at = f" at {place}" if place else ""
        yield f"  {_text(whole)} {words}{at}{_spread(parts)}"
    if len(amounts) > MOST:
        rest = sum(one[0] for one in amounts[MOST:])
        yield f"  {_text(rest)} at {len(amounts) - MOST:,} more places"


def _spread(parts: Sequence[Any]) -> str:
    """How many steps of a loop brought something, and how much each."""
    if len(parts) == 1:
        return ""
    sizes = sorted(parts, key=abs)
    return f", × {len(parts):,}: from {_text(sizes[0])} to {_text(sizes[-1])} a step"


def _text(value: Any) -> str:
    """A number with at most six digits."""
    return f"{value:.6g}"


def _ways(chain: Chain, target: Edge, index: tuple[int, ...]) -> list[Way] | None:
    """Every way from the result to an input; None where they are too many."""
    root = chain.root[0]
    wanted = leading_to(chain.nodes, target[0])
    counts: dict[Any, int] = {target[0]: 1}
    for node in reachable([root]):
        if node in wanted and node is not target[0]:
            counts[node] = sum(counts[edge] for edge in node.edges if edge in wanted)
    if counts[root] > MOST or counts[root] * len(wanted) > STEPS:
        return None
    found: list[Way] = []
    waiting: list[tuple[Edge, Any, list[tuple[Any, int]]]] = [
        (chain.root, chain.totals[chain.root], [])
    ]
    while waiting:
        edge, grad, links = waiting.pop()
        if edge[0] is target[0]:
            if edge == target:
                found.append(Way(links, np.asarray(grad.array)[index]))
            continue
        waiting += [
            (part.edge, part.grad, [*links, (edge[0], part.place)])
            for part in reversed(_passed(edge, grad, wanted))
        ]
    return found


def _passed(edge: Edge, grad: Tensor, wanted: set[Any] | None) -> list[Any]:
    """What a node makes of a gradient that reaches one of its outputs alone."""
    node, number = edge
    if node.count == 1:
        return parts_of(node, [grad], wanted)
    kinds = list(zip(node.shape, node.dtype, strict=True))
    given = [
        grad if place + 1 == number else constant(shape, kind)
        for place, (shape, kind) in enumerate(kinds)
    ]
    return parts_of(node, given, wanted)


def _route(way: Way, names: Names, root: str, label: str) -> str:
    """`loss, h * w, x[3]`: the operations of a way, those of loops once."""
    found: list[list[Any]] = []
    for node, _ in way.links:
        text = names.of(node) or source_text(node) or node.title
        text = root if not found else text
        if found and found[-1][0] == text:
            found[-1][1] += 1
        else:
            found.append([text, 1])
    said = [text if count == 1 else f"{text} × {count}" for text, count in found]
    if len(said) > 8:
        said = [*said[:4], f"… {len(said) - 7} more …", *said[-3:]]
    return " ← ".join([*said, label])


def _where_lost(way: Way, index: tuple[int, ...]) -> Iterator[str]:
    """The node at which the entry's way ends: the nearest to the input that passes it nothing."""
    random = np.random.default_rng(0)
    for length in range(1, len(way.links) + 1):
        edge: Edge | None = None
        grad: Any = None
        for node, place in way.links[-length:]:
            if edge is None:
                parts = parts_of(node, _anything(node, random), None)
            else:
                parts = _passed(edge, grad, None)
            part = next(item for item in parts if item.place == place)
            edge, grad = part.edge, part.grad
        reached = np.asarray(grad.array)[index]
        if reached == 0 or not np.isfinite(reached):
            node = way.links[-length][0]
            where = source_place(node)
            at = f"{where}: " if where else ""
            what = "nothing of it comes through" if reached == 0 else "it becomes infinite or NaN"
            yield f"    {at}{what} {placed(node)}"
            return


def _anything(node: Any, random: np.random.Generator) -> list[Tensor]:
    """Cotangents for the outputs of a node without a zero."""
    shapes = node.shape if node.count > 1 else (node.shape,)
    kinds = node.dtype if node.count > 1 else (node.dtype,)
    return [
        make(random.uniform(1, 2, shape).astype(kind.array), kind)
        if kind.differentiable
        else constant(shape, kind)
        for shape, kind in zip(shapes, kinds, strict=True)
    ]
