"""What PyTorch answered to the calls of one file, replayed with gradcli."""

from __future__ import annotations

import json
from pathlib import Path

import calls

import gradcli.torch as torch

GOLDENS = Path(__file__).parents[1] / "goldens"
RECORDED = json.loads((GOLDENS / "calls.json").read_text())


def differences(name: str) -> list[str]:
    """The programs of a file whose result is not PyTorch's."""
    prelude, *programs = (GOLDENS / "calls" / f"{name}.txt").read_text().splitlines()
    recorded = RECORDED[name]
    assert [record["src"] for record in recorded] == programs, (
        "other programs than recorded: run tests/goldens/record_calls.py"
    )
    wrong = []
    for record in recorded:
        found = calls.run(torch, prelude, record["src"])
        if found != record["result"]:
            wrong.append(f"{record['src']}\n  PyTorch: {record['result']}\n  gradcli: {found}")
    return wrong
