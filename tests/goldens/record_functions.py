"""Record what PyTorch prints for generated programs with custom Functions and hooks.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_functions.py [--count 250] [--seed 0] [--output FILE]

Without arguments it renews functions.json, the sample that the test suite reads. With a fresh seed
and a file it makes a comparison for `compare_functions.py`. It says how many constructs were used,
and leaves out programs that end PyTorch's process or make it wait for itself.
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
LIMIT = 20  # seconds after which PyTorch is taken to wait for itself


def recorded(source: str) -> list[dict[str, str | None]]:
    """The record of one program, made in a process of its own; none where that does not end."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(run_program(source)))
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(LIMIT) else []
    except EOFError:
        return []
    finally:
        process.kill()
        process.join()


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
    records = [record for source in sources for record in recorded(source)]
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    args.output.write_text(text, encoding="utf-8")
    print(f"{len(sources) - len(records)} programs are left out, as PyTorch does not end them")
    print(f"{len(records)} programs, {len(used)} constructs, used {used.total()} times")
    for name, count in sorted(used.items()):
        print(f"{count:6} {name}")


if __name__ == "__main__":
    main()
