"""Records what PyTorch answers to the expressions in `layers/`.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=tests/ops python tests/goldens/record_layers.py

Each line of a file is an expression in the terms of tests/ops/layers.py; the answers go to
layers.json, one line each. With names of files as arguments only those are recorded again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import layers
import torch

torch.set_num_threads(1)
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write layers.json."""
    target = HERE / "layers.json"
    chosen = set(sys.argv[1:])
    kept = json.loads(target.read_text()) if chosen else {}
    lines = []
    for path in sorted((HERE / "layers").glob("*.txt")):
        for expression in path.read_text().splitlines():
            key = f"{path.stem}: {expression}"
            again = path.stem in chosen or key not in kept
            answer = layers.run(torch, expression) if again else kept[key]
            lines.append(f"{json.dumps(key)}: {json.dumps(answer)}")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
