"""Where the cursor is: in which call, behind which dot, in which magic.

Everything is read from the text before the cursor, by looking at brackets, strings and commas.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_name_before = re.compile(r"([^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*)\s*$")
_word = re.compile(r"[^\W\d]\w*$|$")
_dotted = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.(\w*)$")
_keyword = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
FAR = 4000  # characters before the cursor that are looked at


class Call(NamedTuple):
    """A call that is being written: the function's dotted name, and what is there of it.

    `position` is the number of commas before the cursor, `keyword` the keyword whose value is
    being written, `given` the keywords that the call has already.
    """

    name: str
    position: int
    keyword: str
    given: tuple[str, ...]


class Open(NamedTuple):
    """An open bracket: where it is, and where its items start."""

    start: int
    character: str
    items: list[int]


def brackets(text: str) -> tuple[list[Open], bool]:
    """The brackets that are open at the end of the text, and whether it ends inside a string or a
    comment."""
    found: list[Open] = []
    at = 0
    size = len(text)
    while at < size:
        character = text[at]
        if character in "'\"":
            end = _end_of_string(text, at)
            if end < 0:
                return found, True
            at = end
            continue
        if character == "#":
            end = text.find("\n", at)
            if end < 0:
                return found, True
            at = end
        elif character in "([{":
            found.append(Open(at, character, [at + 1]))
        elif character in ")]}":
            if found:
                found.pop()
        elif character == "," and found:
            found[-1].items.append(at + 1)
        at += 1
    return found, False


def _end_of_string(text: str, start: int) -> int:
    """The end of the string that starts here, -1 when it is open."""
    quote = text[start : start + 3] if text.startswith(("'''", '"""'), start) else text[start]
    at = start + len(quote)
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if len(quote) == 1 and text[at] == "\n":
            return at
        if text.startswith(quote, at):
            return at + len(quote)
        at += 1
    return -1


def call_at(text: str) -> Call | None:
    """The innermost call around the end of the text."""
    text = text[-FAR:]
    opened, _ = brackets(text)
    for bracket in reversed(opened):
        if bracket.character != "(":
            continue
        match = _name_before.search(text, 0, bracket.start)
        if match is None or match[1] in ("if", "in", "and", "or", "not", "return", "lambda", "for"):
            continue
        words = text[: bracket.start].split()
        if len(words) > 1 and words[-2] in ("def", "class"):
            return None
        ends = [item - 1 for item in bracket.items[1:]] + [len(text)]
        given = []
        keyword = ""
        for start, end in zip(bracket.items, ends, strict=True):
            named = _keyword.match(text, start, end)
            if named:
                given.append(named[1])
                keyword = named[1]
            else:
                keyword = ""
        name = re.sub(r"\s", "", match[1])
        return Call(name, len(bracket.items) - 1, keyword, tuple(given))
    return None


def name_at(text: str) -> str:
    """The dotted name that ends at the cursor."""
    match = re.search(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*$", text[-200:])
    return match[0] if match else ""


def member_at(text: str) -> tuple[str, str] | None:
    """For `a.b.pre` the names `a.b` and `pre`; None when the cursor is not behind a dot."""
    match = _dotted.search(text[-300:])
    return (match[1], match[2]) if match else None


def word_at(text: str) -> str:
    """The letters of the name that is being written."""
    match = _word.search(text[-100:])
    return match[0] if match else ""


def inside_text(text: str) -> bool:
    """Whether the cursor is in a string or a comment."""
    return brackets(text[-FAR:])[1]
