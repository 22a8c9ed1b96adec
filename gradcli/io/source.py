"""What a command reads: the bytes of a file, a pipe or standard input, unpacked where gzip packed
them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from .errors import DataError, titled

CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"
Read = Callable[[int, int], bytes]


class Source:
    """Bytes that are read once, as they come.

    `read` reads a descriptor as `os.read` does. Close it, or use it in a `with` statement.
    """

    def __init__(self, descriptor: int, name: str, read: Read = os.read) -> None:
        self.descriptor = descriptor
        self.name = name
        self.share: float | None = None  # that was given out, where a format knows more than bytes
        self._read = read
        self._kept = b""  # read, and not yet given to anybody
        self._unpack: Any = None  # what unpacks gzip's data; False where nothing is packed

    @property
    def title(self) -> str:
        """How a sentence calls it."""
        return titled(self.name)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: object) -> None:
        if self.name != "-":
            os.close(self.descriptor)

    def read(self, size: int = CHUNK) -> bytes:
        """As many bytes as there are, up to about `size`, and at the end none. Raises DataError."""
        if self._kept:
            data, self._kept = self._kept, b""
            return data
        if self._unpack is None:
            return self._first(size)
        return self._unpacked(size) if self._unpack else self._raw(size)

    def keep(self, data: bytes) -> None:
        """Give bytes back, which come next."""
        self._kept = data + self._kept

    def whole(self) -> bytes:
        """All bytes that are left. Raises LimitExceeded where they do not fit into memory."""
        from ..tensor.runtime import runtime

        parts = []
        total = 0
        while data := self.read():
            total += len(data)
            runtime.reserve(2 * total if total > CHUNK else 0)  # the parts, and all of them as one
            parts.append(data)
        return b"".join(parts)

    def file(self) -> Any:
        """A file object over these bytes that can be moved about in, for formats that need one."""
        import io
        import stat

        data = self.read()
        regular = self.descriptor >= 0 and stat.S_ISREG(os.fstat(self.descriptor).st_mode)
        if regular and not self._unpack and os.lseek(self.descriptor, 0, os.SEEK_CUR) == len(data):
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            return open(os.dup(self.descriptor), "rb")
        self.keep(data)
        return io.BytesIO(self.whole())

    def _raw(self, size: int) -> bytes:
        try:
            return self._read(self.descriptor, size)
        except OSError as error:
            error.filename = self.title
            raise

    def _first(self, size: int) -> bytes:
        data = self._raw(size)
        while len(data) == 1 and data in _GZIP:
            more = self._raw(size)
            if not more:
                break
            data += more
        if data[:2] != _GZIP:
            self._unpack = False
            return data
        self._unpack = _unpacker()
        self._packed = data
        return self._unpacked(size)

    def _unpacked(self, size: int) -> bytes:
        import zlib

        while True:
            if not self._packed:
                self._packed = self._raw(size)
                if not self._packed:
                    if self._unpack.eof:
                        return b""
                    raise DataError("the gzip data end too early")
            if self._unpack.eof:
                self._packed = self._packed.lstrip(b"\0")
                if not self._packed:
                    continue
                self._unpack = _unpacker()
            try:
                data: bytes = self._unpack.decompress(self._packed, size)
            except zlib.error:
                raise DataError("the gzip data are damaged") from None
            self._packed = self._unpack.unconsumed_tail or self._unpack.unused_data
            if data:
                return data


def _unpacker() -> Any:
    import zlib

    return zlib.decompressobj(wbits=31)


def opened(name: str, read: Read = os.read) -> Source:
    """A file, or standard input for `-`, as a source. Raises OSError."""
    if name == "-":
        if sys.stdin is None:
            raise DataError("there is no standard input")
        return Source(sys.stdin.fileno(), name, read)
    return Source(os.open(name, os.O_RDONLY), name, read)
