"""Softmax, log_softmax and softmin."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...kernels.blocks import by_rows, dot, reduce, total
from ...table.dtype_rules import supports
from ...table.entry import op
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor.tensor import numel, shape_of
from ..reduction.shared import MAXIMUM


def _softmax(self: Any, dim: int) -> Any:
    if not self.ndim:
        return np.ones_like(self)[()] if not np.isnan(self) else self
    axis = wrap_dim(dim, self.ndim)
    if not self.size:
        return self.copy()
    return by_rows(_exponentials, axis, self)


def _exponentials(x: Any, axis: int, *, into: Any = None) -> Any:
    """exp(x) over its sum along an axis."""
    result = np.subtract(x, reduce(MAXIMUM, x, axis, True), out=into)
    np.exp(result, out=result)
    result /= total(result, axis)
    return result


def _log_softmax(self: Any, dim: int) -> Any:
    if not self.ndim:
        return (self - self)[()]
    axis = wrap_dim(dim, self.ndim)
    if not self.size:
        return self.copy()
    return by_rows(_log_exponentials, axis, self)


def _log_exponentials(x: Any, axis: int, *, into: Any = None) -> Any:
    """The logarithm of exp(x) over its sum along an axis."""
    result = np.subtract(x, reduce(MAXIMUM, x, axis, True), out=into)
    result -= np.log(total(np.exp(result), axis))
    return result


def _softmax_slope(F: Namespace, g: Any, out: Any, dim: int) -> Any:
    if not F.is_traced:
        return F._softmax_backward(g, out, dim)
    weighted = g * out
    return weighted - out * F.sum_dim(weighted, (dim,), True)


def _log_softmax_slope(F: Namespace, g: Any, out: Any, dim: int) -> Any:
    if not F.is_traced:
        return F._log_softmax_backward(g, out, dim)
    return g - F.exp(out) * F.sum_dim(g, (dim,), True)


def _softmax_backward(grad: Any, output: Any, dim: int) -> Any:
    """The cotangent of softmax's input, in few passes over memory."""
    if not output.ndim:
        return grad * output - grad * output
    return by_rows(_softmax_rows_back, dim, grad, output)


def _softmax_rows_back(grad: Any, output: Any, axis: int, *, into: Any = None) -> Any:
    result = np.subtract(grad, dot(grad, output, axis), out=into)
    result *= output
    return result


def _log_softmax_backward(grad: Any, output: Any, dim: int) -> Any:
    """The cotangent of log_softmax's input, in few passes over memory."""
    if not output.ndim:
        return grad - grad
    return by_rows(_log_softmax_rows_back, dim, grad, output)


def _log_softmax_rows_back(grad: Any, output: Any, axis: int, *, into: Any = None) -> Any:
    result = np.exp(output, out=into)
    result *= total(grad, axis)
    return np.subtract(grad, result, out=result)


def _softmax_forward(F: Namespace, t: Any, out: Any, dim: int) -> Any:
    weighted = t * out
    return weighted - out * F.sum_dim(weighted, (dim,), True)


def _check_softmax(name: str) -> Any:
    last, other = f"{name}_lastdim_kernel_impl", f"{name}_kernel_impl"
    check_last = supports(complex=last, integer=last, boolean=last)
    check_other = supports(complex=other, integer=other, boolean=other)

    def check(self: Any, dim: int) -> None:
        rank = len(shape_of(self))
        is_last = wrap_dim(dim, rank) == max(rank, 1) - 1
        if numel(shape_of(self)):  # no kernel is asked for where there is nothing to do
            (check_last if is_last else check_other)(self)

    return check


def _softmax_samples(S: Any) -> Any:
    return [S(S.normal(2, 3), 0), S(S.normal(2, 3), -1), S(S.normal(2, 3, 2), 1), S(S.normal(), 0)]


for _name, _kernel in (
    ("_softmax_backward", _softmax_backward),
    ("_log_softmax_backward", _log_softmax_backward),
):
    op(
        f"{_name}(Tensor grad, Tensor output, Dim dim)",
        kernel=_kernel,
        where=(),
        doc="The cotangent of the input from that of the output, for formulas on arrays.",
        samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3), 1)],
    )
op(
    "_softmax(Tensor self, Dim dim)",
    name="softmax",
    kernel=_softmax,
    fused={"self": "SoftmaxBackwardDataBackward0 g out"},
    vjp={"self": _softmax_slope},
    jvp={"self": _softmax_forward},
    batching="shift",
    where=(),
    check=_check_softmax("softmax"),
    doc="Exponentials divided by their sum along a dimension.",
    samples=_softmax_samples,
)
op(
    "_log_softmax(Tensor self, Dim dim)",
    name="log_softmax",
    kernel=_log_softmax,
    fused={"self": "LogSoftmaxBackwardDataBackward0 g out"},
    vjp={
        "self": _log_softmax_slope,
    },
    jvp={"self": lambda F, t, out, dim: t - F.sum_dim(F.exp(out) * t, (dim,), True)},
    batching="shift",
    where=(),
    check=_check_softmax("log_softmax"),
    doc="The logarithm of softmax, without underflow.",
    samples=_softmax_samples,
)


def _implicit_dim(name: str, rank: int) -> int:
    """The dimension that F.softmax takes when none is given."""

    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=2,
    )
    return 0 if rank in (0, 1, 3) else 1


def _normalizer(identifier: str, public: str, doc: str, sign: int = 1) -> None:
    """The public softmax of torch and of torch.nn.functional over its kernel entry."""

    def composite(F: Namespace, self: Any, dim: Any, dtype: Any) -> Any:
        if dtype is not None:
            self = F._to_copy(self, dtype)
        return getattr(F, identifier)(self, dim)

    def functional(F: Namespace, self: Any, dim: Any, _stacklevel: int, dtype: Any) -> Any:
        if sign < 0:
            self = F.neg(self)
        if dim is None:
            dim = _implicit_dim(public, len(self.shape))
        if dtype is not None:
            self = F._to_copy(self, dtype)
        return getattr(F, identifier)(self, dim)

    if sign > 0:
        op(
            f"{public}(Tensor self, Dim dim, DType? dtype=None)",
            composite=composite,
            where=("torch", "Tensor", "special"),
            out=EXACT,
            doc=doc,
            samples=_softmax_samples,
        )
    op(
        f"{public}_F(Tensor self, Dim? dim=None, int _stacklevel=3, DType? dtype=None)",
        name=public,
        composite=functional,
        where=("F",),
        out=EXACT if sign > 0 else None,
        written="F",
        prelude="F",
        doc=doc,
        samples=_softmax_samples,
    )


_normalizer("_softmax", "softmax", "Exponentials divided by their sum along a dimension.")
_normalizer("_log_softmax", "log_softmax", "The logarithm of softmax, without underflow.")
_normalizer("_softmax", "softmin", "Softmax of the negated tensor.", -1)
