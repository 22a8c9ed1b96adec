"""Weights divided by their largest singular value: a parametrization, and the older form, a hook.

The value is found by power iteration, a step before each call in training.
"""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import data, detach
from ..autograd.modes import no_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from .convolution import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .functions import F, method, torch, write
from .module import Module
from .parameter import Parameter
from .parametrize import register_parametrization, weight_of
from .shapes import word


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
                f"got {runtime.text(dim)})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={runtime.text(n_power_iterations)}"
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
                runtime.spend(1)
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


def _channels(module: Any, dim: int | None) -> int:
    """The dimension of a weight's output channels, where none is given."""
    if dim is None:
        return 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0
    return dim


def spectral_norm_parametrization(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Miyato et al. (2018): divide a weight by its largest singular value."""
    weight = weight_of(module, name)
    made = _SpectralNorm(weight, n_power_iterations, _channels(module, dim), eps)
    register_parametrization(module, name, made)
    return module


spectral_norm_parametrization.__name__ = spectral_norm_parametrization.__qualname__ = (
    "spectral_norm"
)


# ---------------------------------------------------------------- the older form: a hook


def _drawn(size: int, like: Tensor, eps: float) -> Any:
    """A vector of length 1 in a random direction."""
    return F.normalize(method.normal_(method.new_empty(like, size), 0, 1), dim=0, eps=eps)


class SpectralNorm:
    """Computes a weight before each call of a module, and steps towards its singular vectors."""

    __module__ = "torch.nn.utils.spectral_norm"
    __slots__ = ("dim", "eps", "n_power_iterations", "name")

    def __init__(
        self,
        name: str = "weight",
        n_power_iterations: int = 1,
        dim: int = 0,
        eps: float = 1e-12,
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={runtime.text(n_power_iterations)}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def weight(self, module: Any, steps: int) -> Any:
        """The weight, after so many steps."""
        name = self.name
        weight = module._parameters[name + "_orig"]
        buffers = module._buffers
        matrix = _matrix(weight, self.dim)
        if steps:
            with no_grad():
                for _ in range(steps):
                    runtime.spend(1)
                    v = F.normalize(
                        torch.mv(torch.t(matrix), buffers[name + "_u"]), dim=0, eps=self.eps
                    )
                    write(buffers[name + "_v"], v)
                    u = F.normalize(torch.mv(matrix, v), dim=0, eps=self.eps)
                    write(buffers[name + "_u"], u)
        u, v = (torch.clone(buffers[name + part]) for part in ("_u", "_v"))
        return torch.div(weight, torch.dot(u, torch.mv(matrix, v)))

    def __call__(self, module: Any, inputs: Any) -> None:
        steps = self.n_power_iterations if module.training else 0
        Module.__setattr__(module, self.name, self.weight(module, steps))

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again."""
        name = self.name
        with no_grad():
            weight = self.weight(module, 0)
        vars(module).pop(name, None)
        for part in ("_u", "_v"):
            del module._buffers[name + part]
        del module._parameters[name + "_orig"]
        module.register_parameter(name, Parameter(detach(weight)))


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    """Miyato et al. (2018), with `name_orig` as parameter and two vectors as buffers."""
    name = word(name)
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(
                "Cannot register two spectral_norm hooks on the same parameter "
                f"{runtime.text(name)}"
            )
    made = SpectralNorm(name, n_power_iterations, _channels(module, dim), eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(
            f"`SpectralNorm` cannot be applied as parameter `{runtime.text(name)}` is None"
        )
    with no_grad():
        rows, columns = shape_of(_matrix(weight, made.dim))
        u, v = _drawn(rows, weight, eps), _drawn(columns, weight, eps)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    Module.__setattr__(module, name, data(weight))
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(made)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight a parameter again. Raises ValueError where it is one."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"spectral_norm of '{runtime.text(name)}' not found in {runtime.text(module)}")
