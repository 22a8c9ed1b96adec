"""Record what PyTorch prints for random programs of torch.nn and torch.optim.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_models.py                     the sample that the tests read
    python tests/goldens/record_models.py FILE COUNT SEED     fresh programs, to compare with

`test_models.py FILE`, run with gradcli's interpreter, says how many of them differ.
"""

from __future__ import annotations

import json
import multiprocessing
import pathlib
import sys

from model_programs import counted, program
from record_programs import run_program

SAMPLE = pathlib.Path(__file__).with_name("models.json")


def recorded(seed: int) -> list[dict[str, str | None]]:
    """The record of one program."""
    _, blocks = program(seed)
    return run_program("# ---\n".join(blocks))


def main(target: pathlib.Path = SAMPLE, count: str = "60", seed: str = "0") -> None:
    """Record `count` programs from `seed` on."""
    seeds = range(int(seed), int(seed) + int(count))
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=100) as pool:
        records = dict(zip(map(str, seeds), pool.imap(recorded, seeds), strict=True))
    for record in records.values():
        del record[0]["src"]  # the header, which is the same in all
    pathlib.Path(target).write_text(
        json.dumps(records, indent=0, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(f"{len(records)} programs; {counted(seeds)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
