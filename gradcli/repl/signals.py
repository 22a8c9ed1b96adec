"""Ctrl-C while something runs: the first asks it to stop, the second ends a kernel that does not.

Note: the handler only sets `runtime.stop`, which the interpreter and the engine look at between
steps. Python's handlers do not run while NumPy is inside a kernel, so a thread counts the signals:
when a second one comes and the first was not handled yet, the process ends with status 130. What
was typed is in the journal by then.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType, TracebackType

from gradcli.tensor.runtime import Interrupted, runtime

STATUS = 130


class Interrupts:
    """While it is entered, SIGINT stops what runs and nothing else."""

    def __init__(self) -> None:
        self.seen = 0
        self.handled = 0
        self.writer = -1
        self.old: object = None
        self.old_fd = -1

    def _start(self) -> None:
        import _thread

        reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        _thread.start_new_thread(self._watch, (reader,))

    def _watch(self, reader: int) -> None:
        import time

        while True:
            for number in os.read(reader, 64):
                if number != signal.SIGINT:
                    continue
                self.seen += 1
                if self.seen > 1:
                    time.sleep(0.1)
                    if self.handled == 0 and self.seen > 1:
                        sys.stdout.flush()
                        os._exit(STATUS)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.handled += 1
        runtime.stop = Interrupted()

    def __enter__(self) -> Interrupts:
        if self.writer < 0:
            self._start()
        runtime.stop = None
        self.seen = self.handled = 0
        self.old = signal.signal(signal.SIGINT, self._handle)
        self.old_fd = signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self.old_fd)
        signal.signal(signal.SIGINT, self.old)  # type: ignore[arg-type]
        self.seen = self.handled = 0
        runtime.stop = None
