"""Statements that raise, catch and clean up: raise, assert, try, with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from gradcli.language.library.prelude import Names
from gradcli.language.machine.sizes import check_walk
from gradcli.language.machine.state import (
    BASE,
    GLOBALS,
    RESULT,
    UNBOUND,
)
from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Source
from gradcli.language.values.classes import is_program_class
from gradcli.language.values.functions import Closure, Frame
from gradcli.language.values.generators import handling
from gradcli.language.values.identity import clean_error
from gradcli.language.values.special_names import is_special
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from .expressions import refused_special
from .resolver import CELL, FIELD, LOCAL, Scope
from .statements import Statements, Store


def is_limit(error: BaseException) -> bool:
    """Whether an exception is out of a program's reach."""
    return isinstance(error, LimitExceeded | Interrupted)


_PLACE = "raised where"  # no identifier, so that programs do not meet it


def remember_place(error: BaseException, where: int) -> None:
    """Keep where an exception was raised, before other code runs."""
    if _PLACE not in error.__dict__:
        error.__dict__[_PLACE] = where
        from gradcli.language.errors.arity import restate

        restate(error)


def place_of(error: BaseException, where: int) -> int:
    """Where an exception was raised; `where` if nobody remembered."""
    place: int = error.__dict__.get(_PLACE, where)
    return place


def handler_of(f: Frame, error: BaseException, handlers: list[Any]) -> Any:
    """The first of a `try`'s handlers that catches an exception, or None.

    A handler begins with the function that tells. Raises LimitExceeded where memory ran out, which
    no program catches.
    """
    if is_limit(error) or not handlers:
        return None
    if isinstance(error, MemoryError):
        raise LimitExceeded("the program needs too much memory", "max-memory") from None
    remember_place(error, runtime.where)
    clean_error(error)
    for handler in handlers:
        if handler[0](f, error):
            return handler
    runtime.where = place_of(error, runtime.where)
    return None


def remember_again(raised: BaseException, handled: BaseException) -> None:
    """Keep where a handler raised, as far as programs meet it."""
    if raised is handled or not is_limit(raised):
        remember_place(raised, runtime.where)


def swallows(manager: Any, leave: Any, error: BaseException, where: int) -> bool:
    """Tell a context manager of an exception, at the place of its `with`; whether it ends there.

    What is out of a program's reach is told to the host's managers alone.
    """
    if is_limit(error):
        if not is_program_class(type(manager)):
            leave(manager, type(error), error, None)
        return False
    remember_place(error, runtime.where)
    clean_error(error)
    place = runtime.where
    runtime.where = where
    handling.append(error)
    try:
        if leave(manager, type(error), error, None):
            return True
    finally:
        handling.pop()
    runtime.where = place
    return False


def _as_exception(value: Any, message: str) -> BaseException:
    if isinstance(value, type) and issubclass(value, BaseException):
        value = value()
    if not isinstance(value, BaseException):
        raise TypeError(message)
    return value


