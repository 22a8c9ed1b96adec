"""The signature of the call under the cursor."""

from __future__ import annotations

from typing import Any


def hint(shell: Any, text: str, bar: str) -> Any:
    return None
