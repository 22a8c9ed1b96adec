"""Random programs of NumPy's values, tensors and scalars print what PyTorch printed.

`record_mixed.py` made the records. Run as a script, this compares records of fresh programs.
"""

from __future__ import annotations

import pathlib
import re
import sys
from collections import Counter

import pytest
from mixed_programs import program
from replay import Block, differences, read

SAMPLE = read(pathlib.Path(__file__).with_name("mixed.json"))

# Constructs that are known to differ, as a pattern of their names, and why.
KNOWN = {
    r"F\.hardtanh|torch\.clamp|t\.norm": "complex keywords of real functions",
    r"t\.masked_fill": "the order of two shapes in a sentence",
    r"torch\.Tensor\(": "PyTorch shows memory that nothing was written to",
}


def found_in(seed: str, record: list[Block]) -> list[tuple[str, str, str, str]]:
    """Construct, source, PyTorch's and our result of every block that differs."""
    constructs, blocks = program(int(seed))
    named = ["header", *constructs]
    return [(named[n], blocks[n], *both) for n, *both in differences(blocks, record)]


@pytest.mark.parametrize("seed", SAMPLE)
def test_mixed_program(seed: str) -> None:
    found = found_in(seed, SAMPLE[seed])
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
        found = found_in(seed, record)
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
