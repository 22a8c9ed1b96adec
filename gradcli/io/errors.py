"""What is wrong with data that was read or is to be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class DataError(ValueError):
    """A message about data, with where it is as far as that is known.

    `line` and `column` count from 1 in the text; `path` leads to the value inside the document
    (`x[2][0]`); `help` says what to write instead.
    """

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        path: str = "",
        help: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.path = path
        self.help = help

    def __reduce__(self) -> Any:
        return type(self), (self.message,), self.__dict__

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def titled(name: str) -> str:
    """How a sentence calls the source that an option calls `name`."""
    return "standard input" if name == "-" else name


@contextmanager
def naming(name: str) -> Iterator[None]:
    """For a block that reads a file: what is wrong with it is said with the file's name."""
    try:
        yield
    except DataError as error:
        error.message = f"{titled(name)}: {error.message}"
        raise
