"""The history of inputs, on disk: one JSON string a line.

Every input is added by one write at the end of the file, so sessions that run at the same time add
to one history and never harm each other's; each takes in what the others added. A line that is
damaged is skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable
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
        self.file = (0, 0)  # the file that was read: its inode, and the bytes read of it
        self.own = 0  # inputs that this session added behind them
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
        return _inputs(lines)[::-1]

    async def load(self) -> AsyncGenerator[str, None]:
        """The inputs of all sessions, the newest first."""
        self.refresh()
        for text in self._loaded_strings:
            yield text

    def refresh(self) -> list[str]:
        """Take in what was added to the file; what is new to this session, the oldest first.

        Costs one look at the size of the file where nothing was added.
        """
        if self.path is None:
            return []
        try:
            state = os.stat(self.path)
            inode, end = self.file
            if (state.st_ino, state.st_size) == self.file:
                return []
            whole = state.st_ino != inode or state.st_size < end
            added = _inputs(self._tail() if whole else self._since(end))
        except OSError:  # what reads or writes it next says why
            return []
        self._loaded = True
        self._loaded_strings[: None if whole else self.own] = added[::-1]
        self.file = (state.st_ino, state.st_size)
        new = [] if whole or self.own else added
        self.own = 0
        return new

    def _since(self, start: int) -> list[bytes]:
        assert self.path is not None
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(READ).split(b"\n")

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

    def append_string(self, string: str) -> None:
        """Add an input, unless it is blank."""
        if string.strip():
            super().append_string(string)

    def store_string(self, string: str) -> None:
        """Add an input to the file."""
        if self.path is None:
            return
        try:
            places.append(self.path, one_line(string) + "\n")
            self.own += 1
        except OSError as error:
            self._fail(error)


def _inputs(lines: list[bytes]) -> list[str]:
    found = []
    for line in lines:
        try:
            text = json.loads(line)
        except ValueError:
            continue
        if isinstance(text, str):
            found.append(text)
    return found
