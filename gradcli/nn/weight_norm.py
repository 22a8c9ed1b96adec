"""Weights by length and direction, and weights divided by their largest singular value."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import data
from ..autograd.modes import no_grad
from ..tensor.tensor import Tensor, shape_of
from .functions import F, method, torch
from .module import Module
from .parameter import Parameter
from .parametrize import register_parametrization


def _scaled(v: Tensor, g: Tensor, dim: int) -> Any:
    return torch.mul(v, torch.div(g, torch.norm_except_dim(v, 2, dim)))


class _WeightNorm(Module):
    """g v / |v|: the length is learned apart from the direction."""

    __module__ = "torch.nn.utils.parametrizations"

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        """The weight."""
        return _scaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Any, Any]:
        """The length and the direction of a weight."""
        return torch.norm_except_dim(weight, 2, self.dim), weight


def weight_norm_parametrization(module: Any, name: str = "weight", dim: int = 0) -> Any:
    """Salimans and Kingma (2016): learn the length of a weight apart from its direction."""
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


def _matrix(weight: Tensor, dim: int) -> Any:
    """The weight as a matrix whose rows belong to `dim`."""
    if dim != 0:
        others = [axis for axis in range(len(shape_of(weight))) if axis != dim]
        weight = torch.permute(weight, (dim, *others))
    return torch.flatten(weight, 1)


class _SpectralNorm(Module):
    """The weight over its largest singular value, which is found by power iteration."""

    __module__ = "torch.nn.utils.parametrizations"

    def __init__(
        self,
        weight: Tensor,
        n_power_iterations: int = 1,
        dim: int = 0,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        count = len(shape_of(weight))
        if dim >= count or dim < -count:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{count}, {count - 1}] but "
                f"got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + count
        self.eps = eps
        if count > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = _matrix(weight, self.dim)
                rows, columns = shape_of(matrix)
                u = method.normal_(torch.empty(rows, dtype=weight.dtype), 0, 1)
                v = method.normal_(torch.empty(columns, dtype=weight.dtype), 0, 1)
                self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
                self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                u = F.normalize(torch.mv(matrix, self._v), dim=0, eps=self.eps)
                v = F.normalize(torch.mv(torch.t(matrix), u), dim=0, eps=self.eps)
                self._buffers["_u"], self._buffers["_v"] = u, v

    def forward(self, weight: Tensor) -> Any:
        """The weight; in training after another step of the iteration."""
        if len(shape_of(weight)) == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = _matrix(weight, self.dim)
        if self.training:
            self._iterate(data(matrix), self.n_power_iterations)
        sigma = torch.vdot(torch.clone(self._u), torch.mv(matrix, torch.clone(self._v)))
        return torch.div(weight, sigma)

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: any weight may be the original."""
        return value


def spectral_norm_parametrization(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Miyato et al. (2018): divide a weight by its largest singular value."""
    weight = module._parameters.get(name)
    if type(weight) is not Tensor:
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    register_parametrization(module, name, made)
    return module


spectral_norm_parametrization.__name__ = spectral_norm_parametrization.__qualname__ = (
    "spectral_norm"
)
weight_norm_parametrization.__name__ = weight_norm_parametrization.__qualname__ = "weight_norm"


# ---------------------------------------------------------------- the older form: a hook


class _Hook:
    """Computes a weight from its length and direction before each call of a module."""

    __slots__ = ("dim", "name")

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def weight(self, module: Any) -> Any:
        """The weight."""
        parts = module._parameters
        return _scaled(parts[self.name + "_v"], parts[self.name + "_g"], self.dim)

    def __call__(self, module: Any, inputs: Any) -> None:
        vars(module)[self.name] = self.weight(module)


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Salimans and Kingma (2016), with `name_g` and `name_v` as parameters of the module."""
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, _Hook) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two weight_norm hooks on the same parameter {name}"
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
    raise ValueError(f"weight_norm of '{name}' not found in {module}")
