"""Running sums, products and extremes along a dimension, differences and integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.running import running
from ...table.dtype_rules import is_complex, supports
from ...table.entry import LINEAR, Op, op
from ...table.out_rules import CAST, EXACT, TYPED, Rule
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.runtime import runtime
from ...tensor.tensor import numel, shape_of
from .extremes import place

_TYPES = Rule("expected scalar_type {result} but found {out}")


def _sum_dtype(self: Any, dim: int, dtype: Any) -> DType:
    if dtype is not None:
        return dtype  # type: ignore[no-any-return]
    return self.dtype if self.dtype.category >= dtypes.FLOATING else dtypes.int64


def _wide(self: Any, dtype: Any) -> Any:
    kind = np.dtype(np.int64) if dtype is None else dtype.compute
    if dtype is None and self.dtype.kind not in "biu":
        return self
    runtime.reserve(2 * self.size * kind.itemsize)  # the terms, and their sums
    return self.astype(kind)


def _running(ufunc: Any) -> Any:
    def kernel(self: Any, dim: int, dtype: Any) -> Any:
        axis = wrap_dim(dim, self.ndim)
        self = _wide(self, dtype)
        return running(ufunc, self, axis) if self.ndim else self

    return kernel


def _dims(S: Any) -> Any:
    return [
        S(S.normal(2, 3), 0),
        S(S.normal(2, 3), -1),
        S(S.normal(4), 0),
        S(S.normal(), 0),
        S(S.normal(0, 2), 0),
    ]


def _reversed_sum(F: Namespace, g: Any, dim: int) -> Any:
    """For each element the sum of it and all after it."""
    shape = tuple(g.shape)
    if not shape or 0 in shape or shape[dim] == 1:
        return g
    if not F.is_traced:
        return running(np.add, g, wrap_dim(dim, g.ndim), True)
    return F.flip(F.cumsum(F.flip(g, (dim,)), dim), (dim,))


def _check_running(kernel: str) -> Any:
    def check(self: Any, dim: int, dtype: Any) -> None:
        if dtype is dtypes.bool_:
            raise dtypes.unsupported(kernel, dtype)

    return check


op(
    "cumsum(Tensor self, Dim dim, *, DType? dtype=None)",
    kernel=_running(np.add),
    vjp={"self": lambda F, g, dim: _reversed_sum(F, g, dim)},
    jvp=LINEAR,
    result=_sum_dtype,
    check=_check_running("cumsum_out_cpu"),
    batching="shift",
    inplace="Tensor",
    out=TYPED,
    doc="The sum of each element and all before it.",
    samples=lambda S: [*_dims(S), S(S.integers(-3, 3, 4), 0)],
)


def _recurrence(decay: Any, value: Any, dim: int, reverse: bool) -> Any:
    """y[k] = value[k] + decay[k] * y[k-1], or y[k+1] when reversed."""
    if not value.ndim:
        return value
    axis = wrap_dim(dim, value.ndim)
    shape = np.broadcast_shapes(decay.shape, value.shape)
    factors = np.moveaxis(np.broadcast_to(decay, shape), axis, 0)
    result = np.moveaxis(
        np.array(np.broadcast_to(value, shape), np.result_type(decay, value)), axis, 0
    )
    steps = range(len(result) - 2, -1, -1) if reverse else range(1, len(result))
    for k in steps:
        result[k] += factors[k] * result[k + 1 if reverse else k - 1]
    return np.moveaxis(result, 0, axis)


def _shifted(F: Namespace, value: Any, dim: int, reverse: bool) -> Any:
    """`value` moved by one towards the end (or the start), with zero moved in."""
    length = value.shape[dim]
    if reverse:
        zero = F._zeros(F.narrow(value, dim, 0, 1))
        return F.cat([F.narrow(value, dim, 1, length - 1), zero], dim)
    zero = F._zeros(F.narrow(value, dim, 0, 1))
    return F.cat([zero, F.narrow(value, dim, 0, length - 1)], dim)


def _recurrence_adjoint(F: Namespace, g: Any, decay: Any, dim: int, reverse: bool) -> Any:
    """The cotangent of `value`: the recurrence the other way, with the next decay."""
    if not len(g.shape) or not g.shape[dim]:
        return g
    following = _shifted(F, F.conj(decay), dim, not reverse)
    return F._recurrence(following, g, dim, not reverse)


def _pair_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Two tensors of one rank: batch axes to the front, and the dimension moves by one."""
    from ...table.call.dispatch import run
    from ...table.formulas import traced
    from ...table.levels.batching import batch_size, front

    length = batch_size(args, axes)
    pair = [
        traced.expand(value, (length, *shape_of(value))) if axis is None else front(value, axis)
        for value, axis in zip(args[:2], axes[:2], strict=True)
    ]
    rank = len(shape_of(pair[0])) - 1
    if not rank:
        pair = [traced.unsqueeze(value, 1) for value in pair]
    result = run(op, [*pair, wrap_dim(args[2], rank) + 1, *args[3:]])
    return (result if rank else traced.squeeze_dim(result, 1)), 0


