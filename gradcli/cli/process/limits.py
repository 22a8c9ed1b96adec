"""What a process may use: threads, memory, collections."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from gradcli.tensor.runtime import runtime

WORKSPACE = 1 << 29  # bytes of a limit that has room for the workspace of linear algebra


STACK = 1 << 23  # bytes of a thread's stack


THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def single_thread() -> None:
    """Have the linear algebra library start with one thread, unless the user said otherwise."""
    for name in THREADS:
        os.environ.setdefault(name, "1")


def tune_collector() -> None:
    """Collect cycles rarely: graphs of a million nodes are no garbage, and have no cycles."""
    import gc

    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


def limit_help(name: str) -> str:
    """What to do about a limit, named by its option."""
    return f"the limit can be set with --{name}"


def lift_memory() -> None:
    """Take the system's limit back: an error is told when the memory is full, too."""
    resource = sys.modules.get("resource")
    if resource is not None:
        with suppress(OSError, ValueError):
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def limit_memory(max_bytes: int | None) -> None:
    """Set the limit on live bytes, and the operating system's a fifth behind it.

    What the system counts is memory that can be written, touched or not: the stack of a thread
    comes on top, and the workspace of the linear algebra library, which cannot do without it, is
    allocated before.
    """
    if max_bytes is not None:
        runtime.max_bytes = max_bytes
    try:
        import resource

        import numpy as np

        if runtime.max_bytes < WORKSPACE:
            np.dot(np.ones((64, 64)), np.ones((64, 64)))
        with open("/proc/self/statm", "rb") as file:
            pages = [int(number) for number in file.read().split()]
        held, written = (resource.getpagesize() * pages[place] for place in (1, 5))
        if held > runtime.max_bytes:
            held = 0  # the process alone is over the limit, which then counts what comes on top
        size = written + runtime.max_bytes * 6 // 5 - held + STACK
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or size < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (size, hard))
    except (ImportError, OSError, ValueError):  # no such limit on this system
        pass
