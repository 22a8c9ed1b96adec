"""Parameters of modules as leaves that can be varied: other tensors in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gradcli.autograd.modes import requires_grad
from gradcli.render.names import is_module, members, parameters_of
from gradcli.tensor.tensor import Tensor

Named = dict[str, Tensor]
Entry = tuple[dict[str, Any], str, Any]  # a registry of a module, a name in it, its value


def free_parameters(namespace: Mapping[str, Any]) -> Named:
    """The parameters by dotted name that gradients are taken of."""
    return {
        name: value
        for name, value in parameters_of(namespace).items()
        if value.level is None and value.dtype.differentiable and requires_grad(value)
    }


def put(namespace: Mapping[str, Any], replaced: Mapping[str, Tensor]) -> list[Entry]:
    """Have modules use other tensors for the parameters of these dotted names.

    A parameter that several modules share is replaced in all; the entries that were there before
    are returned.
    """
    old = parameters_of(namespace)
    new = {id(old[name]): tensor for name, tensor in replaced.items() if name in old}
    before: list[Entry] = []
    for registry, name, value in _entries(namespace, "_parameters"):
        if id(value) in new:
            before.append((registry, name, value))
            registry[name] = new[id(value)]
    return before


@contextmanager
def borrowed(
    namespace: Mapping[str, Any],
    replaced: Mapping[str, Tensor],
    copied: Callable[[Tensor], Tensor],
) -> Iterator[None]:
    """A block in which modules use other parameters, and their buffers as `copied` makes them."""
    before = put(namespace, replaced)
    for registry, name, value in _entries(namespace, "_buffers"):
        before.append((registry, name, value))
        registry[name] = copied(value)
    try:
        yield
    finally:
        for registry, name, value in before:
            registry[name] = value


def _entries(namespace: Mapping[str, Any], kind: str) -> list[Entry]:
    """The tensors in the registries `kind` of all modules, as often as they stand there."""
    found: list[Entry] = []
    seen: set[int] = set()
    for value in namespace.values():
        if not is_module(value) or id(value) in seen:
            continue
        inside = [part for registry, _, part in members(value) if registry == "_modules"]
        for module in (value, *inside):
            if id(module) in seen:
                continue
            seen.add(id(module))
            registry = vars(module).get(kind) or {}
            found += [
                (registry, name, item) for name, item in registry.items() if type(item) is Tensor
            ]
    return found
