"""What is promised of the prompt and was only tried without a terminal elsewhere: keys in, screen
out, one session for several promises."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from terminal import ALT_ENTER, CTRL_C, CTRL_D, CTRL_U, ENTER, ESCAPE, TAB, Terminal

from gradcli.repl.magics import elsewhere

Start = Callable[..., Terminal]

TRAINING = (
    "torch.manual_seed(0)\n"
    "net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))\n"
    "opt = torch.optim.Adam(net.parameters(), lr=0.1); X = randn(4, 2)\n"
    "def state(): return [t.double().sum().item() for t in net.state_dict().values()]\n"
    "first = state(), torch.get_rng_state().sum(), net.training"
)


def test_a_step_of_training_is_taken_back_whole(start: Start) -> None:
    terminal = start()
    terminal.paste(TRAINING)
    terminal.paste(
        "loss = net(X + 0.1 * randn(4, 2)).square().mean()\nloss.backward(); opt.step()\n"
        "net.eval(); after = state()"
    )
    assert "took back In[2]: loss = net(" in terminal.enter("%undo")
    same = "(state(), torch.get_rng_state().sum(), net.training) == first"
    assert "]: True" in terminal.enter(same)
    assert "]: (None, 0)" in terminal.enter("net[0].weight.grad, len(opt.state)")
    terminal.enter("print('a look')")  # and the way forward is still open
    assert "did again In[2]" in terminal.enter("%redo")
    assert "]: (True, False, 6)" in terminal.enter("state() == after, net.training, len(opt.state)")
    terminal.enter("y = (param([1., 2.])**2).sum(); z = zeros(4); v = z[1:3]")
    terminal.enter("y.backward(); v.add_(1);")
    assert "took back" in terminal.enter("%undo")
    assert "]: tensor([0., 0., 0., 0.])" in terminal.enter("z")
    assert "error" not in terminal.enter("y.backward()")  # the graph is not freed
    terminal.enter("print('said'); kept = 1")
    assert "note: what was printed stays on the screen" in terminal.enter("%undo")
    terminal.enter("%reset")
    assert "NameError" in terminal.enter("net")
    terminal.enter("%undo")
    assert "BatchNorm1d" in terminal.enter("net")


def test_tab_without_running_anything(start: Start) -> None:
    terminal = start()
    terminal.enter("x = param([1., 2.]); net = nn.Sequential(nn.Linear(2, 3)); d = {'key': 1}")
    for keys, line in (
        ("(x * 2).clamp_mi", "(x * 2).clamp_min"),
        ("torch.linalg.svd(x).V", "torch.linalg.svd(x).Vh"),
        ("net(x).cumsu", "net(x).cumsum"),
        ("nn.Linear(2, out_f", "nn.Linear(2, out_features="),
        ("x = \\Del", "x = Δ"),
    ):
        terminal.send(keys + TAB)
        terminal.until(lambda want=line: want in terminal.typed(), line)
        terminal.send(CTRL_U)
    terminal.send("F.gelu(x, " + TAB)
    terminal.see("approximate=")
    terminal.send(CTRL_C)
    for text, line in (
        ("class F(torch.autograd.Function):\n    @staticmethod\n    def backward(ctx, g):\n"
         "        ctx.saved_t", "ctx.saved_tensors"),
        ("class M(nn.Module):\n    def __init__(self):\n        self.first = nn.Linear(2, 3)\n"
         "    def forward(self, x):\n        self.fir", "self.first"),
    ):  # fmt: skip
        terminal.send(f"\x1b[200~{text}\x1b[201~" + TAB)
        terminal.until(lambda want=line: want in terminal.typed(), line)
        terminal.send(CTRL_C)


def test_long_graphs_fold_and_have_a_depth(start: Start) -> None:
    terminal = start()
    terminal.paste("y = x = param(1.)\nfor i in range(9):\n    y = (y * 2).sin()\n")
    folded = terminal.enter("%graph y")
    assert folded.count("SinBackward0") < 9
    assert terminal.enter("%graph y --all").count("SinBackward0") == 9
    terminal.enter("net = nn.Sequential(nn.Linear(2, 3), nn.ReLU()); out = net(ones(2)).sum()")
    assert "net  Sequential" not in terminal.enter("%graph out --all")
    shown = terminal.enter("%graph out --depth 0")
    assert "net  Sequential" in shown and "ReluBackward0" not in shown


def test_formulas_and_errors_of_shapes(start: Start) -> None:
    terminal = start(columns=80)
    terminal.enter("x = param([1., 2.]); y = (x**2).sum(); A = ones(2, 3); B = ones(3, 4)")
    assert "x: 2 * x\n" in terminal.enter("%formula y x")
    assert "1 gradient checked, 0 wrong" in terminal.enter("%check y x")
    shown = terminal.enter("torch.cat([A, B])")
    assert "float32 [2, 3]" in shown and "float32 [3, 4]" in shown
    assert re.search(r"\| torch\.cat\(\[A, B\]\)\n +\| +[-^]", shown)
    assert "**" in terminal.enter("x^2").partition("help")[2]


def test_a_loop_that_steps_an_optimizer_is_checked(start: Start) -> None:
    terminal = start()
    terminal.paste(
        "torch.manual_seed(0); net = nn.Linear(2, 1); X = rand(4, 2); Y = rand(4, 1)\n"
        "opt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for i in range(5):\n    opt.zero_grad()\n    loss = F.mse_loss(net(X), Y)\n"
        "    loss.backward()\n    opt.step()\n"
    )
    assert "2 gradients checked, 0 wrong" in terminal.enter("%check loss")


def test_suspended_generators_end_with_the_session_in_silence(start: Start) -> None:
    terminal = start()
    terminal.paste(
        "def keeps():\n    try:\n        yield 1\n    except GeneratorExit:\n        yield 2\n\n"
        "def fails():\n    try:\n        yield 1\n    finally:\n        1 / 0\n\n"
        "left = [keeps(), fails(), zip(fails(), keeps())]; first = [next(g) for g in left]\n"
    )
    assert terminal.leave() == 0
    assert "Exception" not in terminal.raw and "Traceback" not in terminal.raw


def test_undo_and_freed_graphs_share_one_budget(start: Start, tmp_path: Path) -> None:
    terminal = start("--keep", "1M")
    terminal.enter("x = torch.zeros(100_000); w = param(torch.ones(100_000)); y = (w * w).sum()")
    for _ in range(3):
        terminal.enter("x.add_(1);")
    assert terminal.enter("%undo 3").count("took back") == 2  # the third copy did not fit
    assert "--keep" in terminal.enter("%undo")
    assert "]: tensor(1.)" in terminal.enter("x[0]")
    terminal.enter("x.add_(1);")
    terminal.enter("x.add_(1);")
    terminal.enter("y.backward()")  # what it frees is kept before copies of x are
    assert "tensor([2., 2., 2.,  ..., 2., 2., 2.])" in terminal.enter("%grad y w")
    assert terminal.enter("%undo 9").count("took back") == 1
    terminal.enter("%save kept.grad")
    terminal.enter("a = 1")
    shown = terminal.enter("%undo 2")
    assert "note: the file kept.grad stays as it is" in shown
    assert (tmp_path / "kept.grad").exists()


def test_every_command_of_ipython_has_its_answer(start: Start) -> None:
    terminal = start(columns=200)
    for name, told in {**elsewhere.LINE, **elsewhere.HARMLESS}.items():
        shown = " ".join(terminal.enter(f"%{name}").split())
        assert told in shown and "did you mean" not in shown, name
    for name, told in elsewhere.CELL.items():
        number = terminal.number
        terminal.send(f"%%{name}{ALT_ENTER}")
        terminal.ready(number + 1)
        assert told in " ".join(terminal.screen.text().rpartition(f"In [{number}]")[2].split())


def test_what_is_watched_stands_on_the_screen_when_the_pager_is_left(start: Start) -> None:
    terminal = start(rows=12, environment={"PATH": "", "GRADCLI_ASCII": "1"})
    terminal.enter("w = param(2.)")
    terminal.enter("%watch w.grad")
    terminal.send("(w**2).backward(); list(range(3000))" + ENTER)
    terminal.see("* w.grad = tensor(4.)")
    terminal.see("99,")
    assert terminal.screen.text().find("* w.grad") < terminal.screen.text().find("99,")
    terminal.send("q")
    terminal.ready(4)
    assert "]: 2" in terminal.enter("1 + 1")


def test_the_first_names_of_a_module_are_those_of_the_alphabet(start: Start) -> None:
    terminal = start()
    terminal.send("torch." + TAB)
    terminal.see("absolute")
    assert re.search(r"torch\.\s+abs\s", terminal.screen.text())
    terminal.send(ESCAPE + CTRL_U)


def test_a_function_is_no_result_yet(start: Start) -> None:
    terminal = start()
    terminal.enter("f = lambda x: x**3; x = param(2.); n = 3; net = nn.Linear(1, 1)")
    for magic in ("grad", "jacobian", "hessian", "minimize", "solve", "explain", "check"):
        told = " ".join(terminal.enter(f"%{magic} f").split())
        assert "`f` is a function, not a tensor" in told, magic
        assert "take a value of it, such as f(x)" in told, magic
    assert "such as net(x)" in terminal.enter("%grad net")
    assert "`n` is an int, not a tensor" in terminal.enter("%grad n")
    assert "tensor(12.)" in terminal.enter("%grad f(x)")


def test_help_of_a_magic_is_a_transcript(start: Start) -> None:
    """What an input prints stands below it, as it does at the prompt."""
    terminal = start()
    told = terminal.enter("%help undo")
    lines = [line.strip() for line in told.split("\n") if line.strip()]
    place = lines.index("In [2]: x.mul_(3)")
    assert lines[place + 1 : place + 4] == [
        "Out[2]: tensor([3., 6.])",
        "In [3]: %undo",
        "took back In[2]: x.mul_(3)",
    ]


def test_tab_waits_for_the_language(start: Start) -> None:
    """The prompt is there before the names are: what is pressed in between is not lost."""
    terminal = start(wait=False)
    terminal.send("torch.linsp" + TAB)
    terminal.until(lambda: "torch.linspace" in terminal.typed(), "the name")
    terminal.send(CTRL_U)


def test_escape_closes_the_menu_and_nothing_else(start: Start) -> None:
    terminal = start()
    for _ in range(2):
        terminal.send("torch.lin" + TAB)
        terminal.see("linspace")
        terminal.send(ESCAPE)
        terminal.until(lambda: "linspace" not in terminal.screen.text(), "no menu")
        assert terminal.line().endswith(": torch.lin")
        terminal.send("space" + CTRL_U)
    terminal.send("torch.lin" + TAB)
    terminal.see("linspace")
    number = terminal.number
    terminal.send(CTRL_U + "7 * 6" + ALT_ENTER)  # an Escape with more is that key, as before
    terminal.ready(number + 1)
    assert f"Out[{number}]: 42" in terminal.screen.text()
    terminal.send("F.gelu(x, " + TAB)
    first = re.compile(r"F\.gelu\(x,\n +approximate=", re.M)  # of the menu
    terminal.until(lambda: first.search(terminal.screen.text()) is not None, "the argument's name")
    terminal.send(CTRL_C)


def test_formulas_after_a_step_are_of_the_same_names(start: Start) -> None:
    terminal = start()
    terminal.enter("w = param([1., 2.]); opt = torch.optim.SGD([w], lr=0.1); l = (w**2).sum()")
    terminal.enter("l.backward(); opt.step()")
    assert "w: 2 * w\n" in terminal.enter("%formula l")
    assert "has another value when it is run again" in terminal.enter("%check l")
    assert "`l` is not made from a leaf `v`" in terminal.enter("v = param(1.); l") + terminal.enter(
        "%formula l v"
    )
    shown = terminal.enter("%formula missing")
    assert "NameError" in shown and "Traceback" not in shown


def test_paste_asks_where_there_is_no_clipboard(start: Start) -> None:
    terminal = start(environment={"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    terminal.send("%paste" + ENTER)
    terminal.see("paste, then -- on a line of its own, or Ctrl-D")
    terminal.until(lambda: terminal.line() == ":", "its prompt")
    terminal.send(CTRL_D)
    terminal.see("nothing was pasted")
    terminal.see("Ctrl-Shift-V")
    terminal.ready(2)


def test_carets_under_arguments_on_the_screen(start: Start) -> None:
    terminal = start(columns=80)
    terminal.enter("A = ones(2, 3); B = ones(3, 4)")
    for text, under, shapes in (
        ("torch.cat([A, A, B])", "B", 3),
        ("torch.stack([A, B])", "B", 2),
        ("torch.cat([A, A], dim=5)", "5", 2),
        ("A.transpose(0, 6)", "6", 1),
        ("A.view(7)", "7", 1),
        ("A + B", "+", 2),
    ):
        lines = terminal.enter(text).split("\n")
        place = next(i for i, line in enumerate(lines) if line.endswith(f"| {text}"))
        found = re.search(r"\^+", lines[place + 1])
        assert found is not None and lines[place][found.start() : found.end()] == under, text
        assert len(re.findall(r"float32 \[", "\n".join(lines[place + 1 :]))) == shapes, text


def test_the_keys_of_vi_are_shown(start: Start, tmp_path: Path) -> None:
    config = tmp_path / ".config" / "gradcli"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('keys = "vi"\n')
    terminal = start()
    terminal.until(lambda: terminal.toolbar().startswith("insert"), "its mode")
    terminal.send("1 + 2" + ESCAPE)
    terminal.until(lambda: terminal.toolbar().startswith("navigation"), "its mode")
    terminal.send("0i4" + ENTER)
    terminal.ready(2)
    assert "Out[1]: 43" in terminal.screen.text()
