"""The frequencies that Fourier transforms sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.leaf import requires_grad_
from ...table.public.plain_functions import OPTIONS, function
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.tensor import make
from ..creation.tensors import check_size


def _made(name: str, places: Any, n: int, d: float, dtype: Any, requires_grad: Any) -> Any:
    """The whole numbers `places` over the length n * d of the signal; infinite where that is 0."""
    dtype = dtype or dtypes.default.dtype
    if dtype.category < dtypes.FLOATING:
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    if dtype.is_complex:
        raise unsupported("arange_cpu", dtype)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = places * (np.float64(1) / np.float64(n * d))
    tensor = make(dtype.cast(values), dtype)
    if requires_grad:
        requires_grad_(tensor)
    return tensor


@function(
    f"fft_fftfreq(int n, float d=1.0, *, {OPTIONS})",
    name="fftfreq",
    where=("fft",),
    doc="The frequencies of `fft` for n samples a distance of d apart.",
)
def fftfreq(
    n: int, d: float, dtype: Any, layout: Any, device: Any, pin_memory: Any, requires_grad: Any
) -> Any:
    """The frequencies of `fft` for n samples a distance of d apart."""
    check_size((n,), dtypes.default.dtype)
    places = np.concatenate([np.arange((n + 1) // 2), np.arange(-(n // 2), 0)])
    return _made("fftfreq", places, n, d, dtype, requires_grad)


@function(
    f"fft_rfftfreq(int n, float d=1.0, *, {OPTIONS})",
    name="rfftfreq",
    where=("fft",),
    doc="The frequencies of `rfft` for n samples a distance of d apart.",
)
def rfftfreq(
    n: int, d: float, dtype: Any, layout: Any, device: Any, pin_memory: Any, requires_grad: Any
) -> Any:
    """The frequencies of `rfft` for n samples a distance of d apart."""
    count = int(n / 2) + 1
    check_size((count,), dtypes.default.dtype)
    return _made("rfftfreq", np.arange(count), n, d, dtype, requires_grad)
