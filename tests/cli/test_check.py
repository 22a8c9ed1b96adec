"""`gradcli check`: right gradients, wrong ones, kinks and lost connections."""

import pathlib

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


def undefined(expression, values):
    (entry,) = document("check", "--json", "-e", expression, "--set", f"x={values}")["checks"]
    return [item["index"][0] for item in entry["undefined"]], entry["worst"]["index"]


def test_what_reaches_no_finite_element_is_undefined():
    """Beside elements that are compared: nothing is seen of the others, and nothing is right."""
    assert undefined("log(x)", [2, 1, -1])[0] == [2]
    assert undefined("log(x)", [0, 1, -1]) == ([0, 2], [1])
    assert undefined("x.sqrt() * x.flip(0)", [-2, 3, 4]) == ([0, 2], [1])
    assert undefined("stack([log(x), 2 * x])", [-2, 3])[0] == []


def test_the_elements_of_a_list_are_results():
    given = ("--set", "r=2", "--set", "t=0.5")
    for expression in ("[r * cos(t), r * t]", "r * cos(t), r * t"):
        found = document("check", "--json", "-e", expression, *given)
        assert found["ok"]
        assert [(c["result"].removeprefix(expression), c["input"]) for c in found["checks"]] == [
            ("[0]", "r"),
            ("[1]", "r"),
            ("[0]", "t"),
            ("[1]", "t"),
        ]


def test_inputs_that_are_cut_off(tmp_path):
    done = gradcli("check", "-e", "tensor([r * t])", "--set", "r=2", "--set", "t=0.5")
    assert done.returncode == 2
    assert b"no result leads to an input: explain says where they are cut off" in done.stderr
    program = tmp_path / "p.grad"
    program.write_text("x = param([1.0, 2.0])\ny = (x * 2).sum()\n")
    done = gradcli("check", str(program), "--of", "x")
    assert (done.returncode, b"= help: there are y" in done.stderr) == (2, True)


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


def test_what_is_undefined_hides_nothing(tmp_path):
    """Elements where the function has no value are said so; the others are compared."""
    done = gradcli("check", "--json", "-e", "sqrt(x)", "--set", "x=[-1, 0, 4]")
    import json

    (entry,) = json.loads(done.stdout)["checks"]
    assert done.returncode == 0
    assert [element["index"] for element in entry["undefined"]] == [[0], [1]]
    assert entry["worst"]["index"] == [2]
    text = ok("check", "-e", "sqrt(x)", "--set", "x=[0, 4]")
    assert "ok     d sqrt(x) / d x: 1 of 2 elements" in text
    assert "undefined here at [0]: the slope is nan on its left" in text
    assert "-e:1:1: infinity begins here in `sqrt(x)` (SqrtBackward0)" in text
    assert text.endswith("1 gradient checked, 0 wrong, 1 element undefined\n")


@pytest.mark.parametrize(
    ("expression", "node", "place"),
    [
        ("relu(x) + abs(x)", "ReluBackward0", "-e:1:1"),
        ("2 * abs(x)", "AbsBackward0", "-e:1:5"),
        ("clamp(x, 0, 9)", "ClampBackward1", "-e:1:1"),
        ("maximum(x, 2 * x)", "MaximumBackward0", "-e:1:1"),
    ],
)
def test_a_kink_names_its_step(expression, node, place):
    text = gradcli("check", "-e", expression, "--set", "x=0").stdout.decode()
    assert "       a kink: the slope is" in text
    assert f"{place}: the slope jumps in" in text
    assert node in text


