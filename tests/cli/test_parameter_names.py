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
