"""The value of the expression that is being typed, where nothing can come of computing it.

Only operators and entries of the op table that are pure are run, on plain values of at most 10^4
elements: nothing is recorded, drawn, written, warned of, or called of the program's own. What
takes longer than can be waited for at the prompt is not shown, and where the work was the reason,
not other processes, nothing is tried again before the next input.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from gradcli.autograd.modes import no_grad
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Limits, Program
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.terminal import clean
from gradcli.language.values.text import text_repr
from gradcli.repl.names import lookup
from gradcli.repl.names.facts import shown_shortly
from gradcli.table.lookup import get_op
from gradcli.table.names import FUNCTIONS, OPERATIONS
from gradcli.tensor.notices import as_errors
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime
from gradcli.tensor.tensor import Size, Tensor, numel, shape_of
from gradcli.torch import namespaces

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

ELEMENTS = 10_000
LONGEST = 300  # characters of an expression
BYTES = 16 * ELEMENTS  # of one result, whatever its dtype
SECONDS = 0.04  # after which it is given up
STEPS = 2000
NUMBERS = (int, float, complex, bool)
CONSTANTS = {"pi", "e", "inf", "nan"}
ATTRIBUTES = {"shape", "T", "mT", "H", "mH", "dtype", "grad", "real", "imag", "ndim", "itemsize"}
ATTRIBUTES |= {"requires_grad", "is_leaf", "device", "nbytes"}
# Operators that may make of small numbers very large ones are left to Enter.
OPERATORS = {"+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "**"}


class Impure(Exception):
    """An expression that is left to Enter."""


class Live:
    """Computes previews for a session."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.limits = Limits(max_steps=STEPS, max_memory=BYTES, timeout=SECONDS, depth=10)
        self.slow = -1  # the number of the input in which something took too long

    def preview(self, text: str, room: int) -> str:
        """The value of an expression, or of what is assigned, in so many columns, or its shape.

        "" for no preview.
        """
        text = text.strip()
        if not text or len(text) > LONGEST or "\n" in text or self.slow == self.shell.number:
            return ""
        source = Source(text)
        started, worked = time.perf_counter(), time.thread_time()
        try:
            expression = _expression(source)
            Reader(self.shell).check(expression)
            try:
                value = self._value(source, expression)
            except LimitExceeded:  # what the process took meanwhile counts too, but not twice
                value = self._value(source, expression)
            shown = clean(_text(value, room))
        except (Impure, GradSyntaxError, ProgramError, LimitExceeded, Interrupted):
            shown = ""
        except (Warning, ArithmeticError, MemoryError, RecursionError, TypeError, ValueError):
            shown = ""
        if time.thread_time() - worked > SECONDS:
            self.slow = self.shell.number
        return shown if time.perf_counter() - started <= SECONDS else ""

    def _value(self, source: Source, expression: nodes.expr) -> Any:
        """Run it in the session with small limits, and forget that it was there."""
        session = self.shell.session
        mark = len(machine.sites)
        limits, session.limits = session.limits, self.limits
        before = runtime.where, runtime.max_bytes, runtime.baseline
        machine.session = None  # so that these limits are taken, and later the others again
        try:
            with no_grad(), as_errors():
                tree = nodes.Expression(expression, expression.span)
                return session.run(Program(source, tree, "interactive")).value
        finally:
            session.limits, machine.session = limits, None
            del machine.sites[mark:]
            runtime.where, runtime.max_bytes, runtime.baseline = before


def _expression(source: Source) -> nodes.expr:
    """The expression of a text, or what it assigns to a name. Raises GradSyntaxError, Impure."""
    body = parse(source).body
    if len(body) != 1:
        raise Impure
    statement = body[0]
    if isinstance(statement, nodes.Assign):
        if not all(isinstance(target, nodes.Name) for target in statement.targets):
            raise Impure
    elif not isinstance(statement, nodes.Expr):
        raise Impure
    found = statement.value
    if isinstance(found, nodes.Constant):
        raise Impure
    return found


