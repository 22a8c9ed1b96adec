"""Results of records as the rows of a table of text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gradcli.cli.process.report import Failure
from gradcli.cli.results.output import Sink
from gradcli.io.errors import DataError
from gradcli.io.groups import Columns

from .front import Front
from .lines import Add, Lines

if TYPE_CHECKING:
    from gradcli.io.tables import TableWriter


class Rows(Lines):
    """Results as the rows of a table of text, below a header that the first one decides.

    A record that failed has a row without results.
    """

    def __init__(self, sink: Sink, front: Front, add: Add, named: bool) -> None:
        super().__init__(sink, front, add, named)
        self.names: list[str] | None = None  # of what stands in front
        self.waiting: list[str] = []  # the rows of what failed before the header was known
        self.headed = False

    @property
    def decided(self) -> bool:
        """Whether the columns are known."""
        return self.writer.names is not None

    @property
    def writer(self) -> TableWriter:
        """What writes the rows."""
        assert self.sink.table is not None
        return self.sink.table

    def failed(self, place: int, failure: Failure, number: int) -> None:
        """Write a row without results."""
        try:
            front = self._front(place) if self.front.used else []
        except (ValueError, Failure):
            front = [""] * len(self.names or [])
        if self.headed:
            self.add(self._empty(front))
        else:
            self.waiting.append(self.writer.separator.join(front))

    def close(self) -> None:
        """Write a header, if there was no result that it could come before."""
        if not self.headed and self.waiting:
            self.writer.names = self.writer.names or ["value"]
            self._head()

    def whole(self, parts: list[Any], group: Columns) -> None:
        """Take the results of records that went together."""
        if self.front.used:
            super().whole(parts, group)
            return
        self._head()
        self.add("".join(parts))

    def _text(self, value: Any) -> str:
        """One of the values that stand in front."""
        return self.writer.cells({"": value})[1][0]

    def _joined(self, columns: dict[str, Any], lines: list[str]) -> Iterable[str]:
        """Rows with what stands in front of them, which came as columns."""
        self.names = self.names or list(columns)
        self._head()
        texts = [texts for _, texts in self._written(columns)]
        return (self.writer.separator.join(row) + "\n" for row in zip(*texts, lines, strict=True))

    def ready(self, place: int) -> bool:
        """Write the result of a record, if it is there."""
        if self.found[place] is not None and not self.front.used:
            self._head()
        return super().ready(place)

    def single(self, place: int, document: Any) -> None:
        """Write the result of a record that went by itself. Raises DataError."""
        line = f"{self.writer.text(document)}\n"
        if self.front.used:
            line = self._fronted(line, place)
        else:
            self._head()
        self.add(line)

    def _fronted(self, line: str, place: int, named: bool | None = None) -> str:
        cells = self._front(place)
        self._head()
        return self.writer.separator.join([*cells, line])

    def _front(self, place: int) -> list[str]:
        names, cells = self.writer.cells(self.front.of(self.batch, place))
        if self.names is None:
            self.names = names
        elif names != self.names:
            raise DataError(
                "what is copied has other columns than in the first record",
                help="--to ndjson takes records of any form",
            )
        return cells

    def _head(self) -> None:
        if self.headed:
            return
        self.headed = True
        self.add(f"{self.writer.header(self.names or [])}\n")
        for front in self.waiting:
            self.add(self._empty([front] if self.names else []))
        self.waiting.clear()

    def _empty(self, front: list[str]) -> str:
        cells = [*front, *[""] * len(self.writer.names or [])]
        return (self.writer.separator.join(cells) or '""') + "\n"
