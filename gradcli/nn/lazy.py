"""Layers that learn the size of their input when they are first called.

Note: until then a parameter is an object of a class of its own, which no operation takes. The same
object becomes a parameter then, so that an optimizer that already holds it trains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ..autograd.leaf import requires_grad_, set_data
from ..autograd.modes import no_grad
from ..autograd.node import mark
from ..tensor.device import check_device
from ..tensor.tensor import Tensor
from .functions import torch
from .parameter import (
    PASSING,
    PERSISTENT,
    Buffer,
    BufferMeta,
    Parameter,
    ParameterMeta,
    check_wanted,
)

_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
    "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. "
    "Call `forward` to initialize the parameters before accessing their attributes."
)
_USED = (
    "Attempted to use an uninitialized parameter in {}. This error happens when you are using a "
    "`LazyModule` or explicitly manipulating `torch.nn.parameter.{}` objects. "
    "When using LazyModules Call `forward` with a dummy batch to initialize the parameters before "
    "calling torch functions"
)


def used(function: str, kind: str, how: str = "method") -> NoReturn:
    """Raise PyTorch's error about a method of Tensor that an object of `kind` has too early."""
    refuse_use(f"<{how} '{function}' of 'torch._C.TensorBase' objects>", kind)


def refuse_use(function: str, kind: str) -> NoReturn:
    """Raise PyTorch's error about a function, as its text is, that came too early."""
    raise ValueError(_USED.format(function, kind))


def refuse_shape() -> NoReturn:
    """Raise PyTorch's error about the shape of what has none yet."""
    raise RuntimeError(_SHAPE)


class Uninitialized(Tensor):
    """A tensor that has a dtype and no size yet."""

    __slots__ = ()

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of this shape, with zeros in it."""
        check_device("empty", device)
        made = torch.empty(shape, dtype=dtype or self.dtype)
        self.__class__ = Tensor  # type: ignore[assignment]
        set_data(self, made)

    def recast(self, change: Any) -> None:
        """Take the dtype that `change` gives an empty tensor of this one's dtype."""
        with no_grad():
            changed = change(torch.empty(0, dtype=self.dtype))
        self.array, self.dtype = changed.array, changed.dtype

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer has no size yet."""
    return isinstance(param, Uninitialized)


def _refuses(name: str) -> Any:
    def operator(self: Any, *others: Any) -> NoReturn:
        used(name, type(self).__name__, "slot wrapper" if name.startswith("__") else "method")

    return operator


for _operator in ("add", "sub", "mul", "truediv", "pow", "matmul"):
    _refused = _refuses("div" if _operator == "truediv" else _operator)
    setattr(Uninitialized, f"__{_operator}__", _refused)
    setattr(Uninitialized, f"__r{_operator}__", _refused)
_READ = "__getitem__"
setattr(Uninitialized, _READ, _refuses(_READ))


def _made(cls: type, kind: str, dtype: Any, device: Any) -> Any:
    check_device("empty", device)
    made = mark(torch.empty(0, dtype=dtype), kind)
    made.__class__ = cls
    return made


class _ParameterMeta(ParameterMeta):
    def __instancecheck__(cls, value: Any) -> bool:
        return type(value) is cls

    def __call__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        check_wanted(requires_grad)
        made = _made(cls, "Parameter", dtype, device)
        return requires_grad_(made) if requires_grad else made


class _BufferMeta(BufferMeta):
    def __instancecheck__(cls, value: Any) -> bool:
        return type(value) is cls

    def __call__(
        cls,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> Any:
        check_wanted(requires_grad)
        made = _made(cls, PERSISTENT if persistent else PASSING, dtype, device)
        return requires_grad_(made) if requires_grad else made


class UninitializedParameter(Uninitialized, Parameter, metaclass=_ParameterMeta):
    """A parameter whose size the first call of its layer decides."""

    __slots__ = ()
    __module__ = "torch.nn.parameter"

    if TYPE_CHECKING:

        def __init__(self, *, device: Any = None, dtype: Any = None) -> None: ...


class UninitializedBuffer(Uninitialized, Buffer, metaclass=_BufferMeta):
    """A buffer whose size the first call of its layer decides."""

    __slots__ = ()
    __module__ = "torch.nn.parameter"

    if TYPE_CHECKING:

        def __init__(self, *, device: Any = None, dtype: Any = None) -> None: ...


class LazyModuleMixin:
    """What lazy layers have in common: the first call makes them layers of `cls_to_become`."""

    __module__ = "torch.nn.modules.lazy"
    cls_to_become: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        module: Any = self
        hook = module.register_forward_pre_hook(infer_parameters, with_kwargs=True)
        module.__dict__["_initialize_hook"] = hook

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their sizes, from what the layer was called with."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or a buffer has no size yet."""
        held = self.__dict__
        values = [*held["_parameters"].values(), *held["_buffers"].values()]
        return any(is_lazy(value) for value in values)

    def reset_parameters(self) -> None:
        """Draw the parameters, once they have a size."""
        if not self.has_uninitialized_params() and self._size() != 0:
            super().reset_parameters()  # type: ignore[misc]

    def _size(self) -> Any:
        """The number of features or channels of the input; 0 before the first call."""
        raise NotImplementedError


def infer_parameters(module: Any, args: Any, kwargs: Any) -> None:
    """Before the first call of a lazy module: sizes, values, and the class that it becomes."""
    with no_grad():
        module.initialize_parameters(*args, **(kwargs or {}))
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
    module.__dict__.pop("_initialize_hook").remove()
    if module.cls_to_become is not None:
        object.__setattr__(module, "__class__", module.cls_to_become)
