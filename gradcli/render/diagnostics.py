"""Diagnostics with source lines, as the terminal shows them."""

from __future__ import annotations

from typing import Any

from gradcli.language.errors.diagnostics import Diagnostic, Label, from_syntax_error
from gradcli.language.machine.state import machine
from gradcli.language.syntax.source import Source
from gradcli.tensor.runtime import runtime


def diagnostic_of(error: Any, source: Source) -> Diagnostic:
    """The diagnostic of a syntax error, of what a program raised, or of a limit."""
    if hasattr(error, "at_end"):
        return from_syntax_error(error, source)
    if hasattr(error, "title"):
        made: Diagnostic = error.diagnostic()
        return made
    place = getattr(error, "place", None)  # none when no program was running
    title = f"{type(error).__name__}: {error}"
    help = f"the limit can be set with --{error.limit}" if hasattr(error, "limit") else ""
    where, labels = (source, []) if place is None else (place[0], [Label(place[1])])
    return Diagnostic(title, where, labels, [help] if help else [])


def wrapped(diagnostic: Diagnostic, colour: bool, width: int) -> str:
    """The text of a diagnostic for a terminal of `width` columns; its sentences break at words."""
    width = max(width, 20)
    if "\n" in diagnostic.title or len(diagnostic.title) + _BESIDE > width:
        lines = diagnostic.title.rstrip().expandtabs(4).split("\n")
        parts = [part for line in lines for part in _broken(line.rstrip(), width - _BESIDE)]
        diagnostic.title = f"\n{' ' * 7}".join(parts)
    for texts in (diagnostic.help, diagnostic.notes):
        texts[:] = [
            "\n".join(part for line in text.split("\n") for part in _broken(line, width - _BEFORE))
            for text in texts
        ]
    return diagnostic.render(color=colour, columns=width)


_BESIDE = 9  # columns of `warning: `, the longest word before a title
_BEFORE = 14  # columns of `     = help: `, with the longest number of a line


def wrap(lines: list[str], width: int, indent: int = 4) -> list[str]:
    """Lines of words broken between them; further lines are indented more than the first."""
    import textwrap

    width = max(width, 20)
    found: list[str] = []
    for line in lines:
        if len(line) <= width:
            found.append(line)
            continue
        lead = " " * min(len(line) - len(line.lstrip(" ")) + indent, width // 2)
        found += textwrap.wrap(
            line,
            width,
            subsequent_indent=lead,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
    return found


def _broken(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    import textwrap

    found = textwrap.wrap(
        line,
        max(width, 10),
        subsequent_indent=" " * (len(line) - len(line.lstrip(" "))),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return found or [line]


def warning_of(category: type[Warning], message: Any) -> Diagnostic:
    """The diagnostic of a Python warning, at the place of the program that runs.

    A warning about a node has the provenance of the call that made it as `where`, and what to say
    of that call as `about`.
    """
    labels, source = _here()
    made = machine.locate(message.where) if hasattr(message, "where") else None
    if made:
        about = getattr(message, "about", "the forward call")
        labels.append(Label(made[1].span, about, False, source=made[0]))
    name = category.__name__
    return Diagnostic(f"{name}: {message}", source, labels, severity="warning", code=name)


def behind_of(node: Any, version: Any) -> Diagnostic:
    """The warning about a saved value that was changed behind its version counter."""
    labels, source = _here()
    for where, text in ((node.where, "saved here"), (version.writer, "changed here")):
        place = machine.locate(where)
        if place:
            labels.append(Label(place[1].span, text, False, source=place[0]))
    return Diagnostic(
        "a value that the gradient needs was changed through .data, so the gradient is that of the "
        "new value",
        source,
        labels,
        ["change it under torch.no_grad(), so that the change is seen"],
        severity="warning",
    )


def _here() -> tuple[list[Label], Source | None]:
    place = machine.locate(runtime.where)
    return ([Label(place[1].span)], place[0]) if place else ([], None)
