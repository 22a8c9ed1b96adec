"""JSON text of plain values without NumPy, for messages."""

from __future__ import annotations

from typing import Any


def one_line(value: Any) -> str:
    """`value` (dicts, lists, strings, numbers) as one line of strict JSON in printable Unicode."""
    import json

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.translate({code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)})
