"""Runs one expression with PyTorch or with gradcli's face, for the recorder and the tests.

Expressions name `torch`, `F` and makers of float64 leaves with fixed values: `t(2, 3)` (normal,
requires grad), `c(2, 3)` (normal, constant), `u(0.1, 0.9, 3)` (uniform, requires grad) and
`spd(3, 3)` (Hermitian positive definite). The answer has what a program can see: types, layouts,
all nodes behind the results, warnings, errors; and numbers as projections on fixed vectors, of
values, gradients and second gradients.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np

_ADDRESS = re.compile(r" \(Triggered internally.*", re.DOTALL)


class Graph:
    """Nodes and all behind them as texts, each node once: what was shown before is its number.

    A is a leaf.
    """

    def __init__(self) -> None:
        self.shown: dict[Any, int] = {}

    def text(self, node: Any) -> str:
        if node is None:
            return "None"
        if node in self.shown:
            return f"#{self.shown[node]}"
        self.shown[node] = len(self.shown) + 1
        ours = hasattr(node, "title")
        title = (node.title if ours else node.name()).removeprefix("torch::autograd::")
        if title == "AccumulateGrad":
            return "A"
        edges = node.edges if ours else [edge for edge, _ in node.next_functions]
        return f"{title}({','.join(map(self.text, edges))})"


def numbers(tensor: Any) -> Any:
    """Two projections of a tensor's values, so that any changed element shows."""
    if tensor is None:
        return None
    values = np.asarray(tensor.detach().clone().tolist()).ravel()
    if not values.size:
        return []
    places = np.arange(1, values.size + 1)
    found = [complex(np.sum(values * np.cos(places))), complex(np.sum(values * np.sin(places)))]
    return [[float(f"{part:.12g}") for part in (n.real, n.imag)] for n in found]


class Makers:
    """The makers of tensors, and the leaves they made."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.random = np.random.default_rng(0)
        self.leaves: list[Any] = []

    def make(self, values: Any, dtype: Any, leaf: bool) -> Any:
        tensor = self.torch.tensor(values.tolist(), dtype=dtype).reshape(values.shape)
        if leaf:
            tensor.requires_grad_()
            self.leaves.append(tensor)
        return tensor

    def normal(self, shape: Any, dtype: Any) -> Any:
        values = self.random.standard_normal(shape)
        if dtype.is_complex:
            values = values + 1j * self.random.standard_normal(shape)
        return values

    def t(self, *shape: int, dtype: Any = None) -> Any:
        dtype = dtype or self.torch.float64
        return self.make(self.normal(shape, dtype), dtype, True)

    def c(self, *shape: int, dtype: Any = None) -> Any:
        dtype = dtype or self.torch.float64
        return self.make(self.normal(shape, dtype), dtype, False)

    def u(self, low: float, high: float, *shape: int) -> Any:
        return self.make(self.random.uniform(low, high, shape), self.torch.float64, True)

    def spd(self, *shape: int, dtype: Any = None) -> Any:
        dtype = dtype or self.torch.float64
        a = self.normal(shape, dtype)
        product = a @ np.conj(np.swapaxes(a, -1, -2)) + np.eye(shape[-1])
        return self.make(product, dtype, True)


def run(torch: Any, expression: str) -> dict[str, Any]:
    """What an expression gives."""
    makers = Makers(torch)
    names = {
        "torch": torch,
        "F": torch.nn.functional,
        "z": torch.complex128,
        "f32": torch.float32,
        **{name: getattr(makers, name) for name in ("t", "c", "u", "spd")},
    }
    answer: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            _answer(torch, eval(expression, names), makers, answer)
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    answer["warnings"] = [
        f"{w.category.__name__}: {_ADDRESS.sub('', str(w.message))}" for w in caught
    ]
    return answer


def _answer(torch: Any, value: Any, makers: Makers, answer: dict[str, Any]) -> None:
    items = value if isinstance(value, tuple | list) else [value]
    outputs = [item for item in items if isinstance(item, torch.Tensor)]
    answer["type"] = type(value).__name__
    graph = Graph()
    answer["outputs"] = [
        [str(o.dtype), list(o.shape), list(o.stride()), graph.text(o.grad_fn)] for o in outputs
    ]
    answer["values"] = [numbers(o) for o in outputs]
    roots = [o for o in outputs if o.grad_fn is not None]
    if not roots:
        return
    given = [makers.make(makers.normal(tuple(o.shape), o.dtype), o.dtype, True) for o in roots]
    leaves = makers.leaves[: -len(given)]
    first = torch.autograd.grad(roots, leaves, given, create_graph=True, allow_unused=True)
    answer["grads"] = [numbers(g) for g in first]
    plain = torch.autograd.grad(roots, leaves, given, allow_unused=True, retain_graph=True)
    answer["plain"] = [numbers(g) for g in plain]
    live = [g for g in first if g is not None and g.requires_grad]
    if live:
        weights = [
            makers.make(makers.normal(tuple(g.shape), g.dtype), g.dtype, False) for g in live
        ]
        second = torch.autograd.grad(live, leaves + given, weights, allow_unused=True)
        answer["second"] = [numbers(g) for g in second]
