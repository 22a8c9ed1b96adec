"""First gradients under create_graph have PyTorch's nodes, as goldens/gradients.json has them.

What still differs is listed in gradient_differences.txt: `name` where the outermost node has
another name, `graph` where nodes further in differ. The list is exact, so that no entry joins it
unseen and none stays on it that agrees. `python tests/ops/test_gradient_graphs.py` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradient_graphs as graphs
import numpy as np
import pytest
import table_cases as cases

import gradcli.torch as torch
from gradcli.autograd.leaf import fresh_edge
from gradcli.table.entry import Op
from gradcli.table.samples import Sample
from gradcli.tensor.tensor import Tensor, make

HERE = Path(__file__).parent
GOLDENS: dict[str, Any] = json.loads(
    (HERE.parent / "goldens" / "gradients.json").read_text(encoding="utf-8")
)
DIFFERENCES = HERE / "gradient_differences.txt"
OPS = {op.id: op for op in cases.entries()}


class Nodes:
    """How nodes here are read; see `graphs.TorchNodes`."""

    title = staticmethod(lambda node: node.title)
    edges = staticmethod(lambda node: node.edges)
    root = staticmethod(fresh_edge)


def cotangent(output: Tensor, live: bool) -> Tensor:
    values = np.asarray(cases.cotangent(tuple(output.shape), output.dtype.is_complex))
    found = make(output.dtype.cast(values)[()], output.dtype)
    if live:
        found.requires_grad_()
    return found


def graphs_of(op: Op, sample: Sample, live: bool) -> list[str | None]:
    """The graphs of the gradients of one sample by all its floating inputs."""
    values: list[Tensor] = []

    def change(tensor: Tensor) -> Tensor:
        value = cases.leaf(tensor)
        if value.dtype.differentiable:
            values.append(value)
        return value

    args, kwargs = cases.mapped(sample, change)
    torch.manual_seed(0)
    outputs = [output for output in cases.flat(op.call(*args, **kwargs)) if output.requires_grad]
    given = [cotangent(output, live) for output in outputs]
    found = torch.autograd.grad(outputs, values, given, create_graph=True, allow_unused=True)
    return [graphs.graph_of(Nodes, grad, values, given) for grad in found]


def difference(identifier: str) -> str:
    """`name`, `graph`, or nothing where an entry agrees with PyTorch in all its samples."""
    op = OPS[identifier]
    samples = cases.samples(op, "real")
    kinds = set()
    for index, (constant, live) in GOLDENS[identifier].items():
        for expected, is_live in ((constant, False), (live, True)):
            if expected is None:
                continue
            found = graphs_of(op, samples[int(index)], is_live)
            for ours, theirs in zip(found, expected, strict=True):
                if graphs.outermost(ours) != graphs.outermost(theirs):
                    kinds.add("name")
                elif ours != theirs:
                    kinds.add("graph")
    return "name" if "name" in kinds else "graph" if kinds else ""


def known() -> dict[str, str]:
    """The differences that are listed."""
    lines = DIFFERENCES.read_text().splitlines()
    return dict(tuple(line.split()) for line in lines)  # type: ignore[misc]


KNOWN = known() if DIFFERENCES.exists() else {}


@pytest.mark.parametrize("identifier", GOLDENS)
@pytest.mark.filterwarnings("ignore")
def test_gradients_have_pytorchs_graphs(identifier: str) -> None:
    assert difference(identifier) == KNOWN.get(identifier, "")


def test_most_entries_agree() -> None:
    assert len(GOLDENS) > 540
    assert sum(kind == "name" for kind in KNOWN.values()) <= 0.15 * len(GOLDENS)
    assert len(KNOWN) <= 0.36 * len(GOLDENS)


if __name__ == "__main__":
    found = {identifier: difference(identifier) for identifier in GOLDENS}
    DIFFERENCES.write_text("".join(f"{name} {kind}\n" for name, kind in found.items() if kind))
