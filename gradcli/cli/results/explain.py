"""The text of `gradcli explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcli.autograd import leaf as leaves
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import no_grad, requires_grad
from gradcli.cli.programs.recorded import Recorded, nothing_recorded, on_graph, readable
from gradcli.cli.programs.runner import chosen
from gradcli.cli.usage.parse import Options
from gradcli.explain.causes import Causes, brief
from gradcli.explain.chain import Chain, Step, called, changes
from gradcli.explain.cuts import Cut, cuts
from gradcli.render.names import source_place, source_text
from gradcli.table.call.record import OpNode
from gradcli.table.entry import ELEMENTWISE
from gradcli.tensor.tensor import Tensor, constant, shape_of


def explained(recorded: Recorded, options: Options) -> Iterator[str]:
    """The lines for every result that the options choose. Raises UsageError and Failure."""
    results = recorded.results(options)
    inputs = _inputs(recorded, options)
    if not results:
        results = _off_graph(recorded)
        if not results or not inputs:
            raise nothing_recorded("explain")
    for place, (name, value) in enumerate(results.items()):
        if place:
            yield ""
        if on_graph(value):
            yield from _Explanation(recorded, name, value, inputs, options).lines()
        else:
            yield from _not_on_graph(recorded, name, value)


def _inputs(recorded: Recorded, options: Options) -> dict[str, Tensor]:
    """What gradients are asked for: the tensors of `--wrt`, or all named leaves."""
    if options.wrt:
        names = chosen(options.wrt, recorded.names, "--wrt", "tensor")
        return {name: recorded.names[name] for name in names}
    return {
        name: value
        for name, value in recorded.names.items()
        if value.level is None and requires_grad(value) and leaves.is_leaf(value)
    }


def _off_graph(recorded: Recorded) -> dict[str, Tensor]:
    """The last tensor that is no leaf of a graph: what a text without results may be about."""
    found = {n: v for n, v in recorded.names.items() if not requires_grad(v)}
    return dict(list(found.items())[-1:])


def _not_on_graph(recorded: Recorded, name: str, value: Tensor) -> Iterator[str]:
    if not value.dtype.differentiable:
        yield f"`{name}` has the dtype {value.dtype.name}, and only floating ones have gradients"
    elif requires_grad(value):
        yield f"`{name}` is a leaf: it is not made from anything, and its derivative by itself is 1"
    else:
        yield f"`{name}` is not on a graph: no gradient leads through it"
    result = name if name in recorded.text_names else ""
    yield from _cut_lines(cuts(recorded.text.tree, recorded.text.source, "", result))


def _cut_lines(found: list[Cut]) -> Iterator[str]:
    for cut in found:
        yield f"    line {cut.line}: {cut.reason}: `{cut.text}`"


class _Explanation:
    def __init__(
        self, recorded: Recorded, name: str, y: Tensor, inputs: dict[str, Tensor], options: Options
    ) -> None:
        self.recorded = recorded
        self.names = recorded.edges
        self.name = name
        self.y = y
        self.inputs = inputs
        self.asked = bool(options.wrt)
        self.constants = options.const
        self.causes = Causes(self.names)
        self.short = name if name.isidentifier() else f"({name})" if len(name) < 24 else "result"

    def lines(self) -> Iterator[str]:
        """The steps, the sums, and answers about what is missing."""
        y = self.y
        target = None
        if self.asked and len(self.inputs) == 1:
            (x,) = self.inputs.values()
            if requires_grad(x):
                target = (fresh_edge(x), x.number)
        yield f"{self.name} = {brief(y, ' ' * (len(self.name) + 3))}"
        ones = "1" if shape_of(y) == () else "ones, the cotangent that the walk starts from"
        yield f"start  d{self.short}/d{self.short} = {ones}"
        with readable(y):
            chain = Chain(y, constant(shape_of(y), y.dtype, 1), target)
            for count, step in enumerate(chain.steps(), 1):
                self.causes.see(step)
                yield from self._step(count, step)
        yield "in all"
        totals = {}
        hooked = chain.leaf_hooks()
        for name, x in self.inputs.items():
            edge = (fresh_edge(x), x.number) if requires_grad(x) else None
            totals[name] = None if edge is None else chain.totals.get(edge)
            lead = f"  d{self.short}/d{name} = "
            total = totals[name]
            yield lead + ("None" if total is None else brief(total, " " * len(lead)))
            if edge in hooked:
                yield f"     a hook makes it: {brief(hooked[edge], ' ' * 22)}"
        for name, x in self.inputs.items():
            yield from self._why(name, x, totals[name])

    def _step(self, count: int, step: Step) -> Iterator[str]:
        node = step.node
        place = source_place(node)
        head = [f"{count}.", node.title, source_text(node), f"({place})" if place else ""]
        yield "  ".join(word for word in head if word)
        for number, item in enumerate(step.arrived):
            if item is not None:
                which = f" at output {number}" if len(step.arrived) > 1 else ""
                yield f"     arrives{which}: {brief(item, ' ' * 14)}"
            if step.hooked[number] is not None:
                yield f"     a hook makes it: {brief(step.hooked[number], ' ' * 22)}"
        for change in changes(node, self.names):
            yield f"     {change}"
        local = _local(node)
        for part in step.parts:
            formula = f"  = {part.formula}" if part.formula else ""
            yield f"     to {called(part.edge, self.names)}{formula}"
            slope = local.get(part.edge)
            if slope is not None:
                yield f"        local derivative: {brief(slope, ' ' * 26)}"
            yield f"        passes on: {brief(part.grad, ' ' * 19)}"

    def _why(self, name: str, x: Tensor, total: Any) -> Iterator[str]:
        pair = f"d{self.short}/d{name}"
        if total is None:
            yield from self._why_none(name, x, pair)
            return
        values = np.asarray(total.array)
        what, title = "zero", ""
        if not np.isfinite(values).all():
            what, title = "nan", f"why {pair} is not finite"
        elif values.size and not values.any():
            title = f"why {pair} is zero"
        elif (values == 0).any():
            zeros = int((values == 0).sum())
            title = f"why {zeros} of {values.size} elements of {pair} are zero"
        if not title:
            return
        yield title
        answers = self.causes.answers(what, fresh_edge(x))
        for answer in answers or ["what arrives over several ways adds up to this"]:
            yield "  " + answer.replace("\n", "\n  ")

    def _why_none(self, name: str, x: Tensor, pair: str) -> Iterator[str]:
        yield f"why {pair} is None"
        if not requires_grad(x):
            given = any(name == constant_name for constant_name, _ in self.constants)
            reason = "it was given with --const" if given else "it does not require grad"
            yield f"  `{name}` is not differentiated: {reason}"
            found = cuts(self.recorded.text.tree, self.recorded.text.source, "", name)
        else:
            yield f"  not connected: nothing leads from `{name}` to `{self.name}`"
            result = self.name if self.name in self.recorded.text_names else ""
            found = cuts(self.recorded.text.tree, self.recorded.text.source, name, result)
        yield from _cut_lines(found)


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
