"""What a session survives: Ctrl-C, kill, full disks, other sessions, settings."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_C, CTRL_D, CTRL_R, CTRL_U, DOWN, ENTER, ESCAPE, LEFT, UP, Terminal

Start = Callable[..., Terminal]


def state(home: Path) -> Path:
    return home / ".local" / "state" / "gradcli"


def test_ctrl_c_keeps_what_was_done(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("w = param(0.)")
    terminal.send("\x1b[200~n = 0\nprint('go')\nwhile True:\n    n += 1\n\x1b[201~" + ENTER)
    terminal.see("\ngo\n")
    time.sleep(0.05)
    started = time.monotonic()
    terminal.send(CTRL_C)
    terminal.ready(3)
    assert time.monotonic() - started < 1.0
    assert "interrupted at In[2]:" in terminal.screen.text()
    terminal.send("print('gone'); [0 for i in range(10**9)]" + ENTER)
    terminal.see("\ngone\n")
    terminal.send(CTRL_C)
    terminal.ready(4)
    terminal.send("\x1b[200~print('again')\nfor i in range(10**9): pass\n\x1b[201~" + ENTER)
    terminal.see("\nagain\n")
    terminal.send(CTRL_C)
    terminal.ready(5)
    assert "LimitExceeded" not in terminal.screen.text()
    assert "True" in terminal.enter("n > 0")
    assert "]: 2" in terminal.enter("1 + 1")
    terminal.send(CTRL_C)
    assert "]: 3" in terminal.enter("1 + 2")
    assert terminal.leave() == 0
    assert not list((state(tmp_path) / "sessions").iterdir())


def test_second_ctrl_c_in_a_kernel(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("a = ones(3000, 3000, dtype=torch.float64)")
    terminal.send("print('go'); b = a @ a @ a @ a" + ENTER)
    terminal.see("\ngo\n")
    time.sleep(0.1)
    terminal.send(CTRL_C)
    time.sleep(0.1)
    terminal.send(CTRL_C)
    status = terminal.wait() if _ends(terminal) else 130
    assert status == 130
    journal = next((state(tmp_path) / "sessions").iterdir(), None)
    if terminal.status is not None:
        assert journal is not None
        assert "b = a @ a @ a @ a" in journal.read_text()


def _ends(terminal: Terminal) -> bool:
    """Whether the process ends; where the kernel was faster, the prompt comes instead."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        terminal.pump(0.05)
        if terminal.status is not None:
            return True
        if "In [3]:" in terminal.screen.text():
            return False
    return False


