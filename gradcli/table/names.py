"""What the generated index says of names, before any family of operations is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from . import index


class Names:
    """The public names of the operations, or of the plain functions."""

    def __init__(
        self,
        rows: Mapping[str, tuple[str, ...]],
        public: Mapping[str, Mapping[str, tuple[str, ...]]],
    ) -> None:
        self.rows = rows
        self.public = public

    def family(self, identifier: str) -> str:
        """Where an entry is defined. Raises KeyError when there is none."""
        return self.rows[identifier][0]

    def families(self) -> list[str]:
        """Every family, sorted."""
        return sorted({row[0] for row in self.rows.values()})

    def ids(self, space: str, name: str) -> tuple[str, ...]:
        """The entries behind a name of a namespace, tried in this order; empty without any."""
        found = self.public.get(space, {}).get(name)
        if found is None:
            row = self.rows.get(name)
            return (name,) if row is not None and space in row[1].split() else ()
        return found

    def all(self, space: str) -> list[str]:
        """Every name of a namespace."""
        own = (name for name, row in self.rows.items() if space in row[1].split())
        return [*own, *self.public.get(space, ())]

    def marked(self, start: str, space: str) -> list[str]:
        """The names of a namespace of which an entry has a mark that starts so."""
        marks = {
            identifier
            for identifier, row in self.rows.items()
            if any(mark.startswith(start) for mark in row[2:])
        }
        return [name for name in self.all(space) if not marks.isdisjoint(self.ids(space, name))]


OPERATIONS = Names(index.ROWS, index.PUBLIC)
FUNCTIONS = Names(index.FUNCTION_ROWS, index.FUNCTIONS)
SPACES = sorted({*index.PUBLIC, *index.FUNCTIONS})


def has(space: str, name: str) -> bool:
    """Whether a namespace has this name."""
    return bool(FUNCTIONS.ids(space, name) or OPERATIONS.ids(space, name))


def all_names(space: str) -> set[str]:
    """Every name of a namespace."""
    return {*FUNCTIONS.all(space), *OPERATIONS.all(space)}


@cache
def marked(start: str, space: str) -> frozenset[str]:
    """The names of a namespace of which an entry has a mark that starts so.

    `written:F` and `written:Tensor`: PyTorch writes it in Python there. `prelude:F`: programs start
    with F's, `prelude:`: not with torch's. `mapped:`: not for many records at once.
    """
    return frozenset([*OPERATIONS.marked(start, space), *FUNCTIONS.marked(start, space)])
