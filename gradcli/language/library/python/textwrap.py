"""The module `textwrap`: text in lines of a width."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.constructors import callable_value


def _checked(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"text is a str, not {type(text).__name__}")
    machine.reserve(16 * len(text))
    machine.spend(len(text) >> 3)
    return text


def _dedent(text: Any) -> str:
    lines = _checked(text).split("\n")
    margin: str | None = None
    for line in counted(lines):
        if not line.strip():
            continue
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if margin is None:
            margin = indent
            continue
        at = 0
        while at < min(len(margin), len(indent)) and margin[at] == indent[at]:
            at += 1
        margin = margin[:at]
    cut = len(margin or "")
    return "\n".join([line[cut:] if line.strip(" \t") else "" for line in lines])


def _indent(text: Any, prefix: Any, predicate: Any = None) -> str:
    lines = _checked(text).splitlines(True)
    machine.reserve(4 * len(lines) * len(prefix))
    wanted = str.strip if predicate is None else callable_value(predicate)
    return "".join([prefix + line if wanted(line) else line for line in counted(lines)])


def _pieces(text: str) -> list[str]:
    """Words, cut behind hyphens between letters."""
    found = []
    for word in text.split():
        parts = word.split("-")
        piece = parts[0]
        for before, part in pairwise(parts):
            piece += "-"
            if before[-2:].isalpha() and len(before) > 1 and part[:2].isalpha() and len(part) > 1:
                found.append(piece)
                piece = ""
            piece += part
        found.append(f"{piece} ")
    return found


def _wrap(
    text: Any, width: Any = 70, *, initial_indent: Any = "", subsequent_indent: Any = "", **_: Any
) -> list[str]:
    width = index_of(width)
    if width <= 0:
        raise ValueError(f"invalid width {width!r} (must be > 0)")
    lines: list[str] = []
    line: list[str] = []
    length = 0

    def end(full: bool = False) -> None:
        nonlocal length
        whole = "".join(line)
        indent = subsequent_indent if lines else initial_indent
        machine.reserve(4 * (len(indent) + length) + 64)
        lines.append(indent + (whole if full else whole.rstrip()))
        line.clear()
        length = 0

    for piece in counted(_pieces(_checked(text))):
        while True:
            room = max(width - len(subsequent_indent if lines else initial_indent), 1)
            if length + len(piece.rstrip()) <= room:
                line.append(piece)
                length += len(piece)
                break
            full = False
            if len(piece.rstrip()) > width:  # too long for any line: it is cut where this one ends
                free = max(room - length, 0) if line else room
                full = free == 0 and length == room
                line.append(piece[:free])
                piece = piece[free:]
            machine.spend(1 + (len(piece) >> 3))
            end(full)  # Python keeps a space that fills a line before such a word
    if line and "".join(line).strip():
        end()
    return lines


def _fill(text: Any, width: Any = 70, **options: Any) -> str:
    return "\n".join(_wrap(text, width, **options))


def _shorten(text: Any, width: Any, *, placeholder: Any = " [...]", **_: Any) -> str:
    words = _checked(text).split()
    whole = " ".join(words)
    width = index_of(width)
    if len(whole) <= width:
        return whole
    if len(placeholder.lstrip()) > width:
        raise ValueError("placeholder too large for max width")
    kept: list[str] = []
    length = -1
    for word in counted(words):
        if length + 1 + len(word) + len(placeholder) > width:
            break
        kept.append(word)
        length += 1 + len(word)
    made: str = " ".join(kept) + placeholder if kept else placeholder.lstrip()
    return made


def module() -> Module:
    """The module `textwrap`."""
    return Module(
        "textwrap",
        {
            "dedent": _dedent,
            "indent": _indent,
            "wrap": _wrap,
            "fill": _fill,
            "shorten": _shorten,
        },
    )
