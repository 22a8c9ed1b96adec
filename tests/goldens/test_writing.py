"""Random programs of views, writes in place, indices and passes print what PyTorch printed.

`record_writing.py` made the records. Run as a script, this compares records of fresh programs.
"""

from __future__ import annotations

import json
import pathlib
import sys
from difflib import unified_diff

import pytest
from replay import replay
from writing_programs import program

HERE = pathlib.Path(__file__).resolve().parent
SAMPLE: dict[str, list[str | None]] = json.loads(
    (HERE / "writing.json").read_text(encoding="utf-8")
)


def difference(seed: str, record: list[str | None]) -> str:
    """What a program prints that PyTorch does not, and the other way round."""
    text = program(int(seed))[1]
    (ours,) = replay([text])
    theirs = [*str(record[0]).splitlines(), f"ends: {record[1]}"]
    found = [*ours["out"].splitlines(), f"ends: {ours['error']}"]
    return "\n".join(unified_diff(theirs, found, "PyTorch", "gradcli", n=0, lineterm=""))


@pytest.mark.parametrize("seed", SAMPLE)
def test_program(seed: str) -> None:
    assert not difference(seed, SAMPLE[seed]), program(int(seed))[1]


def main(path: str) -> None:
    """Compare a file of records and say how many programs differ."""
    records = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    differing = 0
    for seed, record in records.items():
        found = difference(seed, record)
        differing += bool(found)
        if found:
            print(f"---- {seed}\n{program(int(seed))[1]}\n{found}")
    used = {what for seed in records for what in program(int(seed))[0]}
    print(f"{differing} of {len(records)} programs differ; {len(used)} constructs used")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main(sys.argv[1])
