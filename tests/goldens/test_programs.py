"""Whole programs print and raise what PyTorch printed and raised when they were recorded.

`record_programs.py` made the records; these tests read them and never need PyTorch.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from replay import VERSIONS, compare

HERE = pathlib.Path(__file__).resolve().parent
SEPARATOR = "# ---\n"


def recorded() -> dict[str, list[dict[str, Any]]]:
    """Every record, as `area/program`."""
    found = {}
    for path in sorted(HERE.glob("programs/*.json")):
        for name, record in json.loads(path.read_text(encoding="utf-8")).items():
            found[f"{path.stem}/{name}"] = record
    return found


RECORDED = recorded()


@pytest.mark.parametrize("name", RECORDED)
def test_program(name: str) -> None:
    compare(name, RECORDED[name])


def test_every_program_has_a_record_of_its_present_text() -> None:
    texts = {
        f"{path.parent.name}/{path.stem}": path.read_text(encoding="utf-8")
        for path in HERE.glob("programs/*/*.grad")
    }
    assert texts
    assert texts == {
        name: SEPARATOR.join(block["src"] for block in record) for name, record in RECORDED.items()
    }


def test_versions_change_what_is_recorded() -> None:
    for change in VERSIONS:
        blocks = [b for b in RECORDED[change["program"]] if change["block"] in b["src"]]
        assert change["was"] != change["now"]
        assert any(change["was"] in f"{b['out']}\n{b['error']}" for b in blocks), change
