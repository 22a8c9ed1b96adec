"""The formula of one step: what a node passes to an input, in the user's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcli.autograd.modes import no_grad
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.render.names import Names, own_text
from gradcli.table.call.record import OpNode
from gradcli.table.plan import OUTPUT, OUTPUTS
from gradcli.tensor.tensor import Tensor, alias, constant, make

from .algebra import Algebra
from .differentiation import Pulled, fitted
from .formulas import shortest, spelled
from .reading import Reader
from .symbols import Symbol, symbol_of
from .text import Unwritable, Writer
from .tracing import NoFormula, named, tracing
from .words import unwritten

LONG = 40  # characters of source text from which on a value has the name of its parameter


def step_formulas(node: Any, indices: Sequence[int], names: Names) -> list[str]:
    """What a node passes along its edges at `indices`, with `g` for what arrives.

    "" where no function of the language writes it. The values that the node saved have to be
    readable. What a rule makes for all edges is made once.
    """
    if not isinstance(node, OpNode) or unwritten(node.op):
        return [""] * len(indices)
    texts = []
    with tracing(), no_grad():
        try:
            values = _Values(node, names)
            slopes = Pulled(node, values.cotangent(), values.saved())
        except _NONE:
            return [""] * len(indices)
        for index in indices:
            try:
                texts.append(_written(node, index, slopes))
            except _NONE:
                texts.append("")
    return texts


_NONE = (NoFormula, Unwritable, AttributeError, TypeError, ValueError, NotImplementedError)


def _written(node: OpNode, index: int, slopes: Pulled) -> str:
    grad = slopes.along(index)
    if grad is None:
        return ""
    edge = node.edges[index]
    number = 0 if node.numbers is None else node.numbers[index]
    shape = edge.shape if edge.count == 1 else edge.shape[number - 1]
    dtype = edge.dtype if edge.count == 1 else edge.dtype[number - 1]
    grad = fitted(grad, tuple(shape), dtype)
    symbol = symbol_of(grad) or Symbol(grad, None, 0, 1 << 60)
    algebra = Algebra()
    part = Reader(algebra, 0, {}).read(symbol)
    writer = Writer(spelled)
    writer.last = frozenset(["g", *(f"g[{place}]" for place in range(node.count))])
    return writer.text(shortest(algebra, part))


class _Values:
    """What a node saved, each value under the name that it has for the user."""

    def __init__(self, node: OpNode, names: Names) -> None:
        self.node = node
        self.names = names
        self.taken: dict[str, Any] = {}
        self.operands = operands(node)

    def cotangent(self) -> Any:
        """What arrives: `g`, or `g[0]` and so on at several outputs."""
        node = self.node
        if node.count == 1:
            return self._ones(node.shape, node.dtype, "g")
        return tuple(
            self._ones(shape, dtype, f"g[{place}]")
            for place, (shape, dtype) in enumerate(zip(node.shape, node.dtype, strict=True))
        )

    def _ones(self, shape: Any, dtype: Any, name: str) -> Tensor:
        tensor = constant(shape, dtype, 1)
        named(tensor, name)
        return tensor

    def saved(self) -> list[Any]:
        """The saved values, tensors as symbols."""
        node = self.node
        values = node.saved_tensors() if node.guards is not None else list(node.saved)
        found = []
        for value, (code, position) in zip(values, node.plan.saves, strict=True):
            if code in (OUTPUT, OUTPUTS):
                several = code == OUTPUT and node.op.outputs != 1
                label = f"out[{position}]" if several else "out"
                found.append(self._symbolic(value, len(self.operands), label))
                continue
            label = node.op.parameters[position].name if position < len(node.op.parameters) else ""
            found.append(self._symbolic(value, position, "input" if label == "self" else label))
        return found

    def _symbolic(self, value: Any, position: int, label: str) -> Any:
        if type(value) is Tensor:
            tensor = alias(value)
            tensor.level = None
            if value.node is None and self._plain_number(value):
                return make(value.array, value.dtype)
            named(tensor, self._name(value, position, label))
            return tensor
        if type(value) in (list, tuple) and any(type(item) is Tensor for item in value):
            return type(value)(
                self._symbolic(item, position, f"{label}[{place}]")
                for place, item in enumerate(value)
            )
        return value

    def _plain_number(self, value: Tensor) -> bool:
        array = np.asarray(value.array)
        return array.ndim == 0 and not self.operands

    def _name(self, value: Tensor, position: int, label: str) -> str:
        text = ""
        if value.node is not None:
            text = self.names.of(value.node, value.number)
            if not text and value.node.number >= 0:
                text = _within(own_text(value.node, self.node, self.names))
        if not text and value.node is None and position < len(self.operands):
            text = _within(self.operands[position])
        return text or label


def _within(text: str) -> str:
    """Source text as an operand: in parentheses where it is no name or call."""
    if not 0 < len(text) <= LONG:
        return ""
    try:
        tree = parse(Source(text, "operand"), "expression")
    except GradSyntaxError:
        return ""
    body = tree.body
    if isinstance(body, nodes.Name | nodes.Attribute | nodes.Call | nodes.Subscript):
        return text
    return f"({text})"


def operands(node: OpNode) -> Sequence[str]:
    """The texts of the operands of the operator or call that made a node."""
    place = machine.locate(node.where)
    if place is None:
        return ()
    source, made = place
    text = source.slice(made.span)
    try:
        own = Source(text, "operand")
        body = parse(own, "expression").body
    except GradSyntaxError:
        return ()
    found: list[Any] = []
    if isinstance(body, nodes.BinOp):
        found = [body.left, body.right]
    elif isinstance(body, nodes.Call):
        found = list(body.args)
        if isinstance(body.func, nodes.Attribute) and not _is_module(body.func.value):
            found.insert(0, body.func.value)
    if any(isinstance(item, nodes.Starred) for item in found):
        return ()
    return tuple(" ".join(own.slice(item.span).split()) for item in found)


def _is_module(value: Any) -> bool:
    return isinstance(value, nodes.Name | nodes.Attribute) and (
        value.id if isinstance(value, nodes.Name) else value.attr
    ) in ("torch", "F", "linalg", "special", "fft", "functional", "nn", "math", "masked")
