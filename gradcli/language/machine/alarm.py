"""An alarm that is set and put off again and again, and ends the process where nothing else can.

It is for a session, which has a time limit for each input: a program may hold the interpreter's
lock for minutes inside one call of the host, and no thread of Python's runs then. An alarm is two
timers of the operating system (POSIX, `timer_create` with SIGEV_THREAD): when one runs out, the C
library starts a thread that calls one C function with one argument, the first `fflush` of a
message, the second `_exit`. Setting and putting off are two system calls each, and no thread and
no file is made for them.

Note: where there is no ctypes, or no such timers (macOS), an alarm never rings.
"""

from __future__ import annotations

import os
import time
from typing import Any

from .watchdog import argument_of

MONOTONIC = 1  # CLOCK_MONOTONIC of Linux
THREAD = 2  # SIGEV_THREAD of Linux
READ = 0.02  # seconds between the message and the end


class Alarm:
    """Writes `text` to stderr and ends the process with `status`, `seconds` after it was set."""

    __slots__ = ("_left", "_program", "_set", "_timers", "seconds", "status")

    def __init__(self, seconds: float, text: str, status: int) -> None:
        self.seconds = seconds
        self.status = status
        self._set = False
        self._timers: list[tuple[Any, Any]] = []  # each with the time that it is set to
        try:
            self._make(text)
        except (ImportError, OSError, AttributeError):
            self._timers = []

    def _make(self, text: str) -> None:
        import ctypes
        import sys

        if sys.platform != "linux":
            return

        class Event(ctypes.Structure):
            """The C library's `struct sigevent`."""

            _fields_ = (
                ("value", ctypes.c_void_p),
                ("number", ctypes.c_int),
                ("kind", ctypes.c_int),
                ("function", ctypes.c_void_p),
                ("attributes", ctypes.c_void_p),
                ("rest", ctypes.c_char * 64),
            )

        class Times(ctypes.Structure):
            """The C library's `struct itimerspec`: of a period, and until the first end."""

            _fields_ = (
                ("period", ctypes.c_long * 2),
                ("left", ctypes.c_long * 2),
            )

        c: Any = ctypes.CDLL(None)
        if not hasattr(c, "timer_create"):  # before glibc 2.34
            c = ctypes.CDLL("librt.so.1")
        steps = (("write", text, 0.0), ("exit", self.status, READ))
        functions = {"write": c.fflush, "exit": c._exit}
        for name, argument, later in steps:
            event = Event(kind=THREAD)
            event.value = argument_of(ctypes, c, name, argument).value
            event.function = ctypes.cast(functions[name], ctypes.c_void_p).value
            timer = ctypes.c_void_p()
            if c.timer_create(MONOTONIC, ctypes.byref(event), ctypes.byref(timer)) != 0:
                raise OSError("no timer")
            whole, part = divmod(max(self.seconds + later, 1e-3), 1)
            span = (ctypes.c_long * 2)(int(whole), int(part * 1e9))
            self._timers.append((timer, Times(left=span)))
        never, left = Times(), Times()

        def program(timer: Any, span: Any) -> None:
            c.timer_settime(timer, 0, ctypes.byref(span or never), ctypes.byref(left))

        self._program = program
        self._left = left.left  # what a timer had left when it was programmed anew

    def set(self) -> None:
        """Ring after `seconds` from now on."""
        self.put_off()
        self._set = True
        for timer, span in self._timers:
            self._program(timer, span)

    def put_off(self) -> None:
        """Let the process live. Does not return when the alarm has rung already."""
        if not self._set:
            return
        self._set = False
        for timer, _ in self._timers:
            self._program(timer, None)
            if not any(self._left):
                time.sleep(READ)  # the message is being written
                os._exit(self.status)
