"""What is shown while one types: values, brackets, signatures, completions, watched expressions."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from terminal import CTRL_C, CTRL_U, ENTER, TAB, Terminal

from gradcli.kernels.generator import default_generator
from gradcli.language.machine.state import machine
from gradcli.repl.files.config import Config
from gradcli.repl.main import run_magic, show_help
from gradcli.repl.prompt.complete import complete
from gradcli.repl.prompt.live import Live
from gradcli.repl.session.shell import Shell
from gradcli.table.lookup import load_all
from gradcli.tensor.runtime import runtime

Start = Callable[..., Terminal]
NET = "import torch.nn as nn\nnet = nn.Sequential(nn.Linear(2, 3), nn.ReLU())\n"


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    load_all()  # families that are not loaded are not waited for
    made = Shell(Config(), run_magic, show_help, write=lambda text: None)
    made.run(
        "x = param([1., 2.]); n = 3; y = (x**2).sum(); big = ones(200, 100); a = ones(1000)\n"
        "d = {'alpha': x, 'beta': {'deep': x}}; xs = [x, n]; calls = 0\n"
        + NET
        + "def spy(*a):\n    global calls\n    calls += 1\n    return x\n"
        "class Spy:\n    def __add__(self, other): return spy()\n"
        "    def __getattr__(self, name): return spy()\n"
        "    def __getitem__(self, name): return spy()\n"
        "    def __repr__(self): return str(spy())\ns = Spy()\n"
    )
    yield made
    made.keeper.close()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x * 2", "tensor([2., 4.])"),
        ("z = x @ x", "tensor(5.)"),
        ("(x**2).sum()", "tensor(5.)"),
        ("torch.sin(x * 0)", "tensor([0., 0.])"),
        ("F.relu(-x)", "tensor([0., 0.])"),
        ("x[0] + n", "tensor(4.)"),
        ("x.shape", "torch.Size([2])"),
        ("x > 1", "tensor([False,  True])"),
        ("n + 1 if n > 2 else 0", "4"),
        ("x.view(2, 1)", "[2, 1] float32"),
        ("2**10", "1024"),
        ("x / 0", "tensor([inf, inf])"),
    ],
)
def test_previews(shell: Shell, text: str, shown: str) -> None:
    live = Live(shell)
    for _ in range(20):  # on a busy machine a first try may take too long
        found = live.preview(text, 60)
        if found:
            break
        live.slow = -1
    assert found == shown


@pytest.mark.parametrize(
    "text",
    [
        "spy(x)",
        "s + 1",
        "s.a",
        "s[0]",
        "s",
        "[s]",
        "net(x)",
        "rand(2)",
        "torch.rand(2)",
        "dropout(x)",
        "F.dropout(x, 0.5)",
        "torch.bernoulli(x / 4)",
        "x.add_(1)",
        "F.relu(x, True)",
        "F.relu(x, inplace=True)",
        "torch.add(x, 1, out=a)",
        "F.batch_norm(x[:, None], a[:1], a[1:2], training=True)",
        "x.backward()",
        "y.backward()",
        "torch.manual_seed(1)",
        "print(x)",
        "x.register_hook(spy)",
        "(z := x)",
        "[spy() for i in range(3)]",
        "(lambda: x)()",
        "x += 1",
        "x[0] = 1",
        "del x",
        "big + 1",
        "a[:, None] * a",
        "(a[:, None] * a[None, :]).sum()",
        "2**10**9",
        "(x * 2).grad",
        "x +",
        "3",
        "1 / 0",
        "nothing + 1",
    ],
)
def test_what_is_left_to_enter(shell: Shell, text: str) -> None:
    state = default_generator.get_state().tolist()
    before = (len(machine.sites), len(shell.statements), dict(shell.names), runtime.where)
    warned: list[object] = []
    shell.show_diagnostic, keep = warned.append, shell.show_diagnostic  # type: ignore
    try:
        shown = Live(shell).preview(text, 60)
    finally:
        shell.show_diagnostic = keep  # type: ignore[method-assign]
    assert shown in ("", "None")  # the gradient of a result is read without its warning, or not
    assert shell.names["calls"] == 0
    assert not warned
    assert shell.names["x"].tolist() == [1.0, 2.0]
    assert default_generator.get_state().tolist() == state
    assert before == (len(machine.sites), len(shell.statements), dict(shell.names), runtime.where)
    assert runtime.grad_enabled


def test_previews_leave_settings_alone(shell: Shell) -> None:
    live = Live(shell)
    limits = shell.session.limits
    shell.run("torch.set_printoptions(precision=2); torch.set_default_dtype(torch.float64)")
    try:
        shell.run("third = tensor(1.) / 3")
        found = [live.preview("third", 60) for _ in range(5)]
        assert "tensor(0.33)" in found
        shell.run("%no_grad on")
        live.preview("third * 2", 60)
        assert not runtime.grad_enabled
        shell.run("%no_grad off")
        assert shell.run("print(len([0 for i in range(10_000)]))")
        assert shell.session.limits is limits
    finally:
        shell.run("torch.set_default_dtype(torch.float32); torch.set_printoptions(precision=4)")
        shell.run("%no_grad off")


def test_previews_are_in_time_and_record_nothing(shell: Shell) -> None:
    live = Live(shell)
    shell.run("w = param(ones(10, 10))")
    spent = []
    for _ in range(50):
        started = time.perf_counter()
        live.preview("(w @ w).sum().log()", 60)
        spent.append(time.perf_counter() - started)
    assert sorted(spent)[25] < 0.05
    assert shell.names["w"].grad is None
    shell.run("z = w * 2")
    assert shell.names["z"].node is not None


def test_a_busy_machine_is_not_a_slow_expression(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is late because others had the processor is tried again with the next key."""
    live = Live(shell)
    clock = iter([0.0, 1.0])
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", lambda: next(clock, 1.0))
        assert live.preview("n + 1", 60) == ""
    assert live.slow != shell.number
    live.preview("n + 1", 60)
    worked = iter([0.0, 1.0])
    with monkeypatch.context() as patch:
        patch.setattr(time, "thread_time", lambda: next(worked, 1.0))
        live.preview("n + 1", 60)
    assert live.slow == shell.number
    assert live.preview("n + 1", 60) == ""


