"""Discrete Fourier transforms.

Three kernels do the work, as in PyTorch: complex to complex, real to complex, complex to real.
Normalization is a number: 0 none, 1 by the square root of the length, 2 by the length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...table.dtype_rules import is_complex
from ...table.entry import op
from ...table.out_rules import Rule
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dims, wrap_own_dim
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor


def _transforms(name: str, kind: str) -> Rule:
    """Which outputs a transform fits: `kind` is "complex" or "floating point"."""
    return Rule(f"{name} expects a {kind} output tensor, but got {{out}}", exact=kind == "complex")


_MODES = {"backward": (0, 2), "ortho": (1, 1), "forward": (2, 0)}  # forward, inverse transform


def norm_mode(norm: str | None, forward: bool) -> int:
    """How a transform is scaled: 0 not at all, 1 by 1/√n, 2 by 1/n. Raises RuntimeError."""
    if norm is None:
        norm = "backward"
    if norm not in _MODES:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return _MODES[norm][0 if forward else 1]


def _scale(shape: Sequence[int], dims: Sequence[int], normalization: int) -> float:
    count = math.prod(shape[dim] for dim in dims)
    return (1.0, 1 / math.sqrt(count) if count else 1.0, 1 / count if count else 1.0)[normalization]


def _by_stride(self: Any, dims: Sequence[int]) -> list[int]:
    """Dimensions in falling order of their strides."""
    return sorted(dims, key=lambda dim: -self.strides[dim])


def _laid(result: Any, self: Any, dims: Sequence[int]) -> Any:
    """`result` in PyTorch's layout: batch dimensions by stride, then the transformed ones."""
    batch = _by_stride(self, [dim for dim in range(self.ndim) if dim not in dims])
    order = (*batch, *dims)
    back = [order.index(dim) for dim in range(self.ndim)]
    return np.array(result.transpose(order), order="C").transpose(back)


_AT_ONCE = 3 * 16  # bytes an element: the transform in double precision, scaled, laid out


def _c2c(self: Any, dim: Any, normalization: int, forward: bool) -> Any:
    if not dim:
        return np.array(self)
    runtime.reserve(_AT_ONCE * self.size)
    transform = np.fft.fftn if forward else np.fft.ifftn
    result = transform(self, axes=dim, norm="backward" if forward else "forward")
    result = (result * _scale(self.shape, dim, normalization)).astype(self.dtype)
    return _laid(result, self, _by_stride(self, dim))


def _complex_dtype(real: Any) -> Any:
    return np.complex64 if real == np.float32 else np.complex128


def _r2c(self: Any, dim: Any, normalization: int, onesided: bool) -> Any:
    runtime.reserve(_AT_ONCE * self.size)
    transform = np.fft.rfftn if onesided else np.fft.fftn
    result = transform(self, axes=dim)
    result = (result * _scale(self.shape, dim, normalization)).astype(_complex_dtype(self.dtype))
    return _laid(result, self, (*_by_stride(self, dim[:-1]), dim[-1]))


def _c2r(self: Any, dim: Any, normalization: int, last_dim_size: int) -> Any:
    *others, last = dim
    x = self
    if others:
        x = _laid(np.fft.ifftn(x, axes=others, norm="forward"), x, _by_stride(x, others))
    result = np.fft.irfft(x, last_dim_size, last, norm="forward")
    shape = list(self.shape)
    shape[last] = last_dim_size
    result = (result * _scale(shape, dim, normalization)).astype(self.real.dtype)
    return _laid(result, x, (last,))


op(
    "_fft_c2c(Tensor self, Dim[] dim, int normalization, bool forward)",
    kernel=_c2c,
    keeps_layout=True,
    vjp={
        "self": lambda F, g, dim, normalization, forward: F._fft_c2c(
            g, dim, normalization, not forward
        )
    },
    jvp={
        "self": lambda F, t, dim, normalization, forward: F._fft_c2c(t, dim, normalization, forward)
    },
    batching="shift",
    node="FftC2CBackward0",
    where=(),
    doc="The transform of complex values.",
    samples=lambda S: (
        [S(S.normal(3, 4), (0, 1), 0, True), S(S.normal(5), (0,), 2, False)]
        if S.dtype.is_complex
        else []
    ),
)


def _r2c_slope(
    F: Namespace, g: Any, dim: Any, normalization: int, onesided: bool, self_shape: Any
) -> Any:
    if onesided:
        g = F._fft_pad_last(g, dim[-1], self_shape[dim[-1]])
    return F.real(F._fft_c2c(g, dim, normalization, False))


