"""An explanation of a gradient is put together: the chain rule from a result back to its inputs.

`gradcli explain` and `%explain` say it in the same words.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcli.autograd.leaf import fresh_edge, is_leaf
from gradcli.autograd.modes import no_grad, requires_grad
from gradcli.render.drawing import Box, Drawing, draw
from gradcli.render.names import Names, edge_of, source_place
from gradcli.table.call.record import OpNode
from gradcli.table.entry import ELEMENTWISE
from gradcli.table.plan import INPUT, OUTPUT
from gradcli.tensor.tensor import Tensor, constant, make, shape_of

from . import chain as chains
from .causes import Causes, brief, hooked, norm, placed
from .chain import Chain, Edge, called, changes, formulas
from .cuts import Piece, cure, cut_lines, cuts
from .drafts import Draft, Folded, call_text
from .readable import readable
from .reasons import Reason, computed, first_not_finite
from .told import LONG, Arrival, Factor, Passing, Source, Step, Summary, Told, Total
from .ways import Dominating, factors

MOST = 3  # lines of a kind in a summary
LARGEST, SMALLEST = 1e6, 1e-6  # of gradients that need no word about their size
LARGE = "nn.utils.clip_grad_norm_ limits it; factors near 1, or a mean in place of a sum, cure it"
TINY = "factors near 1 cure it: other scales at the start, residual steps x + f(x), normalization"


class Explanation:
    """The chain from a result `y` called `name` to `inputs`.

    `namespace` maps the user's names to values, `pieces` are the texts that made the result, in
    which its name is `bound`, "" for the value of their last expression. With `asked` the inputs
    were chosen: a single one narrows the chain to the ways that lead to it. `fixed` has reasons why
    inputs are not differentiated. With `all` the steps of loops are not folded; with
    `depth` calls of modules and functions that are deeper are a step each.
    """

    def __init__(
        self,
        name: str,
        y: Tensor,
        inputs: Mapping[str, Tensor],
        namespace: Mapping[str, Any],
        pieces: Sequence[Piece],
        bound: str,
        *,
        asked: bool = False,
        fixed: Mapping[str, str] | None = None,
        all: bool = False,
        depth: int | None = None,
    ) -> None:
        self.name = name
        self.y = y
        self.inputs = inputs
        self.namespace = namespace
        self.names = Names(namespace)
        self.pieces = pieces
        self.bound = bound
        self.fixed = fixed or {}
        self.causes = Causes(self.names, self._array)
        self.short = name if name.isidentifier() else f"({name})" if len(name) < 24 else "result"
        self.dominating = Dominating()
        target = None
        if asked and len(self.inputs) == 1:
            (x,) = self.inputs.values()
            target = _edge(x)
        self.chain = Chain(y, constant(shape_of(y), y.dtype, 1), target)
        self.names.look_at(self.chain.nodes)
        self.all = all
        self.depth = depth
        self.hooked: dict[Edge, Tensor] = {}  # what hooks of leaves make of their gradients
        self.broken: tuple[Any, Reason] | None = None  # where the values became infinite or NaN
        self.drawing = Drawing([], [], {})
        self.values: dict[Edge, Tensor] = {}
        self.numbers: dict[Box, int] = {}  # of the steps
        self.drafts: dict[Box, Draft | Folded] = {}
        self.sums: dict[Edge, dict[Box, Any]] = defaultdict(dict)
        self.counts: dict[tuple[Edge, Box], int] = defaultdict(int)

    def tell(self) -> Told:
        """Everything that is to be said.

        Raises Dropped when freed values are not kept any more, RuntimeError when they were changed.
        """
        root, wanted = self.chain.root[0], self.chain.wanted
        only = None if wanted is None else {*wanted, root}
        self.drawing = draw(
            [root], self.namespace, all=self.all, depth=self.depth, crowd=math.inf, only=only
        )
        with readable(self.y):
            self.values = _values(self.chain.nodes, self.namespace)
            for step in self.chain.steps():
                self.causes.see(step)
                self.dominating.see(step)
                self._take(step)
            self._after()
        steps = [draft.step(self.numbers) for draft in self.drafts.values()]
        totals = [
            Total(
                name,
                fresh_edge(x) if requires_grad(x) else None,
                self._total(x),
                self.hooked.get(_edge(x)),
                self._sources(_edge(x)),
            )
            for name, x in self.inputs.items()
        ]
        reasons = [
            line for name, x in self.inputs.items() for line in self._why(name, x, self._total(x))
        ]
        summary = self._summary(steps, totals) if len(steps) > LONG or self._folded() else None
        return Told(self.name, self.short, self.y, steps, totals, reasons, summary, self.drawing)

    def missing(self) -> list[str]:
        """Only the answers about what is missing. Raises as `tell` does."""
        with readable(self.y):
            self.values = _values(self.chain.nodes, self.namespace)
            for step in self.chain.steps():
                self.causes.see(step)
                self.dominating.see(step)
            self._after()
        return [
            line for name, x in self.inputs.items() for line in self._why(name, x, self._total(x))
        ]

    def _after(self) -> None:
        """Look at what the walk came to, while what the graph saved can be read."""
        self.hooked = self.chain.leaf_hooks()
        totals = [self._total(x) for x in self.inputs.values()]
        if any(total is not None and troubled(total)[0] == "nan" for total in totals):
            found = first_not_finite(self.chain.nodes, self._array, self.names)
            steps = [node for _, node, _ in self.causes.nodes["nan"]]
            self.broken = None if found is None or found[0] in steps else found

    def _array(self, edge: Edge) -> Any:
        """The value on an edge as far as it is known, as an array."""
        value = self.values.get(edge)
        return computed(edge[0], self._known) if value is None else value.array

    def _known(self, edge: Edge) -> Any:
        value = self.values.get(edge)
        return None if value is None else value.array

    def _folded(self) -> bool:
        return any(draft.count > 1 for draft in self.drafts.values())

    # ---------------------------------------------------------------- steps

    def _take(self, step: chains.Step) -> None:
        """Note a step of the chain; of those that are drawn as one, the first is shown."""
        box = self.drawing.box_of[step.node]
        draft = self.drafts.get(box)
        if draft is None:
            self.numbers[box] = len(self.numbers) + 1
            draft = Folded(box, self.drawing.box_of) if box.closed else self._draft(box, step)
            self.drafts[box] = draft
        if isinstance(draft, Folded):
            self._fold(draft, step)
        else:
            draft.see(step)
        for part in step.parts:
            self.counts[part.edge, box] += 1
            arrow = self.drawing.arrow_of.get((step.node, part.place))
            if arrow is not None:  # none leads from a folded call to itself
                arrow.see(norm(part.grad))
            known = self.sums[part.edge].get(box)
            with np.errstate(all="ignore"):
                array = np.asarray(part.grad.array)
                self.sums[part.edge][box] = array if known is None else known + array
        for edge in [edge for edge in _outputs(step.node) if edge in self.sums]:
            del self.sums[edge]  # nothing more comes to a step that was taken

    def _draft(self, box: Box, step: chains.Step) -> Draft:
        node = step.node
        arrivals = [
            Arrival(
                output if len(step.arrived) > 1 else None,
                grad,
                step.hooked[output],
                self._sources(edge),
            )
            for output, (grad, edge) in enumerate(zip(step.arrived, _outputs(node), strict=True))
            if grad is not None
        ]
        slopes = _local(node)
        passings = [
            (
                part.edge,
                Passing(
                    self._called(part.edge, node),
                    None,
                    text,
                    slopes.get(part.edge),
                    part.grad,
                    part.wide,
                ),
            )
            for part, text in zip(step.parts, formulas(node, step.parts, self.names), strict=True)
        ]
        value = self.values.get((node, 0)) if node is not self.chain.root[0] else None
        notes = list(changes(node, self.names))
        return Draft(box, node, value, arrivals, passings, notes, self.drawing.box_of)

    def _fold(self, folded: Folded, step: chains.Step) -> None:
        """Note a step inside of a call that is told as one step: what enters it and leaves it."""
        node = step.node
        for edge, grad, after in zip(_outputs(node), step.arrived, step.hooked, strict=True):
            known = self.sums.get(edge, {})
            outside = [part for box, part in known.items() if box is not folded.box]
            if grad is None or not (outside or edge == self.chain.root):
                continue
            if folded.box in known:  # a part of it comes from inside
                start = [self.chain.start.array] if edge == self.chain.root else []
                grad, after = make(sum([*start, *outside]), grad.dtype), None
            value = self.values.get(edge) if edge != self.chain.root else None
            sources = [] if folded.box in known else self._sources(edge)
            folded.enter(edge, value, Arrival(None, grad, after, sources))
        for part in step.parts:
            folded.leave(part, self._called(part.edge, node))
        folded.see(node)

    def _called(self, edge: Edge, taker: Any) -> str:
        """How a text speaks of an edge; what a folded call made has the call's name."""
        box = self.drawing.box_of.get(edge[0])
        if box is None or box.closed is None or edge[0].number < 0 or self.names.of(*edge):
            return called(edge, self.names, taker)
        return f"({call_text(box.closed)})"

    def _sources(self, edge: Any) -> list[Source]:
        """Where a gradient comes from, when that are several paths."""
        sums = self.sums.get(edge)
        if sums is None:
            return []
        found = []
        total = self.chain.totals[edge].array
        with np.errstate(all="ignore"):
            whole = _product(total, total)
            for box, part in sums.items():
                share = _product(part, total) / whole if whole else math.nan
                count = self.counts[edge, box]
                found.append(
                    Source(self.numbers[box], count, share if math.isfinite(share) else None)
                )
        return found if sum(source.times for source in found) > 1 else []

    # ---------------------------------------------------------------- the summary

    def _summary(self, steps: Sequence[Step], totals: Sequence[Total]) -> Summary:
        dominant = []
        for total in totals:
            shares = [source for source in total.sources if source.share is not None]
            if len(shares) > 1:
                largest = max(shares, key=lambda source: abs(source.share or 0.0))
                dominant.append((total.name, largest))
        for draft in self.drafts.values():
            draft.chained = draft.count == 1 or self._returns(draft.box)
        factors = [
            Factor(self.numbers[box], draft.factor, draft.left)
            for box, draft in self.drafts.items()
            if draft.factor is not None
        ]
        shrinking = sorted((item for item in factors if item.factor < 0.1), key=_factor)
        growing = sorted((item for item in factors if item.factor > 10), key=_factor, reverse=True)
        joins: list[tuple[int | str, int]] = [
            (step.number, sum(source.times for source in arrival.sources))
            for step in steps
            for arrival in step.arrivals
            if arrival.sources
        ]
        joins += [
            (total.name, sum(source.times for source in total.sources))
            for total in totals
            if total.sources
        ]
        joins.sort(key=lambda join: -join[1])
        return Summary(dominant[:MOST], shrinking[:MOST], growing[:MOST], joins[:MOST])

    def _returns(self, box: Box) -> bool:
        """Whether a way along the arrows leads from a box to itself, as the next step of a loop."""
        takers: dict[Box, list[Box]] = defaultdict(list)
        for arrow in self.drawing.arrows:
            takers[arrow.maker].append(arrow.taker)
        seen: set[Box] = set()
        waiting = [box]
        while waiting:
            for taker in takers[waiting.pop()]:
                if taker is box:
                    return True
                if taker not in seen:
                    seen.add(taker)
                    waiting.append(taker)
        return False

    # ---------------------------------------------------------------- what is missing

    def _total(self, x: Tensor) -> Any:
        return self.chain.totals.get(_edge(x))

    def _why(self, name: str, x: Tensor, total: Any) -> Iterator[str]:
        pair = f"d{self.short}/d{name}"
        if total is None:
            yield from self._why_none(name, x, pair)
            return
        what, trouble = troubled(total)
        after = self.hooked.get(_edge(x))
        if after is not None:
            for sentence in [text for broken, text in hooked(total, after) if broken != what]:
                yield f"why {troubled(after)[1].format(pair)}: a hook of `{name}`: {sentence}"
                yield f"  {brief(total, '  ')}\n  becomes {brief(after, ' ' * 10)}"
        size = extreme(total)
        if not what and size:
            yield f"why {size.format(pair)}"
            cancelled = self.causes.answers("tiny", fresh_edge(x)) if "tiny" in size else []
            if cancelled:
                yield from ("  " + answer.replace("\n", "\n  ") for answer in cancelled)
                return
            yield from (f"  {line}" for line in self._factors(x))
            yield f"  = help: {LARGE if 'large' in size else TINY}"
        if not what:
            return
        yield f"why {trouble.format(pair)}"
        answers = self.causes.answers(what, fresh_edge(x))
        if what == "nan":
            yield from self._not_finite()
        long = "overflows" if what == "nan" else "underflow: " if not total.array.any() else ""
        for answer in answers or ["no single step makes it: parts add up to this"]:
            yield "  " + answer.replace("\n", "\n  ")
            if long and long in answer:
                yield from (f"  {line}" for line in self._factors(x))
                long = ""

    def _not_finite(self) -> Iterator[str]:
        """Where the values themselves became infinite or NaN, on the way to the result."""
        if self.broken is not None:
            node, reason = self.broken
            place = source_place(node)
            lead = f"{place}: " if place else ""
            yield f"  {lead}the value itself is {reason.text}, {placed(node)}"
            if reason.help:
                yield f"  = help: {reason.help}"

    def _factors(self, x: Tensor) -> list[str]:
        """What the dominating way multiplies the gradient by."""
        return list(factors(self.dominating.way(_edge(x), self.chain.root[0])))

    def _why_none(self, name: str, x: Tensor, pair: str) -> Iterator[str]:
        yield f"why {pair} is None"
        if not requires_grad(x):
            reason = self.fixed.get(name, "it does not require grad")
            yield f"  `{name}` is not differentiated: {reason}"
            yield from cut_lines(self.pieces, "", name)
        else:
            yield f"  not connected: nothing leads from `{name}` to `{self.name}`"
            yield from cut_lines(self.pieces, name, self.bound)


