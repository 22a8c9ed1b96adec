"""Random programs of torch.nn and torch.optim print what PyTorch printed.

`record_models.py` made the records. Run as a script, this compares records of fresh programs.
"""

from __future__ import annotations

import pathlib
import sys

import pytest
from model_programs import counted, program
from replay import differences, read

SAMPLE = read(pathlib.Path(__file__).with_name("models.json"))


@pytest.mark.parametrize("seed", SAMPLE)
def test_program(seed: str) -> None:
    assert not differences(program(int(seed))[1], SAMPLE[seed])


def test_records_are_of_the_present_programs() -> None:
    for seed, record in SAMPLE.items():
        assert [block["src"] for block in record[1:]] == program(int(seed))[1][1:]


def main(path: str) -> None:
    """Compare a file of records, and say how many programs differ and what they used."""
    records = read(pathlib.Path(path))
    differing = blocks = 0
    for seed, record in records.items():
        texts = program(int(seed))[1]
        found = differences(texts, record)
        differing += bool(found)
        blocks += len(found)
        for number, theirs, mine in found:
            print(f"--- {seed}\n{texts[number]}PyTorch: {theirs}\ngradcli: {mine}")
    print(
        f"{differing} of {len(records)} programs differ, {blocks} blocks of "
        f"{sum(len(record) for record in records.values())}; {counted(map(int, records))}"
    )


if __name__ == "__main__":
    main(sys.argv[1])
