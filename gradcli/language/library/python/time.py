"""The module `time`."""

from __future__ import annotations

import time as host
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module
from gradcli.tensor.runtime import LimitExceeded, runtime

from .collections import make_named_tuple
from .hosts import take

_FIELDS = "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst"
_DIRECTIVES = frozenset("aAbBcdHIjmMpSUwWxXyYzZfeDFTRnthCGguVklPsr%")


def _sleep(seconds: Any, /) -> None:
    if type(seconds) not in (int, float):
        if not hasattr(type(seconds), "__index__") and not hasattr(type(seconds), "__float__"):
            raise TypeError(
                f"'{type(seconds).__name__}' object cannot be interpreted as an integer"
            )
        seconds = float(seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if seconds > 1e9:
        raise OverflowError("timestamp too large to convert to C PyTime_t")
    end = host.monotonic() + seconds
    while True:
        if runtime.stop is not None:
            runtime.check()
        now = host.monotonic()
        if machine.deadline is not None and now > machine.deadline:
            raise LimitExceeded(f"stopped after {machine.timeout:g} seconds", "timeout")
        if now >= end:
            return
        host.sleep(min(0.02, end - now))


def formatted(template: Any, render: Any) -> str:
    """A template of `strftime`, whose directives are one letter each: none has a width.

    `render(directive)` gives the text of one.
    """
    if not isinstance(template, str):
        raise TypeError(f"strftime() argument 1 must be str, not {type(template).__name__}")
    count = template.count("%") + 1
    machine.reserve(192 * count + 8 * len(template))
    machine.spend(count)
    parts = template.split("%")
    made = [parts[0]]
    at = 1
    while at < len(parts):
        part = parts[at]
        if not part:  # "%%"
            rest = parts[at + 1] if at + 1 < len(parts) else ""
            made.append(f"%{rest}")
            at += 2
            continue
        if part[0] not in _DIRECTIVES:
            raise ValueError("Invalid format string")
        made.append(f"{render(f'%{part[0]}')}{part[1:]}")
        at += 1
    return "".join(made)


def _moment(value: Any) -> host.struct_time:
    """A record of ours as the host's."""
    if not isinstance(value, tuple) or len(value) != 9:
        raise TypeError("Tuple or struct_time argument required")
    if not all(type(part) is int and abs(part) < 1 << 31 for part in value):
        raise TypeError("an integer is required")
    return host.struct_time(value)


def module() -> Module:
    """The module `time`."""
    kind = make_named_tuple("struct_time", _FIELDS)
    kind.__name__ = kind.__qualname__ = "time.struct_time"
    kind.__module__ = "time"

    def record(function: Any) -> Any:
        def call(seconds: Any = None, /) -> Any:
            given = () if seconds is None else (float(seconds),)
            return kind(*function(*given))

        return call

    def strftime(format: Any, t: Any = None, /) -> str:
        moment = host.localtime() if t is None else _moment(t)
        return formatted(format, lambda directive: host.strftime(directive, moment))

    def asctime(t: Any = None, /) -> str:
        return host.asctime(host.localtime() if t is None else _moment(t))

    def ctime(seconds: Any = None, /) -> str:
        return host.ctime(None if seconds is None else float(seconds))

    entries = take(
        host,
        "time perf_counter monotonic process_time time_ns perf_counter_ns monotonic_ns "
        "process_time_ns",
    )
    entries |= {
        "asctime": asctime,
        "ctime": ctime,
        "gmtime": record(host.gmtime),
        "localtime": record(host.localtime),
        "mktime": lambda t, /: host.mktime(_moment(t)),
        "sleep": _sleep,
        "strftime": strftime,
        "struct_time": kind,
    }
    return Module("time", entries)
