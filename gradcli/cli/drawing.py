"""Diagnostics with source lines, as the terminal shows them."""

from __future__ import annotations

from typing import Any

from gradcli.language.source import Source


def draw(error: Any, source: Source) -> tuple[str, str]:
    """The whole text of a diagnostic, without and with colour."""
    title = getattr(error, "title", None) or f"SyntaxError: {getattr(error, 'message', error)}"
    span = getattr(error, "span", None)
    if span is None:
        place = getattr(error, "place", None)
        span = place[1] if place else (0, 0)
        title = str(error)
    line, column = source.position(span[0])
    text = source.line_text(line)
    margin = " " * len(str(line))
    end = max(span[1], span[0] + 1) - span[0]
    carets = "^" * max(1, min(end, len(text) - column + 1))
    lines = [
        f"error: {title}",
        f"{margin} --> {source.location(span[0])}",
        f"{margin} |",
        f"{line} | {text}",
        f"{margin} | {' ' * (column - 1)}{carets}",
    ]
    if getattr(error, "help", None):
        lines.append(f"{margin} = help: {error.help}")
    drawn = "\n".join(lines) + "\n"
    return drawn, drawn
