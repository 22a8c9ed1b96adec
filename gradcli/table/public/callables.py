"""Public functions and methods over the table: overloads, named results, in-place twins, `out=`."""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Sequence
from functools import cache
from typing import Any

from ...tensor.tensor import Tensor
from ..call.arguments import (
    FUNCTION,
    METHOD,
    OPERATOR,
    WRITTEN,
    ArgumentError,
    bind,
    check_arguments,
    number_in,
)
from ..call.compiled import caller, signature
from ..call.dispatch import give_way, run, run_as
from ..call.fast_paths import writer
from ..entry import Op
from ..lookup import get_op
from ..memory.inplace import run_inplace
from ..names import OPERATIONS
from ..out_rules import Rule
from ..schema import label

_MODULE = "torch.return_types"


@cache
def result_type(name: str, fields: tuple[str, ...]) -> Any:
    """The named tuple that `torch.return_types` has for an operation's results."""
    base = namedtuple(name, fields)  # type: ignore[misc]

    def text(self: Any) -> str:
        lines = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"{_MODULE}.{name}(\n{lines})"

    return type(name, (base,), {"__repr__": text, "__slots__": (), "__module__": _MODULE})


def public(where: str, name: str, flavour: str = FUNCTION) -> Any:
    """The callable behind a public name. Raises KeyError when there is none."""
    ops = [get_op(identifier) for identifier in OPERATIONS.ids(where, name)]
    if not ops:
        raise KeyError(name)
    if (
        where in ("F", "masked")
        and any(where in op.written.split() for op in ops)
        and name[-1] != "_"
    ):
        flavour = WRITTEN
    inplace = name.endswith("_") and name[:-1] in {n for op in ops for n in (op.name, *op.aliases)}
    if inplace:
        ops = [op for op in ops if op.inplace]
    settled = len(ops) == 1 and not inplace and not ops[0].fields and name == ops[0].name
    if settled and (flavour == OPERATOR or ops[0].out is None):
        function = caller(ops[0], flavour)
    else:
        function = _resolver(name, ops, flavour, inplace, where)
    function.__name__ = function.__qualname__ = name
    function.__doc__ = ops[0].doc
    return function


def _resolver(name: str, ops: Sequence[Op], flavour: str, inplace: bool, space: str) -> Any:
    single = ops[0] if len(ops) == 1 else None
    named = any(op.fields for op in ops)
    direct = None  # what takes positional arguments, where there is nothing to choose
    if single is not None and name == single.name and not inplace and not named:
        direct = caller(single, flavour)
    quick = writer(ops[0]) if inplace and ops else None
    most = [_most_positions(op) for op in ops]
    by_types: dict[Any, Any] = {}  # what took positional arguments of these types
    by_second: dict[Any, Any] = {}  # what took a tensor and an argument of this type
    choices: dict[Any, Any] = {}  # what took arguments of this signature

    typed = isinstance(ops[0].out, Rule) and ops[0].out.typed

    def written(op: Op, result: Any, out: Any) -> Any:
        from .outputs import write_out

        return write_out(result, out, name, op.out)

    def call(*args: Any, **kwargs: Any) -> Any:
        out = key = None
        if kwargs:
            if "out" in kwargs and not inplace and flavour != METHOD:
                out = kwargs.pop("out")
                if typed and type(out) is Tensor:
                    kwargs = {"dtype": out.dtype, **kwargs}
        elif direct is not None:
            return direct(*args)
        elif not inplace:
            if len(args) == 2 and type(args[0]) is Tensor:
                chosen = by_second.get(type(args[1]))
            else:
                chosen = by_types.get(tuple(map(type, args)))
            if chosen is not None:
                return chosen(*args)
        if out is None and not inplace:
            key = signature(args, kwargs)
            chosen = choices.get(key)
            if chosen is not None:
                return chosen(*args, **kwargs)
        if quick is not None and args:
            target = quick(*args, **kwargs)
            if target is not None:
                return target
        for op, positions in zip(ops, most, strict=True):
            if len(args) > positions:
                continue
            try:
                bound = check_arguments(op, bind(op, flavour, args, kwargs), flavour)
            except ArgumentError:
                continue
            if inplace:
                return run_inplace(op, bound)
            if key is not None:
                choices[key] = chosen = _naming(op, caller(op, flavour))
                if not kwargs and _are_decisive(args, ops[: ops.index(op) + 1]):
                    by_types[tuple(map(type, args))] = chosen
                    if len(args) == 2 and type(args[0]) is Tensor:
                        by_second[type(args[1])] = chosen
            result = run_as(op, flavour, bound)
            if op.fields and type(result) is tuple:
                if out is not None:
                    written(op, result, out)
                    return result_type(f"{_called(op)}_out", op.fields)(*out)
                return result_type(_called(op), op.fields)(*result)
            return result if out is None else written(op, result, out)
        if flavour == OPERATOR:
            return give_way(name, args)
        several = single is None and not inplace and not named
        numbers = _with_numbers(ops, flavour, args, kwargs) if several or inplace else None
        if numbers is not None:
            return call(*numbers[0], **numbers[1], **({} if out is None else {"out": out}))
        from ..call.argument_errors import deprecated, resolution_error

        old = deprecated(ops[0], flavour, args, kwargs)
        if old is not None:
            return run_inplace(ops[0], old) if inplace else run(ops[0], old)
        from ..call.numbers import with_tensors

        for op in ops if not inplace and out is None else ():
            old = with_tensors(op, flavour, args, kwargs)
            if old is not None:
                return run(op, old)
        raise resolution_error(label(name, (space,)), ops, flavour, args, kwargs, out, space)

    return call


def _are_decisive(args: tuple[Any, ...], tried: Sequence[Op]) -> bool:
    """Whether the types alone decide that the last of these entries takes the arguments.

    They do where no list stands among them, and no tensor where one of a number would count as it.
    """
    for position, value in enumerate(args):
        if isinstance(value, list | tuple):
            return False
        if type(value) is Tensor:
            kinds = {op.parameters[position].kind for op in tried if position < len(op.parameters)}
            if not kinds <= {"Tensor", "Number"}:
                return False
    return True


def _called(op: Op) -> str:
    """The name of an operation's named tuple."""
    return op.id if op.id.startswith("linalg_") else op.name


def _naming(op: Op, call: Any) -> Any:
    """An entry's callable; its several results come as a named tuple where they have names."""
    if not op.fields:
        return call
    made = result_type(_called(op), op.fields)

    def named(*args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        return made._make(result) if type(result) is tuple else result

    return named


def _with_numbers(
    ops: Sequence[Op], flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """The arguments with the numbers that tensors without dimensions hold, if they fit so.

    Where no overload takes the tensors beside the numbers, one for numbers alone may.
    """
    given = (*args[:1], *map(number_in, args[1:]))
    named = {key: number_in(value) for key, value in kwargs.items()}
    for op in ops:
        if any(parameter.kind == "Number" for parameter in op.parameters[1:]):
            try:
                check_arguments(op, bind(op, flavour, given, named), flavour)
            except ArgumentError:
                continue
            return given, named
    return None


def _most_positions(op: Op) -> float:
    """How many arguments an entry takes by position."""
    if any(parameter.variadic for parameter in op.parameters):
        return math.inf
    return sum(not parameter.keyword_only for parameter in op.parameters)
