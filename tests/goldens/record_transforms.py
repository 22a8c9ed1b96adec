"""Record what PyTorch prints for random programs of torch.func.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_transforms.py [SEED [COUNT [FILE]]]

It writes tests/goldens/transforms.json, or FILE, and prints what the programs are made of.
"""

from __future__ import annotations

import json
import multiprocessing
import pathlib
import sys

from record_programs import run_program
from transform_programs import COUNT, SEED, programs


def main(seed: int = SEED, count: int = COUNT, file: str = "") -> None:
    """Record the programs of a seed."""
    texts, used = programs(seed, count)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        records = [record[0] for record in pool.imap(run_program, texts, chunksize=20)]
    target = file or str(pathlib.Path(__file__).with_name("transforms.json"))
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    pathlib.Path(target).write_text(text, encoding="utf-8")
    for name, times in sorted(used.items()):
        print(f"{times:5} {name}")
    failed = sum(record["error"] is not None for record in records)
    print(f"{count} programs of seed {seed}, {failed} of them end in an error")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*map(int, given[:2]), *given[2:])
