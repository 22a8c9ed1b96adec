"""A call of a module with other tensors in the place of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..autograd.leaf import detach, requires_grad_
from ..autograd.modes import requires_grad
from ..tensor.dtypes import typename
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from .functions import torch
from .module import Module

_MISSING: Any = object()
_REGISTRIES = ("_parameters", "_buffers")


def _place(module: Module, path: str) -> tuple[dict[str, Any], str]:
    """The registry and the name that a dotted name leads to. Raises as attributes do."""
    owner_path, _, name = path.rpartition(".")
    owner = module.get_submodule(owner_path)
    for registry in _REGISTRIES:
        held: dict[str, Any] = vars(owner)[registry]
        if name in held:
            return held, name
    own: dict[str, Any] = vars(owner)
    if name in own and type(own[name]) is not Tensor:
        raise TypeError(
            f"attribute `{name}`: {runtime.text(own[name])} is not an instance of torch.Tensor"
        )
    return own, name


def _same_tensors(module: Module) -> dict[int, list[str]]:
    """The names of each tensor of a module that has several."""
    found: dict[int, list[str]] = {}
    for named in (module.named_parameters, module.named_buffers):
        for name, tensor in named(remove_duplicate=False):
            found.setdefault(id(tensor), []).append(name)
    return found


@contextmanager
def replaced(module: Module, tensors: dict[str, Any], tie_weights: bool) -> Iterator[None]:
    """Let a module use other tensors inside of the block."""
    names = dict(tensors)
    if tie_weights:
        for group in _same_tensors(module).values():
            given = [name for name in group if name in tensors]
            if given:
                names |= {name: tensors[given[0]] for name in group if name not in tensors}
    before = []
    try:
        for path, tensor in names.items():
            held, name = _place(module, path)
            if tensor is not None and type(tensor) is not Tensor:
                raise TypeError(f"{runtime.text(tensor)} is not an instance of torch.Tensor")
            before.append((held, name, held.get(name, _MISSING)))
            held[name] = tensor
        yield
    finally:
        for held, name, old in reversed(before):
            if old is _MISSING:
                del held[name]
            else:
                held[name] = old


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: Any = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with tensors for its parameters and buffers, which stay as they are.

    Raises ValueError for a name in two dictionaries, RuntimeError with `strict` for other names
    than the module's.
    """
    if isinstance(parameter_and_buffer_dicts, dict):
        tensors = parameter_and_buffer_dicts
    elif isinstance(parameter_and_buffer_dicts, Sequence):
        tensors = {}
        for part in parameter_and_buffer_dicts:
            if not isinstance(part, dict):
                raise ValueError(
                    "Expected all elements of parameter_and_buffer_dicts to be dictionaries"
                )
            for name, tensor in part.items():
                if name in tensors:
                    raise ValueError(
                        f"{[name]} appeared in multiple dictionaries; behavior of functional call "
                        "is ambiguous"
                    )
                tensors[name] = tensor
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(parameter_and_buffer_dicts)}"
        )
    if not isinstance(module, Module):
        raise AttributeError(f"'{typename(module)}' object has no attribute 'named_parameters'")
    if strict:
        _check_names(module, tensors, tie_weights)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with replaced(module, tensors, tie_weights):
        return module(*args, **(kwargs or {}))


def _check_names(module: Module, tensors: dict[str, Any], tie_weights: bool) -> None:
    groups = list(_same_tensors(module).values())
    known = {name for group in groups for name in group}
    unexpected = [name for name in tensors if name not in known]
    missing = [
        name
        for group in groups
        for name in group
        if name not in tensors and not (tie_weights and any(other in tensors for other in group))
    ]
    lines = []
    if unexpected:
        lines.append("Unexpected key(s): " + ", ".join(map(repr, sorted(unexpected))) + ".")
    if missing:
        lines.append("Missing key(s): " + ", ".join(map(repr, sorted(missing))) + ".")
    if lines:
        raise RuntimeError(
            "Error(s) in reparametrizing for {}:\n\t{}".format(
                type(module).__name__, "\n\t".join(lines)
            )
        )


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and buffers of several modules of one kind, each stacked into one tensor.

    Raises RuntimeError for modules of several classes or modes.
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or all(not m.training for m in models)):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if not all(type(m) is type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    stacked: list[dict[str, Any]] = []
    for list_members in (Module.named_parameters, Module.named_buffers):
        members = [dict(list_members(m)) for m in models]
        found = {}
        for name, first in members[0].items():
            made = detach(torch.stack([each[name] for each in members]))
            found[name] = requires_grad_(made) if requires_grad(first) else made
        stacked.append(found)
    return stacked[0], stacked[1]
