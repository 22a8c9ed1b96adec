"""Programs that want out of the language, or too much: each is refused, quickly and in words.

They run in a few processes; a crash of one of these fails the test with the program's name.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "hostile").glob("*.grad"))
GROUPS = 6


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 300


@pytest.mark.parametrize("group", range(GROUPS))
def test_refused(group: int) -> None:
    paths = PROGRAMS[group::GROUPS]
    done = subprocess.run(
        [sys.executable, str(HERE / "run_hostile.py"), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["name"] for r in reports] == [p.stem for p in paths], done.stderr[-2000:]
    assert done.returncode == 0
    wrong = [r for r in reports if not r["error"] or r["seconds"] > 3.5 or r["text"]]
    assert not wrong
    assert reports[-1]["mebibytes"] < 500
