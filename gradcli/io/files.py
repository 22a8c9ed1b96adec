"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
TEMPORARY = ".gradcli.tmp"  # ends the name of a file that is written and not there yet


@contextmanager
def replacing(name: str) -> Iterator[Any]:
    """A binary file that takes the place of `name` when the block ends without an exception.

    It is written beside it under another name, flushed to the disk and renamed, so that `name`
    holds the old contents or the new ones, whatever happens. A device, a pipe or a symbolic
    link's target is written to as it is found.
    """
    import stat

    given, name = name, os.path.realpath(name)
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(given, "wb") as file:
            yield file
        return
    temporary = f"{name}.{os.getpid()}{TEMPORARY}"
    _clear(name)
    with _removed_when_killed(temporary):
        try:
            descriptor = _create(temporary)
        except OSError as error:
            error.filename = given
            raise
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                try:
                    file.flush()
                    os.fsync(file.fileno())
                except OSError as error:
                    error.filename = given
                    raise
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, name)
        except BaseException:
            os.unlink(temporary)
            raise


def _create(temporary: str) -> int:
    """A new file, locked as long as it is written: what nobody has locked was left behind."""
    while True:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:  # else it was cleared before it was locked
            return descriptor
        os.close(descriptor)


def _clear(name: str) -> None:
    """Remove what writers of `name` left behind that were killed."""
    import re

    folder, base = os.path.split(name)
    left = re.compile(re.escape(base) + r"\.\d+" + re.escape(TEMPORARY))
    try:
        found = [entry.path for entry in os.scandir(folder) if left.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | _PLAIN)
            try:
                if _lock(descriptor, wait=False):
                    os.unlink(path)
            finally:
                os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock an open file; False when another process has it, or where there are no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True


@contextmanager
def _removed_when_killed(temporary: str) -> Iterator[None]:
    """For a block that writes a temporary file: SIGTERM and SIGHUP leave none behind."""
    import signal

    def leave(number: int, frame: Any) -> None:
        with suppress(OSError):
            os.unlink(temporary)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        taken = [n for n in numbers if signal.getsignal(n) == signal.SIG_DFL]
        for number in taken:
            signal.signal(number, leave)
    except ValueError:  # not in the main thread
        taken = []
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def write_file(name: str, write: Callable[[Any], None]) -> None:
    """Have `write` fill the file `name`, whole or not at all."""
    with replacing(name) as file:
        write(file)