op(
    "_recurrence(Tensor decay, Tensor value, Dim dim, bool reverse=False)",
    name="cumprod",
    kernel=_recurrence,
    batching=_pair_batched,
    vjp={
        "decay": lambda F, g, decay, out, dim, reverse: (
            _recurrence_adjoint(F, g, decay, dim, reverse) * F.conj(_shifted(F, out, dim, reverse))
            if len(g.shape) and g.shape[dim]
            else F._zeros(g)
        ),
        "value": lambda F, g, decay, dim, reverse: _recurrence_adjoint(F, g, decay, dim, reverse),
    },
    jvp={
        "decay": lambda F, t, decay, out, dim, reverse: (
            F._recurrence(decay, t * _shifted(F, out, dim, reverse), dim, reverse)
            if len(t.shape) and t.shape[dim]
            else F._zeros(t)
        ),
        "value": lambda F, t, decay, dim, reverse: F._recurrence(decay, t, dim, reverse),
    },
    where=(),
    doc="A linear recurrence along a dimension.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3), 1),
        S(S.normal(3, 2), S.normal(3, 2), 0, True),
    ],
)


def _cumprod_backward(grad: Any, self: Any, out: Any, dim: int) -> Any:
    """The cotangent of cumprod's input; by division where no element is zero."""
    if not self.ndim:
        return grad
    axis = wrap_dim(dim, self.ndim)
    if np.all(self != 0):
        return running(np.add, grad * np.conj(out), axis, True) / np.conj(self)
    moved = np.moveaxis(np.conj(self), axis, 0)
    decay = np.concatenate([moved[1:], np.zeros_like(moved[:1])])
    tail = np.moveaxis(_recurrence(decay, np.moveaxis(grad, axis, 0), 0, True), 0, axis)
    before = np.cumprod(np.concatenate([np.ones_like(moved[:1]), moved[:-1]]), 0)
    return tail * np.moveaxis(before, 0, axis)


def _before(F: Namespace, self: Any, dim: int) -> Any:
    """The products of all elements before each one."""
    length = self.shape[dim]
    ones = F._ones(F.narrow(self, dim, 0, 1))
    return F.cumprod(F.cat([ones, F.narrow(self, dim, 0, length - 1)], dim), dim)


def _cumprod_slope(F: Namespace, g: Any, self: Any, out: Any, dim: int) -> Any:
    if not F.is_traced:
        return F._cumprod_backward(g, self, out, dim)
    if numel(shape_of(self)) <= 1:
        return g
    if not len(self.shape) or not self.shape[dim]:
        return g
    decay = _shifted(F, F.conj(self), dim, True)
    return F._recurrence(decay, g, dim, True) * F.conj(_before(F, self, dim))


def _cumprod_forward(F: Namespace, t: Any, self: Any, dim: int) -> Any:
    if not len(self.shape) or not self.shape[dim]:
        return t
    return F._recurrence(self, t * _before(F, self, dim), dim, False)


