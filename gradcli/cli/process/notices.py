"""Warnings, as a user reads them: once for each place of the program."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from gradcli.cli.usage.parse import Options
from gradcli.render import reports
from gradcli.render.colour import colour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

said: set[str] = set()  # the keys of what was said
outlet: Callable[[str, str], None] | None = None  # what takes notices where others show them


def say(key: str, text: str) -> None:
    """Show a text on stderr, unless one of its key was shown before."""
    if key in said:
        return
    said.add(key)
    if outlet is not None:
        outlet(key, text)
        return
    with suppress(OSError, ValueError):  # nobody reads messages
        sys.stderr.write(text + "\n")


def tell(line: str, options: Options) -> None:
    """One line on stderr: a notice, which is no error."""
    if options.quiet:
        return
    if options.errors == "json":
        from gradcli.io.text import one_line

        text = one_line({"warning": {"code": "warning", "message": line}})
    else:
        text = f"note: {line}"
    say(line, text)


def watch_warnings(options: Options) -> None:
    """Have Python's warnings, and those about changes behind a version counter, shown as ours."""

    def show(diagnostic: Any) -> None:
        text = key = diagnostic.render(color=colour(options.color, sys.stderr))
        if key in said:
            return
        if options.errors == "json":
            from gradcli.io.text import one_line

            known = diagnostic.as_dict()
            known = {"code": "warning", "type": known.pop("code"), **known}
            if known["type"] == "warning":
                del known["type"]
            text = one_line({"warning": {k: v for k, v in known.items() if v is not None}})
        say(key, text)

    reports.watch_warnings(show)
