"""`torch.nn.init`: values for parameters, drawn as PyTorch draws them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.modes import no_grad
from ..table.lookup import get_op
from ..table.memory.inplace import run_inplace
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, numel, own_memory, shape_of
from .functions import linalg, method, torch
from .lazy import Uninitialized, refuse_shape, refuse_use, used


def _without_grad(change: Callable[[], Any]) -> None:
    with no_grad():
        change()


def _checked(tensor: Any, wanted: str, overridable: Callable[..., Any] | None = None) -> None:
    """Raise for what is no tensor, and so has no such attribute, or none with a size so far.

    `overridable` is the function that was called, where it is one that PyTorch lets a subclass of
    Tensor answer: then it is what an uninitialized parameter refuses.
    """
    if isinstance(tensor, Uninitialized):
        if overridable is not None:
            refuse_use(runtime.text(overridable, repr), type(tensor).__name__)
        if wanted == "shape":
            refuse_shape()
        used("dim" if wanted == "ndimension" else wanted, type(tensor).__name__)
    if type(tensor) is not Tensor:
        raise AttributeError(f"'{type(tensor).__name__}' object has no attribute '{wanted}'")


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The recommended gain of an activation. Raises ValueError for one that is not known."""
    if nonlinearity in _LINEAR or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, int | float) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {runtime.text(param)} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {runtime.text(nonlinearity)}")


_LINEAR = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the uniform distribution on [a, b)."""
    _checked(tensor, "uniform_", uniform_)
    _without_grad(lambda: method.uniform_(tensor, a, b, generator=generator))
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from the normal distribution."""
    _checked(tensor, "normal_", normal_)
    _without_grad(lambda: method.normal_(tensor, mean, std, generator=generator))
    return tensor


def _cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with draws from the normal distribution cut off outside [a, b]."""
    _checked(tensor, "new_tensor" if isinstance(tensor, Uninitialized) else "is_meta")
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of "
            "values may be incorrect.",
            stacklevel=2,
        )
    share = _cdf((b - mean) / std) - _cdf((a - mean) / std)
    with no_grad():
        if share > _MOST_ARE_INSIDE:
            _drawn_again(tensor, mean, std, a, b, generator)
        else:
            _rejected(tensor, mean, std, a, b, generator)
    return tensor


_MOST_ARE_INSIDE = 0.3  # from this share on normal draws are repeated until all are inside


def _drawn_again(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    """Normal draws; those outside [a, b] are replaced by others until there are none."""
    low, high = (torch.full((), bound, dtype=tensor.dtype).array.item() for bound in (a, b))
    method.normal_(tensor, mean, std, generator=generator)
    result = own_memory(tensor)
    while True:
        runtime.check()
        outside = (result < low) | (result > high)
        if not outside.any():
            return
        fresh = method.normal_(torch.empty_like(tensor), mean, std, generator=generator)
        result[...] = np.where(outside, fresh.array, result)


def _rejected(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Any) -> None:
    """Uniform draws, each kept with the probability that the density has there."""
    mode = max(a, min(mean, b))
    peak = -0.5 * ((mode - mean) / std) ** 2

    def density(candidates: Tensor) -> Tensor:
        made = torch.clone(candidates)
        for change, number in (("sub_", mean), ("div_", std), ("pow_", 2), ("mul_", -0.5)):
            getattr(method, change)(made, number)
        return method.sub_(made, peak)  # type: ignore[no-any-return]

    def refused(candidates: Tensor) -> Any:
        drawn = method.uniform_(torch.empty_like(tensor), generator=generator)
        return torch.gt(torch.log(drawn), density(candidates)).array

    result = own_memory(tensor)
    method.uniform_(tensor, a, b, generator=generator)
    pending = refused(tensor)
    while pending.any():
        runtime.check()
        candidates = method.uniform_(torch.empty_like(tensor), a, b, generator=generator)
        result[...] = np.where(pending, candidates.array, result)
        pending = pending & refused(candidates)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    _checked(tensor, "fill_", constant_)
    return _filled(tensor, val)


def _filled(tensor: Tensor, value: float) -> Tensor:
    _checked(tensor, "fill_")
    _without_grad(lambda: torch.fill_(tensor, value))
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return _filled(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    _checked(tensor, "zero_")
    _without_grad(lambda: torch.zero_(tensor))
    return tensor


def _dimensions(tensor: Tensor) -> int:
    _checked(tensor, "ndimension")
    return len(shape_of(tensor))


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity. Raises ValueError for another number of dimensions."""
    if _dimensions(tensor) != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    _write(tensor, lambda: torch.eye(*shape_of(tensor), dtype=tensor.dtype))
    return tensor