op(
    "_cumprod_backward(Tensor grad, Tensor self, Tensor out, Dim dim)",
    name="cumprod",
    kernel=_cumprod_backward,
    where=(),
    doc="The cotangent of cumprod's input from that of its output.",
    samples=lambda S: [
        S(S.normal(3), S.tensor([1.0, 2.0, 3.0]), S.tensor([1.0, 2.0, 6.0]), 0),
        S(S.normal(3), S.tensor([1.0, 0.0, 3.0]), S.tensor([1.0, 0.0, 0.0]), 0),
    ],
)
op(
    "cumprod(Tensor self, Dim dim, *, DType? dtype=None)",
    kernel=_running(np.multiply),
    vjp={"self": _cumprod_slope},
    jvp={"self": _cumprod_forward},
    result=_sum_dtype,
    check=_check_running("cumprod_out_cpu"),
    batching="shift",
    inplace="Tensor",
    out=TYPED,
    doc="The product of each element and all before it.",
    samples=lambda S: [
        *_dims(S),
        S(S.tensor([2.0, 0.0, 3.0, 4.0]), 0),
        S(S.tensor([2.0, 0.0, 0.0, 4.0]), 0),
        S(S.integers(-3, 3, 4), 0),
    ],
)


def _running_extreme(ufunc: Any, reaches: Any) -> Any:
    def kernel(self: Any, dim: int) -> Any:
        if not self.ndim:
            return self, np.int64(0)
        axis = wrap_dim(dim, self.ndim)
        values = ufunc.accumulate(self, axis=axis)
        length = self.shape[axis]
        counts = np.arange(length).reshape([length if i == axis else 1 for i in range(self.ndim)])
        fresh = reaches(self, values) | ((self != self) & (values != values))
        indices = np.maximum.accumulate(np.where(fresh, counts, 0), axis=axis)
        return values, indices.astype(np.int64)

    return kernel


for _name, _ufunc, _word in (
    ("cummax", np.maximum, "greatest"),
    ("cummin", np.minimum, "least"),
):
    op(
        f"{_name}(Tensor self, Dim dim)",
        kernel=_running_extreme(_ufunc, np.equal),
        vjp={"self": lambda F, g, self_shape, out1, dim: place(F, g, self_shape, out1, dim, True)},
        keeps={"self": ("self",)},
        jvp={
            "self": lambda F, t, out1, dim: (
                F.gather(t, dim, out1) if len(t.shape) else t,
                None,
            )
        },
        outputs=2,
        fields=("values", "indices"),
        constant=(1,),
        batching="shift",
        check=supports(complex=f"{_name}_cpu"),
        out=_TYPES,
        doc=f"The {_word} of each element and all before it, and its index.",
        samples=lambda S: [
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3), -1),
            S.edge(S.tensor([1.0, 2.0, 2.0, 1.0]), 0),
            *([] if S.dtype.is_complex else [S(S.distinct(), 0)]),
            S(S.integers(-3, 3, 4), 0),
        ],
    )


def _logcumsumexp(self: Any, dim: int) -> Any:
    axis = wrap_dim(dim, self.ndim)
    if not self.ndim:
        return self
    if self.dtype.kind == "c":
        peak = np.maximum.accumulate(self.real, axis=axis)
        moved, tops = np.moveaxis(self, axis, 0), np.moveaxis(peak, axis, 0)
        result = np.empty_like(moved)
        total = np.zeros(moved.shape[1:], self.dtype)
        for k in range(len(moved)):
            if k:
                total = total * np.exp(tops[k - 1] - tops[k])
            total = total + np.exp(moved[k] - tops[k])
            result[k] = np.log(total) + tops[k]
        return np.moveaxis(result, 0, axis)
    wide = np.float64 if self.dtype.char == "f" else None
    return np.logaddexp.accumulate(self, axis=axis, dtype=wide).astype(self.dtype) + 0.0


def _reversed_logsum(F: Namespace, value: Any, dim: int) -> Any:
    if not len(value.shape):
        return value
    return F.flip(F.logcumsumexp(F.flip(value, (dim,)), dim), (dim,))


def _logcumsumexp_slope(F: Namespace, g: Any, self: Any, out: Any, dim: int) -> Any:
    if F.is_traced and (not ndim(self) or not numel(shape_of(self))):
        return g
    """Positive and negative cotangents apart, so that everything stays a logarithm."""
    if is_complex(self):
        inner = _reversed_logsum(F, F.log(g) - F.conj(out), dim)
        return F.exp(inner + F.conj(self))
    least = -3e38  # finite, so that no difference of infinities arises
    up = F.where(F.gt(g, 0), F.log(F.abs(g)), least)
    down = F.where(F.lt(g, 0), F.log(F.abs(g)), least)
    rising = F.exp(_reversed_logsum(F, up - out, dim) + self)
    falling = F.exp(_reversed_logsum(F, down - out, dim) + self)
    return rising - falling


