"""Record what PyTorch prints for random programs of views, writes in place, indices and passes.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_writing.py                     the sample that the tests read
    python tests/goldens/record_writing.py FILE COUNT SEED     fresh programs, to compare with

`test_writing.py FILE`, run with gradcli's interpreter, says how many of them differ. One in a
thousand ends PyTorch's process, and is left out.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import warnings

from record_programs import run_program
from writing_programs import program

SAMPLE = pathlib.Path(__file__).with_name("writing.json")


def recorded(texts: list[str]) -> list[list[str | None] | None]:
    """What programs print and how they end; None where PyTorch's process ended with one."""
    found: list[list[str | None] | None] = []
    while len(found) < len(texts):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            for text in texts[len(found) :]:
                (block,) = run_program(text)
                os.write(write, json.dumps([block["out"], block["error"]]).encode() + b"\n")
            os._exit(0)
        os.close(write)
        with open(read, "rb") as file:
            found.extend(json.loads(line) for line in file)
        if os.waitpid(child, 0)[1]:
            found.append(None)
    return found


def main(target: pathlib.Path = SAMPLE, count: str = "200", seed: str = "0") -> None:
    """Record `count` programs from `seed` on."""
    warnings.simplefilter("ignore")
    seeds = range(int(seed), int(seed) + int(count))
    programs = [program(one) for one in seeds]
    results = recorded([text for _, text in programs])
    records = {
        one: found
        for one, found in zip(seeds, results, strict=True)
        if found is not None and "INTERNAL ASSERT FAILED" not in str(found)
    }
    used = {construct for constructs, _ in programs for construct in constructs}
    pathlib.Path(target).write_text(
        json.dumps(records, indent=0, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(f"{len(records)} programs, {len(used)} constructs")


if __name__ == "__main__":
    main(*sys.argv[1:])
