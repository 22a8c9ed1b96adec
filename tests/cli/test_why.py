"""`gradcli why`: each reason for a missing, zero or odd gradient, from the program's record."""

import pytest
from process import gradcli, ok

HEAD = "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\n"

# What comes after HEAD, what is asked about, and words of the answer.
PROGRAMS = {
    "detached": (
        "h = x.detach() * 2\nloss = h.sum()",
        "x",
        ["no variable was made from it", ":3:5: detach() cuts it off: `x.detach()`"],
    ),
    "data": ("loss = (x.data * 2).sum()", "x", [":3:9: .data is outside of the graph: `x.data`"]),
    "no_grad": (
        "with torch.no_grad():\n    h = x * 2\n",
        "h",
        ["`h` is not on a graph", ":4:9: grad mode is off here: `x * 2`"],
    ),
    "set_grad_enabled": (
        "torch.set_grad_enabled(False)\nh = x * 2\ntorch.set_grad_enabled(True)\n",
        "h",
        [":4:5: grad mode is off here: `x * 2`"],
    ),
    "a decorated function": (
        "@torch.no_grad()\ndef f(t):\n    return t * 3\nh = f(x)\n",
        "h",
        [":5:12: grad mode is off here: `t * 3`"],
    ),
    "rebound": (
        "loss = (x * x).sum()\nx = torch.ones(2, requires_grad=True)\nloss.backward()\n",
        "x",
        ["`loss` was made from the `x` of before, made at ", ":2:5", ":4:5, and is another leaf"],
    ),
    "not a leaf": (
        "loss = (x * x).sum()\nloss.backward()\nx = x - 0.1 * x.grad\n",
        "x",
        [
            "is a result, not a leaf: `x - 0.1 * x.grad` made it at ",
            ":5:5",
            "was called `x` before",
        ],
    ),
    "a result": ("h = x * 2\nh.sum().backward()\n", "h", ["`x * 2` made it", "retain_grad()"]),
    "integers": (
        "n = torch.tensor([1, 2])\nloss = (n * x).sum()\nloss.backward()\n",
        "n",
        ["`n` has the dtype int64, and only floating ones have gradients"],
    ),
    "freed and cleared": (
        "loss = (x * x).sum()\nloss.backward()\nx.grad = None\n",
        "x",
        [":4:1 freed the graph of `loss`", "x.grad was taken away at ", ":5:1: `x.grad = None`"],
    ),
    "a gradient that its caller got": (
        "loss = (x * x).sum()\ng = torch.autograd.grad(loss, x)\n",
        "x",
        [":4:5 freed the graph of `loss`", "gave its gradients to its caller"],
    ),
    "no pass": (
        "loss = (x * x).sum()\n",
        "x",
        ["no backward pass has reached `x`", "dloss/dx = tensor([2., 4.])", "loss.backward()"],
    ),
    "zero": (
        "loss = torch.relu(-x).sum()\nloss.backward()\n",
        "x",
        ["x.grad is zero", ":3:8: the whole gradient becomes zero in `torch.relu(-x)`"],
    ),
    "overflow": (
        "loss = torch.exp(100 * x).sum()\nloss.backward()\n",
        "x",
        ["x.grad is not finite", ":3:8: infinity begins here in `torch.exp(100 * x)`"],
    ),
    "underflow": (
        "loss = torch.tanh(5 * x).sum()\nloss.backward()\n",
        "x",
        ["1 of 2 elements of x.grad are zero", "`torch.tanh(5 * x)` (TanhBackward0)"],
    ),
    "cleared": (
        "loss = (x * x).sum()\nloss.backward()\nx.grad.zero_()\n",
        "x",
        ["x.grad is zero", "was cleared after a pass", "cleared at", ":5:1: `x.grad.zero_()`"],
    ),
    "another result since, without a pass": (
        "loss = (0 * x).sum() + x[0] * 0\nloss.backward()\nother = torch.sqrt(x - 1).sum() + 1\n",
        "x",
        ["x.grad is zero", "why dloss/dx is zero", ":3:9: "],
    ),
    "two names of one leaf": ("same = x\n", None, ["no backward pass has reached `x`, and"]),
    "fine": (
        "loss = (x * x).sum()\nloss.backward()\n",
        "x",
        ["x.grad has 2 elements, finite and not zero"],
    ),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_reasons(kind, tmp_path):
    body, name, wanted = PROGRAMS[kind]
    program = tmp_path / "p.grad"
    program.write_text(HEAD + body)
    text = ok("why", str(program), *(["--wrt", name] if name else []))
    for words in wanted:
        assert words in text, text
    assert text.count("`same`") == 0


def test_what_did_not_run_is_no_reason(tmp_path):
    """A branch that was not taken, and a function that was not called with it, are no causes."""
    program = tmp_path / "p.grad"
    program.write_text(
        HEAD + "def f(t):\n    if t.sum() > 100:\n        t = t.detach()\n    return t.data * 2\n"
        "if x.sum() > 100:\n    h = x.detach()\nelse:\n    h = x.item() if False else x[0].item()\n"
        "w = torch.ones(2, requires_grad=True)\nu = f(w)\nloss = (h * w).sum()\nloss.backward()\n"
    )
    text = ok("why", str(program), "--wrt", "x")
    assert "detach()" not in text
    assert ":6:" not in text  # f was called with w
    assert "item() makes a Python number" in text


def test_a_program_that_raises_is_answered_up_to_there(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(HEAD + "h = x.detach()\nh.sum().backward()\n")
    done = gradcli("why", str(program), "--wrt", "h")
    assert done.returncode == 5
    assert b":3:5: detach() cuts it off" in done.stdout
    assert b"does not require grad" in done.stderr


def test_expressions():
    text = ok("why", "-e", "relu(x) * y", "--set", "x=-1", "--set", "y=2", "--wrt", "x")
    assert text.startswith("`relu(x) * y` was made from `x`\nwhy d(relu(x) * y)/dx is zero\n")
    assert "backward" not in text
    fixed = ok("why", "-e", "x * y", "--set", "x=1", "--const", "y=2", "--wrt", "y")
    assert fixed == "`y` is not differentiated: it was given with --const\n"
    done = gradcli("why", "-e", "x * y", "--set", "x=1", "--set", "y=2", "--wrt", "z")
    assert (done.returncode, b"there is no tensor of this name" in done.stderr) == (2, True)


def test_what_a_generator_does(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        HEAD + "def parts(t):\n    for i in range(2):\n        if i:\n            u = t.detach()\n"
        "            yield u * i\n        else:\n            yield t\n"
        "h = sum(part.sum() for part in list(parts(x))[1:])\n"
    )
    text = ok("why", str(program), "--wrt", "h")
    assert ":6:17: detach() cuts it off: `t.detach()`" in text
