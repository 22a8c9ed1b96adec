"""`--max-memory` is what the process may hold: at most a quarter more, however a program grows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from process import COMMAND, environment

LIMIT = 100  # MiB
GROWING = {
    "cat": "x = torch.ones(1000)\nwhile True: x = torch.cat([x, x])",
    "kron": "x = torch.ones(2, 2)\nwhile True: x = torch.kron(x, x)",
    "tolist": "y = torch.ones(10**7).tolist()",
    "tolist in a loop": "x = torch.arange(10**6)\nl = []\nwhile True: l.append(x.tolist())",
    "numpy": "import numpy as np\nx = np.ones(1000)\nwhile True: x = np.concatenate([x, x])",
    "unique": "torch.ones(1).expand(10**8).unique()",
    "unfold": "torch.nn.functional.unfold(torch.ones(1, 1, 1000, 1000), (10, 10))",
    "interpolate": "x = torch.ones(1, 1, 10, 10)\n"
    "torch.nn.functional.interpolate(x, scale_factor=1000)",
    "jacobian": "torch.autograd.functional.jacobian(lambda x: x**3, torch.ones(8000))",
    "dictionary": "d = {i: str(i) for i in range(10**8)}",
    "text": "l = []\nwhile True: l.append('ab' * 10**5)",
    "graph": "x = torch.ones(10**6, requires_grad=True)\nwhile True: x = x * x",
}


def peak(*arguments, stdin=b""):
    """The exit status, the peak in MiB and what was written to stderr."""
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdin=sys.stdin, stdout=subprocess.DEVNULL)\n"
        "print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        check=True,
        timeout=60,
        env=environment(),
    )
    status, size = map(int, done.stdout.split())
    return status, size / (1 << 20 if sys.platform == "darwin" else 1 << 10), done.stderr.decode()


@pytest.mark.parametrize("name", GROWING)
def test_growing_programs(name, tmp_path):
    path = tmp_path / "growing.grad"
    path.write_text("import torch\n" + GROWING[name])
    status, size, shown = peak("eval", "--max-memory", f"{LIMIT}M", os.fspath(path))
    assert status == 6
    assert "--max-memory" in shown
    assert size < LIMIT * 1.25 + 8  # the stack of a thread is counted by no one


def test_a_long_line_is_weighed_before_it_is_parsed():
    line = b'{"x": [' + b",".join([b"1"] * 10_000_000) + b"]}\n"
    status, size, shown = peak("grad", "sum(x)", "--each", "--max-memory", "256M", stdin=line)
    assert status == 6
    assert "record 1" in shown
    assert size < 256


FULL = {
    "sequences": "x = torch.ones(3, requires_grad=True)\ny = x.sum()\n"
    "torch.autograd.grad([y] * 10**6, [x] * 10**6, allow_unused=True)",
    "small objects": "l = []\nwhile True: l.append([[], []])",
}


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("name", FULL)
def test_an_error_is_told_when_the_memory_is_full(name, form, tmp_path):
    path = tmp_path / "full.grad"
    path.write_text("import torch\n" + FULL[name])
    arguments = ("--max-memory", f"{LIMIT}M", "--errors", form, os.fspath(path))
    status, size, shown = peak("eval", *arguments)
    assert status == 6
    assert "--max-memory" in shown
    assert "Traceback" not in shown
    assert size < LIMIT + 128


def test_a_large_stack_of_the_shell_leaves_room_for_threads(tmp_path):
    path = tmp_path / "growing.grad"
    path.write_text("import torch\n" + GROWING["cat"])
    command = [*COMMAND, "eval", "--max-memory", f"{LIMIT}M", os.fspath(path)]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -s 122880 && exec "$@"', "sh", *command],
        capture_output=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    assert done.returncode == 6, done.stderr
