"""The standard streams."""

from __future__ import annotations

import os
import sys
from functools import cache

from gradcli.language.syntax.terminal import clean_printed


class OutputLost(BaseException):
    """A standard stream cannot be written to; `error` says why. Programs cannot catch it."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


@cache
def is_terminal(descriptor: int) -> bool:
    """Whether a standard stream is a terminal."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def write_output(text: str) -> None:
    """Write what a program prints to stdout. Raises OutputLost."""
    if is_terminal(1):
        text = clean_printed(text)
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise OutputLost(error) from None


def write_picture(text: str) -> None:
    """Write a picture of ours to a terminal, with its colours. Raises OutputLost."""
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise OutputLost(error) from None


def write_messages(text: str) -> None:
    """Write what a program prints to stderr, while stdout carries JSON."""
    if is_terminal(2):
        text = clean_printed(text)
    try:
        sys.stderr.write(text)
    except OSError as error:
        raise OutputLost(error) from None


def utf8_streams() -> None:
    """Standard streams in UTF-8 with LF, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")  # type: ignore[union-attr]
    if sys.stdin is not None:
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")  # type: ignore[union-attr]
