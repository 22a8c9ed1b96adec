"""Runs the programs given as arguments, each in a process of its own, and reports on each.

A report is a line of JSON. The processes are forks of this one, which has imported everything
before: what a program holds at its peak is then its own, and a crash ends nothing else.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

from programs import run

from gradcli.language.interpreter import Limits
from gradcli.language.library.modules import MODULES, find_module
from gradcli.language.machine.state import machine
from gradcli.torch import namespaces

LIMITS = {"max_steps": 200_000, "max_memory": 128 << 20, "timeout": 0.4}


# What no error tells a program's reader: where our code is, and where the process keeps something.
SHOWN = re.compile(r"gradcli\.\w+|0x[0-9a-f]{7,11}\b|0x[0-7][0-9a-f]{11}\b")


def peak() -> float:
    """The most memory that this process has held, in MiB; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration):
        return 0.0


def outcome(error: str) -> int:
    """The exit status that the command would have."""
    if error.startswith("refused: "):
        return 3
    if error.startswith("limit: "):
        return 6
    return 5 if error else 0


def report(path: Path) -> None:
    start = time.perf_counter()
    text, error = run(path.read_text(encoding="utf-8"), limits=Limits(**LIMITS))
    found = {
        "name": path.stem,
        "text": text[:100],
        "error": error[:200],
        "shown": SHOWN.findall(error),
        "status": outcome(error),
        "seconds": round(time.perf_counter() - start, 3),
        "mebibytes": round(peak()),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def crashed(path: Path, status: int) -> None:
    found = {
        "name": path.stem,
        "text": "",
        "error": f"crashed: {status}",
        "status": 70,
        "shown": [],
    }
    sys.stdout.write(json.dumps({**found, "seconds": 0, "mebibytes": 0}) + "\n")
    sys.stdout.flush()


NAMED = {  # a name of each part of torch that is loaded when a program first names it
    "torch": ("ones", "Tensor", "float32", "Generator"),
    "torch.distributions": ("Normal",),
    "torch.nn": ("Linear", "LSTM", "Transformer"),
    "torch.nn.utils": ("clip_grad_norm_",),
    "torch.optim": ("Adam",),
    "torch.optim.lr_scheduler": ("StepLR",),
    "torch.utils.data": ("DataLoader",),
}


def load() -> None:
    """Import what programs import, so that their processes need not."""
    for namespace, names in NAMED.items():
        for name in names:
            namespaces.lookup(namespace, name)
    for name in MODULES:
        find_module(name)
    machine.modules.clear()  # each program has modules of its own


def main() -> None:
    load()
    for path in map(Path, sys.argv[1:]):
        if not hasattr(os, "fork"):
            report(path)
            continue
        child = os.fork()
        if not child:
            code = 1
            signal.alarm(20)
            try:
                report(path)
                code = 0
            finally:
                os._exit(code)
        status = os.waitpid(child, 0)[1]
        if status:
            crashed(path, status)


main()
