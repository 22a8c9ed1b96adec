"""Records what PyTorch answers to the expressions in `layers/`.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=tests/ops python tests/goldens/record_layers.py

Each line of a file is an expression in the terms of tests/ops/layers.py; the answers go to
layers.json, one line each.
"""

from __future__ import annotations

import json
from pathlib import Path

import layers
import torch

torch.set_num_threads(1)
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Write layers.json."""
    lines = []
    for path in sorted((HERE / "layers").glob("*.txt")):
        for expression in path.read_text().splitlines():
            key = json.dumps(f"{path.stem}: {expression}")
            lines.append(f"{key}: {json.dumps(layers.run(torch, expression))}")
    (HERE / "layers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
