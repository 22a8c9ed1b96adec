"""The magics that read and write files. Only the user names files here; programs cannot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gradcli.repl.session.failed import Failed
from gradcli.repl.session.saving import program

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

LARGEST = 10 << 20  # characters of a program


def _name(text: str, magic: str) -> str:
    name = text.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    if not name:
        raise Failed(f"%{magic} is called as %{magic} FILE")
    return os.path.expanduser(name)


def _read(text: str, magic: str) -> tuple[str, str]:
    name = _name(text, magic)
    try:
        with open(name, encoding="utf-8-sig", newline="") as file:
            found = file.read(LARGEST + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    if len(found) > LARGEST:
        raise Failed(f"{name} is too long for a program")
    return name, found


def save(shell: Shell, text: str) -> None:
    name = _name(text, "save")
    lines = program(shell.statements)
    if not lines:
        raise Failed("there is nothing to save yet")
    from gradcli.io.files import write_file

    data = lines.encode()
    try:
        is_new = _taken(name)
        if not is_new and not shell.ask(f"{name} exists. Replace it? [y/N] "):
            raise Failed(f"{name} exists and was left as it is")
        try:
            write_file(name, lambda file: file.write(data))
        except BaseException:
            if is_new:
                os.unlink(name)
            raise
    except OSError as error:
        raise Failed(f"{name}: {error.strerror or error}") from None
    shell.say(f"{len(shell.statements)} statements are in {name}")


def _taken(name: str) -> bool:
    """Make an empty file, so that nobody else can; False when there is something already."""
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        return False
    return True


def load(shell: Shell, text: str) -> None:
    _, found = _read(text, "load")
    shell.next_text = found.replace("\r\n", "\n").rstrip("\n")


def run(shell: Shell, text: str) -> None:
    from gradcli.language.syntax.source import Source

    name, found = _read(text, "run")
    shell.run_code(Source(found, name), shell.number - 1, echo=False)
