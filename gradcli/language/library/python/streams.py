"""What programs write to: their output, their messages, and text kept in memory."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.syntax.terminal import clean_printed
from gradcli.language.values.attributes import load_attribute
from gradcli.language.values.constructors import callable_value

from .hosts import deeper_call, open_class


def is_terminal() -> bool:
    """Whether messages are read by somebody at a terminal."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError, OSError):
        return False


def write_message(text: str) -> None:
    """Write to standard error; nothing in the text steers a terminal."""
    with suppress(OSError, ValueError):  # nobody reads messages
        sys.stderr.write(clean_printed(text) if is_terminal() else text)


class Stream:
    """`sys.stdout` or `sys.stderr`: `name` says which."""

    encoding = "utf-8"

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, text: Any, /) -> int:
        """Write a text; the number of its characters."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        machine.reserve(4 * len(text))
        with deeper_call():  # one may be turned into the other
            if self.name == "<stdout>":
                machine.write(text)
            elif machine.message is not None:
                machine.message(text)
            else:
                write_message(text)
        return len(text)

    def writelines(self, lines: Any, /) -> None:
        """Write one text after the other."""
        for line in counted(lines):
            self.write(line)

    def flush(self) -> None:
        """Nothing is kept back here."""

    def isatty(self) -> bool:
        """Whether a terminal is behind it: a program is not told."""
        return False

    def __repr__(self) -> str:
        mode = "mode='w' encoding='utf-8'"
        return f"<_io.TextIOWrapper name={self.name!r} {mode}>"


open_class(
    Stream,
    "encoding flush isatty name write writelines",
    module="_io",
    name="TextIOWrapper",
    make=lambda *args, **kwargs: _not_made(),
)


def _not_made() -> None:
    raise TypeError("cannot create 'TextIOWrapper' instances")


STDOUT = Stream("<stdout>")
STDERR = Stream("<stderr>")


class TextInMemory:
    """`io.StringIO`: text that is written and read in memory."""

    def __init__(self, initial_value: Any = "", newline: Any = "\n") -> None:
        if initial_value is not None and not isinstance(initial_value, str):
            raise TypeError(
                f"initial_value must be str or None, not {type(initial_value).__name__}"
            )
        self.parts: list[str] = [initial_value or ""]
        self.position = 0
        self.closed = False

    def _text(self) -> str:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        if len(self.parts) > 1:
            machine.reserve(4 * sum(map(len, self.parts)))
            self.parts = ["".join(self.parts)]
        return self.parts[0]

    def _size(self) -> int:
        return sum(map(len, self.parts)) if len(self.parts) < 8 else len(self._text())

    def write(self, s: Any, /) -> int:
        """Write at the position; the number of characters."""
        if not isinstance(s, str):
            raise TypeError(f"string argument expected, got '{type(s).__name__}'")
        if self.closed:
            raise ValueError("I/O operation on closed file")
        machine.spend(1 + (len(s) >> 6))
        machine.reserve(8 * len(s))
        if self.position is None or self.position == self._end():
            self.parts.append(s)
            self._length = self._end() + len(s)
        else:
            text = self._text().ljust(self.position, "\0")
            machine.reserve(8 * len(text))
            machine.spend(len(text) >> 6)
            self.parts = [text[: self.position] + s + text[self.position + len(s) :]]
            self._length = len(self.parts[0])
        self.position += len(s)
        return len(s)

    _length = -1

    def _end(self) -> int:
        if self._length < 0:
            self._length = len(self.parts[0])
        return self._length

    def writelines(self, lines: Any, /) -> None:
        """Write one text after the other."""
        for line in counted(lines):
            self.write(line)

    def getvalue(self) -> str:
        """All the text."""
        return self._text()

    def read(self, size: Any = -1, /) -> str:
        """Characters from the position on."""
        size = index_of(size)
        end = None
        if isinstance(size, int) and size >= 0:
            end = self.position + size
        text = self._text()[self.position : end]
        machine.reserve(4 * len(text))
        self.position += len(text)
        return text

    def readline(self, size: Any = -1, /) -> str:
        """The text to the end of the line."""
        text = self._text()
        end = text.find("\n", self.position)
        machine.spend(1 + ((end - self.position if end >= 0 else len(text)) >> 6))
        line = text[self.position : len(text) if end < 0 else end + 1]
        self.position += len(line)
        return line

    def readlines(self, hint: Any = -1, /) -> list[str]:
        """All lines from the position on."""
        return list(counted(self))

    def seek(self, position: Any, whence: Any = 0, /) -> int:
        """Go to a position; the position."""
        position, whence = index_of(position), index_of(whence)
        if not isinstance(position, int):
            raise TypeError(
                f"'{type(position).__name__}' object cannot be interpreted as an integer"
            )
        if whence == 0 and position < 0:
            raise ValueError(f"Negative seek position {position}")
        if whence and position:
            raise OSError("Can't do nonzero cur-relative seeks")
        if whence == 2:
            position = self._end()
        elif whence == 1:
            position = self.position
        machine.reserve(4 * position)
        self.position = position
        return self.position

    def tell(self) -> int:
        """The position."""
        return self.position

    def truncate(self, pos: Any = None, /) -> int:
        """Drop what is behind a position."""
        size = self.position if pos is None else index_of(pos)
        if not isinstance(size, int) or size < 0:
            raise ValueError(f"Negative size value {size}")
        self.parts = [self._text()[:size]]
        self._length = len(self.parts[0])
        return size

    def flush(self) -> None:
        """Nothing is kept back here."""

    def isatty(self) -> bool:
        """It is no terminal."""
        return False

    def close(self) -> None:
        """Let go of the text."""
        self.closed = True
        self.parts = [""]

    def __iter__(self) -> TextInMemory:
        return self

    def __next__(self) -> str:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self) -> TextInMemory:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


open_class(
    TextInMemory,
    "close closed flush getvalue isatty read readline readlines seek tell truncate write "
    "writelines",
    module="_io",
    name="StringIO",
)


def writer_of(file: Any) -> Any:
    """What writes a text to `file`: a stream, or an object of the program with `write`."""
    if isinstance(file, Stream | TextInMemory):
        return file.write
    return callable_value(load_attribute(file, "write"))


def write_all(file: Any, parts: Any) -> None:
    """Write texts to a file one after the other, as `print` does."""
    write = writer_of(file)
    if isinstance(file, Stream | TextInMemory):
        write("".join(parts))
        return
    for part in feed(parts):
        write(part)
