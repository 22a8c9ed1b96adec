"""How results look in a terminal: colours, layout, tables, what is longer than the screen."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import CTRL_U, ENTER, Terminal
from test_magics import Talk

from gradcli.render.paint import STYLES, painted
from gradcli.repl.session.pager import PROMPT, environment

Start = Callable[..., Terminal]
COLOUR = re.compile(r"\x1b\[[\d;]*m")
RED = re.compile(r"\x1b\[1;(?:31|38;5;\d+)m(-?(?:nan|inf))\x1b\[0m")


def shown_raw(terminal: Terminal, text: str) -> str:
    """What an input shows, with the colours."""
    before = len(terminal.raw)
    terminal.enter(text)
    return terminal.raw[before:]


@pytest.mark.parametrize("theme", ["auto", "dark", "light"])
def test_values_and_nodes_are_coloured(start: Start, theme: str) -> None:
    terminal = start(environment={"GRADCLI_THEME": theme})
    raw = shown_raw(terminal, "tensor([nan, 1., -inf])")
    assert RED.findall(raw) == ["nan", "-inf"]
    raw = shown_raw(terminal, "y = (param([1., 2.])**2).sum(); y")
    assert re.search(r"\x1b\[[\d;]+mgrad_fn=<SumBackward0>\x1b\[0m", raw)
    assert re.search(r"\x1b\[[\d;]+mPowBackward0\x1b\[0m", shown_raw(terminal, "%graph y"))
    assert re.search(r"\x1b\[[\d;]+min all\x1b\[0m", shown_raw(terminal, "%explain y"))
    terminal.enter("def f(a): return a + 1")
    assert re.search(r"\x1b\[[\d;]+mreturn\x1b\[0m", shown_raw(terminal, "f??"))
    assert "Out[2]: tensor(5., grad_fn=<SumBackward0>)" in terminal.screen.text()


def test_without_colour_the_words_are_the_same(start: Start) -> None:
    lines = ["x = param([1., nan])", "y = (x**2).sum()", "y", "%graph y", "%explain y", "%vars"]
    texts = []
    for variables in ({"NO_COLOR": "1"}, {}):
        terminal = start(environment=variables, columns=90)
        shown = [terminal.enter(line) for line in lines]
        texts.append(shown)
        plain = "NO_COLOR" in variables
        assert plain != bool(re.search(r"\x1b\[[\d;]*3\d[\d;]*m", terminal.raw))
    assert texts[0] == texts[1]


def test_a_suggestion_is_not_shown_as_if_typed(start: Start) -> None:
    for variables, suggested in (({"NO_COLOR": "1"}, False), ({}, True)):
        terminal = start(environment=variables)
        number = terminal.number
        terminal.enter("alpha = 12345")
        terminal.send("alp")
        terminal.until(lambda t=terminal: t.line().find("alp") > 0, "what is typed")
        terminal.pump(0.3)
        terminal.pump(0.3)
        assert ("12345" in terminal.line()) is suggested
        terminal.send(CTRL_U)
        assert number == 1


def test_changed_rows_of_vars(start: Start) -> None:
    terminal = start()
    terminal.enter("x = param([1., 2.]); n = 3; y = (x**2).sum()")
    assert "*" not in terminal.enter("%vars")
    terminal.enter("y.backward(); n = 4")
    before = len(terminal.raw)
    shown = terminal.enter("%vars")
    assert re.search(r"^ x \* ", shown, re.M)
    assert re.search(r"^ n \* ", shown, re.M)
    assert re.search(r"^ y   ", shown, re.M)
    assert "has changed since" in shown
    assert re.search(r"\x1b\[1;[\d;]+m ?x \*", terminal.raw[before:])
    assert "*" not in terminal.enter("%vars")


@pytest.mark.parametrize("columns", [40, 80])
def test_nested_containers_are_laid_out(start: Start, columns: int) -> None:
    terminal = start(columns=columns)
    shown = terminal.enter("[ones(2, 2), {'a': ones(2), 'b': list(range(40))}, (1, 'x')]")
    lines = shown[shown.index("Out[1]:") :].rstrip().split("\n")
    assert lines[1:4] == [
        "[tensor([[1., 1.],",
        "         [1., 1.]]),",
        " {'a': tensor([1., 1.]),",
    ]
    assert lines[4].startswith("  'b': [0, 1, 2,")
    assert lines[-1] == " (1, 'x')]"
    assert max(map(len, lines)) <= columns
    assert "Out[2]: [1, {'a': (2,)}]" in terminal.enter("[1, {'a': (2,)}]")
    terminal.enter(
        "class A:\n    def __repr__(self):\n        print('called')\n        return 'A' * 90\n\n"
    )
    assert terminal.enter("[A(), A()]").count("called") == 2


def test_long_lists_break_between_items(start: Start, tmp_path: Path) -> None:
    terminal = start(environment={"PATH": str(tmp_path)}, columns=60, rows=12)
    terminal.send("list(range(10000))" + ENTER)
    terminal.see(PROMPT)
    lines = [line for line in terminal.screen.text().split("\n") if re.match(r" ?\d+,", line)]
    assert len(lines) > 5 and all(re.fullmatch(r" ?(\d+, )*\d+,", line) for line in lines)
    terminal.send("q")
    terminal.ready(2)


def fake_less(home: Path) -> str:
    """A `less` that says how it was called; the folder to have on the PATH."""
    folder = home / "bin"
    folder.mkdir()
    program = folder / "less"
    program.write_text(
        '#!/bin/sh\necho "less $@ secure=$LESSSECURE open=[$LESSOPEN] less=[$LESS]"\nwc -l\n'
    )
    program.chmod(0o755)
    return str(folder)


def test_long_things_open_in_less(start: Start, tmp_path: Path) -> None:
    path = f"{fake_less(tmp_path)}:{os.environ.get('PATH', '')}"
    variables = {"PATH": path, "LESSOPEN": "|evil %s", "LESS": "-x1"}
    terminal = start(environment=variables, rows=12)
    terminal.enter("x = param(1.); y = x")
    terminal.paste("for i in range(30):\n    y = (y * 2).sin()\n")
    for line in (
        "%graph y --all",
        "%explain y --all",
        "ones(40, 1)",
        "print(ones(40, 1))",
        "%help plot",
    ):
        shown = terminal.enter(line)
        assert "less -R -F -X secure=1 open=[] less=[]" in shown, line
    assert "less" not in terminal.enter("ones(3, 1)")
    assert "less" not in terminal.paste("ones(40, 1)\nones(40, 1)", 1)
    for _ in range(12):
        terminal.enter("1 + 1")
    assert "less -R" in terminal.enter("%hist")


def test_our_pager_where_there_is_no_less(start: Start, tmp_path: Path) -> None:
    terminal = start(environment={"PATH": str(tmp_path)}, rows=12)
    terminal.send("ones(40, 1) * arange(40)[:, None]" + ENTER)
    terminal.see(PROMPT)
    assert "[ 9.]" in terminal.screen.text()
    assert "[25.]" not in terminal.screen.text()
    terminal.send(ENTER)
    terminal.see("[10.]")
    terminal.send(" ")
    terminal.see("[20.]")
    terminal.send("q")
    terminal.ready(2)
    assert "[39.]" not in terminal.screen.text()
    assert "Out[2]: 2" in terminal.enter("1 + 1")
    terminal.send("print(ones(40, 1))" + ENTER)
    terminal.until(lambda: terminal.toolbar() == PROMPT, "the pager")
    terminal.send("G")
    terminal.ready(4)
    assert terminal.leave() == 0


def test_the_environment_of_less(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LESSOPEN", "LESSCLOSE", "LESSSECURE_ALLOW", "LESSKEY", "LESS"):
        monkeypatch.setenv(name, "x")
    given = {name: value for name, value in environment().items() if name.startswith("LESS")}
    assert given == {"LESSSECURE": "1", "LESSCHARSET": "utf-8", "LESSHISTFILE": "-"}


def test_what_repeats_is_folded_and_all_opens_it(start: Start) -> None:
    terminal = start(rows=1500)
    terminal.enter("x = param(1.); y = x")
    terminal.paste("for i in range(120):\n    y = (y * 2).sin()\n")
    assert terminal.enter("%graph y").count("\n") < 20
    assert terminal.enter("%explain y").count("\n") < 60
    assert terminal.enter("%graph y --all").count("SinBackward0") == 120
    assert terminal.enter("%explain y --all").count("arrives:") == 240
    assert "takes the number of levels" in terminal.enter("%graph y --depth x")
    assert "is called as %graph" in terminal.enter("%graph y --deep")


def test_all_shows_everything(start: Start, tmp_path: Path) -> None:
    terminal = start(environment={"PATH": f"{fake_less(tmp_path)}:{os.environ.get('PATH', '')}"})
    terminal.enter("x = param(1.); y = x")
    terminal.paste("for i in range(120):\n    y = (y * 2).sin()\n")
    for line, least in (("%graph y --all", 241), ("%explain y --all", 240 * 5)):
        shown = terminal.enter(line)
        match = re.search(r"^\s*(\d+)$", shown, re.M)
        assert match is not None, shown
        assert int(match[1]) >= least - 1


@pytest.mark.parametrize("theme", sorted(STYLES))
def test_colours_leave_the_characters_alone(theme: str) -> None:
    texts = {
        "value": "tensor([nan, -inf], grad_fn=<MulBackward0>) {'nan': 'inf'}",
        "explanation": "start  dy/dy = 1\n1.  PowBackward0  x**2  (In[1]:1:27)\n   to x  = nan",
        "graph": "y  SumBackward0  []  s\n├─ PowBackward0  [2]  x**2  freed\n│  └─ x  leaf  [2]",
        "help": "%jvp y x [v]\n    d/dinput  g\n    >>> torch.tanh(x)\n    tensor(nan)",
        "source": "def f(x):\n    return sin(x) + 'a'  # nan\n",
        "changed": "x = 1",
    }
    for kind, text in texts.items():
        coloured = painted(text, kind, theme)
        assert coloured != text
        assert COLOUR.sub("", coloured) == text
    assert painted("tensor([1., 2.])", "value", theme) == "tensor([1., 2.])"
    assert "\x1b" not in painted("{'a': 'nan'}", "value", theme)


@pytest.mark.parametrize("colour", [False, True])
def test_forms_for_machines_have_no_colours(colour: bool) -> None:
    talk = Talk(colour=colour)
    talk("x = param(2.)", "y = x ** 2")
    for form in ("svg", "dot", "mermaid", "json"):
        shown = talk(f"%graph y --{form}")
        assert "PowBackward0" in shown and "\x1b" not in shown and "error" not in shown
    for form in ("markdown", "html", "json"):
        shown = talk(f"%explain y --{form}")
        assert "PowBackward0" in shown and "\x1b" not in shown and "error:" not in shown
    talk.shell.keeper.close()
