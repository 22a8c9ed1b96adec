"""Products of Householder reflections, as QR decompositions keep their orthonormal factor.

Reflection i is `1 - tau[i] v v^H` with the vector v that has zeros before place i, a one there, and
column i of the matrix below. All of them applied to a matrix one after the other are what every
function here computes; its derivative goes through the intermediate products.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.dtype_rules import real_gradients
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import size_at
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from .shared import adjoint, batch_leading, by_columns, column, conjugate


def _vector(F: Namespace, a: Any, i: int) -> Any:
    """The vector of reflection i, as a column."""
    rows = a.shape[-2]
    below = F.slice(F.slice(a, -1, i, i + 1), -2, i + 1, rows)
    above = F.zeros_like_shape(a, (*a.shape[:-2], i, 1))
    one = F._full_as(F.slice(F.slice(a, -1, i, i + 1), -2, i, i + 1), 1.0)
    return F.cat([above, one, below], -2)


def _factor(F: Namespace, tau: Any, i: int, inverse: bool) -> Any:
    """The factor of reflection i, or of its inverse, as a matrix of one element."""
    number = column(F, F.slice(tau, -1, i, i + 1))
    return conjugate(F, number) if inverse else number


def _order(tau: Any, inverse: bool) -> Any:
    """The reflections in the order in which they are applied."""
    count = tau.shape[-1]
    return runtime.watched(range(count) if inverse else range(count - 1, -1, -1))


def _applied(F: Namespace, a: Any, tau: Any, C: Any, inverse: bool) -> list[Any]:
    """C with no reflection, one, two … applied."""
    found = [C]
    for i in _order(tau, inverse):
        v = _vector(F, a, i)
        inner = F.matmul(adjoint(F, v), C)
        C = C - F.matmul(v, inner * _factor(F, tau, i, inverse))
        found.append(C)
    return found


def _slopes(F: Namespace, g: Any, a: Any, tau: Any, C: Any, inverse: bool) -> tuple[Any, Any, Any]:
    """The derivatives by the vectors, the factors and C."""
    found = _applied(F, a, tau, C, inverse)
    columns: dict[int, Any] = {}
    factors: dict[int, Any] = {}
    rows = a.shape[-2]
    for place, i in runtime.watched(reversed(list(enumerate(_order(tau, inverse))))):
        v, factor, before = _vector(F, a, i), _factor(F, tau, i, inverse), found[place]
        inner = F.matmul(adjoint(F, v), before)
        back = F.matmul(adjoint(F, v), g)
        by_factor = -F.sum_dim(back * conjugate(F, inner), (-1,), True)
        factors[i] = conjugate(F, by_factor) if inverse else by_factor
        by_vector = -F.matmul(g, adjoint(F, inner)) * conjugate(F, factor)
        by_vector = by_vector - F.matmul(before, adjoint(F, back)) * factor
        columns[i] = F.slice(by_vector, -2, i + 1, rows)
        g = g - F.matmul(v, back * conjugate(F, factor))
    count = a.shape[-1]
    lead = tuple(a.shape[:-2])
    full = [
        F.cat([F.zeros_like_shape(g, (*lead, i + 1, 1)), columns[i]], -2)
        if i in columns
        else F.zeros_like_shape(g, (*lead, rows, 1))
        for i in range(count)
    ]
    by_tau = F.cat([F.squeeze_dim(factors[i], -1) for i in range(len(factors))], -1)
    return F.cat(full, -1), by_tau, g


def _tangent(F: Namespace, a: Any, tau: Any, C: Any, da: Any, dtau: Any, inverse: bool) -> Any:
    """The change of the product with the vectors (`da`) or the factors (`dtau`)."""
    change = F.zeros_like_shape(C, tuple(C.shape))
    for place, i in enumerate(_order(tau, inverse)):
        before = _applied(F, a, tau, C, inverse)[place]
        v, factor = _vector(F, a, i), _factor(F, tau, i, inverse)
        inner = F.matmul(adjoint(F, v), before)
        change = change - F.matmul(v, F.matmul(adjoint(F, v), change) * factor)
        if dtau is not None:
            change = change - F.matmul(v, inner * _factor(F, dtau, i, inverse))
        if da is not None:
            rows = a.shape[-2]
            below = F.slice(F.slice(da, -1, i, i + 1), -2, i + 1, rows)
            dv = F.cat([F.zeros_like_shape(da, (*da.shape[:-2], i + 1, 1)), below], -2)
            moved = F.matmul(dv, inner) + F.matmul(v, F.matmul(adjoint(F, dv), before))
            change = change - moved * factor
    return change


# --- the orthonormal factor -------------------------------------------------------------------


def _start(F: Namespace, a: Any) -> Any:
    return F._unit_like(a)


def _product(input: Any, tau: Any) -> Any:
    from ...table.formulas import complex_arrays, real_arrays

    F = complex_arrays if input.dtype.kind == "c" else real_arrays
    return by_columns(_applied(F, input, tau, _start(F, input), False)[-1])


def _check_product(input: Tensor, tau: Tensor) -> None:
    name = "torch.linalg.householder_product"
    a = shape_of(input)
    if len(a) < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if a[-2] < a[-1]:
        raise RuntimeError(
            f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]"
        )
    if a[-1] < size_at(tau, -1):
        raise RuntimeError(
            f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]"
        )
    if tau.dtype is not input.dtype:
        raise RuntimeError(
            f"{name}: tau dtype {tau.dtype.scalar_name} does not match input dtype "
            f"{input.dtype.scalar_name}"
        )
    _floating("orgqr_cpu", input)


def _floating(kernel: str, a: Tensor) -> None:
    if a.dtype.category < dtypes.FLOATING or not a.dtype.raw:
        raise unsupported(kernel, a.dtype)


for _name, _where, _id in (
    ("householder_product", ("linalg",), "linalg_householder_product"),
    ("orgqr", ("torch", "Tensor"), "orgqr"),
):
    op(
        f"{_id}(Tensor input, Tensor tau)",
        name=_name,
        kernel=_product,
        vjp={
            "input": lambda F, g, input, tau: _slopes(F, g, input, tau, _start(F, input), False)[0],
            "tau": lambda F, g, input, tau: _slopes(F, g, input, tau, _start(F, input), False)[1],
        },
        jvp={
            "input": lambda F, t, input, tau: _tangent(
                F, input, tau, _start(F, input), t, None, False
            ),
            "tau": lambda F, t, input, tau: _tangent(
                F, input, tau, _start(F, input), None, t, False
            ),
        },
        keeps_layout=True,
        check=_check_product,
        node="LinalgHouseholderProductBackward0",
        where=_where,
        prelude="",
        doc="The first columns of a product of Householder reflections.",
        samples=lambda S: [
            S(S.normal(3, 2), S.normal(2)),
            S(S.normal(2, 3, 2), S.normal(2, 2)),
            S(S.normal(3, 3), S.normal(1)),
            S(S.normal(2, 3), S.normal(2)),
            S(S.normal(3, 2), S.normal(3)),
        ],
    )


# --- times a matrix ---------------------------------------------------------------------------


def _multiplied(self: Any, tau: Any, other: Any, left: bool, transpose: bool) -> Any:
    from ...table.formulas import complex_arrays, real_arrays

    F = complex_arrays if self.dtype.kind == "c" else real_arrays
    if left:
        return by_columns(_applied(F, self, tau, other, transpose)[-1])
    flipped = _applied(F, self, tau, adjoint(F, other), not transpose)[-1]
    return by_columns(adjoint(F, flipped))


def _by_reflections(
    F: Namespace,
    g: Any,
    self: Any,
    tau: Any,
    other: Any,
    left: bool,
    transpose: bool,
    which: int,
) -> Any:
    if left:
        return _slopes(F, g, self, tau, other, transpose)[which]
    return _slopes(F, adjoint(F, g), self, tau, adjoint(F, other), not transpose)[which]


def _along_reflections(
    F: Namespace, self: Any, tau: Any, other: Any, left: bool, transpose: bool, da: Any, dtau: Any
) -> Any:
    if left:
        return _tangent(F, self, tau, other, da, dtau, transpose)
    return adjoint(F, _tangent(F, self, tau, adjoint(F, other), da, dtau, not transpose))


def _check_multiplied(
    self: Tensor, tau: Tensor, other: Tensor, left: bool, transpose: bool
) -> None:
    a, c = shape_of(self), shape_of(other)
    side = -2 if left else -1
    if len(a) < 2 or len(c) < 2:
        word = "input" if len(a) < 2 else "other"
        raise RuntimeError(f"torch.ormqr: {word} must have at least 2 dimensions.")
    if c[side] < shape_of(tau)[-1]:
        raise RuntimeError(
            f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]"
        )
    if c[side] != a[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    _floating("ormqr_cpu", self)


op(
    "ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False)",
    kernel=_multiplied,
    vjp={
        "self": lambda F, g, self, input2, input3, left, transpose: _by_reflections(
            F, g, self, input2, input3, left, transpose, 0
        ),
        "input2": lambda F, g, self, input2, input3, left, transpose: _by_reflections(
            F, g, self, input2, input3, left, transpose, 1
        ),
        "input3": lambda F, g, self, input2, left, transpose: F.ormqr(
            self, input2, g, left, not transpose
        ),
    },
    jvp={
        "self": lambda F, t, self, input2, input3, left, transpose: _along_reflections(
            F, self, input2, input3, left, transpose, t, None
        ),
        "input2": lambda F, t, self, input2, input3, left, transpose: _along_reflections(
            F, self, input2, input3, left, transpose, None, t
        ),
        "input3": lambda F, t, self, input2, left, transpose: F.ormqr(
            self, input2, t, left, transpose
        ),
    },
    keeps_layout=True,
    check=_check_multiplied,
    prelude="",
    doc="A matrix times the product of Householder reflections.",
    samples=lambda S: [
        S(S.normal(3, 2), S.normal(2), S.normal(3, 4)),
        S(S.normal(3, 2), S.normal(2), S.normal(2, 3), left=False),
        S(S.normal(3, 2), S.normal(2), S.normal(3, 2), transpose=True),
        S(S.normal(3, 2), S.normal(2), S.normal(2, 3), False, True),
        S(S.normal(3, 2), S.normal(2), S.normal(4, 2)),
    ],
)


# --- QR decompositions in this form -----------------------------------------------------------


def _geqrf(self: Any) -> tuple[Any, Any]:
    rows, columns = self.shape[-2:]
    lead = self.shape[:-2]
    factors = np.zeros_like(self)
    tau = np.zeros((*lead, min(rows, columns)), self.dtype)
    for index in np.ndindex(lead):
        if math.prod(self.shape[-2:]):
            raw, tau[index] = np.linalg.qr(self[index], "raw")
            factors[index] = raw.T
    return by_columns(factors), tau


def _underivable(F: Namespace, g: Any) -> Any:
    raise NotImplementedError("the derivative for 'geqrf' is not implemented.")


def _check_geqrf(self: Tensor) -> None:
    if len(shape_of(self)) < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    _floating("geqrf_cpu", self)
    real_gradients("geqrf")(self)


op(
    "geqrf(Tensor self)",
    kernel=_geqrf,
    vjp={"self": _underivable},
    jvp={"self": _underivable},
    outputs=2,
    fields=("a", "tau"),
    keeps_layout=True,
    check=_check_geqrf,
    batching=batch_leading,
    prelude="",
    doc="A QR decomposition with its orthonormal factor as Householder reflections.",
    samples=lambda S: [
        S.edge(S.normal(3, 2)),
        S.edge(S.normal(2, 3)),
        S.edge(S.normal(2, 2, 2)),
        S.edge(S.normal(3)),
    ],
)
