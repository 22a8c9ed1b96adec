"""Record where PyTorch's optimizers are after up to 200 steps (`optimizer_runs.py`).

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_runs.py
"""

from __future__ import annotations

import json
import pathlib

from optimizer_runs import RUNS, key, program
from record_programs import run_program

RECORDS = pathlib.Path(__file__).with_name("runs.json")


def main() -> None:
    """Record every run in both precisions."""
    records = {}
    for run in RUNS:
        for dtype in ("float64", "float32"):
            (block,) = run_program(program(*run, dtype))
            assert block["error"] is None, (run, block["error"])
            records[key(*run, dtype)] = [json.loads(line) for line in block["out"].splitlines()]
    lines = [f"{json.dumps(name)}: {json.dumps(record)}" for name, record in records.items()]
    RECORDS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(records)} runs")


if __name__ == "__main__":
    main()
