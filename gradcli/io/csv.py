"""Values with commas, or tabs, between them and a header: columns by name (RFC 4180).

A header without a comma that has another separator tells that it is that one.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from typing import Any

from .errors import DataError, naming
from .groups import Batch, Found
from .parse import decode
from .source import Source
from .stream import batches
from .values import WORDS

AT_ONCE = 4096  # rows of a group
OTHERS = ";\t|"  # separators of tables that call themselves comma-separated


def read_csv(source: Source, separator: str = ",") -> dict[str, Any]:
    """Column name to a float64 array of its fields.

    Columns with a field that is not a number are kept as lists of strings, so that a program that
    does not read them is not disturbed. Raises DataError with the line.
    """
    import numpy as np

    with naming(source.name):
        text = decode(source.whole())
    header, rows = read_rows(text, source.name, separator)
    columns: dict[str, Any] = {}
    for place, title in enumerate(header):
        fields = [row[place] for row in rows]
        numbers = list(map(_field, fields))
        if str in set(map(type, numbers)):
            numbers = [WORDS.get(number, number) for number in numbers]
        kinds = set(map(type, numbers))
        columns[title] = np.array(numbers, np.float64) if kinds <= {float} else fields
    return columns


def read_rows(text: str, name: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, all of the header's length. Blank lines are skipped."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{name}: there is a NUL character", line=line)
    separator = _told(text.lstrip("\r\n").partition("\n")[0], separator)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[list[str]] = []
    header: list[str] | None = None
    try:
        for row in reader:
            if not row:
                continue
            if header is None:
                header = [field.strip() for field in row]
                _check_header(header, name)
                continue
            if len(row) != len(header):
                raise DataError(
                    f"{name}: {len(row)} fields where the header has {len(header)}",
                    line=reader.line_num,
                )
            rows.append([field.strip() for field in row])
    except csv.Error as error:
        raise DataError(f"{name}: {error}", line=reader.line_num) from None
    if header is None:
        raise DataError(f"{name} is empty; its first line should name the columns")
    return header, rows


def _told(header: str, separator: str) -> str:
    """The separator that a header tells, where it has not the one that is expected."""
    plain = re.sub(r'"[^"]*"', "", header)
    if separator in plain:
        return separator
    return next((other for other in OTHERS if other in plain), separator)


def _check_header(header: list[str], name: str) -> None:
    for place, title in enumerate(header):
        if not title:
            raise DataError(f"{name}: column {place + 1} has no name", line=1)
        if title in header[:place]:
            raise DataError(f"{name}: two columns are named {title}", line=1)


def groups(source: Source, separator: str) -> Iterator[Batch]:
    """The rows as records, in groups as they come; an error in the place of a bad row.

    What a record's fields are for those who copy them is their texts. Raises DataError for the
    source as a whole.
    """
    lines = _Lines(source)
    first: list[str] = []
    for text in lines:
        first.append(text)
        if text.strip():
            break
    separator = _told(first[-1] if first else "", separator)
    reader = csv.reader(itertools.chain(first, lines), strict=True, delimiter=separator)
    header: list[str] | None = None
    after = 1  # the line behind the last row
    broken: DataError | None = None
    while not lines.ended and broken is None:
        records: list[Found] = []
        places: list[int] = []
        texts: list[list[str]] = []
        try:
            for row in reader:
                line, after = after, reader.line_num + 1
                if not row:
                    pass
                elif not all(map(str.isascii, row)) and not _is_utf8(row):
                    bad = DataError(f"{source.name}: this is not UTF-8", line=line)
                    if header is None:
                        raise bad
                    records.append(bad)
                    places.append(line)
                    texts.append([])
                elif header is None:
                    header = [field.strip() for field in row]
                    _check_header(header, source.name)
                else:
                    records.append(_record(header, row, source.name, line))
                    places.append(line)
                    texts.append(row)
                if not lines.waiting or len(records) >= AT_ONCE:
                    break
        except csv.Error as error:
            broken = DataError(f"{source.name}: {error}", line=reader.line_num)
        if records:
            yield Batch(records, places.__getitem__, _Texts(header or [], texts).record, True)
    if broken is not None:
        raise broken


class _Texts:
    """The fields of rows as they stand in the file."""

    def __init__(self, names: list[str], rows: list[list[str]]) -> None:
        self.names = names
        self.rows = rows

    def record(self, place: int) -> dict[str, Any]:
        """The texts of a row by the columns' names."""
        return dict(zip(self.names, self.rows[place], strict=False))


class _Lines:
    """The lines of a source; `waiting` says whether one has been read and not been given yet."""

    def __init__(self, source: Source) -> None:
        self.blocks = batches(0, read=lambda descriptor, size: source.read(size))
        self.waiting = False
        self.ended = False
        self.lines: Iterator[str] = iter(())
        self.next: str | None = None
        self.first = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines, None) if self.next is None else self.next
        while line is None:
            block = next(self.blocks, None)
            if block is None:
                self.ended = True
                raise StopIteration
            if self.first:
                block = block.removeprefix(b"\xef\xbb\xbf")
                self.first = False
            text = block.decode(errors="surrogateescape") + "\n"
            self.lines = iter(io.StringIO(text, newline=""))
            line = next(self.lines, None)
        self.next = next(self.lines, None)
        self.waiting = self.next is not None
        return line


def _record(header: list[str], row: list[str], name: str, line: int) -> Found:
    if len(row) != len(header):
        return DataError(f"{name}: {len(row)} fields where the header has {len(header)}", line=line)
    return {key: _field(field) for key, field in zip(header, row, strict=True)}


def _is_utf8(row: list[str]) -> bool:
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        return False
    return True


def _field(field: str) -> Any:
    """A finite number, one of the words for the others, or the field itself if it is neither."""
    try:
        value = float(field)
    except ValueError:
        return field
    if value - value == 0.0:
        return field if "_" in field else value
    word = field.strip().lower().lstrip("+-")
    if word == "nan":
        return "NaN"
    if word not in ("inf", "infinity"):
        return field
    return "Infinity" if value > 0 else "-Infinity"
