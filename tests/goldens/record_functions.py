"""Record what PyTorch prints for generated programs with custom Functions and hooks.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_functions.py [--count 250] [--seed 0] [--output FILE]

Without arguments it renews functions.json, the sample that the test suite reads. With a fresh seed
and a file it makes a comparison for `compare_functions.py`. It says how many constructs were used.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import pathlib
import sys

import torch
from function_programs import generate
from record_programs import run_program

HERE = pathlib.Path(__file__).resolve().parent


def main() -> None:
    """Record `--count` programs from `--seed` on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=250)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "functions.json")
    args = parser.parse_args()
    if not torch.__version__.startswith("2.13.0"):
        sys.exit(f"needs PyTorch 2.13.0, found {torch.__version__}")
    used: collections.Counter[str] = collections.Counter()
    sources = []
    for seed in range(args.seed, args.seed + args.count):
        source, constructs = generate(seed)
        sources.append(source)
        used.update(constructs)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        records = [record for (record,) in pool.imap(run_program, sources, chunksize=1)]
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    args.output.write_text(text, encoding="utf-8")
    print(f"{len(records)} programs, {len(used)} constructs, used {used.total()} times")
    for name, count in sorted(used.items()):
        print(f"{count:6} {name}")


if __name__ == "__main__":
    main()
