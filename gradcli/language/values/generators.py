"""Generators of a program: objects around those of the host."""

from __future__ import annotations

from collections.abc import Generator as HostGenerator
from collections.abc import Iterator
from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import machine
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from .attributes import LOADERS, load_from
from .constructors import CONSTRUCTORS
from .identity import address_text
from .python_types import TABLES, pick

handling: list[BaseException] = []  # the exceptions being handled, innermost last


class Generator:
    """The iterator of a generator expression."""

    __slots__ = ("_values", "depth")

    def __init__(self, values: Iterator[Any], depth: int) -> None:
        self._values = values
        self.depth = depth

    def __iter__(self) -> Generator:
        return self

    def __next__(self) -> Any:
        return next(self._values)

    def __repr__(self) -> str:
        return f"<generator object <genexpr> at {address_text(self)}>"


class Closing(BaseException):
    """What `close` throws: a GeneratorExit for the innermost `yield`.

    The host would throw a GeneratorExit of its own at every generator on the way, one after the
    other, where the program has only one.
    """


_running = 0  # generators that run in each other
_stubborn: list[Any] = []  # those that went on when they should have ended


class FunctionGenerator:
    """What a call of a generator function returns.

    While it does not run, the exceptions that it is handling are kept here.
    """

    __slots__ = ("__weakref__", "_handled", "_name", "_values")

    def __init__(self, values: HostGenerator[Any, Any, Any], name: str) -> None:
        self._values = values
        self._name = name
        self._handled: list[BaseException] = []

    def __iter__(self) -> FunctionGenerator:
        return self

    def __next__(self) -> Any:
        return self._resume(self._values.__next__)

    def send(self, value: Any, /) -> Any:
        """Go on, with `value` as what the `yield` gives."""
        return self._resume(self._values.send, value)

    def throw(self, error: Any, /) -> Any:
        """Go on with an exception where the `yield` stands."""
        if isinstance(error, type) and issubclass(error, BaseException):
            error = error()
        if not isinstance(error, BaseException):
            raise TypeError(
                "exceptions must be classes or instances deriving from BaseException, not "
                f"{type(error).__name__}"
            )
        return self._resume(self._values.throw, error)

    def close(self) -> None:
        """End it where the `yield` stands. Raises RuntimeError when it goes on."""
        if not self._values.gi_suspended:  # type: ignore[attr-defined]
            self._values.close()
            return
        try:
            self._resume(self._values.throw, Closing())
        except (GeneratorExit, StopIteration):
            return
        raise RuntimeError("generator ignored GeneratorExit")

    def _resume(self, step: Any, *args: Any) -> Any:
        global _running
        where = runtime.where
        mark = len(handling)
        if _running >= machine.depth:
            raise RecursionError("maximum recursion depth exceeded")
        handling.extend(self._handled)
        _running += 1
        try:
            result = step(*args)
        except StopIteration:
            runtime.where = where
            raise
        finally:
            _running -= 1
            self._handled = handling[mark:]
            del handling[mark:]
        runtime.where = where
        return result

    def __del__(self) -> None:
        # As in Python, what is behind a `try` runs. Its errors reach nobody; a limit does.
        try:
            self.close()
        except (LimitExceeded, Interrupted) as error:
            runtime.stop = error
        except BaseException:
            _stubborn.append(self._values)  # the host would ask it again

    def __repr__(self) -> str:
        return f"<generator object {self._name} at {address_text(self)}>"


for _kind in (Generator, FunctionGenerator):
    _kind.__name__ = _kind.__qualname__ = "generator"
    _kind.__module__ = "builtins"
    FLAT.add(_kind)


def _not_made(*args: object) -> None:
    raise TypeError("cannot create 'generator' instances")


CONSTRUCTORS[FunctionGenerator] = CONSTRUCTORS[Generator] = _not_made
TABLES[FunctionGenerator] = pick(FunctionGenerator, "send throw close")
LOADERS[FunctionGenerator] = load_from(TABLES[FunctionGenerator])
