"""The magics that read and write files. Only the user names files here; programs cannot."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from gradcli.repl.session.failed import Failed
from gradcli.repl.session.saving import commented, grouped, markdown, notebook, program

from .parse import ranges

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell
    from gradcli.repl.session.statement import Statement

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
    name, statements, options = _selected(shell, text)
    if not statements:
        raise Failed(
            "there is nothing to save yet" if not shell.statements else "nothing ran there"
        )
    from gradcli.io.files import write_file

    data = _written(shell, name, statements, "-o" in options).encode("utf-8", "replace")
    try:
        is_new = _taken(name)
        asks = not is_new and "-f" not in options
        if asks and not shell.ask(f"{name} exists. Replace it? [y/N] "):
            raise Failed(f"{name} exists and was left as it is", "-f replaces it unasked")
        try:
            write_file(name, lambda file: file.write(data))
        except BaseException:
            if is_new:
                os.unlink(name)
            raise
    except OSError as error:
        raise Failed(f"{name}: {error.strerror or error}") from None
    if shell.undo is not None:
        shell.undo.note(f"the file {name} stays as it is")
    count = len(statements)
    shell.say(f"{count} statements are in {name}" if count != 1 else f"1 statement is in {name}")


def _selected(shell: Shell, text: str) -> tuple[str, list[Statement], list[str]]:
    """The file's name, the statements of the inputs that are asked for, and the options."""
    words = text.split(" ")
    options: list[str] = []
    numbers: set[int] = set()
    for end in (-1, 0):  # options and ranges stand behind the name or before it
        while words:
            word = words[end]
            if word.startswith("-") and not _NEGATIVE.fullmatch(word):
                if word not in OPTIONS:
                    raise Failed(f"%save has no option {word}", f"there are {', '.join(OPTIONS)}")
                options.append(word)
            else:
                found = ranges(shell, [word]) if word else []
                if found is None:
                    break
                numbers.update(found)
            words.pop(end)
    chosen = [item for item in shell.statements if not numbers or item.number in numbers]
    return _name(" ".join(words), "save"), chosen, options


OPTIONS = ("-f", "-o")
_NEGATIVE = re.compile(r"-\d+")  # a range that ends there


def _written(shell: Shell, name: str, statements: list[Statement], outputs: bool) -> str:
    """What stands in the file, whose form its name tells."""
    ending = os.path.splitext(name)[1].lower()
    if ending in (".md", ".markdown"):
        return markdown(grouped(statements, shell.shown))
    if ending == ".ipynb":
        return notebook(grouped(statements, shell.shown))
    if outputs:
        return commented(grouped(statements, shell.shown))
    return program(statements)


def _taken(name: str) -> bool:
    """Make an empty file, so that nobody else can; False when there is something already."""
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        return False
    return True


def deliver(shell: Shell, text: str, file: str, kind: str = "") -> None:
    """Show a text in the colours of its kind, or as a picture, or write it into a new file that
    the user named behind `>`. Raises Failed."""
    if not file and kind in shell.pictures:
        shell.pictures[kind](text)
        return
    if not file:
        shell.show_long(shell.painted(text, kind) if kind else text)
        return
    if not shell.typed:
        raise Failed(
            "a file is written by a line of its own, from the keyboard",
            "nothing that is pasted, or arrives with other lines, reads or writes a file",
        )
    from gradcli.io.files import write_file

    name = _name(file, "save")
    try:
        if not _taken(name):
            raise Failed(f"{name} exists and was left as it is", "choose another name")
        write_file(name, lambda out: out.write((text.rstrip("\n") + "\n").encode()))
    except OSError as error:
        raise Failed(f"{name}: {error.strerror or error}") from None
    shell.say(f"it is in {name}")


def load(shell: Shell, text: str) -> None:
    _, found = _read(text, "load")
    shell.next_text = found.replace("\r\n", "\n").rstrip("\n")


def run(shell: Shell, text: str) -> None:
    from gradcli.language.syntax.source import Source

    name, found = _read(text, "run")
    shell.run_code(Source(found, name), shell.number - 1, echo=False)
