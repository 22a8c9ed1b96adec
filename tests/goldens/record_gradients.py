"""Records the graphs that PyTorch's first gradients have under create_graph.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=.:tests/ops python tests/goldens/record_gradients.py

It writes tests/goldens/gradients.json: for each differentiable entry and real sample the graphs of
the gradients by all inputs, once with cotangents that are constants and once with cotangents that
require grad themselves. An entry that PyTorch does not differentiate has no line for that sample.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import gradient_graphs as graphs
import numpy as np
import table_cases as cases
import torch
from record_ops import arguments, flat, function

warnings.simplefilter("ignore")
torch.set_num_threads(1)


def record(op: Any, sample: Any, live: bool) -> list[Any] | None:
    """The graphs of the gradients of one sample; None where PyTorch has none."""
    called = function(op)
    if called is None:
        return None
    leaves: list[Any] = []
    args, kwargs = arguments(sample, leaves)
    try:
        torch.manual_seed(0)
        outputs = flat(called(*args, **kwargs))
    except Exception:
        return None
    found = [output for output in outputs or () if output.requires_grad]
    if not found or not leaves:
        return None
    cotangents = [
        torch.from_numpy(np.array(cases.cotangent(tuple(o.shape), o.is_complex()))).to(o.dtype)
        for o in found
    ]
    for cotangent in cotangents:
        cotangent.requires_grad_(live)
    try:
        grads = torch.autograd.grad(found, leaves, cotangents, create_graph=True, allow_unused=True)
    except Exception:
        return None
    return [graphs.graph_of(graphs.TorchNodes, grad, leaves, cotangents) for grad in grads]


def main() -> None:
    """Write the goldens."""
    lines = []
    for op in cases.entries():
        if not (op.vjp or op.composite):
            continue
        found: dict[str, Any] = {}
        for index, sample in enumerate(cases.samples(op, "real")):
            both = [record(op, sample, live) for live in (False, True)]
            if both[0] is not None:
                found[str(index)] = both
        if found:
            lines.append(f"{json.dumps(op.id)}: {json.dumps(found, ensure_ascii=False)}")
    path = Path(__file__).with_name("gradients.json")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(lines)} entries, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
