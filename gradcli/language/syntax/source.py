"""A program's text: offsets, lines, columns and how wide they are on a terminal.

Offsets count characters (code points) from 0 in the text as it was given, a byte order mark
included; lines and columns count from 1. A line ends with LF, CR or CRLF, as in Python, and with
nothing else (form feed and U+2028 are ordinary characters).
"""

from __future__ import annotations

import re
from bisect import bisect_right

from gradcli.io.text import DIRECTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TAB = 8

_NEWLINE = r"\r\n|\r|\n"


class Span(tuple[int, int]):
    """A half-open range of offsets, `start <= offset < end`."""

    __slots__ = ()

    def __new__(cls, start: int, end: int) -> Span:
        return tuple.__new__(cls, (start, end))

    @property
    def start(self) -> int:
        return self[0]

    @property
    def end(self) -> int:
        return self[1]

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of `other`."""
        return Span(self[0], other[1])

    def __repr__(self) -> str:
        return f"Span({self[0]}, {self[1]})"


class Position(tuple[int, int]):
    """A line and a column, both from 1."""

    __slots__ = ()

    def __new__(cls, line: int, column: int) -> Position:
        return tuple.__new__(cls, (line, column))

    @property
    def line(self) -> int:
        return self[0]

    @property
    def column(self) -> int:
        return self[1]


class Source:
    """A text and the name that messages give it (a file's name, `<stdin>`, `<repl>` …).

    `first_line` is the number of the first line, for a text that is a piece of a longer one.
    """

    __slots__ = ("_starts", "first_line", "name", "text")

    def __init__(self, text: str, name: str = "<input>", first_line: int = 1) -> None:
        self.text = text
        self.name = name
        self.first_line = first_line
        self._starts: list[int] | None = None

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"

    @property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        starts = self._starts
        if starts is None:
            starts = [0]
            starts.extend(m.end() for m in re.finditer(_NEWLINE, self.text))
            self._starts = starts
        return starts

    def position(self, offset: int) -> Position:
        """The line and column of an offset; the end of the text has a position too."""
        starts = self.starts
        row = bisect_right(starts, offset) - 1
        return Position(row + self.first_line, offset - starts[row] + 1)

    def line_span(self, line: int) -> Span:
        """The span of a line without its line break."""
        row = line - self.first_line
        starts = self.starts
        end = starts[row + 1] if row + 1 < len(starts) else len(self.text)
        text = self.text
        while end > starts[row] and text[end - 1] in "\r\n":
            end -= 1
        return Span(starts[row], end)

    def line_text(self, line: int) -> str:
        """A line's text without its line break; without the byte order mark too."""
        start, end = self.line_span(line)
        text = self.text[start:end]
        return text[1:] if start == 0 and text.startswith("\ufeff") else text

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span[0] : span[1]]

    def location(self, offset: int) -> str:
        """`name:line:column`, as editors and terminals understand it."""
        line, column = self.position(offset)
        return f"{self.name}:{line}:{column}"


def _cells(text: str) -> Iterator[str]:
    """For each character the text that stands for it on a terminal."""
    at = 0
    for character in text:
        if character == "\t":
            shown = " " * (TAB - at % TAB)
        elif character < " " or "\x7f" <= character < "\xa0" or character in DIRECTIONS:
            shown = "\ufffd"
        else:
            shown = character
        at += width(shown)
        yield shown


def expand(text: str) -> tuple[str, list[int]]:
    """A line as a terminal shows it, and the terminal column at which each character starts.

    Tabs become spaces; other control characters, and those that reorder a text, U+FFFD. The
    list has one entry more than `text` has characters: the width of it all.
    """
    if text.isascii() and text.isprintable():
        return text, list(range(len(text) + 1))
    parts: list[str] = []
    columns = [0]
    for shown in _cells(text):
        parts.append(shown)
        columns.append(columns[-1] + width(shown))
    return "".join(parts), columns


def width(text: str) -> int:
    """How many terminal columns a text without tabs takes; East Asian wide characters take two.

    Combining marks and other characters without a width of their own take none.
    """
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    total = 0
    for character in text:
        if east_asian_width(character) in "WF":
            total += 2
        elif category(character) not in ("Mn", "Me", "Cf"):
            total += 1
    return total
