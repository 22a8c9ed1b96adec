"""Warnings, as a user reads them: once for each place of the program."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from typing import Any

from gradcli.cli.usage.parse import Options
from gradcli.render.colour import colour


def quiet() -> None:
    """Ignore the warnings that are about Python and NumPy, not about the program."""
    for category in (
        RuntimeWarning,
        DeprecationWarning,
        PendingDeprecationWarning,
        ResourceWarning,
    ):
        warnings.simplefilter("ignore", category)


def watch_warnings(options: Options) -> None:
    """Have Python's warnings, and those about changes behind a version counter, shown as ours."""
    from gradcli.autograd.node import warn_behind

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

    def warned(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        from gradcli.render.diagnostics import warning_of

        show(warning_of(category, message))

    def behind(node: Any, version: Any) -> None:
        from gradcli.render.diagnostics import behind_of

        show(behind_of(node, version))

    warnings.simplefilter("always")
    quiet()
    warnings.showwarning = warned
    warn_behind.append(behind)
