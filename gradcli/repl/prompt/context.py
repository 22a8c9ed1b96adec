"""Where the cursor is: in which call, behind which dot, in which magic.

Everything is read from the text before the cursor, by looking at brackets, strings and commas.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_name_before = re.compile(r"([^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*)*)\s*$")
_word = re.compile(r"[^\W\d]\w*$|$")
_keyword = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)")
_member = re.compile(r"\.(\w*)$")
_key = re.compile(r"\[\s*(['\"])([^'\"\\\n]*)$")
_method = re.compile(r"^\s+def\s+(\w+)\s*\(\s*(\w+)", re.M)
_class = re.compile(r"^class\s+\w+\s*(?:\(([^)]*)\))?\s*:", re.M)
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


def steps_at(text: str) -> tuple[list[tuple[str, str]], str] | None:
    """For `a.b(1)[2].pre` what stands in front of the last dot, step by step, and `pre`.

    None when the cursor is not behind a dot, or when that is no name, call, item or group.
    """
    text = text[-FAR:]
    match = _member.search(text)
    found = None if match is None else steps_before(text[: match.start()])
    return None if match is None or not found else (found, match[1])


def key_at(text: str) -> tuple[list[tuple[str, str]], str, str] | None:
    """For `a.b["pre` what stands in front of the bracket, the quote, and `pre`."""
    text = text[-FAR:]
    match = _key.search(text)
    found = None if match is None else steps_before(text[: match.start()])
    return None if match is None or not found else (found, match[1], match[2])


def steps_before(text: str) -> list[tuple[str, str]]:
    """The names, calls and items that end here: `a.b(1)[2]` as name, name, call, item."""
    opened = _pairs(text)
    found: list[tuple[str, str]] = []
    end = len(text)
    while end:
        if text[end - 1] in ")]":
            start = opened.get(end - 1)
            if start is None:
                return []
            inside = text[start + 1 : end - 1]
            trailer = re.search(r"[\w)\]]$", text[:start]) is not None
            if not trailer:
                return [("group", inside), *reversed(found)] if text[end - 1] == ")" else []
            found.append(("call" if text[end - 1] == ")" else "item", inside))
            end = start
            continue
        match = _word.search(text, max(end - 100, 0), end)
        if match is None or not match[0]:
            return []
        found.append(("name", match[0]))
        end = match.start()
        if not text[:end].endswith("."):
            return found[::-1]
        end -= 1
    return []


def _pairs(text: str) -> dict[int, int]:
    """The places of closing brackets, with those of what they close."""
    found: dict[int, int] = {}
    opened: list[int] = []
    at = 0
    while at < len(text):
        if text[at] in "'\"":
            end = _end_of_string(text, at)
            at = len(text) if end < 0 else end
            continue
        if text[at] in "([{":
            opened.append(at)
        elif text[at] in ")]}" and opened:
            found[at] = opened.pop()
        at += 1
    return found


def attributes_of(text: str, owner: str) -> list[str] | None:
    """The attributes that a text gives `owner`, the first parameter of the function at its end.

    None where it is not that.
    """
    heads = list(_method.finditer(text))
    if not heads or heads[-1][2] != owner:
        return None
    own = [match[1] for match in re.finditer(rf"\b{owner}\.(\w+)\s*=(?!=)", text)]
    if owner == "self":
        own += [match[1] for match in heads if not match[1].startswith("__")]
    return list(dict.fromkeys(own))


def bases_of(text: str) -> str:
    """What the last class of a text is made from, as it is written."""
    found = _class.findall(text)
    return found[-1].strip() if found else ""


def word_at(text: str) -> str:
    """The letters of the name that is being written."""
    match = _word.search(text[-100:])
    return match[0] if match else ""


def inside_text(text: str) -> bool:
    """Whether the cursor is in a string or a comment."""
    return brackets(text[-FAR:])[1]
