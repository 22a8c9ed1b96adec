"""The mutable state that every layer shares: grad mode, provenance, interrupts and limits.

Note: signal handlers and timers only assign `runtime.stop`. The interpreter looks at it before
each step and the engine before each node and then call `runtime.check()`, so no exception is ever
raised inside an operation, and an operation happens whole or not at all.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")

SMALL = 1 << 20  # bytes that are allocated without a look at what the process holds


class Interrupted(BaseException):
    """The user asked to stop (Ctrl-C). Programs cannot catch it."""


class LimitExceeded(BaseException):
    """A limit of the session was reached. Programs cannot catch it.

    `limit` names the command-line option that sets it, such as `max-memory`.
    """

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class Runtime:
    """One cell of state; `runtime` is its only instance."""

    __slots__ = (
        "baseline",
        "born",
        "formula",
        "fresh",
        "grad_enabled",
        "inference_version",
        "max_bytes",
        "module_calls",
        "numbers",
        "packing",
        "relief",
        "said",
        "sort",
        "spend",
        "stop",
        "text",
        "where",
    )

    def __init__(self) -> None:
        self.grad_enabled = True
        self.formula = False  # a formula is being recorded: numbers make nodes of their own names
        self.numbers = False  # numbers stand for tensors in elementary functions
        self.fresh: Any = None  # the version that new tensors start with; None: made on first need
        self.inference_version: Any = None  # filled in by the tensor module
        self.born: tuple[int, ...] = ()  # the levels that wrap whatever is made now
        self.module_calls: Any = None  # where calls of modules are noted, for tools that draw
        self.packing = False  # saved tensors go through the user's hooks
        self.where = 0  # an index that only the interpreter understands; nodes store it
        self.stop: BaseException | None = None
        # Counts steps of a program; the language puts its own in place.
        self.spend: Callable[[int], None] = self._look
        # The text of what a program gave, for an error that shows it, and what an object of a
        # program has said already for the text that is being made; the language looks at sizes.
        self.text: Callable[..., str] = lambda value, make=str: make(value)
        self.said: Callable[..., str | None] = lambda value, name="__repr__": None
        # `list.sort` with what it compares counted: items, key, reverse.
        self.sort: Callable[..., None] = lambda items, key, reverse: items.sort(
            key=key, reverse=reverse
        )
        self.relief: Callable[[], None] | None = None  # gives up what is kept for convenience
        self.max_bytes = 4 << 30
        self.baseline = 0  # bytes that the process held before, where it was over the limit alone

    @property
    def inference(self) -> bool:
        """Whether tensors made now are inference tensors."""
        return self.fresh is not None

    @inference.setter
    def inference(self, on: bool) -> None:
        self.fresh = self.inference_version if on else None

    def check(self) -> None:
        """Raise what a signal handler or a timer asked for since the last check."""
        stop = self.stop
        if stop is not None:
            self.stop = None
            raise stop

    def _look(self, steps: int) -> None:
        if self.stop is not None:
            self.check()

    def listed(self, iterable: Iterable[Any]) -> list[Any]:
        """The items of what a program gave, each counted as a step."""
        items: list[Any] = []
        for item in iterable:
            self.spend(1)
            items.append(item)
        return items

    def watched(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items of a long loop of ours, each after a look at whether to stop."""
        for item in items:
            if self.stop is not None:
                self.check()
            yield item

    def reserve(self, nbytes: int) -> None:
        """Refuse an allocation of `nbytes` that cannot fit, before it is made.

        Raises LimitExceeded naming `max-memory`.
        """
        if nbytes > SMALL and self.used() + nbytes > self.max_bytes >= nbytes:
            self.collect()
            if self.used() + nbytes > self.max_bytes:
                raise self.too_much_memory()
        if nbytes > self.max_bytes:
            raise LimitExceeded(
                f"this needs {_size(nbytes)} of memory; the limit is {_size(self.max_bytes)}",
                "max-memory",
            )

    def collect(self) -> None:
        """Free what nobody needs, and what is kept for convenience only."""
        if self.relief is not None:
            self.relief()
        gc.collect()

    def used(self) -> int:
        """The bytes that the process holds and that count against the limit."""
        return resident() - self.baseline

    def too_much_memory(self) -> LimitExceeded:
        """The error for a process that has outgrown its limit."""
        return LimitExceeded(
            f"the program needs more than {self.max_bytes >> 20} MiB of memory", "max-memory"
        )


_page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident() -> int:
    """The bytes of memory that the process holds (its peak where the system tells no more)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _page
    except OSError:
        try:
            import resource
        except ImportError:
            return 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def _size(nbytes: int) -> str:
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if nbytes >= factor:
            number = nbytes / factor if nbytes < 1 << 90 else nbytes // factor
            return f"{number:.4g} {unit}"
    return f"{nbytes} bytes"


runtime = Runtime()


def speaking_once(make: Callable[[Any], str]) -> Callable[[Any], str]:
    """A `__repr__` of ours where programs have a say: nothing of them runs inside of a text.

    See `gradcli.language.values.steady`.
    """

    @functools.wraps(make)
    def __repr__(self: Any) -> str:
        known = runtime.said(self)
        return make(self) if known is None else known

    return __repr__
