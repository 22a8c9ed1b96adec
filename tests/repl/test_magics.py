"""Magics: their examples, and what the table cannot show."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import ENTER, Terminal

from gradcli.repl.files.config import Config
from gradcli.repl.magics.parse import split
from gradcli.repl.magics.table import MAGICS, Example
from gradcli.repl.main import run_magic, show_help
from gradcli.repl.session.shell import Shell
from gradcli.tensor import dtypes, print_options
from gradcli.tensor.runtime import runtime

Run = Callable[..., str]


class Talk:
    """A session without a terminal: runs inputs and gives what they show."""

    def __init__(self, **options: object) -> None:
        self.parts: list[str] = []
        self.shell = Shell(
            Config(),
            run_magic,
            show_help,
            write=self.parts.append,
            **options,  # type: ignore[arg-type]
        )

    def __call__(self, *inputs: str) -> str:
        self.parts.clear()
        for text in inputs:
            self.shell.run(text)
        return "".join(self.parts)


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.shell.keeper.close()
    dtypes.default.dtype = dtypes.float32
    print_options.set_printoptions(profile="default")
    runtime.grad_enabled = True


EXAMPLES = [
    pytest.param(example, id=f"{magic.name}-{index}")
    for magic in MAGICS.values()
    for index, example in enumerate(magic.examples)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(talk: Talk, example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each input prints what the help says: all of it, but for what `…` stands for."""
    monkeypatch.setenv("COLUMNS", "80")
    for text, prints in zip(example.inputs, example.prints, strict=True):
        shown = talk(text)
        parts = prints.split("…")
        assert re.fullmatch(".*".join(map(re.escape, parts)), shown.rstrip("\n"), re.S), shown
        assert "error:" not in shown


def test_every_magic_has_an_example() -> None:
    keyboard = {name for name, magic in MAGICS.items() if magic.keyboard}
    assert keyboard == {
        *("save", "load", "run", "edit", "paste", "cpaste"),
        *("recall", "rerun"),
    }
    assert {name for name, magic in MAGICS.items() if not magic.examples} == keyboard
    for magic in MAGICS.values():
        assert magic.doc
        assert magic.name in magic.usage


def test_arguments() -> None:
    assert split("y x [1, 2]") == ["y", "x", "[1, 2]"]
    assert split("(a + b).sum() x 'a b'") == ["(a + b).sum()", "x", "'a b'"]
    assert split("f -3 3") == ["f", "-3", "3"]


def test_wrong_calls(talk: Talk) -> None:
    assert "%jvp is called as %jvp y x [v]" in talk("%jvp")
    assert "did you mean %backward?" in talk("%bakward y")
    assert "is not on a graph" in talk("z = ones(2)", "%backward z")
    assert "a gradient starts from one number" in talk("x = param([1., 2.])", "%backward x*2")
    assert "NameError" in talk("%grad nope x")
    assert "is an int, not a tensor" in talk("k = 1", "%graph k")
    assert "needs the shape of `x`: [2]" in talk("y = x*x", "%jvp y x [1, 2, 3]")
    assert "Traceback" not in talk("%plot 3", "%hist 'a'", "%set", "%seed x", "%check k", "%why k")


GRAPH = "x = param([1., 2.]); w = param(3.); h = tanh(x * w); y = (h * h).sum()"


def test_after_backward_the_graph_is_readable(talk: Talk) -> None:
    before = talk(GRAPH, "%jvp y x [1, 0]", "%vjp h x [1, 1]", "%hessian y w", "%jacobian h x")
    talk("y.backward()")
    assert "Trying to backward through the graph a second time" in talk("y.backward()")
    after = talk("%jvp y x [1, 0]", "%vjp h x [1, 1]", "%hessian y w", "%jacobian h x")
    assert re.sub(r"Out\[\d+\]", "", after) == re.sub(r"Out\[\d+\]", "", before)
    assert "TanhBackward0" in talk("%graph y")
    assert "freed, kept" in talk("%graph y")
    assert "dy/dw = " in talk("%explain y w")
    assert "Trying to backward through the graph a second time" in talk("y.backward()")


def test_a_changed_value_is_reported(talk: Talk) -> None:
    talk(GRAPH, "y.backward()", "with torch.no_grad():\n    x.mul_(2)\n")
    for magic in ("%jvp y x [1, 0]", "%vjp y x", "%hessian y w", "%explain y"):
        said = talk(magic)
        assert re.search(r"`?x`? was changed at In\[3\]:2:\d+ after the pass", said), said
    assert talk("%jvp y w").count("was changed") == 1


