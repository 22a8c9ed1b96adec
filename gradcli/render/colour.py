"""Whether text for a terminal is coloured."""

from __future__ import annotations

import os
from typing import Any


def colour(when: str, stream: Any) -> bool:
    """Whether messages on `stream` are coloured.

    `--color` decides, then NO_COLOR, then FORCE_COLOR, then TERM=dumb, then the terminal.
    """
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return os.environ.get("TERM") != "dumb" and bool(stream.isatty())