def _factor(item: Factor) -> float:
    return item.factor


def troubled(grad: Tensor) -> tuple[str, str]:
    """What is wrong with a gradient, "nan" or "zero", and a sentence about `{}`; "" for nothing."""
    values = np.asarray(grad.array)
    if not np.isfinite(values).all():
        return "nan", "{} is not finite"
    zeros = values.size - int(np.count_nonzero(values))
    if not zeros:
        return "", ""
    return "zero", "{} is zero" if zeros == values.size else (
        f"{zeros} of {values.size} elements of {{}} are zero"
    )


def extreme(grad: Tensor) -> str:
    """A sentence about `{}` for a gradient whose elements are all tiny, or some of them huge."""
    values = np.abs(np.asarray(grad.array))
    most = float(values.max()) if values.size else 1.0
    if most > LARGEST:
        return f"{{}} is large: its elements reach {most:.4g}"
    if 0 < most < SMALLEST:
        return f"{{}} is tiny: its elements reach {most:.4g} at most"
    return ""


def off_graph(name: str, value: Tensor, pieces: Sequence[Piece], bound: str) -> Told:
    """What is said of a result that no gradient leads through, and where its text cuts it off."""
    return Told(name, name, value, [], [], [*not_on_graph(name, value, pieces, bound)], None, None)


