"""An input that failed."""

from __future__ import annotations


class Failed(Exception):
    """A magic cannot do what was asked; `help` says what to do instead."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help
