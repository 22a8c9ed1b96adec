"""Runs a line of a program with PyTorch or with gradcli's face, for the recorder and the tests.

Programs may use `d(y)`, which describes a tensor (nodes behind it, shape, strides, dtype, whether
it is a view and where, values), and `g(y, *xs)`, which adds the gradients by `xs`.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

import numpy as np

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def nodes(node: Any, most: int = 5) -> str | None:
    """The names of a node and those that its first edges lead to."""
    if node is None:
        return None
    names = []
    while node is not None and len(names) < most:
        ours = hasattr(node, "title")
        title = node.title if ours else node.name()
        names.append(title.removeprefix("torch::autograd::"))
        edges = node.edges if ours else [edge for edge, _ in node.next_functions]
        node = edges[0] if edges else None
    return " < ".join(names)


def describe(value: Any) -> Any:
    """What a program can see of a tensor, or of each in a list."""
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    view = value._is_view()
    return (
        nodes(value.grad_fn),
        tuple(value.shape),
        tuple(value.stride()),
        str(value.dtype),
        value.storage_offset() if view else "own memory",
        value.detach().tolist(),
    )


def gradients(torch: Any, value: Any, leaves: tuple[Any, ...]) -> Any:
    """`describe`, and the gradients of a weighted sum by `leaves`."""
    outputs = list(value) if isinstance(value, tuple | list) else [value]
    live = [(place, output) for place, output in enumerate(outputs, 1) if output.requires_grad]
    weights = [
        (torch.arange(1, 1 + output.numel(), dtype=torch.float32) * place)
        .reshape(output.shape)
        .to(output.dtype)
        for place, output in live
    ]
    grads = torch.autograd.grad(
        [output for _, output in live], leaves, grad_outputs=weights, allow_unused=True
    )
    shown = [
        None if grad is None else (tuple(grad.shape), str(grad.dtype), grad.tolist())
        for grad in grads
    ]
    return describe(value), shown


def run(torch: Any, prelude: str, program: str) -> str:
    """The text of a program's result, or of its error."""
    torch.manual_seed(0)
    names: dict[str, Any] = {
        "torch": torch,
        "np": np,
        "nan": float("nan"),
        "inf": float("inf"),
        "d": describe,
        "g": lambda value, *leaves: gradients(torch, value, leaves),
    }
    tree = ast.parse(program)
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        tree.body.append(last)
        last = ast.parse("y").body[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(prelude, names)
        try:
            exec(compile(tree, "<program>", "exec"), names)
            result = eval(compile(ast.Expression(last.value), "<program>", "eval"), names)  # type: ignore[attr-defined]
            text = repr(result)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            text = f"{type(error).__name__}: {error}"
        finally:
            torch.set_default_dtype(torch.float32)
            torch.set_printoptions(profile="default")
    return ADDRESS.sub("0x…", text)
