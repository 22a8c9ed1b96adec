"""Text that is safe to show: nothing in it steers a terminal, and none of it fills one."""

from __future__ import annotations

from gradcli.io.text import DIRECTIONS

LONGEST = 2000  # characters of a message

_CONTROLS = (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0))
_REPLACED = dict.fromkeys((*_CONTROLS, *map(ord, DIRECTIONS)), "\ufffd")
_REPLACED_PRINTED = dict.fromkeys((code for code in _CONTROLS if code != 0x0D), "\ufffd")


def clean(text: str) -> str:
    """A text without what would steer a terminal."""
    return text if text.isprintable() else text.translate(_REPLACED)


def clean_printed(text: str) -> str:
    """The same for what a program prints, which may go back to the start of a line."""
    return text if text.isprintable() else text.translate(_REPLACED_PRINTED)


def cut(text: str) -> str:
    """A message of a length that can be read."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:LONGEST]}… ({len(text) - LONGEST:,} more characters)"
