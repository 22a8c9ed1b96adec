"""Files of a program: they live in memory as long as it runs, and nothing reaches a disk.

A file holds what a program wrote as text, or the values that `torch.save` put there; a program
cannot read or write the bytes of such values. Its name is a key of a dictionary and never reaches
the system.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from typing import Any

from gradcli.language.machine.sizes import FLAT, index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import OPEN_CLASSES
from gradcli.language.values.identity import address_text
from gradcli.language.values.python_types import TABLES, pick
from gradcli.tensor.runtime import LimitExceeded

MOST_FILES = 10_000
MOST_LETTERS = 4096  # of a name


class Content:
    """What is in a file: text, or saved values one after another."""

    __slots__ = ("before", "pieces", "saved", "size")

    def __init__(self) -> None:
        self.before = ""
        self.pieces: list[str] = []  # written since, joined when somebody reads
        self.size = 0
        self.saved: list[Any] = []

    def __len__(self) -> int:
        return len(self.saved) if self.saved else self.size

    @property
    def text(self) -> str:
        """All that was written."""
        if self.pieces:
            machine.reserve(4 * self.size)
            self.before += "".join(self.pieces)
            self.pieces.clear()
        return self.before

    def write(self, text: str, at: int) -> None:
        """Put text at a place that is not behind the end."""
        if at == self.size:
            self.pieces.append(text)
            self.size += len(text)
            return
        machine.reserve(4 * (self.size + len(text)))
        machine.spend(self.size >> 12)
        old = self.text
        self.before = old[:at] + text + old[at + len(text) :]
        self.size = len(self.before)


def key_of(name: Any) -> str:
    """The name as files are kept by. Raises Python's errors for what is no name."""
    if not isinstance(name, str):
        if isinstance(name, int | float):
            raise TypeError("a file has a name here, no number")
        raise TypeError(f"expected str, bytes or os.PathLike object, not {type(name).__name__}")
    if "\0" in name:
        raise ValueError("embedded null byte")
    if len(name) > MOST_LETTERS:
        raise OSError(errno.ENAMETOOLONG, "File name too long", name[:40] + "...")
    parts: list[str] = []
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]  # above the root is the root
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _missing(name: Any) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def content_of(name: Any) -> Content:
    """What is in a file. Raises FileNotFoundError where the program wrote none of this name."""
    found: Content | None = machine.files.get(key_of(name))
    if found is None:
        raise _missing(name)
    return found


def new_content(name: Any) -> Content:
    """An empty file of this name, in the place of an older one.

    Raises IsADirectoryError for a folder's name, FileNotFoundError where its folder is not there.
    """
    key = key_of(name)
    if name and key in machine.files.folders:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not name or key.rpartition("/")[0] not in machine.files.folders:
        raise _missing(name)
    if key not in machine.files and len(machine.files) >= MOST_FILES:
        raise LimitExceeded(f"more than {MOST_FILES:,} files are refused", "max-memory")
    made = machine.files[key] = Content()
    return made


_NO_BYTES = "the bytes of a file in memory cannot be read or written here: torch.load reads values"


