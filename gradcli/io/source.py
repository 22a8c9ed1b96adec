"""What a command reads: a file, or standard input."""

from __future__ import annotations

import sys


def read_bytes(name: str) -> bytes:
    """The contents of a file, or of standard input for `-`. Raises OSError."""
    if name == "-":
        return sys.stdin.buffer.read()
    with open(name, "rb") as file:
        return file.read()
