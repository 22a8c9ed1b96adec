"""Complex numbers: their parts, conjugates, angles, and how they are put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.node import bit_of, set_bit
from ...kernels.strides import strides_of
from ...table.dtype_rules import is_complex, refusing, supports
from ...table.entry import ELEMENTWISE, LINEAR, Op, op
from ...table.out_rules import FOUND, Rule
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.memory import memory_of, window
from ...tensor.tensor import Tensor

_OBJECT = Rule(
    "Expected object of scalar type {result} but got scalar type {out} for argument 'out'"
)


def _leading(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """The batch axis goes to the front, of which operations on the last dimension see nothing."""
    from ...table.call.dispatch import run
    from ...table.levels.batching import front

    return run(op, [front(args[0], axes[0])]), 0


def _view_as_real(self: Any) -> Any:
    real = self.real
    steps = [stride * self.itemsize for stride in strides_of(self)]
    return window(real, (*self.shape, 2), (*steps, real.itemsize))


def _view_as_complex(self: Any) -> Any:
    if self.ndim == 0:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if self.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if self.strides[-1] != self.itemsize:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(stride % (2 * self.itemsize) for stride in self.strides[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    if memory_of(self)[1] % (2 * self.itemsize):
        raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    dtype = np.result_type(self.dtype, np.complex64)
    return window(self, self.shape[:-1], self.strides[:-1], 0, dtype)


def _check_pairs(self: Any) -> None:
    if self.dtype is dtypes.float16:
        raise RuntimeError("ComplexHalf, which view_as_complex would give, is not supported")
    if self.dtype not in (dtypes.float32, dtypes.float64):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {self.dtype.scalar_name}"
        )


def _pair(real: Any, imag: Any) -> Any:
    """Real and imaginary parts joined, with no arithmetic that could spoil infinities."""
    shape = np.broadcast_shapes(real.shape, imag.shape)
    result = np.empty(shape, np.result_type(real.dtype, np.complex64))
    result.real = real
    result.imag = imag
    return result[()]


def _check_parts(real: Any, imag: Any) -> None:
    if real.dtype is imag.dtype is dtypes.float16:
        raise RuntimeError("ComplexHalf, which two Half tensors would give, is not supported")
    if real.dtype.is_floating_point and imag.dtype.is_floating_point:
        if real.dtype is imag.dtype:
            return
        raise RuntimeError(
            f"Expected object of scalar type {real.dtype.scalar_name} but got scalar type "
            f"{imag.dtype.scalar_name} for second argument"
        )
    raise RuntimeError(
        "Expected both inputs to be Half, Float or Double tensors but got "
        f"{real.dtype.scalar_name} and {imag.dtype.scalar_name}"
    )


def _pairs_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    from ...table.call.dispatch import run
    from ...table.formulas import traced
    from ...table.levels.batching import front

    return run(op, [traced.contiguous(front(args[0], axes[0]))]), 0


def _lazily_conjugated(F: Namespace, self: Any) -> Any:
    result = F._conj(self)
    if F.is_traced:
        set_bit(result, "" if bit_of(self) else "conj")
    return result


def _resolved(F: Namespace, self: Any, bit: str) -> Any:
    return F.clone(self) if F.is_traced and bit_of(self) == bit else self


op(
    "_conj(Tensor self)",
    name="conj",
    kernel=np.conjugate,
    vjp={"self": lambda F, g: F.conj_physical(g)},
    jvp=LINEAR,
    node="ConjBackward0",
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="The conjugate of a complex tensor.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "conj(Tensor self)",
    composite=lambda F, self: _lazily_conjugated(F, self) if is_complex(self) else self,
    where=("torch", "Tensor"),
    doc="The complex conjugate; a real tensor is returned as it is.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "_conj_physical(Tensor self)",
    name="conj_physical",
    kernel=np.conjugate,
    vjp={"self": lambda F, g: F.conj_physical(g)},
    jvp=LINEAR,
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="The conjugate of a complex tensor.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "conj_physical(Tensor self)",
    composite=lambda F, self: F._conj_physical(self) if is_complex(self) else self,
    inplace=True,
    out=FOUND,
    doc="The complex conjugate, computed.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "resolve_conj(Tensor self)",
    composite=lambda F, self: _resolved(F, self, "conj"),
    prelude="",
    doc="A copy of what `conj` gave; any other tensor is returned as it is.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "resolve_neg(Tensor self)",
    composite=lambda F, self: _resolved(F, self, "neg"),
    prelude="",
    doc="A copy of the imaginary part of what `conj` gave; any other tensor is returned as it is.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "_real(Tensor self)",
    name="real",
    kernel=lambda self: self.real,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    node="SelectBackward0",
    view=True,
    result=lambda self: self.dtype.to_real(),
    batching=ELEMENTWISE,
    where=(),
    doc="The real part of a complex tensor, as a view.",
    samples=lambda S: S.each(-2, 2)[:3],
)
op(
    "_imag(Tensor self)",
    name="imag",
    kernel=lambda self: self.imag,
    vjp={"self": lambda F, g: g * 1j},
    jvp=LINEAR,
    node="SelectBackward0",
    view=True,
    result=lambda self: self.dtype.to_real(),
    batching=ELEMENTWISE,
    where=(),
    doc="The imaginary part of a complex tensor, as a view.",
    samples=lambda S: S.each(-2, 2)[:3] if S.dtype.is_complex else [],
)


def _imaginary(F: Namespace, self: Any) -> Any:
    if not is_complex(self):
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return F._imag(self)


op(
    "real(Tensor self)",
    composite=lambda F, self: F._real(self) if is_complex(self) else self,
    doc="The real part, as a view; a real tensor is returned as it is.",
    samples=lambda S: S.each(-2, 2)[:3],
)
op(
    "imag(Tensor self)",
    composite=_imaginary,
    where=("torch", "Tensor"),
    doc="The imaginary part of a complex tensor, as a view.",
    samples=lambda S: S.each(-2, 2)[:3] if S.dtype.is_complex else [S(S.normal(2))],
)
_complex_only = supports(
    **refusing(
        ("boolean", "integer", "floating"),
        RuntimeError("view_as_real is only supported for complex tensors"),
    )
)


def _check_pairable(self: Tensor) -> None:
    _complex_only(self)
    if bit_of(self):
        raise RuntimeError(
            "view_as_real doesn't work on unresolved conjugated tensors.  To resolve the conjugate "
            "tensor so you can view it as real, use self.resolve_conj(); however, be warned that "
            "the resulting tensor will NOT alias the original."
        )


op(
    "view_as_real(Tensor self)",
    kernel=_view_as_real,
    batching=_leading,
    vjp={"self": lambda F, g: F._join(g)},
    jvp=LINEAR,
    view=True,
    result=lambda self: self.dtype.to_real(),
    where=("torch",),
    check=_check_pairable,
    doc="A view of complex numbers as pairs of real ones.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "view_as_complex(Tensor self)",
    kernel=_view_as_complex,
    check=_check_pairs,
    batching=_pairs_batched,
    vjp={"self": lambda F, g: F._pairs(g)},
    jvp=LINEAR,
    view=True,
    result=lambda self: self.dtype.to_complex(),
    where=("torch",),
    doc="A view of pairs of real numbers as complex ones.",
    samples=lambda S: [S(S.normal(3, 2)), S(S.normal(2))] if not S.dtype.is_complex else [],
)
op(
    "_join(Tensor self)",
    name="view_as_complex",
    kernel=lambda self: _pair(self[..., 0], self[..., 1]),
    batching=_leading,
    vjp={"self": lambda F, g: F._pairs(g)},
    jvp=LINEAR,
    where=(),
    doc="Pairs of real numbers as complex ones, in memory of their own.",
    samples=lambda S: [S(S.normal(3, 2)), S(S.normal(2))] if not S.dtype.is_complex else [],
)
op(
    "_pairs(Tensor self)",
    name="view_as_real",
    kernel=lambda self: np.stack([self.real, self.imag], -1),
    batching=_leading,
    vjp={"self": lambda F, g: F._join(g)},
    jvp=LINEAR,
    where=(),
    doc="Complex numbers as pairs of real ones, in memory of their own.",
    samples=lambda S: S.each(-2, 2) if S.dtype.is_complex else [],
)
op(
    "complex(Tensor real, Tensor imag)",
    kernel=_pair,
    vjp={"real": lambda F, g: F.real(g), "imag": lambda F, g: F.imag(g)},
    jvp={
        "real": lambda F, t: F.complex(t, F._zeros(t)),
        "imag": lambda F, t: F.complex(F._zeros(t), t),
    },
    result=lambda real, imag: real.dtype.to_complex(),
    batching=ELEMENTWISE,
    where=("torch",),
    check=_check_parts,
    keeps={"real": ("real",), "imag": ("imag",)},
    out=_OBJECT,
    doc="Complex numbers from their parts.",
    samples=lambda S: S.pairs(-2, 2) if not S.dtype.is_complex else [],
)
op(
    "polar(Tensor abs, Tensor angle)",
    kernel=lambda abs, angle: _pair(abs * np.cos(angle), abs * np.sin(angle)),
    vjp={
        "abs": lambda F, g, out: F.real(F.conj(g) * F.sgn(out)),
        "angle": lambda F, g, out: F.real(F.conj(g) * (out * 1j)),
    },
    jvp={
        "abs": lambda F, t, out: t * F.sgn(out),
        "angle": lambda F, t, out: t * (out * 1j),
    },
    result=lambda abs, angle: abs.dtype.to_complex(),
    batching=ELEMENTWISE,
    where=("torch",),
    check=_check_parts,
    out=_OBJECT,
    doc="Complex numbers from absolute value and angle.",
    samples=lambda S: S.pairs(0.5, 2) if not S.dtype.is_complex else [],
)


def _angle(self: Any) -> Any:
    if self.dtype.kind == "c":
        return np.angle(self)[()]
    return np.where(np.isnan(self), self, np.where(self < 0, np.pi, 0))[()].astype(self.dtype)


def _angle_slope(F: Namespace, self: Any) -> Any:
    return F.where(F.eq(self, 0), 0, self * 1j / F.pow(F.abs(self), 2))


op(
    "angle(Tensor self)",
    kernel=_angle,
    vjp={"self": lambda F, g, self: g * _angle_slope(F, self) if is_complex(self) else F._zeros(g)},
    jvp={
        "self": lambda F, t, self: (
            F.real(F.conj_physical(_angle_slope(F, self)) * t) if is_complex(self) else F._zeros(t)
        )
    },
    promote="float",
    result=lambda self: (
        self.dtype.to_real() if self.dtype.category >= dtypes.FLOATING else dtypes.default.dtype
    ),
    batching=ELEMENTWISE,
    doc="The angle of complex numbers; 0 or pi for real ones.",
    samples=lambda S: [*S.each(0.3, 2), S(S.uniform(-2, -0.3, 3)), *S.kinks()],
)
