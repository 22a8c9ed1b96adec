"""Running on symbols: while it lasts, whatever is computed of a symbol is a symbol.

Symbols are a level of tensors, as batch axes and tangents are, so programs run on them, and so do
the rules of the table over the namespace of recorded operations: one more meaning of `F`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcli.autograd.leaf import is_leaf
from gradcli.autograd.modes import no_grad, requires_grad
from gradcli.autograd.operations import operations
from gradcli.table.call.dispatch import run_plain
from gradcli.table.entry import Op
from gradcli.table.formulas import traced
from gradcli.table.memory.inplace import run_inplace
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, alias, make, shape_of

from .symbols import Call, Symbol, Traced, bare, standing_for, symbol_of
from .words import DEFINITIONS


class NoFormula(BaseException):
    """There is no formula; `reason` says why, `where` is the provenance of the line.

    Programs that run on symbols cannot catch it.
    """

    def __init__(self, reason: str, where: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


_numbers = itertools.count(1)


def named(tensor: Tensor, name: str) -> Symbol:
    """Let a tensor stand for a symbol with a name, from which nothing is known of its making."""
    symbol = Symbol(bare(tensor), None, 0, next(_numbers), name)
    tensor.level = Traced(symbol)
    return symbol


def symbolic(value: Any) -> Any:
    """An argument with symbols in place of tensors."""
    if type(value) is Tensor:
        found = symbol_of(value)
        if found is None:
            found = Symbol(value, None, 0, next(_numbers))
            found.where = runtime.where
        return found
    if type(value) in (list, tuple):
        return type(value)(symbolic(item) for item in value)
    return value


@contextmanager
def tracing() -> Iterator[None]:
    """While it lasts, operations on symbols make symbols."""
    before = operations.run_leveled, operations.run_leveled_inplace, operations.detach_leveled
    operations.run_leveled = _run
    operations.run_leveled_inplace = _run_inplace
    operations.detach_leveled = _detach
    try:
        yield
    finally:
        (
            operations.run_leveled,
            operations.run_leveled_inplace,
            operations.detach_leveled,
        ) = before


def _check_levels(args: Any) -> None:
    """Raise NoFormula where a transform has made a batch or a tangent of an argument."""
    for value in args:
        for item in value if type(value) in (list, tuple) else (value,):
            if type(item) is Tensor and item.level is not None and type(item.level) is not Traced:
                raise NoFormula("it uses a transform, such as vmap, jvp or grad", runtime.where)


def _run(op: Op, args: Any) -> Any:
    _check_levels(args)
    defined = DEFINITIONS.get(op.id)
    if defined is not None:
        found = defined(traced, *args)
        if found is not None:
            return found
    if op.composite is not None:
        return op.composite(traced, *args)
    outputs = run_plain(op, [bare(value) for value in args])
    call = Call(op, tuple(symbolic(value) for value in args))
    if op.view:
        _mark(call, outputs, args[0], call)
    else:
        _mark(call, outputs)
    if running.program and not (runtime.grad_enabled or running.through):
        for output in (outputs,) if type(outputs) is Tensor else outputs:
            _cut(output)
    return outputs


class _Running:
    """Whether it is the program that runs on symbols, not a rule; and whether what it computes
    under `no_grad` is differentiated."""

    program = False
    through = False


running = _Running()


def _cut(output: Any) -> None:
    """Let what was made under `no_grad` stand for a constant of this value."""
    level = output.level if type(output) is Tensor else None
    if type(level) is Traced:
        _mark(Call(None, (level.symbol,)), output)
        output.level.source, output.level.view = level.source, level.view


def _mark(call: Call, outputs: Any, source: Tensor | None = None, view: Call | None = None) -> None:
    """Let the outputs of a call stand for symbols; those of a view know what they are views of."""
    for index, output in enumerate((outputs,) if type(outputs) is Tensor else outputs):
        if type(output) is not Tensor:
            call.results.append(None)
            continue
        symbol = Symbol(output, call, index, next(_numbers))
        symbol.tensor = alias(output)
        symbol.tensor.node, symbol.tensor.number = output.node, output.number
        symbol.where = runtime.where
        call.results.append(symbol)
        output.level = Traced(symbol, source, view)


def _run_inplace(op: Op, args: Any) -> Tensor:
    target: Tensor = args[0]
    _check_levels(args)
    if op.composite is not None:
        raise NoFormula(f"it writes the result of {op.name} in place", runtime.where)
    level = target.level
    if target.view_info is not None and type(level) is not Traced:
        raise NoFormula("it writes into a part of a tensor in place", runtime.where)
    call = Call(op, tuple(symbolic(value) for value in args))
    part: Tensor | None = target
    while part is not None and type(part.level) is Traced:
        symbol = part.level.symbol  # what it was before stays what the symbol stands for
        symbol.tensor = make(np.array(symbol.tensor.array)[()], symbol.tensor.dtype)
        if symbol.call is None and not _is_free(part):
            symbol.name = ""  # from now on the name stands for something else
        part = part.level.source
    target.level = None
    run_inplace(op, [target, *(bare(value) for value in args[1:])])
    if type(level) is Traced and level.source is not None and target.view_info is not None:
        _recorded_again(level.source, target.view_info.base)
    if _is_free(target):  # a step of its own, as optimizers make them
        named(target, level.symbol.name if type(level) is Traced else "")
        return target
    if type(level) is not Traced:
        _mark(call, target)
        return target
    _mark(call, target, level.source, level.view)
    if level.source is not None and level.view is not None:
        _write_through(level.view, target, level.source)
    return target


def _recorded_again(source: Tensor, base: Tensor) -> None:
    """Let the tensor that views were taken of stand where its alias on the graph now stands."""
    while type(source.level) is Traced and source.level.source is not None:
        source = source.level.source
    source.node, source.number = base.node, base.number


def _is_free(tensor: Tensor) -> bool:
    return requires_grad(tensor) and is_leaf(tensor)


def _write_through(view: Call, written: Tensor, source: Tensor) -> None:
    """Let what a view was taken of stand for itself with the view's new values."""
    level = source.level
    rule = None if view.op is None else _SCATTERS.get(view.op.id)
    part = symbol_of(written)
    if rule is None or part is None or type(level) is not Traced:
        raise NoFormula("it writes into a part of a tensor in place", runtime.where)
    before, running.program = running.program, False
    try:
        with no_grad():
            whole = rule(traced, standing_for(level.symbol), standing_for(part), *view.args[1:])
    finally:
        running.program = before
    symbol = whole.level.symbol
    symbol.where = runtime.where
    symbol.tensor.node, symbol.tensor.number = source.node, source.number
    source.level = Traced(symbol, level.source, level.view)
    if level.source is not None and level.view is not None:
        _write_through(level.view, source, level.source)


# What a tensor is with a view of it replaced, by the operation that made the view.
_SCATTERS: dict[str, Callable[..., Any]] = {
    "select": lambda F, base, part, dim, index: F.select_scatter(base, part, dim, index),
    "slice": lambda F, base, part, dim, start, end, step: F.slice_scatter(
        base, part, dim, start, end, step
    ),
    "diagonal": lambda F, base, part, *where: F.diagonal_scatter(base, part, *where),
    "transpose": lambda F, base, part, dim0, dim1: F.transpose(part, dim0, dim1),
    "t": lambda F, base, part: F.t(part),
    "whole": lambda F, base, part: part,
    "view": lambda F, base, part, *size: F.reshape(part, tuple(shape_of(base))),
    "unsqueeze": lambda F, base, part, dim: F.squeeze_dim(part, dim),
}


def _detach(tensor: Tensor) -> Tensor:
    _check_levels((tensor,))
    other = alias(bare(tensor))
    call = Call(None, (symbolic(tensor),))
    _mark(call, other)
    return other
