"""Random programs of NumPy's values, tensors and scalars print what PyTorch printed.

`record_mixed.py` made the records. Run as a script, this compares records of fresh programs.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections import Counter
from typing import Any

import pytest
from mixed_programs import program
from replay import replay

HERE = pathlib.Path(__file__).resolve().parent
Records = dict[str, list[dict[str, Any]]]


def read(path: pathlib.Path) -> Records:
    """The records by seed."""
    found: Records = json.loads(path.read_text(encoding="utf-8"))
    return found


SAMPLE = read(HERE / "mixed.json")

# Constructs that are known to differ, as a pattern of their names, and why.
KNOWN = {
    r"F\.hardtanh|torch\.clamp|t\.norm": "complex keywords of real functions",
    r"t\.masked_fill": "the order of two shapes in a sentence",
    r"torch\.Tensor\(": "PyTorch shows memory that nothing was written to",
}


def differences(seed: str, record: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Construct, source, PyTorch's and our result of every block that differs."""
    constructs, blocks = program(int(seed))
    ours = replay(blocks)
    return [
        (
            what,
            src,
            (theirs["out"] or "") + (theirs["error"] or ""),
            mine["out"] + str(mine["error"] or ""),
        )
        for what, src, theirs, mine in zip(
            ["header", *constructs], blocks, record, ours, strict=True
        )
        if (theirs["out"], theirs["error"]) != (mine["out"], mine["error"])
    ]


@pytest.mark.parametrize("seed", SAMPLE)
def test_mixed_program(seed: str) -> None:
    found = differences(seed, SAMPLE[seed])
    assert not [one for one in found if not any(re.match(known, one[0]) for known in KNOWN)]


def test_records_are_of_the_present_programs() -> None:
    for seed, record in SAMPLE.items():
        assert [block["src"] for block in record[1:]] == program(int(seed))[1][1:]


def main(path: str) -> None:
    """Compare a file of records and say how many programs differ, and in which constructs."""
    records = read(pathlib.Path(path))
    differing = 0
    where: Counter[str] = Counter()
    for seed, record in records.items():
        found = differences(seed, record)
        differing += bool(found)
        for what, src, theirs, mine in found:
            where[what] += 1
            print(f"--- {seed} {what}\n{src}PyTorch: {theirs}\ngradcli: {mine}")
    used = {what for seed in records for what in program(int(seed))[0]}
    print(
        f"{differing} of {len(records)} programs differ, {sum(where.values())} blocks of "
        f"{sum(len(record) - 1 for record in records.values())}; {len(used)} constructs used"
    )


if __name__ == "__main__":
    main(sys.argv[1])
