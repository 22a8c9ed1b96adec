"""Comma-separated values with a header: columns of numbers by name (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from .errors import DataError
from .parse import decode
from .source import read_bytes


def read_csv(name: str) -> dict[str, Any]:
    """Column name to a float64 array of its fields.

    Columns with a field that is not a number are kept as lists of strings, so that a program that
    does not read them is not disturbed. Raises DataError with the line.
    """
    import numpy as np

    header, rows = read_rows(decode(read_bytes(name)), name)
    columns: dict[str, Any] = {}
    for place, title in enumerate(header):
        fields = [row[place] for row in rows]
        try:
            columns[title] = np.array(list(map(float, fields)), np.float64)
        except ValueError:
            columns[title] = fields
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


def rows_of(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a file as records, read as they are needed. Raises DataError and OSError."""
    with open(name, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
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
                yield row_record(header, row)
        except csv.Error as error:
            raise DataError(f"{name}: {error}", line=reader.line_num) from None
        except UnicodeDecodeError:
            raise DataError(f"{name}: this is not UTF-8", line=reader.line_num + 1) from None


def row_record(header: list[str], row: list[str]) -> dict[str, Any]:
    """A row as a record: numbers where a field is one, strings elsewhere."""
    return {title: _field(field) for title, field in zip(header, row, strict=True)}


def _field(field: str) -> Any:
    try:
        value = float(field)
    except ValueError:
        return field
    if value - value == 0.0:
        return value
    word = field.strip().lower().lstrip("+")
    return {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "infinity": "Infinity"}.get(
        word, "-Infinity" if word.startswith("-inf") else value
    )
