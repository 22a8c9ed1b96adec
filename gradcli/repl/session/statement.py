"""A statement of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcli.language.syntax.source import Source


class Statement:
    """A statement that ran without an error.

    `number` is that of its input, `shown` that of its output, or 0; `piece` its tree and its input,
    None for what a magic did.
    """

    __slots__ = ("number", "piece", "shown", "text")

    def __init__(self, number: int, text: str, piece: tuple[Any, Source] | None = None) -> None:
        self.number = number
        self.text = text
        self.piece = piece
        self.shown = 0