def not_on_graph(name: str, value: Tensor, pieces: Sequence[Piece], bound: str) -> Iterator[str]:
    """The lines of `off_graph`."""
    help = ""
    if not value.dtype.differentiable:
        yield f"`{name}` has the dtype {value.dtype.name}, and only floating ones have gradients"
        help = f"{name} = {name}.float().requires_grad_() makes a floating leaf of it"
    elif requires_grad(value):
        yield f"`{name}` is a leaf: it is not made from anything, and its derivative by itself is 1"
    else:
        yield f"`{name}` is not on a graph: no gradient leads through it"
        help = f"{name}.requires_grad_(), before anything is made from it, makes it a leaf"
    found = cuts(pieces, "", bound)
    yield from cut_lines(pieces, "", bound)
    if found and cure(found):
        yield f"  = help: {cure(found)}"
    if help and not found and name.isidentifier():
        yield f"  = help: {help}"


def _edge(x: Tensor) -> Any:
    return (fresh_edge(x), x.number) if requires_grad(x) else None


def _outputs(node: Any) -> list[Edge]:
    return [(node, 0)] if node.count == 1 else [(node, n + 1) for n in range(node.count)]


def _product(a: Any, b: Any) -> float:
    """The real part of the inner product of two arrays."""
    first, second = (np.asarray(item) for item in (a, b))
    wide = np.complex128 if first.dtype.kind == "c" else np.float64
    return float(np.vdot(second.astype(wide), first.astype(wide)).real)


