"""The module `gc`: memory is freed when nothing holds it; asking for it changes nothing."""

from __future__ import annotations

from typing import Any

from gradcli.language.values.attributes import Module


def _collect(generation: Any = 2) -> int:
    return 0


def module() -> Module:
    """The module `gc`."""
    return Module(
        "gc",
        {
            "collect": _collect,
            "enable": lambda: None,
            "disable": lambda: None,
            "isenabled": lambda: True,
            "freeze": lambda: None,
        },
    )
