"""The REPL beside `import numpy`: time to the prompt and to the first result, keystrokes, idling.

    python tests/benchmarks/repl.py [--repeat N]

Ours and theirs run in turn; the medians and their ratios are printed. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "repl"))

from terminal import CTRL_C, CTRL_U, TAB, Terminal

LINE = "result = matmul(variable_12, variable_13.exp()) + F.softmax(variable_4, dim=0).sum()"


def numpy_seconds() -> float:
    """Wall seconds of `python -c "import numpy"`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return time.perf_counter() - started


def start_seconds(home: Path) -> tuple[float, float]:
    """Seconds to the prompt, and to the result of what is typed at once."""
    started = time.perf_counter()
    terminal = Terminal(home)
    terminal.until(lambda: "In [1]:" in terminal.screen.text(), "the prompt")
    prompt = time.perf_counter() - started
    terminal.send("1+1\r")
    terminal.until(lambda: "Out[1]: 2" in terminal.screen.text(), "the result")
    result = time.perf_counter() - started
    terminal.close()
    return prompt, result


def with_variables(home: Path) -> Terminal:
    """A session with 500 variables."""
    terminal = Terminal(home)
    terminal.ready(1)
    names = "\n".join(f"variable_{n} = param([1., {n}.]) * 2" for n in range(500))
    terminal.paste(names)
    return terminal


def keystroke_seconds(terminal: Terminal) -> list[float]:
    """From each key of a line to the character on the screen."""
    spent = []
    for index, key in enumerate(LINE, 1):
        typed = LINE[:index].rstrip()
        started = time.perf_counter()
        terminal.send(key)
        if key != " ":
            terminal.until(lambda: terminal.typed().endswith(typed[-40:]), "the key")
            spent.append(time.perf_counter() - started)
        terminal.pump(0.02)
    terminal.send(CTRL_U)
    return spent


def tab_seconds(terminal: Terminal) -> float:
    """From Tab to the menu."""
    terminal.send("variable_4")
    terminal.pump(0.2)
    terminal.pump(0.2)
    started = time.perf_counter()
    terminal.send(TAB)
    terminal.until(lambda: "variable_44" in terminal.screen.text(), "the menu")
    spent = time.perf_counter() - started
    terminal.send(CTRL_C)
    return spent


def idle_ticks(terminal: Terminal, seconds: float) -> int:
    """Clock ticks used while nothing is typed."""
    end = time.monotonic() + 3
    while time.monotonic() < end:
        terminal.pump(0.2)
    before = _ticks(terminal.pid)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.pump(0.2)
    return _ticks(terminal.pid) - before


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        rows = [(numpy_seconds(), *start_seconds(home)) for _ in range(repeat)]
        numpy, prompt, result = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"import numpy       {numpy * 1000:7.1f} ms")
        print(f"prompt             {prompt * 1000:7.1f} ms  {prompt / numpy:5.2f} (bar 1.7)")
        print(f"first result       {result * 1000:7.1f} ms  {result / numpy:5.2f} (bar 2.5)")
        terminal = with_variables(home)
        keys = keystroke_seconds(terminal)
        print(f"keystroke, median  {statistics.median(keys) * 1000:7.1f} ms  (bar 30)")
        print(f"Tab, 500 variables {tab_seconds(terminal) * 1000:7.1f} ms")
        print(f"idle for 10 s      {idle_ticks(terminal, 10):7d} clock ticks")
        terminal.close()


if __name__ == "__main__":
    main()
