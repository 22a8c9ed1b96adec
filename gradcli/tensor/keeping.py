"""What programs set for the whole process, brought back before the next program begins.

The module that has such a setting enters with `keep` how it is read and written, and calls
`changed` where a program sets it. A program that starts afresh finds each as it was before the
first one of its session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Setting = tuple[Callable[[], Any], Callable[[Any], object]]

_settings: list[Setting] = []
_firsts: list[Any] = []  # what each was when it was entered
holders: list[Any] = []  # the objects that have such settings
registries: list[tuple[dict[Any, Any], dict[Any, Any]]] = []  # each with what it began with


class _State:
    """Whether anything was set since settings were brought back, and to what they are brought."""

    __slots__ = ("before", "changed")

    def __init__(self) -> None:
        self.changed = False
        self.before: list[Any] = []


_state = _State()


def keep(read: Callable[[], Any], write: Callable[[Any], object]) -> None:
    """Enter a setting; what `read` gives is not changed later."""
    _settings.append((read, write))
    _firsts.append(read())


def keep_attributes(owner: Any, *names: str) -> None:
    """Enter attributes of an object."""

    def read() -> tuple[Any, ...]:
        return tuple([getattr(owner, name) for name in names])

    def write(values: tuple[Any, ...]) -> None:
        for name, value in zip(names, values, strict=True):
            setattr(owner, name, value)

    keep(read, write)
    holders.append(owner)


def keep_mapping(mapping: dict[Any, Any]) -> None:
    """Enter the items of a dictionary."""

    def read() -> list[tuple[Any, Any]]:
        return list(mapping.items())

    def write(items: list[tuple[Any, Any]]) -> None:
        mapping.clear()
        mapping.update(items)

    keep(read, write)
    holders.append(mapping)


def keep_registry(mapping: dict[Any, Any]) -> None:
    """Enter a dictionary in which programs register functions of theirs."""
    keep_mapping(mapping)
    registries.append((mapping, mapping.copy()))


def forget_registered() -> None:
    """Let go of all that programs have registered."""
    for mapping, first in registries:
        mapping.clear()
        mapping.update(first)


def changed() -> None:
    """Something is being set that is to end with the program."""
    _state.changed = True


class Kept:
    """The settings as they were before the programs of a session, which `restore` brings back."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values = _state.before
        self.restore()  # what a program of another session left
        self.values = _state.before = [read() for read, _ in _settings]

    def restore(self) -> None:
        """Have them again; those entered since as they were when they were entered."""
        if not _state.changed:
            return
        _state.changed = False
        self.values += _firsts[len(self.values) :]
        for (_, write), value in zip(_settings, self.values, strict=True):
            write(value)
