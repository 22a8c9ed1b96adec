"""Values laid out in lines as wide as the terminal at most: tensors behind what names them, nested
lists, tuples and dicts."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from gradcli.language.values.text import text_repr
from gradcli.tensor.print_options import within
from gradcli.tensor.tensor import Tensor

MOST = 100_000  # items that are laid out
DEEPEST = 20
_NUMBERS = (int, float, bool, complex, type(None))
_PLAIN = (*_NUMBERS, str, Tensor)
_BRACKETS: dict[Any, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}")}


def laid_out(value: Any, text: str, width: int) -> str:
    """The text of a value, which is `text` in one piece.

    A container that is longer than a line has its items below each other, numbers as many a line
    as fit. What has a text of a program's own is left alone: that is made once.
    """
    if type(value) not in _BRACKETS or ("\n" not in text and len(text) <= width):
        return text
    if not _known(value, [0], 0):
        return text
    return _lines(value, max(width, 20), text_repr)


def behind(lead: str, text_of: Callable[[], str], width: int | None) -> str:
    """The text of a tensor behind `lead`; below it where that takes more columns than there are.

    `text_of` gives the text for the columns of the moment.
    """
    shown = lead + text_of().replace("\n", "\n" + " " * len(lead))
    if width is None or max(map(len, shown.split("\n"))) < width:
        return shown
    indent = len(lead) - len(lead.lstrip(" ")) + 2
    with within(width - 1 - indent):  # the last column stays free
        text = text_of().replace("\n", "\n" + " " * indent)
    return f"{lead.rstrip()}\n{' ' * indent}{text}"


def _known(value: Any, seen: list[int], depth: int) -> bool:
    """Whether there are only values of ours inside, and not too many of them."""
    if type(value) not in _BRACKETS:
        return type(value) in _PLAIN
    seen[0] += len(value)
    if seen[0] > MOST or depth > DEEPEST:
        return False
    parts = [*value, *value.values()] if type(value) is dict else value
    return all(_known(part, seen, depth + 1) for part in parts)


def _lines(value: Any, width: int, text_of: Callable[[Any], str]) -> str:
    """A value whose first line begins anywhere and whose others are relative to it."""
    text = text_of(value)
    kind = type(value)
    if kind not in _BRACKETS or not value or ("\n" not in text and len(text) <= width):
        return text
    if kind is not dict and all(type(item) in _NUMBERS for item in value):
        return textwrap.fill(text, width, subsequent_indent=" ", break_long_words=False)
    items = []
    for item in value.items() if kind is dict else value:
        lead = ""
        if kind is dict:
            key, item = item
            lead = f"{text_of(key)}: "
        inner = _lines(item, max(width - len(lead) - 2, 20), text_of)
        items.append(lead + inner.replace("\n", "\n" + " " * (len(lead) + 1)))
    opening, closing = _BRACKETS[kind]
    last = "," if kind is tuple and len(value) == 1 else ""
    return opening + ",\n ".join(items) + last + closing
