"""The module `warnings`: what is said beside the answer, and what a program wants to hear of it.

Patterns of messages are not compiled: `.*` stands for anything, any other text for itself.
"""

from __future__ import annotations

import sys
import warnings as host
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.text import text, text_repr
from gradcli.tensor import notices

from .hosts import open_class

_ACTIONS = ("default", "error", "ignore", "always", "module", "once")


class Message:
    """One warning of `catch_warnings(record=True)`."""

    def __init__(self, message: Warning, category: type[Warning]) -> None:
        self.message = message
        self.category = category
        self.filename = "program"
        self.lineno = 1


open_class(Message, "category filename lineno message", module="warnings", name="WarningMessage")


class _Filter:
    """What happens with warnings of a category whose message begins with a pattern."""

    def __init__(self, action: str, category: type[Warning], pattern: str) -> None:
        self.action = action
        self.category = category
        self.pieces = [piece.lower() for piece in pattern.replace("\\", "").split(".*")]

    def fits(self, category: type[Warning], message: str) -> bool:
        """Whether a warning is meant."""
        if not issubclass(category, self.category):
            return False
        at = 0
        message = message.lower()
        for number, piece in enumerate(self.pieces):
            found = message.find(piece, at)
            if found < 0 or (number == 0 and found != 0):
                return False
            at = found + len(piece)
        return True


class State:
    """The filters of a program, and where its warnings go."""

    def __init__(self) -> None:
        self.filters: list[_Filter] = []
        self.record: list[Message] | None = None

    def action(self, category: type[Warning], message: str) -> str:
        """What is to happen with a warning."""
        machine.spend(len(self.filters) * (1 + (len(message) >> 6)))
        for one in self.filters:
            if one.fits(category, message):
                return one.action
        return "default"


def _heard(category: type[Warning], message: Any) -> bool:
    """Whether the program takes a warning to itself, so that it is not shown."""
    known = machine.modules.get("warnings")
    if known is None:
        return False
    state: State = known.entries["filters"].state
    action = state.action(category, text(message))
    if action == "error":
        raise message if isinstance(message, Warning) else category(message)
    if action == "ignore":
        return True
    if state.record is not None:
        given = message if isinstance(message, Warning) else category(message)
        state.record.append(Message(given, category))
        return True
    return False


class CatchWarnings:
    """`warnings.catch_warnings`: what is set inside of it ends with it."""

    def __init__(
        self,
        *,
        record: Any = False,
        module: Any = None,
        action: Any = None,
        category: Any = Warning,
    ) -> None:
        self.recorded = bool(record)
        self.action = action
        self.category = category
        self.before: list[tuple[State, list[_Filter], list[Message] | None]] = []

    def __enter__(self) -> list[Message] | None:
        state: State = machine.modules["warnings"].entries["filters"].state
        self.before.append((state, list(state.filters), state.record))
        if self.recorded:
            state.record = []
        if self.action is not None:
            state.filters.insert(0, _filter(self.action, self.category, ""))
        return state.record if self.recorded else None

    def __exit__(self, *error: object) -> None:
        state, filters, record = self.before.pop()
        state.filters[:], state.record = filters, record


def _filter(action: Any, category: Any, message: str) -> _Filter:
    if not isinstance(action, str) or action not in _ACTIONS:
        kind = AssertionError if sys.version_info < (3, 13) else ValueError
        raise kind(f"invalid action: {text_repr(action)}")
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise TypeError("category must be a Warning subclass")
    machine.reserve(256 + len(message))
    return _Filter(action, category, message)


open_class(CatchWarnings, module="warnings", name="catch_warnings")


class Filters:
    """`warnings.filters`, which programs may name."""

    def __init__(self, state: State) -> None:
        self.state = state


open_class(Filters, module="builtins", name="list")


def module() -> Module:
    """The module `warnings`."""
    state = State()
    notices.listeners[:] = [_heard]

    def warn(message: Any, category: Any = None, stacklevel: Any = 1, source: Any = None) -> None:
        if isinstance(message, Warning):
            category = type(message)
        elif category is None:
            category = UserWarning
        if not (isinstance(category, type) and issubclass(category, Warning)):
            kind = type(category).__name__ if not isinstance(category, type) else "type"
            raise TypeError(f"category must be a Warning subclass, not '{kind}'")
        given = message if isinstance(message, Warning) else category(text(message))
        if not _heard(category, given):
            host.showwarning(given, category, "program", 1)

    def add(action: Any, category: Any, message: str, append: Any) -> None:
        made = _filter(action, category, message)
        if append:
            state.filters.append(made)
        else:
            state.filters.insert(0, made)

    def filterwarnings(
        action: Any,
        message: Any = "",
        category: Any = Warning,
        module: Any = "",
        lineno: Any = 0,
        append: Any = False,
    ) -> None:
        if not isinstance(message, str):
            raise TypeError("message must be a string")
        add(action, category, message, append)

    def simplefilter(
        action: Any, category: Any = Warning, lineno: Any = 0, append: Any = False
    ) -> None:
        add(action, category, "", append)

    return Module(
        "warnings",
        {
            "warn": warn,
            "filterwarnings": filterwarnings,
            "simplefilter": simplefilter,
            "resetwarnings": lambda: state.filters.clear(),
            "catch_warnings": CatchWarnings,
            "filters": Filters(state),
        },
    )
