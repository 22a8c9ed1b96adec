"""After up to 200 steps an optimizer is where PyTorch's is: in float64 to 1e-12 of the largest
parameter, in float32 to the last digit but for those in ROUNDED."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
from optimizer_runs import CHECKPOINTS, RUNS, key, program
from replay import replay

import gradcli.torch as torch

RECORDS = json.loads(pathlib.Path(__file__).with_name("runs.json").read_text(encoding="utf-8"))

# In float32, relative to the largest parameter. PyTorch's square root is that of a library which
# is off by one in the last digit for a fifth of all numbers, and ours is right; sums and products
# of matrices have the order of a machine's kernels.
_ROOTS = ("Adam", "AdamW", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop")
NOT_RUN = {"Optimizer", "LRScheduler", "SparseAdam"}  # the bases, and what is refused by name
ROUNDED = {**dict.fromkeys(_ROOTS, 1e-5), "Adafactor": 1e-5, "LBFGS": 1e-4, "Muon": 1e-2}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("run", RUNS, ids=" ".join)
def test_run(run: tuple[str, str, str], dtype: str) -> None:
    (block,) = replay([program(*run, dtype)])
    assert block["error"] is None
    found = [json.loads(line) for line in block["out"].splitlines()]
    expected = RECORDS[key(*run, dtype)]
    assert len(found) == len(expected) == len(CHECKPOINTS)
    within = 1e-12 if dtype == "float64" else ROUNDED.get(run[0], 0)
    for step, mine, theirs in zip(CHECKPOINTS, found, expected, strict=True):
        difference = np.max(np.abs(np.subtract(mine, theirs)))
        assert difference <= within * np.max(np.abs(theirs)), (step, difference)


def test_every_optimizer_and_every_schedule_runs() -> None:
    named = " ".join(map(" ".join, RUNS))
    for module in (torch.optim, torch.optim.lr_scheduler):
        for name in dir(module):
            if isinstance(getattr(module, name), type) and name not in NOT_RUN:
                assert f"{name}(" in f"{named}(" or f"{name} " in named, name
