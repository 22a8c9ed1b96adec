"""`gradcli check`: right gradients, wrong ones, kinks and lost connections."""

import pytest
from process import document, gradcli, ok


def test_a_right_gradient():
    text = ok("check", "-e", "sin(x) / x", "--set", "x=[0.5, 2]")
    assert text.startswith("ok     d sin(x) / x / d x: 2 elements")
    assert text.endswith("1 gradient checked, 0 wrong\n")


def test_a_kink():
    done = gradcli("check", "--json", "-e", "relu(x)", "--set", "x=[0, 1]")
    assert done.returncode == 1
    import json

    (entry,) = json.loads(done.stdout)["checks"]
    assert (entry["ok"], entry["mismatches"], entry["worst"]["index"]) == (False, 1, [0])
    assert entry["worst"]["kink"] is True
    assert entry["worst"]["slopes"] == pytest.approx([0, 1])


def test_a_lost_connection():
    done = gradcli("check", "-e", "x.detach() * y + x.detach()", "--set", "x=2", "--set", "y=3")
    assert done.returncode == 1
    assert b"not connected" in done.stdout
    assert b"WRONG  d x.detach() * y + x.detach() / d x: gradient 0, differences 4" in done.stdout


PROGRAM = """\
import torch

class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * {formula}

x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor(2.0, requires_grad=True)
y = Cube.apply(x)
loss = (w * y).sum()
loss.backward()
with torch.no_grad():
    w -= w.grad
"""


def test_programs_with_leaves_of_their_own(tmp_path):
    good = tmp_path / "good.grad"
    good.write_text(PROGRAM.format(formula="3 * x ** 2"))
    found = document("check", "--json", str(good))
    assert found["ok"]
    assert [(c["result"], c["input"]) for c in found["checks"]] == [
        ("y", "x"),
        ("loss", "x"),
        ("loss", "w"),
    ]
    bad = tmp_path / "bad.grad"
    bad.write_text(PROGRAM.format(formula="2 * x"))
    done = gradcli("check", str(bad), "--of", "loss")
    assert done.returncode == 1
    assert b"WRONG  d loss / d x at [1]: gradient 8, differences 24" in done.stdout
    assert b"ok     d loss / d w" in done.stdout


def test_mistakes(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("x = 3\n")
    done = gradcli("check", str(program))
    assert (done.returncode, b"no gradient to check" in done.stderr) == (2, True)
    program.write_text("import torch\nx = torch.ones(2, requires_grad=True)\ny = x + z\n")
    assert gradcli("check", str(program)).returncode == 5


def test_errors_that_cancel_in_the_sum(tmp_path):
    program = tmp_path / "swap.grad"
    program.write_text(
        "import torch\n"
        "class Same(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        return x.clone()\n"
        "    @staticmethod\n"
        "    def backward(ctx, g):\n"
        "        return g.flip(0)\n"
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "y = Same.apply(x)\n"
    )
    done = gradcli("check", str(program))
    assert done.returncode == 1
    assert b"(a weighted sum)" in done.stdout