def manager_methods(value: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What `with` calls of a value. Raises TypeError for one that is no context manager."""
    kind = type(value)
    enter = getattr(kind, "__enter__", None)
    leave = getattr(kind, "__exit__", None)
    if enter is None or leave is None:
        missing = "" if enter is None else " (missed __exit__ method)"
        raise TypeError(
            f"'{kind.__name__}' object does not support the context manager protocol{missing}"
        )
    return enter, leave


class Exceptions(Statements):
    """Compiles statements that raise and catch besides the others."""

    def __init__(self, source: Source, builtins: Names, fixed: Collection[str]) -> None:
        super().__init__(source, builtins, fixed)
        self.statements |= {
            nodes.With: self.with_,
            nodes.Try: self.try_,
            nodes.Raise: self.raise_,
            nodes.Assert: self.assert_,
        }

    def raise_(self, node: nodes.Raise, scope: Scope) -> Closure:
        site = self.site(node)
        if node.exc is None:

            def again(f: Frame) -> None:
                runtime.where = f[BASE] + site
                if not handling:
                    raise RuntimeError("No active exception to reraise")
                error = handling[-1]
                runtime.where = place_of(error, runtime.where)
                raise error

            return again
        exception = self.expression(node.exc, scope)
        cause = None if node.cause is None else self.expression(node.cause, scope)

        def throw(f: Frame) -> None:
            error = exception(f)
            reason = None if cause is None else cause(f)
            runtime.where = f[BASE] + site
            error = _as_exception(error, "exceptions must derive from BaseException")
            if cause is None:
                raise error
            if reason is not None:
                reason = _as_exception(reason, "exception causes must derive from BaseException")
            raise error from reason

        return throw

    def assert_(self, node: nodes.Assert, scope: Scope) -> Closure:
        test = self.test(node.test, scope)
        message = None if node.msg is None else self.expression(node.msg, scope)
        site = self.site(node)

        def check(f: Frame) -> None:
            if not test(f):
                if message is None:
                    runtime.where = f[BASE] + site
                    raise AssertionError
                text = message(f)
                runtime.where = f[BASE] + site
                raise AssertionError(text)

        return check

    def try_(self, node: nodes.Try, scope: Scope) -> Closure:
        run = self.handled(node, scope) if node.handlers else self.block(node.body, scope)
        if not node.finalbody:
            return run
        final = self.block(node.finalbody, scope)

        def protected(f: Frame) -> Any:
            try:
                signal = run(f)
            except BaseException as error:
                if is_limit(error):
                    raise
                where = runtime.where
                remember_place(error, where)
                handling.append(error)
                try:
                    signal = final(f)
                finally:
                    handling.pop()
                if signal is not None:
                    return signal
                runtime.where = where
                raise
            result = f[RESULT]
            ending = final(f)
            if ending is not None:
                return ending
            f[RESULT] = result
            return signal

        return protected

    def handled(self, node: nodes.Try, scope: Scope) -> Closure:
        body = self.block(node.body, scope)
        orelse = self.block(node.orelse, scope) if node.orelse else None
        handlers = [self.handler(handler, scope) for handler in node.handlers]

        def run(f: Frame) -> Any:
            try:
                signal = body(f)
            except BaseException as error:
                chosen = handler_of(f, error, handlers)
                if chosen is None:
                    raise
                _, store, clear, handle = chosen
                handling.append(error)
                try:
                    if store is not None:
                        store(f, error)
                    return handle(f)
                except BaseException as other:
                    remember_again(other, error)
                    raise
                finally:
                    handling.pop()
                    if clear is not None:
                        clear(f)
            if signal is None and orelse is not None:
                return orelse(f)
            return signal

        return run

    def handler(
        self, node: nodes.ExceptHandler, scope: Scope
    ) -> tuple[Callable[[Frame, BaseException], bool], Store | None, Closure | None, Closure]:
        kind = None if node.type is None else self.expression(node.type, scope)
        site = self.site(node.type or node)

        def matches(f: Frame, error: BaseException) -> bool:
            if kind is None:
                return True
            wanted = kind(f)
            runtime.where = f[BASE] + site
            check_walk(wanted)
            for one in wanted if isinstance(wanted, tuple) else (wanted,):
                if not (isinstance(one, type) and issubclass(one, BaseException)):
                    raise TypeError(
                        "catching classes that do not inherit from BaseException is not allowed"
                    )
            return isinstance(error, wanted)

        body = self.block(node.body, scope)
        if node.name is None:
            return matches, None, None, body
        name = scope.mangle(node.name)
        if is_special(name):
            raise refused_special(name, node.name_span or node.span)
        place = scope.lookup(name)
        store = self.store(place, name, scope)
        if place.kind in (LOCAL, CELL):

            def clear(f: Frame) -> None:
                store(f, UNBOUND)

            return matches, store, clear, body
        fields = scope.owner.slots["__fields__"] if place.kind == FIELD else GLOBALS

        def remove(f: Frame) -> None:
            f[fields].pop(name, None)

        return matches, store, remove, body

    def with_(self, node: nodes.With, scope: Scope) -> Closure:
        run = self.block(node.body, scope)
        for item in reversed(node.items):
            run = self.with_one(item, run, scope)
        return run

    def with_one(self, item: nodes.withitem, body: Closure, scope: Scope) -> Closure:
        context = self.expression(item.context_expr, scope)
        store = None if item.optional_vars is None else self.target(item.optional_vars, scope)
        site = self.site(item.context_expr)
        known: Any = None  # the class of the last manager, where that cannot change, and
        methods: Any = None  # what `with` calls of it

        def run(f: Frame) -> Any:
            nonlocal known, methods
            manager = context(f)
            runtime.where = where = f[BASE] + site
            kind = type(manager)
            if kind is not known:
                methods = manager_methods(manager)
                known = kind if type(kind) is type else None
            enter, leave = methods
            value = enter(manager)
            try:
                if store is not None:
                    store(f, value)
                signal = body(f)
            except BaseException as error:
                if swallows(manager, leave, error, where):
                    return None
                raise
            result = f[RESULT]
            runtime.where = where
            leave(manager, None, None, None)
            f[RESULT] = result
            return signal

        return run
