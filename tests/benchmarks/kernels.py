"""Sixty common operations beside PyTorch, forward and both ways, at three sizes.

    python tests/benchmarks/kernels.py [--torch PYTHON] [--op NAME ...] [--size N ...]

`--torch` is a Python in which PyTorch 2.13.0 is installed; without it only our own figures are
printed. Each library has one process with one thread; an operation is measured in the two in turn,
and the figures are the least processor time of one call in microseconds. `+grad` is the forward
call and a backward pass from a cotangent of ones. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 100_000, 1_000_000)
COLUMNS = 100  # of the matrices whose rows are reduced, sorted or looked up

Work = tuple[Callable[..., Any], tuple[Any, ...]]


def rows_of(size: int) -> int:
    return size // COLUMNS


def elementwise(name: str) -> Callable[[Any, int], Work]:
    """`torch.NAME`, or the function of that name in `torch.nn.functional`, of a vector."""

    def build(torch: Any, size: int) -> Work:
        positive = name in ("log", "log2", "sqrt", "rsqrt", "lgamma", "digamma", "log1p")
        x = torch.rand(size) * 3 + 0.1 if positive else torch.randn(size)
        if name in ("asin", "atanh", "erfinv"):
            x = torch.rand(size) * 1.8 - 0.9
        functional = torch.nn.functional
        function = getattr(functional, name) if name in FUNCTIONAL else getattr(torch, name)
        return function, (x,)

    return build


def of_rows(call: Callable[[Any, Any], Any]) -> Callable[[Any, int], Work]:
    """`call(torch, x)` of a matrix with `COLUMNS` columns."""

    def build(torch: Any, size: int) -> Work:
        return lambda x: call(torch, x), (torch.randn(rows_of(size), COLUMNS),)

    return build


def of_pairs(call: Callable[[Any, Any, Any], Any]) -> Callable[[Any, int], Work]:
    """`call(torch, x, y)` of two matrices with `COLUMNS` columns, positive."""

    def build(torch: Any, size: int) -> Work:
        shape = (rows_of(size), COLUMNS)
        return lambda x, y: call(torch, x, y), (torch.rand(*shape) + 0.5, torch.rand(*shape) + 0.5)

    return build


def of_images(call: Callable[[Any, Any], Any]) -> Callable[[Any, int], Work]:
    """`call(torch.nn.functional, x)` of images with ten channels."""

    def build(torch: Any, size: int) -> Work:
        side = {1_000: 10, 100_000: 50}.get(size, 100)
        x = torch.randn(max(1, size // (10 * side * side)), 10, side, side)
        return lambda x: call(torch.nn.functional, x), (x,)

    return build


def with_index(call: Callable[[Any, Any, Any], Any], whole: bool) -> Callable[[Any, int], Work]:
    """`call(torch, x, index)` of a matrix and rows, or (`whole`) a row for each element."""

    def build(torch: Any, size: int) -> Work:
        rows = rows_of(size)
        x = torch.randn(rows, COLUMNS)
        index = torch.randint(0, rows, (rows, COLUMNS) if whole else (rows,))
        return lambda x: call(torch, x, index), (x,)

    return build


def product(name: str) -> Callable[[Any, int], Work]:
    """A product of matrices whose operands have `size` elements."""

    def build(torch: Any, size: int) -> Work:
        side = int(size**0.5)
        if name == "bmm":
            shape = (max(1, size // 1024), 32, 32)
            return torch.bmm, (torch.randn(*shape), torch.randn(*shape))
        if name == "einsum":
            shape = (max(1, size // 1024), 32, 32)
            other = torch.randn(*shape)
            return lambda x, y: torch.einsum("bij,bkj->bik", x, y), (torch.randn(*shape), other)
        if name == "linear":
            x, bias = torch.randn(side, side), torch.randn(side)
            return torch.nn.functional.linear, (x, torch.randn(side, side), bias)
        if name == "mv":
            return torch.mv, (torch.randn(side, side), torch.randn(side))
        return torch.matmul, (torch.randn(side, side), torch.randn(side, side))

    return build


def classes(torch: Any, size: int) -> Work:
    target = torch.randint(0, COLUMNS, (rows_of(size),))
    scores = torch.randn(rows_of(size), COLUMNS)
    return lambda x: torch.nn.functional.cross_entropy(x, target), (scores,)


def lookup(torch: Any, size: int) -> Work:
    index = torch.randint(0, 1000, (rows_of(size),))
    return lambda table: torch.nn.functional.embedding(index, table), (torch.randn(1000, COLUMNS),)


FUNCTIONAL = {"relu", "gelu", "silu", "softplus", "elu", "leaky_relu", "logsigmoid", "mish"}
NAMES = (
    *("exp", "log", "log1p", "sqrt", "rsqrt", "sin", "tanh", "sigmoid", "abs", "asin", "atanh"),
    *("erf", "erfinv", "lgamma", "digamma", "square", "reciprocal", "neg", "expm1", "atan"),
    *sorted(FUNCTIONAL),
)
OPERATIONS: dict[str, Callable[[Any, int], Work]] = {
    **{name: elementwise(name) for name in NAMES},
    "add": of_pairs(lambda torch, x, y: x + y),
    "mul": of_pairs(lambda torch, x, y: x * y),
    "div": of_pairs(lambda torch, x, y: x / y),
    "pow": of_pairs(lambda torch, x, y: x**y),
    "pow 3": of_rows(lambda torch, x: x**3),
    "maximum": of_pairs(lambda torch, x, y: torch.maximum(x, y)),
    "where": of_pairs(lambda torch, x, y: torch.where(x > y, x, y)),
    "clamp": of_rows(lambda torch, x: x.clamp(-1, 1)),
    "sum": of_rows(lambda torch, x: x.sum()),
    "sum 0": of_rows(lambda torch, x: x.sum(0)),
    "sum 1": of_rows(lambda torch, x: x.sum(1)),
    "mean": of_rows(lambda torch, x: x.mean(1)),
    "var": of_rows(lambda torch, x: x.var(1)),
    "std 0": of_rows(lambda torch, x: x.std(0)),
    "norm": of_rows(lambda torch, x: x.norm()),
    "amax": of_rows(lambda torch, x: x.amax(1)),
    "max 1": of_rows(lambda torch, x: x.max(1)[0]),
    "prod": of_rows(lambda torch, x: x.prod(1)),
    "logsumexp": of_rows(lambda torch, x: x.logsumexp(1)),
    "softmax": of_rows(lambda torch, x: x.softmax(1)),
    "softmax 0": of_rows(lambda torch, x: x.softmax(0)),
    "log_softmax": of_rows(lambda torch, x: x.log_softmax(1)),
    "cumsum": of_rows(lambda torch, x: x.cumsum(1)),
    "cumsum 0": of_rows(lambda torch, x: x.cumsum(0)),
    "cumprod": of_rows(lambda torch, x: x.cumprod(1)),
    "sort": of_rows(lambda torch, x: x.sort(1)[0]),
    "topk": of_rows(lambda torch, x: x.topk(5, 1)[0]),
    "layer_norm": of_rows(lambda torch, x: torch.nn.functional.layer_norm(x, (COLUMNS,))),
    "batch_norm": of_images(lambda F, x: F.batch_norm(x, None, None, training=True)),
    "max_pool2d": of_images(lambda F, x: F.max_pool2d(x, 2)),
    "avg_pool2d": of_images(lambda F, x: F.avg_pool2d(x, 2)),
    "cross_entropy": classes,
    "mse_loss": of_pairs(lambda torch, x, y: torch.nn.functional.mse_loss(x, y)),
    "index_select": with_index(lambda torch, x, index: x.index_select(0, index), False),
    "x[index]": with_index(lambda torch, x, index: x[index], False),
    "gather": with_index(lambda torch, x, index: x.gather(0, index), True),
    "scatter_add": with_index(lambda torch, x, index: x.scatter_add(0, index, x), True),
    "embedding": lookup,
    "transpose": of_rows(lambda torch, x: x.t().contiguous()),
    "cat": of_pairs(lambda torch, x, y: torch.cat([x, y], 1)),
    **{name: product(name) for name in ("matmul", "bmm", "einsum", "linear", "mv")},
}


def least(function: Callable[[], object], seconds: float = 0.06) -> float:
    """Microseconds of processor time of one call: the least of several batches."""
    function()
    start = time.thread_time()
    function()
    once = max(time.thread_time() - start, 1e-7)
    number = max(1, int(0.0005 / once))
    figures = []
    for _ in range(max(4, min(40, int(seconds / (once * number))))):
        start = time.thread_time()
        for _ in range(number):
            function()
        figures.append((time.thread_time() - start) / number)
    return min(figures) * 1e6


def measure(torch: Any, name: str, size: int) -> tuple[float, float]:
    """Microseconds of an operation forward, and forward and backward."""
    torch.manual_seed(0)
    function, inputs = OPERATIONS[name](torch, size)
    forward = least(lambda: function(*inputs))
    leaves = [x.requires_grad_() for x in inputs]
    cotangent = torch.ones_like(function(*leaves).detach())

    def both() -> None:
        for leaf in leaves:
            leaf.grad = None
        function(*leaves).backward(cotangent)

    return forward, least(both)


def serve(library: str) -> None:
    """Answer lines of `name<tab>size` with the two figures."""
    if library == "torch":
        import torch

        torch.set_num_threads(1)
    else:
        import gradcli.torch as torch  # type: ignore[no-redef]
    for line in sys.stdin:
        name, size = line.rstrip("\n").split("\t")
        print(json.dumps(measure(torch, name, int(size))), flush=True)


class Library:
    """A process that measures with one library."""

    def __init__(self, python: str, library: str) -> None:
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [python, __file__, "serve", library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
        )

    def measure(self, name: str, size: int) -> tuple[float, float]:
        """The figures of one operation."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(name, size, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{name} at {size} failed")
        forward, both = json.loads(answer)
        return forward, both


def main() -> None:
    """Measure the operations asked for and print a table."""
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python with PyTorch 2.13.0")
    parser.add_argument("--op", nargs="*", default=list(OPERATIONS), choices=OPERATIONS)
    parser.add_argument("--size", nargs="*", type=int, default=SIZES)
    options = parser.parse_args()
    ours = Library(sys.executable, "gradcli")
    theirs = Library(options.torch, "torch") if options.torch else None
    print(f"{'op':14}{'size':>9}{'ours':>12}{'torch':>11}{'ratio':>7}{'+grad':>12}{'torch':>11}"
          f"{'ratio':>7}")  # fmt: skip
    for name in options.op:
        for size in options.size:
            line = f"{name:14}{size:9}"
            figures = ours.measure(name, size)
            others = theirs.measure(name, size) if theirs else (float("nan"),) * 2
            for figure, other in zip(figures, others, strict=True):
                line += f"{figure:12.1f}{other:11.1f}{figure / other:7.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