def test_kill_and_resume(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("x = param([1., 2.])")
    terminal.enter("y = (x**2).sum()")
    terminal.send("y.backw")
    time.sleep(1.0)
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.until(lambda: terminal.status is not None, "the end")
    other = start()
    assert "gradcli --resume brings it back" in other.screen.text()
    assert other.leave() == 0
    resumed = start("--resume", wait=False)
    resumed.see("run it again?")
    assert "x = param([1., 2.])" in resumed.screen.text()
    resumed.send(ENTER)
    resumed.until(lambda: "In [3]: y.backw" in resumed.screen.text(), "what was being typed")
    resumed.send("ard()" + ENTER)
    resumed.ready(4)
    assert "tensor([2., 4.])" in resumed.enter("x.grad")
    assert resumed.leave() == 0
    assert "resume" not in start().screen.text()


def test_files_are_private(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("secret = 1")
    for path in (state(tmp_path) / "history", *(state(tmp_path) / "sessions").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(state(tmp_path).stat().st_mode) == 0o700


def test_two_sessions_share_a_history(start: Start, tmp_path: Path) -> None:
    first, second = start(), start()
    for number in range(5):
        first.enter(f"first_{number} = 1")
        second.enter(f"second_{number} = 1")
    lines = [json.loads(line) for line in (state(tmp_path) / "history").read_text().splitlines()]
    assert [line for line in lines if "first" in line] == [f"first_{n} = 1" for n in range(5)]
    assert [line for line in lines if "second" in line] == [f"second_{n} = 1" for n in range(5)]
    assert first.leave() == 0
    third = start()
    third.send("first" + UP)
    third.see("first_4 = 1")


def test_a_search_finds_what_another_session_ran(start: Start) -> None:
    first, second = start(), start()
    first.enter("own = 1")
    second.enter("of_the_second = 2")
    first.send(CTRL_R + "second")  # the prompt stands since before that
    first.see("of_the_second = 2")
    first.send(CTRL_C)
    first.until(lambda: first.line() == "In [2]:", "an empty prompt")
    second.enter("later = 3")
    first.send(UP)
    first.until(lambda: first.line().endswith("later = 3"), "the newest input")
    first.send(UP)
    first.until(lambda: first.line().endswith("of_the_second = 2"), "the one before")
    first.send(UP)
    first.until(lambda: first.line().endswith("own = 1"), "its own, once")
    second.enter("last = 4")
    first.send(DOWN * 3 + "1 + 1" + LEFT)
    assert "2" in first.enter("")
    first.send(UP)
    first.until(lambda: first.line().endswith("1 + 1"), "its own after the prompt")
    first.send(UP)
    first.until(lambda: first.line().endswith("last = 4"), "what stands before it")


def test_a_history_that_was_shortened_is_read_anew(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("before = 1")
    path = state(tmp_path) / "history"
    path.with_name("new").write_text('"kept = 1"\nbroken\n"kept = 2"\n')
    os.replace(path.with_name("new"), path)
    terminal.enter("own = 3")
    for wanted in ("own = 3", "kept = 2", "kept = 1"):
        terminal.send(UP)
        terminal.until(lambda wanted=wanted: terminal.line().endswith(wanted), wanted)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_a_warning(start: Start, tmp_path: Path) -> None:
    state(tmp_path).mkdir(parents=True)
    (state(tmp_path) / "history").symlink_to("/dev/full")
    terminal = start()
    terminal.enter("1 + 1")
    terminal.see("warning: the history is not saved")
    assert "]: 4" in terminal.enter("2 + 2")


def test_an_unwritable_directory_is_a_warning(start: Start, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file")
    terminal = start()
    terminal.see("warning: the history is not saved")
    assert "]: 4" in terminal.enter("2 + 2")


def test_settings(start: Start, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "gradcli"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        'theme = "light"\nkeys = "vi"\nprecision = 2\ndtype = "float64"\n'
    )
    terminal = start()
    assert "tensor(0.33, dtype=torch.float64)" not in terminal.enter("tensor(1.) / 3")
    assert "tensor(0.33)" in terminal.screen.text()
    terminal.until(lambda: terminal.toolbar().startswith("insert"), "the mode of vi")
    terminal.send("abc" + ESCAPE)
    terminal.until(lambda: terminal.toolbar().startswith("navigation"), "the mode of vi")
    terminal.send("ddi7 * 3")
    terminal.send(ENTER)
    terminal.see("]: 21")
    plain = start("--no-config")
    assert "tensor(0.3333)" in plain.enter("tensor(1.) / 3")
    variable = start("--no-config", environment={"GRADCLI_PRECISION": "3"})
    assert "tensor(0.333)" in variable.enter("tensor(1.) / 3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tehme = "dark"\n', "did you mean `theme`?"),
        ('keys = "emcas"\n', "did you mean `emacs`?"),
        ("precision = -1\n", "it is from 0 to 20"),
        ("theme = \n", "config.toml:"),
    ],
)
def test_wrong_settings_are_warned_of(start: Start, tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / ".config" / "gradcli"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(text)
    terminal = start()
    assert "warning:" in terminal.raw and said in terminal.raw
    assert "]: 2" in terminal.enter("1 + 1")


def test_the_other_settings_hold(start: Start, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "gradcli"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('precision = 2\nkeys = "emcas"\ndtype = "float64"\n')
    terminal = start(environment={"GRADCLI_THEM": "dark"})
    assert "did you mean GRADCLI_THEME?" in terminal.screen.text()
    assert "tensor(0.33)" in terminal.enter("tensor(1.) / 3")


def test_windows_and_ascii(start: Start) -> None:
    narrow = start(columns=40, environment={"LC_ALL": "C"})
    narrow.enter("x = param([1., 2.]); y = (x**2).sum()")
    shown = narrow.enter("%vars")
    assert "x      [2]" in shown
    assert max(map(len, shown.split("\n"))) <= 40
    assert "`- " in narrow.enter("%graph y")
    assert narrow.enter("%plot sin -3 3").isascii()
    narrow.resize(120, 30)
    narrow.send(ENTER)
    narrow.ready(5)
    assert "SumBackward0" in narrow.enter("%vars")


def test_no_colour(start: Start) -> None:
    terminal = start(environment={"NO_COLOR": "1"})
    terminal.enter("ones(2)")
    terminal.enter("mistake")
    assert "\x1b[31m" not in terminal.raw
    assert "\x1b[1;31m" not in terminal.raw
    assert "\x1b[0;35m" not in terminal.raw


def test_light_and_dark(start: Start) -> None:
    dark = start(environment={"COLORFGBG": "15;0", "COLORTERM": "truecolor"})
    light = start(environment={"COLORFGBG": "0;15", "COLORTERM": "truecolor"})
    for terminal in (dark, light):
        terminal.enter("if True: 1\n")
    assert dark.raw != light.raw


def test_a_closed_terminal(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("kept = 1")
    os.kill(terminal.pid, signal.SIGHUP)
    terminal.until(lambda: terminal.status is not None, "the end")
    journal = next((state(tmp_path) / "sessions").iterdir())
    assert "kept = 1" in journal.read_text()


def test_errors_do_not_end_it(start: Start) -> None:
    terminal = start("--max-steps", "100000", "--max-memory", "1G")
    assert "LimitExceeded" in terminal.enter("while True: pass\n")
    assert "LimitExceeded" in terminal.enter("ones(10**6, 10**6)")
    assert "RecursionError" in terminal.enter("f = lambda n: f(n); f(1)")
    terminal.send("'a' * 300_000" + ENTER)
    terminal.see("'aaaaaaaaaa")
    terminal.send("G")
    terminal.see("more characters")
    terminal.send("q")
    terminal.ready(5)
    assert "]: 2" in terminal.enter("1 + 1")
    assert terminal.leave() == 0


def test_inputs_of_the_command_line(start: Start) -> None:
    terminal = start("--set", "x=[1, 2]", "--const", "k=3", "--dtype", "float64", "--seed", "1")
    assert "requires_grad=True" in terminal.enter("x")
    assert "tensor(3)" in terminal.enter("k")
    first = terminal.enter("rand(1)")
    again = start("--seed", "1", "--dtype", "float64").enter("rand(1)")
    assert first.split("]:")[-1] == again.split("]:")[-1]


def test_a_wrong_input_ends_it_at_once(start: Start) -> None:
    terminal = start("--set", "x=oops(", wait=False)
    assert terminal.wait() in (2, 3)
    assert "error" in terminal.screen.text()
    assert "Traceback" not in terminal.screen.text()


def test_a_dumb_terminal(start: Start) -> None:
    terminal = start(environment={"TERM": "dumb"}, columns=60)
    terminal.send("1 + 2" + ENTER)
    terminal.see("]: 3")
    terminal.send("%vars" + ENTER)
    terminal.see("In [3]:")
    assert "\x1b[3" not in terminal.raw
    time.sleep(0.3)  # a dumb terminal's prompt is written before keys are read
    assert terminal.leave() == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="there is no /proc")
def test_idle_uses_no_time(start: Start) -> None:
    """Once everything is loaded a prompt that waits does not wake up, and nothing is drawn.

    How long loading takes depends on the machine, so that is waited for; then a process that sleeps
    until a key comes neither gives up the processor again nor uses it.
    """
    terminal = start()
    terminal.enter("1")
    _settle(terminal)
    used, woken, drawn = _ticks(terminal.pid), _woken(terminal.pid), len(terminal.raw)
    _wait(terminal, 1.5)
    assert _woken(terminal.pid) - woken <= 2
    assert _ticks(terminal.pid) - used <= 1
    assert len(terminal.raw) == drawn
    terminal.send("x")  # a key wakes it, and that is noticed here
    terminal.until(lambda: _woken(terminal.pid) > woken and len(terminal.raw) > drawn, "the key")
    terminal.send(CTRL_U)
    assert terminal.leave() == 0


def _settle(terminal: Terminal) -> None:
    """Wait until the process has done what it does behind its first prompts."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        woken = _woken(terminal.pid)
        _wait(terminal, 0.7)
        if _woken(terminal.pid) == woken:
            return
    raise AssertionError("the process never rests")


def _wait(terminal: Terminal, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.pump(0.2)


def _ticks(pid: int) -> int:
    """Hundredths of a second that a process has used the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _woken(pid: int) -> int:
    """How often the threads of a process have waited for something and gone on."""
    found = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text()
        found += int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return found


def test_leaving(start: Start) -> None:
    for word in ("exit", "quit()"):
        terminal = start()
        terminal.send(word + ENTER)
        assert terminal.wait() == 0
    terminal = start()
    terminal.send("ab" + CTRL_D)
    assert terminal.enter("\x15" + "3 + 4").count("]: 7") == 1
    assert terminal.leave() == 0
