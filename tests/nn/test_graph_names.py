"""Graphs call parameters by their dotted names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 2)
        self.body = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
        self.scale = nn.Parameter(torch.ones(1))

    def named_parameters(self, *args, **kwargs):
        raise RuntimeError("names are given without calling a program's methods")

    def forward(self, x):
        return (self.body(self.fc1(x)) * self.scale).sum()


{made}
loss = net(torch.ones(2))
loss
"""
NAMES = {"scale", "fc1.weight", "fc1.bias", "body.0.weight", "body.0.bias"}


def gradcli(command: str, program: str, folder: Path) -> str:
    path = folder / "program.grad"
    path.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from gradcli.cli.main import main; main()", command, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("made", "prefix"),
    [("net = Net()", "net."), ("net = nn.Sequential(nn.Sequential(Net()))", "net.0.0.")],
)
def test_leaves_have_dotted_names(made: str, prefix: str, tmp_path: Path) -> None:
    shown = gradcli("graph", PROGRAM.format(made=made), tmp_path)
    assert set(re.findall(r"(\S+)  leaf", shown)) == {prefix + name for name in NAMES}


def test_a_part_that_is_not_initialised_is_taken_as_it_is(tmp_path: Path) -> None:
    program = (
        "from torch import nn\nclass Part(nn.Module):\n    def __init__(self):\n        pass\n"
        "net = nn.Module()\nnet.part = Part()\nprint(type(net.part).__name__)\n"
    )
    assert gradcli("eval", program, tmp_path) == "Part\n"