def test_keep_is_bounded() -> None:
    config = Config()
    config.keep = 100
    talk = Talk()
    talk.shell.keeper.limit = 100
    talk("a = param(ones(20)); b = (a * a).sum(); b.backward()")
    talk("c = param(ones(5)); d = (c * c).sum(); d.backward()")
    assert "is not kept any more" in talk("%jvp b a")
    assert "]: tensor(10.)" in talk("%jvp d c")
    talk.shell.keeper.close()


def test_a_loop_of_passes_does_not_collect(talk: Talk) -> None:
    talk("w = param(1.)\nfor i in range(500):\n    y = w * w * i\n    y.backward()\n")
    assert len(talk.shell.keeper.passes) < 200


def test_check_finds_a_wrong_function(talk: Talk) -> None:
    talk(
        "class Bad(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, a):\n"
        "        ctx.save_for_backward(a)\n        return a * a\n    @staticmethod\n"
        "    def backward(ctx, g):\n        a, = ctx.saved_tensors\n        return 3 * a * g\n",
        "x = param([1., 2.]); k = 2.5",
        "h = Bad.apply(x) * k",
        "y = h.sum()",
        "y.backward()",
    )
    assert "WRONG  d y / d x at [1]: gradient 15, differences 10 (2 of 2)" in talk("%check y")
    said = talk("%check (x**3).sum() * k")
    assert "ok     d (x**3).sum() * k / d x: 2 elements" in said
    assert "1 gradient checked, 0 wrong" in said


LOOPS = [
    # the last pass alone made the result: steps of an optimizer and writes are no part of it
    (
        "for i in range(5):\n    opt.zero_grad()\n    at = torch.randint(0, 8, (4,))\n"
        "    r = F.mse_loss(net(X[at]), Y[at])\n    r.backward()\n    if r < 0: break\n"
        "    opt.step()\n",
        2,
    ),
    (
        "for epoch in range(2):\n    for x, y in batches:\n        opt.zero_grad()\n"
        "        r = F.mse_loss(net(x), y)\n        r.backward()\n        opt.step()\n",
        2,
    ),
    (
        "for i in range(5):\n    r = ((X @ w - Y)**2).mean()\n    r.backward()\n"
        "    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\n",
        1,
    ),
    ("while True:\n    r = ((net(X) - Y)**2).mean()\n    if r < 1e9: break\n", 2),
    # all passes are one result
    ("r = 0\nfor i in range(3):\n    r = r + (w * i).sum()\n", 1),
    ("r = ones(3)\nfor i in range(3):\n    r = r * w\nr = r.sum()", 1),
    ("k = 0\nfor i in range(3):\n    r = (w**k).sum()\n    k += 1\n", 1),
]


@pytest.mark.parametrize(("loop", "gradients"), LOOPS)
def test_check_of_what_a_loop_made(talk: Talk, loop: str, gradients: int) -> None:
    talk(
        "torch.manual_seed(0); net = nn.Linear(3, 1); X = rand(8, 3); Y = rand(8, 1)\n"
        "opt = torch.optim.SGD(net.parameters(), lr=0.1); w = param([[.5], [1.], [2.]])\n"
        "batches = torch.utils.data.DataLoader(\n"
        "    torch.utils.data.TensorDataset(X, Y), batch_size=4, shuffle=True)",
        loop,
    )
    state = "print(net.weight, w, opt.state_dict(), torch.get_rng_state().sum())"
    before = talk(state)
    assert f"{gradients} gradient{'s' * (gradients > 1)} checked, 0 wrong" in talk("%check r")
    assert talk(state) == before  # and nothing was changed by it


def test_check_says_why_a_loop_cannot_be_run_again(talk: Talk) -> None:
    talk(
        "w = param([.5]); h = ones(1); opt = torch.optim.SGD([w], lr=0.1)",
        "for i in range(3):\n    h = (h.detach() * w).tanh()\n    h.sum().backward()\n"
        "    opt.step()\n",
    )
    said = talk("%check h")
    assert "does not lead back to its leaves" in said and "a backward pass" in said


def test_why(talk: Talk) -> None:
    talk("x = param([-1., 2.]); y = relu(x).sum()")
    assert "y.backward() gives it a gradient" in talk("%why x")
    talk("y.backward()")
    assert "1 of 2 elements become zero in `relu(x)`" in talk("%why x")
    said = " ".join(talk("z = x * 2", "%why z").split())
    assert "the gradient of a result is not kept" in said
    assert "detach() cuts it off" in talk("d = x.detach() * 2", "%why d")
    assert "only floating ones" in talk("n = tensor([1, 2])", "%why n")
    talk("q = param(0.); r = where(q > 0, sqrt(q), q); r.backward()")
    assert "NaN begins here: 0 times infinity in `sqrt(q)`" in talk("%why q")


