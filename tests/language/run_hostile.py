"""Runs the programs given as arguments and reports on each, in a line of JSON.

They run in forks of this process, which has imported everything before: what a program holds at
its peak is then its own, and a crash ends nothing else. A fork ends with the first of its programs
that hits a limit.
"""

from __future__ import annotations

import contextlib
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

LIMITS = {"max_steps": 200_000, "max_memory": 128 << 20, "timeout": 0.3}


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


def lowered() -> None:
    """Have `peak` begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def outcome(error: str) -> int:
    """The exit status that the command would have."""
    if error.startswith("refused: "):
        return 3
    if error.startswith("limit: "):
        return 6
    return 5 if error else 0


def report(path: Path) -> int:
    """Write what became of a program, and return the exit status it would have."""
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
    return outcome(error)


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


def several(paths: list[Path], done: int) -> None:
    """Report on programs up to one that hits a limit; each adds a byte to the file `done`."""
    for path in paths:
        signal.alarm(20)
        lowered()
        status = report(path)
        os.write(done, b".")
        if status == 6:  # what it held may be there still
            return


def main() -> None:
    load()
    paths = [Path(name) for name in sys.argv[1:]]
    while paths and not hasattr(os, "fork"):
        report(paths.pop(0))
    while paths:
        read, write = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                several(paths, write)
                code = 0
            finally:
                os._exit(code)
        os.close(write)
        status = os.waitpid(child, 0)[1]
        with open(read, "rb") as file:
            done = len(file.read())
        if status:
            crashed(paths[done], status)
            done += 1
        del paths[:done]


main()
