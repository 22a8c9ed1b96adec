"""Speed and size beside PyTorch, autograd and NumPy, measured in one run.

    python tests/benchmarks/compare.py [--torch PYTHON] [--row NAME ...] [--repeat N]

`--torch` is a Python in which PyTorch 2.13.0 is installed; without it only our own figures are
printed. Every row runs in fresh processes, ours and theirs in turn, on one thread, and the medians
and their ratio are printed. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROWS_FILE = Path(__file__).with_name("rows.py")
ROOT = Path(__file__).resolve().parents[2]
MAIN = "import sys; from gradcli.cli.main import main; sys.exit(main())"

# row -> bar as a ratio to torch (CONTRACT of the project), or None
BARS: dict[str, float | None] = {
    "op_scalar": 0.30,
    "op_vector": 0.45,
    "op_in_program": 1.3,
    "chain_time": 0.5,
    "chain_bytes": None,
    "tanh_1e6": 1.0,
    "tanh_1e7": 0.4,
    "mlp": 1.1,
    "conv2d": 2.0,
    "hessian": 1.0,
    "jacobian": 2.0,
    "data_writes": None,
    "train_mlp": None,
    "train_conv": None,
    "train_lstm": 3.0,
    "train_transformer": None,
    "adam_step": None,
    "momentum_step": None,
}


# Everybody starts from compiled modules, as an installed package does.
COMPILED = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def measure(python: str, library: str, row: str) -> float:
    """One figure of one row from a fresh process."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    environment = {**COMPILED, **threads, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [python, str(ROWS_FILE), library, row],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{row} with {library} failed:\n{done.stderr}")
    return float(json.loads(done.stdout))


def whole_process(command: list[str]) -> float:
    """Wall seconds of a whole process."""
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False, env=COMPILED)
    return time.perf_counter() - start


def start_up(repeat: int) -> None:
    """Cold starts, as ratios to `import numpy` or to Python alone."""
    python = sys.executable
    program = ROOT / "examples" / "first_gradients.grad"
    commands = {
        "grad EXPR": (
            [python, "-c", MAIN, "grad", "sin(x)*y", "--set", "x=1", "--set", "y=2"],
            "numpy",
            1.25,
        ),
        "eval FILE": ([python, "-c", MAIN, "eval", str(program)], "numpy", 1.5),
        "syntax error": ([python, "-c", MAIN, "eval", "-e", "1 +"], "numpy", 0.9),
        "--help": ([python, "-c", MAIN, "--help"], "python", 3.0),
        "--version": ([python, "-c", MAIN, "--version"], "python", 3.0),
        "completions": ([python, "-c", MAIN, "completions", "bash"], "python", 3.0),
    }
    base = {"numpy": [python, "-c", "import numpy"], "python": [python, "-c", "pass"]}
    for name, (command, peer, bar) in commands.items():
        whole_process(command)
        pairs = [(whole_process(command), whole_process(base[peer])) for _ in range(3 * repeat)]
        ours = statistics.median(a for a, _ in pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:16} {ours * 1e3:12.1f} ms {'':14} {ratio:7.2f} × {peer:6}  bar {bar}")


def records(repeat: int, torch: str | None) -> None:
    """`--each` over 10^5 records of sin(x*y), as a multiple of PyTorch's speed row by row."""
    import tempfile

    count = 100_000
    command = [sys.executable, "-c", MAIN, "grad", "sin(x*y)", "--each"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.ndjson"
        path.write_text("".join(f'{{"x":{i / count:.5f},"y":{i % 97}.5}}\n' for i in range(count)))
        pairs = []
        for _ in range(repeat):
            start = time.perf_counter()
            with path.open() as lines:
                subprocess.run(
                    command, stdin=lines, stdout=subprocess.DEVNULL, check=True, env=COMPILED
                )
            ours = time.perf_counter() - start
            theirs = float("nan")
            if torch:
                theirs = measure(torch, "torch", "records") * count / 1e6
            pairs.append((ours, theirs))
    ours = statistics.median(a for a, _ in pairs)
    theirs = statistics.median(b for _, b in pairs)
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"{'--each':16} {ours / count * 1e6:12.2f} µs {theirs / count * 1e6:14.2f} {ratio:7.2f}"
        f" × as fast  bar 12"
    )


def main() -> None:
    """Measure the rows asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python with PyTorch 2.13.0")
    parser.add_argument("--row", nargs="*", default=[*BARS, "each", "start"])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    print(f"{'row':16} {'ours':>15} {'torch':>14} {'ratio':>7}")
    for row in options.row:
        if row == "start":
            start_up(options.repeat)
            continue
        if row == "each":
            records(options.repeat, options.torch)
            continue
        pairs = []
        for _ in range(options.repeat):
            ours = measure(sys.executable, "gradcli", row)
            theirs = float("nan")
            if row == "op_in_program":
                theirs = measure(sys.executable, "gradcli", "op_from_python")
            elif options.torch:
                theirs = measure(options.torch, "torch", row)
            pairs.append((ours, theirs))
        ours = statistics.median(a for a, _ in pairs)
        theirs = statistics.median(b for _, b in pairs)
        ratio = statistics.median(a / b for a, b in pairs)
        unit = "B" if row == "chain_bytes" else "µs"
        bar = BARS.get(row)
        print(
            f"{row:16} {ours:12.2f} {unit:2} {theirs:14.2f} {ratio:7.2f}"
            + (f"{'':10}  bar {bar}" if bar else "")
        )


if __name__ == "__main__":
    main()
