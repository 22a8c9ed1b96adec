"""Random programs of torch.nn and torch.optim print what PyTorch printed.

`record_models.py` made the records. Run as a script, this compares records of fresh programs.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

import pytest
from model_programs import counted, program
from replay import replay

HERE = pathlib.Path(__file__).resolve().parent
Records = dict[str, list[dict[str, Any]]]


def read(path: pathlib.Path) -> Records:
    """The records by seed."""
    found: Records = json.loads(path.read_text(encoding="utf-8"))
    return found


SAMPLE = read(HERE / "models.json")


def differences(seed: str, record: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Source, PyTorch's and our result of every block that differs."""
    _, blocks = program(int(seed))
    return [
        (
            src,
            (theirs["out"] or "") + (theirs["error"] or ""),
            mine["out"] + str(mine["error"] or ""),
        )
        for src, theirs, mine in zip(blocks, record, replay(blocks), strict=True)
        if (theirs["out"], theirs["error"]) != (mine["out"], mine["error"])
    ]


@pytest.mark.parametrize("seed", SAMPLE)
def test_program(seed: str) -> None:
    assert not differences(seed, SAMPLE[seed])


def test_records_are_of_the_present_programs() -> None:
    for seed, record in SAMPLE.items():
        assert [block["src"] for block in record[1:]] == program(int(seed))[1][1:]


def main(path: str) -> None:
    """Compare a file of records, and say how many programs differ and what they used."""
    records = read(pathlib.Path(path))
    differing = blocks = 0
    for seed, record in records.items():
        found = differences(seed, record)
        differing += bool(found)
        blocks += len(found)
        for src, theirs, mine in found:
            print(f"--- {seed}\n{src}PyTorch: {theirs}\ngradcli: {mine}")
    print(
        f"{differing} of {len(records)} programs differ, {blocks} blocks of "
        f"{sum(len(record) for record in records.values())}; {counted(map(int, records))}"
    )


if __name__ == "__main__":
    main(sys.argv[1])
