"""Optimizers over 200 steps reach what PyTorch's reach: float64 to 1e-12, float32 to its digits.

`record_long.py` made the records. A spread above rounding says that the steps themselves magnify a
rounding, in PyTorch as here; such a run is compared to a hundred times its spread.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from long_programs import OPTIMIZERS, SCHEDULES, apart, programs
from replay import replay

RECORDS: dict[str, dict[str, Any]] = json.loads(
    pathlib.Path(__file__).with_name("long.json").read_text("utf-8")
)
PROGRAMS = programs()

# Whose kernels multiply, add and divide one after another, each with one rounding; those of the
# others contract a product with a sum in a vector's lanes and not in what is left of it, or sum.
EXACT = frozenset(["sgd", "adamax", "radam_decay", "rprop", "asgd", "muon"])
INEXACT = frozenset(["sgd_fused"])

# Runs where a rounding at one place alone becomes visible, so that no spread foretells it: Muon
# iterates in bfloat16, and RMSprop divides a vanishing gradient by its own vanishing root.
BENT = {"muon/plateau/float64": 1e-9, "rmsprop_foreach/linear/float64": 1e-9}


def is_exact(optimizer: str) -> bool:
    """Whether every digit of float32 is PyTorch's."""
    family = optimizer.partition("_")[0]
    return optimizer not in INEXACT and (family in EXACT or optimizer in EXACT)


@pytest.mark.parametrize("name", PROGRAMS)
def test_two_hundred_steps(name: str) -> None:
    record = RECORDS[name]
    (ours,) = replay([PROGRAMS[name]])
    assert ours["error"] is None
    optimizer, _, dtype = name.split("/")
    if dtype == "float32" and is_exact(optimizer):
        assert ours["out"] == record["out"]
    else:
        near = BENT.get(name, 1e-12) if dtype == "float64" else 2e-6
        assert apart(ours["out"], record["out"]) <= max(near, 100 * record["spread"])


def test_most_runs_are_steady() -> None:
    steady = [n for n in RECORDS if n.endswith("float64") and RECORDS[n]["spread"] <= 1e-14]
    assert len(steady) >= 0.85 * len(RECORDS) / 2


def test_every_optimizer_and_schedule_is_here() -> None:
    assert RECORDS.keys() == PROGRAMS.keys()
    assert {name.split("/")[0] for name in RECORDS} == OPTIMIZERS.keys()
    assert {name.split("/")[1] for name in RECORDS} == SCHEDULES.keys()
