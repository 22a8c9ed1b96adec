"""The JSON Schemas of what gradcli writes, shipped with the package."""

from __future__ import annotations

import json
import os
from typing import Any

DIRECTORY = os.path.join(os.path.dirname(__file__), "schema")

NAMES = (
    *("grad", "jvp", "vjp", "jacobian", "hessian", "hvp"),
    *("minimize", "solve"),
    *("eval", "check", "explain", "graph", "ops", "error"),
)


def schema(name: str) -> dict[str, Any]:
    """The schema of a command's output, or of `error`. Raises KeyError for other names."""
    if name not in NAMES:
        raise KeyError(name)
    with open(os.path.join(DIRECTORY, f"{name}.json"), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found
