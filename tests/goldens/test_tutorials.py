"""The tutorials that the project was asked to run, when their record is beside the checkout."""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any

import pytest
from replay import normalise, replay

RECORD = pathlib.Path(__file__).resolve().parents[3] / "shared" / "seeds" / "programs.json"
IDENTITY = re.compile(r"\b\d{12,}\b")  # what `id()` printed


def documents() -> dict[str, list[dict[str, Any]]]:
    """Blocks of each document; none where the record is not there."""
    if not RECORD.exists():
        return {}
    found: dict[str, list[dict[str, Any]]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def comparable(text: str) -> str:
    """Text with addresses gone and identities numbered by first appearance."""
    numbers: dict[str, str] = {}
    return IDENTITY.sub(
        lambda match: numbers.setdefault(match[0], f"id{len(numbers)}"), normalise(text)
    )


@pytest.mark.parametrize("name", documents())
def test_document(name: str) -> None:
    record = documents()[name]
    for block, ours in zip(record, replay(block["src"] for block in record), strict=True):
        assert comparable(ours["out"]) == comparable(block["out"]), block["src"]
        assert ours["error"] == block["error"], block["src"]
