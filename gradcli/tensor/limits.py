"""`torch.finfo` and `torch.iinfo`: the numeric limits of dtypes."""

from __future__ import annotations

import math
from typing import Any, Never

from . import dtypes
from .dtypes import DType

_MISSING: Any = object()

# dtype: significant bits (with the hidden one), largest exponent
FLOATS: dict[str, tuple[int, int]] = {
    "float16": (11, 15),
    "bfloat16": (8, 127),
    "float32": (24, 127),
    "float64": (53, 1023),
}


class _Limits:
    """What `finfo` and `iinfo` share: equality by dtype, read-only attributes, no hash."""

    __slots__ = ("bits", "dtype", "max", "min")
    __hash__ = None  # type: ignore[assignment]

    bits: int
    dtype: str

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dtype == getattr(other, "dtype", None)

    def __getattr__(self, name: str) -> Never:
        raise AttributeError(f"'torch.{type(self).__qualname__}' object has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> Never:
        getattr(self, name)
        kind = f"torch.{type(self).__qualname__}"
        raise AttributeError(f"attribute {name!r} of {kind!r} objects is not writable")

    def _fill(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


class finfo(_Limits):
    """Limits of a floating-point dtype, of the parts of a complex one, or of the default dtype.

    With p significant bits and exponents up to e: eps = 2**(1-p), max = (2-eps) * 2**e,
    smallest_normal = 2**(1-e), resolution = 10**-floor((p-1) * log10(2)).
    """

    __slots__ = ("eps", "resolution", "smallest_normal", "tiny")

    eps: float
    max: float
    min: float
    resolution: float
    smallest_normal: float
    tiny: float

    def __init__(self, type: Any = _MISSING) -> None:
        if type is _MISSING:
            type = dtypes.default.dtype
        dtype = _dtype("finfo", type).to_real()
        if not dtype.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                "'torch.finfo'"
            )
        precision, exponent = FLOATS[dtype.name]
        eps = math.ldexp(1.0, 1 - precision)
        largest = math.ldexp(2.0 - eps, exponent)
        normal = math.ldexp(1.0, 1 - exponent)
        self._fill(
            bits=8 * dtype.itemsize,
            dtype=dtype.name,
            eps=eps,
            max=largest,
            min=-largest,
            resolution=float(f"1e-{math.floor((precision - 1) * math.log10(2))}"),
            smallest_normal=normal,
            tiny=normal,
        )

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo(_Limits):
    """Limits of an integer dtype."""

    __slots__ = ()

    max: int
    min: int

    def __init__(self, type: Any = _MISSING) -> None:
        if type is _MISSING:
            raise TypeError('iinfo() missing 1 required positional arguments: "type"')
        dtype = _dtype("iinfo", type)
        if dtype is dtypes.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if dtype.category != dtypes.INTEGER:
            raise TypeError(
                "torch.iinfo() requires an integer input type. Use torch.finfo to handle "
                "'torch.iinfo'"
            )
        bits = 8 * dtype.itemsize
        largest = (1 << (bits - dtype.is_signed)) - 1
        smallest = -largest - 1 if dtype.is_signed else 0
        self._fill(bits=bits, dtype=dtype.name, max=largest, min=smallest)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _dtype(function: str, value: Any) -> DType:
    if isinstance(value, DType):
        return value
    if isinstance(value, type) and value in dtypes.PYTHON:
        return dtypes.PYTHON[value]
    raise TypeError(
        f"{function}(): argument 'type' (position 1) must be torch.dtype, "
        f"not {type(value).__name__}"
    )
