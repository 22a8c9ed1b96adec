"""Attributes of torch's objects that are not tensors: contexts, nodes, handles, devices …"""

from __future__ import annotations

from typing import Any

from gradcli.autograd.function import Function, FunctionCtx, FunctionNode
from gradcli.autograd.leaf import MultiHandle, RemovableHandle
from gradcli.autograd.node import AccumulateGrad, InputMetadata, Node, SavedTensor
from gradcli.kernels.generator import Generator
from gradcli.language.machine.sizes import FLAT, NUMBERS_SHOWN
from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import (
    CLASS_NAMES,
    DELETERS,
    LOADERS,
    NAMES,
    SETTERS,
    load_from,
)
from gradcli.language.values.classes import ProgramClass, allow_base
from gradcli.language.values.constructors import CONSTRUCTORS, OPEN_METACLASSES
from gradcli.language.values.python_types import TABLES, pick
from gradcli.tensor.device import Device, Named
from gradcli.tensor.dtypes import DType
from gradcli.tensor.limits import finfo, iinfo
from gradcli.tensor.storage import Storage, TypedStorage
from gradcli.tensor.tensor import Size, Tensor
from gradcli.torch import namespaces
from gradcli.torch.types import TensorKind, VariableMeta

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


for _node in (Node, AccumulateGrad, FunctionCtx, FunctionNode):
    LOADERS[_node] = lambda value, name: namespaces.node_attribute(name)(value)
    NAMES[_node] = namespaces.node_names
    CLASS_NAMES[_node] = lambda value: value.title


def _set_on_node(value: Any, name: str, new: Any) -> None:
    from gradcli.torch import nodes

    nodes.set_attribute(value, name, new)


def _delete_on_node(value: Any, name: str) -> None:
    from gradcli.torch import nodes

    nodes.delete_attribute(value, name)


for _context in (FunctionCtx, FunctionNode):
    SETTERS[_context] = _set_on_node
    DELETERS[_context] = _delete_on_node


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
    _kind.__qualname__ = _name
    # Python's errors about a class that is written in C show both.
    _kind.__name__ = _name if _kind is Tensor else f"{_kind.__module__}.{_name}"


OPEN_METACLASSES.update((TensorKind, VariableMeta))


# Handles, devices, limits of dtypes


def _own(kind: type, names: str, **own: Any) -> None:
    TABLES[kind] = pick(kind, names, **own)
    LOADERS[kind] = load_from(TABLES[kind])


def _storage_tolist(self: Any) -> Any:
    machine.reserve(40 * len(self))
    return self.tolist()


FLAT.update((Device, Generator, Named, Node, AccumulateGrad, finfo, iinfo))
RemovableHandle.__module__ = "torch.utils.hooks"
_own(RemovableHandle, "remove id")
Node.__module__ = "torch.autograd.graph"
SavedTensor.__module__ = InputMetadata.__module__ = "torch._C._autograd"
InputMetadata.__name__ = InputMetadata.__qualname__ = "_InputMetadata"
MultiHandle.__module__ = "torch.autograd.graph"
MultiHandle.__name__ = MultiHandle.__qualname__ = "_MultiHandle"
_own(MultiHandle, "remove")
_own(SavedTensor, "register_hooks data")
_own(InputMetadata, "shape dtype")
_own(Storage, "data_ptr nbytes size", tolist=_storage_tolist)
_own(TypedStorage, "data_ptr nbytes size dtype element_size untyped", tolist=_storage_tolist)
FLAT.update((Storage, TypedStorage))
NUMBERS_SHOWN.update({Storage: len, TypedStorage: len})
_own(Device, "type index")
_own(Generator, "manual_seed seed initial_seed device get_state set_state clone_state")
_own(finfo, "bits dtype eps max min tiny smallest_normal resolution")
_own(iinfo, "bits dtype max min")


def is_open(kind: type) -> bool:
    """Whether programs may make objects of a class of torch: plain values, contexts and errors.

    What the engine makes and relies on (nodes, saved tensors, contexts of Functions, handles,
    edges) is not among them.
    """
    if kind is RemovableHandle:  # which can be entered, too
        return False
    return kind in _VALUES or hasattr(kind, "__enter__") or issubclass(kind, BaseException)


_VALUES = (Device, Function, Generator, Size, Tensor, finfo, iinfo)


def _no_saved_tensor(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("Trying to create a SavedTensor object from Python is forbidden.")


CONSTRUCTORS[SavedTensor] = _no_saved_tensor
