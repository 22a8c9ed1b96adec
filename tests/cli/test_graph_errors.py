"""Errors about gradients: the lines that they are marked at, and what they say to do."""

import pytest
from process import gradcli

from gradcli.cli.process.failures import failure_of
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Session, compile_program
from gradcli.language.syntax.source import Source

FUNCTION = """\
class F(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        {save}
        return x * 2
    @staticmethod
    def backward(ctx, g):
        {back}
x = torch.ones(2, requires_grad=True)
y = F.apply(x, 2.0).sum()
y.backward()
"""
LEAF = "x = torch.ones(2, requires_grad=True)\n"

# What comes after `import torch`, and what the message has.
PROGRAMS = {
    "a leaf replaced by a result": (
        "w = torch.ones(2, requires_grad=True)\nfor i in range(2):\n    loss = (w * w).sum()\n"
        "    loss.backward()\n    w = w - 0.1 * w.grad\n",
        ["-------------- `w` is no leaf since here", "with torch.no_grad(): w -= …"],
    ),
    "the gradient of a result": (
        LEAF + "h = x * 2\nh.sum().backward()\nh.grad.zero_()\n",
        ["3 | h = x * 2\n  |     ----- `h` is no leaf since here"],
    ),
    "a state carried through a loop": (
        "h = torch.zeros(2)\nw = torch.ones(2, requires_grad=True)\nfor t in range(3):\n"
        "    h = torch.tanh(h + w)\n    loss = h.sum()\n    loss.backward()\n",
        ["is reached through `h`: begin each round with h = h.detach()"],
    ),
    "a second pass": (
        LEAF + "y = (x * x).sum()\ny.backward()\ny.backward()\n",
        ["keep them with retain_graph=True on line 4"],
    ),
    "anomaly mode": (
        LEAF + "with torch.autograd.detect_anomaly():\n    y = torch.sqrt(x - 1)\n"
        "    (y * 0).sum().backward()\n",
        ["4 |     y = torch.sqrt(x - 1)", "the forward call, whose derivative this is"],
    ),
    "detach": (
        LEAF + "h = (x * 2).detach()\nloss = h.sum()\nloss.backward()\n",
        ["3 | h = (x * 2).detach()\n  |     ---------------- detach() cuts it off"],
    ),
    "no_grad": (
        LEAF + "with torch.no_grad():\n    h = x * 2\ntorch.autograd.grad(h.sum(), x)\n",
        ["4 |     h = x * 2\n  |         ----- grad mode is off here"],
    ),
    "what comes later is no cause": (
        "h = torch.ones(2)\nloss = h.sum()\nloss.backward()\nh = loss.detach()\n",
        ["2 | h = torch.ones(2)\n  |     ------------- made without requires_grad=True"],
    ),
    "rows": (
        "y = torch.ones(2, 3, requires_grad=True) * 1\nfor row in y:\n    row *= 2\n",
        ["iterating over a tensor unbinds it"],
    ),
    "a number saved": (
        FUNCTION.format(save="ctx.save_for_backward(x, k)", back="return g, None"),
        [
            "5 |         ctx.save_for_backward(x, k)\n   |" + 34 * " " + "- a float",
            "ctx.k = k here, and ctx.k in backward",
        ],
    ),
    "too few gradients": (
        FUNCTION.format(save="ctx.k = k", back="if True:\n            return g * ctx.k"),
        ["return g * ctx.k\n   |             ---------------- returns 1 gradient; forward has 2"],
    ),
    "too many gradients": (
        FUNCTION.format(save="ctx.k = k", back="return g, None, g"),
        ["return g, None, g\n   |         ----------------- returns 3 gradients; forward has 2"],
    ),
    "an unused input": (
        LEAF + "w = torch.ones(2, requires_grad=True)\ny = x.sum()\n"
        "torch.autograd.grad(y, [x, w])\n",
        ["- nothing leads to it from the result", "allow_unused=True gives None for `w`"],
    ),
    "an unused input alone": (
        LEAF + "w = torch.ones(2, requires_grad=True)\ny = x.sum()\n"
        "torch.autograd.grad(y, inputs=w)\n",
        ["- nothing leads to it from the result"],
    ),
    "a dtype in quotes": (
        'x = torch.ones(2, 3, dtype="float32")\n',
        ["ones(): argument 'dtype' must be torch.dtype, not str", "without quotes"],
    ),
    "sizes and a wrong keyword": (
        "x = torch.zeros(2, 3, dtyp=torch.float32)\n",
        ["zeros() got an unexpected keyword argument 'dtyp'", "dtype"],
    ),
    "a text for a function": (
        "f = torch.func.jacfwd('x**2')\nf(torch.ones(2))\n",
        ["'str' object is not callable", "write lambda x: x**2"],
    ),
}


def message(text):
    """What the command line shows of a program's error."""
    with pytest.raises(ProgramError) as caught:
        Session(lambda text: None).run(compile_program(Source(f"import torch\n{text}", "p.grad")))
    return failure_of(caught.value).draw(False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", PROGRAMS)
def test_messages(kind):
    text, wanted = PROGRAMS[kind]
    found = message(text)
    for words in wanted:
        assert words in found, found


def test_the_gradient_of_a_result_is_said_to_be_one(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(f"import torch\n{LEAF}w = x - 1\nprint(w.grad)\n")
    found = gradcli("eval", str(program)).stderr.decode()
    assert (
        "3 | w = x - 1\n  |     ----- a result, not a leaf, since here\n4 | print(w.grad)" in found
    )
