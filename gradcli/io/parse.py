"""JSON text to Python objects, strictly: RFC 8259 in UTF-8 and nothing more.

Python's own parser is lenient about `NaN`, duplicate keys and numbers beyond float64; all of them
are refused here (the last one in `gradcli.io.values`, where the number becomes an element).

Note: an object with n members has at least n colons, and one more for every repeated key. When the
colons of a text are exactly the members of its outermost object, no key is repeated anywhere, and
that is the case of nearly every record; any other text is parsed again with a check per object.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any, Never

from ..tensor.runtime import runtime
from .errors import DataError

LONG = 1 << 20  # characters from which on a text is weighed before it is parsed

_SPACE = r"[ \t\n\r]*"  # compiled where it is needed: nearly no text needs it

_HELP = {
    "NaN": 'write it as a string: "NaN"',
    "Infinity": 'write it as a string: "Infinity"',
    "-Infinity": 'write it as a string: "-Infinity"',
}


class Constant(Exception):
    """NaN or an infinity as a bare word."""


def _refuse_constant(name: str) -> Never:
    raise Constant(name)


class _Duplicate(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return members


def _scanner(**hooks: Any) -> Any:
    """The function (text, offset) -> (value, end) of a decoder, written in C."""
    decoder: Any = json.JSONDecoder(parse_constant=_refuse_constant, **hooks)
    return decoder.scan_once


scan = _scanner()
_scan_unique = _scanner(object_pairs_hook=_unique)


def parse(text: str) -> Any:
    """The one JSON value that `text` holds.

    Raises DataError with line and column, and LimitExceeded for more than fits into memory.
    """
    if len(text) > LONG:
        runtime.reserve(weight(text))
    try:
        value, end = scan(text, 0)
        if end == len(text) and type(value) is dict and len(value) == text.count(":"):
            return value
    except (StopIteration, ValueError, RecursionError, Constant):
        pass
    return _parse_carefully(text)


def weight(text: str) -> int:
    """The bytes that the objects of a JSON text need, a little too high."""
    per_character = ((",", 36), ("[", 80), ("{", 240), (":", 160))
    return sys.getsizeof(text) + sum(size * text.count(each) for each, size in per_character)


def parse_flat_lines(text: str, count: int) -> list[dict[str, Any]] | None:
    """The objects of `count` lines in one go, or None unless every line is one flat object.

    Note: each line begins with the only `{` and ends with the only `}` in it. So every object
    starts where a line does, no line can hold two, and no string can run over a line break, which
    is not allowed in one: that there are `count` objects means that each line is one.
    """
    if text.count("{") != count or text.count("}") != count or text[:1] != "{":
        return None
    if text.count("}\n{") != count - 1 or text[-1:] != "}":
        return None
    joined = "[" + text.replace("\n", "\n,") + "]"
    try:
        values, end = scan(joined, 0)
    except (StopIteration, ValueError, RecursionError, Constant):
        return None
    if end != len(joined) or len(values) != count or sum(map(len, values)) != text.count(":"):
        return None
    return values  # type: ignore[no-any-return]


def item_lines(text: str, start: int = 0) -> list[int]:
    """The lines on which the items of the list begin that `text` holds from `start`, from 1."""
    skip = re.compile(r"[ \t\n\r,]*").match
    lines: list[int] = []
    line, counted = 1, 0
    place = text.index("[", start) + 1
    while text[place := skip(text, place).end()] != "]":  # type: ignore[union-attr]
        line += text.count("\n", counted, place)
        counted = place
        lines.append(line)
        _, place = scan(text, place)
    return lines


def _parse_carefully(text: str) -> Any:
    start = after_space(text, 0)
    if start == len(text):
        raise at(text, start, "there is no JSON value in this text")
    value, end = value_at(text, start)
    end = after_space(text, end)
    if end != len(text):
        raise at(text, end, "there is something after the JSON value")
    return value


def after_space(text: str, start: int) -> int:
    """Where the first character from `start` on is that is no space."""
    return re.compile(_SPACE).match(text, start).end()  # type: ignore[union-attr]


def values(text: str) -> Iterator[tuple[int, Any]]:
    """The values that follow each other in `text`, each with where it begins. Raises DataError."""
    place = after_space(text, 0)
    while place < len(text):
        value, end = value_at(text, place)
        yield place, value
        place = after_space(text, end)


def value_at(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends. Raises DataError."""
    try:
        value, end = _scan_unique(text, start)
    except StopIteration as stop:
        raise _unexpected(text, stop.value) from None
    except json.JSONDecodeError as error:
        if error.msg == "Expecting value":
            raise _unexpected(text, error.pos) from None
        raise at(text, error.pos, _sentence(error.msg)) from None
    except RecursionError:
        raise DataError("the JSON value is nested too deeply") from None
    except Constant as constant:
        name = str(constant)
        raise at(text, _find(text, name), f"{name} is not JSON", _HELP[name]) from None
    except _Duplicate as duplicate:
        key = json.dumps(str(duplicate), ensure_ascii=False)
        raise at(text, _second(text, key), f"the key {key} appears twice in one object") from None
    except ValueError:
        raise DataError("an integer has more digits than can be read (4300)") from None
    return value, end


def at(text: str, offset: int, message: str, help: str = "") -> DataError:
    """An error with the line and column of `offset` in `text`."""
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1) + 1
    return DataError(message, line=line, column=column, help=help)


def decode(data: bytes) -> str:
    """UTF-8 bytes as text, without a byte order mark. Raises DataError with line and column."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line_start = before.rfind(b"\n") + 1
        raise DataError(
            f"this is not UTF-8 (byte 0x{data[error.start]:02x})",
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode(errors="replace")) + 1,
        ) from None
    return text[1:] if text.startswith("\ufeff") else text


def _sentence(message: str) -> str:
    if message.startswith("Illegal trailing comma"):
        return "a comma has no value after it"
    if message.startswith("Expecting"):
        return "expected" + message[9:].replace("property name enclosed in", "a name in")
    return message[0].lower() + message[1:].removesuffix(" at")


def _unexpected(text: str, offset: int) -> DataError:
    if offset >= len(text):
        return at(text, offset, "the JSON value is incomplete")
    word = re.compile(r"[^\s,:\[\]{}\"]+").match(text, offset)
    if word is None:
        return at(text, offset, f"expected a value, not {text[offset]!r}")
    shown = word[0] if len(word[0]) <= 24 else word[0][:24] + "…"
    help = ""
    if word[0][0] == "'":
        help = "strings are written in double quotes"
    elif word[0].lower() in ("true", "false", "null", "none"):
        help = f"write {word[0].lower().replace('none', 'null')}"
    elif word[0].lower().lstrip("+-") in ("nan", "inf", "infinity"):
        help = 'write "NaN", "Infinity" or "-Infinity", in quotes'
    return at(text, offset, f"{shown!r} is not JSON", help)


_STRINGS = r'"(?:[^"\\]|\\.)*"'


def _find(text: str, word: str) -> int:
    """Where a bare `word` stands outside of strings."""
    blanked = re.sub(_STRINGS, lambda match: " " * len(match[0]), text, flags=re.S)
    return max(0, blanked.find(word))


def _second(text: str, key: str) -> int:
    """Where `key` appears for the second time, as far as its spelling tells."""
    first = text.find(key)
    second = text.find(key, first + 1)
    return second if second >= 0 else max(first, 0)
