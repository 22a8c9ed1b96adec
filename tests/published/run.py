"""Run a folder of published programs and say how many of them run, and print what PyTorch prints.

    python tests/published/run.py FOLDER [--python PYTHON] [--only TEXT] [--jobs N] [--verbose]

`programs.txt` beside this file lists them: repository, path, commit. Their texts are other people's
and not kept here. FOLDER has each under its repository and path, with `__` for every `/`; what a
notebook has in its cells of code ends in `.nb.py`. With `--python`, a Python that has PyTorch
2.13.0 and matplotlib, each is run there, too, twice, and what it printed is kept in FOLDER: a
program whose two outputs are equal is deterministic. A program "runs" when it ends with status 0;
its output is "the same" when all lines are, numbers to 4 digits.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("programs.txt")
MAIN = "from gradcli.cli.main import main; main()"
SECONDS = 120
NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?")


@dataclass
class Outcome:
    """How one program ended; `same` is None where PyTorch's output is not known or varies."""

    name: str
    status: int
    seconds: float
    error: str
    same: bool | None


def listed() -> list[str]:
    """The file names of the programs in the list."""
    names = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            repository, path, _ = line.split("\t")
            name = f"{repository}/{path}".replace("/", "__").replace(" ", "_")
            names.append(name.removesuffix(".ipynb") + ".nb.py" if name.endswith("b") else name)
    return names


def lines(text: str) -> list[str]:
    """The lines of an output, without the spaces around them and without empty ones."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def alike(ours: str, theirs: str) -> bool:
    """Whether two outputs have the same lines, numbers compared to 4 digits."""
    mine, other = lines(ours), lines(theirs)
    return len(mine) == len(other) and all(map(_line_alike, mine, other))


def _line_alike(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if NUMBER.sub("#", ours).split() != NUMBER.sub("#", theirs).split():
        return False
    pairs = zip(NUMBER.findall(ours), NUMBER.findall(theirs), strict=True)
    return all(_close(float(a), float(b)) for a, b in pairs)


def _close(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= 1.5e-4 * max(abs(a), abs(b)) + 1e-7


def source_of(path: Path) -> str:
    """A program's text; lines of magics and of the shell are comments."""
    text = path.read_text(encoding="utf-8")
    return "".join(
        f"#{line}" if line.lstrip().startswith(("%", "!")) else line
        for line in text.splitlines(keepends=True)
    )


def reference(path: Path, python: str) -> None:
    """Run a program under PyTorch, twice, and keep its outputs beside it."""
    environment = dict(os.environ, MPLBACKEND="Agg", OMP_NUM_THREADS="1", PYTHONHASHSEED="0")
    environment.pop("PYTHONPATH", None)
    for end in (".first", ".second"):
        kept = path.with_name(path.name + end)
        if kept.exists():
            continue
        plain = path.with_name(path.name + ".py")
        plain.write_text(source_of(path), encoding="utf-8")
        work = path.parent / "work"
        work.mkdir(exist_ok=True)
        done = subprocess.run(
            [python, "-W", "ignore", str(plain)],
            capture_output=True,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        plain.unlink()
        kept.write_bytes(done.stdout if done.returncode == 0 else b"did not run\n")


def expected(path: Path) -> str | None:
    """What PyTorch prints, where that is known and does not vary."""
    first, second = (path.with_name(path.name + end) for end in (".first", ".second"))
    if not first.exists() or not second.exists() or first.read_bytes() != second.read_bytes():
        return None
    return first.read_text(encoding="utf-8", errors="replace")


def run(path: Path) -> Outcome:
    """Run a program here."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "eval", "--timeout", str(SECONDS), "-"],
        input=source_of(path),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    error = next((line for line in done.stderr.splitlines() if line.startswith("error")), "")
    known = expected(path)
    same = None if known is None else done.returncode == 0 and alike(done.stdout, known)
    return Outcome(path.name, done.returncode, time.monotonic() - start, error, same)


def main() -> None:
    """Run the list and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    paths = [options.folder / name for name in listed() if options.only in name]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        sys.exit(f"{options.folder} lacks {len(missing)} of them: {missing[0]} …")
    with ThreadPoolExecutor(options.jobs) as pool:
        if options.python:
            list(pool.map(lambda path: reference(path, options.python), paths))
        outcomes = list(pool.map(run, paths))
    for outcome in outcomes:
        mark = {None: "-", True: "same", False: "other"}[outcome.same]
        if options.verbose or outcome.status or outcome.same is False:
            print(f"{outcome.status:3} {outcome.seconds:6.1f} s  {mark:5}  {outcome.name}")
            if outcome.error:
                print(f"      {outcome.error[:150]}")
    reasons = Counter(o.error[:70] for o in outcomes if o.status)
    for reason, count in reasons.most_common(12):
        print(f"{count:4} × {reason}")
    fixed = [o for o in outcomes if o.same is not None]
    print(f"{sum(o.status == 0 for o in outcomes)} of {len(outcomes)} programs run to the end")
    print(f"{sum(bool(o.same) for o in fixed)} of {len(fixed)} deterministic ones print the same")


if __name__ == "__main__":
    main()
