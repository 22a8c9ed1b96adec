"""What came from the terminal and was not looked at yet: counted, or forgotten.

It is in two places: keys that prompt_toolkit read together with the last input's Enter, and bytes
that nobody has read.
"""

from __future__ import annotations

import select
import sys
import time
from typing import TYPE_CHECKING

from prompt_toolkit.input.typeahead import clear_typeahead, get_typeahead, store_typeahead

if TYPE_CHECKING:
    from prompt_toolkit.input import Input

QUIET = 0.03  # seconds without a byte after which a paste has come to its end
LONGEST = 2.0  # seconds that are waited for that


def waiting(source: Input) -> int:
    """The number of characters that wait."""
    keys = get_typeahead(source)
    store_typeahead(source, keys)
    return sum(len(press.data) for press in keys) + _unread(source)


def _unread(source: Input) -> int:
    try:
        import fcntl
        import struct
        import termios

        with source.raw_mode():  # else a line without its end is not counted
            answer = fcntl.ioctl(source.fileno(), termios.FIONREAD, bytes(4))
    except (ImportError, OSError, NotImplementedError):
        return 0
    (count,) = struct.unpack("i", answer)
    return int(count)


def forget(source: Input, quiet: float = 0.0) -> None:
    """Drop what waits, and what follows it before there are `quiet` seconds without a byte."""
    clear_typeahead(source)
    if sys.platform == "win32":
        return
    import termios

    end = time.monotonic() + LONGEST
    try:
        with source.raw_mode():
            termios.tcflush(source.fileno(), termios.TCIFLUSH)
            while quiet and time.monotonic() < end:
                if not select.select([source.fileno()], [], [], quiet)[0]:
                    return
                termios.tcflush(source.fileno(), termios.TCIFLUSH)
    except (OSError, termios.error, NotImplementedError):
        return
