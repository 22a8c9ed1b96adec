"""Run recorded programs through gradcli and say which of them print something else.

    python tests/goldens/compare_functions.py FILE [--show COUNT]

FILE is what `record_functions.py --output FILE` wrote. Exit status 1 when a program differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import pathlib
import sys

from replay import replay


def main() -> None:
    """Compare every program of a file, and show the first differences."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=5)
    args = parser.parse_args()
    records = json.loads(args.file.read_text(encoding="utf-8"))
    differing = 0
    for number, record in enumerate(records):
        (ours,) = replay([record["src"]])
        if (ours["out"], ours["error"]) == (record["out"], record["error"]):
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
    print(f"{differing} of {len(records)} programs differ")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
