"""Results as columns of arrays: which columns there are, and what writes them into a file.

The first result decides the columns; another one that has other columns is refused. A record that
failed has a row in which nothing is valid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..tensor.dtypes import Array
from .errors import DataError
from .tables import entries
from .write import Typed, Writer


@dataclass(slots=True)
class Filled:
    """A column: its values (an array, or texts) and which of them there are, None for all.

    `result` says whether it belongs to results, and not to what is copied.
    """

    name: str
    values: Any
    valid: Array | None = None
    result: bool = True


class ColumnWriter(Protocol):
    """Writes groups of columns of the same names and kinds."""

    def add(self, columns: list[Filled], count: int) -> None:
        """Take `count` more rows."""

    def close(self) -> None:
        """Write what is left to be written."""


class Schema:
    """The columns of results: names, dtypes and shapes, once the first result is known."""

    __slots__ = ("finite", "kinds", "names")

    def __init__(self, finite: bool = False) -> None:
        self.finite = finite  # NaN and infinities are refused
        self.names: list[str] | None = None
        self.kinds: list[tuple[Any, tuple[int, ...]]] = []  # an object dtype for what is no number

    def row(self, document: Any) -> list[Any]:
        """The values of a result. Raises DataError for one of other columns."""
        found = list(entries(document))
        values = [self._checked(_value(value)) for _, value in found]
        names = [name for name, _ in found]
        kinds = [(value.dtype, value.shape) for value in values]
        if self.names is None:
            if any(0 in shape for _, shape in kinds):
                raise DataError("a result without elements has no column")
            self.names, self.kinds = names, kinds
        elif (names, kinds) != (self.names, self.kinds):
            raise DataError(
                f"its columns are not those of the first result: {_other(self, names, kinds)}",
                help="--to ndjson takes results of any form",
            )
        return values

    def tensors(self, document: Any) -> list[Typed]:
        """The tensors among the values of a result."""
        return [value for _, value in entries(document) if isinstance(value, Typed)]

    def columns(self, document: Any, tensors: list[Array], count: int) -> list[Array]:
        """The columns of `count` results from their tensors, and from one that all are like."""
        left = iter(tensors)
        return [
            self._checked(next(left))
            if isinstance(value, Typed)
            else np.repeat(_value(value)[None], count, 0)
            for _, value in entries(document)
        ]

    def _checked(self, array: Array) -> Array:
        if self.finite and array.dtype.kind in "fc" and not np.isfinite(array).all():
            raise DataError(
                "the result contains NaN or infinities", help="--nonfinite string writes them"
            )
        return array

    def empty(self, count: int) -> list[Array]:
        """Columns to be filled."""
        return [
            np.full((count, *shape), None, dtype)
            if dtype.kind == "O"
            else np.zeros((count, *shape), dtype)
            for dtype, shape in self.kinds
        ]


def _value(value: Any) -> Any:
    """A value as an array; what is no tensor is an object."""
    if isinstance(value, Typed):
        return np.asarray(value.array)
    if type(value) in (bool, float, complex) or (type(value) is int and abs(value) < 1 << 63):
        return np.asarray(value)
    found = np.empty((), object)
    found[()] = value
    return found


def _other(schema: Schema, names: list[str], kinds: Sequence[Any]) -> str:
    before = dict(zip(schema.names or [], schema.kinds, strict=True))
    for name, (dtype, shape) in zip(names, kinds, strict=True):
        if name not in before:
            return f"`{name}`"
        if before[name] != (dtype, shape):
            return (
                f"`{name}` is {dtype} {list(shape)}, not {before[name][0]} {list(before[name][1])}"
            )
    return f"`{next((n for n in before if n not in names), '')}` is missing"


def listed(name: str, values: list[Any]) -> Filled:
    """A column of values: an array where all that are there are numbers of one kind, or texts."""
    known = [value for value in values if value is not None]
    plain = [value.array.tolist() if isinstance(value, Typed) else value for value in values]
    valid = None
    if len(known) < len(values):
        valid = np.array([value is not None for value in values])
    if known and all(isinstance(value, Typed) for value in known):
        kinds = {(value.dtype, value.array.shape) for value in known}
        if len(kinds) == 1:
            blank = np.zeros_like(known[0].array)
            rows = [blank if value is None else value.array for value in values]
            return Filled(name, np.array(rows), valid, False)
    elif known and {type(value) for value in known} in ({int}, {float}, {bool}, {int, float}):
        array = np.array([known[0] if value is None else value for value in plain])
        if array.dtype.kind in "bif":
            return Filled(name, array, valid, False)
    if not all(type(value) is str for value in known):
        text = Writer().text  # values of several kinds, and integers beyond int64, as JSON
        plain = [v if v is None or type(v) is str else text(v) for v in values]
    return Filled(name, plain, result=False)