def type_until(terminal: Terminal, text: str, shown: str) -> None:
    """Type a text until its preview is there: a busy machine may take too long for one."""
    for _ in range(6):
        terminal.send(text)
        try:
            terminal.see(shown, 1.5)
            return
        except AssertionError:
            terminal.send(CTRL_U)
            terminal.enter("0;")
    raise AssertionError(terminal.screen.text())


def test_a_preview_in_the_terminal(start: Start) -> None:
    for variables in ({"NO_COLOR": "1"}, {"GRADCLI_THEME": "light"}, {}):
        terminal = start(environment=variables, columns=60)
        terminal.enter("x = param([1., 2.])")
        type_until(terminal, "x * 2", "x * 2  # tensor([2., 4.])")
        terminal.send(" ** 2; ")
        terminal.until(lambda t=terminal: "#" not in t.line(), "no preview")
        terminal.send(CTRL_U)
        type_until(terminal, "x * 2", "x * 2  # tensor([2., 4.])")
        number = terminal.number
        terminal.send(ENTER)
        terminal.see(f"Out[{number}]: tensor([2., 4.], grad_fn=<MulBackward0>)")
        terminal.ready(number + 1)
        assert "# tensor" not in terminal.screen.text()
        type_until(terminal, "x * 2 + x * 2 + x * 2.125", "# [2] float32")
        terminal.send(CTRL_U)


def test_brackets_match(start: Start) -> None:
    for variables in ({"NO_COLOR": "1"}, {}):
        terminal = start(environment=variables)
        before = len(terminal.raw)
        terminal.send("(1 + [2])")
        terminal.until(
            lambda t=terminal, b=before: len(re.findall(r"\x1b\[[\d;]*1;4m[()]", t.raw[b:])) >= 2,
            "both brackets underlined",
        )
        terminal.send(CTRL_U)


