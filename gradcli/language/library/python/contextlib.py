"""The module `contextlib`: context managers made of generator functions, and small ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module, load_attribute
from gradcli.language.values.constructors import callable_value
from gradcli.tensor.runtime import Interrupted, LimitExceeded

from .hosts import open_class
from .streams import STDERR, STDOUT, writer_of


class FromGenerator:
    """What a call of a function under `contextmanager` returns; a decorator, too."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.generator = make()

    def __enter__(self) -> Any:
        try:
            return next(self.generator)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, LimitExceeded | Interrupted):
            return False
        if error is None:
            try:
                next(self.generator)
            except StopIteration:
                return False
            self.generator.close()
            raise RuntimeError("generator didn't stop")
        try:
            self.generator.throw(error)
        except StopIteration as stop:
            return stop is not error
        except RuntimeError as other:
            if other is error or other.__cause__ is not error:
                if other is error:
                    return False
                raise
            if isinstance(error, StopIteration):
                return False
            raise
        except BaseException as other:
            if other is error:
                return False
            raise
        self.generator.close()
        raise RuntimeError("generator didn't stop after throw()")

    def __call__(self, function: Any) -> Any:
        made = callable_value(function)

        def inner(*args: Any, **kwargs: Any) -> Any:
            with FromGenerator(self.make):
                return made(*args, **kwargs)

        inner.__wrapped__ = function  # type: ignore[attr-defined]  # a method where it is in a class
        inner.__name__ = getattr(function, "__name__", "inner")
        inner.__qualname__ = getattr(function, "__qualname__", "inner")
        return inner


def _context_manager(func: Any) -> Any:
    function = callable_value(func)

    def helper(*args: Any, **kwargs: Any) -> FromGenerator:
        return FromGenerator(lambda: function(*args, **kwargs))

    helper.__wrapped__ = func  # type: ignore[attr-defined]
    helper.__name__ = getattr(func, "__name__", "helper")
    helper.__qualname__ = getattr(func, "__qualname__", "helper")
    helper.__doc__ = getattr(func, "__doc__", None)
    return helper


class Suppress:
    """`contextlib.suppress`."""

    def __init__(self, *exceptions: Any) -> None:
        for kind in exceptions:
            if not (isinstance(kind, type) and issubclass(kind, BaseException)):
                raise TypeError("suppress() takes classes of exceptions")
        self.exceptions = exceptions

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        limit = isinstance(error, LimitExceeded | Interrupted)
        return not limit and isinstance(error, self.exceptions)


class NullContext:
    """`contextlib.nullcontext`."""

    def __init__(self, enter_result: Any = None) -> None:
        self.enter_result = enter_result

    def __enter__(self) -> Any:
        return self.enter_result

    def __exit__(self, *error: object) -> None:
        pass


class Closing:
    """`contextlib.closing`."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __enter__(self) -> Any:
        return self.thing

    def __exit__(self, *error: Any) -> None:
        if not isinstance(error[1], LimitExceeded | Interrupted):
            load_attribute(self.thing, "close")()


class RedirectOutput:
    """`contextlib.redirect_stdout`: what the program prints goes elsewhere."""

    def __init__(self, new_target: Any) -> None:
        self.target = new_target
        self.before: list[Any] = []
        self.names = machine.globals

    def __enter__(self) -> Any:
        self.before.append(machine.write)
        if self.target is not STDOUT:
            machine.write = writer_of(self.target)
        return self.target

    def __exit__(self, *error: object) -> None:
        before = self.before.pop()
        if machine.globals is self.names:  # not one that a later program drops
            machine.write = before


class RedirectMessages:
    """`contextlib.redirect_stderr`: what the program writes to `sys.stderr` goes elsewhere."""

    def __init__(self, new_target: Any) -> None:
        self.target = new_target
        self.before: list[Any] = []
        self.names = machine.globals

    def __enter__(self) -> Any:
        self.before.append(machine.message)
        machine.message = None if self.target is STDERR else writer_of(self.target)
        return self.target

    def __exit__(self, *error: object) -> None:
        before = self.before.pop()
        if machine.globals is self.names:
            machine.message = before


class ExitStack:
    """`contextlib.ExitStack`."""

    def __init__(self) -> None:
        self.exits: list[Callable[..., Any]] = []

    def __enter__(self) -> ExitStack:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        taken = False
        while self.exits:
            if self.exits.pop()(kind, error, trace) and error is not None:
                kind = error = None
                taken = True
        return taken

    def enter_context(self, cm: Any) -> Any:
        """Enter a context manager, and leave it at the end."""
        owner = type(cm)
        enter, leave = getattr(owner, "__enter__", None), getattr(owner, "__exit__", None)
        if enter is None or leave is None:
            raise TypeError(
                f"'__main__.{owner.__qualname__}' object does not support the context manager "
                "protocol"
            )
        machine.spend(1)
        machine.reserve(64)
        found = enter(cm)
        self.exits.append(lambda *error: leave(cm, *error))
        return found

    def callback(self, callback: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function at the end."""
        function = callable_value(callback)
        machine.spend(1)

        def leave(*error: Any) -> None:
            if not isinstance(error[1], LimitExceeded | Interrupted):
                function(*args, **kwargs)

        self.exits.append(leave)
        return callback

    def push(self, exit: Any) -> Any:
        """Leave a context manager at the end."""
        leave = getattr(type(exit), "__exit__", None)
        self.exits.append(
            callable_value(exit) if leave is None else lambda *error: leave(exit, *error)
        )
        return exit

    def close(self) -> None:
        """Leave all."""
        self.__exit__(None, None, None)


open_class(FromGenerator, module="contextlib", name="_GeneratorContextManager")
open_class(Suppress, module="contextlib", name="suppress")
open_class(NullContext, "enter_result", module="contextlib", name="nullcontext")
open_class(Closing, module="contextlib", name="closing")
open_class(RedirectOutput, module="contextlib", name="redirect_stdout")
open_class(RedirectMessages, module="contextlib", name="redirect_stderr")
open_class(ExitStack, "callback close enter_context push", module="contextlib")


def module() -> Module:
    """The module `contextlib`."""
    return Module(
        "contextlib",
        {
            "contextmanager": _context_manager,
            "suppress": Suppress,
            "nullcontext": NullContext,
            "closing": Closing,
            "redirect_stdout": RedirectOutput,
            "redirect_stderr": RedirectMessages,
            "ExitStack": ExitStack,
        },
    )
