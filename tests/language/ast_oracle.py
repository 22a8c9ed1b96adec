"""Python's own `ast` as what our trees are compared with."""

from __future__ import annotations

import ast
import re
from typing import Any

from gradcli.language.syntax import nodes

OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.MatMult: "@", ast.Div: "/", ast.Mod: "%",
    ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^",
    ast.BitAnd: "&", ast.FloorDiv: "//", ast.Invert: "~", ast.Not: "not", ast.UAdd: "+",
    ast.USub: "-", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
    ast.And: "and", ast.Or: "or",
}  # fmt: skip
IGNORED = {"ctx", "type_comment", "type_ignores", "kind", "is_async", "type_params"}


def as_lists(node: Any) -> Any:
    """Our tree as nested lists in the shape of `ast`: chains and `elif` unfolded."""
    if isinstance(node, nodes.Chain):
        value = as_lists(node.first)
        for op, operand, span in node.rest:
            value = [
                "BinOp",
                tuple(span),
                ("left", value),
                ("op", op),
                ("right", as_lists(operand)),
            ]
        return value
    if isinstance(node, nodes.If):
        orelse: Any = as_lists(node.orelse)
        for test, body in reversed(node.tests):
            fields = (("test", as_lists(test)), ("body", as_lists(body)), ("orelse", orelse))
            orelse = [["If", None, *fields]]
        orelse[0][1] = tuple(node.span)
        return orelse[0]
    if isinstance(node, nodes.Node):
        span = tuple(node.span)
        if isinstance(node, nodes.Module | nodes.Expression | nodes.arguments):
            span = None
        return [type(node).__name__, span, *((k, as_lists(v)) for k, v in node.fields())]
    if isinstance(node, tuple):
        return [as_lists(v) for v in node]
    if isinstance(node, float | complex):
        return repr(node)
    return node


class Oracle:
    """Converts `ast` nodes of one text to the same lists."""

    def __init__(self, text: str) -> None:
        self.starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]
        self.lines = [
            text[a:b].encode("utf-8", "surrogatepass")
            for a, b in zip(self.starts, [*self.starts[1:], None], strict=True)
        ]

    def offset(self, line: int, column: int) -> int:
        row = self.lines[line - 1]
        return self.starts[line - 1] + len(row[:column].decode("utf-8", "surrogatepass"))

    def convert(self, node: Any, in_fstring: bool = False, in_elif: bool = False) -> Any:
        """The positions inside f-strings are None: Python 3.11 does not know them. Nor does it
        end a format spec with an empty text, as 3.12 does after a field."""
        if isinstance(node, ast.AST):
            if type(node) in OPERATORS:
                return OPERATORS[type(node)]
            span = None
            if isinstance(getattr(node, "lineno", None), int) and not in_fstring and not in_elif:
                span = (
                    self.offset(node.lineno, node.col_offset),
                    self.offset(node.end_lineno, node.end_col_offset),
                )
            inside = in_fstring or isinstance(node, ast.JoinedStr)
            fields = []
            for name in node._fields:
                if name in IGNORED:
                    continue
                value = getattr(node, name)
                if isinstance(node, ast.JoinedStr):
                    value = [part for part in value if not _is_empty(part)]
                if isinstance(node, ast.If) and name == "orelse":
                    ladder = (
                        len(value) == 1 and isinstance(value[0], ast.If) and self.is_elif(value[0])
                    )
                    fields.append((name, [self.convert(v, inside, ladder) for v in value]))
                    continue
                if isinstance(node, ast.AnnAssign) and name == "simple":
                    value = bool(value)
                fields.append((name, self.convert(value, inside)))
            return [type(node).__name__, span, *fields]
        if isinstance(node, list):
            return [self.convert(v, in_fstring) for v in node]
        if isinstance(node, float | complex):
            return repr(node)
        return node

    def is_elif(self, node: ast.If) -> bool:
        line = self.lines[node.lineno - 1]
        return line[node.col_offset :].startswith(b"elif")


def _is_empty(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value == ""


def without_unknown_spans(ours: Any, theirs: Any) -> Any:
    """Our lists with None for each span that the other side does not know."""
    if (
        isinstance(ours, list)
        and isinstance(theirs, list)
        and len(ours) == len(theirs)
        and len(ours) >= 2
        and isinstance(ours[0], str)
        and ours[0] == theirs[0]
        and (theirs[1] is None or isinstance(theirs[1], tuple))
    ):
        span = None if theirs[1] is None else ours[1]
        return [ours[0], span, *map(without_unknown_spans, ours[2:], theirs[2:])]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [*map(without_unknown_spans, ours, theirs)]
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and len(ours) == len(theirs) == 2:
        return (ours[0], without_unknown_spans(ours[1], theirs[1]))
    return ours


def difference(ours: Any, theirs: Any, path: str = "") -> str | None:
    """Where two such lists differ first."""
    if type(ours) is not type(theirs):
        return f"{path}: {ours!r:.200} is not {theirs!r:.200}"
    if isinstance(ours, list | tuple):
        name = ours[0] if ours and isinstance(ours[0], str) else ""
        if len(ours) != len(theirs):
            return f"{path}: {ours!r:.300} has another length than {theirs!r:.300}"
        for index, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            found = difference(a, b, f"{path}/{name or index}")
            if found:
                return found
        return None
    return None if ours == theirs else f"{path}: {ours!r:.200} is not {theirs!r:.200}"


def compare(text: str, tree: nodes.Module | nodes.Expression) -> str | None:
    """None when our tree of a text is that of `ast`, else the first difference."""
    mode = "eval" if isinstance(tree, nodes.Expression) else "exec"
    theirs = Oracle(text).convert(ast.parse(text, mode=mode))
    return difference(without_unknown_spans(as_lists(tree), theirs), theirs)
