"""--timeout at the prompt: what reacts ends alone, a call that does not ends the session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import Terminal

Start = Callable[..., Terminal]

# Each is one call of some seconds: the first holds the interpreter's lock, the second does not.
CALLS = {
    "lock": "rows.sort()",
    "kernel": "ones(9000, 9000, dtype=torch.float64) @ ones(9000, 9000, dtype=torch.float64)",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_that_cannot_be_stopped_ends_the_session(
    start: Start, tmp_path: Path, call: str
) -> None:
    terminal = start("--timeout", "0.3")
    terminal.enter("rows = [str(i * 7919 % 1009) for i in range(1009)] * 30_000")
    started = time.monotonic()
    terminal.send(call + "\r")
    assert terminal.wait() == 6
    assert time.monotonic() - started < 0.3 + 2
    shown = " ".join(terminal.screen.text().split())
    assert "error: the time limit of 0.3 s was reached inside of a call" in shown
    assert "gradcli --resume" in shown
    (journal,) = (tmp_path / ".local" / "state" / "gradcli" / "sessions").iterdir()
    written = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [kind for kind, _ in written] == ["in", "in"]
    assert written[1][1] == call


def test_what_reacts_ends_alone(start: Start) -> None:
    terminal = start("--timeout", "0.3")
    terminal.enter("n = 0")
    for text in (
        "while True: n = n + 1\r",  # (a second line, which is empty, runs it)
        "[0 for i in range(10**9)]",
        "sum(range(10**9))",
        "x = param(1.); h = x.register_hook(lambda g: [0 for i in range(10**9)]); x.backward()",
        "%backward x*x",
        "%time sum(range(10**9))",
        "%timeit sum(range(10**9))",
        "%plot lambda v: [0 for i in range(10**9)] and v",
    ):
        assert "stopped after 0.3 seconds" in terminal.enter(text), text
    terminal.send("import time\r")
    quiet_until = time.monotonic() + 1.6
    while time.monotonic() < quiet_until:
        terminal.pump(0.1)
    assert "]: True" in terminal.enter("n > 0")
    assert terminal.leave() == 0


def test_a_magic_has_its_own_time(start: Start) -> None:
    terminal = start("--timeout", "0.4")
    terminal.enter("x = param(1.); h = x.register_hook(lambda g: [0 for i in range(30000)] and g)")
    time.sleep(0.6)
    assert "x.grad = tensor(2.)" in terminal.enter("%backward x*x")


def test_a_question_has_no_time_limit(start: Start, tmp_path: Path) -> None:
    (tmp_path / "kept.grad").write_text("precious\n")
    terminal = start("--timeout", "0.2")
    terminal.enter("a = 1")
    terminal.send("%save kept.grad\r")
    terminal.see("Replace it?")
    end = time.monotonic() + 1.6
    while time.monotonic() < end:
        terminal.pump(0.1)
    terminal.send("y\r")
    terminal.see("1 statement is in kept.grad")


def test_a_session_has_one_alarm(start: Start) -> None:
    terminal = start("--timeout", "60")
    terminal.enter("1")
    before = _made(terminal.pid)
    terminal.send("1\r" * 50)
    terminal.ready(52)
    end = time.monotonic() + 10  # what was typed may be on its way to the history
    while _made(terminal.pid) != before and time.monotonic() < end:
        time.sleep(0.05)
    assert _made(terminal.pid) == before
    assert "]: 2" in terminal.enter("1 + 1")


def _made(pid: int) -> tuple[int, int]:
    """Threads and open files of a process."""
    if not os.path.exists("/proc/self/task"):
        return 0, 0
    return len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


def _script(*lines: str) -> subprocess.CompletedProcess[str]:
    code = "\n".join(["import time", "from gradcli.language.machine.alarm import Alarm", *lines])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


HOLD = "pow(3, 10**9)"


def test_an_alarm_rings_once_it_was_set_last() -> None:
    done = _script(
        "alarm = Alarm(0.3, 'the end\\n', 6)",
        "for _ in range(3):",
        "    alarm.set()",
        "    time.sleep(0.2)",
        "alarm.put_off()",
        "alarm.put_off()",
        "time.sleep(0.4)",
        "print('alive', flush=True)",
        "alarm.set()",
        HOLD,
    )
    assert (done.returncode, done.stdout, done.stderr) == (6, "alive\n", "the end\n")


def test_an_alarm_that_was_put_off_says_nothing() -> None:
    done = _script("alarm = Alarm(0.2, 'never', 6)", "alarm.set()", "alarm.put_off()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = _script("alarm = Alarm(60, 'never', 6)", "alarm.set()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_putting_off_too_late_ends_the_process() -> None:
    done = _script("alarm = Alarm(0.2, 'the end\\n', 6)", "alarm.set()", "pow(3, 10**7)")
    if done.returncode == 0:  # a fast machine
        assert done.stderr == ""
    else:
        assert (done.returncode, done.stderr) == (6, "the end\n")
