"""Results of records as lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from gradcli.cli.process.report import Failure
from gradcli.cli.results.output import Sink
from gradcli.io.digits import elements
from gradcli.io.groups import Batch, Columns, typed
from gradcli.io.text import one_line
from gradcli.io.write import string
from gradcli.streams.forms import Form, TextForm
from gradcli.tensor.dtypes import FROM_ARRAY

from .front import Front

Parts = Iterable[tuple[Sequence[int], Any]]
Add = Callable[[str], None]


class Lines:
    """Results as lines of JSON. With `named`, one with something in front of it is a member."""

    def __init__(self, sink: Sink, front: Front, add: Add, named: bool) -> None:
        self.sink = sink
        self.front = front
        self.add = add
        self.named = named
        self.batch = Batch()
        self.found: list[str | None] = []

    @property
    def decided(self) -> bool:
        """Whether it is known what the results look like."""
        return True

    def form(self, document: Any) -> Form:
        """The form that a result shows. Raises DataError."""
        if self.sink.raw and type(document) is str:
            raise TypeError("a text that is written raw is no JSON")
        return TextForm(document, self.sink.line_writer, self.sink.prefix)

    def whole(self, parts: list[Any], group: Columns) -> None:
        """Take the results of records that went together."""
        text = "".join(parts)
        if not self.front.used:
            self.add(text)
            return
        lines = text.split("\n")  # JSON on one line has no line break in it
        columns = self.front.columns(group)
        if columns is None:
            self.batch = group.records()
            self.add("".join([self._fronted(f"{lines[p]}\n", p) for p in range(group.count)]))
            return
        self.add("".join(self._joined(columns, lines[: group.count])))

    def _joined(self, columns: dict[str, Any], lines: list[str]) -> Iterable[str]:
        """Lines with what stands in front of them, which came as columns."""
        prefix = self.sink.prefix
        inner = "at." if self.front.grid else ""
        fields = [
            [f"{string(name.removeprefix(inner))}:{text}" for text in texts]
            for name, texts in self._written(columns)
        ]
        opening, closing = (f'{prefix}{{"at":{{', "},") if self.front.grid else (f"{prefix}{{", ",")
        skipped = len(prefix) + (0 if self.named else 1)
        for *front, line in zip(*fields, lines, strict=True):
            head = f"{opening}{','.join(front)}{closing}"
            rest = line[skipped:]
            yield f'{head}"value":{rest}}}\n' if self.named else f"{head}{rest}\n"

    def _written(self, columns: dict[str, Any]) -> Iterable[tuple[str, list[str]]]:
        """The names and the texts of columns."""
        for name, values in columns.items():
            dtype = FROM_ARRAY.get(values.dtype) if hasattr(values, "dtype") else None
            if dtype is None or values.ndim != 1 or dtype.is_complex:
                yield name, [self._text(typed(value)) for value in values]
            else:
                yield name, elements(values, dtype, self.sink.line_writer.style)

    def _text(self, value: Any) -> str:
        """One of the values that stand in front."""
        return self.sink.line_writer.text(value)

    def begin(self, batch: Batch, parts: Parts) -> None:
        """Take the results that some of the records of a batch have together."""
        self.batch = batch
        self.found = [None] * len(batch)
        for places, text in parts:
            lines = text.split("\n")
            for place, line in zip(places, lines, strict=False):
                self.found[place] = f"{line}\n"

    def ready(self, place: int) -> bool:
        """Write the result of a record, if it is there. Raises DataError."""
        line = self.found[place]
        if line is None:
            return False
        self.add(self._fronted(line, place) if self.front.used else line)
        return True

    def single(self, place: int, document: Any) -> None:
        """Write the result of a record that went by itself. Raises DataError."""
        sink = self.sink
        if sink.raw and type(document) is str and not self.front.used:
            self.add(f"{sink.prefix}{document}\n")
            return
        line = f"{sink.prefix}{sink.line_writer.text(document)}\n"
        self.add(self._fronted(line, place) if self.front.used else line)

    def failed(self, place: int, failure: Failure, number: int) -> None:
        """Write what is wrong with a record in its place."""
        line = f"{self.sink.prefix}{one_line({'error': failure.members(number)})}\n"
        if self.front.used:
            with suppress(ValueError, Failure):
                line = self._fronted(line, place, False)
        self.add(line)

    def end(self) -> None:
        """All records of a batch are done."""

    def close(self) -> None:
        """All records are done."""

    def _fronted(self, line: str, place: int, named: bool | None = None) -> str:
        front = self.front.of(self.batch, place)
        if not front:
            return line
        text = self.sink.line_writer.text
        head = ",".join([f"{string(name)}:{text(value)}" for name, value in front.items()])
        prefix = self.sink.prefix
        body = line[len(prefix) :]
        if self.named if named is None else named:
            return f'{prefix}{{{head},"value":{body[:-1]}}}\n'
        return f"{prefix}{{{head},{body[1:]}"
