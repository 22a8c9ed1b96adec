"""A pager for what is longer than the screen: `less` where there is one, ours elsewhere.

It ends by itself behind the last line and leaves on the screen what was read.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys

OPTIONS = ["-R", "-F", "-X"]  # colours; leave when it fits on a screen; leave it on the screen
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
PROMPT = "-- more: Space, Enter for a line, q --"


def rows(text: str, width: int) -> int:
    """The rows of a terminal that a text takes."""
    from gradcli.language.syntax.source import width as columns

    lines = _COLOUR.sub("", text).rstrip("\n").split("\n")
    return sum(max(-(-columns(line) // max(width, 1)), 1) for line in lines)


def is_long(text: str) -> bool:
    """Whether a text has more lines than the screen, next to a prompt."""
    size = shutil.get_terminal_size()
    if text.count("\n") + len(text) // max(size.columns, 1) + 3 < size.lines:
        return False  # without looking at it more closely
    return rows(text, size.columns) > size.lines - 2


def page(text: str) -> None:
    """Show a long text. It must be clean: nothing but colours among its control characters."""
    program = shutil.which("less")
    if program is None or os.environ.get("TERM") == "dumb" or not _less(program, text):
        _ours(text)


def environment() -> dict[str, str]:
    """The environment of `less`: it runs nothing, writes nothing and reads no settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LESS")}
    return {**kept, "LESSSECURE": "1", "LESSCHARSET": "utf-8", "LESSHISTFILE": "-"}


def _less(program: str, text: str) -> bool:
    """Have `less` show it; whether that could be started."""
    import subprocess

    sys.stdout.flush()
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for it alone
    try:
        try:
            process = subprocess.Popen(
                [program, *OPTIONS], stdin=subprocess.PIPE, env=environment(), restore_signals=True
            )
        except OSError:
            return False
        try:
            process.communicate(text.encode("utf-8", "replace"))
        except BrokenPipeError:
            process.wait()
        return True
    finally:
        signal.signal(signal.SIGINT, heard)


def _ours(text: str) -> None:
    """Show a screen, then a line or a screen with each key, until q or the end."""
    size = shutil.get_terminal_size()
    lines = text.rstrip("\n").split("\n")
    room = size.lines - 1
    while lines:
        while lines and room > 0:
            line = lines.pop(0)
            room -= rows(line, size.columns)
            sys.stdout.write(line + "\n")
        if not lines:
            return
        key = _key(PROMPT[: size.columns - 1])
        if key in ("q", "Q", "\x03", "\x04", ""):
            return
        room = 1 if key in ("\r", "\n", "j") else len(lines) if key == "G" else size.lines - 1


def _key(question: str) -> str:
    """The next key, "" when there is no terminal to read it from. The question goes with it."""
    try:
        import termios
        import tty

        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
    except (ImportError, OSError, ValueError):
        return ""
    except termios.error:
        return ""
    try:
        tty.setraw(handle, termios.TCSADRAIN)  # from now on keys are not shown
        sys.stdout.write(question)
        sys.stdout.flush()
        return os.read(handle, 8).decode("utf-8", "replace")[:1]
    finally:
        sys.stdout.write("\r\x1b[K")
        sys.stdout.flush()
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
