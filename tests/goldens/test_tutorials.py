"""The tutorials that the project was asked to run, when their record is beside the checkout."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from replay import compare

RECORD = pathlib.Path(__file__).resolve().parents[3] / "shared" / "seeds" / "programs.json"


def documents() -> dict[str, list[dict[str, Any]]]:
    """Blocks of each document; none where the record is not there."""
    if not RECORD.exists():
        return {}
    found: dict[str, list[dict[str, Any]]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", documents())
def test_document(name: str) -> None:
    compare(name, documents()[name])
