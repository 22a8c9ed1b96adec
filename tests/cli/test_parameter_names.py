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


def test_a_program_without_leaves_of_its_own_has_nothing_to_check(tmp_path: Path) -> None:
    path = tmp_path / "program.grad"
    path.write_text("import torch\ny = torch.nn.Linear(1, 1)(torch.ones(1)).sum()\n", "utf-8")
    answer = gradcli("check", str(path))
    assert (answer.returncode, "there is no gradient to check" in answer.stderr) == (2, True)


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


def test_what_check_says_of_parameters(tmp_path: Path) -> None:
    path = tmp_path / "program.grad"
    path.write_text(
        "import torch\nm = torch.nn.Linear(1, 1)\ny = m(torch.ones(1)).sum()\n", "utf-8"
    )
    assert (
        "torch.func.functional_call(model, {'weight': w}, (x,))"
        in gradcli("check", str(path)).stderr
    )
    path.write_text(
        "import torch\nm = torch.nn.Linear(2, 1)\nw = torch.ones(1, 2, requires_grad=True)\n"
        "y = torch.func.functional_call(m, {'weight': w}, (torch.ones(3, 2),)).pow(2).sum()\n",
        "utf-8",
    )
    assert gradcli("check", str(path)).stdout.startswith("ok     d y / d w: 2 elements")
