"""What is said about a gradient: the chain rule from a result back, and why one is missing.

`gradcli explain`, `%explain` and `%why` say it in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import no_grad, requires_grad
from gradcli.render.names import Names, source_place, source_text
from gradcli.table.call.record import OpNode
from gradcli.table.entry import ELEMENTWISE
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .causes import Causes, brief
from .chain import Chain, Step, called, changes
from .cuts import Piece, cut_lines
from .readable import readable


class Explanation:
    """The chain from a result `y` called `name` to `inputs`.

    `names` are those of the graph, `pieces` the texts that made the result, in which its name is
    `bound`, "" for the value of their last expression. With `asked` the inputs were chosen: a
    single one narrows the chain to the ways that lead to it. `fixed` has reasons why inputs are not
    differentiated. `width` cuts the lines of steps, `most` their number.
    """

    def __init__(
        self,
        name: str,
        y: Tensor,
        inputs: Mapping[str, Tensor],
        names: Names,
        pieces: Sequence[Piece],
        bound: str,
        *,
        asked: bool = False,
        fixed: Mapping[str, str] | None = None,
        width: int | None = None,
        most: int | None = None,
    ) -> None:
        self.name = name
        self.y = y
        self.inputs = inputs
        self.names = names
        self.pieces = pieces
        self.bound = bound
        self.asked = asked
        self.fixed = fixed or {}
        self.width = width
        self.most = most
        self.causes = Causes(names)
        self.short = name if name.isidentifier() else f"({name})" if len(name) < 24 else "result"

    def lines(self) -> Iterator[str]:
        """The steps, the sums, and answers about what is missing.

        Raises Dropped when freed values are not kept any more, RuntimeError when they were changed.
        """
        y = self.y
        yield f"{self.name} = {brief(y, ' ' * (len(self.name) + 3))}"
        ones = "1" if shape_of(y) == () else "ones, the cotangent that the walk starts from"
        yield f"start  d{self.short}/d{self.short} = {ones}"
        chain = self._chain()
        with readable(y):
            count = 0
            for count, step in enumerate(chain.steps(), 1):
                self.causes.see(step)
                if self.most is None or count <= self.most:
                    yield from self._step(count, step)
            if self.most is not None and count > self.most:
                yield f"... {count - self.most:,} more steps"
        yield "in all"
        hooked = chain.leaf_hooks()
        for name, x in self.inputs.items():
            lead = f"  d{self.short}/d{name} = "
            total = _total(chain, x)
            yield lead + ("None" if total is None else brief(total, " " * len(lead)))
            edge = _edge(x)
            if edge in hooked:
                yield f"     a hook makes it: {brief(hooked[edge], ' ' * 22)}"
        for name, x in self.inputs.items():
            yield from self._why(name, x, _total(chain, x))

    def missing(self) -> list[str]:
        """Only the answers about what is missing. Raises as `lines` does."""
        chain = self._chain()
        with readable(self.y):
            for step in chain.steps():
                self.causes.see(step)
        return [
            line for name, x in self.inputs.items() for line in self._why(name, x, _total(chain, x))
        ]

    def _chain(self) -> Chain:
        target = None
        if self.asked and len(self.inputs) == 1:
            (x,) = self.inputs.values()
            target = _edge(x)
        return Chain(self.y, constant(shape_of(self.y), self.y.dtype, 1), target)

    def _step(self, count: int, step: Step) -> Iterator[str]:
        node = step.node
        place = source_place(node)
        text = source_text(node)
        if self.width is not None:
            room = max(self.width - len(node.title) - len(place) - 12, 12)
            text = text if len(text) <= room else text[: room - 3] + "..."
        head = [f"{count}.", node.title, text, f"({place})" if place else ""]
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
        what, trouble = troubled(total)
        if what:
            yield f"why {trouble.format(pair)}"
            answers = self.causes.answers(what, fresh_edge(x))
            for answer in answers or ["what arrives over several ways adds up to this"]:
                yield "  " + answer.replace("\n", "\n  ")

    def _why_none(self, name: str, x: Tensor, pair: str) -> Iterator[str]:
        yield f"why {pair} is None"
        if not requires_grad(x):
            reason = self.fixed.get(name, "it does not require grad")
            yield f"  `{name}` is not differentiated: {reason}"
            yield from cut_lines(self.pieces, "", name)
        else:
            yield f"  not connected: nothing leads from `{name}` to `{self.name}`"
            yield from cut_lines(self.pieces, name, self.bound)


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


def not_on_graph(name: str, value: Tensor, pieces: Sequence[Piece], bound: str) -> Iterator[str]:
    """Why no gradient leads through a value, and where its text cuts it off."""
    help = ""
    if not value.dtype.differentiable:
        yield f"`{name}` has the dtype {value.dtype.name}, and only floating ones have gradients"
        help = f"{name} = param({name}) makes a floating leaf of it"
    elif requires_grad(value):
        yield f"`{name}` is a leaf: it is not made from anything, and its derivative by itself is 1"
    else:
        yield f"`{name}` is not on a graph: no gradient leads through it"
        help = f"{name}.requires_grad_() or param(...) makes it a leaf"
    found = list(cut_lines(pieces, "", bound))
    yield from found
    if help and not found and name.isidentifier():
        yield f"  = help: {help}"


def _edge(x: Tensor) -> Any:
    return (fresh_edge(x), x.number) if requires_grad(x) else None


def _total(chain: Chain, x: Tensor) -> Any:
    return chain.totals.get(_edge(x))


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
