"""Record what PyTorch prints for random programs of torch.nn and torch.optim.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_models.py                     the sample that the tests read
    python tests/goldens/record_models.py FILE COUNT SEED     fresh programs, to compare with

`test_models.py FILE`, run with gradcli's interpreter, says how many of them differ.
"""

from __future__ import annotations

import pathlib
import sys

from model_programs import counted, program
from record_programs import record_seeds, write_seeds

SAMPLE = pathlib.Path(__file__).with_name("models.json")


def main(target: pathlib.Path = SAMPLE, count: str = "60", seed: str = "0") -> None:
    """Record `count` programs from `seed` on."""
    seeds = range(int(seed), int(seed) + int(count))
    records = record_seeds(program, seeds)
    write_seeds(pathlib.Path(target), records)
    print(f"{len(records)} programs; {counted(seeds)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
