"""Record what PyTorch says of the mistakes of `forty.grad`, and what the corrected programs print.

python tests/language/mistakes/record.py
"""

from __future__ import annotations

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "goldens")]

from mistakes import mistakes  # noqa: E402
from record_programs import run_alone  # noqa: E402

if __name__ == "__main__":
    found = [
        {
            "title": mistake.title,
            "wrong": run_alone(mistake.wrong)[0],
            "right": run_alone(mistake.right)[0],
        }
        for mistake in mistakes()
    ]
    (HERE / "forty.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
