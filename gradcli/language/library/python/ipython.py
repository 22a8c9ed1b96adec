"""The module `IPython.display`: what notebooks call; nothing is cleared here, and text is shown."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.text import text_repr


def _display(*objs: Any, **options: Any) -> None:
    for value in objs:
        machine.write(f"{text_repr(value)}\n")


def _clear_output(wait: Any = False) -> None:
    """Accepted: what was printed stays."""


def module() -> Module:
    """The module `IPython`, which has nothing but `display`."""
    display = Module("IPython.display", {"display": _display, "clear_output": _clear_output})
    return Module("IPython", {"display": display})
