"""Diagnostics with source lines, as the terminal shows them."""

from __future__ import annotations

from typing import Any

from gradcli.language.diagnostics import Diagnostic, Label, from_syntax_error
from gradcli.language.source import Source


def draw(error: Any, source: Source) -> tuple[str, str]:
    """The whole text of a diagnostic, without and with colour."""
    diagnostic = diagnostic_of(error, source)
    return diagnostic.render(), diagnostic.render(color=True)


def diagnostic_of(error: Any, source: Source) -> Diagnostic:
    """The diagnostic of a syntax error, of what a program raised, or of a limit."""
    if hasattr(error, "at_end"):
        return from_syntax_error(error, source)
    if hasattr(error, "title"):
        labels = [Label(error.span, error.label, source=error.source)]
        labels += [Label(span, text, False, source=where) for where, span, text in error.labels]
        calls = dict.fromkeys((where, span, text) for where, span, text in error.callers)
        labels += [Label(span, text, False, source=where) for where, span, text in [*calls][:3]]
        return Diagnostic(error.title, source, labels, [error.help] if error.help else [])
    where, span = error.place
    title = f"{type(error).__name__}: {error}"
    help = f"the limit can be set with --{error.limit}" if hasattr(error, "limit") else ""
    return Diagnostic(title, where, [Label(span)], [help] if help else [])
