"""Every form of writing in a loop: the time of a step, whether it stays, and the memory it leaves.

    python tests/benchmarks/writes.py [--torch PYTHON] [--form NAME ...] [--steps 100000]

Each form runs in a fresh process, first `--steps` times, then ten times as often. Printed are the
microseconds of a step of the long run, those of the long run's step over those of the short one's
(1 where time is linear), and the bytes a step that the process grew by in the long run (0 where
memory is flat). `--torch` is a Python in which PyTorch 2.13.0 is installed, which is measured in
turn. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from compare import COMPILED, ROOT

Step = Callable[[], object]


def of_vector(write: Callable[[Any, Any, Any], object]) -> Callable[[Any], Step]:
    """A step that writes into a vector, given torch, the vector and one that is added."""

    def build(torch: Any) -> Step:
        x, y = torch.zeros(10), torch.ones(10)
        return lambda: write(torch, x, y)

    return build


def of_parameter(write: Callable[[Any, Any, Any], object]) -> Callable[[Any], Step]:
    """A step that writes into a leaf that requires grad."""

    def build(torch: Any) -> Step:
        p, y = torch.zeros(10, requires_grad=True), torch.ones(10)
        return lambda: write(torch, p, y)

    return build


def subtract_from_data(torch: Any, p: Any, y: Any) -> None:
    p.data -= 0.01 * y


def assign_data(torch: Any, p: Any, y: Any) -> None:
    p.data = p.data * 0.5


def subtract_untracked(torch: Any, p: Any, y: Any) -> None:
    with torch.no_grad():
        p -= 0.01 * y


def assign_element(torch: Any, x: Any, y: Any) -> None:
    x[3] = 1.5


def assign_slice(torch: Any, x: Any, y: Any) -> None:
    x[2:5] = y[:3]


def assign_masked(torch: Any, x: Any, y: Any) -> None:
    x[x > 0] = 0.0


def add_to_element(torch: Any, x: Any, y: Any) -> None:
    x[3] += 1.0


def swap(torch: Any, x: Any, y: Any) -> None:
    x[0], x[1] = x[1].clone(), x[0].clone()


def assign_grad(torch: Any, p: Any, y: Any) -> None:
    (p * y).sum().backward()
    p.grad = None


def zero_grad(torch: Any, p: Any, y: Any) -> None:
    (p * y).sum().backward()
    p.grad.zero_()


def accumulate_grad(torch: Any, p: Any, y: Any) -> None:
    (p * y).sum().backward()


def write_recorded(torch: Any, p: Any, y: Any) -> None:
    z = p * 2
    z[0] = 1.0
    z.sum().backward()
    p.grad = None


def write_through_view(torch: Any, x: Any, y: Any) -> None:
    x.view(2, 5)[0].mul_(0.5)


def write_detached(torch: Any, p: Any, y: Any) -> None:
    p.detach().add_(y)


def rolling(torch: Any) -> Step:
    kept: deque[Any] = deque(maxlen=100)
    x = torch.ones(10)
    return lambda: kept.append(x * 0.5)


def rolling_data(torch: Any) -> Step:
    kept: deque[Any] = deque(maxlen=100)
    p = torch.ones(10, requires_grad=True)

    def step() -> None:
        kept.append(p.data)
        p.data.mul_(0.5)

    return step


FORMS: dict[str, Callable[[Any], Step]] = {
    "x.data -= y": of_parameter(subtract_from_data),
    "x.data = y": of_parameter(assign_data),
    "x.data.sub_(y)": of_parameter(lambda torch, p, y: p.data.sub_(y)),
    "no_grad: x -= y": of_parameter(subtract_untracked),
    "x.detach().add_(y)": of_parameter(write_detached),
    "x[i] = number": of_vector(assign_element),
    "x[i] += number": of_vector(add_to_element),
    "x[a:b] = y": of_vector(assign_slice),
    "x[mask] = number": of_vector(assign_masked),
    "x.copy_(y)": of_vector(lambda torch, x, y: x.copy_(y)),
    "x.add_(y)": of_vector(lambda torch, x, y: x.add_(y)),
    "x.add_(y, alpha)": of_vector(lambda torch, x, y: x.add_(y, alpha=-0.1)),
    "x.fill_(number)": of_vector(lambda torch, x, y: x.fill_(0.5)),
    "x.view().mul_()": of_vector(write_through_view),
    "x.index_add_(y)": of_vector(lambda torch, x, y: x.index_add_(0, torch.tensor([1, 3]), y[:2])),
    "add(out=x)": of_vector(lambda torch, x, y: torch.add(x, y, out=x)),
    "x.set_(y)": of_vector(lambda torch, x, y: x.set_(y)),
    "swap elements": of_vector(swap),
    "x.grad = None": of_parameter(assign_grad),
    "x.grad.zero_()": of_parameter(zero_grad),
    "x.grad grows": of_parameter(accumulate_grad),
    "recorded x[i] =": of_parameter(write_recorded),
    "deque of results": rolling,
    "deque of x.data": rolling_data,
}


def bytes_now() -> int:
    """The most memory that the process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(library: str, form: str, steps: int) -> tuple[float, float, float]:
    """Microseconds of a step of the long run and of the short one, and bytes a step of growth."""
    if library == "torch":
        import torch

        torch.set_num_threads(1)
    else:
        import gradcli.torch as torch
    step = FORMS[form](torch)
    figures = []
    for count in (steps, 10 * steps):
        before = bytes_now()
        start = time.process_time()
        for _ in range(count):
            step()
        figures.append((time.process_time() - start) / count * 1e6)
        grown = (bytes_now() - before) / count
    return figures[1], figures[0], grown


def measure(python: str, library: str, form: str, steps: int) -> tuple[float, float, float]:
    """The figures of a form from a fresh process."""
    environment = {**COMPILED, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [python, __file__, "--run", library, "--form", form, "--steps", str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{form} with {library} failed:\n{done.stderr}")
    long, short, grown = json.loads(done.stdout)
    return long, short, grown


def main() -> None:
    """Measure the forms asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python with PyTorch 2.13.0")
    parser.add_argument("--form", nargs="*", default=list(FORMS))
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(options.run, options.form[0], options.steps)))
        return
    print(f"{'form':20} {'µs a step':>10} {'linear':>7} {'B a step':>9} {'torch':>8} {'ratio':>6}")
    for form in options.form:
        long, short, grown = measure(sys.executable, "gradcli", form, options.steps)
        line = f"{form:20} {long:10.2f} {long / short:7.2f} {grown:9.2f}"
        if options.torch:
            theirs = measure(options.torch, "torch", form, options.steps // 10)[0]
            line += f" {theirs:8.2f} {long / theirs:6.2f}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