def test_watched_expressions(start: Start) -> None:
    terminal = start()
    terminal.enter("w = param(2.)")
    shown = terminal.enter("%watch w.grad, (w * 3).item(), rand(1).shape")
    assert "  w.grad         = None\n  (w * 3).item() = 6.0\n" in shown
    shown = terminal.enter("(w**2).backward()")
    assert "* w.grad         = tensor(4.)\n  (w * 3).item() = 6.0\n" in shown
    assert "= (NameError" in terminal.enter("%watch missing, w")
    assert "nothing is watched" in terminal.enter("%watch off")
    assert "watched" not in terminal.enter("1 + 1")
    assert "SyntaxError" in terminal.enter("%watch w +")
    assert "nothing is watched" in terminal.enter("%watch")


def test_watched_values_fit_on_their_lines(shell: Shell) -> None:
    """Small tensors are shown, parameters too; what is too long ends between words, and says so."""
    parts: list[str] = []
    shell.write, keep = parts.append, shell.write
    try:
        shell.run("%watch net[0].bias, x.nothing_of_this_name_anywhere_to_be_found, 'long ' * 90")
        shell.run("%watch off")
    finally:
        shell.write = keep
    lines = "".join(parts).split("\n")
    assert re.search(r"= tensor\(\[[-., \d]*\]\)$", lines[0])
    assert re.search(r"= \(AttributeError: .*\w'?…\)$", lines[1])
    assert lines[2].endswith("long…")


def test_a_change_is_seen_where_the_elements_are_not_shown(start: Start) -> None:
    terminal = start()
    terminal.enter("w = zeros(1000)")
    assert "  w = [1000] float32" in terminal.enter("%watch w")
    assert "  w = [1000] float32" in terminal.enter("1")
    assert "* w = [1000] float32" in terminal.enter("w[3] = 1")
    assert "[2] float32" not in terminal.enter("%watch ones(2), ones(2).to('meta')")
    assert "device='meta'" in terminal.enter("1")


def test_watching_draws_no_numbers(start: Start) -> None:
    terminal = start()
    first = terminal.enter("torch.manual_seed(0); rand(1)").partition("tensor")[2]
    terminal.enter("%watch rand(3)")
    again = terminal.enter("torch.manual_seed(0); rand(1)").partition("tensor")[2]
    assert first.split(")")[0] == again.split(")")[0]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_parameter_that_is_typed_is_in_sight(start: Start, columns: int) -> None:
    terminal = start(columns=columns)
    terminal.send("F.conv2d(x, w, stride=1, groups=")
    terminal.until(lambda: "groups" in terminal.toolbar(), "the parameter")
    terminal.send(CTRL_U + "F.conv2d(x, ")
    terminal.until(lambda: "weight" in terminal.toolbar(), "the parameter")
    terminal.send(CTRL_U)


COMPLETED = [
    ("x.sum().requires_grad_", "requires_grad_"),
    ("x[0].clam", "clamp"),
    ("(x * 2).clam", "clamp"),
    ("torch.max(x, 0).", "values"),
    ("torch.linalg.svd(x).", "Vh"),
    ("torch.ones(3).su", "sum"),
    ("y.grad_fn.", "next_functions"),
    ("y.grad_fn.next_functions[0][0].", "name"),
    ("net[0].", "weight"),
    ("net[0].weight.gr", "grad"),
    ("net[-1].inp", "inplace"),
    ("net(x).su", "sum"),
    ("nn.Linear(2, 3).", "forward"),
    ("nn.LSTM(2, 3, ", "num_layers="),
    ("x.shape.", "numel"),
    ("xs[0].su", "sum"),
    ("d['", "alpha']"),
    ('d["be', 'beta"]'),
    ("d['beta']['", "deep']"),
    ("d['beta']['deep'].su", "sum"),
    ("\\alp", "α"),
    ("x = \\Del", "Δ"),
    ("%vars net[0].", "weight"),
    (
        "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
        "        ctx.k = 3\n        ctx.",
        "k",
    ),
    (
        "class F(torch.autograd.Function):\n    @staticmethod\n    def backward(ctx, g):\n"
        "        ctx.",
        "saved_tensors",
    ),
    (
        "class M(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(2, 3)\n"
        "    def forward(self, x):\n        self.",
        "fc",
    ),
]


