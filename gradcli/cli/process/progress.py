"""The line on a terminal that says how far a long command has come."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TextIO

    from gradcli.cli.usage.parse import Options
    from gradcli.io.source import Source

PATIENCE = 1.0  # seconds before a line appears
PAUSE = 0.2  # seconds between two of them


class Progress:
    """A line on stderr while there is work, when stderr is a terminal.

    It says how many records (`what`) are done, how many a second, and where it is known how much
    there is, how long it will take; or how far a search has come (`step`). Where `stdout` takes
    results, that is no terminal then.
    """

    def __init__(self, options: Options, what: str = "records", stdout: bool = True) -> None:
        self.what = what
        self.bytes = 0  # that were read
        self.total = 0  # bytes, or 0 where that is not known
        self.share: float | None = None  # that was read, where something else than bytes tells
        self.source: Source | None = None
        self.before = 0.0  # the share that is done, up to the group that is being evaluated
        self.begun = self.shown = time.monotonic()
        self.wanted = not options.quiet and _is_watched(stdout)
        self._live: Any = None
        self._stderr: Any = None

    def start(self, source: Source) -> None:
        """Find out how much there is to read."""
        import stat

        if self.wanted:
            status = os.fstat(source.descriptor)
            self.source = source
            self.total = status.st_size if stat.S_ISREG(status.st_mode) else 0

    def read(self) -> float:
        """The share that has been read, 0 where that is not known."""
        share = self.share if self.source is None else self.source.share
        if share is None:
            share = self.bytes / self.total if self.total else 0.0
        return min(share, 1.0)

    def show(self, records: int, read: float | None = None, part: float = 1.0) -> None:
        """Renew the line, a few times a second.

        `read` is the share that was read when the group came that is done, or a `part` of it.
        """
        if not self.wanted:
            return
        reached = self.read() if read is None else read
        share = self.before + part * (reached - self.before)
        if part == 1.0:
            self.before = reached
        self._renew(lambda seconds: self._line(records, share, seconds))

    def step(self, parts: Callable[[], list[str]]) -> None:
        """Renew the line of a search, which `parts` and the time since its start are."""
        if self.wanted:
            self._renew(lambda seconds: _joined([*parts(), _clock(seconds)]))

    def _renew(self, line: Callable[[float], Any]) -> None:
        """Show what `line` makes of the seconds that have passed, a few times a second."""
        now = time.monotonic()
        if now - self.shown < (PAUSE if self._live else PATIENCE):
            return
        self.shown = now
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            # What is written to stdout stays there, and messages are not wrapped.
            self._live = Live(
                console=Console(file=sys.stderr),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
            self._stderr = sys.stderr
            sys.stderr = _Above(self._stderr, self.close)
        self._live.update(line(now - self.begun), refresh=True)

    def _line(self, records: int, share: float, seconds: float) -> Any:
        from rich.columns import Columns
        from rich.progress_bar import ProgressBar

        rate = records / seconds
        parts = [f"{records:,} {self.what}", f"{rate:,.{int(rate < 10)}f} a second"]
        if not share:
            return _joined(parts)
        parts += [f"{100 * share:.0f} %", f"{_clock(seconds * (1 - share) / share)} left"]
        return Columns([ProgressBar(1.0, share, width=30), _joined(parts)])

    def close(self) -> None:
        """Take the line away."""
        if self._live is not None:
            sys.stderr = self._stderr
            self._live.stop()
            self._live = None


def _joined(parts: list[str]) -> Any:
    from rich.text import Text

    return Text(" · ".join(parts), no_wrap=True, overflow="ellipsis")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


class _Above:
    """Standard error while there is a line on it, which goes before a message is written."""

    def __init__(self, file: TextIO, clear: Callable[[], None]) -> None:
        self._file = file
        self._clear = clear

    def write(self, text: str) -> int:
        self._clear()
        return self._file.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _is_watched(stdout: bool) -> bool:
    """Whether a line on stderr is seen, and disturbs nothing on stdout."""
    if sys.stderr is None or not sys.stderr.isatty() or (stdout and sys.stdout.isatty()):
        return False
    return os.environ.get("TERM") != "dumb"
