"""Looks at the clock and at the memory while a program runs, and sets `runtime.stop`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gradcli.tensor.runtime import LimitExceeded, runtime

from .threads import start

if TYPE_CHECKING:
    from .alarm import Alarm

TICK = 0.02  # seconds between two looks


class Watch:
    """One thread that serves all runs; it rests when nothing runs. `watch` is the only instance.

    `alarm` ends the process when a run does not react; a session has one.
    """

    __slots__ = (
        "alarm",
        "deadline",
        "depth",
        "has_thread",
        "limit",
        "running",
        "runs",
        "timeout",
        "wake",
    )

    def __init__(self) -> None:
        self.alarm: Alarm | None = None
        self.deadline: float | None = None
        self.limit: LimitExceeded | None = None  # the last reason to stop that was given
        self.depth = 0  # of runs inside of runs
        self.running = False
        self.runs = 0
        self.has_thread = False
        self.wake: Any = None
        self.timeout = 0.0

    def start(self, timeout: float | None) -> None:
        """A run begins."""
        if self.limit is not None and runtime.stop is self.limit:
            runtime.stop = None
        self.deadline = None
        if timeout is not None:
            self.timeout = timeout
            self.deadline = time.monotonic() + timeout
            if self.alarm is not None:
                self.alarm.set()
        self.runs += 1
        self.depth += 1
        self.running = True
        if not self.has_thread:
            import threading

            self.wake = threading.Event()
            self.has_thread = True
            start(self._look)
        elif not self.wake.is_set():
            self.wake.set()

    def stop(self) -> None:
        """The run is over."""
        self.depth -= 1
        if self.depth > 0:
            return
        self.running = False
        if self.alarm is not None:
            self.alarm.put_off()
        if self.limit is not None and runtime.stop is self.limit:
            runtime.stop = None

    def _look(self) -> None:
        seen = 0
        while True:
            time.sleep(TICK)
            if not self.running:
                if seen == self.runs:  # nothing ran since the last look
                    self.wake.clear()
                    if not self.running:
                        self.wake.wait()
                seen = self.runs
                continue
            deadline = self.deadline
            if deadline is not None and time.monotonic() > deadline:
                self._give(
                    LimitExceeded(f"stopped after {self.timeout:g} seconds", "timeout"), deadline
                )
            elif runtime.used() > runtime.max_bytes:
                self._give(runtime.too_much_memory(), deadline)

    def _give(self, limit: LimitExceeded, deadline: float | None) -> None:
        if self.running and self.deadline == deadline and runtime.stop is None:
            self.limit = limit
            runtime.stop = limit


watch = Watch()
