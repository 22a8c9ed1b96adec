"""Records in groups: as they are read, and as columns where all of a group are alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..tensor.dtypes import FROM_ARRAY, Array
from .write import Typed

Record = dict[str, Any]
Found = Record | Exception  # an exception stands in the place of a record that cannot be read


class Group(Protocol):
    """Records that came together."""

    def expected(self) -> int | None:
        """How many there are, as far as can be said without reading them."""

    def columns(self) -> Columns | None:
        """All as columns of numbers, if they are."""

    def records(self) -> Batch:
        """All one by one."""


class Batch(list[Found]):
    """Records one by one.

    `line` gives the line on which each begins, if any does; `fields` a record's fields as they
    stand in the file. `table` says whether all have the same fields.
    """

    __slots__ = ("fields", "line", "table")

    def __init__(
        self,
        records: Iterable[Found] = (),
        line: Callable[[int], int | None] = lambda place: None,
        fields: Callable[[int], Mapping[str, Any]] | None = None,
        table: bool = False,
    ) -> None:
        super().__init__(records)
        self.line = line
        self.fields = fields or self._own
        self.table = table

    def _own(self, place: int) -> Mapping[str, Any]:
        record = self[place]
        return record if isinstance(record, dict) else {}

    def __reduce__(self) -> Any:
        fields = None if self.fields == self._own else [self.fields(p) for p in range(len(self))]
        return _batch, (list(self), [self.line(p) for p in range(len(self))], fields, self.table)

    def expected(self) -> int | None:
        """How many there are."""
        return len(self)

    def columns(self) -> Columns | None:
        """Records are read one by one where they may differ."""
        return None

    def records(self) -> Batch:
        """The records themselves."""
        return self


def _batch(
    records: list[Found],
    lines: list[int | None],
    fields: list[Mapping[str, Any]] | None,
    table: bool,
) -> Batch:
    found = None if fields is None else fields.__getitem__
    return Batch(records, lines.__getitem__, found, table)


@dataclass(slots=True)
class _Listed:
    """A column that is listed already."""

    values: list[Any]

    def __call__(self) -> list[Any]:
        return self.values


@dataclass(slots=True)
class Columns:
    """Records as arrays that have them on their first axis, one a name.

    `others` are the columns of other things than numbers, each a function that lists its values.
    """

    count: int
    arrays: dict[str, Array]
    others: dict[str, Callable[[], list[Any]]] = field(default_factory=dict)

    def __reduce__(self) -> Any:
        others = {name: _Listed(values()) for name, values in self.others.items()}
        return Columns, (self.count, self.arrays, others)

    def expected(self) -> int | None:
        """How many there are."""
        return self.count

    def columns(self) -> Columns | None:
        """The columns themselves."""
        return self

    def record(self, place: int) -> Record:
        """The numbers of one of the records."""
        return {name: array[place][()] for name, array in self.arrays.items()}

    def records(self) -> Batch:
        """All records, with what is no number."""
        others = {name: values() for name, values in self.others.items()}

        def whole(place: int) -> Record:
            return self.record(place) | {name: values[place] for name, values in others.items()}

        return Batch(map(whole, range(self.count)), table=True)


def typed(value: Any) -> Any:
    """Arrays and their elements with their dtype; any other value as it is."""
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        dtype = FROM_ARRAY.get(array.dtype)
        return array.item() if dtype is None and not array.shape else Typed(array, dtype)  # type: ignore[arg-type]
    return value
