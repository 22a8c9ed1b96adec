"""Text of a program inside of SVG."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Text for XML, which has no control characters."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)
    return "".join(
        c if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff" else "?"
        for c in text
    )
