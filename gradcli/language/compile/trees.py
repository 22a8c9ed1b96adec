"""Expressions of operators and attributes as one closure, where a loop or a function runs them.

The text of such a closure is written for its expression, and compiled once for all that have the
same form. Nothing of a program's text gets into it: names, constants, slots, sites and functions
are arguments of the factory. Operands stand in `left` and `right`, owners in `owner`, when their
operator or attribute is at work, as in the closures of single operators: diagnostics read them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from gradcli.language.values.arithmetic import BINARY, augmented
from gradcli.language.values.functions import Closure

from .templates import (
    ENDINGS,
    FETCH,
    LARGE,
    OF_INTEGERS,
    RETURNED,
    Ending,
    Operand,
    build,
    settled_left,
)


class Tree(NamedTuple):
    """What an operand of kind `t` is: `left op right`, made at a site."""

    op: str
    left: Operand
    right: Operand
    site: int


class Field(NamedTuple):
    """What an operand of kind `a` is: an attribute, read by `load` at a site."""

    owner: Operand
    load: Callable[[Any], Any]
    site: int


class _Text:
    """The lines of a closure that is being written, and what its factory is given."""

    def __init__(self, inner: bool) -> None:
        self.inner = inner
        self.lines: list[str] = []
        self.given: list[Any] = []
        self.kept = 0

    def argument(self, value: Any) -> str:
        """The name under which the closure knows a value."""
        self.given.append(value)
        return f"p{len(self.given) - 1}"

    def add(self, *lines: str) -> None:
        self.lines += lines

    def place(self, site: int) -> None:
        """Say where the program is."""
        name = self.argument(site)
        self.add(f"runtime.where = f[1] + {name}" if self.inner else f"runtime.where = {name}")

    def fetch(self, operand: Operand, target: str) -> None:
        """Put the value of an operand into a variable."""
        if operand.kind == "t":
            self.tree(operand.value, target)
        elif operand.kind == "a":
            field: Field = operand.value
            self.fetch(field.owner, "owner")
            self.place(field.site)
            self.add(f"{target} = {self.argument(field.load)}(owner)")
        else:
            value, fallback = self.argument(operand.value), self.argument(operand.fallback)
            self.add(*FETCH[operand.kind].format(target, value, fallback).split("\n"))

    def pair(self, left: Operand, right: Operand, site: int) -> None:
        """Put two operands into `left` and `right`, in this order."""
        self.fetch(left, "left")
        if right.kind == "t":
            self.kept += 1
            keep = f"x{self.kept}"
            self.add(f"{keep} = left")
            self.fetch(right, "right")
            self.add(f"left = {keep}")
        else:
            self.fetch(right, "right")
        self.place(site)

    def tree(self, tree: Tree, target: str) -> None:
        """Put the value of an operator into a variable."""
        op, left, right, site = tree
        left = settled_left(left, right)
        self.pair(left, right, site)
        self.add(
            f"kind = type({'right' if left.kind == 'k' else 'left'})",
            f"if kind is Tensor or kind is float: {target} = left {op} right",
        )
        if op in OF_INTEGERS:
            self.add(
                "elif type(left) is int and type(right) is int"
                f" and -LARGE < left < LARGE and -LARGE < right < LARGE: {target} = left {op} right"
            )
        self.add(f"else: {target} = {self.argument(BINARY[op])}(left, right)")

    def closure(self, ending: Ending) -> Closure:
        """The closure of the lines, which left their value in `result`."""
        names = ", ".join(f"p{at}" for at in range(len(self.given)))
        body = "".join(f"  {line}\n" for line in self.lines) + ENDINGS[ending.kind]
        make = _factory(f"def make({names}, place, name):\n def run(f):\n{body} return run\n")
        made: Closure = make(*self.given, ending.place, ending.name)
        return made


@lru_cache(4096)
def _factory(source: str) -> Callable[..., Closure]:
    made: Callable[..., Closure] = build(source, LARGE=LARGE)
    return made


def expression(operand: Operand, inner: bool, ending: Ending = RETURNED) -> Closure:
    """The value of an operand of any kind."""
    text = _Text(inner)
    text.fetch(operand, "result")
    return text.closure(ending)


def sign(op: str, operand: Operand, site: int, inner: bool, ending: Ending = RETURNED) -> Closure:
    """`op operand` for one of `- + ~`."""
    text = _Text(inner)
    text.fetch(operand, "left")
    text.place(site)
    text.add(f"result = {op} left")
    return text.closure(ending)


def augmented_name(
    op: str, left: Operand, right: Operand, site: int, inner: bool, ending: Ending
) -> Closure:
    """The statement `name op= right`, where `left` reads the name and `ending` assigns to it."""
    text = _Text(inner)
    text.pair(left, right, site)
    text.add(
        "kind = type(left)",
        "if kind is Tensor:",
        " result = left",
        f" result {op}= right",
        f"elif kind is float and type(right) is float: result = left {op} right",
        f"else: result = {text.argument(augmented(op))}(left, right)",
    )
    return text.closure(ending)
