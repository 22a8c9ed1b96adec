"""The module `timeit`: how long functions of the program take."""

from __future__ import annotations

import time as host_time
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.constructors import callable_value

from .hosts import open_class


def _function(stmt: Any) -> Any:
    if isinstance(stmt, str):
        if stmt == "pass":
            return lambda: None
        raise ValueError("a program cannot run text: give timeit a function")
    function = callable_value(stmt)
    if not callable(function):
        raise ValueError("stmt is neither a string nor callable")
    return function


class Timer:
    """`timeit.Timer`."""

    def __init__(
        self, stmt: Any = "pass", setup: Any = "pass", timer: Any = None, globals: Any = None
    ) -> None:
        self.function = _function(stmt)
        self.setup = _function(setup)
        self.timer = host_time.perf_counter if timer is None else callable_value(timer)

    def timeit(self, number: Any = 1_000_000) -> Any:
        """Seconds that `number` calls take."""
        number = index_of(number)
        self.setup()
        start = self.timer()
        for _ in counted(range(number)):
            self.function()
        return self.timer() - start

    def repeat(self, repeat: Any = 5, number: Any = 1_000_000) -> list[Any]:
        """The same a few times."""
        return [self.timeit(number) for _ in counted(range(index_of(repeat)))]


open_class(Timer, "repeat timeit", module="timeit")


def _timeit(
    stmt: Any = "pass",
    setup: Any = "pass",
    timer: Any = None,
    number: Any = 1_000_000,
    globals: Any = None,
) -> Any:
    return Timer(stmt, setup, timer).timeit(number)


def _repeat(
    stmt: Any = "pass",
    setup: Any = "pass",
    timer: Any = None,
    repeat: Any = 5,
    number: Any = 1_000_000,
    globals: Any = None,
) -> Any:
    return Timer(stmt, setup, timer).repeat(repeat, number)


def module() -> Module:
    """The module `timeit`."""
    machine.spend(1)
    return Module(
        "timeit",
        {
            "timeit": _timeit,
            "repeat": _repeat,
            "default_timer": host_time.perf_counter,
            "Timer": Timer,
        },
    )
