"""Closures made from templates: one small function per operator and kinds of operands.

A closure that fetches its operands itself saves a call for each of them. There are too many
combinations to write down, so the text of one is put together from the pieces below when it is
first needed. Nothing of a program's text gets into them: names, constants and slots are arguments
of the factory.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from gradcli.language.machine.sizes import PLAIN
from gradcli.language.machine.state import UNBOUND, machine
from gradcli.language.values.arithmetic import BINARY, check_compare
from gradcli.language.values.functions import Builtin, Closure, Frame, Function, Method
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

FunctionType = types.FunctionType
BuiltinType = types.BuiltinFunctionType


class Operand(NamedTuple):
    """How a closure gets a value: `kind`, its parameter, and what runs when there is none.

    Kinds: constant (k), global (g), global with a built-in behind it (b), local that always has
    a value (l), local (u), cell (c), any expression (e).
    """

    kind: str
    value: Any
    fallback: Any = None


_FETCH = {
    "k": "{0} = {0}_k",
    "g": "try:\n{0} = f[0][{0}_k]\nexcept KeyError:\n{0} = {0}_x(f)",
    "b": "{0} = f[0].get({0}_k, {0}_x)",
    "l": "{0} = f[{0}_k]",
    "u": "{0} = f[{0}_k]\nif {0} is UNBOUND: {0}_x(f)",
    "c": "{0} = f[{0}_k][0]\nif {0} is UNBOUND: {0}_x(f)",
    "e": "{0} = {0}_k(f)",
}


def _fetch(kind: str, name: str, indent: str) -> str:
    text = _FETCH[kind].format(name)
    if kind == "g":
        lines = text.split("\n")
        text = f"{lines[0]}\n {lines[1]}\n{lines[2]}\n {lines[3]}"
    return "".join(f"{indent}{line}\n" for line in text.split("\n"))


def _build(source: str, **names: Any) -> Any:
    space: dict[str, Any] = {
        "runtime": runtime,
        "machine": machine,
        "UNBOUND": UNBOUND,
        "Tensor": Tensor,
        "Function": Function,
        "Method": Method,
        "Builtin": Builtin,
        "FunctionType": FunctionType,
        "BuiltinType": BuiltinType,
        **names,
    }
    exec(compile(source, __file__, "exec"), space)
    return space["make"]


def _parameters(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}_k, {name}_x" for name in names)


def _site(inner: bool) -> str:
    return "f[1] + site" if inner else "site"


@cache
def _binary(op: str, left: str, right: str, inner: bool) -> Callable[..., Closure]:
    tested = "right" if left == "k" else "left"
    source = (
        f"def make({_parameters(('left', 'right'))}, site):\n"
        " def binary(f):\n"
        + _fetch(left, "left", "  ")
        + _fetch(right, "right", "  ")
        + f"  runtime.where = {_site(inner)}\n"
        f"  kind = type({tested})\n"
        f"  if kind is Tensor or kind is float: return left {op} right\n"
        "  return other(left, right)\n"
        " return binary\n"
    )
    made: Callable[..., Closure] = _build(source, other=BINARY[op])
    return made


def binary(op: str, left: Operand, right: Operand, site: int, inner: bool) -> Closure:
    """`left op right`."""
    if left.kind == "k" and (right.kind == "k" or type(left.value) not in _NUMBERS):
        left = Operand("e", _constant(left.value))
    make = _binary(op, left.kind, right.kind, inner)
    return make(left.value, left.fallback, right.value, right.fallback, site)


@cache
def _assignment(
    op: str, left: str, right: str, inner: bool, is_global: bool
) -> Callable[..., Closure]:
    tested = "right" if left == "k" else "left"
    source = (
        f"def make({_parameters(('left', 'right'))}, site, place, name):\n"
        " def assign(f):\n"
        + _fetch(left, "left", "  ")
        + _fetch(right, "right", "  ")
        + f"  runtime.where = {_site(inner)}\n"
        f"  kind = type({tested})\n"
        f"  if kind is Tensor or kind is float: result = left {op} right\n"
        "  else: result = other(left, right)\n"
        f"  f{'[0]' if is_global else ''}[place] = result\n"
        "  if type(result) is Tensor:\n"
        "   node = result.node\n"
        "   if node is not None and node.name is None: node.name = name\n"
        " return assign\n"
    )
    made: Callable[..., Closure] = _build(source, other=BINARY[op])
    return made


def assignment(
    op: str, left: Operand, right: Operand, site: int, inner: bool, slot: int | None, name: str
) -> Closure:
    """The statement `name = left op right`; without a slot the name is the module's."""
    if left.kind == "k" and (right.kind == "k" or type(left.value) not in _NUMBERS):
        left = Operand("e", _constant(left.value))
    make = _assignment(op, left.kind, right.kind, inner, slot is None)
    place = name if slot is None else slot
    return make(left.value, left.fallback, right.value, right.fallback, site, place, name)


