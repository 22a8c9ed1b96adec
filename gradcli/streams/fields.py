"""Records of which inputs are read from other fields."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from gradcli.io.errors import DataError
from gradcli.io.groups import Batch, Columns, Found, Group
from gradcli.io.paths import Path


@dataclass(slots=True)
class Mapped:
    """A group whose records have more names: each for what is at a path.

    A path of `paths` has to lead somewhere; a record may be without a name of `beside`.
    """

    group: Group
    paths: Mapping[str, Path]
    beside: Mapping[str, Path] = field(default_factory=dict)

    def expected(self) -> int | None:
        """As many as in the group."""
        return self.group.expected()

    def columns(self) -> Columns | None:
        """All as columns, if they are and all paths lead to numbers."""
        found = self.group.columns()
        if found is None:
            return None
        try:
            paths = {**self.paths, **self.beside}
            named = {name: path.of_columns(found.arrays) for name, path in paths.items()}
        except DataError:
            return None  # each record says it again
        return Columns(found.count, found.arrays | named, found.others)

    def records(self) -> Batch:
        """All one by one; one in which a path leads nowhere is a bad one."""
        batch = self.group.records()
        return Batch(map(self._record, batch), batch.line, batch.fields, batch.table)

    def _record(self, record: Found) -> Found:
        if not isinstance(record, dict):
            return record
        try:
            named = {name: path.of(record) for name, path in self.paths.items()}
        except DataError as error:
            return error
        for name, path in self.beside.items():
            with suppress(DataError):
                named[name] = path.of(record)
        return record | named
