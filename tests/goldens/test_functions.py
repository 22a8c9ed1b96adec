"""Generated programs with custom Functions and hooks print what PyTorch printed.

`record_functions.py` made functions.json, a sample of what `function_programs.py` writes; these
tests read it and never need PyTorch.
"""

from __future__ import annotations

import json
import pathlib

import pytest
from function_programs import generate
from replay import compare

RECORDS = json.loads(
    (pathlib.Path(__file__).resolve().parent / "functions.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("number", range(len(RECORDS)))
def test_program(number: int) -> None:
    compare(f"program {number}", [RECORDS[number]])


def test_records_are_of_the_programs_that_the_generator_writes_today() -> None:
    known = {generate(seed)[0] for seed in range(2 * len(RECORDS))}
    assert RECORDS
    assert all(record["src"] in known for record in RECORDS)
