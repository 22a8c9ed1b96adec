"""The chain rule on a recorded graph, step by step: what reaches a node, and what leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gradcli.autograd.keep import reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import no_grad
from gradcli.autograd.operations import operations
from gradcli.ops.record import OpNode
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .names import Names, source_text

Edge = tuple[Any, int]


class Part(NamedTuple):
    """What a node passes to one of its inputs: the edge, the contribution, and the formula."""

    edge: Edge
    grad: Tensor
    formula: str


class Step(NamedTuple):
    """A node, the cotangents of its outputs, and what it passes on."""

    node: Any
    arrived: list[Any]
    parts: list[Part]


def leading_to(nodes: Iterable[Any], target: Any) -> set[Any]:
    """The nodes among `nodes` (by rising number) from which `target` was reached, and itself."""
    found = {target}
    for node in nodes:
        if any(edge in found for edge in node.edges):
            found.add(node)
    return found


class Chain:
    """A walk from a result back to its leaves. `totals` has the sum at every edge afterwards."""

    def __init__(self, y: Tensor, cotangent: Tensor, target: Edge | None = None) -> None:
        self.root: Edge = (fresh_edge(y), y.number)
        self.nodes = reachable([self.root[0]])
        self.totals: dict[Edge, Any] = {self.root: cotangent}
        self.target = target
        self.wanted = None if target is None else leading_to(self.nodes, target[0])

    def steps(self) -> Iterator[Step]:
        """Each node with what arrives and what leaves, the result's first."""
        for node in reversed(self.nodes):
            if runtime.stop is not None:
                runtime.check()
            if self.wanted is not None and (
                node not in self.wanted or node is self.target[0]  # type: ignore[index]
            ):
                continue
            step = self._step(node)
            if step is not None:
                yield step

    def _step(self, node: Any) -> Step | None:
        places = [(node, 0)] if node.count == 1 else [(node, n + 1) for n in range(node.count)]
        arrived = [self.totals.get(place) for place in places]
        if all(item is None for item in arrived):
            return None
        shapes = (node.shape,) if node.count == 1 else node.shape
        kinds = (node.dtype,) if node.count == 1 else node.dtype
        filled = [
            constant(shape, kind) if item is None else item
            for item, shape, kind in zip(arrived, shapes, kinds, strict=True)
        ]
        with no_grad():
            grads = node.apply(filled[0] if node.count == 1 else tuple(filled), self.wanted, True)
            parts = []
            numbers = node.numbers or (0,) * len(node.edges)
            for index, (edge, number, grad) in enumerate(
                zip(node.edges, numbers, grads, strict=False)
            ):
                if edge is None or grad is None:
                    continue
                if self.wanted is not None and edge not in self.wanted:
                    continue
                grad = _fitted(grad, edge, number)
                old = self.totals.get((edge, number))
                self.totals[edge, number] = grad if old is None else operations.add(old, grad)
                parts.append(Part((edge, number), grad, formula(node, index)))
        return Step(node, arrived, parts)


def _fitted(grad: Tensor, edge: Any, number: int) -> Tensor:
    shape = edge.shape if edge.count == 1 else edge.shape[number - 1]
    dtype = edge.dtype if edge.count == 1 else edge.dtype[number - 1]
    if shape_of(grad) != shape:
        grad = operations.sum_to(grad, shape)
    return grad if grad.dtype is dtype else operations.cast(grad, dtype)


def formula(node: Any, index: int) -> str:
    """The derivative by the edge at `index` as the op table writes it; "" when there is none."""
    if not isinstance(node, OpNode):
        return "the Function's own backward" if hasattr(node, "class_") else ""
    from .operations import formula_text, plain_formula

    start = 0
    for position in node.op.tensor_positions:
        parameter = node.op.parameters[position]
        if parameter.name not in node.op.vjp:
            continue
        if start == index or parameter.is_list:
            return plain_formula(formula_text(node.op.vjp[parameter.name]))
        start += 1
    return ""


def called(edge: Edge, names: Names) -> str:
    """How a text speaks of an edge: by the user's name, else by the source text."""
    node, number = edge
    name = names.of(node, number)
    if name:
        return name
    if node.number < 0:
        return "(a leaf without a name)"
    text = source_text(node)
    return f"({text})" if 0 < len(text) <= 40 else f"<{node.title}>"
