"""Texts of containers in which there are objects of a program.

A `__repr__` that a program wrote may change the container that is being shown, after its size was
checked. So these speak first; then the size is checked once more, and while the host makes the
text nothing of the program runs: its objects say what they said before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import WrapperDescriptorType
from typing import Any

from gradcli.language.machine.sizes import PLAIN, check_text, parts_of
from gradcli.language.machine.state import machine
from gradcli.tensor.runtime import runtime

# What the objects said, in turn; None while no text of a container is being made.
_said: dict[int, deque[str]] | None = None


def said(value: Any) -> str | None:
    """What an object of a program has said for the text that is being made; None if it may speak.

    Raises RuntimeError for one that came into the container since.
    """
    if _said is None or type(type(value)) is type:
        return None
    texts = _said.get(id(value))
    if not texts:
        raise RuntimeError("a container was changed while its text was made")
    return texts.popleft() if len(texts) > 1 else texts[0]


def steady(value: Any, make: Callable[[Any], str]) -> str:
    """`make(value)`, a text of the host, for a value that objects of a program are in."""
    global _said
    before = _said
    _said = None
    try:
        if _speaks(value, make):
            return make(value)
        texts: dict[int, deque[str]] = {}
        _listen(value, texts, set(), set())
        check_text(value)
        _said = texts
        return make(value)
    finally:
        _said = before


def _speaks(value: Any, make: Callable[[Any], str] = repr) -> bool:
    """Whether a program, not the host, makes the text of a value."""
    kind = type(value)
    if type(kind) is type or isinstance(make, WrapperDescriptorType):
        return False
    if not isinstance(value, BaseException):
        return True
    names = {"__repr__"} if make is repr else {"__str__", "__repr__"}
    return any(not names.isdisjoint(vars(base)) for base in kind.__mro__ if type(base) is not type)


def _listen(value: Any, texts: dict[int, deque[str]], inside: set[int], silent: set[int]) -> bool:
    """Let the objects of a program in a value speak, in turn; whether there are any."""
    if type(value) in PLAIN:
        return False
    key = id(value)
    machine.spend(1)
    if _speaks(value):
        texts.setdefault(key, deque()).append(repr(value))
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
        found |= _listen(part, texts, inside, silent)
    inside.discard(key)
    if not found:
        silent.add(key)
    return found


runtime.said = said
