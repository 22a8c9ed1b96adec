"""The history of inputs, on disk: one JSON string a line.

Every input is added by one write at the end of the file, so sessions that run at the same time add
to one history and never harm each other's. A line that is damaged is skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from prompt_toolkit.history import History

from gradcli.io.text import one_line

from . import places

LARGEST = 4 << 20  # bytes; a longer file is cut to its newer half
READ = 2 << 20  # bytes that are read of it


class FileHistory(History):
    """Inputs of this session and of earlier ones; `warn` is told once when the disk fails."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__()
        self.warn = warn
        self.path: Path | None = None
        try:
            self.path = places.state_directory() / "history"
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.path = None
        self.warn(f"the history is not saved: {places.reason(error)}")

    def load_history_strings(self) -> Iterable[str]:
        """The inputs on disk, the newest first."""
        if self.path is None:
            return []
        try:
            lines = self._tail()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._fail(error)
            return []
        found = []
        for line in reversed(lines):
            try:
                text = json.loads(line)
            except ValueError:
                continue
            if isinstance(text, str):
                found.append(text)
        return found

    def _tail(self) -> list[bytes]:
        assert self.path is not None
        with open(self.path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - READ))
            lines = file.read(min(size, READ)).split(b"\n")
        if size > READ:
            del lines[0]
        if size > LARGEST:
            self._shorten(lines)
        return lines

    def _shorten(self, lines: list[bytes]) -> None:
        """Put the newer lines in place of the file, unless another session does that now."""
        import fcntl

        assert self.path is not None
        with open(self.path, "r+b") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return
            file.seek(0, os.SEEK_END)
            if file.tell() <= LARGEST:
                return
            temporary = self.path.with_name(f"history.{os.getpid()}")
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(handle, "wb") as shorter:
                shorter.write(b"\n".join(lines))
            os.replace(temporary, self.path)

    def store_string(self, string: str) -> None:
        """Add an input to the file."""
        if self.path is None or not string.strip():
            return
        try:
            places.append(self.path, one_line(string) + "\n")
        except OSError as error:
            self._fail(error)