op(
    "logcumsumexp(Tensor self, Dim dim)",
    kernel=_logcumsumexp,
    vjp={"self": _logcumsumexp_slope},
    jvp={
        # PyTorch's own guard: where all exponentials vanish the tangent is zero.
        "self": lambda F, t, self, dim: (
            F.cumsum(t * F.exp(self), dim) / (F.cumsum(F.exp(self), dim) + 1e-13)
            if len(t.shape)
            else t
        )
    },
    batching="shift",
    check=supports(integer="logcumsumexp_out_cpu", boolean="logcumsumexp_out_cpu"),
    out=_TYPES,
    doc="The logarithm of the sum of exponentials of each element and all before it.",
    samples=lambda S: [S(S.normal(2, 3), 0), S(S.normal(2, 3), -1), S(S.normal(), 0)],
)

# --- differences and integrals


def _diff(F: Namespace, self: Any, n: int, dim: int, prepend: Any, append: Any) -> Any:
    if not len(self.shape):
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = wrap_dim(dim, len(self.shape))
    if n == 0:
        return F.clone(self)
    pieces = [piece for piece in (prepend, self, append) if piece is not None]
    value = F.cat(pieces, dim) if len(pieces) > 1 else self
    for _ in range(min(n, value.shape[axis])):
        length = max(value.shape[axis] - 1, 0)
        start = min(1, value.shape[axis])
        later, earlier = F.narrow(value, axis, start, length), F.narrow(value, axis, 0, length)
        mask = getattr(value.dtype, "name", "") == "bool"
        value = F.logical_xor(later, earlier) if mask else F.sub(later, earlier)
    return value


op(
    "diff(Tensor self, int n=1, Dim dim=-1, Tensor? prepend=None, Tensor? append=None)",
    composite=_diff,
    out=CAST,
    doc="The differences of neighbours, `n` times.",
    samples=lambda S: [
        S(S.normal(2, 4)),
        S(S.normal(4, 2), dim=0),
        S(S.normal(2, 4), 2),
        S(S.normal(3), prepend=S.normal(1)),
        S(S.booleans(4)),
    ],
)


def _neighbours(F: Namespace, value: Any, axis: int) -> tuple[Any, Any]:
    length = value.shape[axis]
    if not length:
        return value, value
    return F.narrow(value, axis, 0, length - 1), F.narrow(value, axis, 1, length - 1)


def _steps(F: Namespace, name: str, y: Any, x: Any, axis: int) -> Any:
    """The widths of the intervals, in a shape that broadcasts with `y`."""
    rank = len(y.shape)
    if len(x.shape) == 1:
        if x.shape[0] != y.shape[axis]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = F.reshape(x, [-1 if i == axis else 1 for i in range(rank)])
        low, high = _neighbours(F, x, axis)
        return F.sub(high, low)
    while len(x.shape) < rank:
        x = F.unsqueeze(x, 0)
    offset = len(x.shape) - rank
    low, high = _neighbours(F, x, axis + offset)
    return F.sub(high, low)


def _integrable(name: str, dim: int, *values: Any) -> int:
    """The dimension to integrate over. Raises PyTorch's errors for what cannot be."""
    if any(value.dtype in (dtypes.bool_, np.bool_) for value in values):
        listed = "`x` or `y`" if len(values) > 1 else "`y`"
        raise RuntimeError(f"{name}: received a bool input for {listed}, but bool is not supported")
    return wrap_own_dim(dim, len(values[0].shape))


def _trapezoid_dx(F: Namespace, y: Any, dx: Any, dim: int) -> Any:
    axis = _integrable("trapezoid", dim, y)
    if isinstance(dx, complex):
        raise RuntimeError("trapezoid: Currently, we only support dx as a real number.")
    if y.shape[axis] == 0:
        return F.sum_dim(y, (axis,))
    low, high = _neighbours(F, y, axis)
    return F._mul_scalar(F.sum_dim(F.add(low, high), (axis,)), dx / 2.0)


def _trapezoid_x(F: Namespace, y: Any, x: Any, dim: int) -> Any:
    axis = _integrable("trapezoid", dim, y, x)
    if y.shape[axis] == 0:
        return F.sum_dim(y, (axis,))
    low, high = _neighbours(F, y, axis)
    return F._div_scalar(
        F.sum_dim(F.mul(F.add(low, high), _steps(F, "trapezoid", y, x, axis)), (axis,)), 2.0
    )


