"""Warnings, as a user reads them: once for each place of the program."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from gradcli.cli.usage.parse import Options
from gradcli.render import reports
from gradcli.render.colour import colour


def tell(line: str, options: Options) -> None:
    """One line on stderr: a notice, which is no error."""
    if options.errors == "json":
        from gradcli.io.text import one_line

        text = one_line({"warning": {"code": "warning", "message": line}})
    else:
        text = f"note: {line}"
    with suppress(OSError, ValueError):  # nobody reads messages
        sys.stderr.write(text + "\n")


def watch_warnings(options: Options) -> None:
    """Have Python's warnings, and those about changes behind a version counter, shown as ours."""
    said: set[str] = set()

    def show(diagnostic: Any) -> None:
        text = diagnostic.render(color=colour(options.color, sys.stderr))
        if text in said:
            return
        said.add(text)
        if options.errors == "json":
            from gradcli.io.text import one_line

            known = diagnostic.as_dict()
            known = {"code": "warning", "type": known.pop("code"), **known}
            if known["type"] == "warning":
                del known["type"]
            text = one_line({"warning": {k: v for k, v in known.items() if v is not None}})
        with suppress(OSError, ValueError):  # nobody reads messages
            sys.stderr.write(text + "\n")

    reports.watch_warnings(show)
