"""Command line and prompt answer the same question in the same words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from process import gradcli
from test_magics import Talk

from gradcli.tensor import dtypes

# Programs whose leaves are x and w, and whose result is y.
PROGRAMS = {
    "smooth": "h = tanh(x * w)\ny = (h * h).sum()",
    "vector": "y = x * w ** 2",
    "zeros": "y = relu(x).sum() * w",
    "all zeros": "y = (relu(-x) * w).sum()",
    "nan": "y = where(x > 9, sqrt(x - x), 0 * x).sum() + w",
    "adds up to zero": "y = (x - x).sum() * w",
    "detached": "h = x.detach() * 3\ny = (h * w).sum()",
    "data": "y = (x.data * w).sum()",
    "number": "k = w.item()\ny = (x * k).sum()",
    "no grad": "with no_grad():\n    h = x * w\n\ny = (h + w).sum()",
    "beside": "h = x * 2\ny = (h.detach() * w).sum()",
    "branch": "h = x * 2\nif len(x) == 2:\n    h = h.data\n\ny = (h * w).sum()",
    "instance": "class Cell:\n    def __call__(self, t):\n        self.last = t.detach()\n"
    "        return self.last * w\n\ncell = Cell()\ny = cell(x).sum()",
    "replaced": "h = x.detach()\nh = x * 2\ny = (h * w).sum()",
    "hook": "h = x * 3\nh.register_hook(lambda g: g * 10)\ny = (h * w).sum()",
    "after a pass": "y = (x.exp() * w).sum()\ny.backward()\nwith no_grad():\n    x.mul_(2)\n",
    "wrong": "class Bad(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n"
    "        return a.clone()\n    @staticmethod\n    def backward(ctx, g):\n"
    "        return g.flip(0)\n\ny = (Bad.apply(x) * x * w).sum()",
}
LEAVES = "x = param([0.5, 2.0])\nw = param(3.0)\n"
PLACE = re.compile(r"(?:[^\s(]*\.grad|In\[\d+\]):\d+:(\d+)")


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    monkeypatch.setenv("COLUMNS", "1000")  # the prompt breaks lines between words
    made = Talk()
    dtypes.default.dtype = dtypes.float64  # as it is for a program that does not import torch
    yield made
    made.shell.keeper.close()
    dtypes.default.dtype = dtypes.float32


def command(*words: str) -> str:
    done = gradcli(*words)
    assert done.returncode in (0, 1), done.stderr.decode()
    return done.stdout.decode()


def unplaced(text: str) -> str:
    """A text without the file or the input, and the line, of its places."""
    return PLACE.sub(r"HERE:\1", text)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest, tmp_path: Path, talk: Talk) -> str:
    """The path of a program that the session has run too."""
    text = LEAVES + PROGRAMS[request.param]
    path = tmp_path / "p.grad"
    path.write_text(text + "\n")
    assert "error" not in talk(text)
    return str(path)


def test_explain_and_why(program: str, talk: Talk) -> None:
    every = unplaced(command("explain", program, "--of", "y"))
    assert unplaced(talk("%explain y")) == every
    narrowed = unplaced(command("explain", program, "--of", "y", "--wrt", "x"))
    assert unplaced(talk("%explain y x")) == narrowed
    _, found, answer = narrowed.partition("why ")
    talk("if x.grad is None and y.requires_grad:\n    y.sum().backward()\n")
    said = unplaced(talk("%why x"))
    if "is None" in answer:
        assert "no backward pass has reached `x`" in said
    elif found:
        assert said.partition("why ")[1:] == ("why ", answer)
    else:
        assert "finite and not zero" in said


def test_why(program: str, talk: Talk) -> None:
    """Before a backward pass and after one."""
    for name in ("x", "w", "y"):
        assert unplaced(talk(f"%why {name}")) == unplaced(command("why", program, "--wrt", name))
    if "backward" in Path(program).read_text():
        return
    line = "if y.requires_grad:\n    y.sum().backward()\n"
    with open(program, "a") as file:
        file.write("\n" + line)
    talk(line)
    for name in ("x", "w", "y"):
        assert unplaced(talk(f"%why {name}")) == unplaced(command("why", program, "--wrt", name))


SOME = ["vector", "nan", "after a pass"]


@pytest.mark.parametrize("program", SOME, indirect=True)
@pytest.mark.parametrize("form", ["markdown", "html", "json"])
def test_explanations_in_other_formats(program: str, talk: Talk, form: str) -> None:
    wanted = unfiled(command("explain", program, "--of", "y", "--format", form))
    assert unfiled(talk(f"%explain y --{form}")) == wanted


@pytest.mark.parametrize("program", SOME, indirect=True)
@pytest.mark.parametrize("form", ["tree", "dot", "svg", "mermaid", "json"])
def test_graphs(program: str, talk: Talk, form: str) -> None:
    wanted = unfiled(command("graph", program, "--of", "y", "--format", form))
    found = unfiled(talk(f"%graph y --format {form}"))
    if form == "tree":  # as wide as the window
        cut = zip(found.splitlines(), wanted.splitlines(), strict=True)
        assert all(a == b or b.startswith(a.removesuffix("…")) for a, b in cut)
    else:
        assert found == wanted


def unfiled(text: str) -> str:
    """The same for texts with escapes, and without files that stand alone."""
    text = re.sub(r'[^\s(">]*\\?\.grad:\d+:|In\\?\[\d+\\?\]:\d+:', "HERE:", text)
    return re.sub(r'"file": "[^"]*"', '"file"', text)


def test_what_is_not_on_a_graph(program: str, talk: Talk) -> None:
    with open(program, "a") as file:
        file.write("z = x.detach() * w.item()\nn = tensor([1, 2])\n")
    talk("z = x.detach() * w.item()", "n = tensor([1, 2])")
    for name in ("x", "z", "n"):
        wanted = unplaced(command("explain", program, "--of", name))
        assert unplaced(talk(f"%explain {name}")) == wanted
        if name != "x":
            assert unplaced(talk(f"%why {name}")) == wanted


def test_check(program: str, talk: Talk) -> None:
    lines = unplaced(command("check", program, "--of", "y")).splitlines()
    said = unplaced(talk("%check y")).splitlines()
    if "has another value when it is run again" in said[0]:  # a leaf was written to
        ends = [line.partition(": ")[0] for line in lines]
        assert [line.partition(": ")[0] for line in said[1:]] == ends
    else:
        assert said == lines


@pytest.mark.parametrize(
    "program", ["vector", "nan", "detached", "after a pass", "hook", "wrong"], indirect=True
)
def test_derivatives(program: str, talk: Talk) -> None:
    text = Path(program).read_text()
    if "y.backward()" in text:
        Path(program).write_text(text.partition("y.backward()")[0])  # the prompt keeps the graph
    ones = "[1, 1]" if "y = x * w ** 2" in text else "1"
    for magic, option in (
        ("%grad y x", ""),
        ("%vjp y x ones_like(y)", f"--cotangent={ones}"),
        ("%jvp y x [1, 0]", "--tangent=x=[1, 0]"),
        ("%jacobian y x", ""),
        ("%hessian y x", ""),
    ):
        kind = magic.split()[0][1:]
        words = [kind, "-f", program, "--of", "y", "--wrt", "x", *([option] if option else [])]
        done = gradcli(*words)
        said = talk(magic)
        if done.returncode:
            message = done.stderr.decode().splitlines()[0].removeprefix("error: RuntimeError: ")
            assert message.partition(";")[0] in " ".join(said.split()), (kind, message)
            continue
        found = json.loads(done.stdout.replace(b'"NaN"', b"NaN"))[
            "grads" if kind == "grad" else kind
        ]
        while isinstance(found, dict):
            found = found["x"]
        if found is None:
            assert "the gradient is None" in said
        else:
            assert repr(talk.shell.outputs[talk.shell.number - 1].tolist()) == repr(found), kind


@pytest.mark.parametrize("text", ["ln(2)", "cbrt(8)", "Phi(0)", "factorial(3)", "x^2", "min(w, 0)"])
def test_words_of_other_languages(text: str, talk: Talk) -> None:
    talk(LEAVES)
    done = gradcli("eval", "-e", text, "--set", "x=[0.5, 2]", "--set", "w=3")
    wanted = re.findall("= help: (.*)", done.stderr.decode())
    assert wanted
    assert re.findall("= help: (.*)", talk(text)) == wanted


@pytest.mark.parametrize(
    "text", ["[x[0]*w,x[1]**2]", "(x[0]*w,x[1]**2)", "stack([x[0]*w,x[1]**2])"]
)
def test_jacobians_of_lists(text: str, talk: Talk) -> None:
    given = ("--set", "x=[0.5, 2.0]", "--set", "w=3")
    wanted = json.loads(command("jacobian", text, *given))["jacobian"]
    talk(LEAVES)
    for name in ("x", "w"):
        for asked in (f"%jacobian {text} {name}", f"jacobian({text}, {name})"):
            talk(asked)
            assert json.loads(json.dumps(talk.shell.session.globals["_"].tolist())) == wanted[name]


ERRORS = [
    "ones(2) + ones(3)",
    "sum(ones(2), dim='a')",
    "ones(2).sum(dim='a')",
    "ones(2, 3) @ ones(2)",
    "log('a')",
    "{}['a']",
    "[1][2]",
    "1 +",
    "x..y",
]


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text: str, talk: Talk) -> None:
    done = gradcli("eval", "-e", text)
    wanted = done.stderr.decode().replace("-e:", "In[1]:").splitlines()
    assert "" not in wanted
    assert [line.split() for line in talk(text).splitlines()] == [line.split() for line in wanted]