def test_save_writes_a_program_that_runs(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "session.grad"
    talk(
        "import torch\nimport torch.nn.functional as G",
        "x = param([1., 2.])",
        "y = G.relu(x).sum() + mistake",
        "y = G.relu(x).sum()",
        "y = = 3",
        "y * 2",
        "z = _ + 1",
        "f = tanh",
        "%no_grad on",
        "%no_grad off",
        "%backward y --retain",
        "%zero",
        "%dtype float64",
        "%seed 3",
        "%set k=[1, 2]",
        "print(z, f(k), x.grad)",
        f"%save {file}",
    )
    text = file.read_text()
    assert "mistake" not in text
    ran = subprocess.run(
        [sys.executable, "-m", "gradcli.cli.main", "eval", str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ran.stderr == ""
    assert ran.stdout.startswith("tensor(7., ")
    talk("%reset", f"%run {file}")
    assert "7." in talk("z")


def test_save_keeps_a_python_program(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "python.grad"
    talk(
        "import torch",
        "x = torch.ones(2, requires_grad=True)",
        "x.sum().backward()",
        "print(x.grad)",
        f"%save {file}",
    )
    assert file.read_text().startswith("import torch\nx = torch.ones(2, requires_grad=True)\n")


def test_load_and_json(shared: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "a.grad"
    file.write_text("loaded = 5\nloaded * 2\n")
    number = shared.number
    shared.send(f"%load {file}" + ENTER)
    shared.see("...: loaded * 2")
    shared.send(ENTER)
    shared.ready(number + 2)
    assert f"Out[{number + 1}]: 10" in shared.screen.text()
    assert "No such file" in shared.enter("%load /nowhere/a.grad")
    shared.enter("%reset")
    shared.enter("p = param([1., 2.]); s = (p * p).sum(); s.backward()")
    shown = shared.enter("%json")
    line = next(line for line in shown.split("\n") if line.startswith("{"))
    assert json.loads(line) == {"values": {"p": [1, 2], "s": 5}, "grads": {"p": [2, 4]}}


def test_on_a_terminal(shared: Terminal) -> None:
    shared.enter("%reset")
    shared.enter("x = param([1., 2.]); y = (x**2).sum()")
    assert "x.grad = tensor([2., 4.])" in shared.enter("%backward y")
    assert "tensor(2.)" in shared.enter("%jvp y x [1, 0]")
    assert "tensor([2., 4.])" in shared.enter("%grad y x")
    shown = shared.enter("%vars")
    for column in ("name", "shape", "dtype", "requires_grad", "leaf", "grad_fn", "version"):
        assert column in shown
    assert "4.472" in shown
    shown = shared.enter("%graph y")
    assert "PowBackward0  [2]  x**2" in shown
    assert "└─ x  leaf  [2]" in shown
    assert "digraph" in shared.enter("%graph y --dot")
    assert "graph TB" in shared.enter("%graph y --mermaid")
    assert "● sin" in shared.enter("%plot sin -3 3")
    assert "losses" in shared.enter("losses = [3., 2., 1.]") + shared.enter("%plot losses")
    assert "█" in shared.enter("%hist x")
    assert "%plot sin -3 3" in shared.enter("%hist")
    assert "took" in shared.enter("%time sum(range(10))")
    assert "per run" in shared.enter("%timeit x * 2")
    assert "x.grad = None" in shared.enter("%zero x")
    assert "float64" in shared.enter("%dtype float64")
    assert "dtype=torch.float64" not in shared.enter("tensor(1.)")
    shared.enter("%dtype float32")
    assert "8" in shared.paste("%%time\ntotal = 0\nfor i in range(4):\n    total += 2\ntotal\n")


def test_warnings_have_places(talk: Talk) -> None:
    shown = talk("x = param(1.); y = x * 2", "y.grad")
    assert "warning: UserWarning: The .grad attribute" in shown
    assert "In[2]:1:1" in shown
    talk("a = param([1., 2.]); b = (a * a).sum()", "a.data[0] = 5.")
    shown = talk("b.backward()")
    assert "changed through .data" in shown
    assert "saved here" in shown
    assert "changed here" in shown


def test_names_that_ipython_users_type(talk: Talk) -> None:
    assert "Out[4]: (3, 2, 1)" in talk("1", "2", "3", "_, __, ___")
    assert "Out[5]: 3" in talk("__")
    assert "Out[7]: (5, (3, 2, 1))" in talk("__ = 5", "(__, _4)")
    assert "there are no variables" not in talk("x = 1", "%whos")
    assert talk("%who") == "__   x\n"
    assert "%whos" in talk("%history")
    assert "Keys" in talk("%lsmagic")


def test_variables_that_have_no_text(talk: Talk) -> None:
    talk(
        "good = 1.5",
        "long = [[0.5] * 3000] * 3000; large = [long] * 9; nine = (large,) * 9",
        "deep = []",
        "for i in range(3000): deep = [deep]\n",
        "class A:\n    def __repr__(self):\n        raise ValueError('no')\n",
        "class B:\n    def __repr__(self):\n        return 3\n",
        "class C:\n    def __repr__(self):\n        return repr([large] * 50)\n",
        "a = A(); b = B(); c = C(); last = param(2.)",
    )
    shown = talk("%vars")
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "1.5" in lines["good"]
    assert "too large to show" in lines["large"]
    assert "too large to show" in lines["nine"]
    assert "too large to show" in lines["c"]
    assert "nested too deeply" in lines["deep"]
    assert "no text (" in lines["a"]
    assert "no text (TypeError)" in lines["b"]
    assert "float32" in lines["last"]
    assert "too large to show" in talk("%vars large")


def test_files_are_for_the_keyboard(talk: Talk, tmp_path: Path) -> None:
    file = tmp_path / "kept.grad"
    file.write_text("kept = 1\n")
    for pasted in (
        f"a = 1\n%save {file}",
        f"%save {file}\na = 1",
        f">>> a = 1\n>>> %save {file}",
        f"In [1]: %load {file}",
        f"a = 2\n%run {file}",
    ):
        assert "comes from the keyboard" in talk(pasted)
    talk.shell.run(f"%save {tmp_path / 'new.grad'}", typed=False)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.grad"]
    assert file.read_text() == "kept = 1\n"
    assert "kept" not in talk.shell.names


@pytest.mark.parametrize("answer", [True, False])
def test_save_asks_before_it_replaces(answer: bool, tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return answer

    talk = Talk(ask=ask)
    file = tmp_path / "a.grad"
    talk("a = 1", f"%save {file}")
    assert asked == []
    file.write_text("precious\n")
    shown = talk(f"%save {file}")
    assert len(asked) == 1
    assert str(file) in asked[0]
    assert (file.read_text() == "precious\n") != answer
    assert ("left as it is" in shown) != answer


def test_values_and_prints_steer_no_terminal(talk: Talk) -> None:
    shown = talk(
        "class A:\n    def __repr__(self):\n        return 'x\\x1b[2J\\x9b1m\\x07'\n",
        "A()",
        "print('\\x1b[31mred\\x1b[0m')",
    )
    assert "x\ufffd[2J" in shown
    assert not set(shown) & {"\x1b", "\x9b", "\x07"}


def test_modules_are_checked_and_stay_as_they_are(talk: Talk) -> None:
    talk(
        "import torch.nn as nn",
        "net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))",
        "y = (net(arange(6.).view(3, 2)) ** 3).sum()",
        "kept = {name: value.clone() for name, value in net.state_dict().items()}",
    )
    shown = talk("%check y")
    assert "ok     d y / d net.1.bias" in shown and "4 gradients checked, 0 wrong" in shown
    assert "single precision" not in shown
    same = "all(equal(net.state_dict()[name], value) for name, value in kept.items())"
    assert "True" in talk(same)
    assert "net.1.weight = " in talk("%minimize ((net[1].weight - 2) ** 2).sum() net.1.weight")
    assert "True" in talk(same)
    talk("%minimize ((net[1].weight - 2) ** 2).sum() --write")
    assert "tensor([2., 2." in talk("net[1].weight")


def test_arguments_that_make_sense_alone(start: Callable[..., Terminal]) -> None:
    terminal = start()
    for magic in ("%grad", "%hessian", "%explain", "%graph", "%check", "%why"):
        assert "there is no result on a graph yet" in terminal.enter(magic)
    terminal.enter("x = param([1., 2.]); w = param(3.); z = param(1.)")
    terminal.enter("y = (w * x**2).sum()")
    shown = terminal.enter("%grad")
    assert "dy/dx = tensor([ 6., 12.])" in shown and "dy/dw = tensor(5.)" in shown
    assert "dz" not in shown
    assert "tensor([ 6., 12.])" in terminal.enter("%grad x")
    assert "H(y, x) = tensor([[6., 0.]," in terminal.enter("%hessian y")
    assert "J(y, w) = tensor(5.)" in terminal.enter("%jacobian")
    assert "2 gradients checked, 0 wrong" in terminal.enter("%check")
    assert "1 gradient checked, 0 wrong" in terminal.enter("%check y * 2 w")
    assert "its leaves are x, w" in terminal.enter("%check y z")
    assert "y  SumBackward0" in terminal.enter("%graph")
    assert "dy/dw = tensor(5.)" in terminal.enter("%explain")
    shown = terminal.enter("%why")
    assert "reached `x`" in shown and "reached `w`" in shown and "`z`" not in shown
    terminal.enter("x.prod() * w")
    assert "d_/dw = tensor(2." in terminal.enter("%grad")
    terminal.enter("u = w ** 2")
    assert "tensor(6.)" in terminal.enter("%grad")


def test_expressions_are_drawn(start: Callable[..., Terminal]) -> None:
    terminal = start(columns=60)
    shown = terminal.enter("%plot x**2 x -3 3 --hess")
    assert "● x**2   ∙ derivative   ○ curvature" in shown
    assert re.search(r"^ +-2 +0 +2$", shown, re.M)
    assert "● x**3 - x   ∙ derivative" in terminal.enter("%plot x**3 - x x")
    terminal.enter("a = [1., 2.]; b = [2., 1.]")
    assert "● a   ∙ b" in terminal.enter("%plot a b")
    assert "the interval is empty" in terminal.enter("%plot t**2 t 3 -3")


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("%explain y --html", "<!DOCTYPE html>"),
        ("%explain y x --markdown", "# Where dy comes from"),
        ("%graph y --svg", "<svg xmlns="),
        ("%graph y", "y  SumBackward0"),
    ],
)
def test_answers_go_to_new_files_that_the_keyboard_names(
    talk: Talk, tmp_path: Path, line: str, begins: str
) -> None:
    path = tmp_path / "answer"
    shown = talk("x = param([1., 2.]); y = (x**2).sum()", line)
    assert f"it is in {path}" in talk(f"{line} > {path}")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begins) and text.strip() == shown.strip()
    assert "exists and was left as it is" in talk(f"{line} > {path}")
    assert path.read_text(encoding="utf-8") == text
    other = tmp_path / "other"
    talk.shell.run(f"{line} > {other}", typed=False)
    assert "from the keyboard" in talk.parts[-1]
    talk(f"z = 1\n{line} > {other}")
    assert not other.exists()
    assert "one file's name" in talk(f"{line} > a b")


def test_graphs_are_folded_and_unfolded(talk: Talk) -> None:
    talk("x = param(1.); y = x", "for i in range(30):\n    y = y.sin()")
    assert "SinBackward0  []  y.sin()  × 30" in talk("%graph y")
    assert talk("%graph y --all").count("SinBackward0") == 30
    assert "x  leaf" in talk("%graph y --depth 0")
    assert "1.  SinBackward0" in talk("%explain y") and "\n2.  " not in talk("%explain y")
    assert "\n30.  SinBackward0" in talk("%explain y --all")
    assert "%graph is called as" in talk("%graph y --all --depth 1")
    assert "--depth takes" in talk("%graph y --depth x")
    assert "at most 16" in talk("%explain y --depth 17")
    assert "%explain is called as" in talk("%explain y --all --depth 1")
    assert "forms are --tree" in talk("%graph y --text")
    assert "1.  SinBackward0" in talk("%explain y --depth 1")
    assert "forms are --text" in talk("%explain y --tree")


def test_modules_are_areas_at_the_prompt(talk: Talk) -> None:
    talk("from torch import nn", "net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())")
    talk("out = net(torch.ones(2)).sum()")
    assert 'label="net.1: Tanh"' in talk("%graph out --dot")
    assert "net  Sequential" in talk("%graph out --depth 0")
    assert "in net.1" in talk("%explain out")
    folded = talk("%explain out --depth 1")
    assert "2.  Tanh  net.1" in folded and "3.  Linear  net.0" in folded
    assert "function  double(out)" in talk(
        "def double(t):\n    return (t * 2).sum()", "y = double(out)", "%explain y --depth 0"
    )


def test_magics_leave_settings_alone(talk: Talk) -> None:
    """What a magic runs of its own is no new program: nothing that was set begins anew."""
    talk("torch.set_printoptions(precision=2)", "x = param(1 / 3)", "y = x ** 2", "%backward y")
    magics = ("%formula y x", "%check y", "%minimize y", "%explain y", "%graph y", "%why x")
    for magic in (*magics, "%plot x**2 x -1 1", "%jvp y x", "%hessian y x"):
        assert "error:" not in talk(magic)
        assert "0.33" in talk("x") and "0.333" not in talk("x"), magic
    talk("torch.set_printoptions(profile='default')")
