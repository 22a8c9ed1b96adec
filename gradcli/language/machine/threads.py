"""Threads that wait and watch: they need little, and must not be refused for their stack.

The system gives a thread as much stack as the process may have itself, which can be more than
`--max-memory` leaves.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any

STACK = 256 << 10  # bytes


def start(function: Callable[..., Any], *arguments: Any) -> None:
    """Run a function in a thread of its own, which nobody waits for."""
    before = _thread.stack_size(STACK)
    try:
        _thread.start_new_thread(function, arguments)
    finally:
        _thread.stack_size(before)
