"""Errors as a user reads them, on stderr: text, or one line of JSON each with `--errors json`."""

from __future__ import annotations

import sys

from gradcli.language.syntax.terminal import clean, cut
from gradcli.render.colour import colour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CHECK_FAILED = 1
USAGE = 2  # and input and output
SYNTAX = 3
RAISED = 5
LIMIT = 6
BUG = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

CODES = {
    CHECK_FAILED: "check",
    USAGE: "usage",
    SYNTAX: "syntax",
    RAISED: "error",
    LIMIT: "limit",
    BUG: "bug",
    INTERRUPTED: "interrupted",
}


class Failure(Exception):
    """Something that ends a command, or one record of it, with an exit status and a message.

    `code` is a word for the kind of error. `draw`, for errors that have source lines to show, gives
    the whole message as it stands on a terminal, with colour or without; `span` is where it is, as
    members for JSON; `line` is where the record begins in its file.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        help: str = "",
        type: str = "",
        code: str = "",
        draw: Callable[[bool], str] | None = None,
        span: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code or CODES.get(status, "error")
        self.message = message
        self.help = help
        self.type = type
        self.draw = draw
        self.span = span
        self.line: int | None = None

    def __reduce__(self) -> Any:
        return type(self), (self.status, self.message), self.__dict__

    @property
    def of_data(self) -> bool:
        """Whether the span, which the message names, is in the data and not in the program."""
        return self.span is not None and "file" not in self.span

    def members(self, record: int | None = None) -> dict[str, Any]:
        """The error as the members of a JSON object."""
        members: dict[str, Any] = {"code": self.code}
        if self.type:
            members["type"] = self.type
        members["message"] = cut(self.message)
        if self.span is not None:
            members["span"] = self.span
        if self.help:
            members["help"] = cut(self.help)
        if record is not None:
            members["record"] = record
        if self.line is not None:
            members["line"] = self.line
        return members


def show(failure: Failure, form: str, when: str = "auto", record: int | None = None) -> None:
    """Write a failure to stderr."""
    line = text(failure, form, colour(when, sys.stderr), record)
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except (OSError, ValueError):  # nobody reads messages
        pass


def text(failure: Failure, form: str, coloured: bool, record: int | None = None) -> str:
    """A failure as it is written: for people, or as one line of JSON."""
    if form == "json":
        from gradcli.io.text import one_line

        return one_line({"error": failure.members(record)}) + "\n"
    return _text(failure, coloured, record)


def _text(failure: Failure, coloured: bool, record: int | None) -> str:
    if failure.draw is not None:
        text = failure.draw(coloured)
        return text if text.endswith("\n") else text + "\n"
    title = "\x1b[1;31merror\x1b[0m" if coloured else "error"
    of = f" in record {record}" if record is not None else ""
    kind = f"{failure.type}: " if failure.status == RAISED and failure.type else ""
    line = f"{title}{of}: {clean(cut(kind + failure.message))}\n"
    if failure.help:
        line += f"   = help: {clean(cut(failure.help))}\n"
    return line
