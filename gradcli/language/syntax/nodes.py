"""The syntax tree: Python 3.11's `ast`, node for node and field for field, except for what follows.

- Every node has a `span`, its last field: the offsets of its text. Parentheses around an
  expression do not belong to it, but they do to the node that it is an operand of: `(a) + b`
  starts at the parenthesis.
- Sequences are tuples. Nothing has a `ctx` or a `type_comment`. Nodes are not changed after they
  were made, compare by identity, and can be keys of a dict.
- Operators are plain strings, as they are written: `"+"`, `"**"`, `"@"`, `"//"`, `"<<"`, `"and"`,
  `"not"`, `"not in"`, `"is not"`; `AugAssign.op` is `"+"` for `+=`.
- Nothing that a long program makes long is deep. A run of left-associative operators of one
  precedence (`a - b + c`) is one `Chain`; a single one is a `BinOp`. `**`, which associates to the
  right, is always a `BinOp`. `BoolOp` and `Compare` have all their operands, as in `ast`.
- `If` holds all its branches: `tests` are the pairs (condition, body) of `if` and each `elif`.
- Chains of `.name`, `[…]` and `(…)` are nested as in `ast`, without a limit to their length: walk
  them with `spine`, which does not recurse. Every other nesting is bounded by the parser
  (`parser.NESTING`), so that a visitor of this tree may recurse everywhere else.
- `name_span`, `attr_span` and `arg_span`, next to the span, are the spans of the name in a node
  whose own span is larger.
- The names in the tree are normalised (NFKC), as Python does it.

Positional order of the fields is their order below; they are also in `__match_args__`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, ClassVar, dataclass_transform

    from .source import Span
else:

    def dataclass_transform(**_: object):
        return lambda cls: cls


@dataclass_transform(frozen_default=True)
class _Record(type):
    """Makes a class with slots and an `__init__` from annotations.

    What `dataclass(frozen=True, slots=True)` means to a type checker; at run time `dataclasses`
    would take 30 ms for these classes, this takes 2, and an instance is made in a third of the
    time because it is frozen for the type checker only.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _Record:
        own = tuple(k for k in namespace.get("__annotations__", ()) if not k.startswith("_"))
        namespace["__slots__"] = own
        if own:
            namespace["__match_args__"] = namespace["_fields"] = own
            lines = [f"def __init__(self, {', '.join(own)}):"]
            lines += [f" self.{field} = {field}" for field in own]
            exec("\n".join(lines), namespace)  # only the names of fields written below
            namespace.pop("__builtins__", None)
        return super().__new__(mcs, name, bases, namespace)


class Node(metaclass=_Record):
    """Anything in the tree."""

    if TYPE_CHECKING:
        _fields: ClassVar[tuple[str, ...]]

        @property
        def span(self) -> Span: ...

    def fields(self) -> Iterator[tuple[str, Any]]:
        """Names and values of the fields, the spans excepted."""
        for name in self._fields:
            if "span" not in name:
                yield name, getattr(self, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.span[0]}:{self.span[1]}>"


class stmt(Node):
    """A statement."""


class expr(Node):
    """An expression."""


class Module(Node):
    body: tuple[stmt, ...]
    span: Span


class Expression(Node):
    body: expr
    span: Span


# Statements


class Expr(stmt):
    value: expr
    span: Span


class Assign(stmt):
    targets: tuple[expr, ...]
    value: expr
    span: Span


class AugAssign(stmt):
    target: expr
    op: str
    value: expr
    span: Span


class AnnAssign(stmt):
    """`simple` is true for a bare name: one without parentheses."""

    target: expr
    annotation: expr
    value: expr | None
    simple: bool
    span: Span


class For(stmt):
    target: expr
    iter: expr
    body: tuple[stmt, ...]
    orelse: tuple[stmt, ...]
    span: Span


class While(stmt):
    test: expr
    body: tuple[stmt, ...]
    orelse: tuple[stmt, ...]
    span: Span


class If(stmt):
    """`if` and its `elif`s as pairs of condition and body, and the `else`."""

    tests: tuple[tuple[expr, tuple[stmt, ...]], ...]
    orelse: tuple[stmt, ...]
    span: Span


class withitem(Node):
    context_expr: expr
    optional_vars: expr | None
    span: Span


class With(stmt):
    items: tuple[withitem, ...]
    body: tuple[stmt, ...]
    span: Span


class ExceptHandler(Node):
    type: expr | None
    name: str | None
    body: tuple[stmt, ...]
    name_span: Span | None
    span: Span


class Try(stmt):
    body: tuple[stmt, ...]
    handlers: tuple[ExceptHandler, ...]
    orelse: tuple[stmt, ...]
    finalbody: tuple[stmt, ...]
    span: Span


class Raise(stmt):
    exc: expr | None
    cause: expr | None
    span: Span


class Assert(stmt):
    test: expr
    msg: expr | None
    span: Span


class Delete(stmt):
    targets: tuple[expr, ...]
    span: Span


class Global(stmt):
    """`name_spans` are the spans of `names`, one for each."""

    names: tuple[str, ...]
    name_spans: tuple[Span, ...]
    span: Span


class Nonlocal(stmt):
    """`name_spans` are the spans of `names`, one for each."""

    names: tuple[str, ...]
    name_spans: tuple[Span, ...]
    span: Span


class alias(Node):
    """One imported name; `name` is dotted in `import a.b`, and `*` in `from a import *`."""

    name: str
    asname: str | None
    span: Span


class Import(stmt):
    names: tuple[alias, ...]
    span: Span


