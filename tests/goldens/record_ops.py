"""Records what PyTorch computes for every entry of the op table and every sample.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=.:tests/ops python tests/goldens/record_ops.py

It writes tests/goldens/ops.json: for each entry and sample the outputs, the node's name, the
strides and the gradients, or the error; and strides for other layouts of the first input. With
names of families as arguments it records their entries and leaves the others as they are.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import table_cases as cases
import torch

from gradcli.tensor.dtypes import DType
from gradcli.tensor.tensor import Tensor

warnings.simplefilter("ignore")
torch.set_num_threads(1)
SPACES: dict[str, Any] = {
    "torch": torch,
    "F": torch.nn.functional,
    "linalg": torch.linalg,
    "special": torch.special,
    "fft": torch.fft,
    "masked": torch.masked,
    "Tensor": torch.Tensor,
}


def function(op: Any) -> Any:
    """PyTorch's function of the same public name, or None."""
    for where in SPACES:
        if where in op.where:
            found = getattr(SPACES[where], op.name, None)
            if callable(found):
                return found
    return None


def converted(value: Any) -> Any:
    if isinstance(value, DType):
        return getattr(torch, value.name)
    return value


def arguments(
    sample: Any, leaves: list[Any], grad: bool = True
) -> tuple[list[Any], dict[str, Any]]:
    def change(tensor: Tensor) -> Any:
        value = torch.from_numpy(np.array(tensor.array))
        if value.numel() == 0:
            value = torch.empty(value.shape, dtype=value.dtype)
        if tensor.dtype.category >= 2 and grad:
            value.requires_grad_()
            leaves.append(value)
        return value

    args, kwargs = cases.mapped(sample, change)
    return [converted(a) for a in args], {k: converted(v) for k, v in kwargs.items()}


def number(value: Any) -> Any:
    if isinstance(value, complex):
        return [number(value.real), number(value.imag)]
    if isinstance(value, bool | int):
        return value
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return float(f"{value:.13g}")


def listed(tensor: Any) -> list[Any]:
    return [number(v) for v in tensor.detach().resolve_conj().reshape(-1).tolist()]


def described(tensor: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dtype": str(tensor.dtype)[6:],
        "shape": list(tensor.shape),
        "stride": list(tensor.stride()),
        "values": listed(tensor),
    }
    if tensor.grad_fn is not None:
        found["node"] = tensor.grad_fn.name()
    return found


def error(problem: Exception) -> dict[str, Any]:
    return {"error": [type(problem).__name__, str(problem).split("\n")[0]]}


def flat(result: Any) -> list[Any] | None:
    """The tensors of a result; None when it is something else."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, tuple | list):
        found: list[Any] = []
        for item in result:
            inner = flat(item)
            if inner is None:
                return None
            found += inner
        return found
    return None


def record(op: Any, sample: Any) -> dict[str, Any]:
    called = function(op)
    found: dict[str, Any] = {"digest": cases.digest(sample)}
    if called is None:
        return {**found, "missing": True}
    leaves: list[Any] = []
    args, kwargs = arguments(sample, leaves)
    try:
        outputs = flat(called(*args, **kwargs))
    except Exception as problem:
        if "does not support automatic differentiation" in str(problem):
            args, kwargs = arguments(sample, [], False)
            try:
                called(*args, **kwargs)
            except Exception as plain:
                problem = plain
        return {**found, **error(problem)}
    if outputs is None:
        return {**found, "missing": True}
    found["outputs"] = [described(output) for output in outputs]
    live = [output for output in outputs if output.requires_grad]
    if live and leaves:
        cotangents = [
            torch.from_numpy(np.asarray(cases.cotangent(tuple(o.shape), o.is_complex()))).to(
                o.dtype
            )
            for o in live
        ]
        try:
            grads = torch.autograd.grad(live, leaves, cotangents, allow_unused=True)
            found["grads"] = [None if grad is None else listed(grad) for grad in grads]
        except Exception as problem:
            found["grads"] = error(problem)
    return found


def strides(op: Any, sample: Any, layout: str) -> Any:
    called = function(op)
    first = True

    def change(tensor: Tensor) -> Any:
        nonlocal first
        array = np.array(tensor.array)
        if first:
            array = cases.laid_out(array, layout)
        first = False
        value = torch.from_numpy(np.ascontiguousarray(array))
        return (
            value.as_strided(array.shape, [s // array.itemsize for s in array.strides])
            if (0 in array.strides)
            else torch.from_numpy(array)
        )

    args, kwargs = cases.mapped(sample, change)
    try:
        outputs = flat(
            called(*[converted(a) for a in args], **{k: converted(v) for k, v in kwargs.items()})
        )
    except Exception as problem:
        return error(problem)
    return None if outputs is None else [list(output.stride()) for output in outputs]


def line(op: Any) -> str:
    """The line of an entry."""
    found: dict[str, Any] = {
        kind: [record(op, sample) for sample in cases.samples(op, kind)] for kind in cases.KINDS
    }
    chosen = cases.layout_sample(op)
    if chosen is not None and function(op) is not None:
        found["layouts"] = {layout: strides(op, chosen[1], layout) for layout in cases.LAYOUTS}
    return f"{json.dumps(op.id)}: {json.dumps(found, separators=(',', ':'))}"


def main() -> None:
    """Write the goldens."""
    path = Path(__file__).with_name("ops.json")
    families = set(sys.argv[1:])
    kept = {}
    if families:
        for text in path.read_text().splitlines()[1:-1]:
            kept[json.loads(text[: text.index(":")])] = text.removesuffix(",")
    lines = [
        kept[op.id] if families and op.family not in families and op.id in kept else line(op)
        for op in cases.entries()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{len(lines)} entries, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
