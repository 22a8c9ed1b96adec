"""JSON text of plain values without NumPy, for messages."""

from __future__ import annotations

from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from json import JSONEncoder
    from typing import Any

# What reorders the text around it: a text with one would not say what it seems to say.
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *map(ord, DIRECTIONS))}


def escaped(text: str) -> str:
    """JSON text whose strings neither steer a terminal nor reorder what stands beside them."""
    return text if text.isascii() and "\x7f" not in text else text.translate(_ESCAPED)


def one_line(value: Any) -> str:
    """`value` (dicts, lists, strings, numbers) as one line of strict JSON in printable Unicode."""
    text = _encoder(ascii=False).encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _encoder(ascii=True).encode(value)
    return escaped(text)


@cache
def _encoder(ascii: bool) -> JSONEncoder:
    from json import JSONEncoder

    return JSONEncoder(ensure_ascii=ascii, allow_nan=False, separators=(",", ":"))
