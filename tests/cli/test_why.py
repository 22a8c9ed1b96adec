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
        [
            "`h` is not on a graph",
            ":4:9: grad mode is off here: `x * 2`",
            "= help: compute it outside",
        ],
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
    "detached beside what is made of it": (
        "h = x.tanh()\nb = torch.ones(1, requires_grad=True)\n"
        "loss = (h.detach() * b).sum()\nloss.backward()\n",
        "x",
        ["`h` was made from it", ":5:9: detach() cuts it off: `h.detach()`", "to `loss`"],
    ),
    "a branch that ran": (
        "b = torch.ones(2, requires_grad=True)\nh = x * 2\nif len(x) == 2:\n    h = h.data\n"
        "else:\n    h = h.detach()\nloss = (h * b).sum()\nloss.backward()\n",
        "x",
        [":6:9: .data is outside of the graph: `h.data`"],
    ),
    "a branch after another": (
        "b = torch.ones(2, requires_grad=True)\nh = x * 2\nif len(x) == 7:\n    h = h.data\n"
        "elif len(x) == 2:\n    h = h.detach()\nloss = (h * b).sum()\nloss.backward()\n",
        "x",
        [":8:9: detach() cuts it off: `h.detach()`"],
    ),
    "a variable of a function": (
        "b = torch.ones(2, requires_grad=True)\ndef f(t):\n    u = t * 2\n    v = u.detach()\n"
        "    return v * b\ng = f\nloss = g(x).sum()\nloss.backward()\n",
        "x",
        [":6:9: detach() cuts it off: `u.detach()`"],
    ),
    "an instance": (
        "b = torch.ones(2, requires_grad=True)\nclass Cell:\n    def __call__(self, t):\n"
        "        self.last = t.detach()\n        return self.last * b\n"
        "cell = Cell()\nloss = cell(x).sum()\nloss.backward()\n",
        "x",
        [":6:21: detach() cuts it off: `t.detach()`"],
    ),
    "a module": (
        "class Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.first, self.last = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)\n"
        "    def forward(self, t):\n        h = self.first(t)\n"
        "        return self.last(h.detach())\nnet = Net()\nloss = net(x).sum()\nloss.backward()\n",
        "net.first.weight",
        [":9:26: detach() cuts it off: `h.detach()`"],
    ),
    "a pass to other inputs": (
        "b = torch.ones(2, requires_grad=True)\nloss = (x * 2 * b).sum()\n"
        "loss.backward(inputs=[b])\n",
        "x",
        [":5:1 freed the graph of `loss`", "that pass went to other inputs"],
    ),
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
    "flat": (
        "loss = torch.clamp(x, max=1.5).sum()\nloss.backward()\n",
        "x",
        ["1 of 2 elements become zero in `torch.clamp(x, max=1.5)`", "clamp is flat where x is 2"],
    ),
    "chosen": (
        "loss = x.max()\nloss.backward()\n",
        "x",
        ["1 of 2 elements get nothing in `x.max()`", "only to the elements that it chose"],
    ),
    "left out": ("loss = x[1:].sum()\nloss.backward()\n", "x", ["leaves the other elements out"]),
    "multiplied by zeros": (
        "m = torch.tensor([[0.0, 0.0], [1.0, 3.0]])\nloss = (m @ x).sum() + (x @ m)[0]\n"
        "loss = (m.T[:1] @ x.reshape(2, 1)).sum()\nloss.backward()\n",
        "x",
        ["1 of 2 elements get nothing in", "all that they are multiplied by in the other operand"],
    ),
    "a relu whose input is not kept": (
        "loss = torch.relu(x - 1.5).sum()\nloss.backward()\n",
        "x",
        ["relu is flat where its input is 0 or less"],
    ),
    "a dtype that is computed in another": (
        "y = x.bfloat16() * 50\nloss = torch.tanh(y).sum()\nloss.backward()\n",
        "x",
        ["tanh is saturated where y is 50 or 100, and its slope is 0 in bfloat16"],
    ),
    "a norm of zeros": (
        "loss = (0 * x).norm()\nloss.backward()\n",
        "x",
        ["the norm of zeros has no slope, and 0 is taken for it"],
    ),
    "masked": (
        "loss = x.masked_fill(x > 1, 0.0).sum()\nloss.backward()\n",
        "x",
        ["1 of 2 elements become zero", "the mask is True there"],
    ),
    "dropped": (
        "loss = torch.nn.functional.dropout(x, 0.999999).sum()\nloss.backward()\n",
        "x",
        ["dropout put them to 0 in this run"],
    ),
    "a step function": (
        "loss = torch.floor(x).sum()\nloss.backward()\n",
        "x",
        ["floor is a step function: its slope is 0 everywhere", "= help: train through a smooth"],
    ),
    "saturated": (
        "h = 50 * x\nloss = torch.tanh(h).sum()\nloss.backward()\n",
        "x",
        ["tanh is saturated where h is 50 or 100: it gave 1, and its slope is 0 in float32"],
    ),
    "saturated, at an input that is not kept": (
        "loss = torch.sigmoid(-200 - x).sum()\nloss.backward()\n",
        "x",
        ["sigmoid is saturated where its input is below -88.7: it gave 0"],
    ),
    "exp underflows": (
        "loss = torch.exp(-200 * x).sum()\nloss.backward()\n",
        "x",
        ["exp underflows where (-200 * x) is -200 or -400: it gave 0"],
    ),
    "the slope is infinite": (
        "loss = torch.sqrt(x - 1).sum()\nloss.backward()\n",
        "x",
        [
            "infinity begins here in `torch.sqrt(x - 1)`",
            "= help: add a small number below the root",
        ],
    ),
    "the branch that was not taken": (
        "loss = torch.where(x > 1, torch.sqrt(x - 1.5), x).sum()\nloss.backward()\n",
        "x",
        ["NaN", "`torch.sqrt(x - 1.5)`", "where passes 0 to the branch it did not take"],
    ),
    "values are not finite": (
        "p = torch.exp(100 * x)\nloss = (p / p.sum())[0].log()\nloss.backward()\n",
        "x",
        [":3:5: the value itself is inf where (100 * x) is 100 or 200, in `torch.exp(100 * x)`"],
    ),
    "large": (
        "h = x\nfor i in range(30):\n    h = h * 4.5\nloss = h.sum()\nloss.backward()\n",
        "x",
        [
            "why dloss/dx is large",
            ":5:9: 4.5 a step, × 30: 3.948e+19 in `h * 4.5`",
            "clip_grad_norm_",
        ],
    ),
    "tiny": (
        "h = x\nfor i in range(30):\n    h = h * 0.5\nloss = h.sum()\nloss.backward()\n",
        "x",
        ["why dloss/dx is tiny", ":5:9: 0.5 a step, × 30: 9.313e-10 in `h * 0.5`"],
    ),
    "vanished": (
        "h = x\nfor i in range(200):\n    h = h * 0.43\nloss = h.sum()\nloss.backward()\n",
        "x",
        ["underflow: ", "0.43 a step, × 103 of 200, until too little is left"],
    ),
    "a hook of a result": (
        "h = x * 2\nh.register_hook(lambda g: g * 0)\nh.sum().backward()\n",
        "x",
        [":3:5: a hook of h: it makes the whole gradient zero", "becomes tensor([0., 0.])"],
    ),
    "a hook of a leaf": (
        "x.register_hook(lambda g: g * 0)\nloss = x.sum()\nloss.backward()\n",
        "x",
        ["why dloss/dx is zero: a hook of `x`: it makes the whole gradient zero"],
    ),
    "several passes": (
        "for i in range(3):\n    loss = (x * x).sum()\n    loss.backward()\n",
        "x",
        ["finite and not zero", "dloss/dx is tensor([2., 4.])", "add up until they are cleared"],
    ),
    "compared": (
        "loss = (x > 1).float().sum()\n",
        "x",
        [":3:9: a comparison makes truth values", "= help: it is a step function"],
    ),
    "whole numbers": (
        "loss = x.to(torch.int64).sum()\n",
        "x",
        [":3:8: integers and truth values have no gradient: `x.to(torch.int64)`"],
    ),
    "switched off": (
        "loss = x.detach_().sum()\n",
        "x",
        ["is not on a graph"],
    ),
    "fine": (
        "loss = (x * x).sum()\nloss.backward()\n",
        "x",
        ["x.grad has 2 elements, finite and not zero"],
    ),
    "a module that cuts": (
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.first = nn.Linear(2, 2)\n"
        "        self.last = nn.Linear(2, 1)\n    def forward(self, t):\n"
        "        h = self.first(t).detach()\n        return self.last(h)\n"
        "net = Net()\nloss = net(x).sum()\nloss.backward()\n",
        "net.first.weight",
        [":10:13: detach() cuts it off: `self.first(t).detach()`, on the way to `loss`"],
    ),
    "a module without grad mode": (
        "net = torch.nn.Linear(2, 1)\nwith torch.no_grad():\n    h = net(x)\n"
        "loss = (h * torch.ones(1, requires_grad=True)).sum()\nloss.backward()\n",
        "net.weight",
        [":5:9: grad mode is off here: `net(x)`"],
    ),
    "a parameter that is another": (
        "net = torch.nn.Linear(2, 1)\nloss = net(x).sum()\n"
        "net.weight = torch.nn.Parameter(torch.ones(1, 2))\nloss.backward()\n",
        "net.weight",
        ["`net.weight` was assigned anew at ", ":5:1: what was computed before went through"],
    ),
    "a parameter by its place": (
        "net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.ReLU())\n"
        "loss = (net(x) * 0).sum()\nloss.backward()\n",
        "net[0].weight",
        ["net.0.weight.grad is zero"],
    ),
    "indices": (
        "order = torch.argsort(x)\nloss = (order * torch.ones(2, requires_grad=True)).sum()\n"
        "loss.backward()\n",
        "x",
        [":3:9: argsort makes indices, which have no gradient: `torch.argsort(x)`"],
    ),
    "drawn": (
        "drawn = torch.bernoulli(x / 3)\nloss = (drawn * torch.ones(2, requires_grad=True)).sum()\n"
        "loss.backward()\n",
        "x",
        [":3:9: ", "bernoulli"],
    ),
    "rows of a table": (
        "e = torch.nn.Embedding(5, 2)\nloss = e(torch.tensor([1, 2])).sum()\nloss.backward()\n",
        "e.weight",
        [":4:8: 6 of 10 elements get nothing", "takes the rows of its indices"],
    ),
    "targets that are ignored": (
        "z = torch.randn(3, 4, requires_grad=True)\n"
        "loss = torch.nn.functional.cross_entropy(z, torch.tensor([1, -100, 2]))\n"
        "loss.backward()\n",
        "z",
        [":4:8: ", "targets that are ignore_index (-100) give nothing"],
    ),
    "outputs of softmax together": (
        "loss = torch.softmax(x, 0).sum()\nloss.backward()\n",
        "x",
        ["the outputs of softmax sum to 1, so what arrives alike at all of them cancels"],
    ),
    "a loss at its minimum": (
        "loss = torch.nn.functional.mse_loss(x, torch.tensor([1.0, 2.0]))\nloss.backward()\n",
        "x",
        [":3:8: ", "the prediction is the target there, where mse_loss has its minimum"],
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


def test_what_was_written_since_is_no_value_of_the_pass(tmp_path):
    """A step of descent changes the leaf, not what the pass has seen."""
    program = tmp_path / "p.grad"
    program.write_text(
        HEAD + "h = x + 200\nloss = torch.tanh(x + 200).sum()\nloss.backward()\n"
        "with torch.no_grad():\n    x -= 5\n"
    )
    text = ok("why", str(program), "--wrt", "x")
    assert "tanh is saturated where its input is above 9.01: it gave 1" in text


def test_one_entry(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        HEAD + "loss = (x * torch.relu(x - 1.5) + x.tanh()).sum()\nloss.backward()\n"
    )
    text = ok("why", str(program), "--wrt", "x[1]")
    assert text.startswith("x.grad[1] is 2.57065\ndloss/dx[1] = 2.57065\n  3 ways lead there")
    assert "  2 by loss ← " in text
    lost = ok("why", str(program), "--wrt", "x.grad[-2]")
    assert lost.startswith("x.grad[0] is ")
    assert ":3:13: nothing of it comes through in `torch.relu(x - 1.5)`" in lost
    both = ok("why", str(program), "--wrt", "x[0],x[1]").split("\n\n")
    assert [part[:9] for part in both] == ["x.grad[0]", "x.grad[1]"]
    for name, words in {
        "x[2]": "index 2 is out of bounds for dimension 0 with size 2",
        "x[0,1]": "`x` has the shape [2]: x[i] is one entry of it",
        "loss[0]": "`loss` has the shape []: loss is one entry of it",
        "y[0]": "there is no tensor of this name",
        "x[]": "there is no tensor of this name",
    }.items():
        done = gradcli("why", str(program), "--wrt", name)
        assert (done.returncode, words in done.stderr.decode()) == (2, True), done.stderr
    done = gradcli("grad", "x * x", "--set", "x=[1, 2]", "--of", "x", "--wrt", "x[0]")
    assert done.returncode == 2


def test_a_name_that_left_its_leaf_is_answered_unasked(tmp_path):
    text = "x = param([1., 2.])\nw = param(3.)\nx = x * 2\ny = (x * w).sum()\ny.backward()\n"
    path = tmp_path / "p.grad"
    path.write_text(text)
    said = ok("why", str(path))
    assert "w.grad has 1 element, finite and not zero\n\n`x` is a result, not a leaf" in said
    assert f"the leaf that was called `x` before, made at {path}:1:5, is another tensor" in said


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("softmax(x, 0).sum()", "[1., 2., 3.]"),
        ("(2 * softmax(x, 1)).sum()", "[[1., 2.5, 3.], [0., 1., 1.]]"),
        ("torch.nn.functional.layer_norm(x, [3]).sum()", "[1., 2.5, 4.]"),
    ],
)
def test_what_cancels_leaves_rounding(expression, value):
    said = ok("why", "-e", expression, "--set", f"x={value}")
    assert "nothing but rounding is left in" in said or "whole gradient becomes zero" in said
    assert "what arrives alike at all of" in said and "residual" not in said


def test_what_is_really_tiny_is_no_rounding():
    said = ok("why", "-e", "1e-9 * softmax(x, 0)[0]", "--set", "x=[1., 2., 3.]")
    assert "is tiny" in said and "rounding" not in said


@pytest.mark.parametrize("expression", ["exp(x)**3", "(x * 1e150)**3", "x**200"])
def test_what_overflows_is_not_kept_from_zero(expression):
    said = ok("why", "-e", expression, "--set", "x=300")
    assert "= help: scale its input down" in said and "keep the base above 0" not in said


@pytest.mark.parametrize("taken", ["emb[idx]", "emb.index_select(0, idx)", "emb[0:3:2]"])
def test_what_is_not_taken_is_told_beside_other_zeros(tmp_path, taken):
    text = (
        "import torch\nidx = torch.tensor([0, 2])\nmask = torch.tensor([1., 0.])\n"
        f"emb = torch.ones(4, 2, requires_grad=True)\nout = ({taken} * mask).sum()\n"
    )
    path = tmp_path / "p.grad"
    path.write_text(text + "out.backward()\n")
    said = ok("why", str(path))
    assert "2 of 4 elements become zero in" in said
    assert f"4 of 8 elements get nothing in `{taken}`" in said
