"""Results of records as the columns of a file of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradcli.cli.process.report import Failure
from gradcli.cli.results.output import Sink
from gradcli.io.groups import Batch, Columns
from gradcli.io.results import Filled, listed
from gradcli.io.tables import entries
from gradcli.io.write import Writer
from gradcli.streams.forms import ColumnForm, Form

from .front import Front
from .lines import Parts


class ColumnResults:
    """Results as columns of a file of arrays."""

    def __init__(self, sink: Sink, front: Front) -> None:
        self.sink = sink
        self.front = front
        self.batch = Batch()
        self.columns: list[Any] = []
        self.valid: list[bool] = []
        self.singles: dict[int, list[Any]] = {}
        self.parts: list[tuple[Sequence[int], Any]] = []
        self.waiting: list[tuple[list[Filled], int]] = []  # groups in which all failed

    @property
    def decided(self) -> bool:
        """Whether the columns are known."""
        return self.sink.schema.names is not None

    def form(self, document: Any) -> Form:
        """The form that a result shows. Raises DataError."""
        return ColumnForm(document, self.sink.schema)

    def whole(self, parts: list[Any], group: Columns) -> None:
        """Take the results of records that went together."""
        columns = self.front.columns(group) if self.front.used else {}
        if columns is None:
            self.batch = group.records()
            fronts = self._fronts(range(group.count))
        else:
            fronts = [
                Filled(name, values, result=False)
                if hasattr(values, "dtype")
                else listed(name, values)
                for name, values in columns.items()
            ]
        joined = (c[0] if len(parts) == 1 else np.concatenate(c) for c in zip(*parts, strict=True))
        names = self.sink.schema.names or []
        filled = [Filled(name, column) for name, column in zip(names, joined, strict=True)]
        self._add([*fronts, *filled], group.count)

    def begin(self, batch: Batch, parts: Parts) -> None:
        """Take the results that some of the records of a batch have together."""
        self.batch = batch
        self.parts = list(parts)
        self.valid = [False] * len(batch)
        self.singles = {}
        for places, _ in self.parts:
            for place in places:
                self.valid[place] = True

    def ready(self, place: int) -> bool:
        """Whether the result of a record is there."""
        return self.valid[place]

    def single(self, place: int, document: Any) -> None:
        """Take the result of a record that went by itself. Raises DataError."""
        self.singles[place] = self.sink.schema.row(document)
        self.valid[place] = True

    def failed(self, place: int, failure: Failure, number: int) -> None:
        """A record that failed has nothing in its row."""

    def end(self) -> None:
        """Write the columns of a batch."""
        count = len(self.batch)
        if not count:
            return
        fronts = self._fronts(range(count))
        schema = self.sink.schema
        if schema.names is None:
            self.waiting.append((fronts, count))
            return
        columns = schema.empty(count)
        for places, part in self.parts:
            for column, values in zip(columns, part, strict=True):
                column[list(places)] = values
        for place, row in self.singles.items():
            for column, value in zip(columns, row, strict=True):
                column[place] = value if column.dtype != object else value[()]
        valid = None if all(self.valid) else np.array(self.valid)
        filled = [Filled(n, c, valid) for n, c in zip(schema.names, columns, strict=True)]
        self._add([*fronts, *filled], count)

    def close(self) -> None:
        """Write what had to wait for the first result."""
        self._flush()
        self.sink.close_columns()

    def _add(self, columns: list[Filled], count: int) -> None:
        self._flush()
        self.sink.columns(columns, count)

    def _flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        schema = self.sink.schema
        for fronts, count in waiting:
            empty = zip(schema.names or [], schema.empty(count), strict=True)
            none = np.zeros(count, bool)
            self.sink.columns([*fronts, *(Filled(n, c, none) for n, c in empty)], count)

    def _fronts(self, places: range) -> list[Filled]:
        if not self.front.used:
            return []
        rows = [dict(_flat(self.front.of(self.batch, place))) for place in places]
        names = dict.fromkeys(name for row in rows for name in row)
        return [listed(name, [row.get(name) for row in rows]) for name in names]


def _flat(front: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """What stands in front by the names of columns; what is nested is JSON."""
    for name, value in front.items():
        if name == "at":
            yield from entries(value, name)
        else:
            yield name, Writer().text(value) if type(value) in (list, dict, complex) else value
