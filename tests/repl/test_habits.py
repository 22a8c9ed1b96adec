"""What IPython's users type by habit, typed into a terminal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_C, CTRL_D, CTRL_E, CTRL_U, CTRL_X, ENTER, F2, Terminal

from gradcli.repl.magics import elsewhere
from gradcli.repl.magics.table import ALIASES, MAGICS

Start = Callable[..., Terminal]


def test_history(start: Start) -> None:
    terminal = start()
    for text in ("alpha = 1", "beta = alpha + 1", "beta * 2"):
        terminal.enter(text)
    assert "1: alpha = 1\n2: beta = alpha + 1\n3: beta * 2\n" in terminal.enter("%hist -n")
    shown = terminal.enter("%hist 2-3 -o")
    assert "2: beta = alpha + 1\n3: beta * 2\n4\n" in shown
    assert "there are 1-5" in terminal.enter("%hist 9")
    assert terminal.enter("%hist -g alpha").count("alpha") == 3
    terminal.leave()
    later = start()
    shown = later.enter("%hist -g al*1")
    assert "-: alpha = 1\n-: beta = alpha + 1\n" in shown
    assert "beta * 2" not in shown


def test_timing(shared: Terminal) -> None:
    shown = shared.enter("%timeit -n 20 -r 3 1 + 2")
    assert re.search(r"[µmn]s ± \S+ [µmn]?s per run, at best .* \(3 times 20 runs each\)", shown)
    assert "%timeit is called as" in shared.enter("%timeit -n 20")


@pytest.mark.parametrize(
    ("cell", "total"),
    [
        ("%%timeit -n 5 -r 2\nt = t + 1\n", 10),
        ("%%timeit -n 5 -r 2 t = 100\nt = t + 1\n", 110),
        ("%%timeit -n 5 -r 2 \n\nt = t + 1\nt = t + 1\n", 20),
        ("%timeit -n 5 -r 2 t = t + 1", 10),
        ("%%time\nt = t + 1\nt = t + 1\n", 2),
        ("%%time t = 5\nt = t + 1\n", 6),
    ],
)
def test_what_is_timed(shared: Terminal, cell: str, total: int) -> None:
    """Behind %%timeit the first line is done once and not counted, as in IPython."""
    shared.enter("t = 0")
    shared.paste(cell)
    assert f"]: {total}\n" in shared.enter("t")


def test_names(shared: Terminal) -> None:
    shared.enter("weight = param([1., 2.]); count = 3")
    shown = shared.enter("%who")
    assert "count" in shown and "weight" in shown
    assert "weight" not in shared.enter("%who int")
    assert "'count'" in shared.enter("%who_ls int")
    assert "requires_grad" in shared.enter("%whos")
    shared.enter("names = %who_ls int")
    assert "['count'" in shared.enter("names")
    assert "%who gives no value" in shared.enter("v = %who")


def test_precision(shared: Terminal) -> None:
    shared.enter("%precision 2")
    assert "tensor(1.23)" in shared.enter("tensor(1.23456)")
    shared.enter("%precision")
    assert "tensor(1.2346)" in shared.enter("tensor(1.23456)")
    assert "it is from 0 to 20" in shared.enter("%precision lots")


def test_help(shared: Terminal) -> None:
    assert "torch.ones   torch.ones_like" in shared.enter("torch.*ones*?")
    assert "enable_grad" in shared.enter("*_grad?")
    assert "no name matches torch.*qq*" in shared.enter("torch.*qq*?")
    shared.enter("x = param([1., 2.])")
    number = shared.number
    shared.enter("y = (x**2).sum()")
    shown = shared.enter("y??")
    assert f"made at In[{number}]:1:5 by (x**2).sum()" in shown
    assert "d/dinput  expand(g, input_shape)" in shown
    assert "a leaf: a backward pass adds to its .grad" in shared.enter("x??")
    shared.enter("def scale(v, by=2): return v * by")
    assert "scale(v, by=2)" in shared.enter("%pdef scale")
    assert "return v * by" in shared.enter("%psource scale")
    assert "scale(v, by=2)" in shared.enter("%pinfo scale")
    assert "matmul(input, other)" in shared.enter("%pdef matmul")


def test_outputs_that_there_are(start: Start) -> None:
    terminal = start()
    assert "there are no outputs yet" in terminal.enter("Out[9]")
    terminal.enter("2 + 2")
    terminal.enter("3 + 3")
    terminal.enter("x = 1")
    terminal.enter("5 + 5")
    assert "]: 10" in terminal.enter("_2 + _3")
    assert "the outputs are 2-3, 5-6" in terminal.enter("Out[9]")
    assert "the outputs are 2-3, 5-6" in terminal.enter("_99")
    assert "the inputs are 1-9" in terminal.enter("In[99]")


def test_names_of_ipython_for_inputs_and_outputs(start: Start) -> None:
    terminal = start()
    assert "there are no outputs yet" in terminal.enter("__")
    terminal.enter("2 + 2")
    assert "In[-2] is the last input; the inputs are 1-3" in terminal.enter("_i")
    assert "In[-2] is the last input" in terminal.enter("_i2")
    assert "the outputs are 2, in Out" in terminal.enter("_oh")
    assert "]: '2 + 2'" in terminal.enter("In[2]")


def test_the_last_inputs(start: Start) -> None:
    terminal = start()
    for text in ("a = 1", "b = 2", "c = 3"):
        terminal.enter(text)
    assert terminal.enter("%hist -l 2").endswith("-l 2\n2: b = 2\n3: c = 3\n")
    assert "%hist is called as" in terminal.enter("%hist -t")
    assert "torch.ones_like" in terminal.enter("%psearch torch.*ones*")
    assert "did you mean %precision?" in terminal.enter("%prec")


@pytest.mark.parametrize("line", ["!ls -l", "!!ls", "files = !ls -l", "a, b = !ls"])
def test_no_command_of_the_shell_runs(shared: Terminal, line: str) -> None:
    assert "ls: gradcli starts no other programs" in shared.enter(line)


def test_what_looks_like_a_command(shared: Terminal) -> None:
    shared.enter("x = 1")
    assert "]: True" in shared.enter("x !=2")
    assert "]: True" in shared.enter("y = x != 2; y")
    assert "the opposite of x is `not x`" in " ".join(shared.enter("y = !x").split())


def test_values_of_magics_get_names(shared: Terminal) -> None:
    shared.enter("x = param([1., 2.]); w = param(3.); y = (w * x**2).sum()")
    shared.enter("g = %grad y x")
    assert "tensor([ 6., 12.])" in shared.enter("g")
    shared.enter("a, b = %grad y x w")
    assert "tensor(5.)" in shared.enter("b")
    shared.enter("h = %hessian y x")
    assert "[0., 6.]" in shared.enter("h")
    assert "2 values cannot have 3 names" in shared.enter("p, q, r = %grad y x w")


def test_errors_and_colours(shared: Terminal) -> None:
    shared.enter("%xmode minimal")
    shown = shared.enter("1 / 0")
    assert "ZeroDivisionError: division by zero" in shown and "^" not in shown
    shared.enter("%xmode context")
    assert "  |   ^\n" in shared.enter("1 / 0")
    assert "\x1b[31mOut[" in shared.raw
    shared.enter("%colors off")
    before = len(shared.raw)
    shared.enter("1 + 1")
    assert "\x1b[31mOut[" not in shared.raw[before:]
    shared.enter("%colors on")


def test_the_shell_is_refused(shared: Terminal) -> None:
    for text in ("!ls", "!!ls -l", "! pip install torch"):
        shown = shared.enter(text)
        assert "gradcli starts no other programs" in shown and "Ctrl-Z" in shown


def test_nothing_is_done_kindly(shared: Terminal) -> None:
    shown = shared.enter("%load_ext autoreload")
    assert "note: %load_ext does nothing" in shown and "error" not in shown
    assert "note: %matplotlib does nothing" in shared.enter("%matplotlib inline")
    assert "names are forgotten" in shared.enter("%reset -f")


@pytest.mark.parametrize("name", [*elsewhere.LINE, *elsewhere.HARMLESS, *elsewhere.CELL])
def test_advice_names_what_there_is(name: str) -> None:
    told = {**elsewhere.CELL, **elsewhere.HARMLESS, **elsewhere.LINE}[name]
    assert name not in MAGICS and name not in ALIASES
    for magic in re.findall(r"%([a-z_]+)", told):
        assert magic in MAGICS, (name, magic)


def test_advice_is_given(shared: Terminal) -> None:
    assert "del name" in shared.enter("%reset_selective x")
    assert "%save NAME.ipynb" in shared.enter("%notebook x")
    number = shared.number
    shared.send("%%bash" + ENTER + "ls" + ENTER + ENTER)
    shared.see("there is no %%bash")
    shared.see("gradcli starts no programs")
    shared.ready(number + 1)
    assert "%who" in shared.enter("%whom")  # a slip of the finger, no name of IPython's


def editor(home: Path, script: str) -> dict[str, str]:
    """An environment with an editor that is a script of Python's, told the file's name."""
    path = home / "an editor.py"
    path.write_text("import os, stat, sys\npath = sys.argv[-1]\n" + script)
    import sys

    return {"EDITOR": f"{sys.executable} '{path}'", "VISUAL": ""}


NOTES = (
    "import json\n"
    "modes = [stat.S_IMODE(os.stat(p).st_mode) for p in (path, os.path.dirname(path))]\n"
    "text = open(path).read()\n"
    "open('notes.json', 'w').write(json.dumps([modes, path, text]))\n"
    "open(path, 'w').write(text.replace('1', '41'))\n"
)


@pytest.mark.parametrize("keys", [F2, CTRL_X + CTRL_E], ids=["F2", "Ctrl-X Ctrl-E"])
def test_keys_open_the_editor(start: Start, tmp_path: Path, keys: str) -> None:
    terminal = start(environment=editor(tmp_path, NOTES))
    terminal.send("x = 1 + 1" + keys)
    terminal.until(lambda: "x = 41 + 41" in terminal.line(), "the changed text")
    assert terminal.number == 1  # nothing has run
    modes, path, text = json.loads((tmp_path / "notes.json").read_text())
    assert modes == [0o600, 0o700] and text == "x = 1 + 1\n"
    assert not os.path.exists(os.path.dirname(path))
    terminal.send(ENTER)
    terminal.ready(2)
    assert "]: 82" in terminal.enter("x")


def test_edit_puts_text_at_the_prompt(start: Start, tmp_path: Path) -> None:
    terminal = start(environment=editor(tmp_path, NOTES))
    terminal.enter("a = 1")
    terminal.enter("b = 1 + a")
    terminal.send("%edit 1-2" + ENTER)
    terminal.until(lambda: "b = 41 + a" in terminal.line(), "the changed inputs")
    terminal.send(ENTER)
    terminal.ready(5)
    assert "]: 82" in terminal.enter("b")
    terminal.enter("def f(): return 1")
    terminal.send("%edit f" + ENTER)
    terminal.until(lambda: "def f(): return 41" in terminal.line(), "the changed function")
    terminal.send(CTRL_U)


def test_help_on_what_was_defined(shared: Terminal) -> None:
    number = shared.number
    shared.paste("class Net(nn.Module):\n    'A net.'\n    def forward(self, x): return x\n")
    shown = shared.enter("Net?")
    assert f"a class of Module, defined in In[{number}]; Net?? shows it" in shown
    assert "class Net(nn.Module):" in shared.enter("Net??")
    shared.enter("o = torch.optim.SGD([param(1.)], lr=1)")
    assert "o is an object of SGD:\nSGD (\nParameter Group 0\n" in shared.enter("o?")
    shared.enter("n = 3")
    assert "n is an int: 3" in shared.enter("n?")


def test_one_enter_runs_what_was_edited(start: Start, tmp_path: Path) -> None:
    """A block, too, which more lines could follow if it was being typed."""
    script = "open(path, 'w').write('def f(a):\\n    return a + 41\\n')\n"
    terminal = start(environment=editor(tmp_path, script))
    for number, keys in ((1, F2), (2, "%edit" + ENTER)):
        terminal.send(keys)
        terminal.until(lambda: "return a + 41" in terminal.line(), "the function")
        terminal.send(ENTER)
        terminal.ready(number + number)
    assert "]: 42" in terminal.enter("f(1)")
    terminal.send("%recall 3" + ENTER)
    terminal.until(lambda: "return a + 41" in terminal.line(), "the function")
    terminal.send(ENTER)
    terminal.ready(7)


def test_the_percent_may_be_left_out(start: Start) -> None:
    terminal = start()
    assert "no names are given yet" in terminal.enter("who")
    terminal.enter("loss = param(2.)**2")
    assert "loss" in terminal.enter("who")
    assert "PowBackward0" in terminal.enter("graph loss")
    assert "µs" in terminal.enter("time 1 + 1") or "ms" in terminal.screen.text()
    assert "programs here have files in memory only" in terminal.enter("ls")
    assert "programs here have files in memory only" in terminal.enter("cd ..")
    assert "2: loss = param(2.)**2" in terminal.enter("hist -n 1-2")
    assert "took back In[2]: loss" in terminal.enter("undo 2")
    assert "is not defined" in terminal.enter("loss")
    assert "Type PyTorch" in terminal.enter("help")


def test_names_and_python_come_before_magics(start: Start) -> None:
    terminal = start()
    for text in ("who + 1", "zero", "undo.x", "why is None"):
        assert "NameError" in terminal.enter(text), text
    terminal.enter("time = 3")
    assert "]: 3" in terminal.enter("time")
    assert "SyntaxError" in terminal.enter("time 1")
    assert "'%who" not in terminal.paste("x = 1\nwho", 1)
    assert "NameError: name 'who'" in terminal.screen.text()


def test_inputs_run_again(start: Start) -> None:
    terminal = start()
    terminal.enter("x = 1")
    terminal.enter("x = x * 10")
    assert "x = x * 10" in terminal.enter("%rerun", 2)
    terminal.enter("%rerun 2-2", 2)
    assert "]: 1000" in terminal.enter("x")
    assert "%rerun is called as" in terminal.enter("%rerun x")
    terminal.send("%rep 1-2" + ENTER)
    terminal.until(lambda: "x = x * 10" in terminal.line(), "the inputs")
    terminal.send(ENTER)
    terminal.ready(11)
    assert "]: 10" in terminal.enter("x")


def test_editors_that_fail(start: Start, tmp_path: Path) -> None:
    terminal = start(environment={"EDITOR": "/no/such/editor", "VISUAL": ""})
    terminal.send("x = 1" + F2)
    terminal.see("warning: /no/such/editor does not start")
    terminal.until(lambda: "x = 1" in terminal.line(), "the input as it was")
    terminal.send(CTRL_U)
    assert "does not start" in terminal.enter("%edit")
    assert "there are 1-1" in terminal.enter("%edit 7") or "there is 1" in terminal.screen.text()
    bad = start(environment=editor(tmp_path, "sys.exit(3)\n"))
    assert "ended with status 3" in bad.enter("%edit")


def test_editing_comes_from_the_keyboard(shared: Terminal) -> None:
    shown = shared.paste("y = 1\n%edit 1", inputs=1)
    assert "comes from the keyboard" in shown


@pytest.mark.parametrize("magic", ["%paste", "%cpaste"])
def test_pasting(shared: Terminal, magic: str) -> None:
    number = shared.number
    shared.send(magic + ENTER)
    shared.until(lambda: shared.line() == ":", "its prompt")
    shared.send("\x1b[200~>>> u = 20\n>>> u + 1\n\x1b[201~" + ENTER)
    shared.send("--" + ENTER)
    shared.ready(number + 3)
    assert f"Out[{number + 2}]: 21" in shared.screen.text()
    shared.send(magic + ENTER)
    shared.until(lambda: shared.line() == ":", "its prompt")
    shared.send("u + 2" + ENTER)
    shared.until(lambda: shared.line() == ":", "its prompt")
    shared.send(CTRL_D)
    shared.ready(number + 5)
    assert f"Out[{number + 4}]: 22" in shared.screen.text()
    shared.send(magic + ENTER)
    shared.until(lambda: shared.line() == ":", "its prompt")
    shared.send("u = 0" + ENTER + CTRL_C)
    shared.see("nothing was pasted")
    shared.ready(number + 6)
    assert "]: 20" in shared.enter("u")
