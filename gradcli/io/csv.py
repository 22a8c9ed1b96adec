"""Comma-separated values with a header: columns of numbers by name (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from .errors import DataError, naming
from .parse import decode
from .source import read_bytes
from .values import WORDS


def read_csv(name: str) -> dict[str, Any]:
    """Column name to a float64 array of its fields.

    Columns with a field that is not a number are kept as lists of strings, so that a program that
    does not read them is not disturbed. Raises DataError with the line.
    """
    import numpy as np

    with naming(name):
        text = decode(read_bytes(name))
    header, rows = read_rows(text, name)
    columns: dict[str, Any] = {}
    for place, title in enumerate(header):
        fields = [row[place] for row in rows]
        numbers = list(map(_field, fields))
        if str in set(map(type, numbers)):
            numbers = [WORDS.get(number, number) for number in numbers]
        kinds = set(map(type, numbers))
        columns[title] = np.array(numbers, np.float64) if kinds <= {float} else fields
    return columns


def read_rows(text: str, name: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, all of the header's length. Blank lines are skipped."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{name}: there is a NUL character", line=line)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
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


def _check_header(header: list[str], name: str) -> None:
    for place, title in enumerate(header):
        if not title:
            raise DataError(f"{name}: column {place + 1} has no name", line=1)
        if title in header[:place]:
            raise DataError(f"{name}: two columns are named {title}", line=1)


def rows_of(name: str) -> Iterator[tuple[int, dict[str, Any] | DataError]]:
    """The rows of a file as records, read as they are needed, each with the line on which it
    begins; a DataError in the place of a bad row. Raises DataError and OSError for the file as a
    whole.
    """
    with open(name, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, strict=True)
        header: list[str] | None = None
        after = 1  # the line behind the last row
        try:
            for row in reader:
                line, after = after, reader.line_num + 1
                if not row:
                    continue
                if not all(map(str.isascii, row)) and not _is_utf8(row):
                    bad = DataError(f"{name}: this is not UTF-8", line=line)
                    if header is None:
                        raise bad
                    yield line, bad
                elif header is None:
                    header = [field.strip() for field in row]
                    _check_header(header, name)
                elif len(row) != len(header):
                    yield (
                        line,
                        DataError(
                            f"{name}: {len(row)} fields where the header has {len(header)}",
                            line=line,
                        ),
                    )
                else:
                    yield (
                        line,
                        {key: _field(field) for key, field in zip(header, row, strict=True)},
                    )
        except csv.Error as error:
            raise DataError(f"{name}: {error}", line=reader.line_num) from None


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