def _values(nodes: Sequence[Any], namespace: Mapping[str, Any]) -> dict[Edge, Tensor]:
    """The values on edges, as far as names or saved values tell them."""
    found: dict[Edge, Tensor] = {}
    for value in namespace.values():
        if type(value) is Tensor and value.level is None and edge_of(value) is not None:
            if is_leaf(value) and value.version is not None and value.version.clock:
                continue  # what was written since is not what the result was made from
            found[edge_of(value), value.number] = make(value.array, value.dtype)
    for node in nodes:
        if not isinstance(node, OpNode):
            continue
        for index in range(node.plan.tensors):
            saved = node.saved[index]
            code, position = node.plan.saves[index]
            if code not in (INPUT, OUTPUT) or (code == OUTPUT and node.count == 1 and position):
                continue  # the other outputs of a node with one edge are not on the graph
            if not isinstance(saved, np.ndarray | np.generic):
                continue
            edge = node.source(index)
            if edge is not None and edge[0] is not None and edge[0].number >= 0:
                kind = edge[0].dtype if edge[0].count == 1 else edge[0].dtype[edge[1] - 1]
                found.setdefault(edge, make(saved, kind))
    return found


def _local(node: Any) -> dict[Any, Tensor]:
    """For an operation that works element by element, its derivative by each input, by edge."""
    if not isinstance(node, OpNode) or node.op.batching != ELEMENTWISE or node.count != 1:
        return {}
    found: dict[Any, Tensor] = {}
    with no_grad():
        slopes = node.apply(constant(node.shape, node.dtype, 1), None, True)
    numbers = node.numbers or (0,) * len(node.edges)
    edges = list(zip(node.edges, numbers, strict=True))
    for edge, slope in zip(edges, slopes, strict=False):
        if edge[0] is None or slope is None or edges.count(edge) > 1:
            continue
        shape = edge[0].shape if edge[0].count == 1 else edge[0].shape[edge[1] - 1]
        if shape == node.shape and shape_of(slope) == shape:
            found[edge] = slope
    return found
