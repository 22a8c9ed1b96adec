"""The chain rule on symbols: the rules of the table, backward or forward through the calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gradcli.autograd.modes import no_grad
from gradcli.autograd.operations import operations
from gradcli.table.call.record import OpNode
from gradcli.table.entry import Op
from gradcli.table.formulas import traced
from gradcli.table.levels.run import jvp as forward_rule
from gradcli.table.plan import INPUT, OUTPUT, OUTPUT_SHAPE, OUTPUTS, SHAPE, locate, shape_as_saved
from gradcli.table.schema import needs
from gradcli.tensor.dtypes import FLOATING, DType
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .symbols import Call, Symbol, standing_for, symbol_of
from .tracing import NoFormula, symbolic, tracing
from .words import SLOPES, unwritten


def calls_to(y: Symbol, leaves: Iterable[Symbol]) -> list[Call]:
    """The calls between leaves and a result, in the order in which they were made."""
    known: dict[Symbol, bool] = dict.fromkeys(leaves, True)
    waiting = [y]
    while waiting:
        symbol = waiting[-1]
        call = symbol.call
        if symbol in known:
            waiting.pop()
        elif call is None or call.op is None or not call.op.vjp:
            known[symbol] = False
            waiting.pop()
        else:
            missing = [s for s in call.symbols() if s not in known]
            if not missing:
                known[symbol] = any(known[s] for s in call.symbols())
                waiting.pop()
            waiting += missing
    found = {id(s.call): s for s, live in known.items() if live and s.call is not None}
    return [s.call for s in sorted(found.values(), key=lambda s: s.number) if s.call is not None]


def gradients(
    y: Symbol, leaves: Sequence[Symbol], cotangent: Tensor | None = None
) -> list[Tensor | None]:
    """What the backward pass gives for each leaf, as tensors that stand for symbols.

    None where nothing leads from a leaf to the result. Raises NoFormula.
    """
    with tracing(), no_grad():
        start = cotangent
        if start is None:
            start = standing_for(symbolic(constant(y.shape, y.tensor.dtype, 1)))
        sums: dict[Symbol, Tensor] = {y: start}
        calls = calls_to(y, leaves)
        live = {s for call in calls for s in call.results if s is not None and _varies(s)}
        live |= set(leaves)
        for call in reversed(calls):
            runtime.check()
            arrived = _arrived(call, sums)
            if arrived is not None:
                _pull(call, arrived, live, sums)
        return [sums.get(leaf) for leaf in leaves]


def _varies(symbol: Symbol) -> bool:
    """Whether a cotangent can be of a symbol: none is of integers and booleans."""
    return symbol.tensor.dtype.category >= FLOATING


def _arrived(call: Call, sums: dict[Symbol, Tensor]) -> Any:
    """The cotangent that a rule takes: a tensor, or a tuple of those of the outputs."""
    op = call.op
    assert op is not None
    found = [None if s is None else sums.get(s) for s in call.results]
    if all(item is None for item in found):
        return None
    count = len(call.results)
    live = [
        i
        for i, s in enumerate(call.results)
        if s is not None and i not in op.constant and _varies(s)
    ]
    if count == 1 or len(live) == 1:
        g = found[live[0]]
        return (g,) if op.outputs == 0 and count == 1 else g
    if op.undefined:
        return tuple(found)
    return tuple(
        constant(s.shape, s.tensor.dtype) if item is None and s is not None else item
        for item, s in zip(found, call.results, strict=True)
    )


def _pull(call: Call, g: Any, live: set[Symbol], sums: dict[Symbol, Tensor]) -> None:
    op = call.op
    assert op is not None
    positions = {p.name: i for i, p in enumerate(op.parameters)}
    for position in op.tensor_positions:
        parameter = op.parameters[position]
        formula = op.vjp.get(parameter.name)
        value = call.args[position]
        items = value if parameter.is_list else (value,)
        if formula is None or not any(type(s) is Symbol and s in live for s in items or ()):
            continue
        reason = unwritten(op)
        if reason:
            raise NoFormula(f"the derivative of {op.name} has no formula: {reason}", place_of(call))
        values = [_need(call, op, positions, name) for name in needs(formula)]
        try:
            grads = _slope(op, parameter.name, formula, g, values)
        except (AttributeError, TypeError, NotImplementedError) as error:
            raise NoFormula(f"{op.name} has no formula here: {error}", place_of(call)) from None
        for symbol, grad in zip(items, grads if parameter.is_list else (grads,), strict=True):
            if type(symbol) is Symbol and symbol in live and grad is not None:
                grad = fitted(grad, symbol.shape, symbol.tensor.dtype)
                old = sums.get(symbol)
                sums[symbol] = grad if old is None else traced.add(old, grad)


def _slope(op: Op, parameter: str, formula: Any, g: Any, values: Sequence[Any]) -> Any:
    """What a rule makes of a cotangent, as a book has it."""
    book = SLOPES.get((op.id, parameter))
    found = None if book is None else book(traced, g, *values)
    return formula(traced, g, *values) if found is None else found


def place_of(call: Call) -> int:
    """The provenance of a call."""
    return next((s.where for s in call.results if s is not None), 0)


def fitted(grad: Tensor, shape: tuple[int, ...], dtype: DType) -> Tensor:
    """A cotangent in the shape and dtype of what it is for, as the engine has it."""
    if tuple(shape_of(grad)) != shape:
        grad = operations.sum_to(grad, shape)
    return grad if grad.dtype is dtype else operations.cast(grad, dtype)


class Pulled:
    """What a recorded node passes along its edges, from what arrives and what it saved."""

    def __init__(self, node: OpNode, g: Any, values: Sequence[Any]) -> None:
        self.node = node
        self.g = (g,) if node.count == 1 and node.op.outputs == 0 else g
        self.values = values
        self.together: dict[int, Any] = {}  # by rule, of those that make several at once

    def along(self, index: int) -> Tensor | None:
        """What goes along one edge; None for nothing."""
        for rule, (place, formula, getter) in enumerate(self.node.plan.formulas):
            if type(place) is slice:
                span = range(*place.indices(len(self.node.edges)))
                if index in span:
                    if rule not in self.together:
                        self.together[rule] = formula(traced, self.g, *self._given(getter))
                    return self.together[rule][span.index(index)]  # type: ignore[no-any-return]
            elif place == index:
                op, given = self.node.op, self._given(getter)
                name = op.parameters[op.tensor_positions[0]].name
                return _slope(op, name, formula, self.g, given)  # type: ignore[no-any-return]
        return None

    def _given(self, getter: Any) -> Any:
        return (self.values[getter],) if type(getter) is int else getter(self.values)


def _value(item: Any) -> Any:
    if type(item) is Symbol:
        return standing_for(item)
    if type(item) in (list, tuple):
        return [_value(each) for each in item]
    return item


def _need(call: Call, op: Op, positions: dict[str, int], name: str) -> Any:
    """What a rule asks for by the name of a parameter."""
    code, index = locate(op, positions, name)
    if code == INPUT:
        return _value(call.args[index])
    if code == OUTPUT:
        return _value(call.results[index])
    if code == OUTPUTS:
        return tuple(map(_value, call.results))
    if code == SHAPE:
        return shape_as_saved(_value(call.args[index]))
    if code == OUTPUT_SHAPE:
        shapes = [() if s is None else s.shape for s in call.results]
        return shapes[0] if op.outputs == 1 else tuple(shapes)
    return call.args[index]


def tangent(y: Symbol, leaves: Sequence[Symbol], tangents: Sequence[Tensor]) -> Tensor | None:
    """The derivative of a result in the direction of `tangents`. Raises NoFormula."""
    with tracing(), no_grad():
        known = dict(zip(leaves, tangents, strict=True))
        for call in calls_to(y, leaves):
            op = call.op
            assert op is not None
            reason = unwritten(op)
            if reason:
                raise NoFormula(f"the derivative of {op.name} has no formula: {reason}")
            moved = [
                [known.get(s) if type(s) is Symbol else None for s in value]
                if type(value) in (list, tuple)
                else known.get(value)
                if type(value) is Symbol
                else None
                for value in call.args
            ]
            moved = [
                None if type(item) is list and all(t is None for t in item) else item
                for item in moved
            ]
            args = [_value(value) for value in call.args]
            found = forward_rule(op, args, moved, [_value(s) for s in call.results])
            for symbol, item in zip(call.results, found, strict=True):
                if symbol is not None and type(item) is Tensor:
                    if tuple(shape_of(item)) != symbol.shape:
                        item = traced.expand(item, symbol.shape)
                    known[symbol] = item
        return known.get(y)


__all__ = ["calls_to", "gradients", "symbol_of", "tangent"]
