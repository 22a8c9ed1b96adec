"""A program's values as JSON documents."""

from __future__ import annotations

from typing import Any

from ..autograd import leaf as leaves
from ..autograd.modes import requires_grad
from ..tensor.dtypes import DType
from ..tensor.tensor import META, Tensor
from .errors import DataError
from .write import Typed


def document(value: Any, full: bool = False) -> Any:
    """`value` as the writer takes it: tensors with their dtypes, numbers, strings, lists, dicts."""
    kind = type(value)
    if kind is Tensor:
        return typed(value, full)
    if value is None or kind in (bool, int, float, str, complex):
        return value
    if isinstance(value, tuple | list):
        return [document(item, full) for item in value]
    if kind is dict:
        return {_key(key): document(item, full) for key, item in value.items()}
    if kind is DType:
        return value.name
    raise DataError(f"a value of type {kind.__name__} has no JSON form")


def tensors_of(value: Any) -> list[Tensor]:
    """The tensors in `value`, in the order in which its document has them."""
    if type(value) is Tensor:
        return [value]
    if type(value) is dict:
        value = value.values()
    elif not isinstance(value, tuple | list):
        return []
    return [tensor for item in value for tensor in tensors_of(item)]


def _key(key: Any) -> str:
    if type(key) is str:
        return str(key)
    if type(key) in (int, float, bool) or key is None:
        return str(key)
    raise DataError(f"a key of type {type(key).__name__} has no JSON form")


def typed(tensor: Tensor, full: bool = False) -> Typed:
    """A tensor with its dtype, and with `full` its place in the graph.

    Raises DataError for one without data.
    """
    if tensor.level is META:
        raise DataError("a meta tensor has no data and so no JSON form")
    if not full:
        return Typed(tensor.array, tensor.dtype)
    node = leaves.grad_fn(tensor)
    facts = {
        "requires_grad": requires_grad(tensor),
        "leaf": leaves.is_leaf(tensor),
        "grad_fn": None if node is None else node_name(node),
    }
    return Typed(tensor.array, tensor.dtype, facts)


def node_name(node: Any) -> str:
    """A node's name as PyTorch has it: `MulBackward0`."""
    return str(node).removeprefix("<").partition(" ")[0].partition(">")[0]


def is_value(value: Any) -> bool:
    """Whether a name's value belongs into `values`: tensors that have data, and numbers."""
    if type(value) is Tensor:
        return value.level is not META
    return type(value) in (bool, int, float, complex)
