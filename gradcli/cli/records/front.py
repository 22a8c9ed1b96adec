"""What stands in front of a record's result: the fields of `--copy` and the point of a grid."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.errors import DataError
from gradcli.io.groups import Batch, Columns, typed
from gradcli.io.paths import Path
from gradcli.io.write import Typed
from gradcli.tensor.dtypes import DType

# The keys of results; no field takes their place.
RESERVED = frozenset(
    (
        *("value", "values", "grads", "jvp", "vjp", "jacobian", "hessian", "hvp", "error", "at"),
        *("sigma", "shares", "elasticity", "taylor", "gradient_norm", "steps", "converged"),
    )
)


class Front:
    """Takes from records what is copied. `grid` are the names of a grid's axes."""

    def __init__(self, options: Options, grid: Collection[str], floating: DType) -> None:
        """Raises UsageError for names that results have themselves."""
        self.grid = grid
        self.floating = floating
        self.all = any(pair == ("all", "all") for pair in options.copy)
        self.fields: dict[str, Path] = {}
        if options.copy and not options.each:
            raise UsageError("--copy copies fields of records", "add --each")
        for name, text in options.copy:
            if self.all and name == text == "all":
                continue
            if name in RESERVED:
                raise UsageError(
                    f"--copy {name}: results have a key of this name", f"--copy NAME={text}"
                )
            if name in self.fields:
                raise UsageError(f"--copy: two fields are called `{name}`")
            try:
                self.fields[name] = Path(text)
            except DataError as error:
                raise UsageError(f"--copy: {error}", error.help) from None

    @property
    def used(self) -> bool:
        """Whether anything stands in front of results."""
        return bool(self.fields or self.all or self.grid)

    def of(self, batch: Batch, place: int) -> dict[str, Any]:
        """What stands in front of a record's result, as a document. Raises DataError."""
        fields = batch.fields(place)
        if self.grid:
            point = {name: self._number(fields[name]) for name in self.grid if name in fields}
            return {"at": point}
        found: dict[str, Any] = {}
        if self.all:
            for name, value in fields.items():
                if name in RESERVED:
                    raise DataError(
                        f"a field is called `{name}`, as a key of results is",
                        help=f"--copy my_{name}={name} copies it under another name",
                    )
                found[name] = _document(value)
        for name, path in self.fields.items():
            found[name] = _document(self._field(path, fields, batch.table))
        return found

    def columns(self, group: Columns) -> dict[str, Any] | None:
        """The same for all records of a group: an array or a list of values for each name.

        None where it is to be found record by record. Raises Failure.
        """
        if self.grid:
            axes = {name: group.arrays.get(name) for name in self.grid}
            if any(array is None or array.ndim != 1 for array in axes.values()):
                return None
            return {f"at.{name}": self.floating.cast(axis) for name, axis in axes.items()}
        if self.all:
            return None
        found: dict[str, Any] = {}
        for name, path in self.fields.items():
            if path.steps[0] in group.others and len(path.steps) == 1:
                found[name] = list(map(_document, group.others[path.text]()))
                continue
            try:
                found[name] = path.of_columns(group.arrays)
            except DataError:
                return None
        return found

    def _field(self, path: Path, fields: Mapping[str, Any], table: bool) -> Any:
        """The field, or None where a record has none, which every row of a table has."""
        try:
            return path.of(fields)
        except DataError as error:
            if table and fields and path.steps[0] not in fields:
                raise Failure(USAGE, f"--copy: {error}", code="data", help=error.help) from None
            return None

    def _number(self, value: Any) -> Any:
        if type(value) in (int, float) or isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            if array.dtype.kind in "bif" and array.dtype.kind != "b":
                return Typed(self.floating.cast(array), self.floating)
        return _document(value)


def _document(value: Any) -> Any:
    """A field's value as the writer takes it."""
    value = typed(value)
    if type(value) is list:
        return [_document(item) for item in value]
    if type(value) is dict:
        return {str(key): _document(item) for key, item in value.items()}
    if isinstance(value, Typed | str | bool | int | float | complex) or value is None:
        return value
    return str(value)
