"""What a command asks of the process: streams, signals, time and memory.

Note: SIGINT only sets `runtime.stop`, which the interpreter and the engine look at between steps.
While the process waits for input (`waiting`) nothing is half done, and the handler raises at once.
Python's handlers do not run inside a long call of the host, but the signals' numbers arrive in a
pipe: a watchdog (`gradcli.language.machine.watchdog`) ends the process at the second one, and another one
when the time is over and nothing reacts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from gradcli.language.syntax.terminal import clean_printed
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from . import report

GRACE = 0.5  # seconds between the end of the time and the end of the process
SECOND = 0.1  # seconds that a second Ctrl-C leaves to the handler
WORKSPACE = 1 << 29  # bytes of a limit that has room for the workspace of linear algebra
STACK = 1 << 23  # bytes of a thread's stack

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def single_thread() -> None:
    """Have the linear algebra library start with one thread, unless the user said otherwise."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


def tune_collector() -> None:
    """Collect cycles rarely: graphs of a million nodes are no garbage, and have no cycles."""
    import gc

    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


class OutputLost(BaseException):
    """A standard stream cannot be written to; `error` says why. Programs cannot catch it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@cache
def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def write_output(text: str) -> None:
    """Write what a program prints to stdout. Raises OutputLost."""
    if _is_terminal(1):
        text = clean_printed(text)
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise OutputLost(error) from None


def write_messages(text: str) -> None:
    """Write what a program prints to stderr, while stdout carries JSON."""
    if _is_terminal(2):
        text = clean_printed(text)
    try:
        sys.stderr.write(text)
    except OSError as error:
        raise OutputLost(error) from None


class _Signals:
    __slots__ = ("reader", "waiting")

    def __init__(self) -> None:
        self.waiting = False
        self.reader = -1  # of the pipe in which signals' numbers arrive


_signals = _Signals()


def _interrupt(signum: int, frame: Any) -> None:
    if _signals.waiting:
        raise Interrupted
    if isinstance(runtime.stop, Interrupted):
        os._exit(report.INTERRUPTED)
    runtime.stop = Interrupted()


@contextmanager
def waiting() -> Iterator[None]:
    """For a block that waits for input and holds nothing half done: Ctrl-C ends it at once."""
    _signals.waiting = True
    try:
        runtime.check()
        yield
    finally:
        _signals.waiting = False


def watch_signals() -> None:
    """Install the handler of SIGINT. `watch_kernels` does the rest once NumPy is there."""
    import signal

    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            return  # started with nohup or in the background: it stays ignored
        signal.signal(signal.SIGINT, _interrupt)
    except ValueError:  # not in the main thread
        return
    _signals.reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)


def watch_kernels() -> None:
    """From now on a second Ctrl-C ends the process even inside one call of the host."""
    if _signals.reader >= 0:
        from gradcli.language.machine.watchdog import Watchdog

        steps = [("byte", _signals.reader), ("byte", _signals.reader), ("sleep", SECOND)]
        Watchdog(steps, report.INTERRUPTED)


def watch_time(seconds: float, form: str) -> None:
    """Stop the program after so many seconds, and end the process if that has no effect."""
    import _thread

    from gradcli.language.machine.watchdog import Watchdog

    message = f"the time limit of {seconds:g} s was reached"
    failure = report.Failure(
        report.LIMIT, message, type="LimitExceeded", help=limit_help("timeout")
    )
    _thread.start_new_thread(_end_of_time, (seconds, message))
    text = report.text(failure, form, coloured=False)
    Watchdog([("sleep", seconds + GRACE), ("write", text)], report.LIMIT)


def _end_of_time(seconds: float, message: str) -> None:
    import time

    time.sleep(seconds)
    runtime.stop = LimitExceeded(message, "timeout")
    time.sleep(GRACE / 2)
    if sys.stdout is not None:  # what was printed comes before the end, if it can
        sys.stdout.flush()


def limit_help(name: str) -> str:
    """What to do about a limit, named by its option."""
    return f"the limit can be set with --{name}"


def limit_memory(max_bytes: int | None) -> None:
    """Set the limit on live bytes, and the operating system's a fifth behind it.

    What the system counts is memory that can be written, touched or not: the stack of a thread
    comes on top, and the workspace of the linear algebra library, which cannot do without it, is
    allocated before.
    """
    if max_bytes is not None:
        runtime.max_bytes = max_bytes
    try:
        import resource

        import numpy as np

        if runtime.max_bytes < WORKSPACE:
            np.dot(np.ones((64, 64)), np.ones((64, 64)))
        with open("/proc/self/statm", "rb") as file:
            pages = [int(number) for number in file.read().split()]
        held, written = (resource.getpagesize() * pages[place] for place in (1, 5))
        if held > runtime.max_bytes:
            held = 0  # the process alone is over the limit, which then counts what comes on top
        size = written + runtime.max_bytes * 6 // 5 - held + STACK
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    except (ImportError, OSError, ValueError):  # no such limit on this system
        pass


def utf8_streams() -> None:
    """Standard streams in UTF-8 with LF, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # type: ignore[union-attr]
    if sys.stdin is not None:
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")  # type: ignore[union-attr]