def _write(tensor: Tensor, make: Callable[[], Tensor]) -> None:
    """Copy what `make` gives into the tensor, without a record."""
    _without_grad(lambda: run_inplace(get_op("copy"), (tensor, make(), False)))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it passes on as many channels as it can."""
    if _dimensions(tensor) not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    shape = shape_of(tensor)
    if shape[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    each = shape[0] // groups
    middle = tuple(length // 2 for length in shape[2:])
    values = torch.zeros(*shape, dtype=tensor.dtype)
    for group in range(groups):
        runtime.spend(1)
        for channel in range(min(each, shape[1])):
            runtime.spend(1)
            values.array[(group * each + channel, channel, *middle)] = 1
    _write(tensor, lambda: values)
    return tensor


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many numbers of the input an output depends on, and the other way round."""
    _checked(tensor, "dim")
    shape = shape_of(tensor)
    if len(shape) < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    field = numel(shape[2:])
    return shape[1] * field, shape[0] * field


_calculate_fan_in_and_fan_out = _fans


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Glorot and Bengio (2010): uniform with the variance 2 / (fan_in + fan_out)."""
    fan_in, fan_out = _fans(tensor)
    std = gain * math.sqrt(2.0 / float(fan_in + fan_out))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Glorot and Bengio (2010): normal with the variance 2 / (fan_in + fan_out)."""
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def _fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(
            f"Mode {runtime.text(mode)} not supported, please use one of ['fan_in', 'fan_out']"
        )
    fan_in, fan_out = _fans(tensor)
    return fan_in if mode == "fan_in" else fan_out


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """He et al. (2015): uniform with the variance gain**2 / fan."""
    _checked(tensor, "shape", kaiming_uniform_)
    if 0 in shape_of(tensor):
        _warn_about_nothing()
        return tensor
    fan = _fan(tensor, mode)
    std = calculate_gain(nonlinearity, a) / math.sqrt(fan)
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """He et al. (2015): normal with the variance gain**2 / fan."""
    _checked(tensor, "shape")
    if 0 in shape_of(tensor):
        _warn_about_nothing()
        return tensor
    fan = _fan(tensor, mode)
    return normal_(tensor, 0, calculate_gain(nonlinearity, a) / math.sqrt(fan), generator)


def _warn_about_nothing() -> None:
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Saxe et al. (2013): rows (or columns) that are orthonormal, times the gain."""
    if _dimensions(tensor) < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    shape = shape_of(tensor)
    if 0 in shape:
        return tensor
    rows, columns = shape[0], numel(shape) // shape[0]

    def values() -> Tensor:
        drawn = method.normal_(
            torch.empty(rows, columns, dtype=tensor.dtype), 0, 1, generator=generator
        )
        if rows < columns:
            drawn = torch.t(drawn)
        q, r = linalg.qr(drawn)
        q = torch.mul(q, torch.sign(torch.diag(r, 0)))
        if rows < columns:
            q = torch.t(q)
        return method.mul_(method.view_as(torch.clone(q), tensor), gain)  # type: ignore[no-any-return]

    _write(tensor, values)
    return tensor


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Martens (2010): normal draws, of which a share of each column is set to zero."""
    if _dimensions(tensor) != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = shape_of(tensor)
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0, std, generator)
    array = own_memory(tensor)
    for column in range(columns):
        runtime.spend(1)
        order = torch.randperm(rows, generator=generator)
        array[order.array[:zeros], column] = 0
    return tensor


def _old(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The name without an underscore that PyTorch keeps and warns about."""
    new = function.__name__
    old = new[:-1]

    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old
    return deprecated


uniform = _old(uniform_)
normal = _old(normal_)
constant = _old(constant_)
eye = _old(eye_)
dirac = _old(dirac_)
xavier_uniform = _old(xavier_uniform_)
xavier_normal = _old(xavier_normal_)
kaiming_uniform = _old(kaiming_uniform_)
kaiming_normal = _old(kaiming_normal_)
orthogonal = _old(orthogonal_)
sparse = _old(sparse_)