def _cumulative_dx(F: Namespace, y: Any, dx: Any, dim: int) -> Any:
    axis = _integrable("cumulative_trapezoid", dim, y)
    low, high = _neighbours(F, y, axis)
    return F.cumsum(F._mul_scalar(F.add(low, high), dx / 2.0), axis)


def _cumulative_x(F: Namespace, y: Any, x: Any, dim: int) -> Any:
    axis = _integrable("cumulative_trapezoid", dim, y, x)
    low, high = _neighbours(F, y, axis)
    return F._div_scalar(
        F.cumsum(F.mul(F.add(low, high), _steps(F, "cumulative_trapezoid", y, x, axis)), axis), 2.0
    )


for _name, _with_x, _with_dx, _aliases, _doc in (
    ("trapezoid", _trapezoid_x, _trapezoid_dx, ("trapz",), "The integral by the trapezoidal rule."),
    (
        "cumulative_trapezoid",
        _cumulative_x,
        _cumulative_dx,
        (),
        "The running integral by the trapezoidal rule.",
    ),
):
    op(
        f"{_name}_x(Tensor y, Tensor x, *, Dim dim=-1)",
        name=_name,
        composite=_with_x,
        aliases=_aliases,
        where=("torch",),
        doc=_doc,
        samples=lambda S: [
            S(S.normal(2, 4), S.normal(4)),
            S(S.normal(4, 2), S.normal(4, 2), dim=0),
        ],
    )
    op(
        f"{_name}(Tensor y, *, Scalar dx=1, Dim dim=-1)",
        composite=_with_dx,
        aliases=_aliases,
        where=("torch",),
        doc=_doc,
        samples=lambda S: [S(S.normal(2, 4)), S(S.normal(4, 2), dx=0.5, dim=0)],
    )


# --- products of vectors


def _cross(self: Any, other: Any, dim: int) -> Any:
    shape = np.broadcast_shapes(self.shape, other.shape)
    axis = wrap_dim(dim, len(shape))
    a = np.moveaxis(np.broadcast_to(self, shape), axis, 0)
    b = np.moveaxis(np.broadcast_to(other, shape), axis, 0)
    result = np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )
    return np.moveaxis(result, 0, axis)


def _check_cross(self: Any, other: Any, dim: int) -> None:
    a, b = shape_of(self), shape_of(other)
    if len(a) != len(b):
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, len(a))
    if not a:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if a[axis] != 3 or b[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[axis]} and {b[axis]}"
        )
    supports(boolean="cross")(self, other)


op(
    "linalg_cross(Tensor self, Tensor other, *, Dim dim=-1)",
    name="cross",
    kernel=_cross,
    batching=_pair_batched,
    vjp={
        "self": lambda F, g, other, dim: F.linalg_cross(F.conj(other), g, dim=dim),
        "other": lambda F, g, self, dim: F.linalg_cross(g, F.conj(self), dim=dim),
    },
    jvp={
        "self": lambda F, t, other, dim: F.linalg_cross(t, other, dim=dim),
        "other": lambda F, t, self, dim: F.linalg_cross(self, t, dim=dim),
    },
    node="LinalgCrossBackward0",
    promote="number",
    numbers=False,
    where=("linalg",),
    check=_check_cross,
    out=EXACT,
    doc="The cross product of vectors along a dimension.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3)),
        S(S.normal(2, 3), S.normal(1, 3)),
        S(S.normal(3, 2), S.normal(3, 2), dim=0),
    ],
)


def _first_three(F: Namespace, self: Any, other: Any, dim: Any) -> Any:
    if dim is None:
        pairs = zip(self.shape, other.shape, strict=False)
        dim = next((i for i, pair in enumerate(pairs) if pair == (3, 3)), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return F.linalg_cross(self, other, dim=dim)


op(
    "cross(Tensor self, Tensor other, Dim? dim=None)",
    composite=_first_three,
    out=EXACT,
    doc="The cross product of vectors along a dimension, the first of length 3 by default.",
    samples=lambda S: [S(S.normal(3), S.normal(3)), S(S.normal(2, 3), S.normal(2, 3), 1)],
)
