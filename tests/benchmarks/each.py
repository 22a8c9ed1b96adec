"""Records in every way of writing them, against the plain one.

    python tests/benchmarks/each.py [--row=NAME ...] [--counts 20000 80000]

Processor seconds of the whole command. `rate` is the row's rate over the plain form's, for as many
records: none is below 1/6; `without start` is the same without what the command takes for one
record. `growth` is the time of the larger count over that of the smaller one, without the start: at
most 4.4 for four times as many.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
MAIN = "import sys; from gradcli.cli.main import run; sys.exit(run(sys.argv[1:]))"
LEAST = 1 / 6
MOST_GROWTH = 4.4
MEASURABLE = 0.3  # seconds without the start from which on a growth says something

Record = dict[str, Any]


def numbers(place: int) -> Record:
    return {"x": place / 7919 - 3, "y": 2 - place % 1000 / 377}


def places(place: int) -> Record:
    """With a number and a text that are copied."""
    return {"id": place, "site": f"station {place % 7}", **numbers(place)}


def nested(place: int) -> Record:
    """Numbers deeper in a record."""
    record = numbers(place)
    return {"at": {"x": record["x"], "v": [0, record["y"]]}}


def shapes(place: int) -> Record:
    """Vectors of 1 to 5 elements, in turn."""
    return {name: [value] * (place % 5 + 1) for name, value in numbers(place).items()}


def orders(place: int) -> Record:
    """The names in turn in either order, and a third one that is not read."""
    record = numbers(place)
    if place % 2:
        record = dict(reversed(record.items()))
    return {"id": place, **record} if place % 3 else record


def kinds(place: int) -> Record:
    """Numbers, vectors, words for infinities, booleans and complex numbers."""
    record = numbers(place)
    other: list[Any] = [record["y"], [1.5, 2], "Infinity", True, {"re": 1, "im": 2}]
    return {**record, "y": other[place % 5]}


def complexes(place: int) -> Record:
    """Complex numbers."""
    record = numbers(place)
    return {name: {"re": value, "im": 0.5} for name, value in record.items()}


def failing(share: int, bad: Callable[[Record], Record | str]) -> Callable[[int], Record | str]:
    """Records of which one in `share` is bad."""

    def record(place: int) -> Record | str:
        found = numbers(place)
        return bad(found) if place % share == 3 else found

    return record


def matrices(share: int) -> Callable[[int], Record]:
    """Positive matrices, of which one in `share` is none."""
    return lambda place: {"x": [[2.0 + place % 9, 1], [1, -1 if place % share == 3 else 2]]}


@dataclass
class Row:
    """A form: its words, its program's text if it is a file, and its records."""

    words: list[str]
    record: Callable[[int], Any] = numbers
    program: str = ""
    form: str = "ndjson"
    lines: int | None = 0  # of the output beside those of the records; None where it has none


def grad(expression: str, *words: str, **how: Any) -> Row:
    return Row(["grad", expression, "--each", *words], **how)


def file(program: str, *words: str, command: str = "grad", **how: Any) -> Row:
    return Row([command, "--each", *words], program=program, **how)


PLAIN = "plain"
ROWS: dict[str, Row] = {
    PLAIN: grad("sin(x*y)"),
    "--wrt": grad("sin(x*y)", "--wrt", "x"),
    "--full": grad("sin(x*y)", "--full"),
    "--of": file("z = x*y\nw = sin(z)\n", "--of", "w"),
    "-f": file("z = x*y\nsin(z)\n"),
    "-f --wrt": file("z = x*y\nsin(z)\n", "--wrt", "x"),
    "torch.sin": grad("torch.sin(x*y)"),
    "F.softplus": grad("F.softplus(x*y)"),
    "x.sin()": grad("(x*y).sin()"),
    "import torch": file("import torch\ntorch.sin(x*y)\n"),
    "from torch": file("from torch import sin\nfrom torch.nn import functional as F\nsin(x*y)\n"),
    "import math": file("import math\nsin(x*y*math.pi)\n"),
    "def": file("def f(a, b):\n    return sin(a*b)\n\nf(x, y)\n"),
    "lambda": file("f = lambda a, b: sin(a*b)\nf(x, y)\n"),
    "for +=": file("s = 0\nfor i in range(2):\n    s += sin(x*y*i)\ns\n"),
    "no_grad": file("import torch\nwith torch.no_grad():\n    c = x*2\ntorch.sin(x*y)*c\n"),
    "tensor": file("import torch\nw = torch.tensor([1.0, 2.0])\n(w * x * y).sum()\n"),
    "erf": grad("erf(x*y)"),
    "lgamma": grad("lgamma(x*x + 1)*y"),
    "special": grad("torch.special.i0e(x*y)"),
    "where": grad("where(x > 0, x*y, x - y)"),
    "einsum": grad("einsum('i,i->', stack([x, y]), stack([y, y]))"),
    "--set": grad("sin(x*y*w)", "--set", "w=2"),
    "jvp": Row(["jvp", "sin(x*y)", "--each", "--tangent", "x=1"]),
    "jacobian": Row(["jacobian", "sin(x*y)", "--each"]),
    "hessian": Row(["hessian", "sin(x*y)", "--each"]),
    "float32": grad("sin(x*y)", "--dtype", "float32"),
    "eval": Row(["eval", "-e", "sin(x*y)", "--each"]),
    "eval --full": Row(["eval", "-e", "sin(x*y)", "--each", "--full"]),
    "eval list": Row(["eval", "-e", "[sin(x*y), x + 1]", "--each"]),
    "eval file": file("z = x*y\nw = sin(z)\n", command="eval"),
    ".npz": grad("sin(x*y)", form="npz"),
    ".csv": grad("sin(x*y)", form="csv"),
    ".json": grad("sin(x*y)", form="json"),
    ".ndjson.gz": grad("sin(x*y)", form="ndjson.gz"),
    "indented": grad("sin(x*y)", form="indented"),
    "--copy": grad("sin(x*y)", "--copy", "id,site", record=places),
    "--copy all": grad("sin(x*y)", "--copy", "all", record=places),
    "--copy .csv": grad("sin(x*y)", "--copy", "x,y", form="csv"),
    "--map": grad("sin(x*y)", "--map", "x=.at.x", "--map", "y=.at.v[1]", record=nested),
    "--to csv": grad("sin(x*y)", "--to", "csv", lines=1),
    "--to npz": grad("sin(x*y)", "--to", "npz", lines=None),
    ".csv to csv": grad("sin(x*y)", "--copy", "x", "--to", "csv", form="csv", lines=1),
    "--grid": Row(["grad", "sin(x*y)", "--grid"], form="grid"),
    "mixed shapes": grad("sin(x*y).sum()", record=shapes),
    "mixed shapes -f": file("import torch\ntorch.sin(x*y).sum()\n", record=shapes),
    "mixed order": grad("sin(x*y)", record=orders),
    "mixed kinds": grad("sin(x*y).abs().sum()", record=kinds),
    "complex": grad("sin(x*y).abs()", record=complexes),
    "10% no JSON": grad("sin(x*y)", record=failing(10, lambda record: '{"x": ')),
    "10% missing": grad("sin(x*y)", record=failing(10, lambda record: {"x": record["x"]})),
    "10% text": grad("sin(x*y)", record=failing(10, lambda record: {**record, "y": "?"})),
    "10% shape": grad("sin(x*y)", record=failing(10, lambda record: {**record, "y": [1, 2]})),
    "10% ragged": grad("sin(x*y)", record=failing(10, lambda record: {**record, "y": [[1], 2]})),
    "0.1% refused": grad("torch.linalg.cholesky(x).sum()", record=matrices(1000)),
    "none refused": grad("torch.linalg.cholesky(x).sum()", record=matrices(1 << 40)),
    "10% refused": grad("torch.linalg.cholesky(x).sum()", record=matrices(10)),
}


