"""The frequencies that Fourier transforms sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.leaf import requires_grad_
from ...table.public.plain_functions import OPTIONS, function
from ...tensor import dtypes
from ...tensor.tensor import make
from ..creation.tensors import check_size


def _made(values: Any, dtype: Any, requires_grad: Any) -> Any:
    dtype = dtype or dtypes.default.dtype
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
    return _made(np.fft.fftfreq(n, d), dtype, requires_grad)


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
    check_size((n // 2 + 1,), dtypes.default.dtype)
    return _made(np.fft.rfftfreq(n, d), dtype, requires_grad)
