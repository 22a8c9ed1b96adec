"""Programs that want out of the language, or too much: each is refused, quickly and in words.

Each ends with the status of a syntax error, of an error that it
raised or of a limit, within two seconds of the timeout and 128 MiB of the memory it is allowed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "hostile").glob("*.grad"))
GROUPS = 8
TIMEOUT, MEMORY = 0.3, 128  # seconds and MiB that run_hostile.py allows


def test_there_are_many() -> None:
    assert len(PROGRAMS) >= 870


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
    wrong = [
        r
        for r in reports
        if r["status"] not in (3, 5, 6)
        or r["seconds"] > TIMEOUT + 2
        or r["mebibytes"] > MEMORY + 128
        or r["text"]
        or r["shown"]
    ]
    assert not wrong