def _pad_last(self: Any, dim: int, size: int) -> Any:
    shape = list(self.shape)
    shape[dim] = size
    out: Any = np.zeros(shape, self.dtype)
    place = [slice(None)] * self.ndim
    place[dim] = slice(0, self.shape[dim])
    out[tuple(place)] = self
    return out


op(
    "_fft_pad_last(Tensor self, Dim dim, int size)",
    kernel=_pad_last,
    vjp={
        "self": lambda F, g, dim, self_shape: F.slice(g, dim, 0, self_shape[dim]),
    },
    jvp={"self": lambda F, t, dim, size: F._fft_pad_last(t, dim, size)},
    batching="shift",
    node="ConstantPadNdBackward0",
    where=(),
    doc="Zeros at the end of a dimension.",
    samples=lambda S: [S(S.normal(2, 3), 1, 5)],
)
op(
    "_fft_r2c(Tensor self, Dim[] dim, int normalization, bool onesided)",
    kernel=_r2c,
    keeps_layout=True,
    vjp={"self": _r2c_slope},
    keeps={"self": ("self",)},
    jvp={
        "self": lambda F, t, dim, normalization, onesided: F._fft_r2c(
            t, dim, normalization, onesided
        )
    },
    batching="shift",
    node="FftR2CBackward0",
    where=(),
    doc="The transform of real values.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [S(S.normal(3, 4), (0, 1), 0, True), S(S.normal(5), (0,), 1, False)]
    ),
)


def _c2r_slope(F: Namespace, g: Any, dim: Any, normalization: int, last_dim_size: int) -> Any:
    full = F._fft_r2c(g, dim, normalization, True)
    return F._fft_double(full, dim[-1], last_dim_size)


