"""The journal of a session: what was typed is on disk before it runs.

One file a session, of mode 0600, one JSON array a line: `["in", text]` before an input runs, and
`["draft", text]` for what stands at the prompt, `["failed", ""]` behind an input that failed, and
`["closed", ""]` when the terminal was closed, which is no accident. The file is locked while the
session lives and removed when it ends, so a journal without a lock belongs to a session that was
killed or closed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from gradcli.io.text import one_line

from . import places

KEPT = 30 * 24 * 3600.0  # seconds after which a journal is of no use any more


class Journal:
    """The journal of this session; `warn` is told once when the disk fails."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self.warn = warn
        self.path: Path | None = None
        self.handle = -1
        self.draft = ""
        try:
            directory = places.state_directory() / "sessions"
            directory.mkdir(exist_ok=True, mode=0o700)
            path = directory / f"{time.time_ns():020d}-{os.getpid()}"
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
            self.handle = os.open(path, flags, 0o600)
            self.path = path
            _lock(self.handle)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self.warn(f"what is typed is not saved for --resume: {places.reason(error)}")
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1

    def _write(self, kind: str, text: str) -> None:
        if self.handle < 0:
            return
        data = f"{one_line([kind, text])}\n".encode()
        try:
            if os.write(self.handle, data) < len(data):
                raise OSError(28, "No space left on device", str(self.path))
        except OSError as error:
            self._fail(error)

    def record(self, text: str) -> None:
        """Write down an input that is about to run."""
        self.draft = ""
        self._write("in", text)

    def record_failure(self) -> None:
        """Write down that the last input failed: it need not be run again."""
        self._write("failed", "")

    def record_closing(self) -> None:
        """Write down that the terminal is gone: nothing went wrong, and nobody needs to be told."""
        self._write("closed", "")

    def record_draft(self, text: str) -> None:
        """Write down what stands at the prompt, if that has changed."""
        if text != self.draft:
            self.draft = text
            self._write("draft", text)

    def close(self) -> None:
        """The session ends as the user wanted: the journal is not needed any more."""
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _lock(handle: int) -> bool:
    """Lock an open file; False when another process holds it."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return True
    except BlockingIOError:
        return False
    return True


class Lost:
    """What was typed in a session that ended without its user's wish.

    `failed` counts the inputs that are left out because they failed, `closed` says that the
    terminal was closed.
    """

    __slots__ = ("closed", "draft", "failed", "inputs", "path", "when")

    def __init__(self, path: Path, inputs: list[str], draft: str, when: float) -> None:
        self.closed = False
        self.failed = 0
        self.path = path
        self.inputs = inputs
        self.draft = draft
        self.when = when

    def forget(self) -> None:
        """Remove the journal."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError:
            return


def lost_sessions() -> list[Lost]:
    """The journals of sessions that were killed or closed, the newest first; old ones go."""
    try:
        paths = sorted((places.state_directory() / "sessions").iterdir(), reverse=True)
    except OSError:
        return []
    found = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                if not _lock(file.fileno()):
                    continue
                lost = _read(path, file.read(), os.fstat(file.fileno()).st_mtime)
        except OSError:
            continue
        if (lost.inputs or lost.draft.strip()) and time.time() - lost.when < KEPT:
            found.append(lost)
        else:
            lost.forget()
    return found


_MOVING = ("%undo", "%redo")  # which count inputs, those that failed too


def _read(path: Path, data: bytes, when: float) -> Lost:
    inputs: list[tuple[str, bool]] = []
    draft = ""
    closed = False
    for line in data.split(b"\n"):
        try:
            kind, text = json.loads(line)
        except (ValueError, TypeError):
            continue
        if kind == "in":
            inputs.append((text, True))
            draft = ""
        elif kind == "draft":
            draft = text
        elif kind == "failed" and inputs:
            inputs[-1] = inputs[-1][0], False
        elif kind == "closed":
            closed = True
    counted = [at for at, (text, _) in enumerate(inputs) if text.strip().startswith(_MOVING)]
    first = counted[-1] if counted else 0
    kept = [text for at, (text, well) in enumerate(inputs) if well or at < first]
    lost = Lost(path, kept, draft, when)
    lost.failed = len(inputs) - len(kept)
    lost.closed = closed
    return lost