class ImportFrom(stmt):
    module: str | None
    names: tuple[alias, ...]
    level: int
    name_span: Span | None
    span: Span


class arg(Node):
    arg: str
    annotation: expr | None
    span: Span


class arguments(Node):
    """Parameters; `defaults` belong to the last of `posonlyargs + args`, `kw_defaults` to
    `kwonlyargs`.
    """

    posonlyargs: tuple[arg, ...]
    args: tuple[arg, ...]
    vararg: arg | None
    kwonlyargs: tuple[arg, ...]
    kw_defaults: tuple[expr | None, ...]
    kwarg: arg | None
    defaults: tuple[expr, ...]
    span: Span


class FunctionDef(stmt):
    """The span starts at `def`; the decorators stand before it."""

    name: str
    args: arguments
    body: tuple[stmt, ...]
    decorator_list: tuple[expr, ...]
    returns: expr | None
    name_span: Span
    span: Span


class keyword(Node):
    """`arg=value`, or `**value` with `arg` None."""

    arg: str | None
    value: expr
    arg_span: Span
    span: Span


class ClassDef(stmt):
    """The span starts at `class`; the decorators stand before it."""

    name: str
    bases: tuple[expr, ...]
    keywords: tuple[keyword, ...]
    body: tuple[stmt, ...]
    decorator_list: tuple[expr, ...]
    name_span: Span
    span: Span


class Return(stmt):
    value: expr | None
    span: Span


class Pass(stmt):
    span: Span


class Break(stmt):
    span: Span


class Continue(stmt):
    span: Span


# Expressions


class Name(expr):
    id: str
    span: Span


class Constant(expr):
    """A number, a string, True, False, None or Ellipsis. Strings side by side are one constant."""

    value: int | float | complex | str | bool | ellipsis | None  # noqa: F821
    span: Span


class Chain(expr):
    """`first op operand op operand …`, applied from left to right; two operators or more.

    Each of `rest` is (operator, operand, span of the expression up to and with this operand): the
    span that the nested `BinOp` of Python's `ast` has.
    """

    first: expr
    rest: tuple[tuple[str, expr, Span], ...]
    span: Span


class BinOp(expr):
    left: expr
    op: str
    right: expr
    span: Span


class BoolOp(expr):
    op: str
    values: tuple[expr, ...]
    span: Span


class UnaryOp(expr):
    op: str
    operand: expr
    span: Span


class Compare(expr):
    left: expr
    ops: tuple[str, ...]
    comparators: tuple[expr, ...]
    span: Span


class NamedExpr(expr):
    target: Name
    value: expr
    span: Span


class Lambda(expr):
    args: arguments
    body: expr
    span: Span


class IfExp(expr):
    test: expr
    body: expr
    orelse: expr
    span: Span


class Call(expr):
    func: expr
    args: tuple[expr, ...]
    keywords: tuple[keyword, ...]
    span: Span


class Attribute(expr):
    value: expr
    attr: str
    attr_span: Span
    span: Span


class Slice(expr):
    lower: expr | None
    upper: expr | None
    step: expr | None
    span: Span


class Subscript(expr):
    value: expr
    slice: expr
    span: Span


class Starred(expr):
    value: expr
    span: Span


class List(expr):
    elts: tuple[expr, ...]
    span: Span


class Tuple(expr):
    elts: tuple[expr, ...]
    span: Span


class Set(expr):
    elts: tuple[expr, ...]
    span: Span


class Dict(expr):
    """A key that is None stands for `**value`."""

    keys: tuple[expr | None, ...]
    values: tuple[expr, ...]
    span: Span


class comprehension(Node):
    target: expr
    iter: expr
    ifs: tuple[expr, ...]
    span: Span


class ListComp(expr):
    elt: expr
    generators: tuple[comprehension, ...]
    span: Span


class SetComp(expr):
    elt: expr
    generators: tuple[comprehension, ...]
    span: Span


class Yield(expr):
    value: expr | None
    span: Span


class YieldFrom(expr):
    value: expr
    span: Span


class GeneratorExp(expr):
    elt: expr
    generators: tuple[comprehension, ...]
    span: Span


class DictComp(expr):
    key: expr
    value: expr
    generators: tuple[comprehension, ...]
    span: Span


class JoinedStr(expr):
    """An f-string: `values` are string `Constant`s and `FormattedValue`s."""

    values: tuple[expr, ...]
    span: Span


class FormattedValue(expr):
    """`{value!r:spec}`. `conversion` is -1, or the code of `s`, `r` or `a`."""

    value: expr
    conversion: int
    format_spec: JoinedStr | None
    span: Span


def spine(node: expr) -> tuple[expr, list[Attribute | Subscript | Call]]:
    """An expression as what it starts from and the links that follow, first one first.

    `x.a[0](1)` is `x` and the nodes of `.a`, `[0]` and `(1)`; other nodes have no links.
    """
    links: list[Attribute | Subscript | Call] = []
    while True:
        if isinstance(node, Attribute | Subscript):
            links.append(node)
            node = node.value
        elif isinstance(node, Call):
            links.append(node)
            node = node.func
        else:
            links.reverse()
            return node, links


def dump(node: object, indent: str = "") -> str:
    """A tree as indented text, for tests and for looking at it."""
    if isinstance(node, Node):
        head = type(node).__name__
        inner = indent + "  "
        lines = [f"\n{inner}{name}={dump(value, inner)}" for name, value in node.fields()]
        return head + "".join(lines)
    if isinstance(node, tuple):
        inner = indent + "  "
        return "".join(f"\n{inner}- {dump(value, inner)}" for value in node) or "()"
    return repr(node)
