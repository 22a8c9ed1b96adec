"""What a source holds in each format: inputs by name, or records in groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import DataError, naming
from .formats import SEPARATORS, stem
from .source import Source

if TYPE_CHECKING:
    from .groups import Group


def groups(source: Source, form: str, separated: bool = False) -> Iterator[Group]:
    """The records of a source, in groups as they come. Raises DataError and LimitExceeded."""
    if form in ("json", "ndjson"):
        from .json_records import groups as found

        return found(source, separated)
    if form in SEPARATORS:
        from .csv import groups as rows

        return rows(source, SEPARATORS[form])
    if form in ("parquet", "arrow"):
        from .arrow import groups as batches

        return batches(source, form)
    from .arrays import rows as of_arrays

    return of_arrays(record(source, form), source)


def record(source: Source, form: str) -> dict[str, Any]:
    """The inputs that a source holds: name to JSON value, ndarray or list of texts.

    JSON holds one object (or one value, which is named after the file), tables their columns,
    `npz` its arrays by name, `npy` one array named after the file. Raises DataError.
    """
    if form == "npy":
        from .arrays import read_npy

        return read_npy(source)
    if form == "npz":
        from .arrays import read_npz

        return read_npz(source)
    if form in SEPARATORS:
        from .csv import read_csv

        return read_csv(source, SEPARATORS[form])
    if form in ("parquet", "arrow"):
        from .arrow import read

        return read(source, form)
    if form == "ndjson":
        raise DataError(
            f"{source.title} holds a record a line", help="add --each to have one result a record"
        )
    from .parse import decode, parse

    with naming(source.name):
        value = parse(decode(source.whole()))
    if type(value) is dict and not ("dtype" in value and "data" in value):
        return value
    if source.name == "-":
        raise DataError("standard input holds no object of inputs", help='write {"x": …}')
    return {stem(source.name): value}
