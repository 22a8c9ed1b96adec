"""Record how PyTorch prints tensors: run where PyTorch 2.13.0 is installed, after a new case.

    python tests/goldens/record_printing.py

writes printing.json beside this file. A case gives its elements as a NumPy expression, so that
the record stays small and the tests need no PyTorch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.autograd import forward_ad

BOOL_INT = ["bool", "uint8", "int8", "int16", "int32", "int64"]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
RANDOM = "np.random.RandomState({seed}).standard_normal({shape})"

FLOAT_VALUES = [
    "0.0",
    "-0.0",
    "2.0",
    "-1.5",
    "1e-5",
    "123456789.0",
    "np.inf",
    "np.nan",
    "[1.0, 2.0, 3.0]",
    "[0.0, -0.0]",
    "[0.0, np.nan, -np.inf]",
    "[1.0, np.inf, -np.inf, np.nan]",
    "[0.5, np.inf, -np.inf, np.nan]",
    "[-1.0, 10.0, 100.0]",
    "[0.1, 0.25, -0.75]",
    "[1.0, 1000.0]",
    "[0.5, 1000.0]",
    "[1.0, 1001.0]",
    "[1e-4, 0.05]",
    "[9e-5, 0.05]",
    "[0.99995, 9.99995, -0.00004]",
    "[1e-40, 1.0]",
    "[[1.0, -2.5], [3.0, 0.0]]",
    "[[[1.0], [2.0]], [[3.0], [4.0]]]",
    "np.zeros((0,))",
    "np.zeros((0, 3))",
    "np.zeros((2, 0, 3))",
    RANDOM.format(seed=1, shape=5),
    RANDOM.format(seed=2, shape=(3, 4)),
    RANDOM.format(seed=3, shape=(2, 3, 2)),
    RANDOM.format(seed=4, shape=30),
]
WIDE_VALUES = [
    "[99999999.0, 1e8]",
    "[1e8, 100000001.0]",
    "[1e-320, 1e300]",
    "[5e-324]",
    "[1e100, 1.0, -1e-100]",
    "[0.1, 1 / 3]",
]
INT_VALUES = [
    "0",
    "7",
    "[1, 0, 100]",
    "[[1, 20], [3, 4]]",
    "np.arange(100)",
    "np.zeros((0,), int)",
    "np.zeros((0, 2), int)",
    "np.ones((2, 1, 2, 1), int)",
]
COMPLEX_VALUES = [
    "1 + 2j",
    "-0.0 - 0j",
    "1.5 - 2.25j",
    "[1 + 2j, 3 - 4j]",
    "[1.5 + 10j, -100.25 - 4j]",
    "[1e-6 + 1j, 1 + 1e9j]",
    "[complex(0, np.nan), complex(np.inf, -np.inf), complex(-0.0, -0.0)]",
    "np.zeros((0,), complex)",
    "np.arange(24).reshape(2, 3, 4) * (1 - 0.5j)",
    "np.arange(9) + 1j * np.arange(9)[::-1]",
]
LARGE_VALUES = [
    ("np.arange(1001.0)", "float32"),
    ("np.arange(1000.0)", "float32"),
    ("np.arange(10000).reshape(100, 100)", "int64"),
    ("np.arange(3000.0).reshape(3, 1000) / 8", "float32"),
    ("np.arange(3000.0).reshape(1000, 3) / 8", "float64"),
    ("np.arange(4096.0).reshape(8, 8, 8, 8) / 8", "float32"),
    ("np.arange(1200.0).reshape(10, 1, 120).T", "float32"),
    ("np.where(np.arange(2000) == 1000, 1e9, np.arange(2000))", "float32"),
    ("np.arange(2000) % 3 == 0", "bool"),
    ("np.arange(2000) * (1 + 1j)", "complex64"),
    ("np.broadcast_to(np.float32(0.5), (1 << 20, 1 << 10))", "float32"),
    (RANDOM.format(seed=5, shape=(50, 60)), "float32"),
    (RANDOM.format(seed=6, shape=(7, 50, 60)), "bfloat16"),
]
OPTIONS: list[dict[str, Any]] = [
    {"precision": 0},
    {"precision": 2},
    {"precision": 10},
    {"sci_mode": True},
    {"sci_mode": False},
    {"sci_mode": True, "precision": 1},
    {"linewidth": 20},
    {"linewidth": 0},
    {"linewidth": 200},
    {"threshold": 4},
    {"threshold": 0, "edgeitems": 1},
    {"threshold": 0, "edgeitems": 0},
    {"edgeitems": 0},
    {"threshold": 5, "edgeitems": -1},
    {"profile": "short", "threshold": 10},
    {"profile": "full", "linewidth": 120},
    {"precision": -1},
    {"precision": 2.5},
    {"threshold": "many"},
]
OPTION_VALUES = [
    ("[0.00001, 2.5, 1e9]", "float32"),
    ("[[1.0, 20.0, 3.0, 4.0]] * 4", "float32"),
    (RANDOM.format(seed=7, shape=(4, 4, 9)), "float64"),
    ("np.arange(20)", "int64"),
    ("np.arange(20) * (0.5 - 1j)", "complex64"),
    ("2.5", "float32"),
    ("np.zeros((0, 3))", "float64"),
]
SEQUENCES: list[list[dict[str, Any]]] = [
    [{}],
    [{"precision": 7, "threshold": 5, "edgeitems": 1, "linewidth": 40, "sci_mode": True}],
    [{"precision": 7, "sci_mode": True}, {"linewidth": 60}],
    [{"precision": 7, "linewidth": 60}, {"profile": "default"}],
    [{"linewidth": 60}, {"profile": "short"}],
    [{"sci_mode": False}, {"profile": "full", "sci_mode": True, "precision": 1}],
    [{"precision": 7}, {"profile": "brief"}],
]
SPECS = ["", ".2f", "d", ">10", "+.1e", "g", "s", "zz"]
SPEC_VALUES = [
    ("2.5", "float32"),
    ("0.1", "float32"),
    ("0.1", "bfloat16"),
    ("3", "int64"),
    ("True", "bool"),
    ("1 + 2j", "complex64"),
    ("[1.0, 2.0]", "float32"),
]


def array(expression: str) -> Any:
    return np.asarray(eval(expression, {"np": np}))


def tensor(expression: str, dtype: str) -> torch.Tensor:
    values = array(expression)
    target = getattr(torch, dtype)
    if values.size and 0 in values.strides:
        return torch.tensor(values.flat[0], dtype=target).expand(values.shape)
    return torch.tensor(values).to(target)


def attempt(function: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"text": str(function())}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)]}


def plain_cases() -> Iterator[dict[str, Any]]:
    for dtype in FLOATS:
        for values in FLOAT_VALUES:
            yield {"array": values, "dtype": dtype}
    for values in WIDE_VALUES:
        for dtype in ("float32", "float64"):
            yield {"array": values, "dtype": dtype}
    for dtype in BOOL_INT:
        for values in INT_VALUES:
            yield {"array": values, "dtype": dtype}
    for dtype in BOOL_INT[2:]:
        yield {"array": f"[np.iinfo('{dtype}').min, np.iinfo('{dtype}').max]", "dtype": dtype}
    for dtype in COMPLEX:
        for values in COMPLEX_VALUES:
            yield {"array": values, "dtype": dtype}
    for values, dtype in LARGE_VALUES:
        yield {"array": values, "dtype": dtype}
    for default in FLOATS:
        for dtype in ["int64", *FLOATS, *COMPLEX]:
            for values in ("[1.0]", "np.zeros((0,))"):
                yield {"array": values, "dtype": dtype, "default": default}
    for options in OPTIONS:
        for values, dtype in OPTION_VALUES:
            yield {"array": values, "dtype": dtype, "options": options}


def graph_cases() -> Iterator[dict[str, Any]]:
    """What a graph, a dual level or a function transform adds."""
    lengths = range(7, 11)
    shapes = ["2.0", "[1.0, 2.0]", "[[1.5], [2.5]]", "np.zeros((0, 2))", "np.arange(30.0)"]
    shapes += [f"np.arange({n}.0) + 0.5" for n in lengths]
    for kind in ("requires_grad", "node", "tangent", "node tangent"):
        for dtype in ("float32", "float64", "complex64"):
            for values in shapes:
                yield {"array": values, "dtype": dtype, "graph": kind}
    for options in ({"linewidth": 30}, {"linewidth": 0}, {"edgeitems": 0}):
        for kind in ("requires_grad", "node", "node tangent"):
            yield {"array": "[1.0, 2.0]", "dtype": "float64", "graph": kind, "options": options}
    blocks = "np.arange(12.0).reshape(2, 1, 2, 3)"
    for transforms in ("vmap", "grad", "vmap grad", "grad vmap", "vmap vmap"):
        yield {"array": blocks, "dtype": "float32", "transforms": transforms.split()}


def record(case: dict[str, Any]) -> dict[str, Any]:
    torch.set_default_dtype(getattr(torch, case.get("default", "float32")))
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**case.get("options", {}))
    value = tensor(case["array"], case["dtype"])
    if "transforms" in case:
        result = {"text": transformed(value, case["transforms"])}
    else:
        result = in_graph(value, case.get("graph", "").split())
    torch.set_default_dtype(torch.float32)
    torch.set_printoptions(profile="default")
    return {**case, **result}


def in_graph(value: torch.Tensor, kinds: list[str]) -> dict[str, Any]:
    with ExitStack() as stack:
        if "requires_grad" in kinds:
            value = value.requires_grad_()
        if "node" in kinds:
            value = value.requires_grad_().clone()
        if "tangent" in kinds:
            stack.enter_context(forward_ad.dual_level())
            value = forward_ad.make_dual(value, value.detach() * 2)
        suffixes = []
        if value.grad_fn is not None:
            suffixes.append(f"grad_fn=<{type(value.grad_fn).__name__}>")
        elif value.requires_grad:
            suffixes.append("requires_grad=True")
        return {"suffixes": suffixes, **attempt(lambda: repr(value))}


def transformed(value: torch.Tensor, transforms: list[str]) -> str:
    """The text seen inside nested transforms, the first of them outermost."""
    seen: list[str] = []

    def inner(x: torch.Tensor) -> torch.Tensor:
        seen.append(repr(x))
        return x.sum()

    function = inner
    for name in reversed(transforms):
        outer = {"vmap": torch.func.vmap, "grad": torch.func.grad}[name]
        function = (lambda f, g: lambda x: f(g)(x).sum())(outer, function)
    function(value)
    return seen[0]


def sequence(calls: list[dict[str, Any]]) -> dict[str, Any]:
    torch.set_printoptions(profile="default")
    for call in calls:
        torch.set_printoptions(**call)
    state = torch._tensor_str.get_printoptions()
    torch.set_printoptions(profile="default")
    return {"calls": calls, "state": {k: repr(v) for k, v in state.items()}}


def limits() -> Iterator[dict[str, Any]]:
    for dtype in [*BOOL_INT, *FLOATS, *COMPLEX, "'int'", "'float'", "'bool'", "'complex'", "'str'"]:
        python = {"int": int, "float": float, "bool": bool, "complex": complex, "str": str}
        key = dtype.strip("'")
        given = python[key] if dtype != key else getattr(torch, key)
        for kind in ("finfo", "iinfo"):
            result = attempt(lambda k=kind, g=given: getattr(torch, k)(g))
            if "text" in result:
                found = getattr(torch, kind)(given)
                names = [name for name in dir(found) if not name.startswith("_")]
                result["attributes"] = {name: repr(getattr(found, name)) for name in names}
            yield {"kind": kind, "dtype": dtype, **result}


def main() -> None:
    cases = [record(case) for case in (*plain_cases(), *graph_cases())]
    formats = [
        {"array": values, "dtype": dtype, "spec": spec}
        | attempt(lambda v=values, d=dtype, s=spec: format(tensor(v, d), s))
        for values, dtype in SPEC_VALUES
        for spec in SPECS
    ]
    sizes = [
        {"shape": shape, "text": repr(torch.Size(shape))} for shape in ([], [3], [2, 0], [1, 2, 3])
    ]
    parts = {
        "tensors": cases,
        "options": [sequence(calls) for calls in SEQUENCES],
        "formats": formats,
        "sizes": sizes,
        "limits": list(limits()),
    }
    lines = [
        f"{json.dumps(name)}: [\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]"
        for name, entries in parts.items()
    ]
    version = json.dumps(torch.__version__.split("+")[0])
    text = f'{{\n"torch": {version},\n' + ",\n".join(lines) + "\n}\n"
    path = Path(__file__).with_name("printing.json")
    path.write_text(text, encoding="utf-8")
    print(f"{path.name}: {sum(map(len, parts.values()))} records")


if __name__ == "__main__":
    main()
