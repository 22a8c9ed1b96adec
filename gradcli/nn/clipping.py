"""Gradients of parameters clipped by their norm or their values."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.leaf import grad
from ..autograd.modes import no_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from .functions import linalg, method, torch
from .operands import operand


def _tensors(parameters: Any) -> list[Any]:
    if type(parameters) is Tensor:
        return [parameters]
    found = runtime.listed(parameters)
    if not found and isinstance(parameters, types.GeneratorType):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    return found


def _gradients(parameters: list[Any]) -> list[Tensor]:
    """The gradients that there are. Raises AttributeError for what is no tensor."""
    for parameter in parameters:
        if not isinstance(parameter, Tensor):
            raise AttributeError(f"'{type(parameter).__name__}' object has no attribute 'grad'")
    return [found for parameter in parameters if (found := grad(parameter)) is not None]


def _get_total_norm(
    tensors: Any,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all elements of all tensors. Raises RuntimeError for one that is not finite."""
    found = _tensors(tensors)
    norm_type = float(norm_type)
    if not found:
        return torch.tensor(0.0)  # type: ignore[no-any-return]
    with no_grad():
        norms = [linalg.vector_norm(tensor, norm_type) for tensor in found]
        total: Tensor = linalg.vector_norm(torch.stack(norms), norm_type)
    if error_if_nonfinite and not bool(torch.isfinite(total).array):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _clip_grads_with_norm_(
    parameters: Any, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients by `max_norm / total_norm` where that is less than 1."""
    gradients = _gradients(_tensors(parameters))
    max_norm = float(max_norm)
    if not gradients:
        return
    if type(total_norm) is not Tensor:
        max_norm /= operand(total_norm) + 1e-6
        raise TypeError("clamp(): argument 'input' (position 1) must be Tensor, not float")
    with no_grad():
        factor = torch.mul(torch.reciprocal(torch.add(total_norm, 1e-6)), max_norm)
        factor = torch.clamp(factor, max=1.0)
        for gradient in gradients:
            method.mul_(gradient, factor)


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients so that all together have at most this norm; returns what it was."""
    tensors = _tensors(parameters)
    total = _get_total_norm(_gradients(tensors), norm_type, error_if_nonfinite, foreach)
    _clip_grads_with_norm_(tensors, max_norm, total, foreach)
    return total


def clip_grad_value_(parameters: Any, clip_value: float, foreach: bool | None = None) -> None:
    """Bring every element of the gradients between `-clip_value` and `clip_value`."""
    bound = float(clip_value)
    with no_grad():
        for gradient in _gradients(_tensors(parameters)):
            method.clamp_(gradient, -bound, bound)


def _old(function: Callable[..., Any]) -> Callable[..., Any]:
    def deprecated(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
            "`torch.nn.utils.clip_grad_norm_`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = function.__name__[:-1]
    return deprecated


clip_grad_norm = _old(clip_grad_norm_)
get_total_norm = _get_total_norm  # PyTorch's errors and reprs have the names with an underscore
clip_grads_with_norm_ = _clip_grads_with_norm_
