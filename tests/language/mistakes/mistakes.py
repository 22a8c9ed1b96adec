"""The mistakes of `forty.grad`: wrong programs, and the lines that correct them.

A mistake begins with a comment that names it. `# why: x` says that the program ends without an
error, and that the gradient of x is to be asked about. After `# fix: …` lines that go have a
minus, and lines that come in their place a plus.
"""

from __future__ import annotations

import pathlib
from typing import NamedTuple

PATH = pathlib.Path(__file__).resolve().parent / "forty.grad"


class Mistake(NamedTuple):
    """A wrong program, and how it is corrected; `asked` is "" where it raises."""

    title: str
    asked: str
    wrong: str
    remedy: str
    change: str
    right: str


def mistakes() -> list[Mistake]:
    """All of them, in the order of the file."""
    return [mistake(text) for text in PATH.read_text("utf-8").split("# ----\n")]


def mistake(text: str) -> Mistake:
    """One of them. Raises ValueError where a line that goes is not there."""
    head, found, tail = text.partition("# fix: ")
    if not found:
        raise ValueError(f"no remedy: {text}")
    title, wrong = head.removeprefix("# ").split("\n", 1)
    asked = ""
    if wrong.startswith("# why: "):
        asked, wrong = wrong.removeprefix("# why: ").split("\n", 1)
    remedy, change = tail.split("\n", 1)
    wrong = f"import torch\n{wrong}"
    return Mistake(title, asked, wrong, remedy, change, corrected(wrong, change))


def corrected(text: str, change: str) -> str:
    """The program after a change. Raises ValueError where a line that goes is not there."""
    lines = text.splitlines()
    place = -1
    for line in change.splitlines():
        sign, words = line[:2], line[2:]
        if sign == "- ":
            place = lines.index(words, max(place, 0))
            del lines[place]
        elif sign == "+ ":
            lines.insert(place, words)
            place += 1
        else:
            raise ValueError(f"neither - nor +: {line}")
    return "\n".join(lines) + "\n"
