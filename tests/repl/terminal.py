"""A terminal for tests: a pseudo-terminal with a screen that understands what the REPL writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ENTER, ALT_ENTER, TAB, ESCAPE = "\r", "\x1b\r", "\t", "\x1b"
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
CTRL_C, CTRL_D, CTRL_E, CTRL_R, CTRL_U = "\x03", "\x04", "\x05", "\x12", "\x15"
CTRL_O, CTRL_X, F2 = "\x0f", "\x18", "\x1bOQ"

_sequence = re.compile(r"\x1b(?:\[([?>]?[\d;]*)([A-Za-z@`])|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
PROMPT = re.compile(r"In \[\d+\](?: no_grad)?: ?")


class Screen:
    """The characters on a screen, with what has scrolled off above them."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns = columns
        self.rows = rows
        self.above: list[str] = []
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0

    def text(self) -> str:
        """Everything that is and was on the screen."""
        return "\n".join([*self.above, *("".join(row).rstrip() for row in self.cells)])

    def feed(self, text: str) -> str:
        """Show what a program wrote; what a terminal answers to it."""
        answer = ""
        at = 0
        while at < len(text):
            match = _sequence.match(text, at)
            if match:
                at = match.end()
                if match[2]:
                    answer += self._control(match[1], match[2])
                continue
            character = text[at]
            at += 1
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self._down()
            elif character == "\b":
                self.column = max(self.column - 1, 0)
            elif character >= " ":
                if self.column >= self.columns:
                    self.column = 0
                    self._down()
                self.cells[self.row][self.column] = character
                self.column += 1
        return answer

    def _down(self) -> None:
        if self.row < self.rows - 1:
            self.row += 1
            return
        self.above.append("".join(self.cells.pop(0)).rstrip())
        self.cells.append([" "] * self.columns)

    def _control(self, arguments: str, name: str) -> str:
        if arguments[:1] in ("?", ">"):
            return ""
        numbers = [int(word) if word else 0 for word in arguments.split(";")]
        count = max(numbers[0], 1)
        if name == "A":
            self.row = max(self.row - count, 0)
        elif name == "B":
            self.row = min(self.row + count, self.rows - 1)
        elif name == "C":
            self.column = min(self.column + count, self.columns - 1)
        elif name == "D":
            self.column = max(min(self.column, self.columns - 1) - count, 0)
        elif name == "H":
            column = numbers[1] if len(numbers) > 1 else 1
            self.row, self.column = min(count, self.rows) - 1, max(column, 1) - 1
        elif name == "J":
            self._erase_below(numbers[0])
        elif name == "K":
            self.cells[self.row][self.column :] = [" "] * (self.columns - self.column)
        elif name == "n" and numbers[0] == 6:
            return f"\x1b[{self.row + 1};{min(self.column, self.columns - 1) + 1}R"
        return ""

    def _erase_below(self, how: int) -> None:
        if how == 2:
            self.cells = [[" "] * self.columns for _ in range(self.rows)]
            return
        self.cells[self.row][self.column :] = [" "] * (self.columns - self.column)
        for row in range(self.row + 1, self.rows):
            self.cells[row] = [" "] * self.columns


class Terminal:
    """A REPL in a terminal of its own, with its files under `home`."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 40,
    ) -> None:
        self.screen = Screen(columns, rows)
        self.raw = ""
        self.status: int | None = None
        variables = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **(environment or {}),
        }
        words = [sys.executable, "-m", "gradcli.cli.main", *arguments]
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execve(words[0], words, variables)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window; what stood on the screen before is forgotten."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, size)
        if (columns, rows) != (self.screen.columns, self.screen.rows):
            self.screen = Screen(columns, rows)
            os.kill(self.pid, signal.SIGWINCH)

    # ------------------------------------------------------------ writing and reading

    def send(self, keys: str) -> None:
        """Press keys; what they make appear is read while the terminal takes no more of them."""
        data = keys.encode()
        while data:
            readable, writable, _ = select.select([self.handle], [self.handle], [], 10.0)
            if writable:
                data = data[os.write(self.handle, data[:256]) :]
            elif readable:
                self.pump(0)
            else:
                raise AssertionError(f"nobody reads {data[:80]!r}; {self.screen.text()}")

    def pump(self, seconds: float) -> bool:
        """Read what comes within so many seconds; whether anything came."""
        ready, _, _ = select.select([self.handle], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.handle, 65536)
        except OSError:
            data = b""
        if not data:
            self._ended()
            return False
        text = data.decode("utf-8", "replace")
        self.raw += text
        answer = self.screen.feed(text)
        if answer:
            os.write(self.handle, answer.encode())
        return True

    def _ended(self) -> None:
        if self.status is None:
            _, status = os.waitpid(self.pid, 0)
            self.status = os.waitstatus_to_exitcode(status)

    def until(self, reached: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
        """Read until something is so. Fails with the screen when it never is."""
        end = time.monotonic() + seconds
        while not reached():
            left = end - time.monotonic()
            if left <= 0 or (self.status is not None and not reached()):
                raise AssertionError(f"waited for {what}; the screen is\n{self.screen.text()}")
            self.pump(min(left, 0.05))

    def see(self, text: str, seconds: float = 10.0) -> None:
        """Wait until a text is on the screen."""
        self.until(lambda: text in self.screen.text(), repr(text), seconds)

    @property
    def number(self) -> int:
        """The number of the last prompt on the screen."""
        found = re.findall(r"In \[(\d+)\]", self.screen.text())
        return int(found[-1]) if found else 0

    def ready(self, number: int) -> None:
        """Wait for the prompt of this number, with nothing typed yet."""
        start = re.compile(rf"In \[{number}\](?: no_grad)?:$")

        def reached() -> bool:
            lines = self.screen.text().rstrip().split("\n")
            return any(start.match(line.rstrip()) for line in lines[-self.screen.rows :])

        self.until(reached, f"prompt {number}")

    def enter(self, keys: str, inputs: int = 1) -> str:
        """Type an input and Enter; what is shown until the next prompt."""
        number = self.number
        before = len(self.screen.text()[: self.screen.text().rfind(f"In [{number}]")])
        self.send(keys + ENTER)
        self.ready(number + inputs)
        text = self.screen.text()[before:]
        return text[: text.rfind(f"In [{number + inputs}]")]

    def paste(self, text: str, inputs: int = 1) -> str:
        """Paste a text as terminals do that mark pastes, and press Enter."""
        return self.enter(f"\x1b[200~{text}\x1b[201~", inputs)

    def line(self) -> str:
        """The line with the cursor."""
        return "".join(self.screen.cells[self.screen.row]).rstrip()

    def typed(self) -> str:
        """The line with the cursor, up to the cursor: without a suggestion."""
        return "".join(self.screen.cells[self.screen.row][: self.screen.column])

    def toolbar(self) -> str:
        """The last line of the screen that is not empty."""
        lines = [row for row in ("".join(cells).strip() for cells in self.screen.cells) if row]
        return lines[-1] if lines else ""

    # ------------------------------------------------------------ ending

    def leave(self) -> int:
        """Press Ctrl-D; the exit status."""
        self.send(CTRL_D)
        return self.wait()

    def wait(self, seconds: float = 10.0) -> int:
        """Wait for the end; the exit status."""
        self.until(lambda: self.status is not None, "the end", seconds)
        assert self.status is not None
        return self.status

    def close(self) -> None:
        """End it by force, if it still lives."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -9
        os.close(self.handle)
