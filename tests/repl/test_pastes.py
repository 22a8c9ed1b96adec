"""What arrives together: pastes with and without marks, and lines that only a keyboard may give."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_C, CTRL_U, ENTER, Terminal

Start = Callable[..., Terminal]

KEYBOARD = "comes from the keyboard"


def quiet(terminal: Terminal) -> None:
    """Wait until nothing more is drawn."""
    while terminal.pump(0.2):
        pass


def marked(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def test_a_line_that_comes_with_others_names_no_file(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("first = 1")
    for number, keys in enumerate(
        [
            "a = 1\r%save FILE\r",
            "a = 1\n%save FILE\n",
            "%save FILE\ra = 1\r",
            "a = 1\r%save FILE\rb = 2\r",
            "def f(v):\r    return v\r\r%save FILE\r",
            "a = 1\r\r\r%save FILE\r",
            "# " + "long " * 203 + "\r%save FILE\r",
            "a = 1\r" * 200 + "%save FILE\r",  # more than one read
            "import time; time.sleep(0.3)\r%save FILE\r",
        ],
        1,
    ):
        terminal.send(keys.replace("FILE", f"kept{number}.grad"))
        terminal.until(lambda n=number: terminal.raw.count(KEYBOARD) == n, f"{keys!r}", 20)
        quiet(terminal)
    assert not list(tmp_path.glob("*.grad"))


def test_a_line_that_waits_for_its_enter_names_no_file(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.send("a = 1\r%save kept.grad")
    terminal.until(lambda: terminal.line().endswith("kept.grad"), "the last line")
    time.sleep(0.1)
    terminal.send(ENTER)
    terminal.see(KEYBOARD)
    assert not (tmp_path / "kept.grad").exists()


def test_a_paste_in_pieces_names_no_file(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.send("import time\rtime.sleep(0.4)\r")
    time.sleep(0.2)
    terminal.send("b = 3\r%save kept.grad\r")
    terminal.see(KEYBOARD)
    assert not (tmp_path / "kept.grad").exists()


def test_a_single_line_names_a_file(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.send("a = 1\rb = 2\rc = 3\r")  # a paste, which ends before the line
    terminal.ready(4)
    assert "3 statements are in one.grad" in terminal.enter("%save one.grad")
    assert KEYBOARD in terminal.paste("%save two.grad")
    for key in "d = 4\r%save three.grad\r":
        terminal.send(key)
        terminal.pump(0.03)
    terminal.see("4 statements are in three.grad")
    terminal.send(marked("%save four.grad") + CTRL_U + "%save five.grad\r")
    terminal.see("4 statements are in five.grad")
    names = {path.name for path in tmp_path.iterdir() if path.suffix}
    assert names == {"one.grad", "three.grad", "five.grad"}


def test_no_answer_comes_before_its_question(start: Start, tmp_path: Path) -> None:
    (tmp_path / "kept.grad").write_text("precious\n")
    terminal = start()
    terminal.enter("a = 1")
    terminal.send("%save kept.grad\ry\r")  # few enough to have been typed
    terminal.see("Replace it?")
    time.sleep(0.3)
    assert (tmp_path / "kept.grad").read_text() == "precious\n"
    terminal.send("\r")
    terminal.see("left as it is")
    terminal.ready(3)
    terminal.send("%save kept.grad\r")
    terminal.until(lambda: terminal.screen.text().count("Replace it?") == 2, "the question")
    time.sleep(0.1)
    terminal.send("y\r")
    terminal.see("1 statement")
    assert (tmp_path / "kept.grad").read_text() == "a = 1\n"


LOOP = "print('go')\nfor i in range(10**9): pass"


def test_ctrl_c_drops_the_rest_of_a_transcript(start: Start) -> None:
    terminal = start()
    paste = ">>> a = 1\n>>> print('go') or [0 for i in range(10**9)]\n>>> print('never')\n>>> a\n"
    terminal.send(marked(paste) + ENTER)
    terminal.see("\ngo\n")
    terminal.send(CTRL_C)
    terminal.see("the rest of the paste was dropped: 2 inputs")
    terminal.ready(3)
    assert "]: 2" in terminal.enter("1 + a")
    assert "\nnever" not in terminal.screen.text()


@pytest.mark.parametrize("count", [3, 200])
def test_ctrl_c_drops_the_rest_of_a_paste_without_marks(start: Start, count: int) -> None:
    terminal = start()
    terminal.send("print('go') or [0 for i in range(10**9)]\r" + "print('never')\r" * count)
    terminal.see("\ngo\n")
    terminal.send(CTRL_C)
    terminal.ready(2)
    terminal.pump(0.3)
    assert "]: 2" in terminal.enter("1 + 1")
    assert "\nnever" not in terminal.screen.text()
    assert terminal.leave() == 0


def test_a_paste_without_marks_keeps_its_tail(start: Start) -> None:
    terminal = start()
    terminal.send("def f(v):\r    w = v * 2\r    return w")
    terminal.until(lambda: terminal.line().endswith("    return w"), "the last line")
    terminal.send("\r")
    quiet(terminal)
    terminal.send("\r")
    terminal.ready(2)
    assert "]: 42" in terminal.enter("f(21)")
    terminal.send("for i in range(2):\r    i * 3\rf(3)")
    terminal.until(lambda: terminal.line().endswith("...: f(3)"), "the last line")
    terminal.send(CTRL_C)


def test_a_transcript_without_marks_is_one_input(start: Start) -> None:
    terminal = start(columns=40)
    lines = (
        ">>> def f(v):",
        "...     return v * 2",
        "...",
        ">>> f(1)",
        "2",
        ">>> for i in range(2):",
        "...     print(i * 11)",
        "...",
        "0",
        "11",
        ">>> f(4)",
    )
    terminal.send("\r".join(lines) + "\r")
    terminal.see("]: 8")
    terminal.ready(5)
    shown = terminal.screen.text()
    assert "error" not in shown
    assert shown.count("]: 2") == 1
    terminal.send(">>> sum(range(10**9))\r>>> print('never')\r>>> 5\r")
    terminal.see(">>> 5")
    time.sleep(0.3)
    terminal.send(CTRL_C)
    terminal.see("the rest of the")
    terminal.ready(6)
    words = " ".join(terminal.screen.text().split())
    assert "warning: the rest of the paste was dropped: 2 inputs" in words
    assert "\nnever" not in terminal.screen.text()


def test_sentences_break_at_words(start: Start) -> None:
    terminal = start("--timeout", "0.2", columns=40)
    for text, words in (
        ("%vars nothing_of_this_kind and_more", "there is no variable `nothing_of_this_kind`"),
        ("sum(range(10**9))", "the limit can be set with --timeout"),
        ("%vjp param(1.)*2 y z w", "%help vjp has examples"),
        ("matmull", "did you mean `matmul`?"),
    ):
        shown = terminal.enter(text)
        assert words in " ".join(shown.split()), shown
        assert words in " ".join(line.strip() for line in shown.splitlines()), shown


@pytest.mark.parametrize("shift", range(0, 12, 3))
def test_long_pastes_without_marks_are_whole(shared: Terminal, shift: int) -> None:
    """Reads of 1024 bytes end anywhere in the lines."""
    head = "# " + "-" * shift + "\r"
    body = "".join(f"    if v == {i}:\r\r        v = v + 1\r" for i in range(60))
    shared.send(f"{head}def g(v):\r{body}    return v\r\rg(0)\r")
    shared.until(lambda: shared.screen.text().count("]: 60\n") == shift // 3 + 1, "the value", 20)
    quiet(shared)
    assert "error" not in shared.screen.text()


def test_many_inputs_without_marks_run_in_order(shared: Terminal) -> None:
    lines = "".join(f"total = total + {i}\r" for i in range(400))
    shared.send(f"total = 0\r{lines}total + 1000")
    shared.until(lambda: shared.line().endswith("+ 1000"), "the last line", 60)
    shared.send("\r")
    shared.see("]: 80800")


def test_tabs_are_spaces_on_the_screen(start: Start) -> None:
    shown = start().paste("for i in range(2):\n\tprint(i + 20)\n")
    assert "...:     print(i + 20)" in shown and "^I" not in shown
    assert "20\n21\n" in shown