class Stream:
    """An open place of values or text: what files and buffers have in common."""

    __slots__ = ("at", "closed", "content", "readable", "writable")
    __module__ = "_io"

    def __init__(self, content: Content, readable: bool, writable: bool) -> None:
        self.content = content
        self.at = 0
        self.closed = False
        self.readable = readable
        self.writable = writable

    def check(self, reading: bool = False, writing: bool = False) -> None:
        """Raise Python's errors for a closed file and for the wrong direction."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if reading and not self.readable:
            raise io.UnsupportedOperation("not readable")
        if writing and not self.writable:
            raise io.UnsupportedOperation("not writable")

    def put(self, value: Any) -> None:
        """Write a saved value at the place where the stream is."""
        self.check(writing=True)
        del self.content.saved[self.at :]
        self.content.saved.append(value)
        self.at = len(self.content.saved)

    def take(self) -> Any:
        """The saved value at the place where the stream is; None at the end."""
        self.check(reading=True)
        saved = self.content.saved
        if self.at >= len(saved):
            return None
        self.at += 1
        return saved[self.at - 1]

    def seek(self, offset: Any, whence: Any = 0, /) -> int:
        """Go to the begin or the end."""
        self.check()
        offset, whence = index_of(offset), index_of(whence)
        size = len(self.content)
        if not isinstance(offset, int):
            raise TypeError(f"'{type(offset).__name__}' object cannot be interpreted as an integer")
        if whence not in (0, 1, 2):
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        base = (0, self.at, size)[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek value {base + offset}")
        self.at = min(base + offset, size)
        return self.at

    def tell(self) -> int:
        """Where the stream is: 0 at its begin."""
        self.check()
        if self.at and self.content.saved:
            raise RuntimeError(_NO_BYTES)
        return self.at

    def flush(self) -> None:
        """Nothing waits."""
        self.check()

    def close(self) -> None:
        """Close it."""
        self.closed = True

    def __enter__(self) -> Any:
        self.check()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class TextFile(Stream):
    """A text file: `open(name)`."""

    __slots__ = ("mode", "name")
    __module__ = "_io"

    def __init__(self, name: str, mode: str, content: Content) -> None:
        plus = "+" in mode
        super().__init__(content, "r" in mode or plus, "r" not in mode or plus)
        self.name = name
        self.mode = mode
        if "a" in mode:
            self.at = content.size

    def __repr__(self) -> str:
        return f"<_io.TextIOWrapper name={self.name!r} mode={self.mode!r} encoding='UTF-8'>"

    def write(self, text: Any, /) -> int:
        """Write text at the place where the file is."""
        self.check(writing=True)
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        content = self.content
        if content.saved:
            raise RuntimeError(_NO_BYTES)
        machine.reserve(64 + 4 * len(text))
        if "a" in self.mode:
            self.at = content.size
        content.write(text, self.at)
        self.at += len(text)
        return len(text)

    def writelines(self, lines: Any, /) -> None:
        """Write one text after the other."""
        self.check(writing=True)
        if not hasattr(type(lines), "__iter__"):
            raise TypeError(f"'{type(lines).__name__}' object is not iterable")
        for line in counted(lines):
            self.write(line)

    def read(self, size: Any = -1, /) -> str:
        """The rest, or at most `size` letters."""
        self.check(reading=True)
        if self.content.saved:
            raise RuntimeError(_NO_BYTES)
        text = self.content.text
        size = index_of(size)
        end = len(text)
        if isinstance(size, int) and size >= 0:
            end = min(end, self.at + size)
        elif size is not None and not isinstance(size, int):
            raise TypeError(f"argument should be integer or None, not '{type(size).__name__}'")
        machine.reserve(4 * max(end - self.at, 0))
        found = text[self.at : end]
        self.at = max(end, self.at)
        return found

    def readline(self, size: Any = -1, /) -> str:
        """The next line, with its end."""
        self.check(reading=True)
        text = self.content.text
        found = text.find("\n", self.at)
        end = len(text) if found < 0 else found + 1
        size = index_of(size)
        if isinstance(size, int) and size >= 0:
            end = min(end, self.at + size)
        return self.read(end - self.at)

    def readlines(self, hint: Any = -1, /) -> list[str]:
        """All further lines."""
        self.check(reading=True)
        lines = []
        for line in counted(self):
            machine.reserve(64)
            lines.append(line)
        return lines

    def __iter__(self) -> Iterator[str]:
        self.check()
        return self

    def __next__(self) -> str:
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class BinaryFile(Stream):
    """A binary file, for values that are saved into it: `open(name, "wb")`."""

    __slots__ = ("mode", "name")
    __module__ = "_io"

    def __init__(self, name: str, mode: str, content: Content) -> None:
        plus = "+" in mode
        super().__init__(content, "r" in mode or plus, "r" not in mode or plus)
        self.name = name
        self.mode = mode
        if "a" in mode:
            self.at = len(content.saved)

    def __repr__(self) -> str:
        kind = "Reader" if self.mode == "rb" else "Random" if "+" in self.mode else "Writer"
        return f"<_io.Buffered{kind} name={self.name!r}>"

    def read(self, *_: Any) -> Any:
        """Raises RuntimeError."""
        raise RuntimeError(_NO_BYTES)

    write = read


class BytesIO(Stream):
    """`io.BytesIO()`: a place in memory to save values to and to load them from."""

    __slots__ = ()
    __module__ = "_io"

    def __init__(self, initial_bytes: Any = None) -> None:
        if isinstance(initial_bytes, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        if initial_bytes is not None:
            raise RuntimeError(_NO_BYTES)
        super().__init__(Content(), True, True)

    def __repr__(self) -> str:
        return f"<_io.BytesIO object at {address_text(self)}>"

    def read(self, *_: Any) -> Any:
        """Raises RuntimeError."""
        raise RuntimeError(_NO_BYTES)

    write = getvalue = getbuffer = read

    def truncate(self, size: Any = None, /) -> int:
        """Forget what comes after the place where the buffer is, or after a given one."""
        self.check()
        size = self.at if size is None else index_of(size)
        if not isinstance(size, int):
            raise TypeError(f"'{type(size).__name__}' object cannot be interpreted as an integer")
        if size < 0:
            raise ValueError(f"negative size value {size}")
        del self.content.saved[size:]
        return size


_COMMON = "close closed flush seek tell"
_TEXT = f"{_COMMON} mode name read readline readlines write writelines"
for _kind, _names in (
    (TextFile, _TEXT),
    (BinaryFile, f"{_COMMON} mode name read write"),
    (BytesIO, f"{_COMMON} getbuffer getvalue read truncate write"),
):
    TABLES[_kind] = pick(
        _kind,
        _names,
        **{
            direction: (lambda self, direction=direction: _direction(self, direction))
            for direction in ("readable", "writable")
        },
    )
    LOADERS[_kind] = load_from(TABLES[_kind])
    FLAT.add(_kind)
OPEN_CLASSES.add(BytesIO)
TextFile.__name__ = TextFile.__qualname__ = "TextIOWrapper"
BinaryFile.__name__ = BinaryFile.__qualname__ = "BufferedRandom"


def _direction(stream: Stream, name: str) -> bool:
    stream.check()
    return stream.readable if name == "readable" else stream.writable


def open_file(
    file: Any,
    mode: Any = "r",
    buffering: Any = -1,
    encoding: Any = None,
    errors: Any = None,
    newline: Any = None,
) -> Any:
    """`open`, of files that the program itself wrote."""
    if not isinstance(mode, str):
        raise TypeError(f"open() argument 'mode' must be str, not {type(mode).__name__}")
    letters = set(mode)
    if len(letters) != len(mode) or letters - set("rwaxbt+"):
        raise ValueError(f"invalid mode: {mode[:20]!r}")
    if len(letters & set("rwax")) != 1 or letters >= set("bt"):
        raise ValueError(
            "can't have text and binary mode at once"
            if letters >= set("bt")
            else "must have exactly one of create/read/write/append mode"
        )
    key = key_of(file)
    if "r" in mode:
        content = content_of(file)
    elif "x" in mode and key in machine.files:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), file)
    elif "a" in mode and key in machine.files:
        content = machine.files[key]
    else:
        content = new_content(file)
    made = BinaryFile if "b" in mode else TextFile
    return made(file, mode, content)


open_file.__name__ = open_file.__qualname__ = "open"  # as errors about its arguments name it
