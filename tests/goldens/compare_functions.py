"""Run recorded programs through gradcli and say which of them print something else.

    python tests/goldens/compare_functions.py FILE [--show COUNT]

FILE is what `record_functions.py --output FILE` or `record_transforms.py SEED COUNT FILE` wrote.
Programs in which PyTorch fails by itself (`own_faults.py`) are counted apart. Exit status 1 when
another program differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import pathlib
import sys
from collections import Counter

from own_faults import own_fault
from replay import replay


def main() -> None:
    """Compare every program of a file, and show the first differences."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=5)
    args = parser.parse_args()
    records = json.loads(args.file.read_text(encoding="utf-8"))
    differing = 0
    faults: Counter[str] = Counter()
    for number, record in enumerate(records):
        (ours,) = replay([record["src"]])
        if (ours["out"], ours["error"]) == (record["out"], record["error"]):
            continue
        if reason := own_fault(record, ours):
            faults[reason] += 1
            continue
        differing += 1
        if differing <= args.show:
            print(f"---- program {number}\n{record['src']}")
            theirs = [*record["out"].splitlines(), f"ends: {record['error']}"]
            found = [*ours["out"].splitlines(), f"ends: {ours['error']}"]
            print(
                "\n".join(
                    difflib.unified_diff(theirs, found, "pytorch", "gradcli", n=1, lineterm="")
                )
            )
    for reason, count in faults.most_common():
        print(f"{count:5} where PyTorch fails: {reason}")
    print(f"{differing} of {len(records)} programs differ")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
