"""What a command asks of the process: streams, signals, time and memory.

Note: SIGINT only sets `runtime.stop`, which the interpreter and the engine look at between steps.
While the process waits for input (`waiting`) nothing is half done, and the handler raises at once.
Python's handlers do not run inside a long call of the host, but the signals' numbers arrive in a
pipe: a watchdog (`gradcli.language.machine.watchdog`) ends the process at the second one, and
another one when the time is over and nothing reacts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from . import report
from .limits import limit_help

GRACE = 0.5  # seconds between the end of the time and the end of the process
SECOND = 0.1  # seconds that a second Ctrl-C leaves to the handler


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
    from gradcli.language.machine.threads import start
    from gradcli.language.machine.watchdog import Watchdog

    message = f"the time limit of {seconds:g} s was reached"
    failure = report.Failure(
        report.LIMIT, message, type="LimitExceeded", help=limit_help("timeout")
    )
    start(_end_of_time, seconds, message)
    text = report.text(failure, form, coloured=False)
    Watchdog([("sleep", seconds + GRACE), ("write", text)], report.LIMIT)


def _end_of_time(seconds: float, message: str) -> None:
    import time

    time.sleep(seconds)
    runtime.stop = LimitExceeded(message, "timeout")
    time.sleep(GRACE / 2)
    if sys.stdout is not None:  # what was printed comes before the end, if it can
        sys.stdout.flush()
