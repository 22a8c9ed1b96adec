"""Warnings that PyTorch gives once in the life of a process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .keeping import changed, keep_mapping

_given: set[str] = set()
# What a program that runs does with warnings: True for one that is not to be shown.
listeners: list[Callable[[type[Warning], Any], bool]] = []
_options = {"always": False}
keep_mapping(_options)


def warn_once(message: str, key: str = "") -> None:
    """Give a UserWarning the first time that this message comes up.

    Warnings of one key count as one.
    """
    if (key or message) not in _given or _options["always"]:
        _given.add(key or message)
        warnings.warn(message, UserWarning, stacklevel=3)


@contextmanager
def as_errors() -> Iterator[None]:
    """Have warnings raised as errors in a block, and given once more by what runs after it."""
    given = set(_given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            yield
        finally:
            _given.clear()
            _given.update(given)


def warn_always(mode: bool) -> None:
    """Whether `warn_once` warns every time."""
    changed()
    _options["always"] = mode


def warns_always() -> bool:
    """Whether `warn_once` warns every time."""
    return _options["always"]


def forget_warnings() -> None:
    """Let every warning be given once more."""
    _given.clear()
