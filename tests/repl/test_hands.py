"""What is promised of the prompt and was only tried without a terminal elsewhere: keys in, screen
out, one session for several promises."""

from __future__ import annotations

import re
from collections.abc import Callable

from terminal import CTRL_C, CTRL_U, TAB, Terminal

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