def _double(self: Any, dim: int, size: int) -> Any:
    """Twice the frequencies that a one-sided spectrum stands for twice."""
    factors = np.full(self.shape[dim], 2.0)
    factors[0] = 1
    if size % 2 == 0 and size // 2 < len(factors):
        factors[size // 2] = 1
    shape = [1] * self.ndim
    shape[dim] = -1
    return (self * factors.reshape(shape)).astype(self.dtype)


op(
    "_fft_double(Tensor self, Dim dim, int size)",
    kernel=_double,
    vjp={"self": lambda F, g, dim, size: F._fft_double(g, dim, size)},
    jvp={"self": lambda F, t, dim, size: F._fft_double(t, dim, size)},
    batching="shift",
    node="MulBackward0",
    where=(),
    doc="Doubles the inner frequencies of a one-sided spectrum.",
    samples=lambda S: [S(S.normal(2, 3), 1, 4), S(S.normal(3), 0, 5)],
)
op(
    "_fft_c2r(Tensor self, Dim[] dim, int normalization, int last_dim_size)",
    kernel=_c2r,
    keeps_layout=True,
    vjp={"self": _c2r_slope},
    jvp={
        "self": lambda F, t, dim, normalization, last_dim_size: F._fft_c2r(
            t, dim, normalization, last_dim_size
        )
    },
    batching="shift",
    node="FftC2RBackward0",
    where=(),
    doc="The inverse transform to real values.",
    samples=lambda S: (
        [S(S.normal(3, 3), (0, 1), 2, 4), S(S.normal(3), (0,), 0, 5)] if S.dtype.is_complex else []
    ),
)


def _resized(F: Namespace, self: Any, dims: Sequence[int], sizes: Sequence[int]) -> Any:
    """The input cut or padded with zeros to the given lengths."""
    rank = ndim(self)
    pads = [0] * (2 * rank)
    must_pad = False
    for dim, size in zip(dims, sizes, strict=True):
        length = self.shape[dim]
        if size < length:
            self = F.slice(self, dim, 0, size)
        elif size > length:
            pads[2 * (rank - dim - 1) + 1] = size - length
            must_pad = True
    return F.constant_pad_nd(self, tuple(pads), 0) if must_pad else self


def _floating(F: Namespace, self: Any, wants_complex: bool) -> Any:
    """Integers as floats, and reals as complex values where these are wanted."""
    if type(self) is not Tensor:
        return self
    if not self.dtype.raw:
        raise RuntimeError(f"Unsupported dtype {self.dtype.scalar_name}")
    dtype = self.dtype
    if dtype.category < dtypes.FLOATING:
        dtype = dtypes.default.dtype
    if wants_complex:
        dtype = dtype.to_complex()
    return self if dtype is self.dtype else F._to_copy(self, dtype)


def _points(n: int | None, length: int) -> int:
    size = length if n is None else n
    if size < 1:
        raise RuntimeError(f"Invalid number of data points ({size}) specified")
    return size


def _define_one(name: str, forward: bool, kind: str, doc: str) -> None:
    def transform(F: Namespace, self: Any, n: int | None, dim: int, norm: str | None) -> Any:
        axis = wrap_own_dim(dim, ndim(self))
        if kind in ("rfft", "ihfft") and is_complex(self):
            raise RuntimeError(
                f"{name} expects a real input tensor, but got {self.dtype.scalar_name}"
            )
        wide = kind in ("irfft", "hfft")
        self = _floating(F, self, wide)
        mode = norm_mode(norm, forward)
        if wide:
            size = _points(n, 2 * (self.shape[axis] - 1))
            self = _resized(F, self, (axis,), (size // 2 + 1,))
            if kind == "hfft":
                self = F.conj(self)
            return F._fft_c2r(self, (axis,), mode, size)
        size = _points(n, self.shape[axis])
        self = _resized(F, self, (axis,), (size,))
        if is_complex(self):
            return F._fft_c2c(self, (axis,), mode, forward)
        result = F._fft_r2c(self, (axis,), mode, kind in ("rfft", "ihfft"))
        return result if forward else F.conj(result)

    real = kind in ("hfft", "irfft")

    op(
        f"fft_{name}(Tensor self, int? n=None, int dim=-1, str? norm=None)",
        name=name,
        composite=transform,
        where=("fft",),
        out=_transforms(name, "floating point" if real else "complex"),
        doc=doc,
        samples=lambda S: (
            []
            if S.dtype.is_complex and kind in ("rfft", "ihfft")
            else [
                S(S.normal(4)),
                S(S.normal(2, 5), n=3, dim=0),
                S(S.normal(2, 5), norm="ortho"),
                S(S.normal(3, 4), norm="forward", dim=0),
            ]
        ),
    )


def _axes(self: Any, s: Any, dim: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions to transform and their lengths."""
    rank = ndim(self)
    if dim is not None:
        places = [wrap_own_dim(d, rank) for d in dim]
        if len(set(places)) != len(places):
            raise RuntimeError("FFT dims must be unique")
    elif s is not None:
        if len(s) > rank:
            raise RuntimeError(
                f"Got shape with {len(s)} values but input tensor only has {rank} dimensions."
            )
        places = list(range(rank - len(s), rank))
    else:
        places = list(wrap_dims(None, rank))
    if s is not None and len(s) != len(places):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    sizes = [
        self.shape[place] if s is None or s[i] == -1 else s[i] for i, place in enumerate(places)
    ]
    for size in sizes:
        _points(size, size)
    return tuple(places), tuple(sizes)


# The dimensions of a transform of two, and of many.
_LAST_TWO, _ANY = "int[] dim=[-2, -1]", "int[]? dim=None"

_MANY = {
    "c": _transforms("fftn", "complex"),
    "r": _transforms("rfftn", "complex"),
    "i": _transforms("irfftn", "floating point"),
}


def _define_many(name: str, forward: bool, kind: str, dims: str, doc: str) -> None:
    def transform(F: Namespace, self: Any, s: Any, dim: Any, norm: str | None) -> Any:
        if kind == "r" and is_complex(self):
            raise RuntimeError(
                f"{name} expects a real-valued input tensor, but got {self.dtype.scalar_name}"
            )
        places, sizes = _axes(self, s, dim)
        mode = norm_mode(norm, forward)
        self = _floating(F, self, kind != "r")
        if not places and kind in ("r", "i"):
            raise RuntimeError(f"{name} must transform at least one axis")
        if kind == "i":
            last = places[-1]
            size = sizes[-1] if s is not None and s[-1] != -1 else 2 * (self.shape[last] - 1)
            _points(size, size)
            self = _resized(F, self, places, (*sizes[:-1], size // 2 + 1))
            return F._fft_c2r(self, places, mode, size)
        self = _resized(F, self, places, sizes)
        if kind == "r":
            return F._fft_r2c(self, places, mode, True)
        return F._fft_c2c(self, places, mode, forward)

    op(
        f"fft_{name}(Tensor self, int[]? s=None, {dims}, str? norm=None)",
        name=name,
        composite=transform,
        where=("fft",),
        out=_MANY[kind],
        doc=doc,
        samples=lambda S: (
            []
            if S.dtype.is_complex and kind == "r"
            else [
                S(S.normal(3, 4)),
                S(S.normal(2, 3, 4), s=(2, 3), dim=(0, 2)),
                S(S.normal(3, 4), norm="ortho"),
            ]
        ),
    )


for _name, _forward, _kind, _text in (
    ("fft", True, "fft", "The discrete Fourier transform along a dimension."),
    ("ifft", False, "ifft", "The inverse transform along a dimension."),
    ("rfft", True, "rfft", "The transform of real values; only the frequencies from zero on."),
    ("irfft", False, "irfft", "The inverse of `rfft`."),
    ("hfft", True, "hfft", "The transform of a Hermitian signal, which is real."),
    ("ihfft", False, "ihfft", "The inverse of `hfft`."),
):
    _define_one(_name, _forward, _kind, _text)

for _name, _forward, _kind, _text in (
    ("fft", True, "c", "The transform along several dimensions."),
    ("ifft", False, "c", "The inverse transform along several dimensions."),
    ("rfft", True, "r", "The transform of real values along several dimensions."),
    ("irfft", False, "i", "The inverse of the transform of real values."),
):
    _define_many(f"{_name}2", _forward, _kind, _LAST_TWO, _text)
    _define_many(f"{_name}n", _forward, _kind, _ANY, _text)


def _define_hermitian(suffix: str, dims: str) -> None:
    def hermitian(F: Namespace, self: Any, s: Any, dim: Any, norm: str | None) -> Any:
        places, sizes = _axes(self, s, dim)
        if not places:
            raise RuntimeError(f"hfft{suffix} must transform at least one axis")
        last = places[-1]
        size = sizes[-1] if s is not None and s[-1] != -1 else 2 * (self.shape[last] - 1)
        _points(size, size)
        self = _floating(F, self, True)
        mode = norm_mode(norm, True)
        self = _resized(F, self, places, (*sizes[:-1], size // 2 + 1))
        if len(places) > 1:
            self = F._fft_c2c(self, places[:-1], mode, True)
        return F._fft_c2r(F.conj(self), (last,), mode, size)

    def inverse(F: Namespace, self: Any, s: Any, dim: Any, norm: str | None) -> Any:
        if is_complex(self):
            raise RuntimeError(
                f"Only supports floating-point dtypes, but found: {self.dtype.scalar_name}"
            )
        places, sizes = _axes(self, s, dim)
        if not places:
            raise RuntimeError(f"ihfft{suffix} must transform at least one axis")
        self = _resized(F, _floating(F, self, False), places, sizes)
        mode = norm_mode(norm, False)
        result = F._fft_r2c(self, places[-1:], mode, True)
        if len(places) == 1:
            return F.conj(result)
        return F._fft_c2c(F._conj_physical(result), places[:-1], mode, False)

    for name, transform, doc in (
        ("hfft", hermitian, "The transform of a signal with Hermitian symmetry, which is real."),
        ("ihfft", inverse, "The inverse of `hfftn`: half of a signal with Hermitian symmetry."),
    ):
        op(
            f"fft_{name}{suffix}(Tensor self, int[]? s=None, {dims}, str? norm=None)",
            name=name + suffix,
            composite=transform,
            where=("fft",),
            doc=doc,
            samples=lambda S, name=name: (
                []
                if S.dtype.is_complex and name == "ihfft"
                else [
                    S(S.normal(3, 4)),
                    S(S.normal(2, 3, 4), s=(2, 3), dim=(0, 2)),
                    S(S.normal(3, 4), norm="ortho"),
                    S(S.normal(3, 4), norm="forward"),
                    S(S.normal(3, 4), s=(4,), dim=(1,)),
                ]
            ),
        )


_define_hermitian("2", _LAST_TWO)
_define_hermitian("n", _ANY)


def _shifted(sign: int) -> Any:
    def shift(F: Namespace, self: Any, dim: Any) -> Any:
        places = wrap_dims(dim, ndim(self))
        if dim:
            wrap_own_dim(dim[0], ndim(self))
        counts = tuple((self.shape[place] + (sign < 0)) // 2 for place in places)
        return F.roll(self, counts, places)

    return shift


op(
    "fft_fftshift(Tensor self, Dim[]? dim=None)",
    name="fftshift",
    composite=_shifted(1),
    where=("fft",),
    doc="Moves the zero frequency to the middle.",
    samples=lambda S: [S(S.normal(4)), S(S.normal(3, 4), dim=(0,))],
)
op(
    "fft_ifftshift(Tensor self, Dim[]? dim=None)",
    name="ifftshift",
    composite=_shifted(-1),
    where=("fft",),
    doc="Undoes `fftshift`.",
    samples=lambda S: [S(S.normal(5)), S(S.normal(3, 4))],
)
