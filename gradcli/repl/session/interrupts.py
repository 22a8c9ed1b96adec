"""Ctrl-C while something runs: the first asks it to stop, the second ends a kernel that does not.

Note: the handler only sets `runtime.stop`, which the interpreter and the engine look at between
steps. Python's handlers do not run inside a long call of the host, so a watchdog counts the signals
in a pipe: when a second one comes and the first was not handled yet, the process ends with status
130. What was typed is in the journal by then. Some long calls do run handlers: there the second
signal finds the first still waiting.
"""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType

from gradcli.language.machine.watchdog import Watchdog
from gradcli.tensor.runtime import Interrupted, runtime

STATUS = 130
SECOND = 0.1  # seconds that a second Ctrl-C leaves to the handler


class Interrupts:
    """While it is entered, SIGINT stops what runs and nothing else."""

    def __init__(self) -> None:
        self.watchdog: Watchdog | None = None
        self.writer = -1
        self.old: object = None
        self.old_fd = -1
        self.ends = False  # a second signal came while the first was waiting

    def _arm(self) -> None:
        """Have the second signal from now on end the process."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        steps = [("byte", reader), ("byte", reader), ("sleep", SECOND)]
        self.watchdog, self.writer = Watchdog(steps, STATUS, [(reader, writer)]), writer

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if type(runtime.stop) is Interrupted:
            self.ends = True
            os.write(self.writer, b"!")  # the watchdog's second
            return
        runtime.stop = Interrupted()
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Count from the beginning: the signals that came had their effect."""
        handled = self.watchdog
        if handled is not None and handled.cancel():
            self._arm()
            signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
            handled.release()
        self.ends = False

    def close(self) -> None:
        """Give back the pipes; they are made again when it is entered."""
        watchdog, self.watchdog = self.watchdog, None
        if watchdog is not None and watchdog.cancel():
            watchdog.release()

    def __enter__(self) -> Interrupts:
        if self.watchdog is None:
            self._arm()
        runtime.stop = None
        self.old = signal.signal(signal.SIGINT, self._handle)
        self.old_fd = signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.ends:
            self._begin_anew()
        signal.set_wakeup_fd(self.old_fd)
        signal.signal(signal.SIGINT, self.old)  # type: ignore[arg-type]
        runtime.stop = None
