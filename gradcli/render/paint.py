"""Colours of what is shown: the kind of a text says which parts of it stand out.

A text keeps its characters; colours only repeat what the words say. rich makes the colours, and is
imported for texts that have something to colour.
"""

from __future__ import annotations

import os
import re
from functools import cache
from itertools import pairwise

Rule = tuple[re.Pattern[str], str]

_NONFINITE = (re.compile(r"(?<![\w.'\"])-?(?:nan|inf)(?![\w.'\"(])j?"), "nonfinite")
_FREED = (re.compile(r"  (freed(?:, kept)?)(?=  |$)", re.M), "warning")
_NODE = (re.compile(r"\b[A-Z]\w*Backward\w*"), "node")
_SHAPE = (re.compile(r"(?<=  )\[[\d, ]*\]"), "dim")
_LINES = (re.compile(r"^[ │├└─|`-]*[├└│|`]─?[─-]? ", re.M), "dim")

# What stands out in a text of each kind; where two overlap, the first stands.
KINDS: dict[str, tuple[Rule, ...]] = {
    "value": ((re.compile(r"grad_fn=<\w+>"), "dim"), _NONFINITE),
    "explanation": (
        (re.compile(r"^(?:in all|start|summary)\b", re.M), "title"),
        (re.compile(r"^\s*\d+(?=  )", re.M), "title"),
        (re.compile(r"In\[\d+\]:\d+(?::\d+)?"), "dim"),
        _NODE,
        (re.compile(r"\bNone\b"), "warning"),
        _NONFINITE,
    ),
    "graph": (
        _FREED,
        (re.compile(r"\|g\| (not finite)"), "nonfinite"),
        (re.compile(r"  (leaf)  "), "name"),
        (re.compile(r"\(line \d+\)|…?\d+ more nodes?$", re.M), "dim"),
        _NODE,
        _SHAPE,
        _LINES,
    ),
    "changed": ((re.compile(r".+"), "changed"),),
    "help": (
        (re.compile(r"^[%\w.]+(?=\(|\s|$)", re.M), "title"),
        (re.compile(r"^    (?:>>>|\.\.\.|In \[\d+\]:)", re.M), "dim"),
        (re.compile(r"(?<= )%\w+"), "name"),
        (re.compile(r"(?<=    )d/d\w+"), "name"),
        _NODE,
        _NONFINITE,
    ),
}

# The colours of the terminal's own palette are legible on light and on dark backgrounds.
_AUTO = {
    "nonfinite": "bold red",
    "dim": "dim",
    "node": "cyan",
    "name": "bold",
    "title": "bold",
    "warning": "yellow",
    "changed": "bold yellow",
    "keyword": "magenta",
    "builtin": "cyan",
    "number": "green",
    "string": "yellow",
    "comment": "bright_black italic",
}
_DARK = {
    **_AUTO,
    "nonfinite": "bold color(203)",
    "dim": "color(245)",
    "node": "color(111)",
    "warning": "color(215)",
    "changed": "bold color(221)",
    "keyword": "color(176)",
    "builtin": "color(111)",
    "number": "color(209)",
    "string": "color(150)",
    "comment": "color(245) italic",
}
_LIGHT = {
    **_AUTO,
    "nonfinite": "bold color(160)",
    "dim": "color(243)",
    "node": "color(25)",
    "warning": "color(130)",
    "changed": "bold color(130)",
    "keyword": "color(91)",
    "builtin": "color(25)",
    "number": "color(94)",
    "string": "color(22)",
    "comment": "color(243) italic",
}
STYLES = {"auto": _AUTO, "dark": _DARK, "light": _LIGHT}


def resolve(theme: str) -> str:
    """The theme to use: "auto" looks at what the terminal says about its background."""
    if theme == "auto":
        background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
        if background.isdigit():
            return "light" if background in ("7", "15") else "dark"
    return theme


def style_of(name: str, theme: str) -> str:
    """A style as rich reads it."""
    return STYLES.get(resolve(theme), _AUTO)[name]


def painted(text: str, kind: str, theme: str) -> str:
    """A text with the colours of its kind: a key of KINDS, or "source" for programs.

    Other kinds, such as formats for machines, have none.
    """
    spans = _tokens(text) if kind == "source" else _matches(text, KINDS.get(kind, ()))
    if not spans:
        return text
    return "".join(_coloured(text[a:b], name, resolve(theme)) for a, b, name in spans)


def _matches(text: str, rules: tuple[Rule, ...]) -> list[tuple[int, int, str]]:
    """The whole text in pieces with the names of their styles; none where nothing stands out."""
    found: list[tuple[int, int, str]] = []
    for pattern, name in rules:
        group = 1 if pattern.groups else 0
        found += [(*match.span(group), name) for match in pattern.finditer(text)]
    if not found:
        return []
    order = {name: place for place, (_, name) in enumerate(rules)}
    found.sort(key=lambda item: (item[0], order[item[2]]))
    return _filled(text, found)


def _tokens(text: str) -> list[tuple[int, int, str]]:
    """A program in its tokens."""
    from gradcli.language.library.prelude import calculator
    from gradcli.language.syntax.unfinished import tokens

    found = []
    for kind, (start, end) in tokens(text):
        if kind == "name" and text[start:end] in calculator():
            found.append((start, end, "builtin"))
        elif kind in ("keyword", "number", "string", "comment"):
            found.append((start, end, kind))
    return _filled(text, found)


def _filled(text: str, found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans without those that begin inside of an earlier one, and what lies between them."""
    kept = [(0, 0, "")]
    for start, end, name in found:
        if start >= kept[-1][1]:
            kept.append((start, end, name))
    kept.append((len(text), len(text), ""))
    filled = []
    for before, after in pairwise(kept):
        filled += [(before[1], after[0], ""), after]
    return [span for span in filled if span[0] < span[1]]


def _coloured(text: str, name: str, theme: str) -> str:
    if not name:
        return text
    from rich.color import ColorSystem

    return str(_style(name, theme).render(text, color_system=ColorSystem.EIGHT_BIT))


@cache
def _style(name: str, theme: str):  # type: ignore[no-untyped-def]
    from rich.style import Style

    return Style.parse(STYLES.get(theme, _AUTO)[name])
