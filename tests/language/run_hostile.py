"""Runs the programs given as arguments and reports on each as a line of JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from programs import run

from gradcli.language.interpreter import Limits


def peak() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1 << 20 if sys.platform == "darwin" else 1 << 10)


for name in sys.argv[1:]:
    path = Path(name)
    start = time.perf_counter()
    limits = Limits(max_steps=300_000, max_memory=128 << 20, timeout=1.5)
    text, error = run(path.read_text(encoding="utf-8"), limits=limits)
    report = {
        "name": path.stem,
        "text": text[:100],
        "error": error[:200],
        "seconds": round(time.perf_counter() - start, 3),
        "mebibytes": round(peak()),
    }
    print(json.dumps(report), flush=True)
