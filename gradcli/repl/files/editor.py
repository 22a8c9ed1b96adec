"""The user's editor, on a file that only the user can read, started without a shell."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile

USUAL = ("nano", "vim", "vi", "emacs")
LARGEST = 10 << 20  # bytes of a text that are read back


class NoEditor(Exception):
    """No text came back from an editor; `help` says what to do."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def command() -> list[str]:
    """The editor of `$VISUAL` or `$EDITOR`, or one that is there. Raises NoEditor."""
    for variable in ("VISUAL", "EDITOR"):
        given = os.environ.get(variable, "")
        if given.strip():
            try:
                return shlex.split(given)
            except ValueError as error:
                raise NoEditor(f"${variable} cannot be read: {error}") from None
    for name in USUAL:
        if shutil.which(name):
            return [name]
    raise NoEditor("there is no editor", "set EDITOR, such as export EDITOR=nano")


def edit(text: str) -> str:
    """The text as it is when the editor ends. Raises NoEditor.

    The file has mode 0600 and lies in a directory of mode 0700 that is removed again.
    """
    words = command()
    with tempfile.TemporaryDirectory(prefix="gradcli-") as directory:  # made with mode 0700
        path = os.path.join(directory, "input.grad.py")
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text + "\n" if text else "")
        try:
            status = subprocess.call([*words, path])
        except OSError as error:
            raise NoEditor(
                f"{words[0]} does not start: {error.strerror or error}", "set EDITOR to another"
            ) from None
        if status:
            raise NoEditor(f"{words[0]} ended with status {status}", "the input is as it was")
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found = file.read(LARGEST + 1)
        except OSError as error:
            raise NoEditor(f"the file is gone: {error.strerror or error}") from None
    if len(found) > LARGEST:
        raise NoEditor("the text is too long for an input")
    return found.replace("\r\n", "\n").rstrip("\n")