@pytest.mark.parametrize(("text", "wanted"), COMPLETED)
def test_members_without_running_anything(shell: Shell, text: str, wanted: str) -> None:
    found = [item.text for item in complete(shell, text)]
    assert wanted in found
    assert shell.names["calls"] == 0


@pytest.mark.parametrize("call", ["x.sum(", "F.gelu(x, ", "nn.Linear(2, ", "torch.sum(x, "])
def test_keyword_arguments_come_first(shell: Shell, call: str) -> None:
    found = complete(shell, call)
    kinds = [item.kind == "keyword" and item.text.endswith("=") for item in found]
    assert kinds[0]
    assert kinds == sorted(kinds, reverse=True)


@pytest.mark.parametrize("text", ["spy().", "s.", "s[0].", "(spy)().", "1.", "'a'.x.", "f(]."])
def test_what_only_running_would_tell(shell: Shell, text: str) -> None:
    complete(shell, text)
    assert shell.names["calls"] == 0


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("torch.cat([x, x], ", ["dim="]),
        ("torch.cat(", ["tensors=", "dim="]),
        ("x.sum(0, ", ["dtype=", "keepdim="]),
        ("torch.zeros(2, 3, ", ["dtype=", "layout="]),
        ("ordinary(1, ", ["b="]),
        ("ordinary(1, b=2, ", []),
        ("marked(1, 2, 3, ", ["d="]),
        ("marked(", ["c=", "d="]),
        ("bound(1, ", ["v="]),
        ("nn.Linear(2, ", ["out_features=", "bias="]),
        ("net(x, ", []),
    ],
)
def test_what_was_given_is_not_offered(shell: Shell, text: str, first: list[str]) -> None:
    """Parameters that the arguments before the cursor stand for cannot be given again."""
    shell.run(
        "def ordinary(a, b=1): pass\n"
        "def marked(a, b, /, c, *rest, d=1, **more): pass\n"
        "class Bound:\n    def m(self, u, v): pass\nbound = Bound().m\n"
    )
    offered = [found.text for found in complete(shell, text) if found.text.endswith("=")]
    assert offered[: len(first)] == first
    assert len(offered) == len(first) or len(first) > 1


def test_exceptions_come_last(shell: Shell) -> None:
    names = [found.text for found in complete(shell, "f(1, ")]
    assert names.index("abs") < names.index("arange")
    assert "ArithmeticError" not in names[: names.index("arange")]


def test_every_module_is_offered(shell: Shell) -> None:
    for name in ("json", "operator", "os.path", "dataclasses", "numpy"):
        assert name in [found.text for found in complete(shell, f"import {name[:-1]}")]


def test_completion_in_the_terminal(start: Start) -> None:
    terminal = start()
    terminal.paste(NET + "d = {'key_one': 1}; x = param([1., 2.]); y = (x**2).sum()")
    for keys, line in (
        ("net[0].in_f", "net[0].in_features"),
        ("d['ke", "d['key_one']"),
        ("x.sum().requires_grad_", "x.sum().requires_grad_"),
        ("y.grad_fn.next_f", "y.grad_fn.next_functions"),
        ("\\alp", "α"),
    ):
        terminal.send(keys + TAB)
        terminal.until(lambda want=line: terminal.typed().endswith(want), line)
        terminal.send(CTRL_U)
    terminal.send("%gra" + TAB + TAB)
    terminal.see("the gradient of y")
    terminal.see("the graph that y was made from")
    terminal.send(CTRL_C)
