"""A session as a program that runs, as Markdown or as a notebook: what `%save` writes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.language.interpreter import Program, compile_program
from gradcli.language.library.prelude import lazy_names, python
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.terminal import clean_printed

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
    text = _as_typed(statements, uses_outputs)
    if uses_outputs:
        text = f"Out = {{}}\n{text}"
    text = f"{text}\n" if text else ""
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


def _as_typed(statements: Sequence[Statement], names_outputs: bool = False) -> str:
    """The statements one below the other, with the comments and empty lines that stood there."""
    parts: list[str] = []
    source: Any = None
    end = 0  # where the last statement ends in its source
    for item in statements:
        place, start = (item.piece[1], item.piece[0].span.start) if item.piece else (None, 0)
        if place is not None and place is source:
            parts.append(_between(source.text[end:start]))
        else:
            if parts:
                parts.append(f"{_comment(source, end)}\n")
            if place is not None:
                parts.append(place.text[:start].lstrip("\n"))
        shown = item.shown if names_outputs else 0
        text = item.text
        parts.append(f"_ = _{shown} = {text}\nOut[{shown}] = _" if shown else text)
        source, end = place, item.piece[0].span.end if item.piece else 0
    return "".join([*parts, _comment(source, end)])


def _between(text: str) -> str:
    """What stands between two statements of one text: each begins a line of its own."""
    return _SEMICOLON.sub("", text) if "\n" in text else "\n"


def _comment(source: Any, end: int) -> str:
    """The comment behind a statement on its last line."""
    found = None if source is None else _COMMENT.match(source.text, end)
    return found[1] if found else ""


_SEMICOLON = re.compile(r"^[ \t]*;(?:[ \t]*(?=\n))?")
_COMMENT = re.compile(r"(?:[ \t]*;)?([ \t]*#[^\n]*)")


class Cell(NamedTuple):
    """One input that ran: its statements, and what they showed."""

    text: str
    shown: str


def grouped(statements: Sequence[Statement], shown: Mapping[int, str]) -> list[Cell]:
    """The statements by their inputs, with what those showed."""
    return [
        Cell(_as_typed(list(items)), clean_printed(shown.get(number, "")))
        for number, items in groupby(statements, lambda item: item.number)
    ]


def commented(cells: Sequence[Cell]) -> str:
    """A program with what each input showed in comments behind it."""
    parts = []
    for cell in cells:
        lines = cell.shown.rstrip("\n").split("\n") if cell.shown.strip() else []
        parts.append("\n".join([cell.text, *(f"# {line}".rstrip() for line in lines)]))
    return "\n".join(parts) + "\n"


def markdown(cells: Sequence[Cell]) -> str:
    """Blocks of code, each followed by a block of what it showed."""
    parts = []
    for cell in cells:
        parts.append(_fenced(cell.text, "python"))
        if cell.shown.strip():
            parts.append(_fenced(cell.shown, "text"))
    return "\n".join(parts)


def _fenced(text: str, language: str) -> str:
    """A block between fences that are longer than any row of backticks in it."""
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    text = text.rstrip("\n")
    return f"{fence}{language}\n{text}\n{fence}\n"


def notebook(cells: Sequence[Cell]) -> str:
    """A notebook of nbformat 4.5: one cell for an input, with what it showed as its output."""
    plain = compile_plainly("\n".join(cell.text for cell in cells))
    language = "python" if plain else "gradcli"
    kernel = ("python3", "Python 3") if plain else ("gradcli", "gradcli")
    found = []
    for number, cell in enumerate(cells, 1):
        output = {"output_type": "stream", "name": "stdout", "text": _lines(cell.shown)}
        found.append(
            {
                "cell_type": "code",
                "id": f"in-{number}",
                "execution_count": number,
                "metadata": {},
                "source": _lines(cell.text),
                "outputs": [output] if cell.shown.strip() else [],
            }
        )
    document = {
        "cells": found,
        "metadata": {
            "kernelspec": {"name": kernel[0], "display_name": kernel[1], "language": language},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def compile_plainly(text: str) -> bool:
    """Whether a text is a program of Python that imports torch itself, without the prelude."""
    try:
        compiled = compile_program(text, mode="auto")
    except GradSyntaxError:
        return False
    return compiled.uses_torch and not _uses_prelude(compiled)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


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