class Reader:
    """Walks an expression and refuses what is not known to be pure."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def check(self, node: nodes.expr) -> None:
        """Raise Impure for what is left to Enter."""
        self._visit(node)

    def _visit(self, node: Any) -> None:
        if isinstance(node, nodes.Constant):
            if isinstance(node.value, str) and len(node.value) > 100:
                raise Impure
        elif isinstance(node, nodes.Name):
            self._name(node.id)
        elif isinstance(node, nodes.BinOp):
            self._operator(node.op)
            self._all(node.left, node.right)
        elif isinstance(node, nodes.Chain):
            for operator, operand, _ in node.rest:
                self._operator(operator)
                self._visit(operand)
            self._visit(node.first)
        elif isinstance(node, nodes.UnaryOp):
            self._visit(node.operand)
        elif isinstance(node, nodes.Compare):
            self._all(node.left, *node.comparators)
        elif isinstance(node, nodes.IfExp):
            self._all(node.test, node.body, node.orelse)
        elif isinstance(node, nodes.BoolOp):
            self._all(*node.values)
        elif isinstance(node, nodes.List | nodes.Tuple):
            self._all(*node.elts)
        elif isinstance(node, nodes.Slice):
            self._all(*(part for part in (node.lower, node.upper, node.step) if part is not None))
        elif isinstance(node, nodes.Subscript):
            self._all(node.value, node.slice)
        elif isinstance(node, nodes.Attribute):
            self._attribute(node)
        elif isinstance(node, nodes.Call):
            self._call(node)
        else:
            raise Impure

    def _all(self, *parts: Any) -> None:
        for part in parts:
            self._visit(part)

    def _operator(self, name: str) -> None:
        if name not in OPERATORS:
            raise Impure

    def _name(self, name: str) -> None:
        if name in self.shell.names:
            _check(self.shell.names[name], 0)
        elif name not in CONSTANTS and name not in namespaces.DTYPES:
            raise Impure

    def _attribute(self, node: nodes.Attribute) -> None:
        dotted = _dotted(node)
        if dotted and dotted.partition(".")[0] not in self.shell.variables():
            owner, _, last = dotted.rpartition(".")
            if owner == "math" and last in CONSTANTS:
                return
            if owner == "torch" and last in (*CONSTANTS, *namespaces.DTYPES):
                return
        if node.attr not in ATTRIBUTES:
            raise Impure
        self._visit(node.value)

    def _call(self, node: nodes.Call) -> None:
        dotted = _dotted(node.func)
        path = None
        if dotted and dotted not in self.shell.variables():
            path = lookup.path_of(self.shell, dotted)
        if path is not None and not path.startswith("Tensor."):
            if not _is_pure(path, len(node.args)):
                raise Impure
        elif isinstance(node.func, nodes.Attribute) and _is_pure(
            f"Tensor.{node.func.attr}", len(node.args) + 1
        ):
            self._visit(node.func.value)
        else:
            raise Impure
        self._all(*node.args)
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg in ("out", "inplace", "training"):
                raise Impure
            self._visit(keyword.value)


def _check(value: Any, depth: int) -> None:
    """Refuse a value that is not plain, or not small. Raises Impure."""
    kind = type(value)
    if kind is Tensor:
        if value.level is not None or numel(shape_of(value)) > ELEMENTS:
            raise Impure
    elif kind in (list, tuple, Size):
        if len(value) > 100 or depth > 3:
            raise Impure
        for item in value:
            _check(item, depth + 1)
    elif kind is int:
        if value.bit_length() > 64:
            raise Impure
    elif kind not in NUMBERS and value is not None:
        raise Impure


def _dotted(node: Any) -> str:
    """`torch.linalg.norm` for such an expression, "" for others."""
    words = []
    while isinstance(node, nodes.Attribute):
        words.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(words)]) if isinstance(node, nodes.Name) else ""


SPACES = {
    "torch": "torch",
    "Tensor": "Tensor",
    "torch.nn.functional": "F",
    "torch.linalg": "linalg",
    "torch.special": "special",
    "torch.fft": "fft",
}


def _is_pure(path: str, count: int) -> bool:
    """Whether all entries behind a name are pure when they are called with so many positional
    arguments, and loaded: loading takes its time."""
    owner, _, name = path.rpartition(".")
    space = SPACES.get(owner)
    if space is None:
        return False
    found = OPERATIONS.ids(space, name)
    if not found or FUNCTIONS.ids(space, name) or name.endswith("_"):
        return False
    for identifier in found:
        if f"gradcli.ops.{OPERATIONS.family(identifier)}" not in sys.modules:
            return False
        entry = get_op(identifier)
        if not entry.pure or any(p.name == "inplace" for p in entry.parameters[:count]):
            return False
    return True


def _text(value: Any, room: int) -> str:
    """A value, or its shape and dtype where the value takes more than the room."""
    if type(value) is Tensor:
        if numel(shape_of(value)) > ELEMENTS:
            raise Impure
        text = shown_shortly(value, room)
        return text if len(text) <= room else ""
    if callable(value) and type(value) is not Size:
        raise Impure
    text = text_repr(value)
    return text if "\n" not in text and len(text) <= room else ""
