"""The module `numbers`: kinds of numbers to ask `isinstance` about."""

from __future__ import annotations

import numbers as host
from typing import Any

from gradcli.language.values.attributes import Module
from gradcli.language.values.functions import Builtin


def module() -> Module:
    """The module `numbers`."""
    entries: dict[str, Any] = {}
    for name in ("Number", "Complex", "Real", "Rational", "Integral"):

        def refuse(*args: Any, name: str = name) -> Any:
            raise TypeError(f"Can't instantiate abstract class {name}")

        entries[name] = Builtin(name, refuse, "class", "numbers")
        entries[name].instances = vars(host)[name]
    return Module("numbers", entries)
