"""Record what PyTorch's optimizers reach in 200 steps.

    python tests/goldens/record_long.py [NAME ...]

Run with an interpreter that has PyTorch 2.13.0. A record has what a program of `long_programs.py`
prints, and how far its last numbers move when the first ones are a rounding off: near a minimum
some optimizers take signs of what is left of differences, and no two machines agree there.
"""

from __future__ import annotations

import json
import pathlib
import sys

from long_programs import NUMBERS, apart, moved, programs
from record_programs import run_program


def main(names: list[str]) -> None:
    """Write `long.json`, or renew the runs that are named in it."""
    target = pathlib.Path(__file__).with_name("long.json")
    records = json.loads(target.read_text("utf-8")) if names else {}
    for name, source in programs().items():
        if names and name not in names:
            continue
        (block,) = run_program(source)
        if block["error"]:
            raise SystemExit(f"{name}: {block['error']}")
        spread = 0.0
        for other in moved(source):
            (near,) = run_program(other)
            spread = max(spread, apart(str(near["out"]), str(block["out"])))
        records[name] = {"out": block["out"], "spread": float(f"{spread:.1e}")}
        assert NUMBERS.search(str(block["out"]))
    target.write_text(json.dumps(records, indent=0) + "\n", encoding="utf-8")
    print(f"{len(records)} programs, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
