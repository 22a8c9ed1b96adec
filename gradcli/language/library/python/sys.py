"""The module `sys`: what programs ask of it that tells nothing about the machine's insides."""

from __future__ import annotations

import sys as host
from functools import cache
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module

from .collections import make_named_tuple
from .streams import STDERR, STDOUT


def _exit(status: Any = None, /) -> None:
    raise SystemExit(status)


def record_like(name: str, value: Any, fields: str) -> Any:
    """A named tuple of ours with chosen fields of a host's record, and the host's name for it."""
    return _record_kind(name, fields)(*[getattr(value, field) for field in fields.split()])


@cache
def _record_kind(name: str, fields: str) -> Any:
    kind = make_named_tuple("record", fields)
    kind.__name__ = kind.__qualname__ = name
    return kind


def _set_recursion_limit(limit: Any, /) -> None:
    """Accepted: how deep calls go is decided by a limit of the command."""
    if type(limit) is not int:
        raise TypeError(f"'{type(limit).__name__}' object cannot be interpreted as an integer")
    if limit < 1:
        raise ValueError("recursion limit must be greater or equal than 1")


def module() -> Module:
    """The module `sys`."""
    return Module(
        "sys",
        {
            "stdout": STDOUT,
            "stderr": STDERR,
            "argv": ["program"],
            "path": [""],
            "version": host.version,
            "version_info": record_like(
                "sys.version_info", host.version_info, "major minor micro releaselevel serial"
            ),
            "float_info": record_like(
                "sys.float_info",
                host.float_info,
                "max max_exp max_10_exp min min_exp min_10_exp dig mant_dig epsilon radix rounds",
            ),
            "platform": host.platform,
            "byteorder": host.byteorder,
            "maxsize": host.maxsize,
            "executable": "",
            "exit": _exit,
            "getdefaultencoding": lambda: "utf-8",
            "getrecursionlimit": lambda: machine.depth,
            "setrecursionlimit": _set_recursion_limit,
        },
    )
