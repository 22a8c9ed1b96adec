"""Training loops as people write them: a step of ours beside one of PyTorch's.

    python tests/benchmarks/loops.py [--torch PYTHON] [--row NAME ...] [--core] [--repeat N]

A row is a program in `loops/NAME.grad`, which runs as it stands by our interpreter and by PyTorch;
what stands below its line `# ---` is the loop that is timed. Printed are microseconds of processor
time of one step and their ratio, and the geometric means of the plain loops and of those with
torch.nn (`nn_…`). `--core` runs each loop by Python on our core, too, and prints how many times
that time the interpreter takes. One process a library measures all rows, in turn with the others,
on one thread. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from compare import COMPILED, ROOT

PROGRAMS = Path(__file__).with_name("loops")
ROWS = [
    "polynomial_by_hand",
    "polynomial_by_autograd",
    "custom_function",
    "logistic_regression",
    "xor",
    "mlp",
    "rnn_cell",
    "attention",
    "newton",
    "data_updates",
    "nn_mlp_adam",
    "nn_conv_momentum",
    "nn_lstm",
    "nn_transformer",
    "nn_logistic_sgd",
]
SECONDS = 0.4  # of a measurement


def parts(row: str) -> tuple[str, str, int]:
    """What a program does first, its loop, and the number of steps that the loop runs."""
    setup, loop = (PROGRAMS / f"{row}.grad").read_text().split("# ---\n")
    steps = re.match(r"for \w+ in range\((\d+)\):", loop)
    assert steps is not None, row
    return setup, loop, int(steps[1])


def run_by_interpreter(row: str) -> Callable[[], object]:
    """The loop of a program by our interpreter."""
    from gradcli.language.interpreter import Session, compile_program

    setup, loop, _ = parts(row)
    session = Session(stdout=lambda text: None)
    session.run(compile_program(setup))
    program = compile_program(loop, mode="python")
    return lambda: session.run(program)


def run_by_python(row: str) -> Callable[[], object]:
    """The loop of a program by Python, with the torch that `import torch` finds."""
    setup, loop, _ = parts(row)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(setup, row, "exec"), names)
    code = compile(loop, row, "exec")
    return lambda: exec(code, names)


def torch_of_ours() -> None:
    """Let `import torch` in this process find our core."""
    import gradcli.torch as torch

    sys.modules.update(
        {"torch": torch, "torch.nn": torch.nn, "torch.nn.functional": torch.nn.functional}
    )


def microseconds(run: Callable[[], object], steps: int) -> float:
    """Processor time of a step: the least of several runs of the loop."""
    run()
    figures: list[float] = []
    begin = time.perf_counter()
    while len(figures) < 3 or time.perf_counter() - begin < SECONDS:
        start = time.thread_time()
        run()
        figures.append(time.thread_time() - start)
    return min(figures) / steps * 1e6


def serve(how: str) -> None:
    """Answer lines that name a row with the time of its step."""
    if how == "torch":
        import torch

        torch.set_num_threads(1)
    elif how == "core":
        torch_of_ours()
    runs: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        row = line.strip()
        with contextlib.redirect_stdout(io.StringIO()):
            if row not in runs:
                runs[row] = run_by_interpreter(row) if how == "program" else run_by_python(row)
            figure = microseconds(runs[row], parts(row)[2])
        print(json.dumps(figure), flush=True)


class Library:
    """A process that measures rows: by our interpreter, on our core, or with PyTorch."""

    def __init__(self, python: str, how: str) -> None:
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [python, __file__, "serve", how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**COMPILED, **threads, "PYTHONPATH": str(ROOT)},
        )

    def measure(self, row: str) -> float:
        """Microseconds of a step of a row."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(row, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{row} failed")
        return float(json.loads(answer))


def mean(ratios: Iterable[float]) -> float:
    """The geometric mean."""
    return math.exp(statistics.fmean(map(math.log, ratios)))


def main() -> None:
    """Measure the rows asked for and print a table."""
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python with PyTorch 2.13.0")
    parser.add_argument("--row", nargs="*", default=ROWS, choices=ROWS)
    parser.add_argument("--core", action="store_true", help="measure our core from Python, too")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    others: dict[str, Library] = {}
    if options.torch:
        others["torch"] = Library(options.torch, "torch")
    if options.core:
        others["core"] = Library(sys.executable, "core")
    ours = Library(sys.executable, "program")
    print(f"{'loop':24}{'ours':>10}" + "".join(f"{how:>10}{'ratio':>7}" for how in others))
    found: dict[tuple[str, bool], list[float]] = {}
    for row in options.row:
        rounds = [
            (ours.measure(row), *(other.measure(row) for other in others.values()))
            for _ in range(options.repeat)
        ]
        medians = [statistics.median(figures) for figures in zip(*rounds, strict=True)]
        line = f"{row:24}{medians[0]:10.1f}"
        for at, how in enumerate(others, 1):
            ratio = statistics.median(figures[0] / figures[at] for figures in rounds)
            found.setdefault((how, row.startswith("nn_")), []).append(ratio)
            line += f"{medians[at]:10.1f}{ratio:7.2f}"
        print(line, flush=True)
    for (how, with_nn), ratios in found.items():
        loops = "with torch.nn" if with_nn else "plain"
        print(f"geometric mean over {how}, {loops}: {mean(ratios):.2f}")


if __name__ == "__main__":
    main()
