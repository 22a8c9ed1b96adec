"""Chosen names of modules of the host, and functions of ours under their names."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from gradcli.language.values.functions import Builtin
from gradcli.language.values.iterators import lazy_kind
from gradcli.language.values.python_types import name_function


def take(host: Any, names: str) -> dict[str, Any]:
    """Chosen names of a host module."""
    return {name: vars(host)[name] for name in names.split()}


def as_host(host: Any, entries: dict[str, Any]) -> dict[str, Any]:
    """Functions of ours as what the host has under their names: a class or a built-in function."""
    made = {}
    for name, value in entries.items():
        theirs = vars(host)[name]
        if type(value) is FunctionType and not isinstance(theirs, FunctionType):
            name_function(value, name)
            kind = "class" if isinstance(theirs, type) else "function"
            value = Builtin(name, value, kind, host.__name__)
            if kind == "class":
                value.instances = (theirs, lazy_kind(name))
        made[name] = value
    return made
