"""What is said of a variable, in %vars and after `?`."""

from __future__ import annotations

import re
from typing import Any

from gradcli.autograd.leaf import fresh_edge, is_leaf
from gradcli.language.syntax.terminal import clean
from gradcli.language.values.attributes import Module as PythonModule
from gradcli.language.values.functions import Function
from gradcli.language.values.text import text_repr
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Tensor, shape_of
from gradcli.torch.namespaces import Module

from .lookup import parameters
from .modules import is_module, summary

WIDTH = 20  # characters of a cell
_ON_GRAPH = re.compile(r",\s+(?:requires_grad=True|grad_fn=<\w+>)\)$")
LOOKED_AT = 1000  # characters of a text, of which a cell shows the first few


def is_data(value: Any) -> bool:
    """Whether a value is the user's own: not a module, and not a class or function of ours."""
    return (
        isinstance(value, Function)
        or is_module(value)
        or (not isinstance(value, Module | PythonModule | type) and not callable(value))
    )


def row(name: str, value: Any) -> list[str]:
    """Texts: name, shape, dtype, requires_grad, leaf, grad_fn, version, norm of the gradient."""
    if is_module(value):
        return [name, *summary(value), "", "", "", "", ""]
    if type(value) is not Tensor:
        if isinstance(value, Function):
            return [name, f"({', '.join(parameters(value))})", "function", "", "", "", "", ""]
        if isinstance(value, list | tuple | dict | str | set) and len(value) > 50:
            return [name, f"{len(value):,} items", type(value).__name__, "", "", "", "", ""]
        text = _text(value)
        if len(text) > WIDTH:
            text = text[: WIDTH - 3] + "..."
        kind = {"_FunctionClass": "class"}.get(type(value).__name__, type(value).__name__)
        return [name, text, kind, "", "", "", "", ""]
    edge = fresh_edge(value) if value.level is None else None
    grad = None if value.meta is None else value.meta.grad
    return [
        name,
        str(list(shape_of(value))),
        value.dtype.name,
        "yes" if edge is not None else "no",
        "yes" if is_leaf(value) else "no",
        "" if edge is None or edge.number < 0 else edge.title,
        str(0 if value.version is None else value.version.value),
        "" if grad is None else _norm(grad),
    ]


def shown_shortly(value: Tensor, room: int) -> str:
    """A tensor on one line, or its elements alone, or its shape and dtype: what fits the room."""
    text = clean(text_repr(value)).removeprefix("Parameter containing:\n")
    for shown in (text, _ON_GRAPH.sub(")", text)):
        if "\n" not in shown and len(shown) <= room:
            return shown
    return f"{list(shape_of(value))} {value.dtype.name}"


def _text(value: Any) -> str:
    """The beginning of a value's text in one line, or why it has none.

    Of a text over several lines that begins as a call, such as an optimizer's, it is the name.
    """
    try:
        text = text_repr(value)[:LOOKED_AT]
        first, several, _ = text.partition("\n")
        if several and first.endswith("("):
            return first[:-1].strip()
        return " ".join(text.split())
    except (LimitExceeded, MemoryError) as error:
        if getattr(error, "limit", "") == "timeout":
            raise
        return "too large to show"
    except RecursionError:
        return "nested too deeply"
    except Exception as error:  # a program's own __repr__ may raise anything
        return f"no text ({type(error).__name__})"


def _norm(grad: Tensor) -> str:
    import numpy as np

    with np.errstate(all="ignore"):
        return f"{float(np.sqrt((np.abs(grad.array).astype(np.float64) ** 2).sum())):.4g}"
