"""Parameters computed from others: `torch.nn.utils.parametrize`.

A module's parameter moves into `parametrizations`, and reading it computes its value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..autograd.leaf import data, set_data
from ..autograd.modes import no_grad, requires_grad
from ..autograd.node import is_parameter
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from .containers import ModuleDict, ModuleList
from .module import Module, derive, has_attribute, tensor_of
from .parameter import Parameter
from .shapes import word

HOME = "torch.nn.utils.parametrize"
_cache: list[dict[int, Any]] = []  # one for each `cached` block that is open


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once inside of the block."""
    _cache.append({} if not _cache else _cache[-1])
    try:
        yield
    finally:
        _cache.pop()


def _undone(parametrization: Any, value: Any) -> Any:
    """What a parametrization makes a value of, where it says so."""
    if not hasattr(parametrization, "right_inverse"):
        return value
    try:
        return parametrization.right_inverse(value)
    except NotImplementedError:
        return value


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and the parameters that they compute it from."""

    __module__ = HOME
    computes_parameter = True

    def __init__(self, modules: Any, original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                new = _undone(module, new)
        self.is_tensor = type(new) is Tensor
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new is not original:
                set_data(original, data(new))
            self._keep("original", original)
        else:
            for at, part in enumerate(new):
                wanted = requires_grad(original)
                self._keep(
                    f"original{at}", Parameter(part, wanted) if is_parameter(original) else part
                )
        if not unsafe:
            made = self()
            if type(made) is not Tensor:
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            if made.dtype is not original.dtype:
                raise ValueError(
                    "Registering a parametrization may not change the dtype of the tensor, unless "
                    f"`unsafe` flag is enabled.\nmodule dtype: {original.dtype}\n"
                    f"parametrized dtype: {made.dtype}"
                )
            if shape_of(made) != shape_of(original):
                raise ValueError(
                    "Registering a parametrization may not change the shape of the tensor, unless "
                    "`unsafe` flag is enabled."
                )

    def _keep(self, name: str, tensor: Tensor) -> None:
        if is_parameter(tensor):
            self.register_parameter(name, tensor)
        else:
            self.register_buffer(name, tensor)

    def originals(self) -> list[Any]:
        """The parameters that the tensor is computed from."""
        if self.is_tensor:
            return [tensor_of(self, "original")]
        return [tensor_of(self, f"original{at}") for at in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the tensor gets this value, as far as that is known."""
        with no_grad():
            made: Any = value
            for module in reversed(self._chain()):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                made = module.right_inverse(made)
            parts = [made] if self.is_tensor else made
            for original, part in zip(self.originals(), parts, strict=True):
                set_data(original, data(part))

    def _chain(self) -> list[Any]:
        """The parametrizations in their order; what else is held has no number for its name."""
        return [module for name, module in self._modules.items() if name.isdigit()]

    def value(self) -> Any:
        """The tensor; inside of `cached()` the one that was computed there first."""
        if not _cache:
            return self()
        if id(self) not in _cache[-1]:
            _cache[-1][id(self)] = self()
        return _cache[-1][id(self)]

    def forward(self) -> Any:
        """The tensor."""
        first, *others = self._chain()
        x = first(*self.originals())
        for module in others:
            x = module(x)
        return x


def parametrizations_of(module: Module) -> Any:
    """The dictionary of a module's parametrizations, or None."""
    return vars(module).get("_modules", {}).get("parametrizations")


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of this tensor."""
    found = parametrizations_of(module)
    if found is None or not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def weight_of(module: Any, name: str) -> Any:
    """The tensor of a module under a name, computed or not. Raises ValueError without one."""
    name = word(name)
    held = [module._parameters.get(name), module._buffers.get(name)]
    if is_parametrized(module, name):
        held.append(module._modules["parametrizations"][name].value())
    found = next((value for value in held if type(value) is Tensor), None)
    if found is None:
        raise ValueError(
            f"Module '{runtime.text(module)}' has no parameter or buffer with name "
            f"'{runtime.text(name)}'"
        )
    return found


def type_before_parametrizations(module: Any) -> type:
    """The class that a module had before a tensor of it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def check_saved(module: Any) -> None:
    """Raise RuntimeError for a module with parametrizations, which `torch.save` does not take."""
    if is_parametrized(module):
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )


def _set_class(module: Any, cls: type) -> None:
    object.__setattr__(module, "__class__", cls)


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Give a module the parametrizations of another, with what they compute from.

    Of one tensor or of all; a tensor that `to_module` does not have is made.
    """
    if not is_parametrized(from_module):
        return to_module
    parts = from_module._modules["parametrizations"]._modules
    for name in list(parts) if tensor_name is None else [tensor_name]:
        source = parts[name]
        if not has_attribute(to_module, name):
            Module.__setattr__(to_module, name, Parameter(source.value()))
        for parametrization in list(source):
            register_parametrization(to_module, name, parametrization)
        target = to_module._modules["parametrizations"]._modules[name]
        for registry in ("_parameters", "_buffers"):
            vars(target)[registry].update(vars(source)[registry])
    return to_module


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Any, *, unsafe: bool = False
) -> Any:
    """Let a tensor of a module be computed by a parametrization from what it is now.

    Raises ValueError for a tensor that the module does not have.
    """
    tensor_name = word(tensor_name)
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        parts = module._modules["parametrizations"][tensor_name]
        if not unsafe:
            before = parts.value()
            after = parametrization(before)
            if type(after) is not Tensor or shape_of(after) != shape_of(before):
                raise ValueError(
                    "Registering a parametrization may not change the shape of the tensor, unless "
                    "the `unsafe` flag is enabled."
                )
            if hasattr(parametrization, "right_inverse"):
                with no_grad():
                    parts.right_inverse(_undone(parametrization, before))
        parts.append(parametrization)
        parts.unsafe = parts.unsafe or unsafe
        return module
    for registry in (module._parameters, module._buffers):
        if registry.get(tensor_name) is not None:
            parts = ParametrizationList([parametrization], registry[tensor_name], unsafe)
            Module.__delattr__(module, tensor_name)
            if not is_parametrized(module):
                module.add_module("parametrizations", ModuleDict())
                base = type(module)
                _set_class(module, derive[-1](f"Parametrized{base.__name__}", base, HOME))
            module._modules["parametrizations"]._modules[tensor_name] = parts
            return module
    raise ValueError(
        f"Module '{runtime.text(module)}' does not have a parameter, a buffer, or a parametrized "
        f"element with name '{runtime.text(tensor_name)}'"
    )


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Put a tensor back, with the value that was computed, or its original.

    Raises ValueError for a tensor that is not parametrized.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            f"Module {runtime.text(module)} does not have a parametrization on "
            f"{runtime.text(tensor_name)}"
        )
    held = module._modules["parametrizations"]
    parts = held[tensor_name]
    originals = parts.originals()
    if leave_parametrized:
        with no_grad():
            value = parts.value()
        if parts.is_tensor:
            original = originals[0]
            set_data(original, data(value))
        else:
            original = Parameter(value) if is_parameter(originals[0]) else value
    elif parts.is_tensor:
        original = originals[0]
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    del held._modules[tensor_name]
    if not len(held):
        _set_class(module, type(module).__bases__[0])
        Module.__delattr__(module, "parametrizations")
    if is_parameter(original):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    return module
