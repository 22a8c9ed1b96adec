"""Recorded gradients as one node, where PyTorch's own formula is one operation.

What a formula records is several operations here. Where PyTorch has one, such as
MseLossBackwardBackward0 for the gradient of mse_loss, one node stands for them: it leads where
PyTorch's leads, and a pass through it is a pass through what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...autograd import engine
from ...autograd.node import Node, check_saved, next_number
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, alias, constant, shape_of, version_of
from ..entry import Op
from ..formulas import traced

Edge = tuple[Any, int]
Fusion = tuple[int, str, tuple[int, ...], tuple[int, ...]]


class FusedNode(Node):
    """One node for the graph from a gradient back to copies of what its formula used.

    `saved` holds the gradient and those copies, `sources` the place among the edges of each, and
    `zeros` the places of inputs that get zeros of the gradient's shape when nothing reaches them.
    """

    __slots__ = ("name_in_messages", "sources", "zeros")

    sources: tuple[int, ...]
    zeros: tuple[int, ...]
    name_in_messages: str

    @property
    def raw(self) -> bool:  # type: ignore[override]
        return self.plain

    @property
    def title(self) -> str:
        return self.name_in_messages.partition(":")[0]

    def apply(self, g: Any, wanted: Any, traced_mode: bool) -> Sequence[Any]:
        missing = self.name_in_messages.partition(":")[2]
        if missing:
            raise RuntimeError(f"derivative for aten::{missing} is not implemented")
        check_saved(self)
        gradient, copies = self.saved
        grads: list[Any] = [None] * len(self.edges)
        if gradient.node is not None and copies:
            found = engine.run_between(
                (gradient.node, gradient.number, g),
                [copy.node for copy in copies],
                runtime.grad_enabled,
            )
            for place, part in zip(self.sources, found, strict=True):
                if part is not None:
                    old = grads[place]
                    if old is not None:
                        part = traced.add(old, part) if type(g) is Tensor else old + part
                    grads[place] = part
        for place in self.zeros:
            if grads[place] is None and self.edges[place] is not None:
                zeros = constant(self.shape, self.dtype)
                grads[place] = zeros if type(g) is Tensor else zeros.array
        return grads


class CopyNode(Node):
    """The node of a copy: what reaches it goes on to the tensor that was copied."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "AliasBackward0"

    def apply(self, g: Any, wanted: Any, traced_mode: bool) -> Sequence[Any]:
        return (g,)


class Sources:
    """Copies of the tensors that a formula uses, by which what it records can be cut off."""

    def __init__(self) -> None:
        self.copies: list[Tensor] = []
        self.edges: list[Edge] = []

    def copied(self, value: Any) -> Any:
        """A value for the formula: each tensor on a graph as a copy with a node of its own."""
        if type(value) is Tensor:
            if value.node is None:
                return value
            version_of(value)
            copy = alias(value)
            node: Any = _behind_one(CopyNode, copy)
            node.edges = (value.node,)
            node.numbers = (value.number,) if value.number else None
            node.saved = ()
            node.guards = None
            copy.node = node
            copy.number = 0
            self.copies.append(copy)
            self.edges.append((value.node, value.number))
            return copy
        if type(value) in (tuple, list):
            return type(value)(self.copied(item) for item in value)
        return value


def is_fusible(value: Any) -> bool:
    """Whether a value carries no level: what it does inside transforms has no name."""
    if type(value) is Tensor:
        return value.level is None
    if type(value) in (tuple, list):
        return all(is_fusible(item) for item in value)
    return True


def fused(
    grads: Sequence[Any],
    sources: Sources,
    nodes: Mapping[int, tuple[str, Sequence[Edge], Sequence[int]]],
) -> list[Any]:
    """The gradients by edge, those in `nodes` behind one node of this name, edges and zeros."""
    return [
        _behind(grad, sources, *nodes[index]) if index in nodes and grad is not None else grad
        for index, grad in enumerate(grads)
    ]


def _behind(
    grad: Tensor, sources: Sources, title: str, edges: Sequence[Edge], zeros: Sequence[int]
) -> Tensor:
    listed = list(edges)
    places = []
    for edge in sources.edges:
        if edge not in listed:
            listed.append(edge)
        places.append(listed.index(edge))
    if all(node is None for node, _ in listed):
        return grad
    node: Any = _behind_one(FusedNode, grad)
    node.name_in_messages = title
    node.sources = tuple(places)
    node.zeros = tuple(zeros)
    node.edges = tuple([edge for edge, _ in listed])
    node.numbers = tuple([number for _, number in listed])
    node.saved = (grad, tuple(sources.copies))
    node.guards = (None, 0)
    node.plain = grad.dtype.raw and all(copy.dtype.raw for copy in sources.copies)
    result = alias(grad)
    result.node = node
    result.number = 0
    return result


def _behind_one(kind: type[Node], tensor: Tensor) -> Node:
    """A node of one output, as described by a tensor, that is not plain."""
    node = object.__new__(kind)
    node.hooks = None
    node.name = None
    node.where = runtime.where
    node.number = next_number()
    node.count = 1
    node.plain = False
    node.shape = shape_of(tensor)
    node.dtype = tensor.dtype
    return node


NOWHERE, GRADIENT, RESULT = -1, -2, -3  # where an edge leads that is none of the forward node's


def fusion_of(op: Op, starts: Sequence[int]) -> tuple[Fusion, ...]:
    """What the words of an entry's `fused` say, `starts` being the first edge of each parameter.

    For each gradient: its edge, the node's title, where its edges lead and which of them stand for
    inputs with gradients of zeros.
    """
    place = {parameter.name: start for parameter, start in zip(op.parameters, starts, strict=True)}
    place |= {"-": NOWHERE, "g": GRADIENT, "out": RESULT}
    found = []
    for name, text in op.fused.items():
        title, *words = text.split()
        leads_to = tuple(place[word.partition("=")[0]] for word in words)
        zeros = tuple(i for i, word in enumerate(words) if word.endswith("=0"))
        found.append((place[name], title, leads_to, zeros))
    return tuple(found)
