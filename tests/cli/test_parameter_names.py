"""What the command line says of the parameters of modules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import torch
from torch import nn

model = nn.Sequential(nn.Linear(2, 1), nn.ReLU())
same = model
other = nn.Linear(1, 1, bias=False)
frozen = nn.Linear(1, 1).requires_grad_(False)
weight = other.weight
for parameter in [*model.parameters(), *other.parameters()]:
    nn.init.ones_(parameter)
del parameter
x = torch.ones(2, requires_grad=True)
(other(model(x)) * 2).sum().backward()
"""


def gradcli(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from gradcli.cli.main import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_parameters_have_dotted_names(tmp_path: Path) -> None:
    path = tmp_path / "program.grad"
    path.write_text(PROGRAM, "utf-8")
    answer = json.loads(gradcli("eval", "--json", str(path)).stdout)
    assert answer["grads"] == {
        "weight": [[6.0]],
        "x": [2.0, 2.0],
        "model.0.weight": [[2.0, 2.0]],
        "model.0.bias": [2.0],
    }
    narrowed = gradcli("eval", "--json", "--wrt", "model.0.bias", str(path))
    assert json.loads(narrowed.stdout)["grads"] == {"model.0.bias": [2.0]}
    missing = gradcli("eval", "--json", "--wrt", "model.0.bais", str(path))
    assert (missing.returncode, "did you mean `model.0.bias`?" in missing.stderr) == (2, True)


def test_parameters_are_asked_about_by_dotted_names(tmp_path: Path) -> None:
    path = tmp_path / "program.grad"
    path.write_text(PROGRAM + "y = model(x).sum()\n", "utf-8")
    every = gradcli("why", str(path)).stdout
    for name in ("weight", "x", "model.0.weight", "model.0.bias"):
        assert f"{name}.grad has" in every
    assert "frozen" not in every and "same" not in every
    assert "model.0.bias.grad has 1" in gradcli("why", "--wrt", "model.0.bias", str(path)).stdout
    lines = gradcli("explain", str(path)).stdout.splitlines()
    assert "  dy/dmodel.0.bias = tensor([1.])" in lines
    assert "  dy/dweight = None" in lines
    one = gradcli("explain", "--wrt", "model.0.weight", str(path)).stdout
    assert "  dy/dmodel.0.weight = tensor([[1., 1.]])" in one
    path.write_text(
        "import torch\nfrom torch import nn\n"
        "net = nn.ModuleDict({'one': nn.Linear(1, 1), 'two': nn.Linear(1, 1)})\n",
        "utf-8",
    )
    short = gradcli("why", "--wrt", "two.bias", str(path))
    assert (short.returncode, "did you mean `net.two.bias`?" in short.stderr) == (2, True)


def test_parameters_are_checked(tmp_path: Path) -> None:
    """Each as a leaf of its own, shared ones once, and what is wrong is found in them too."""
    path = tmp_path / "program.grad"
    path.write_text(
        "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.cell = nn.LSTM(2, 3)\n"
        "        self.first = nn.Linear(3, 3)\n"
        "        self.norm = nn.BatchNorm1d(3)\n"
        "        self.again = self.first\n"
        "    def forward(self, x):\n"
        "        h, _ = self.cell(x)\n"
        "        return self.norm(self.again(self.first(h[-1])))\n"
        "net = Net()\nx = torch.randn(5, 4, 2, requires_grad=True)\n"
        "y = (net(x) ** 3).mean()\n",
        "utf-8",
    )
    answer = json.loads(gradcli("check", "--json", str(path)).stdout)
    assert [check["input"] for check in answer["checks"]] == [
        *(f"net.cell.{kind}_l0" for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
        *("net.first.weight", "net.first.bias", "net.norm.weight", "net.norm.bias", "x"),
    ]
    assert answer["ok"] and {check["differences"] for check in answer["checks"]} == {"float64"}
    path.write_text(
        "import torch\n"
        "class Triple(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, a):\n"
        "        return a * 2\n"
        "    @staticmethod\n"
        "    def backward(ctx, g):\n"
        "        return g * 3\n"
        "net = torch.nn.Linear(2, 1)\n"
        "y = Triple.apply(net(torch.ones(1, 2))).sum()\n",
        "utf-8",
    )
    wrong = gradcli("check", str(path), "--wrt", "net.bias")
    assert wrong.returncode == 1
    assert "WRONG  d y / d net.bias at [0]: gradient 3, differences 2" in wrong.stdout
    path.write_text(path.read_text("utf-8") + "y.backward()\n", "utf-8")
    assert gradcli("check", str(path)).returncode == 1  # the graph was there when y was bound
    path.write_text(
        "import torch\nnet = torch.nn.Linear(1, 1)\nfor step in range(2):\n"
        "    loss = net(torch.ones(1)).sum()\n    loss.backward()\n",
        "utf-8",
    )
    freed = gradcli("check", str(path))
    assert (freed.returncode, "freed the graph of `loss`" in freed.stderr) == (2, True)


def test_parameters_are_differentiated_by(tmp_path: Path) -> None:
    """The gradients of `grad -f` are those that a pass leaves, also one record after another."""
    path, passed = tmp_path / "program.grad", tmp_path / "passed.grad"
    text = PROGRAM.rpartition("(other(")[0] + "loss = (other(model(x)) * 2).sum()\n"
    path.write_text(text, "utf-8")
    passed.write_text(f"{text}loss.backward()\n", "utf-8")
    wanted = json.loads(gradcli("eval", "--json", str(passed)).stdout)["grads"]
    assert json.loads(gradcli("grad", "-f", str(path), "--of", "loss").stdout)["grads"] == wanted
    one = gradcli("grad", "-f", str(path), "--of", "loss", "--wrt", "model.0.bias", "-c")
    assert json.loads(one.stdout)["grads"] == {"model.0.bias": wanted["model.0.bias"]}
    along = gradcli("jvp", "-f", str(path), "--of", "loss", "--tangent", "model.0.bias=[0.5]")
    assert json.loads(along.stdout)["jvp"] == wanted["model.0.bias"][0] / 2
    again = gradcli("grad", "-f", str(passed), "--of", "loss")
    assert again.returncode == 5
    assert "error: RuntimeError: Trying to backward through the graph a second time" in again.stderr
    assert "passed.grad:15:1 freed it: retain_graph=True there keeps it" in again.stderr


def test_parameters_are_listed_as_named_parameters_lists_them(tmp_path: Path) -> None:
    path = tmp_path / "program.grad"
    path.write_text(
        """
import torch
from torch import nn

model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.PReLU()), nn.Linear(2, 1))
model(torch.ones(2)).sum()
""",
        "utf-8",
    )
    lines = gradcli("check", str(path)).stdout.splitlines()
    checked = [line.partition(" / d ")[2].partition(":")[0] for line in lines if " / d " in line]
    names = ("0.weight", "0.bias", "1.0.weight", "1.0.bias", "1.1.weight", "2.weight", "2.bias")
    assert checked == [f"model.{name}" for name in names]
