"""Attributes of the core's objects that are not tensors: contexts, nodes, handles, devices …"""

from __future__ import annotations

from typing import Any

from gradcli.autograd.function import Function, FunctionCtx
from gradcli.autograd.leaf import MultiHandle, RemovableHandle
from gradcli.autograd.node import AccumulateGrad, InputMetadata, Node, SavedTensor
from gradcli.tensor.device import Device, Named
from gradcli.tensor.dtypes import DType
from gradcli.tensor.generator import Generator
from gradcli.tensor.limits import finfo, iinfo
from gradcli.tensor.storage import Storage
from gradcli.tensor.tensor import Size, Tensor
from gradcli.torch import namespaces
from gradcli.torch.types import TensorKind

from .attributes import (
    CLASS_NAMES,
    DELETERS,
    LOADERS,
    NAMES,
    OPEN_METACLASSES,
    SETTERS,
    TABLES,
    load_from,
    pick,
)
from .classes import ProgramClass, allow_base
from .sizes import FLAT

# Contexts of custom Functions: what a program attaches is kept apart from the context's own state.

_CTX = pick(
    FunctionCtx,
    """save_for_backward save_for_forward mark_dirty mark_non_differentiable
    set_materialize_grads saved_tensors saved_for_forward name""",
)


def _load_ctx(value: FunctionCtx, name: str) -> Any:
    if name in value.attached:
        return value.attached[name]
    if name == "needs_input_grad":
        return value.needs_input_grad
    entry = _CTX.get(name)
    if entry is None:
        raise AttributeError(
            f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
        )
    return entry.__get__(value, type(value))


def _store_ctx(value: FunctionCtx, name: str, new: Any) -> None:
    if name in _CTX:
        raise AttributeError(
            f"attribute '{name}' of '{type(value).__name__}' objects is not writable", name=name
        )
    value.attached[name] = new


def _delete_ctx(value: FunctionCtx, name: str) -> None:
    if name not in value.attached:
        raise AttributeError(
            f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
        )
    del value.attached[name]


def _ctx_names(value: FunctionCtx) -> list[str]:
    return sorted({*_CTX, "needs_input_grad", *value.attached})


LOADERS[FunctionCtx] = _load_ctx
SETTERS[FunctionCtx] = _store_ctx
DELETERS[FunctionCtx] = _delete_ctx
NAMES[FunctionCtx] = _ctx_names


# Functions

_FUNCTION = pick(Function, "apply forward backward setup_context jvp vjp vmap")


class _FunctionClass(ProgramClass, type(Function)):  # type: ignore[misc]
    """The metaclass of programs' Functions."""


def _make_function(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    return _FunctionClass(name, bases, namespace)


for _base in [c for c in Function.__mro__ if c is not object]:
    TABLES[_base] = _FUNCTION
    allow_base(_base, _make_function)


# Nodes


for _node in (Node, AccumulateGrad):
    LOADERS[_node] = lambda value, name: namespaces.node_attribute(name)(value)
    NAMES[_node] = namespaces.node_names
    CLASS_NAMES[_node] = lambda value: value.title


# The classes' names as PyTorch prints them.

for _kind, _name in (
    (Tensor, "Tensor"),
    (Size, "Size"),
    (DType, "dtype"),
    (Device, "device"),
    (Generator, "Generator"),
    (finfo, "finfo"),
    (iinfo, "iinfo"),
):
    _kind.__module__ = "torch._C" if _kind is Generator else "torch"
    _kind.__name__ = _kind.__qualname__ = _name


OPEN_METACLASSES.add(TensorKind)


# Handles, devices, limits of dtypes


def _own(kind: type, names: str) -> None:
    TABLES[kind] = pick(kind, names)
    LOADERS[kind] = load_from(TABLES[kind])


FLAT.update((Device, Generator, Named, Node, AccumulateGrad, finfo, iinfo))
RemovableHandle.__module__ = "torch.utils.hooks"
_own(RemovableHandle, "remove id")
SavedTensor.__module__ = InputMetadata.__module__ = "torch._C._autograd"
InputMetadata.__name__ = InputMetadata.__qualname__ = "_InputMetadata"
MultiHandle.__module__ = "torch.autograd.graph"
MultiHandle.__name__ = MultiHandle.__qualname__ = "_MultiHandle"
_own(MultiHandle, "remove")
_own(SavedTensor, "register_hooks")
_own(InputMetadata, "shape dtype")
_own(Storage, "data_ptr")
_own(Device, "type index")
_own(Generator, "manual_seed seed initial_seed device get_state set_state clone_state")
_own(finfo, "bits dtype eps max min tiny smallest_normal resolution")
_own(iinfo, "bits dtype max min")