def test_a_wrong_derivative_names_its_step(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(PROGRAM.format(formula="2 * x"))
    text = gradcli("check", str(program), "--of", "loss").stdout.decode()
    assert f"{program}:16:5: the derivative is the Function's own in `Cube.apply(x)`" in text
    trap = ("check", "-e", "where(x > 0, sqrt(x), 0 * x)", "--set", "x=[0, 4]")
    text = gradcli(*trap).stdout.decode()
    assert "WRONG" in text
    assert "-e:1:14: NaN begins here: 0 times infinity" in text
    assert "(SqrtBackward0)" in text


SINGLE = """\
import torch
torch.manual_seed(1)
data = torch.randn(50, 3)
target = torch.rand(50) * 1000
w = torch.randn(3, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
keep = torch.bernoulli(torch.full((50,), 0.5))
loss = (((data @ w + b).exp() - target) ** 2 * keep).sum()
"""


def test_single_precision_is_compared_with_differences_in_double(tmp_path):
    """A sum of millions has no float32 differences worth the name; random numbers stay the same."""
    program = tmp_path / "p.grad"
    program.write_text(SINGLE)
    found = document("check", "--json", str(program))
    assert found["ok"]
    assert {check["differences"] for check in found["checks"]} == {"float64"}
    narrow = SINGLE.replace("(data @ w + b).exp()", "(data @ w.float() + b.float()).exp()")
    program.write_text(narrow)
    done = gradcli("check", str(program))
    assert b"note: differences are of the program's own precision" in done.stdout


OVERFLOW = """\
import torch
x = torch.tensor([1.0, 100.0, 10.0], requires_grad=True)
y = torch.exp(x)
z = torch.tanh(10 * x)
"""


def test_single_precision_overflows_as_the_program_does(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(OVERFLOW)
    text = ok("check", str(program))
    assert "undefined here at [1]: the result is not finite" in text
    assert f"{program}:3:5: infinity begins here in `torch.exp(x)`" in text
    wide = ok("check", str(program), "--dtype", "float64")
    assert "undefined" not in wide


def test_runs_with_other_values_do_not_warn(tmp_path):
    """What replaces a leaf is a result in forward mode, of which the program knows nothing."""
    program = tmp_path / "p.grad"
    program.write_text(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = (x * x).sum()\n"
        "y.backward()\nprint(x.grad)\n"
    )
    done = gradcli("check", str(program))
    assert (done.returncode, done.stderr) == (0, b"")
    program.write_text(
        "import torch\nx = torch.tensor([1.0, 2.0], requires_grad=True)\ny = x * x\nprint(y.grad)\n"
    )
    done = gradcli("check", str(program))
    assert (done.returncode, done.stderr.count(b"UserWarning")) == (0, 1)  # the program's own


HALF = """import torch
from torch import nn
torch.manual_seed(0)
m = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.{kind}(), nn.Linear(8, 1)).{cast}()
x = torch.randn(5, 4).{cast}()
loss = (m(x) ** 2).mean()
"""


@pytest.mark.parametrize("kind", ["ReLU", "Tanh", "Sigmoid", "GELU"])
@pytest.mark.parametrize("cast", ["half", "bfloat16"])
def test_half_precision_is_compared_within_its_rounding(
    kind: str, cast: str, tmp_path: pathlib.Path
) -> None:
    """A module that the program narrows has no run in double precision."""
    (tmp_path / "p.grad").write_text(HALF.format(kind=kind, cast=cast))
    done = gradcli("check", str(tmp_path / "p.grad"))
    assert b"4 gradients checked, 0 wrong" in done.stdout


def test_a_wrong_backward_is_seen_in_half_precision(tmp_path: pathlib.Path) -> None:
    text = (
        "import torch\nclass Square(torch.autograd.Function):\n    @staticmethod\n"
        "    def forward(ctx, x):\n        ctx.save_for_backward(x)\n        return x * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        (x,) = ctx.saved_tensors\n"
        "        return g * x\nx = torch.tensor([1.0, -2.0]).half().requires_grad_()\n"
        "loss = Square.apply(x.half()).sum()\n"
    )
    (tmp_path / "p.grad").write_text(text)
    assert gradcli("check", str(tmp_path / "p.grad")).returncode == 1


SOFT = """import torch
class Soft(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, k):
        ctx.save_for_backward(x, w)
        ctx.k = k
        return torch.sigmoid(x @ w) * k
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        s = torch.sigmoid(x @ w)
        return {returned}, None
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([0.5, -0.25], requires_grad=True)
loss = (Soft.apply(x, w, 3.0) - 1) ** 2
y = Soft.apply(x, w, 2.0)
"""


def test_a_wrong_backward_stands_beside_the_derivative_of_its_forward(tmp_path: pathlib.Path):
    program = tmp_path / "program.grad"
    wrong = "g * s * w * ctx.k, g * s * (1 - s) * x * ctx.k"
    program.write_text(SOFT.format(returned=wrong))
    done = gradcli("check", str(program))
    text = done.stdout.decode()
    assert done.returncode == 1
    assert f"{program}:12:9: its backward returns `{wrong}, None`\n" in text
    formula = "6 * s * w * (3 * s - 1) * (1 - s), where s = sigmoid(x @ w)"
    assert f"its forward has d loss / d x = {formula}\n" in text
    assert "its forward has d y / d x = 2 * s * w * (1 - s), where s = sigmoid(x @ w)\n" in text
    assert "d w: 2 elements" in text and "/ d w =" not in text
    program.write_text(SOFT.format(returned=wrong.replace("s * w", "s * (1 - s) * w")))
    assert "its forward" not in ok("check", str(program))


def test_a_result_of_a_function_alone_has_no_formula_of_its_operations(tmp_path: pathlib.Path):
    program = tmp_path / "program.grad"
    program.write_text(SOFT.format(returned="g, g"))
    done = gradcli("grad", "-f", str(program), "--of", "y", "--formula")
    assert done.returncode == 5
    assert b"a Function's own backward" in done.stderr
