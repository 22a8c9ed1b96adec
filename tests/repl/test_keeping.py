"""What is kept of a session: files that `%save` writes, journals, the history."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_U, DOWN, ENTER, UP, Terminal

from gradcli.repl.session import cells

Start = Callable[..., Terminal]


def sessions(home: Path) -> list[Path]:
    """The journals on disk."""
    return sorted((home / ".local" / "state" / "gradcli" / "sessions").iterdir())


def session_of(start: Start) -> Terminal:
    terminal = start()
    terminal.enter("import torch")
    terminal.enter("x = torch.tensor([1., 2.], requires_grad=True)")
    terminal.enter("y = (x**2).sum(); print('made', y.item())")
    terminal.enter("y.backward()")
    terminal.enter("x.grad")
    return terminal


def test_programs(start: Start, tmp_path: Path) -> None:
    terminal = session_of(start)
    assert "6 statements are in all.py" in terminal.enter("%save all.py")
    ran = subprocess.run(
        [sys.executable, "-m", "gradcli.cli.main", "eval", "all.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "made 5.0" in ran.stdout, ran.stderr
    terminal.enter("%save part.py 1-2 5 -o")
    assert (tmp_path / "part.py").read_text() == (
        "import torch\nx = torch.tensor([1., 2.], requires_grad=True)\nx.grad\n# tensor([2., 4.])\n"
    )
    assert "is no range of inputs" in terminal.enter("%save other.py 40-50")
    assert not (tmp_path / "other.py").exists()


def test_comments_and_empty_lines_are_saved(start: Start, tmp_path: Path) -> None:
    terminal = start()
    typed = (
        "# The data.\nx = param([1., 2.])  # two numbers\n\n"
        "# The loss:\ndef f(a):\n    return a\n\n\n"
        "y = f(x).sum(); z = y * 2  # twice"
    )
    terminal.paste(typed)
    terminal.enter("w = 1 ; # last")
    terminal.paste("b = 3  # runs\n1 / 0\nc = 2  # does not")
    terminal.enter("%save all.grad")
    saved = typed.replace("; z", "\nz")
    assert (tmp_path / "all.grad").read_text() == f"{saved}\nw = 1 # last\nb = 3  # runs\n"
    terminal.enter("%save all.md 1")
    assert (tmp_path / "all.md").read_text() == f"```python\n{saved}\n```\n"


@pytest.mark.parametrize(
    ("words", "file", "text"),
    [
        ("-o 1-2 a.grad", "a.grad", "x = 1\nx\n# 1\n"),
        ("1 b.grad", "b.grad", "x = 1\n"),
        ("-2 c.grad", "c.grad", "x = 1\nx\n"),
        ("two words.grad 2 -f", "two words.grad", "x\n"),
    ],
)
def test_options_and_ranges_stand_anywhere(
    start: Start, tmp_path: Path, words: str, file: str, text: str
) -> None:
    terminal = start()
    terminal.enter("x = 1")
    terminal.enter("x")
    terminal.enter(f"%save {words}")
    assert (tmp_path / file).read_text() == text


def test_options_are_no_names_of_files(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("x = 1")
    before = sorted(tmp_path.iterdir())
    assert "%save has no option -x" in terminal.enter("%save -x a.grad")
    for words in ("1", "-f", "1-1 -o"):
        assert "%save is called as" in terminal.enter(f"%save {words}")
    assert sorted(tmp_path.iterdir()) == before


def test_nothing_is_replaced_unasked(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("a = 1")
    (tmp_path / "a.py").write_text("precious\n")
    terminal.send("%save a.py" + ENTER)
    terminal.see("a.py exists. Replace it? [y/N]")
    terminal.send(ENTER)
    terminal.see("was left as it is")
    terminal.ready(3)
    assert (tmp_path / "a.py").read_text() == "precious\n"
    assert "are in a.py" in terminal.enter("%save a.py -f") or "is in" in terminal.screen.text()
    assert (tmp_path / "a.py").read_text() == "a = 1\n"
    shown = terminal.enter("%undo")
    assert "took back In[1]: a = 1" in shown and "note: the file a.py stays as it is" in shown


def test_markdown_goes_round(start: Start, tmp_path: Path) -> None:
    terminal = session_of(start)
    terminal.enter("text = '```'")
    terminal.enter("%save session.md")
    written = (tmp_path / "session.md").read_text()
    assert "```python\nx.grad\n```\n\n```text\ntensor([2., 4.])\n```\n" in written
    assert "```text\nmade 5.0\n```\n" in written
    assert "````python\ntext = '```'\n````\n" in written
    assert len(cells.cells(written)) == 6
    terminal.enter("%reset")
    terminal.paste(written.partition("````")[0], inputs=5)
    assert "tensor([2., 4.])" in terminal.enter("x.grad")


def test_notebooks(start: Start, tmp_path: Path) -> None:
    terminal = session_of(start)
    terminal.enter("%save session.ipynb")
    notebook = json.loads((tmp_path / "session.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    found = notebook["cells"]
    assert [cell["execution_count"] for cell in found] == [1, 2, 3, 4, 5]
    assert len({cell["id"] for cell in found}) == 5
    assert found[0]["source"] == ["import torch"] and found[0]["outputs"] == []
    assert found[2]["outputs"][0]["text"] == ["made 5.0\n"]
    assert found[4]["outputs"][0]["text"] == ["tensor([2., 4.])\n"]
    terminal.enter("z = param([1.])")
    terminal.enter("%save other.ipynb")
    other = json.loads((tmp_path / "other.ipynb").read_text())
    assert other["metadata"]["kernelspec"]["name"] == "gradcli"  # the prelude is none of Python's


FENCES = (
    ("```python\na = 1\n```", ["a = 1"]),
    ("Some words.\n\n~~~py\na = 1\nb = 2\n~~~\n", ["a = 1\nb = 2"]),
    ("```\n>>> a = 1\n>>> a\n1\n```\n```text\n1\n```", ["a = 1", "a"]),
    ("```{.python}\na = 1\n```\n\n```bash\nls\n```", ["a = 1"]),
    ("````python\ns = '''\n```\n'''\n````", ["s = '''\n```\n'''"]),
    ("  ```python\r\n  a = 1\r\n  ```", ["a = 1"]),
    ("s = '''\n```\n'''", ["s = '''\n```\n'''"]),
    ("```python\nx\n```\n```python\ntensor([[3., -inf],\n        [1e-3, 0.]])\n```", ["x"]),
    ("```\nx\n```\n```\ntensor(2., grad_fn=<AddBackward0>) True\n8\n```\n```\ny\n```", ["x", "y"]),
    ("```py\na\n```\n```py\n<AddBackward0 object at 0x7f2a>\ntorch.Size([2])\n```", ["a"]),
    ("```py\na\n```\n```py\nx = tensor([1.])\n```", ["a", "x = tensor([1.])"]),
    ("```py\na\n```\n```py\n3 + 4\n```", ["a", "3 + 4"]),
    ("```py\ntensor([1.])\n```", ["tensor([1.])"]),
    ("a = '```'", ["a = '```'"]),
)


@pytest.mark.parametrize(("text", "inputs"), FENCES)
def test_fences(text: str, inputs: list[str]) -> None:
    assert cells.cells(text) == inputs


def test_a_block_is_typed_to_its_end(shared: Terminal) -> None:
    number = shared.number
    shared.send("```python" + ENTER + "k = 20" + ENTER + "k + 1" + ENTER)
    shared.see("k + 1")
    assert shared.number == number
    shared.send("```" + ENTER)
    shared.ready(number + 1)
    assert f"Out[{number}]: 21" in shared.screen.text()


def test_a_closed_window_is_no_accident(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("kept = 7")
    os.close(terminal.handle)
    terminal.handle = os.open(os.devnull, os.O_RDWR)
    end = time.monotonic() + 10
    ended = 0
    while not ended and time.monotonic() < end:
        ended, _ = os.waitpid(terminal.pid, os.WNOHANG)
        time.sleep(0.02)
    terminal.status = -1
    assert ended == terminal.pid
    (journal,) = sessions(tmp_path)
    assert '["closed",""]' in journal.read_text()
    later = start()
    assert "resume" not in later.screen.text()
    later.leave()
    resumed = start("--resume", wait=False)
    resumed.see("run it again?")
    assert "the session that ended with its window" in resumed.screen.text()
    resumed.send(ENTER)
    resumed.ready(2)
    assert "]: 7" in resumed.enter("kept")


def test_inputs_that_failed_are_left_out(start: Start) -> None:
    terminal = start()
    terminal.enter("a = 1")
    terminal.enter("b = a / 0")
    terminal.enter("c = a + 1")
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.until(lambda: terminal.status is not None, "the end")
    resumed = start("--resume", wait=False)
    resumed.see("run it again?")
    shown = resumed.screen.text()
    assert (
        "[2] c = a + 1" in shown and "/ 0" not in shown and "(1 that failed is left out)" in shown
    )
    resumed.send(ENTER)
    resumed.ready(3)
    assert "]: 2" in resumed.enter("c")


def test_what_undo_counts_is_run_again(start: Start) -> None:
    terminal = start()
    terminal.enter("l = [1]")
    terminal.enter("l.append(2); 1 / 0")
    terminal.enter("%undo")
    terminal.enter("l.append(3)")
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.until(lambda: terminal.status is not None, "the end")
    resumed = start("--resume", wait=False)
    resumed.see("run it again?")
    resumed.send(ENTER)
    resumed.ready(5)
    assert "]: [1, 3]" in resumed.enter("l")


def test_journals_expire(start: Start, tmp_path: Path) -> None:
    terminal = start()
    terminal.enter("old = 1")
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.until(lambda: terminal.status is not None, "the end")
    (journal,) = sessions(tmp_path)
    then = time.time() - 31 * 24 * 3600
    os.utime(journal, (then, then))
    assert "resume" not in start().screen.text()
    assert not journal.exists()


def test_two_sessions_search_one_history(start: Start) -> None:
    first, second = start(), start()
    first.enter("from_the_first = 1")
    assert "-: from_the_first = 1" in second.enter("%hist -g the_first")
    assert second.leave() == 0
    third = start()
    third.send("from" + UP)
    third.see("from_the_first = 1")
    third.send(DOWN)


def test_what_was_done_at_the_prompt_is_not_resumed(start: Start, tmp_path: Path) -> None:
    """A paste, a file that was put at the prompt and inputs that ran again are inputs of their
    own; a file that was written is not written again."""
    terminal = start(environment={"EDITOR": "true", "VISUAL": ""})
    terminal.enter("x = 1")
    terminal.enter("x = x + 1")
    terminal.enter("%save x.grad")
    terminal.send("%edit 1" + ENTER)
    terminal.until(lambda: "In [5]: x = 1" in terminal.line(), "the first input")
    terminal.send(CTRL_U)
    terminal.enter("%rerun 2", 2)
    (tmp_path / "x.grad").write_text("changed\n")
    os.kill(terminal.pid, signal.SIGKILL)
    assert terminal.wait() == -signal.SIGKILL
    resumed = start("--resume", wait=False)
    resumed.see("run it again?")
    asked = resumed.screen.text()
    assert "%save" not in asked and "%edit" not in asked and "%rerun" not in asked
    resumed.send(ENTER)
    resumed.ready(4)
    assert "]: 3" in resumed.enter("x")
    assert (tmp_path / "x.grad").read_text() == "changed\n"
