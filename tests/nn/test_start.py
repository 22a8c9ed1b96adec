"""Nothing of torch.nn, optim, distributions or utils.data is loaded before a program names it."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = (
    "import sys; from gradcli.language.interpreter import Session, compile_program; "
    "Session(stdout=print).run(compile_program({program!r}, mode='python')); "
    "print(sorted(name for name in sys.modules "
    "if name.startswith(('gradcli.nn', 'gradcli.optim', 'gradcli.data', 'gradcli.distributions'))))"
)


def loaded_by(program: str) -> str:
    """The modules of those floors that a program loads, as a list in a text."""
    found = subprocess.run(
        [sys.executable, "-c", LOADED.format(program=program)],
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "program",
    [
        "import torch",
        "import torch.nn as nn",
        "import torch.optim as optim",
        "from torch.optim import lr_scheduler",
        "import torch.utils.data as data",
        "import torch.distributions as distributions",
        "from torch.distributions import constraints, kl",
        "import torch.nn.functional as F\nF.relu(torch.ones(1)) if False else None",
        "import torch\nx = torch.ones(2, requires_grad=True)\n(x ** 2).sum().backward()",
    ],
)
def test_nothing_is_loaded(program: str) -> None:
    assert loaded_by(program) == "[]"


def test_a_layer_loads_its_family_only() -> None:
    program = "import torch.nn as nn\nlayer = nn.Linear(1, 1)"
    loaded = loaded_by(program)
    assert "gradcli.nn.linear" in loaded
    assert "gradcli.nn.recurrent" not in loaded
    assert "gradcli.nn.transformer" not in loaded


def test_an_optimizer_loads_its_family_only() -> None:
    program = "import torch\noptimizer = torch.optim.SGD([torch.ones(1)])"
    loaded = loaded_by(program)
    assert "gradcli.optim.sgd" in loaded
    assert "gradcli.optim.adam" not in loaded
    assert "gradcli.optim.lbfgs" not in loaded


def test_a_divergence_loads_the_families_of_normals_only() -> None:
    program = (
        "from torch.distributions import Normal, kl_divergence\n"
        "kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))"
    )
    loaded = loaded_by(program)
    assert "gradcli.distributions.normal" in loaded
    assert "gradcli.distributions.beta" not in loaded
    assert "gradcli.distributions.wishart" not in loaded
    assert "gradcli.nn" not in loaded
