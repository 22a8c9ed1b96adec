"""Texts of containers in which there are objects of a program.

A `__repr__` that a program wrote may change the container that is being shown, after its size was
checked. So these speak first; then the size is checked once more, and while the host makes the
text nothing of the program runs: its objects say what they said before, also to what of ours makes
a part of the text. An exception's parts are made into texts one by one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import WrapperDescriptorType
from typing import Any, NoReturn

from gradcli.language.machine.sizes import PLAIN, check_text, parts_of
from gradcli.language.machine.state import machine
from gradcli.tensor.mappings import Counter
from gradcli.tensor.runtime import runtime

Texts = dict[tuple[int, str], deque[str]]

# What the objects said, in turn; None while no text of a container is being made.
_said: Texts | None = None
_HOSTS = (repr, str, ascii)  # which ask the parts of a container for nothing but `repr`


def refuse_to_run() -> NoReturn:
    """Raise RuntimeError: something of the program would run in the middle of a text."""
    raise RuntimeError("a container was changed while its text was made")


def said(value: Any, name: str = "__repr__") -> str | None:
    """What an object has said for the text that is being made; None if it may speak.

    Raises RuntimeError for an object of a program that came into the container since.
    """
    if _said is None:
        return None
    texts = _said.get((id(value), name))
    if not texts:
        if type(type(value)) is type:
            return None
        refuse_to_run()
    return texts.popleft() if len(texts) > 1 else texts[0]


def steady(value: Any, make: Callable[[Any], str]) -> str:
    """`make(value)`, a text of the host, for a value that objects of a program are in."""
    global _said
    before = _said
    if before is not None:
        return make(value)
    if _speaks(value, make):
        return make(value)
    if isinstance(value, BaseException):
        return _exception(value, make)
    texts: Texts = {}
    names = ("__repr__",) if make in _HOSTS else ("__repr__", "__str__", "__format__")
    _listen(value, texts, set(), set(), names)
    check_text(value)
    _said = texts
    machine.quiet = True
    try:
        return make(value)
    finally:
        _said = None
        machine.quiet = False


def _speaks(value: Any, make: Callable[[Any], str] = repr) -> bool:
    """Whether a program, not the host, makes the text of a value."""
    kind = type(value)
    if isinstance(make, WrapperDescriptorType):
        return False
    if type(kind) is type:
        return kind is Counter  # whose counts are compared for its text
    if not isinstance(value, BaseException):
        return True
    names = {"__repr__"} if make is repr else {"__str__", "__repr__"}
    return any(not names.isdisjoint(vars(base)) for base in kind.__mro__ if type(base) is not type)


def _listen(
    value: Any, texts: Texts, inside: set[int], silent: set[int], names: tuple[str, ...]
) -> bool:
    """Let the objects of a program in a value speak, in turn; whether there are any."""
    if type(value) in PLAIN:
        return False
    key = id(value)
    machine.spend(1)
    if _speaks(value):
        for name in names:
            text = format(value) if name == "__format__" else (repr, str)[name == "__str__"](value)
            machine.reserve(4 * len(text))
            texts.setdefault((key, name), deque()).append(text)
        return True
    if key in inside or key in silent:
        return False
    parts = parts_of(value)
    if parts is None:
        return False
    inside.add(key)
    if isinstance(value, dict):
        parts = [part for item in list(value.items()) for part in item]
    found = False
    for part in list(parts):
        found |= _listen(part, texts, inside, silent, names)
    inside.discard(key)
    if not found:
        silent.add(key)
    return found


class Shown:
    """A value whose text is made, and its size checked, when it is its turn."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __str__(self) -> str:
        return runtime.text(self.value)

    def __repr__(self) -> str:
        return runtime.text(self.value, repr)


_ATTRIBUTES = ("strerror", "filename", "filename2", "msg", "text")


def _exception(value: BaseException, make: Callable[[Any], str]) -> str:
    """The text of an exception whose class leaves it to the host."""
    name = make.__name__ if isinstance(make, WrapperDescriptorType) else ""
    if make in (repr, ascii) or name == "__repr__":
        shown = repr(tuple(map(Shown, value.args)))
        if len(value.args) == 1:
            shown = f"{shown[:-2]})"
        text = type(value).__name__.rpartition(".")[2] + shown
        return text.encode("ascii", "backslashreplace").decode() if make is ascii else text
    host: type[BaseException] = next(base for base in type(value).__mro__ if type(base) is type)
    copy: Any = host.__new__(host)
    for attribute in _ATTRIBUTES:
        part = getattr(value, attribute, None) if hasattr(host, attribute) else None
        if part is not None:
            setattr(copy, attribute, part if type(part) in PLAIN else Shown(part))
    if isinstance(value, OSError):
        copy.errno = Shown(value.errno)
    copy.args = tuple(map(Shown, value.args))
    return make(copy)


runtime.said = said
