"""The module `string`: its constants; templates are written as f-strings."""

from __future__ import annotations

import string as host
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module

from .hosts import take

_CONSTANTS = """
ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation
whitespace
"""


def _capwords(s: Any, sep: Any = None) -> str:
    if not isinstance(s, str):
        raise TypeError(f"capwords() takes text, not {type(s).__name__}")
    machine.reserve(16 * len(s))
    made: str = host.capwords(s, sep)
    return made


def module() -> Module:
    """The module `string`."""
    return Module("string", {**take(host, _CONSTANTS), "capwords": _capwords})
