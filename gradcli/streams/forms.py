"""The form of an answer: what is written around the elements of its tensors.

All records of a kind have answers of one form, which the answer of one of them shows. A form of
text makes lines, a form of columns makes arrays with the records on their first axis.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradcli.io import digits
from gradcli.io.lines import Brackets, Part, lines
from gradcli.tensor.dtypes import Array, DType

if TYPE_CHECKING:
    from gradcli.io.results import Schema
    from gradcli.io.tables import TableWriter
    from gradcli.io.write import Writer

MANY = 256  # answers from which on they are written in one matrix

Column = tuple[Array, DType]  # a tensor of each answer, on the first axis of an array


class Form(Protocol):
    """The form of one record's answer; `alone` is that answer, rendered."""

    alone: Any
    elements: int

    def filled(self, columns: list[Column], count: int) -> Any:
        """`count` answers, rendered; None if their tensors are not those of this form."""

    def begins(self, found: Any, others: Sequence[Any]) -> bool:
        """Whether rendered answers begin with those of these forms."""


class TextForm:
    """The lines of answers."""

    __slots__ = ("alone", "brackets", "elements", "pieces", "style", "tensors")

    def __init__(self, document: Any, writer: Writer | TableWriter, prefix: str) -> None:
        pieces, found = writer.around_elements(document)
        pieces[0] = prefix + pieces[0]
        pieces[-1] += "\n"
        self.pieces = [piece.encode() for piece in pieces]
        self.tensors = [(item.dtype, item.array.shape) for item in found]
        self.elements = sum(item.array.size for item in found)
        self.style = writer.style
        self.brackets = writer.brackets
        self.alone = f"{prefix}{writer.text(document)}\n"

    def filled(self, columns: list[Column], count: int) -> str | None:
        """The lines of `count` answers; None if their tensors are not those of this form.

        Raises DataError for NaN and infinities when the writer's style is "error".
        """
        if not _fit(columns, self.tensors, count):
            return None
        parts: list[Part] = [self.pieces[0]]
        for column, piece in zip(columns, self.pieces[1:], strict=True):
            parts += [column, piece]
        if count >= MANY:
            text = lines(parts, count, self.style, self.brackets)
            if text is not None:
                return text
        texts = [
            itertools.repeat(part.decode(), count)
            if isinstance(part, bytes)
            else _texts(*part, self.style, count, self.brackets)
            for part in parts
        ]
        return "".join(map("".join, zip(*texts, strict=True)))

    def begins(self, found: str, others: Sequence[TextForm]) -> bool:
        """Whether lines begin with the answers of these forms."""
        return found.startswith("".join(form.alone for form in others))


class ColumnForm:
    """The columns of answers."""

    __slots__ = ("alone", "document", "elements", "schema", "tensors")

    def __init__(self, document: Any, schema: Schema) -> None:
        self.schema = schema
        self.document = document
        self.alone = schema.row(document)
        found = schema.tensors(document)
        self.tensors = [(item.dtype, item.array.shape) for item in found]
        self.elements = sum(item.array.size for item in found)

    def filled(self, columns: list[Column], count: int) -> list[Array] | None:
        """The columns of `count` answers; None if their tensors are not those of this form."""
        if not _fit(columns, self.tensors, count):
            return None
        return self.schema.columns(self.document, [array for array, _ in columns], count)

    def begins(self, found: list[Array], others: Sequence[ColumnForm]) -> bool:
        """Whether columns begin with the answers of these forms."""
        alone = zip(*(form.alone for form in others), strict=True)
        return all(
            column[: len(values)].tobytes() == np.array(values, column.dtype).tobytes()
            for column, values in zip(found, alone, strict=True)
            if column.dtype != object
        )


def _fit(columns: list[Column], tensors: list[Any], count: int) -> bool:
    if [(dtype, array.shape[1:]) for array, dtype in columns] != tensors:
        return False
    return all(len(array) == count for array, _ in columns)


def _texts(array: Array, dtype: DType, style: Any, count: int, brackets: Brackets) -> list[str]:
    """For each of `count` answers its part of `array` on one line."""
    opening, comma, closing = brackets
    shape = array.shape[1:]
    if 0 in shape:
        return ["[]"] * count
    found = digits.elements(array, dtype, style)
    for length in reversed(shape):
        found = [
            opening + comma.join(found[start : start + length]) + closing
            for start in range(0, len(found), length)
        ]
    return found
