"""Record what PyTorch prints for every program in `programs/` (and for the examples).

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_programs.py [AREA ...]

A program is a `.grad` file whose first line is `import torch`. Lines `# ---` cut it into
blocks, which run one after another in one namespace after `torch.manual_seed(0)`. A block that
raises leaves the namespace as it was at the error, and the next block goes on. Each block is
recorded as `src`, `out` (standard output) and `error` (`TypeName: sentence`, or null).
Every program runs in a process and a folder of its own, so that no mode, option or file is left.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import pathlib
import re
import sys
import tempfile
import warnings
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
EXAMPLES = HERE.parent.parent / "examples"
SEPARATOR = re.compile(r"^# ---[ \t]*\n", re.MULTILINE)
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
INSTALLED_AT = re.compile(r" \((?:unknown location|/[^()]*|[A-Z]:[^()]*)\)$")
OVERLOADS = "but expected one of:\n"

Records = dict[str, list[dict[str, str | None]]]


def blocks_of(source: str) -> list[str]:
    """The blocks of a program, each with its own text."""
    return SEPARATOR.split(source)


def normalise(text: str) -> str:
    """Text with memory addresses replaced, which differ from run to run."""
    return ADDRESS.sub("0x…", text)


def sentence(exc: Exception) -> str:
    """`TypeName: sentence` without addresses, install paths and the list of C++ overloads."""
    text = f"{type(exc).__name__}: {exc}".removesuffix(": ")
    head, found, _ = text.partition(OVERLOADS)
    text = (head + found).rstrip("\n") if found else text
    return INSTALLED_AT.sub("", normalise(text))


def run_program(source: str) -> list[dict[str, str | None]]:
    """The record of one program, run in this process."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    namespace: dict[str, object] = {"__name__": "__main__"}
    record: list[dict[str, str | None]] = []
    for src in blocks_of(source):
        out = io.StringIO()
        error = None
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            try:
                exec(compile(src, "<block>", "exec"), namespace)
            except Exception as exc:
                error = sentence(exc)
        record.append({"src": src, "out": normalise(out.getvalue()), "error": error})
    return record


def run_in_empty_folder(source: str) -> list[dict[str, str | None]]:
    """`run_program` where the files that it writes are gone when it ends."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return run_program(source)


def run_alone(source: str) -> list[dict[str, str | None]]:
    """`run_in_empty_folder` in a process of its own, which may start processes, too."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(run_in_empty_folder(source)))
    process.start()
    record: list[dict[str, str | None]] = receiver.recv()
    process.join()
    return record


def record_blocks(blocks: list[str]) -> list[dict[str, str | None]]:
    """The record of a generated program, without the text of its header, the same in all."""
    record = run_program("# ---\n".join(blocks))
    del record[0]["src"]
    return record


def record_seeds(program: Callable[[int], tuple[object, list[str]]], seeds: range) -> Records:
    """The records of generated programs by seed; `program` gives what one uses, and its blocks."""
    blocks = (program(seed)[1] for seed in seeds)
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=100) as pool:
        return dict(zip(map(str, seeds), pool.imap(record_blocks, blocks), strict=True))


def write_seeds(target: pathlib.Path, records: Records) -> None:
    """Write what `record_seeds` found, a line a value."""
    text = json.dumps(records, indent=0, ensure_ascii=False) + "\n"
    target.write_text(text, encoding="utf-8")


def record_folder(folder: pathlib.Path, target: pathlib.Path) -> int:
    """Record every program of `folder` that imports torch; returns how many there are."""
    sources = {
        path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.grad"))
    }
    sources = {name: text for name, text in sources.items() if text.startswith("import torch\n")}
    records = {name: run_alone(text) for name, text in sources.items()}
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    target.write_text(text, encoding="utf-8")
    return len(records)


def main(areas: list[str]) -> None:
    """Record the areas named on the command line, or all of them."""
    import torch

    if not torch.__version__.startswith("2.13.0"):
        sys.exit(f"needs PyTorch 2.13.0, found {torch.__version__}")
    for folder in sorted(path for path in PROGRAMS.iterdir() if path.is_dir()):
        if not areas or folder.name in areas:
            count = record_folder(folder, PROGRAMS / f"{folder.name}.json")
            print(f"{folder.name}: {count} programs")
    if not areas or "examples" in areas:
        count = record_folder(EXAMPLES, HERE / "examples.json")
        print(f"examples: {count} programs")


if __name__ == "__main__":
    main(sys.argv[1:])
