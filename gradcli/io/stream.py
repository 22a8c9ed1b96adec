"""Records as they come: the whole lines that one read returned, never waiting for the next one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

CHUNK = 1 << 20
SEPARATOR = b"\x1e"  # RFC 7464


def batches(
    descriptor: int, *, separated: bool = False, read: Callable[[int, int], bytes] = os.read
) -> Iterator[list[bytes]]:
    """Lists of complete lines (without their line breaks), one list a read of at most 1 MiB.

    With `separated` a record starts with the record separator character instead of ending with a
    line break. The last line need not end with one. Time is linear in the length of a line.
    """
    end = SEPARATOR if separated else b"\n"
    pending: list[bytes] = []
    while True:
        chunk = read(descriptor, CHUNK)
        if not chunk:
            break
        if end not in chunk:
            pending.append(chunk)
            continue
        if pending:
            pending.append(chunk)
            chunk = b"".join(pending)
        lines = chunk.split(end)
        rest = lines.pop()
        pending = [rest] if rest else []
        yield lines
    if pending:
        yield [b"".join(pending)]
