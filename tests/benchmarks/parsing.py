"""Parsing 10,000 lines against `ast.parse`, and the parser's start over bare Python, in one run."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Callable

from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source

UNIT = """\
import torch
x = torch.ones(2, 2, requires_grad=True)  # a leaf
y = (x + 2) * x @ x.T - 3.5e-1
for i, row in enumerate(y):
    if i % 2 == 0 and row.sum() > 0:
        loss = ((row - torch.tensor([1.0, 2.0])) ** 2).mean()
        loss.backward(retain_graph=True)
    else:
        print(f"row {i}: {row.mean():.4f}", x.grad[..., 0], sep="\\n")
z = [v.item() for v in y.flatten() if v > 1]
"""


def best(work: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def process(code: str) -> float:
    return best(lambda: subprocess.run([sys.executable, "-c", code], check=True), 11)


def main() -> None:
    parse(Source(UNIT))
    for lines in (1_000, 10_000, 100_000):
        text = UNIT * (lines // 10)
        python = best(lambda text=text: ast.parse(text), 3)
        ours = best(lambda text=text: parse(Source(text)), 3)
        print(f"{lines} lines: {ours * 1e3:.1f} ms, {ours / python:.2f} x ast.parse (bar: 8)")
    bare = process("pass")
    code = (
        "from gradcli.language.syntax.parser import parse; "
        "from gradcli.language.syntax.source import Source;"
        f"parse(Source({UNIT!r}))"
    )
    started = process(code)
    numpy = process("import numpy")
    print(
        f"start and ten lines: {(started - bare) * 1e3:.1f} ms over bare Python, "
        f"{started / numpy:.2f} x import numpy"
    )


if __name__ == "__main__":
    main()
