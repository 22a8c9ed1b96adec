"""`gradcli explain`: the chain rule in steps, and why a gradient is missing."""

import json
import re

import pytest
from process import gradcli, ok

CUTS = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor(2.0, requires_grad=True)
u = torch.tensor(2.0, requires_grad=True)
h = torch.relu(x * w)
k = h.detach() * 3

def double(a):
    with torch.no_grad():
        return a * 2

m = double(w)
loss = (k * u).sum()
print("printed")
loss.backward()
"""


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "p.grad"
    path.write_text(CUTS)
    return str(path)


def test_every_step_of_an_expression():
    assert ok("explain", "-e", "sin(x) * y", "--set", "x=1", "--set", "y=2") == (
        "sin(x) * y = tensor(1.6829, grad_fn=<MulBackward0>)\n"
        "start  d(sin(x) * y)/d(sin(x) * y) = 1\n"
        "1.  MulBackward0  sin(x) * y  (-e:1:1)\n"
        "     arrives: tensor(1.)\n"
        "     to (sin(x))  = y * g\n"
        "        local derivative: tensor(2.)\n"
        "        passes on: tensor(2.)\n"
        "     to y  = sin(x) * g\n"
        "        local derivative: tensor(0.8415)\n"
        "        passes on: tensor(0.8415)\n"
        "2.  SinBackward0  sin(x)  (-e:1:1)\n"
        "     value: tensor(0.8415)\n"
        "     arrives: tensor(2.)\n"
        "     to x  = cos(x) * g\n"
        "        local derivative: tensor(0.5403)\n"
        "        passes on: tensor(1.0806)\n"
        "in all\n"
        "  d(sin(x) * y)/dx = tensor(1.0806)\n"
        "  d(sin(x) * y)/dy = tensor(0.8415)\n"
    )


def test_after_a_backward_pass(program):
    done = gradcli("explain", program, "--of", "loss", "--wrt", "u")
    assert (done.returncode, done.stderr) == (0, b"printed\n")
    text = done.stdout.decode()
    assert f"MulBackward0  k * u  ({program}:13:9)" in text
    assert text.endswith("in all\n  dloss/du = tensor(18.)\n")
    forgotten = gradcli("explain", program, "--of", "loss", "--keep", "1")
    assert forgotten.returncode == 5
    assert b"--keep" in forgotten.stderr


def test_wrt_leaves_out_other_ways():
    both = ok("explain", "-e", "sin(x) * exp(y)", "--set", "x=1", "--set", "y=2")
    one = ok("explain", "-e", "sin(x) * exp(y)", "--set", "x=1", "--set", "y=2", "--wrt", "y")
    assert "SinBackward0" in both and "SinBackward0" not in one
    assert one.endswith("in all\n  d(sin(x) * exp(y))/dy = tensor(6.2177)\n")


def test_an_intermediate_result(program):
    text = ok("explain", program, "--of", "h", "--wrt", "x")
    assert "  dh/dx = tensor([2., 2.])\n" in text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["relu(x)", "--set", "x=-1"], "the whole gradient becomes zero in `relu(x)`"),
        (["relu(x)", "--set", "x=[-1, 1]"], "1 of 2 elements become zero in `relu(x)`"),
        (["x - x", "--set", "x=2"], "no single step makes it: parts add up to this"),
        (["1 / x", "--set", "x=0"], "-e:1:1: infinity begins here in `1 / x`"),
        (
            ["where(x > 0, sqrt(x), 0 * x).sum()", "--set", "x=[0, 4]"],
            "-e:1:14: NaN begins here: 0 times infinity in `sqrt(x)` (SqrtBackward0), under "
            "`where(x > 0, sqrt(x), 0 * x)` at -e:1:1\n",
        ),
        (["x.detach() * y", "--set", "x=1", "--set", "y=1"], "-e:1:1: detach() cuts it off"),
        (["x.data * y", "--set", "x=1", "--set", "y=1"], ".data is outside of the graph: `x.data`"),
        (["x.item() * y", "--set", "x=1", "--set", "y=1"], "item() makes a Python number"),
        (["x.detach() * 2", "--set", "x=1"], "`x.detach() * 2` is not on a graph"),
        (["x * y", "--set", "x=1", "--const", "y=1", "--wrt", "y"], "given with --const"),
    ],
)
def test_why(words, answer):
    assert answer in ok("explain", "-e", *words)


def test_healthy_gradients_need_no_answer():
    assert "why" not in ok("explain", "-e", "exp(x)", "--set", "x=[1, 2]")


def test_where_a_program_cuts(program):
    text = ok("explain", program)
    assert "why dloss/dx is None\n  not connected: nothing leads from `x` to `loss`\n" in text
    assert text.count(":6:5: detach() cuts it off: `h.detach()`\n") == 2
    assert "why dloss/du" not in text
    assert ":10:16: grad mode is off here: `a * 2`" in ok("explain", program, "--of", "m")


def test_a_value_changed_since_is_never_used_silently(tmp_path):
    path = tmp_path / "p.grad"
    path.write_text(
        "w = param(2.0)\ny = w.exp() * w\ny.backward()\nwith no_grad():\n    w -= w.grad\n"
    )
    done = gradcli("explain", str(path))
    assert done.returncode == 0
    text = done.stdout.decode()
    assert f"w was changed at {path}:5:5 after the pass, which used what it was before" in text
    assert "dy/dw = tensor(22.1672)" in text


def test_mistakes(program):
    for words, status, message in (
        (["-e", "2 * 3"], 2, "there is no graph to explain"),
        (["-e", "x +"], 3, "SyntaxError"),
        (["-e", "x * 2"], 2, "the input `x` is missing"),
        (["-e", "ones(2) + x", "--set", "x=[1, 2, 3]"], 5, "must match the size"),
        ([program, "--of", "lss"], 2, "did you mean `loss`?"),
        ([program, "--wrt", "q"], 2, "there is no tensor of this name"),
        (["-e", "x + sum([1 for i in range(99)])", "--set", "x=1", "--max-steps", "9"], 6, "steps"),
    ):
        done = gradcli("explain", *words)
        assert (done.returncode, done.stdout) == (status, b""), words
        assert message in done.stderr.decode(), words
    done = gradcli("explain", "-e", "2", "--errors", "json")
    assert json.loads(done.stderr)["error"]["code"] == "usage"


def test_hooks_are_steps_of_the_chain(tmp_path):
    path = tmp_path / "hooks.grad"
    path.write_text(
        "import torch\n"
        "x = torch.tensor([1.0, 2.0], requires_grad=True)\n"
        "x.register_hook(lambda g: g + 1)\n"
        "y = x * 3\n"
        "y.register_hook(lambda g: print('a hook ran') or g * 10)\n"
        "z = y.sum()\n"
        "z.backward()\n"
    )
    done = gradcli("explain", str(path), "--of", "z")
    assert (done.returncode, done.stderr) == (0, b"a hook ran\n")  # once, in the program's pass
    text = done.stdout.decode()
    assert "arrives: tensor([1., 1.])\n     a hook makes it: tensor([10., 10.])\n" in text
    assert text.endswith(
        "in all\n  dz/dx = tensor([30., 30.])\n     a hook makes it: tensor([31., 31.])\n"
    )


def test_a_step_of_an_optimiser_leaves_what_the_pass_used(tmp_path):
    path = tmp_path / "train.grad"
    path.write_text(
        "import torch\n"
        "x = torch.tensor([1.0, 2.0])\n"
        "v = torch.tensor([2.0, 4.0], requires_grad=True)\n"
        "w = torch.tensor([3.0, 5.0], requires_grad=True)\n"
        "for i in range(2):\n"
        "    loss = (v * w * x).sum()\n"
        "    loss.backward()\n"
        "    with torch.no_grad():\n"
        "        v.sub_(1)\n"
        "        w.fill_(0)\n"
        "print(v.grad, w.grad)\n"
    )
    done = gradcli("explain", str(path), "--of", "loss")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert f"v was changed at {path}:9:9 after the pass, which used what it was before" in text
    assert f"w was changed at {path}:10:9 after the pass" in text
    assert "dloss/dv = tensor([0., 0.])" in text
    assert "dloss/dw = tensor([1., 6.])" in text


STALE = """\
import torch
x = torch.ones(4, requires_grad=True)
h = x * 2
a, b = h.split(2)
h.mul_(3)
y = h.sum()
"""


@pytest.mark.parametrize("words", [("explain",), ("graph",), ("explain", "--format", "html")])
def test_a_view_that_may_not_follow_its_base_is_left_out(tmp_path, words):
    path = tmp_path / "p.grad"
    path.write_text(STALE)
    text = ok(*words, str(path))
    assert "h.mul_(3)" in text
    done = gradcli("explain", str(path), "--of", "h", "--format", "json")
    assert json.loads(done.stdout)["explanations"][0]["gradients"][0]["gradient"]["norm"] == 12


def numbers(value):
    return [float(text) for text in re.findall(r"-?[\d.]+(?:e-?\d+)?", json.dumps(value))]


@pytest.mark.parametrize(
    "made",
    [
        "x.sort(-1)[0]",
        "x.max(0)[0]",
        "x.topk(2)[0]",
        "x.cummax(0)[0]",
        "x.kthvalue(2)[0]",
        "x.exp()",
        "x.softmax(0)",
        "x.sqrt()",
        "torch.nn.functional.max_pool1d(x[None], 2)",
    ],
)
def test_the_value_of_a_step_is_the_program_s(tmp_path, made):
    path = tmp_path / "p.grad"
    path.write_text(
        "import torch\nx = torch.tensor([3., 1., 2., 5.], requires_grad=True)\n"
        f"h = {made}\nprint(h.tolist())\ny = (h * h).sum()\n"
    )
    done = gradcli("explain", str(path), "--of", "y", "--format", "json")
    assert done.returncode == 0, done.stderr.decode()
    (told,) = json.loads(done.stdout)["explanations"]
    (step,) = (step for step in told["steps"] if step["arrives"][0]["sources"])  # what h * h takes
    assert numbers(step["value"]["data"]) == pytest.approx(numbers(json.loads(done.stderr)))


@pytest.mark.parametrize("hook", ["x.register_hook(bad)", "h.register_hook(bad)"])
def test_hooks_that_raise_are_the_program_s(tmp_path, hook):
    path = tmp_path / "p.grad"
    path.write_text(
        "import torch\ndef bad(g):\n    raise ValueError('no')\n"
        f"x = torch.tensor(3., requires_grad=True)\nh = x * 2\n{hook}\ny = h * 3\n"
    )
    done = gradcli("explain", str(path), "--of", "y")
    assert (done.returncode, b"bug" in done.stderr, b"no" in done.stderr) == (5, False, True)
    assert ok("graph", str(path), "--of", "y").startswith("y  MulBackward0")
