"""Records one by one: whether one depends on another, what a record costs, and peaks of memory.

    python tests/benchmarks/records.py [--records 2000]

For functions whose kernels work in blocks or by vectors: how many of the records of a stream have
other digits alone than among the others (none should), and the microseconds of a record in a
stream and in one of ten times the length. Then the most memory, in MiB, that a process held which
doubles a tensor until `--max-memory 512M` stops it, and one that reads a single line of 80 MB.
Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from compare import COMPILED, MAIN, ROOT

FUNCTIONS = ("erf(x) * y", "gelu(x) + y", "y ** x", "tanh(x * y).exp()", "(x * y).softmax(0).sum()")
DOUBLING = "x = torch.ones(1024)\nwhile True:\n    x = torch.cat([x, x])\n"


def gradcli(arguments: list[str], text: str) -> tuple[str, float, int]:
    """What a command prints for a text, its seconds, and the bytes of its peak."""
    environment = {**COMPILED, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile("w+") as source, tempfile.TemporaryFile("w+") as printed:
        source.write(text)
        source.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, *arguments],
            stdin=source,
            stdout=printed,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        _, _, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = 0
        printed.seek(0)
        return printed.read(), seconds, usage.ru_maxrss * 1024


def lines_of(count: int) -> list[str]:
    """Records of two vectors of changing lengths, the same in every run."""
    draw = random.Random(1)
    records = []
    for _ in range(count):
        length = draw.randint(1, 20)
        x = [draw.uniform(-2, 2) for _ in range(length)]
        y = [draw.uniform(0.1, 3) for _ in range(length)]
        records.append(json.dumps({"x": x, "y": y}))
    return records


def independence(function: str, count: int) -> None:
    """Print what the records of one function cost, and how many depend on others."""
    command = ["grad", f"sum({function})", "--each", "--wrt", "x"]
    few, many = lines_of(count), lines_of(10 * count)
    together, short, _ = gradcli(command, "\n".join(few))
    _, long, _ = gradcli(command, "\n".join(many))
    found = together.splitlines()
    places = range(0, count, max(1, count // 20))
    alone = [gradcli(command, few[place])[0].splitlines() for place in places]
    others = sum([found[place]] != lines for place, lines in zip(places, alone, strict=True))
    start = gradcli(command, few[0])[1]
    figures = [(seconds - start) / n * 1e6 for seconds, n in ((short, count), (long, 10 * count))]
    print(f"{function:28} {others:2} of {len(alone)} differ {figures[0]:8.1f} {figures[1]:8.1f} µs")


def peaks() -> None:
    """Print the most memory that two large programs held."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "doubling.grad")
        program.write_text(DOUBLING)
        peak = gradcli(["eval", str(program), "--max-memory", "512M"], "")[2]
        print(f"{'doubling under 512M':28} {peak >> 20} MiB")
    line = json.dumps({"x": [0.123456789012] * 5_300_000})
    peak = gradcli(["grad", "sum(x * x)", "--each", "--wrt", "x"], line)[2]
    print(f"{f'one line of {len(line) >> 20} MiB':28} {peak >> 20} MiB")


def main() -> None:
    """Measure and print all rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2000)
    options = parser.parse_args()
    for function in FUNCTIONS:
        independence(function, options.records)
    peaks()


if __name__ == "__main__":
    main()
