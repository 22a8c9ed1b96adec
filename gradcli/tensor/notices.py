"""Warnings that PyTorch gives once in the life of a process."""

from __future__ import annotations

import warnings

_given: set[str] = set()


def warn_once(message: str) -> None:
    """Give a UserWarning the first time that this message comes up."""
    if message not in _given:
        _given.add(message)
        warnings.warn(message, UserWarning, stacklevel=3)