def written(row: Row, count: int, folder: Path) -> tuple[list[str], Path]:
    """The words of a command over `count` records, and the file that is its input."""
    words = list(row.words)
    if row.program:
        program = folder / "program.grad"
        program.write_text(row.program)
        words[1:1] = [str(program)] if words[0] == "eval" else ["-f", str(program)]
    empty = folder / "empty"
    empty.touch()
    if row.form == "grid":
        return [*words, "--set", f"x=linspace(-3, 3, {count})", "--set", "y=[2]"], empty
    records = [row.record(place) for place in range(count)]
    if row.form == "ndjson":
        path = folder / "records.ndjson"
        path.write_text("".join(f"{line}\n" for line in map(_text, records)))
        return words, path
    path = folder / f"records.{row.form}"
    if row.form == "ndjson.gz":
        path.write_bytes(gzip.compress("".join(f"{_text(r)}\n" for r in records).encode(), 1))
    elif row.form == "indented":
        path = folder / "records.ndjson"
        path.write_text("".join(f"{json.dumps(record, indent=2)}\n" for record in records))
    elif row.form == "npz":
        np.savez(path, **{name: np.array([record[name] for record in records]) for name in "xy"})
    elif row.form == "csv":
        path.write_text("x,y\n" + "".join(f"{r['x']},{r['y']}\n" for r in records))
    else:
        path.write_text(json.dumps(records))
    return [*words, "--input", str(path)], empty


def _text(record: Record | str) -> str:
    return record if isinstance(record, str) else json.dumps(record)


def seconds(row: Row, count: int, folder: Path) -> float:
    """Processor seconds of one run."""
    words, source = written(row, count, folder)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with source.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *words],
            stdin=stdin,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if row.lines is not None and done.stdout.count(b"\n") != count + row.lines:
        raise SystemExit(f"{words}: {done.stderr.decode()[:2000]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(names: list[str], counts: list[int], times: int) -> Iterator[tuple[str, list[float]]]:
    """For each row its times for one record and for the counts."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            yield (
                name,
                [
                    min(seconds(ROWS[name], count, Path(folder)) for _ in range(times))
                    for count in (1, *counts)
                ],
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--row", action="append", help="only this one; may be repeated")
    parser.add_argument("--counts", nargs=2, type=int, default=[20_000, 80_000])
    parser.add_argument("--times", type=int, default=2, help="runs of which the best counts")
    options = parser.parse_args()
    names = [PLAIN, *(name for name in options.row or ROWS if name != PLAIN)]
    plain: list[float] = []
    missed = 0
    few, many = options.counts
    print(f"{'':16} {few:>9} {many:>9} {'rate':>6} {'rate':>6} {'without start':>15} {'growth':>7}")
    for name, (start, *found) in measured(names, options.counts, options.times):
        plain = plain or [start, *found]
        rates = [one / other for one, other in zip(plain[1:], found, strict=True)]
        net = [max(figure - start, 1e-3) for figure in found]
        bare = [(p - plain[0]) / figure for p, figure in zip(plain[1:], net, strict=True)]
        growth = net[1] / net[0]
        steep = growth > MOST_GROWTH * many / few / 4 and net[1] > MEASURABLE
        missed += min(rates) < LEAST or steep
        figures = f"{found[0]:7.2f} s {found[1]:7.2f} s {rates[0]:6.2f} {rates[1]:6.2f}"
        print(f"{name:16} {figures} {bare[0]:7.2f} {bare[1]:7.2f} {growth:7.2f}", flush=True)
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
