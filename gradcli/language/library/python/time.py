"""The module `time`."""

from __future__ import annotations

import time as host
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module
from gradcli.tensor.runtime import LimitExceeded, runtime

from .hosts import take


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


def module() -> Module:
    """The module `time`."""
    entries = take(host, "time perf_counter monotonic process_time time_ns perf_counter_ns")
    return Module("time", {**entries, "sleep": _sleep})
