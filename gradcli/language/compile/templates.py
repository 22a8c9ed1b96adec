"""Closures made from templates: one small function per operator and kinds of operands.

A closure that fetches its operands itself saves a call for each of them, and one that stores its
result itself another. There are too many combinations to write down, so the text of one is put
together from the pieces below when it is first needed. Nothing of a program's text gets into them:
names, constants and slots are arguments of the factory.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from gradcli.language.machine.sizes import PLAIN
from gradcli.language.machine.state import UNBOUND, machine
from gradcli.language.values.arithmetic import BINARY, check_compare, check_item
from gradcli.language.values.classes import BINDING
from gradcli.language.values.constructors import GENERICS, PLAIN_CLASSES, constructor
from gradcli.language.values.functions import Builtin, Closure, Frame, Function, Method
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

FunctionType = types.FunctionType
BuiltinType = types.BuiltinFunctionType


class Operand(NamedTuple):
    """How a closure gets a value: `kind`, its parameter, and what runs when there is none.

    Kinds: constant (k), global (g), global with a built-in behind it (b), local that always has
    a value (l), local (u), cell (c), any expression (e). `trees` knows two more, of operators (t)
    and attributes (a), which it writes out.
    """

    kind: str
    value: Any
    fallback: Any = None


class Ending(NamedTuple):
    """What a closure does with its result.

    Kinds: return it (r), leave it (n), assign it to a name of the module (g) or to a local (l);
    `place` is the name or the slot, `name` what a tensor's node is called.
    """

    kind: str
    place: Any = None
    name: str = ""


RETURNED = Ending("r")
LEFT = Ending("n")

_NAMED = (
    "  if type(result) is Tensor:\n"
    "   node = result.node\n"
    "   if node is not None and node.name is None: node.name = name\n"
)
ENDINGS = {
    "r": "  return result\n",
    "n": "",
    "g": "  f[0][place] = result\n" + _NAMED,
    "l": "  f[place] = result\n" + _NAMED,
}

# With the name of a variable, and those of an operand's value and of its fallback.
FETCH = {
    "k": "{0} = {1}",
    "g": "try:\n {0} = f[0][{1}]\nexcept KeyError:\n {0} = {2}(f)",
    "b": "{0} = f[0].get({1}, {2})",
    "l": "{0} = f[{1}]",
    "u": "{0} = f[{1}]\nif {0} is UNBOUND: {2}(f)",
    "c": "{0} = f[{1}][0]\nif {0} is UNBOUND: {2}(f)",
    "e": "{0} = {1}(f)",
}


def _fetch(kind: str, name: str) -> str:
    text = FETCH[kind].format(name, f"{name}_k", f"{name}_x")
    return "".join(f"  {line}\n" for line in text.split("\n"))


def _fetch_all(kinds: str, names: tuple[str, ...]) -> str:
    return "".join(_fetch(kind, name) for kind, name in zip(kinds, names, strict=True))


def build(source: str, **names: Any) -> Any:
    """The function `make` of a text."""
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
        "constructor": constructor,
        **names,
    }
    exec(compile(source, __file__, "exec"), space)
    return space["make"]


def _parameters(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}_k, {name}_x" for name in names)


def _flat(operands: list[Operand]) -> list[Any]:
    return [part for operand in operands for part in operand[1:]]


def _site(inner: bool) -> str:
    return "f[1] + site" if inner else "site"


LARGE = 1 << 256  # integers below it are computed without a look at the size of the result
OF_INTEGERS = frozenset("+-*%")


@cache
def _binary(op: str, left: str, right: str, inner: bool, ending: str) -> Callable[..., Closure]:
    tested = "right" if left == "k" else "left"
    integers = ""
    if op in OF_INTEGERS:
        integers = (
            "  elif type(left) is int and type(right) is int"
            " and -LARGE < left < LARGE and -LARGE < right < LARGE:"
            f" result = left {op} right\n"
        )
    source = (
        f"def make({_parameters(('left', 'right'))}, site, place, name):\n"
        " def binary(f):\n"
        + _fetch(left, "left")
        + _fetch(right, "right")
        + f"  runtime.where = {_site(inner)}\n"
        f"  kind = type({tested})\n"
        f"  if kind is Tensor or kind is float: result = left {op} right\n"
        + integers
        + "  else: result = other(left, right)\n"
        + ENDINGS[ending]
        + " return binary\n"
    )
    made: Callable[..., Closure] = build(source, other=BINARY[op], LARGE=LARGE)
    return made


def binary(
    op: str, left: Operand, right: Operand, site: int, inner: bool, ending: Ending = RETURNED
) -> Closure:
    """`left op right`."""
    left = settled_left(left, right)
    make = _binary(op, left.kind, right.kind, inner, ending.kind)
    return make(*_flat([left, right]), site, ending.place, ending.name)


def settled_left(left: Operand, right: Operand) -> Operand:
    """The left operand of an operator, which may be a constant where the right one decides."""
    if left.kind == "k" and (right.kind == "k" or type(left.value) not in _NUMBERS):
        return Operand("e", _constant(left.value))
    return left


_NUMBERS = (int, float, complex, bool)  # constants that a tensor takes as they are


def _constant(value: Any) -> Closure:
    return lambda f: value


@cache
def _comparison(op: str, left: str, right: str, inner: bool) -> Callable[..., Closure]:
    source = (
        f"def make({_parameters(('left', 'right'))}, site):\n"
        " def compare(f):\n"
        + _fetch(left, "left")
        + _fetch(right, "right")
        + f"  runtime.where = {_site(inner)}\n"
        "  if type(left) not in PLAIN:\n"
        "   steady = check_compare(left, right)\n"
        f"   if steady is not None: return {'left' if 'is' in op else 'steady'} {op} right\n"
        f"  return left {op} right\n"
        " return compare\n"
    )
    made: Callable[..., Closure] = build(source, PLAIN=PLAIN, check_compare=check_compare)
    return made


def comparison(op: str, left: Operand, right: Operand, site: int, inner: bool) -> Closure:
    """`left op right` for one of `< <= > >= == != is`, `is not`."""
    make = _comparison(op, left.kind, right.kind, inner)
    return make(*_flat([left, right]), site)


@cache
def _subscript(left: str, right: str, inner: bool, ending: str) -> Callable[..., Closure]:
    source = (
        f"def make({_parameters(('left', 'right'))}, site, place, name):\n"
        " def subscript(f):\n"
        + _fetch(left, "left")
        + _fetch(right, "right")
        + f"  runtime.where = {_site(inner)}\n"
        "  kind = type(left)\n"
        "  if kind is Tensor: result = left[right]\n"
        "  elif kind is type: result = generic(left, right)\n"
        "  else:\n"
        "   of = type(right)\n"
        "   if of is not int and of is not str: check_item(left, right)\n"
        "   result = left[right]\n" + ENDINGS[ending] + " return subscript\n"
    )
    made: Callable[..., Closure] = build(source, check_item=check_item, generic=generic)
    return made


def generic(kind: type, item: Any) -> Any:
    """`list[int]`: something for annotations."""
    if kind not in GENERICS:
        if kind in PLAIN_CLASSES:
            raise TypeError(f"{kind!r} is not a generic class")
        raise TypeError(f"type '{kind.__name__}' is not subscriptable")
    from gradcli.language.library.python.annotations import subscripted

    return subscripted(kind, item)


def subscript(
    left: Operand, right: Operand, site: int, inner: bool, ending: Ending = RETURNED
) -> Closure:
    """`left[right]`."""
    make = _subscript(left.kind, right.kind, inner, ending.kind)
    return make(*_flat([left, right]), site, ending.place, ending.name)


def _given(args: str, keywords: str) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
    """Names of arguments and of keywords, the text that collects these, and what a call is given.

    The names that keywords have in the program are `n0`, `n1` …, parameters of the factory.
    """
    names = tuple(f"a{i}" for i in range(len(args)))
    named = tuple(f"k{i}" for i in range(len(keywords)))
    given = list(names)
    collect = _fetch_all(args, names) + _fetch_all(keywords, named)
    if named:
        pairs = ", ".join(f"n{i}: k{i}" for i in range(len(named)))
        collect += f"  kwargs = {{{pairs}}}\n"
        given.append("**kwargs")
    return names, named, collect, ", ".join(given)


def _factory(names: tuple[str, ...], named: tuple[str, ...], more: str) -> str:
    keys = "".join(f"n{i}, " for i in range(len(named)))
    return f"def make({_parameters((*names, *named))}, {keys}{more}site, place, name):\n"


@cache
def _call(
    function: str, args: str, keywords: str, inner: bool, ending: str
) -> Callable[..., Closure]:
    names, named, collect, given = _given(args, keywords)
    frame = ", ".join(("function.globals", "base", "None", *names, "*function.tail"))
    simple = -2 if named else len(args)  # a call with keywords is none of these
    source = (
        _factory(("function", *names), named, "")
        + " def call(f):\n"
        + _fetch(function, "function")
        + collect
        + f"  runtime.where = where = {_site(inner)}\n"
        "  kind = type(function)\n"
        f"  if kind is Function and function.simple == {simple}:\n"
        "   base = machine.known.get(where)\n"
        "   if base is None: base = machine.known[where] = machine.new_chain(where)\n"
        f"   result = function.run([{frame}])\n"
        "   runtime.where = where\n"
        "  elif kind is FunctionType or kind is BuiltinType or kind is Function:\n"
        f"   result = function({given})\n"
        f"  elif kind is Builtin: result = function.call({given})\n"
        "  else:\n"
        "   if isinstance(function, type): function = constructor(function)\n"
        f"   result = function({given})\n" + ENDINGS[ending] + " return call\n"
    )
    made: Callable[..., Closure] = build(source)
    return made


Keywords = list[tuple[str, Operand]]


def call(
    function: Operand,
    args: list[Operand],
    keywords: Keywords,
    site: int,
    inner: bool,
    ending: Ending = RETURNED,
) -> Closure:
    """`function(args, name=…)` with a few arguments."""
    values = [value for _, value in keywords]
    make = _call(function.kind, _kinds(args), _kinds(values), inner, ending.kind)
    keys = [key for key, _ in keywords]
    return make(*_flat([function, *args, *values]), *keys, site, ending.place, ending.name)


def _kinds(operands: list[Operand]) -> str:
    return "".join(operand.kind for operand in operands)


# How a method is found: that of every tensor, a function of the owner's class, or another.
_WAYS = {"TENSOR": 1, "BOUND": 2, "OTHER": 3, "BINDING": BINDING}


@cache
def _method(
    owner: str, args: str, keywords: str, inner: bool, ending: str
) -> Callable[..., Closure]:
    names, named, collect, given = _given(args, keywords)
    frame = ", ".join(("function.globals", "base", "None", "owner", *names, "*function.tail"))
    simple = -2 if named else len(args) + 1
    source = (
        _factory(("owner", *names), named, "key, load, of_tensors, attribute_site, ")
        + " direct = None\n"
        " def call(f):\n"
        "  nonlocal direct\n" + _fetch(owner, "owner") + "  kind = type(owner)\n"
        "  if kind is Tensor and direct: way = TENSOR\n"
        "  else:\n"
        f"   runtime.where = {_site(inner).replace('site', 'attribute_site')}\n"
        "   if (\n"
        "    kind in BINDING\n"
        "    and type(function := kind.__members__.get(key)) is Function\n"
        "    and key not in owner.__dict__\n"
        "   ): way = BOUND\n"
        "   else:\n"
        "    way = OTHER\n"
        "    if kind is Tensor and direct is None: direct = of_tensors()\n"
        "    function = load(owner)\n" + collect + f"  runtime.where = where = {_site(inner)}\n"
        f"  if way is TENSOR: result = direct(owner, {given})\n"
        "  else:\n"
        "   if way is OTHER and type(function) is Method:\n"
        "    owner = function.__self__\n"
        "    function = function.__func__\n"
        "    way = BOUND\n"
        "   if way is BOUND:\n"
        f"    if type(function) is Function and function.simple == {simple}:\n"
        "     base = machine.known.get(where)\n"
        "     if base is None: base = machine.known[where] = machine.new_chain(where)\n"
        f"     result = function.run([{frame}])\n"
        "     runtime.where = where\n"
        f"    else: result = function(owner, {given})\n"
        "   else:\n"
        "    if isinstance(function, type): function = constructor(function)\n"
        f"    result = function({given})\n" + ENDINGS[ending] + " return call\n"
    )
    made: Callable[..., Closure] = build(source, **_WAYS)
    return made


def method(
    owner: Operand,
    key: str,
    load: Callable[[Any], Any],
    of_tensors: Callable[[], Any],
    args: list[Operand],
    keywords: Keywords,
    attribute_site: int,
    site: int,
    inner: bool,
    ending: Ending = RETURNED,
) -> Closure:
    """`owner.name(args, name=…)` with a few arguments.

    `load` finds the attribute `key`, `of_tensors` the function that is a method of this name of
    every tensor, or False.
    """
    values = [value for _, value in keywords]
    make = _method(owner.kind, _kinds(args), _kinds(values), inner, ending.kind)
    return make(
        *_flat([owner, *args, *values]),
        *[key for key, _ in keywords],
        key,
        load,
        of_tensors,
        attribute_site,
        site,
        ending.place,
        ending.name,
    )


__all__ = [
    "LEFT",
    "RETURNED",
    "Ending",
    "Frame",
    "Operand",
    "binary",
    "call",
    "comparison",
    "method",
    "subscript",
]
