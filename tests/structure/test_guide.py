"""The guide to the package names files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "gradcli" / "README.md").read_text(encoding="utf-8")
MADE = "language/syntax/grad.tables"  # by the first run; not in the repository

PATHS = sorted(
    {
        path
        for path in re.findall(r"[\w./*]*/[\w./*]+|\b[a-z]\w+\.py\b", GUIDE)
        if path[0] not in "./" and "NAME" not in path and "AREA" not in path and path != MADE
    }
)


@pytest.mark.parametrize("path", PATHS)
def test_what_the_guide_names_exists(path: str) -> None:
    """Below the package or the project; a bare file name anywhere in them."""
    if "/" in path:
        places = [ROOT, ROOT / "gradcli"]
    else:
        places = [ROOT / "gradcli", ROOT / "tests"]
        path = f"**/{path}"
    assert any(next(place.glob(path.rstrip("/")), None) for place in places), path


def test_the_guide_fits_a_few_screens() -> None:
    assert len(GUIDE.splitlines()) <= 150


def test_the_guide_names_every_floor() -> None:
    floors = {path.parent.name for path in (ROOT / "gradcli").glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)`", GUIDE[: GUIDE.index("Within four floors")]))
    assert floors <= named
