"""The JSON Schemas of what gradcli writes, shipped with the package."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIRECTORY = os.path.join(os.path.dirname(__file__), "schema")

NAMES = (
    *("grad", "jvp", "vjp", "jacobian", "hessian", "hvp"),
    *("minimize", "solve"),
    *("eval", "check", "explain", "graph", "ops", "error"),
)

_FILES = {"minimize": "search", "solve": "search"}  # what is answered in one form


def schema(name: str) -> dict[str, Any]:
    """The schema of a command's output, or of `error`. Raises KeyError for other names."""
    import json

    if name not in NAMES:
        raise KeyError(name)
    with open(os.path.join(DIRECTORY, f"{_FILES.get(name, name)}.json"), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found | {"title": f"gradcli {name}"} if name in _FILES else found
