"""Errors and warnings as the REPL shows them: with the lines of the input they are about."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from gradcli.language.errors.diagnostics import Diagnostic
from gradcli.language.syntax.source import Source
from gradcli.render.diagnostics import behind_of, diagnostic_of, warning_of


def error_text(error: BaseException, source: Source, colour: bool, width: int) -> str:
    """The diagnostic of anything that ended an input."""
    return rendered(diagnostic_of(error, source), colour, width)


def rendered(diagnostic: Diagnostic, colour: bool, width: int) -> str:
    """The text of a diagnostic for a terminal; its title is broken between words."""
    import textwrap

    width = max(width, 20)
    if len(diagnostic.title) + 9 > width:
        lines = textwrap.wrap(
            diagnostic.title, width - 9, break_long_words=False, break_on_hyphens=False
        )
        diagnostic.title = "\n       ".join(lines)
    return diagnostic.render(color=colour, line_width=width)


def plain_error(message: str, help: str, colour: bool) -> str:
    """An error that has no place in an input."""
    return Diagnostic(message, help=[help] if help else []).render(color=colour)


def note(message: str, colour: bool) -> str:
    """A warning of the REPL itself."""
    return Diagnostic(message, severity="warning").render(color=colour)


def watch_warnings(show: Callable[[Diagnostic], None]) -> None:
    """Have Python's warnings, and those about changes behind a version counter, shown as ours."""
    from gradcli.autograd.node import warn_behind

    def shown(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        show(warning_of(category, message))

    warnings.simplefilter("always")
    warnings.simplefilter("ignore", RuntimeWarning)
    for category in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    warnings.showwarning = shown
    warn_behind[:] = [lambda node, version: show(behind_of(node, version))]
