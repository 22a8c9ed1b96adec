"""The form of an answer: what is written around the elements of its tensors.

All records of a kind have answers of one form, which the answer of one of them shows.
"""

from __future__ import annotations

import itertools
from typing import Any

from gradcli.io import digits
from gradcli.io.lines import Part, lines
from gradcli.io.write import Writer
from gradcli.tensor.dtypes import Array, DType

MANY = 256  # answers from which on they are written in one matrix

Column = tuple[Array, DType]  # a tensor of each answer, on the first axis of an array


class Form:
    """The form of one record's answer; `text` is its line."""

    __slots__ = ("elements", "pieces", "style", "tensors", "text")

    def __init__(self, document: Any, writer: Writer, prefix: str) -> None:
        pieces, found = writer.around_elements(document)
        pieces[0] = prefix + pieces[0]
        pieces[-1] += "\n"
        self.pieces = [piece.encode() for piece in pieces]
        self.tensors = [(item.dtype, item.array.shape) for item in found]
        self.elements = sum(item.array.size for item in found)
        self.style = writer.style
        self.text = f"{prefix}{writer.text(document)}\n"

    def filled(self, columns: list[Column], count: int) -> str | None:
        """The lines of `count` answers; None if their tensors are not those of this form.

        Raises DataError for NaN and infinities when the writer's style is "error".
        """
        if [(dtype, array.shape[1:]) for array, dtype in columns] != self.tensors:
            return None
        if any(len(array) != count for array, _ in columns):
            return None
        parts: list[Part] = [self.pieces[0]]
        for column, piece in zip(columns, self.pieces[1:], strict=True):
            parts += [column, piece]
        if count >= MANY:
            text = lines(parts, count, self.style)
            if text is not None:
                return text
        texts = [
            itertools.repeat(part.decode(), count)
            if isinstance(part, bytes)
            else _texts(*part, self.style, count)
            for part in parts
        ]
        return "".join(map("".join, zip(*texts, strict=True)))


def _texts(array: Array, dtype: DType, style: Any, count: int) -> list[str]:
    """For each of `count` answers its part of `array` as JSON on one line."""
    shape = array.shape[1:]
    if 0 in shape:
        return ["[]"] * count
    found = digits.elements(array, dtype, style)
    for length in reversed(shape):
        found = [
            "[" + ",".join(found[start : start + length]) + "]"
            for start in range(0, len(found), length)
        ]
    return found
