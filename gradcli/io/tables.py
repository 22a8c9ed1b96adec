"""Results as the rows of a table: one column a number, named by the way to it (`grads.w.0`).

The first result decides the columns; another one that has other columns is refused.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator
from typing import Any

from .digits import Style, elements, number
from .errors import DataError
from .groups import typed
from .write import Typed, Writer

_OTHER = "its columns are not those of the first result"


def entries(document: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """What a document holds by name: tensors, and values that are none. Members are `a.b`."""
    if type(document) is dict:
        for key, value in document.items():
            yield from entries(value, f"{name}.{key}" if name else str(key))
    else:
        yield name or "value", typed(document)


def names_of(name: str, value: Any) -> list[str]:
    """The names of the columns that an entry has in text."""
    if not isinstance(value, Typed):
        return [name]
    places = itertools.product(*map(range, value.array.shape))
    names = [".".join((name, *map(str, place))) for place in places]
    if not value.dtype.is_complex:
        return names
    return [f"{each}.{part}" for each in names for part in ("re", "im")]


class TableWriter:
    """Writes results as rows of text with a separator. `names` are the columns, once known."""

    def __init__(self, separator: str, style: Style) -> None:
        self.separator = separator
        # In a table NaN and infinities stand without quotes, and nothing stands for null.
        self.style = {"string": "bare", "null": "empty"}.get(style, style)
        self.brackets = ("", separator, "")
        self.names: list[str] | None = None
        self._json = Writer(style=style)

    def text(self, document: Any) -> str:
        """The row of a result. Raises DataError for one of other columns."""
        found = self._known(document)
        return self.separator.join(itertools.chain.from_iterable(self._cells(v) for _, v in found))

    def around_elements(self, document: Any) -> tuple[list[str], list[Typed]]:
        """The row of a result without its tensors' elements: the texts around them, and these."""
        pieces, tensors = [""], []
        for place, (_, value) in enumerate(self._known(document)):
            pieces[-1] += self.separator if place else ""
            if not isinstance(value, Typed):
                pieces[-1] += self._cells(value)[0]
                continue
            if value.dtype.is_complex or not value.array.size:
                raise DataError("complex results go into a table one by one")
            tensors.append(value)
            pieces.append("")
        return pieces, tensors

    def header(self, front: list[str]) -> str:
        """The first line: the names of `front`, and of the results' columns."""
        return self.separator.join(self._field(name) for name in (*front, *(self.names or [])))

    def cells(self, document: Any) -> tuple[list[str], list[str]]:
        """The names and the texts of what stands in front of a result."""
        names: list[str] = []
        texts: list[str] = []
        for name, value in document.items():
            if name == "at":
                for axis, each in entries(value, name):
                    names += names_of(axis, each)
                    texts += self._cells(each)
                continue
            names.append(name)
            if isinstance(value, Typed) and value.array.shape:
                texts.append(self._field(self._json.text(value)))
            else:
                texts += self._cells(value)
        return names, texts

    def _known(self, document: Any) -> list[tuple[str, Any]]:
        found = list(entries(document))
        names = [each for name, value in found for each in names_of(name, value)]
        if self.names is None:
            if not names:
                raise DataError("the result is empty: it has no columns")
            self.names = names
        elif names != self.names:
            other = next((n for n in names if n not in self.names), None)
            gone = next((n for n in self.names if n not in names), None)
            shown = f"`{other}`" if other else f"`{gone}` is missing"
            raise DataError(f"{_OTHER}: {shown}", help="--to ndjson takes results of any form")
        return found

    def _cells(self, value: Any) -> list[str]:
        if isinstance(value, Typed):
            if value.dtype.is_complex:
                part = value.dtype.to_real()
                flat = value.array.ravel()
                parts = (elements(each, part, self.style) for each in (flat.real, flat.imag))
                return list(itertools.chain.from_iterable(zip(*parts, strict=True)))
            return elements(value.array, value.dtype, self.style)
        if value is None:
            return [""]
        if isinstance(value, str):
            return [self._field(value)]
        if isinstance(value, float):
            return [number(value, self.style)]
        return [self._field(self._json.text(value))]

    def _field(self, text: str) -> str:
        """A field, in quotes where they are needed."""
        line = io.StringIO()
        csv.writer(line, delimiter=self.separator, lineterminator="\r\n").writerow([text])
        return line.getvalue()[:-2] if text else ""
