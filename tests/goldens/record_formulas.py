"""Records that emitted PyTorch code gives the executed derivatives of random texts.

    PYTHONPATH=.:tests/ops:tests/explain python tests/goldens/record_formulas.py

Every text of tests/explain/random_texts.py is derived; the formula is run here, by NumPy and by
PyTorch, and compared with what the engine executes. formulas.json has a digest of each code that
PyTorch ran, so that the tests know whether what is emitted today is what was compared.

    ... record_formulas.py --seed 1000

compares texts that no test has seen, as many, from number 1000 on, and records nothing.
"""

from __future__ import annotations

import argparse
import collections
import inspect
import json
import pathlib
import sys

import numpy as np
import torch
from compared import CASES, Compared, compare, textbook
from derived import arguments_of, close, compiled
from entries import formulas
from table_cases import entries, samples

from gradcli.explain.formula.torch_code import torch_code
from gradcli.explain.formula.tracing import NoFormula

FILE = pathlib.Path(__file__).with_name("formulas.json")


def by_torch(found: Compared) -> bool:
    """Whether PyTorch computes the executed derivatives from the emitted code."""
    function = compiled(found.torch_code, found.title)
    values = [torch.tensor(np.asarray(value)) for value in arguments_of(function, found.case)]
    result = function(*values)
    parts = list(result.values()) if isinstance(result, dict) else [result]
    return all(
        close(np.asarray(part.detach() if hasattr(part, "detach") else part), wanted, found.close)
        for part, wanted in zip(parts, found.executed, strict=True)
    )


def _entries() -> collections.Counter[str]:
    """How the code for the table's entries compares, from their first samples."""
    counts: collections.Counter[str] = collections.Counter()
    for op in entries():
        for sample in samples(op, "real")[:1] if op.vjp else ():
            try:
                derived = formulas(op, sample)
            except (NoFormula, RuntimeError, NotImplementedError):
                counts["entries: none"] += 1
                continue
            if derived is None:
                continue
            function = compiled(torch_code(derived.formula, "gradient"), "gradient")
            names = inspect.signature(function).parameters
            try:
                result = function(*(torch.tensor(derived.values[name]) for name in names))
            except (TypeError, RuntimeError, AttributeError) as error:
                print(op.id, type(error).__name__, str(error)[:200])
                counts["entries: PyTorch refuses"] += 1
                continue
            parts = list(result.values()) if isinstance(result, dict) else [result]
            same = all(
                close(np.asarray(part), found.executed, 1e-9)
                for part, found in zip(parts, derived.found, strict=True)
            )
            counts[f"entries: {'equal' if same else 'PyTorch differs'}"] += 1
            if not same:
                print(op.id, torch_code(derived.formula, "gradient"))
    return counts


def _random(first: int) -> tuple[dict[str, list[str]], collections.Counter[str]]:
    """Digests and counts of the random texts from a number on; what differs is printed."""
    digests: dict[str, list[str]] = {}
    counts: collections.Counter[str] = collections.Counter()
    used: collections.Counter[str] = collections.Counter()
    for kind, (make, number) in CASES.items():
        digests[kind] = []
        beginning = 0 if make is textbook else first
        for place in range(beginning, beginning + number):
            found = compare(kind, place)
            verdict = found.verdict
            if verdict == "equal" and not by_torch(found):
                verdict = "PyTorch differs"
            if verdict != "equal":
                print(kind, place, verdict, found.case.text, found.torch_code, sep="\n")
            counts[f"{kind}: {verdict}"] += 1
            used.update(found.used)
            digests[kind].append(found.digest if verdict == "equal" else "")
    print(f"{len(used)} entries: " + " ".join(f"{name} {n}" for name, n in used.most_common()))
    return digests, counts


def main() -> None:
    torch.set_num_threads(1)
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=0)
    first = options.parse_args().seed
    digests, counts = _random(first)
    if not first:
        counts.update(_entries())
    print(dict(counts))
    if any(kind.endswith("PyTorch differs") for kind in counts if not kind.startswith("entries")):
        sys.exit("PyTorch computes something else")
    if not first:
        FILE.write_text(json.dumps({"torch": torch.__version__, **digests}, indent=0) + "\n")


if __name__ == "__main__":
    main()
