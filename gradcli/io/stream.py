"""Records as they come: the whole lines that one read returned, never waiting for the next one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

CHUNK = 1 << 20
SEPARATOR = b"\x1e"  # RFC 7464


def batches(
    descriptor: int, *, separated: bool = False, read: Callable[[int, int], bytes] = os.read
) -> Iterator[bytes]:
    """Blocks of complete lines without the last line break, one block a read of at most 1 MiB.

    With `separated` a record starts with the record separator character instead of ending with a
    line break. The last line need not end with one. Time is linear in the length of a line.
    """
    end = end_of_record(separated)
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
        block, _, rest = chunk.rpartition(end)
        pending = [rest] if rest else []
        yield block
    if pending:
        yield b"".join(pending)


def end_of_record(separated: bool) -> bytes:
    """What divides the records of a block."""
    return SEPARATOR if separated else b"\n"