_NUMBERS = (int, float, complex, bool)  # constants that a tensor takes as they are


def _constant(value: Any) -> Closure:
    return lambda f: value


@cache
def _comparison(op: str, left: str, right: str, inner: bool) -> Callable[..., Closure]:
    source = (
        f"def make({_parameters(('left', 'right'))}, site):\n"
        " def compare(f):\n"
        + _fetch(left, "left", "  ")
        + _fetch(right, "right", "  ")
        + f"  runtime.where = {_site(inner)}\n"
        "  if type(left) not in PLAIN:\n"
        "   steady = check_compare(left, right)\n"
        f"   if steady is not None: return {'left' if 'is' in op else 'steady'} {op} right\n"
        f"  return left {op} right\n"
        " return compare\n"
    )
    made: Callable[..., Closure] = _build(source, PLAIN=PLAIN, check_compare=check_compare)
    return made


def comparison(op: str, left: Operand, right: Operand, site: int, inner: bool) -> Closure:
    """`left op right` for one of `< <= > >= == != is`, `is not`."""
    make = _comparison(op, left.kind, right.kind, inner)
    return make(left.value, left.fallback, right.value, right.fallback, site)


@cache
def _call(function: str, args: str, inner: bool) -> Callable[..., Closure]:
    names = tuple(f"a{i}" for i in range(len(args)))
    given = ", ".join(names)
    frame = ", ".join(("function.globals", "base", "None", *names, "*function.tail"))
    source = (
        f"def make({_parameters(('function', *names))}, site):\n"
        " def call(f):\n"
        + _fetch(function, "function", "  ")
        + "".join(_fetch(kind, name, "  ") for kind, name in zip(args, names, strict=True))
        + f"  runtime.where = where = {_site(inner)}\n"
        "  kind = type(function)\n"
        f"  if kind is Function and function.simple == {len(args)}:\n"
        "   base = machine.known.get(where)\n"
        "   if base is None: base = machine.known[where] = machine.new_chain(where)\n"
        f"   result = function.run([{frame}])\n"
        "   runtime.where = where\n"
        "   return result\n"
        "  if kind is FunctionType or kind is BuiltinType or kind is Function:\n"
        f"   return function({given})\n"
        f"  if kind is Builtin: return function.call({given})\n"
        f"  return callable_value(function)({given})\n"
        " return call\n"
    )
    from gradcli.language.values.constructors import callable_value

    made: Callable[..., Closure] = _build(source, callable_value=callable_value)
    return made


def call(function: Operand, args: list[Operand], site: int, inner: bool) -> Closure:
    """`function(args)` with a few positional arguments."""
    make = _call(function.kind, "".join(a.kind for a in args), inner)
    flat: list[Any] = [function.value, function.fallback]
    for a in args:
        flat += (a.value, a.fallback)
    return make(*flat, site)


@cache
def _method(owner: str, args: str, inner: bool) -> Callable[..., Closure]:
    names = tuple(f"a{i}" for i in range(len(args)))
    given = ", ".join(names)
    frame = ", ".join(("function.globals", "base", "None", "owner", *names, "*function.tail"))
    source = (
        f"def make({_parameters(('owner', *names))}, load, attribute_site, site):\n"
        " def call(f):\n"
        + _fetch(owner, "owner", "  ")
        + f"  runtime.where = {_site(inner).replace('site', 'attribute_site')}\n"
        "  function = load(owner)\n"
        + "".join(_fetch(kind, name, "  ") for kind, name in zip(args, names, strict=True))
        + f"  runtime.where = where = {_site(inner)}\n"
        "  kind = type(function)\n"
        "  if kind is Method:\n"
        "   owner = function.__self__\n"
        "   function = function.__func__\n"
        f"   if type(function) is Function and function.simple == {len(args) + 1}:\n"
        "    base = machine.known.get(where)\n"
        "    if base is None: base = machine.known[where] = machine.new_chain(where)\n"
        f"    result = function.run([{frame}])\n"
        "    runtime.where = where\n"
        "    return result\n"
        f"   return function(owner, {given})\n"
        "  if kind is FunctionType or kind is BuiltinType or kind is Function:\n"
        f"   return function({given})\n"
        f"  return callable_value(function)({given})\n"
        " return call\n"
    )
    from gradcli.language.values.constructors import callable_value

    made: Callable[..., Closure] = _build(source, callable_value=callable_value)
    return made


def method(
    owner: Operand,
    load: Callable[[Any], Any],
    args: list[Operand],
    attribute_site: int,
    site: int,
    inner: bool,
) -> Closure:
    """`owner.name(args)` with a few positional arguments; `load` finds the attribute."""
    make = _method(owner.kind, "".join(a.kind for a in args), inner)
    flat: list[Any] = [owner.value, owner.fallback]
    for a in args:
        flat += (a.value, a.fallback)
    return make(*flat, load, attribute_site, site)


__all__ = ["Frame", "Operand", "assignment", "binary", "call", "comparison", "method"]
