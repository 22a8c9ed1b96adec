"""Record what PyTorch prints for random programs that mix NumPy's values, tensors and scalars.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_mixed.py                     the sample that the tests read
    python tests/goldens/record_mixed.py FILE COUNT SEED     fresh programs, to compare with

`test_mixed.py FILE`, run with gradcli's interpreter, says how many of them differ.
"""

from __future__ import annotations

import pathlib
import sys

from mixed_programs import program
from record_programs import record_seeds, write_seeds

SAMPLE = pathlib.Path(__file__).with_name("mixed.json")


def main(target: pathlib.Path = SAMPLE, count: str = "120", seed: str = "0") -> None:
    """Record `count` programs from `seed` on."""
    seeds = range(int(seed), int(seed) + int(count))
    records = record_seeds(program, seeds)
    write_seeds(pathlib.Path(target), records)
    used = {what for one in seeds for what in program(one)[0]}
    print(f"{len(records)} programs, {len(used)} constructs")


if __name__ == "__main__":
    main(*sys.argv[1:])
