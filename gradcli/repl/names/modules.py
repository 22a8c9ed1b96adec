"""Modules of torch.nn at the prompt: what a name leads to, what `?` and %vars say of them.

Nothing of a program's is called: parameters, buffers and modules are read where they are kept.
"""

from __future__ import annotations

from typing import Any

from gradcli.language.values.functions import Function, Method
from gradcli.render.names import is_module, members
from gradcli.tensor.tensor import Tensor, numel, shape_of

MISSING: Any = object()
MOST = 12  # parameters that `?` lists


def is_module_class(value: Any) -> bool:
    """Whether a value is a class of modules."""
    return isinstance(value, type) and any(
        base.__module__ == "torch.nn.modules.module" and base.__name__ == "Module"
        for base in value.__mro__
    )


def member(module: Any, name: str) -> Any:
    """What `module.name` is, for what is found without running anything; MISSING otherwise."""
    held = vars(module)
    for registry in ("_parameters", "_buffers", "_modules"):
        inside = held.get(registry)
        if inside and name in inside:
            return inside[name]
    if name in held and not name.startswith("_"):
        return held[name]
    return method(type(module), name, module)


def method(cls: Any, name: str, owner: Any = None) -> Any:
    """A method of a class of modules: the program's, or torch.nn's; MISSING without one."""
    found = getattr(cls, "__members__", {}).get(name, MISSING)
    if type(found) is Function:
        return found if owner is None else Method(found, owner)
    for base in cls.__mro__:
        if found is MISSING and not hasattr(base, "__members__") and not name.startswith("_"):
            found = vars(base).get(name, MISSING)
    return found if callable(found) else MISSING


def summary(module: Any) -> tuple[str, str]:
    """A module folded into two texts: how much is in it, and its class."""
    parameters = [part for kind, _, part in members(module) if kind == "_parameters"]
    count = sum(numel(shape_of(part)) for part in parameters)
    return f"{count:,} parameters", type(module).__name__


def described(call: str, module: Any) -> list[str]:
    """What `name?` says of a module: its call, what its class is, what it holds, its mode."""
    from gradcli.language.values.text import text_repr

    lines = [call, *(f"    {line}" for line in class_text(type(module)))]
    lines += text_repr(module).split("\n")
    found = [(path, part) for kind, path, part in members(module) if kind == "_parameters"]
    for path, part in found[:MOST]:
        lines.append(f"    {path:24}{list(shape_of(part))}  {_state(part)}")
    if len(found) > MOST:
        lines.append(f"    and {len(found) - MOST} more")
    mode = "training" if vars(module).get("training") else "evaluation"
    lines.append(f"    {summary(module)[0]}, in {mode} mode")
    return lines


def _state(parameter: Tensor) -> str:
    from gradcli.autograd.modes import requires_grad

    if not requires_grad(parameter):
        return "frozen"
    return "has grad" if parameter.meta is not None and parameter.meta.grad is not None else ""


def class_text(cls: Any) -> list[str]:
    """What a class of modules is, and the shapes that its call takes and gives."""
    doc = vars(cls).get("__doc__")
    lines = _lines(doc) if isinstance(doc, str) else []
    forward = method(cls, "forward")
    shapes = getattr(forward, "__doc__", None)
    if shapes and not isinstance(forward, Function):
        lines += _lines(shapes)
    return lines


def _lines(doc: str) -> list[str]:
    return [line.strip() for line in doc.strip().split("\n") if line.strip()]


__all__ = ["class_text", "described", "is_module", "is_module_class", "member", "summary"]
