"""What a command asks of the process: streams, signals, time and memory.

Note: SIGINT only sets `runtime.stop`, which the interpreter and the engine look at between steps.
While the process waits for input (`waiting`) nothing is half done, and the handler raises at once.
A thread sees signals that arrive while NumPy is inside a long kernel: the second one ends the
process. Another one ends it when the time is over and nothing reacts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from . import report

GRACE = 0.5  # seconds between the end of the time and the end of the process

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


def write_output(text: str) -> None:
    """Write what a program prints to stdout. Raises OutputLost."""
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise OutputLost(error) from None


def write_messages(text: str) -> None:
    """Write what a program prints to stderr, while stdout carries JSON."""
    try:
        sys.stderr.write(text)
    except OSError as error:
        raise OutputLost(error) from None


class _Signals:
    __slots__ = ("handled", "waiting")

    def __init__(self) -> None:
        self.waiting = False
        self.handled = 0


_signals = _Signals()


def _interrupt(signum: int, frame: Any) -> None:
    _signals.handled += 1
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
    """Install the handler of SIGINT, and the thread that sees it inside long kernels."""
    import _thread
    import signal

    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            return  # started with nohup or in the background: it stays ignored
        signal.signal(signal.SIGINT, _interrupt)
    except ValueError:  # not in the main thread
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    _thread.start_new_thread(_second_interrupt, (reader, int(signal.SIGINT)))


def _second_interrupt(reader: int, number: int) -> None:
    import time

    seen = 0
    while True:
        for signum in os.read(reader, 64):
            if signum != number:
                continue
            seen += 1
            if seen > 1:
                time.sleep(0.1)
                if _signals.handled < seen - 1:
                    os._exit(report.INTERRUPTED)


def watch_time(seconds: float, form: str) -> None:
    """Stop the program after so many seconds, and end the process if that has no effect."""
    import _thread

    _thread.start_new_thread(_end_of_time, (seconds, form))


def _end_of_time(seconds: float, form: str) -> None:
    import time

    time.sleep(seconds)
    message = f"the time limit of {seconds:g} s was reached"
    stop = LimitExceeded(message, "timeout")
    runtime.stop = stop
    time.sleep(GRACE)
    failure = report.Failure(
        report.LIMIT, message, type="LimitExceeded", help=limit_help("timeout")
    )
    report.show(failure, form, "never")
    os._exit(report.LIMIT)


def limit_help(name: str) -> str:
    """What to do about a limit, named by its option."""
    return f"the limit can be set with --{name}"


def limit_memory(max_bytes: int | None) -> None:
    """Set the limit on live bytes, and the operating system's somewhat behind it."""
    if max_bytes is not None:
        runtime.max_bytes = max_bytes
    try:
        import resource

        with open("/proc/self/statm", "rb") as file:
            pages = int(file.read().split()[0])
        size = pages * resource.getpagesize() + runtime.max_bytes + (512 << 20)
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    except (ImportError, OSError, ValueError):  # no such limit on this system
        pass


def utf8_streams() -> None:
    """Standard streams in UTF-8 with LF, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # type: ignore[union-attr]
    if sys.stdin is not None:
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")  # type: ignore[union-attr]
