"""A statement of the session."""

from __future__ import annotations


class Statement:
    """A statement that ran without an error; `shown` is the number of its output, or 0."""

    __slots__ = ("shown", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.shown = 0
