"""The values of number and string literals."""

from __future__ import annotations

import re

DIGITS = 4300


class LiteralError(Exception):
    """What is wrong with a literal, and the offsets of the wrong part within it."""

    def __init__(self, message: str, start: int, end: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


_simple = {
    "\n": "", "\r\n": "", "\r": "", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b",
    "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_ESCAPE = (
    r"\\(\r\n|[0-7]{1,3}|x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}"
    r"|N\{[^}]*\}|[\s\S])"
)
_IN_TEXT = (
    r"(?:\{\{|\}\}|\\(\r\n|[0-7]{1,3}|x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8}"
    r"|N\{[^}]*\}|[^{}]))"
)
_widths = {"x": 2, "u": 4, "U": 8}


def _unescape_one(match: re.Match[str]) -> str:
    body = match[1]
    if body is None:
        return match[0][0]
    simple = _simple.get(body)
    if simple is not None:
        return simple
    first = body[0]
    if first in "01234567":
        return chr(int(body, 8))
    if first in _widths:
        if len(body) != 1 + _widths[first]:
            shape = f"\\{first}" + "X" * _widths[first]
            raise LiteralError(
                f"(unicode error) 'unicodeescape' codec can't decode bytes in position "
                f"{match.start()}-{match.end() - 1}: truncated {shape} escape",
                match.start(),
                match.end(),
                "write the backslash twice, or put r before the string, to have it as it is",
            )
        code = int(body[1:], 16)
        if code > 0x10FFFF:
            raise LiteralError(
                f"(unicode error) 'unicodeescape' codec can't decode bytes in position "
                f"{match.start()}-{match.end() - 1}: illegal Unicode character",
                match.start(),
                match.end(),
            )
        return chr(code)
    if first == "N":
        from unicodedata import lookup

        try:
            return lookup(body[2:-1])
        except KeyError:
            wrong = (
                "unknown Unicode character name" if body[2:-1] else "malformed \\N character escape"
            )
            raise LiteralError(
                f"(unicode error) 'unicodeescape' codec can't decode bytes in position "
                f"{match.start()}-{match.end() - 1}: {wrong}",
                match.start(),
                match.end(),
            ) from None
    return match[0]


def unescape(body: str) -> str:
    """A string's body with its escapes replaced; unknown ones stay as they are."""
    if "\\" in body:
        body = re.sub(_ESCAPE, _unescape_one, body)
    return body


def newlines(body: str) -> str:
    """Line ends inside a string are LF, however the file has them."""
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    return body


def fstring_text(body: str, raw: bool, braces: bool) -> str:
    """The value of a piece of an f-string's text; `braces` says that doubled braces stand for
    one.
    """
    if "\r" in body:
        body = newlines(body)
    if raw:
        return body.replace("{{", "{").replace("}}", "}") if braces else body
    if "\\" not in body:
        return body.replace("{{", "{").replace("}}", "}") if braces else body
    if not braces:
        return unescape(body)
    return re.sub(_IN_TEXT, _unescape_one, body)


def string(text: str) -> str:
    """The value of a string literal; a LiteralError's offsets are within `text`."""
    first = text[0]
    if first == '"' or first == "'":
        prefix = 0
    else:
        prefix = 1
    quote = 3 if text.startswith(('"""', "'''"), prefix) else 1
    body = text[prefix + quote : -quote]
    if "\r" in body:
        body = newlines(body)
    if prefix and first in "rR":
        return body
    if "\\" in body:
        try:
            return unescape(body)
        except LiteralError as error:
            error.start += prefix + quote
            error.end += prefix + quote
            raise
    return body


def number(text: str) -> int | float | complex:
    """The value of a number literal."""
    if text.isdigit() and len(text) <= DIGITS:
        if text[0] == "0" and text.strip("0"):
            raise LiteralError(
                "leading zeros in decimal integer literals are not permitted; "
                "use an 0o prefix for octal integers",
                0,
                len(text),
                f"write {text.lstrip('0')}",
            )
        return int(text)
    plain = text.replace("_", "").lower()
    if plain[:2] in ("0x", "0o", "0b"):
        return int(plain, 0)
    if plain[-1] == "j":
        return complex(0.0, float(plain[:-1]))
    if "." in plain or "e" in plain:
        return float(plain)
    if len(plain) > DIGITS:
        raise LiteralError(
            f"Exceeds the limit ({DIGITS} digits) for integer string conversion: value has "
            f"{len(plain)} digits",
            0,
            len(text),
            "write it in hexadecimal, which has no such limit",
        )
    return number(plain)
