"""A session as a program that runs: what `%save` writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gradcli.language.interpreter import Program, compile_program
from gradcli.language.library.prelude import lazy_names, python
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source

if TYPE_CHECKING:
    from .statement import Statement

_OUTPUT = re.compile(r"\b(?:_\d*|Out)\b")


def program(statements: Sequence[Statement]) -> str:
    """The statements as one program.

    One that imports torch and uses Python's names only stays a Python program. Otherwise the
    imports of torch become assignments, because a script with the prelude must not import torch.
    Outputs that are used again (`_`, `_3`, `Out[3]`) get their names.
    """
    uses_outputs = any(_OUTPUT.search(item.text) for item in statements)
    lines = []
    for item in statements:
        text = item.text
        if item.shown and uses_outputs:
            text = f"_ = _{item.shown} = {text}\nOut[{item.shown}] = _"
        lines.append(text)
    if uses_outputs:
        lines.insert(0, "Out = {}")
    text = "\n".join(lines) + "\n" if lines else ""
    try:
        compiled = compile_program(text, mode="auto")
    except GradSyntaxError:
        return text
    if not compiled.uses_torch:
        return _with_names(text, compiled)
    if not _uses_prelude(compiled):
        return text
    text = _without_imports(text)
    try:
        return _with_names(text, compile_program(text, mode="calculator"))
    except GradSyntaxError:
        return text


def _uses_prelude(compiled: Program) -> bool:
    known = python()
    assigned = {*compiled.assigned}
    prelude = lazy_names()
    return any(
        name not in assigned and name in prelude and name not in known
        for scope in compiled.scope.walk()
        for name in scope.uses
    )


def _with_names(text: str, compiled: Program) -> str:
    """A prelude function that is used as a value is bound to its name first."""
    found = []
    for name in compiled.shadowed:
        kind, target = lazy_names()[name]
        if kind != "ours":
            found.append(f"{name} = {'torch' if kind == 'shared' else kind}.{target}\n")
    return "".join(found) + text


def _without_imports(text: str) -> str:
    source = Source(text)
    tree = parse(source)
    replaced = []
    for node in tree.body:
        if isinstance(node, nodes.Import | nodes.ImportFrom):
            line = _assignments(node)
            if line is not None:
                replaced.append((node.span, line))
    for span, line in reversed(replaced):
        text = text[: span.start] + (line or "pass") + text[span.end :]
    lines = text.split("\n")
    return "\n".join(line for line in lines if line != "pass")


def _assignments(node: Any) -> str | None:
    """An import of torch as assignments, "" when the prelude has the name, None for others."""
    found = []
    if isinstance(node, nodes.ImportFrom):
        module = node.module or ""
        if module.partition(".")[0] != "torch":
            return None
        found += [f"{alias.asname or alias.name} = {module}.{alias.name}" for alias in node.names]
    else:
        for alias in node.names:
            if alias.name.partition(".")[0] != "torch":
                return None
            if alias.asname is not None and alias.asname != alias.name:
                found.append(f"{alias.asname} = {alias.name}")
    return "; ".join(found)
