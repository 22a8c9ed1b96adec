"""Sums, means, variances and evenly spaced numbers have PyTorch's digits, every one.

`record_sums.py` made the record. `python tests/goldens/test_digits.py FILE` runs a fresh one.
"""

from __future__ import annotations

import json
import pathlib
import sys
import warnings
from typing import Any

import pytest
from record_sums import TARGET, answer

from gradcli import torch

GROUPS = 10


def differing(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases whose result is not the recorded one, with ours."""
    found = []
    for case in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ours = answer(torch, case)
        if any(case[key] != value for key, value in ours.items()):
            found.append({**case, "ours": ours})
    return found


RECORDED = json.loads(TARGET.read_text(encoding="utf-8"))


@pytest.mark.parametrize("group", range(GROUPS))
def test_digits(group: int) -> None:
    assert differing(RECORDED[group::GROUPS]) == []


def test_every_function_and_dtype_is_recorded() -> None:
    assert {case["function"] for case in RECORDED} > {"sum", "mean", "var", "linspace", "arange"}
    assert {case["dtype"] for case in RECORDED} > {"float16", "bfloat16", "float32", "complex64"}


if __name__ == "__main__":
    for path in sys.argv[1:]:
        cases = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        wrong = differing(cases)
        for case in wrong:
            print(json.dumps(case))
        print(f"{path}: {len(cases)} cases, {len(wrong)} differ")
