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
from .groups import Batch, Columns, Found, Group
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
    header, rows = read_rows(text, source.title, separator)
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


def groups(source: Source, separator: str) -> Iterator[Group]:
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
    passed = 0  # lines that the reader has not seen
    broken: DataError | None = None
    while not lines.ended and broken is None:
        block = lines.plain_block() if header is not None and not lines.waiting else None
        if block is not None:
            rows = PlainRows(block, header or [], separator, source.title, after)
            yield rows
            passed += rows.count
            after += rows.count
            continue
        records: list[Found] = []
        places: list[int] = []
        texts: list[list[str]] = []
        try:
            for row in reader:
                line, after = after, passed + reader.line_num + 1
                if not row:
                    pass
                elif header is None:
                    if not _is_utf8(row):
                        raise DataError(f"{source.title}: this is not UTF-8", line=line)
                    header = [field.strip() for field in row]
                    _check_header(header, source.title)
                else:
                    records.append(_record(header, row, source.title, line))
                    places.append(line)
                    texts.append(row)
                if not lines.waiting or len(records) >= AT_ONCE:
                    break
        except csv.Error as error:
            broken = DataError(f"{source.title}: {error}", line=passed + reader.line_num)
        if records:
            yield Batch(records, places.__getitem__, _Texts(header or [], texts).record, True)
    if broken is not None:
        raise broken


class PlainRows:
    """Rows without quotes, one a line, from `line` on; they are read when they are asked for."""

    def __init__(self, block: bytes, header: list[str], separator: str, name: str, line: int):
        self.block = block
        self.header = header
        self.separator = separator
        self.name = name
        self.line = line
        self.count = block.count(b"\n") + 1

    def expected(self) -> int | None:
        """As many as lines."""
        return self.count

    def columns(self) -> Columns | None:
        """Rows are read one by one."""
        return None

    def records(self) -> Batch:
        """The rows as records; an error in the place of a bad one."""
        lines = self.block.decode(errors="surrogateescape").split("\n")
        records: list[Found] = []
        texts: list[list[str]] = []
        while len(records) < len(lines):
            rest = lines[len(records) :] if records else lines
            line = self.line + len(records)
            try:
                for row in csv.reader(rest, strict=True, delimiter=self.separator):
                    records.append(_record(self.header, row, self.name, line))
                    texts.append(row)
                    line += 1
            except csv.Error as error:
                records.append(DataError(f"{self.name}: {error}", line=line))
                texts.append([])
        first = self.line
        fields = _Texts(self.header, texts).record
        return Batch(records, lambda place: first + place, fields, True)


class _Texts:
    """The fields of rows as they stand in the file."""

    def __init__(self, names: list[str], rows: list[list[str]]) -> None:
        self.names = names
        self.rows = rows

    def record(self, place: int) -> dict[str, Any]:
        """The texts of a row by the columns' names; what is not UTF-8 stands as U+FFFD."""
        row = self.rows[place]
        if not _is_utf8(row):
            row = [text.encode(errors="surrogateescape").decode(errors="replace") for text in row]
        return dict(zip(self.names, row, strict=False))


class _Lines:
    """The lines of a source; `waiting` says whether one has been read and not been given yet."""

    def __init__(self, source: Source) -> None:
        self.blocks = batches(0, read=lambda descriptor, size: source.read(size))
        self.waiting = False
        self.ended = False
        self.lines: Iterator[str] = iter(())
        self.next: str | None = None
        self.first = True
        self.held: bytes | None = None  # a block that was looked at

    def plain_block(self) -> bytes | None:
        """The next block, if each of its lines is a row of fields without quotes.

        It is to be asked for when no line waits.
        """
        block = self._block()
        if block is None:
            self.ended = True
            return None
        text = block
        if b"\r" in block:
            text = (block + b"\n").replace(b"\r\n", b"\n")[:-1]
        odd = (b'"', b"\r", b"\0", b"\n\n")
        if not text or text[:1] == b"\n" or text[-1:] == b"\n" or any(part in text for part in odd):
            self.held = block
            return None
        return text

    def _block(self) -> bytes | None:
        held, self.held = self.held, None
        return next(self.blocks, None) if held is None else held

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines, None) if self.next is None else self.next
        while line is None:
            block = self._block()
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
    if not all(map(str.isascii, row)) and not _is_utf8(row):
        return DataError(f"{name}: this is not UTF-8", line=line)
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
