"""Records what PyTorch answers to the calls in `calls/`.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=tests/ops python tests/goldens/record_calls.py

The first line of a file is the prelude of every other line; each of those is a program whose last
statement is an expression (or leaves its result in `y`). calls.json holds the text of the results.
"""

from __future__ import annotations

import json
from pathlib import Path

import calls
import torch

torch.set_num_threads(1)
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write calls.json."""
    recorded = {}
    for path in sorted((HERE / "calls").glob("*.txt")):
        prelude, *programs = path.read_text().splitlines()
        recorded[path.stem] = [
            {"src": program, "result": calls.run(torch, prelude, program)} for program in programs
        ]
    (HERE / "calls.json").write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
