"""Random programs of torch.func print and raise what PyTorch did; see `record_transforms.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from replay import compare
from transform_programs import COUNT, SEED, programs

RECORDS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("transforms.json").read_text(encoding="utf-8")
)

# Where PyTorch fails at a derivative that exists, by what it says.
PYTORCH_FAILS = {
    "RuntimeError: one of the variables needed for gradient computation has been modified by an "
    "inplace operation": "the third derivative of a norm",
    "RuntimeError: The size of tensor a (": "vmap twice over the gradient of mse or smooth_l1",
}


def fails(record: dict[str, Any]) -> bool:
    """Whether PyTorch failed where there is an answer."""
    return any(str(record["error"]).startswith(sentence) for sentence in PYTORCH_FAILS)


@pytest.mark.parametrize("number", [n for n, record in enumerate(RECORDS) if not fails(record)])
def test_program(number: int) -> None:
    compare(f"program {number}", [RECORDS[number]])


def test_the_record_is_that_of_the_present_generator() -> None:
    assert [record["src"] for record in RECORDS] == programs(SEED, COUNT)[0]
    assert sum(map(fails, RECORDS)) <= 0.03 * len(RECORDS)
