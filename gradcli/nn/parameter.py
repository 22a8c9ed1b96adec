"""`Parameter` and `Buffer`: tensors that a module takes in as its own when they are assigned.

Note: every operation asks `type(x) is Tensor`, so a parameter is no object of a subclass but a
tensor with a mark, and its class answers `isinstance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..autograd.leaf import detach, requires_grad_
from ..autograd.modes import requires_grad as wants_grad
from ..autograd.node import attributes_of, is_parameter, kind_of, mark, meta_of
from ..tensor.dtypes import type_name
from ..tensor.tensor import Tensor
from .functions import torch

PERSISTENT, PASSING = "Buffer", "Passing buffer"


def _tensor(data: Any) -> Tensor:
    """`data`, or an empty tensor for None. Raises AttributeError for what is no tensor."""
    if data is None:
        data = torch.empty(0)
    if type(data) is not Tensor:
        raise AttributeError(f"'{type(data).__name__}' object has no attribute 'detach'")
    return data


def check_wanted(requires_grad: Any) -> None:
    """Raise TypeError for a flag that is no bool."""
    if type(requires_grad) is not bool:
        raise TypeError(
            "_make_subclass(): argument 'require_grad' (position 3) must be bool, not "
            f"{type_name(requires_grad)}"
        )


def _parameter(cls: type, data: Any = None, requires_grad: Any = True) -> Tensor:
    data = _tensor(data)
    check_wanted(requires_grad)
    if requires_grad and not data.dtype.differentiable:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    leaf = detach(data)
    leaf.view_info = None
    mark(leaf, "Parameter")
    if cls is not Parameter:
        meta_of(leaf).attributes = {"__class__": cls}
    return requires_grad_(leaf) if requires_grad else leaf


def _buffer(cls: type, data: Any = None, *, persistent: bool = True) -> Tensor:
    data = _tensor(data)
    made = mark(detach(data), PERSISTENT if persistent else PASSING)
    return requires_grad_(made) if wants_grad(data) else made


for _new, _name in ((_parameter, "Parameter"), (_buffer, "Buffer")):
    _new.__name__ = _new.__qualname__ = f"{_name}.__new__"  # Python's errors show it


def class_of(parameter: Tensor) -> type:
    """The class of a parameter: `Parameter`, or one that a program derived from it."""
    found: type = attributes_of(parameter).get("__class__", Parameter)
    return found


class ParameterMeta(type):
    """The class of `Parameter`."""

    def __instancecheck__(cls, value: Any) -> bool:
        return is_parameter(value) and (cls is Parameter or issubclass(class_of(value), cls))

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _parameter(cls, *args, **kwargs)


class BufferMeta(type):
    """The class of `Buffer`."""

    def __instancecheck__(cls, value: object) -> bool:
        return type(value) is Tensor and kind_of(value) in (PERSISTENT, PASSING)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return _buffer(cls, *args, **kwargs)


class Parameter(Tensor, metaclass=ParameterMeta):
    """A tensor that belongs to a module: listed by `parameters()`, trained by optimizers.

    Calling it gives a leaf over the memory of `data`. Raises RuntimeError for integers that are
    to require grad.
    """

    __slots__ = ()
    __module__ = "torch.nn.parameter"

    if TYPE_CHECKING:

        def __init__(self, data: Any = None, requires_grad: Any = True) -> None: ...


class Buffer(Tensor, metaclass=BufferMeta):
    """A tensor that a module registers as a buffer when it is assigned."""

    __slots__ = ()
    __module__ = "torch.nn.parameter"
