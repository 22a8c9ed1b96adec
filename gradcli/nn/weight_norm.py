"""Weights by length and direction: a parametrization, and the older form, a hook."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import data
from ..autograd.modes import no_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from .functions import torch
from .module import Module
from .parameter import Parameter
from .parametrize import register_parametrization
from .shapes import word


class _WeightNorm(Module):
    """g v / |v|: the length is learned apart from the direction."""

    __module__ = "torch.nn.utils.parametrizations"

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        """The weight."""
        return torch._weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Any, Any]:
        """The length and the direction of a weight."""
        return torch.norm_except_dim(weight, 2, self.dim), weight


def weight_norm_parametrization(module: Any, name: str = "weight", dim: int = 0) -> Any:
    """Salimans and Kingma (2016): learn the length of a weight apart from its direction."""
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def older_names(state: Any, prefix: str, *_: Any) -> None:
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state for key in old):
            for at, key in enumerate(old):
                state[f"{prefix}parametrizations.{name}.original{at}"] = state.pop(key)

    module._register_load_state_dict_pre_hook(older_names)
    return module


weight_norm_parametrization.__name__ = weight_norm_parametrization.__qualname__ = "weight_norm"


# ---------------------------------------------------------------- the older form: a hook


class _Hook:
    """Computes a weight from its length and direction before each call of a module."""

    __module__ = "torch.nn.utils.weight_norm"
    __slots__ = ("dim", "name")

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def weight(self, module: Any) -> Any:
        """The weight."""
        parts = module._parameters
        return torch._weight_norm(parts[self.name + "_v"], parts[self.name + "_g"], self.dim)

    def __call__(self, module: Any, inputs: Any) -> None:
        vars(module)[self.name] = self.weight(module)


_Hook.__name__ = _Hook.__qualname__ = "WeightNorm"


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Salimans and Kingma (2016), with `name_g` and `name_v` as parameters of the module."""
    name = word(name)
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, _Hook) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {runtime.text(name)}"
            )
    made = _Hook(name, -1 if dim is None else dim)
    weight = module._parameters.pop(name)
    module.register_parameter(
        name + "_g", Parameter(data(torch.norm_except_dim(weight, 2, made.dim)))
    )
    module.register_parameter(name + "_v", Parameter(data(weight)))
    vars(module)[name] = made.weight(module)
    module.register_forward_pre_hook(made)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight a parameter again. Raises ValueError where it is one."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, _Hook) and hook.name == name:
            with no_grad():
                weight = hook.weight(module)
            vars(module).pop(name, None)
            del module._parameters[name + "_g"], module._parameters[name + "_v"]
            module.register_parameter(name, Parameter(data(weight)))
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"weight_norm of '{runtime.text(name)}' not found in {runtime.text(module)}")
