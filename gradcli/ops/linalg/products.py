"""Products of vectors and matrices, and what PyTorch composes of them.

Derivatives of `C = A B` with cotangent G: `G conj(B)^T` for A, `conj(A)^T G` for B.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.call.python_data import real_number
from ...table.dtype_rules import refuse_bool, requires_grad, transforms_run
from ...table.entry import LINEAR, MULTILINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import decomposed, front, matmul_like
from ...table.out_rules import CAST, CONTRACTED, EXACT, Rule
from ...table.schema import Namespace
from ...table.shape_rules import check_expand, is_contiguous, ndim, size_at
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY, c_name, fixed_width_name
from ...tensor.tensor import Tensor, shape_of

_DOTTED = Rule("result dtype {out} does not match input dtype {result}")


def _scaled(array: Any, factor: complex) -> Any:
    """`array * factor` in the array's dtype; integers take the factor truncated."""
    if factor == 1:
        return array
    if array.dtype.kind != "c":
        factor = real_number(factor, fixed_width_name(FROM_ARRAY[array.dtype]))
    if array.dtype.kind in "iu":
        wrapped = FROM_ARRAY[array.dtype].cast(np.asarray(int(factor.real)))
        return array * wrapped[()]
    return array * array.dtype.type(factor)


def _plus(product: Any, self: Any, beta: complex, alpha: complex) -> Any:
    """`beta * self + alpha * product`; with beta 0 `self` does not count, not even its NaNs."""
    product = _scaled(product, alpha)
    if beta == 0:
        return product
    self = _scaled(self, beta)
    if isinstance(product, np.ndarray) and product.dtype == self.dtype:
        product += self
        return product
    return product + self


# --- checks -----------------------------------------------------------------------------------


def _check_mm(self: Tensor, mat2: Tensor) -> None:
    a, b = shape_of(self), shape_of(mat2)
    if len(a) != 2:
        raise RuntimeError("self must be a matrix")
    if len(b) != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a[1] != b[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
        )
    if self.dtype is not mat2.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{c_name(self.dtype)} != {c_name(mat2.dtype)}"
        )
    refuse_bool("addmm_impl_cpu_", self)


def _check_addmm(
    self: Tensor, mat1: Tensor, mat2: Tensor, beta: complex = 1, alpha: complex = 1
) -> None:
    a, b = shape_of(mat1), shape_of(mat2)
    if (
        self.dtype is mat1.dtype is mat2.dtype
        and self.dtype.category >= dtypes.FLOATING
        and len(a) == 2
        and a[1:] + shape_of(self) == b
    ):
        return  # as a layer has it: a bias for each column
    if self.dtype is not mat2.dtype:
        raise RuntimeError(
            "self and mat2 must have the same dtype, but got "
            f"{self.dtype.scalar_name} and {mat2.dtype.scalar_name}"
        )
    if mat1.dtype is not mat2.dtype:
        raise RuntimeError(
            "mat1 and mat2 must have the same dtype, but got "
            f"{mat1.dtype.scalar_name} and {mat2.dtype.scalar_name}"
        )
    if len(a) != 2:
        raise RuntimeError(f"mat1 must be a matrix, got {len(a)}-D tensor")
    if len(b) != 2:
        raise RuntimeError(f"mat2 must be a matrix, got {len(b)}-D tensor")
    if a[1] != b[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})"
        )
    check_expand(shape_of(self), (a[0], b[1]))
    refuse_bool("addmm_impl_cpu_", mat1)


def _check_mv(self: Tensor, vec: Tensor) -> None:
    a, b = shape_of(self), shape_of(vec)
    if len(a) != 2 or len(b) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {len(a)}, {len(b)}")
    if a[1] != b[0]:
        raise RuntimeError(f"size mismatch, got input ({a[0]}), mat ({a[0]}x{a[1]}), vec ({b[0]})")
    if self.dtype is not vec.dtype:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {vec.dtype.scalar_name}, "
            f"{self.dtype.scalar_name}, and {vec.dtype.scalar_name}"
        )
    refuse_bool("addmv_impl_cpu", self)


def _check_addmv(
    self: Tensor, mat: Tensor, vec: Tensor, beta: complex = 1, alpha: complex = 1
) -> None:
    c, a, b = shape_of(self), shape_of(mat), shape_of(vec)
    if len(a) != 2 or len(b) != 1 or len(c) > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {len(c)}, {len(a)}, {len(b)}")
    if a[1] != b[0] or (c and c[0] not in (1, a[0])):
        raise RuntimeError(
            f"size mismatch, got input ({c[0] if c else 1}), mat ({a[0]}x{a[1]}), vec ({b[0]})"
        )
    if not self.dtype is mat.dtype is vec.dtype:
        raise RuntimeError(
            f"addmv input tensors must have the same dtype, but got {self.dtype.scalar_name}, "
            f"{mat.dtype.scalar_name}, and {vec.dtype.scalar_name}"
        )
    refuse_bool("addmv_impl_cpu", mat)


def _check_dot(self: Tensor, other: Tensor) -> None:
    a, b = shape_of(self), shape_of(other)
    if len(a) != 1 or len(b) != 1:
        raise RuntimeError(f"1D tensors expected, but got {len(a)}D and {len(b)}D tensors")
    if self.dtype is not other.dtype:
        raise RuntimeError(
            "dot : expected both vectors to have same dtype, but found "
            f"{self.dtype.scalar_name} and {other.dtype.scalar_name}"
        )
    if a != b:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same "
            f"number of elements, but got {a[0]} and {b[0]} elements respectively"
        )
    refuse_bool("dot", self)


def _check_bmm(self: Tensor, mat2: Tensor) -> None:
    a, b = shape_of(self), shape_of(mat2)
    if len(a) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )
    _check_scalar_type(self, mat2)
    refuse_bool("bmm", self)


def _check_scalar_type(self: Tensor, mat2: Tensor) -> None:
    if self.dtype is not mat2.dtype:
        raise RuntimeError(
            f"expected scalar type {self.dtype.scalar_name} but found {mat2.dtype.scalar_name}"
        )


def _check_baddbmm(
    self: Tensor, batch1: Tensor, batch2: Tensor, beta: complex = 1, alpha: complex = 1
) -> None:
    lengths = size_at(batch1, 0), size_at(batch1, 1), size_at(batch2, 2)
    check_expand(shape_of(self), lengths)
    if self.dtype is not batch1.dtype:
        raise RuntimeError(
            f"Input dtypes must be the same, got: input {c_name(self.dtype)}, batch1: "
            f"{c_name(batch1.dtype)}, batch2: {c_name(batch2.dtype)}"
        )
    _check_bmm(batch1, batch2)


def _check_addbmm(
    self: Tensor, batch1: Tensor, batch2: Tensor, beta: complex = 1, alpha: complex = 1
) -> None:
    a, b = shape_of(batch1), shape_of(batch2)
    result = size_at(batch1, 1), size_at(batch2, 2)
    if len(a) != 3:
        raise RuntimeError("batch1 must be a 3D tensor")
    if len(b) != 3:
        raise RuntimeError("batch2 must be a 3D tensor")
    if a[0] != b[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {a[0]} and {b[0]}"
        )
    if a[2] != b[1]:
        raise RuntimeError(f"Incompatible matrix sizes for bmm ({a[1]}x{a[2]} and {b[1]}x{b[2]})")
    check_expand(shape_of(self), result)
    if not self.dtype is batch1.dtype is batch2.dtype:
        raise RuntimeError(
            "self and mat2 must have the same dtype, but got "
            f"{self.dtype.scalar_name} and {batch2.dtype.scalar_name}"
        )
    refuse_bool("addmm_impl_cpu_", batch1)


# --- matrices and vectors ---------------------------------------------------------------------


def _product_size(self: Tensor, mat2: Tensor) -> int:
    """How many elements the product of two matrices has."""
    rows: int = self.array.shape[0]
    columns: int = mat2.array.shape[1]
    return rows * columns


def _mm(self: Any, mat2: Any) -> Any:
    """The product of a matrix and a matrix or vector.

    Note: `dot` hands dense ones to the same functions of BLAS as `matmul` in half the time; of
    others the two make copies at different places, and so choose different functions.
    """
    if self.dtype.kind == "f" and self.flags.forc and mat2.flags.forc:
        return self.dot(mat2)
    return np.matmul(self, mat2)


op(
    "mm(Tensor self, Tensor mat2)",
    kernel=_mm,
    vjp={
        "self": lambda F, g, mat2: F.mm(g, F.t(F.conj(mat2))),
        "mat2": lambda F, g, self: F.mm(F.t(F.conj(self)), g),
    },
    jvp=MULTILINEAR,
    check=_check_mm,
    size=_product_size,
    batching=matmul_like,
    out=EXACT,
    doc="Multiplies two matrices.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3, 4)),
        S(S.normal(1, 1), S.normal(1, 2)),
        S(S.normal(2, 0), S.normal(0, 3)),
        S(S.normal(0, 2), S.normal(2, 3)),
    ],
)


def _rows(tensor: Tensor) -> int:
    return math.prod(shape_of(tensor)[:-1])


def _columns(tensor: Tensor) -> int:
    shape = shape_of(tensor)
    return shape[-1] if shape else 1


# The same product of a matrix that is the transpose of a contiguous one, as `linear` makes it:
# the cotangent of that matrix then comes out in the memory layout of the matrix.
op(
    "_mm_t(Tensor self, Tensor mat2)",
    kernel=_mm,
    vjp={
        "self": lambda F, g, mat2: F.mm(g, F.t(F.conj(mat2))),
        "mat2": lambda F, g, self: F.t(F.mm(F.t(g), F.conj(self))),
    },
    jvp=MULTILINEAR,
    check=_check_mm,
    size=_product_size,
    node="MmBackward0",
    where=(),
    batching=matmul_like,
    doc="Multiplies a matrix by a transposed one.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3, 4)), S(S.normal(2, 0), S.normal(0, 3))],
)


def _addmm(self: Any, mat1: Any, mat2: Any, beta: complex = 1, alpha: complex = 1) -> Any:
    product = _mm(mat1, mat2)
    if alpha == 1 == beta and type(product) is np.ndarray and product.dtype == self.dtype:
        product += self
        return product
    return _plus(product, self, beta, alpha)


_ADDMM_BATCHED = decomposed(
    lambda F, self, left, right, beta, alpha: F.add(
        _times(self, beta), _times(F.matmul(left, right), alpha)
    )
)
_ADDMM_JVP = {
    "self": lambda F, t, beta, out_shape: F.expand(_times(t, beta), out_shape),
    "mat1": lambda F, t, mat2, alpha: _times(F.mm(t, mat2), alpha),
    "mat2": lambda F, t, mat1, alpha: _times(F.mm(mat1, t), alpha),
}


def _times(g: Any, factor: complex) -> Any:
    return g if factor == 1 else g * factor


def _times_conj(g: Any, factor: complex) -> Any:
    return g if factor == 1 else g * factor.conjugate()


def _row_by_column(F: Namespace, self: Any, tensor: Any) -> Any:
    """The dot product as a matrix product, which adds in the same order as a single one."""
    return F.reshape(F.mm(F.unsqueeze(self, 0), F.unsqueeze(tensor, 1)), ())


op(
    "addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1)",
    kernel=_addmm,
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "mat1": lambda F, g, mat2, alpha: _times_conj(F.mm(g, F.t(F.conj(mat2))), alpha),
        "mat2": lambda F, g, mat1, alpha: _times_conj(F.mm(F.t(F.conj(mat1)), g), alpha),
    },
    jvp=_ADDMM_JVP,
    check=_check_addmm,
    size=lambda self, mat1, mat2, beta, alpha: _product_size(mat1, mat2),
    inplace="Tensor",
    batching=_ADDMM_BATCHED,
    deprecated=("beta", "alpha"),
    out=EXACT,
    doc="Adds `alpha` times the product of two matrices to `beta` times `self`.",
    samples=lambda S: [
        S(S.normal(2, 4), S.normal(2, 3), S.normal(3, 4)),
        S(S.normal(4), S.normal(2, 3), S.normal(3, 4), beta=0.5, alpha=2.0),
        S(S.normal(), S.normal(2, 3), S.normal(3, 1)),
        S(S.normal(2, 1), S.normal(2, 0), S.normal(0, 3)),
    ],
)
op(
    "_addmm_t(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1)",
    kernel=_addmm,
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "mat1": lambda F, g, mat2, alpha: _times_conj(F.mm(g, F.t(F.conj(mat2))), alpha),
        "mat2": lambda F, g, mat1, alpha: _times_conj(F.t(F.mm(F.t(g), F.conj(mat1))), alpha),
    },
    jvp=_ADDMM_JVP,
    check=_check_addmm,
    size=lambda self, mat1, mat2, beta, alpha: _product_size(mat1, mat2),
    node="AddmmBackward0",
    where=(),
    batching=_ADDMM_BATCHED,
    doc="Adds the product of a matrix and a transposed one to `self`.",
    samples=lambda S: [S(S.normal(4), S.normal(2, 3), S.normal(3, 4))],
)
op(
    "mv(Tensor self, Tensor vec)",
    kernel=_mm,
    vjp={
        "self": lambda F, g, vec: F.outer(g, F.conj(vec)),
        "vec": lambda F, g, self: F.mv(F.t(F.conj(self)), g),
    },
    jvp=MULTILINEAR,
    check=_check_mv,
    batching=matmul_like,
    out=Rule("addmv input tensors must have the same dtype, but got {out}, {result}, and {result}"),
    doc="Multiplies a matrix by a vector.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3)),
        S(S.normal(1, 1), S.normal(1)),
        S(S.normal(2, 0), S.normal(0)),
    ],
)
op(
    "addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1)",
    kernel=lambda self, mat, vec, beta, alpha: _plus(_mm(mat, vec), self, beta, alpha),
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "mat": lambda F, g, vec, alpha: _times_conj(F.outer(g, F.conj(vec)), alpha),
        "vec": lambda F, g, mat, alpha: _times_conj(F.mv(F.t(F.conj(mat)), g), alpha),
    },
    jvp={
        "self": lambda F, t, beta, out_shape: F.expand(_times(t, beta), out_shape),
        "mat": lambda F, t, vec, alpha: _times(F.mv(t, vec), alpha),
        "vec": lambda F, t, mat, alpha: _times(F.mv(mat, t), alpha),
    },
    check=_check_addmv,
    inplace=True,
    batching=_ADDMM_BATCHED,
    deprecated=("beta", "alpha"),
    out=EXACT,
    doc="Adds `alpha` times a matrix-vector product to `beta` times `self`.",
    samples=lambda S: [
        S(S.normal(2), S.normal(2, 3), S.normal(3)),
        S(S.normal(1), S.normal(2, 3), S.normal(3), beta=0.5, alpha=2.0),
        S(S.normal(), S.normal(2, 3), S.normal(3)),
    ],
)


def _dot_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Dot products over a batch: as products of matrices, whose errors are PyTorch's too."""
    ranks = [ndim(value) - (axis is not None) for value, axis in zip(args, axes, strict=True)]
    if ranks != [1, 1]:
        raise RuntimeError("Got wrong shapes for dot")
    if None in axes:
        left, right = (v if a is None else front(v, a) for v, a in zip(args, axes, strict=True))
        right = right if axes[1] is None else traced.t(right)
        if shape_of(left)[-1] != shape_of(right)[0]:
            return traced.matmul(left, right), 0
    return _DOT_ROWS(op, args, axes)


_DOT_ROWS = decomposed(_row_by_column)


op(
    "dot(Tensor self, Tensor tensor)",
    kernel=lambda self, tensor: np.dot(self, tensor),
    vjp={
        "self": lambda F, g, tensor: g * F.conj(tensor),
        "tensor": lambda F, g, self: g * F.conj(self),
    },
    jvp=MULTILINEAR,
    check=_check_dot,
    batching=_dot_batched,
    out=_DOTTED,
    doc="The sum of the products of two vectors' elements.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3)),
        S(S.normal(1), S.normal(1)),
        S(S.normal(0), S.normal(0)),
    ],
)
op(
    "vdot(Tensor self, Tensor other)",
    kernel=lambda self, other: np.vdot(self, other),
    vjp={
        "self": lambda F, g, other: F.conj(g) * other,
        "other": lambda F, g, self: g * self,
    },
    jvp={
        "self": lambda F, t, other: F.vdot(t, other),
        "other": lambda F, t, self: F.vdot(self, t),
    },
    check=_check_dot,
    batching=decomposed(lambda F, self, other: _row_by_column(F, F.conj(self), other)),
    out=_DOTTED,
    doc="The dot product with the first vector conjugated.",
    samples=lambda S: [S(S.normal(3), S.normal(3)), S(S.normal(0), S.normal(0))],
)


# --- batches ----------------------------------------------------------------------------------


def _adjoint(F: Namespace, matrices: Any) -> Any:
    return F.transpose(F.conj(matrices), 1, 2)


def _bmm(self: Any, mat2: Any) -> Any:
    """Products of pairs; one matrix for all of the batch makes them one product."""
    count, rows, inner = self.shape
    if count > 1 and mat2.strides[0] == 0 and self.flags.c_contiguous:
        flat = np.matmul(self.reshape(count * rows, inner), mat2[0])
        return flat.reshape(count, rows, mat2.shape[2])
    if count > 1 and self.strides[0] == 0 and mat2.shape[2] == 1:
        return np.matmul(mat2[:, :, 0], self[0].T)[:, :, None]
    return np.matmul(self, mat2)


op(
    "bmm(Tensor self, Tensor mat2)",
    kernel=_bmm,
    vjp={
        "self": lambda F, g, mat2: F.bmm(g, _adjoint(F, mat2)),
        "mat2": lambda F, g, self: F.bmm(_adjoint(F, self), g),
    },
    jvp=MULTILINEAR,
    check=_check_bmm,
    size=_product_size,
    batching=matmul_like,
    forms=2,
    out=EXACT,
    doc="Multiplies the matrices of two batches, pair by pair.",
    samples=lambda S: [
        S(S.normal(2, 3, 4), S.normal(2, 4, 2)),
        S(S.normal(1, 2, 1), S.normal(1, 1, 3)),
        S(S.normal(0, 2, 3), S.normal(0, 3, 2)),
        S(S.normal(2, 3, 0), S.normal(2, 0, 2)),
    ],
)
op(
    "baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)",
    kernel=lambda self, batch1, batch2, beta, alpha: _plus(
        np.matmul(batch1, batch2), self, beta, alpha
    ),
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "batch1": lambda F, g, batch2, alpha: _times_conj(F.bmm(g, _adjoint(F, batch2)), alpha),
        "batch2": lambda F, g, batch1, alpha: _times_conj(F.bmm(_adjoint(F, batch1), g), alpha),
    },
    jvp={
        "self": lambda F, t, beta, out_shape: F.expand(_times(t, beta), out_shape),
        "batch1": lambda F, t, batch2, alpha: _times(F.bmm(t, batch2), alpha),
        "batch2": lambda F, t, batch1, alpha: _times(F.bmm(batch1, t), alpha),
    },
    check=_check_baddbmm,
    size=lambda self, batch1, batch2, beta, alpha: _rows(batch1) * _columns(batch2),
    inplace="Tensor",
    batching=_ADDMM_BATCHED,
    deprecated=("beta", "alpha"),
    out=EXACT,
    doc="Adds `alpha` times the batched matrix product to `beta` times `self`.",
    samples=lambda S: [
        S(S.normal(2, 3, 2), S.normal(2, 3, 4), S.normal(2, 4, 2)),
        S(S.normal(3, 2), S.normal(2, 3, 4), S.normal(2, 4, 2), beta=0.5, alpha=2.0),
        S(S.normal(), S.normal(2, 3, 4), S.normal(2, 4, 2)),
    ],
)


def _addbmm(self: Any, batch1: Any, batch2: Any, beta: complex, alpha: complex) -> Any:
    rows, columns = batch1.shape[1], batch2.shape[2]
    left = batch1.transpose(1, 0, 2).reshape(rows, -1)
    right = batch2.reshape(-1, columns)
    return _plus(np.matmul(left, right), self, beta, alpha)


op(
    "addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)",
    kernel=_addbmm,
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "batch1": lambda F, g, batch2, alpha: _times_conj(F.matmul(g, _adjoint(F, batch2)), alpha),
        "batch2": lambda F, g, batch1, alpha: _times_conj(F.matmul(_adjoint(F, batch1), g), alpha),
    },
    jvp={
        "self": lambda F, t, beta, out_shape: F.expand(_times(t, beta), out_shape),
        "batch1": lambda F, t, batch2, alpha: _times(F.sum_dim(F.bmm(t, batch2), 0), alpha),
        "batch2": lambda F, t, batch1, alpha: _times(F.sum_dim(F.bmm(batch1, t), 0), alpha),
    },
    check=_check_addbmm,
    size=lambda self, batch1, batch2, beta, alpha: shape_of(batch1)[1] * _columns(batch2),
    inplace="Tensor",
    deprecated=("beta", "alpha"),
    out=Rule("self and mat2 must have the same dtype, but got {out} and {result}", resized=""),
    doc="Adds `alpha` times the sum of a batch of matrix products to `beta` times `self`.",
    samples=lambda S: [
        S(S.normal(3, 2), S.normal(2, 3, 4), S.normal(2, 4, 2)),
        S(S.normal(2), S.normal(2, 3, 4), S.normal(2, 4, 2), beta=0.5, alpha=2.0),
    ],
)


# --- outer products ---------------------------------------------------------------------------


def _one_dimensional(name: str, **vectors: Any) -> None:
    for label, vector in vectors.items():
        if ndim(vector) != 1:
            raise RuntimeError(f"{name}: Expected 1-D argument {label}, but got {ndim(vector)}-D")


def _check_addr(
    self: Tensor, vec1: Tensor, vec2: Tensor, beta: complex = 1, alpha: complex = 1
) -> None:
    _one_dimensional("addr", vec1=vec1, vec2=vec2)
    check_expand(shape_of(self), (shape_of(vec1)[0], shape_of(vec2)[0]))


def _addr(self: Any, vec1: Any, vec2: Any, beta: complex = 1, alpha: complex = 1) -> Any:
    result = _plus(vec1[:, None] * vec2, self, beta, alpha)
    if self.shape == result.shape and 0 < self.strides[0] < self.strides[1]:
        return np.array(result.T, order="C").T
    return result


op(
    "addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1)",
    numbers=False,
    kernel=_addr,
    keeps_layout=True,
    vjp={
        "self": lambda F, g, beta: _times_conj(g, beta),
        "vec1": lambda F, g, vec2, alpha: _times_conj(F.mv(g, F.conj(vec2)), alpha),
        "vec2": lambda F, g, vec1, alpha: _times_conj(F.mv(F.t(g), F.conj(vec1)), alpha),
    },
    jvp={
        "self": lambda F, t, beta, out_shape: F.expand(_times(t, beta), out_shape),
        "vec1": lambda F, t, vec2, alpha: _times(F.outer(t, vec2), alpha),
        "vec2": lambda F, t, vec1, alpha: _times(F.outer(vec1, t), alpha),
    },
    promote="number",
    check=_check_addr,
    size=lambda self, vec1, vec2, beta, alpha: _columns(vec1) * _columns(vec2),
    inplace="Tensor",
    deprecated=("beta", "alpha"),
    doc="Adds `alpha` times the outer product of two vectors to `beta` times `self`.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2), S.normal(3)),
        S(S.normal(3), S.normal(2), S.normal(3), beta=0.5, alpha=2.0),
    ],
)


def _outer(F: Namespace, self: Any, vec2: Any) -> Any:
    _one_dimensional("outer", self=self, vec2=vec2)
    return F.mul(F.reshape(self, (self.shape[0], 1)), vec2)


op(
    "outer(Tensor self, Tensor vec2)",
    composite=_outer,
    aliases=("ger",),
    out=CAST,
    doc="The matrix of all products of two vectors' elements.",
    samples=lambda S: [S(S.normal(2), S.normal(3)), S(S.normal(0), S.normal(2))],
)


# --- matmul -----------------------------------------------------------------------------------

op(
    "_squeeze_first(Tensor self)",
    kernel=lambda self: self.reshape(self.shape[1:]),
    vjp={"self": lambda F, g: F.unsqueeze(g, 0)},
    jvp=LINEAR,
    node="SqueezeBackward4",
    where=(),
    batching=decomposed(lambda F, self: F.squeeze_dim(self, 0)),
    doc="Drops the first dimension, of length one, in place.",
    samples=lambda S: [S(S.normal(1, 3)), S(S.normal(1))],
)


def unsafe_view(F: Namespace, value: Any, shape: tuple[int, ...]) -> Any:
    """`value` as `shape`, recorded as UnsafeViewBackward0."""
    return F._unsafe_view(value, shape)


def _folds(tensor1: Any, tensor2: Any) -> bool:
    """Whether PyTorch makes one matrix of the larger factor's batch, instead of a bmm.

    It does when the smaller factor is a matrix or vector, and either needs a gradient (so that
    backward does not need a large temporary) or nothing has to be copied for it.
    """
    first_larger = ndim(tensor1) >= ndim(tensor2)
    larger, smaller = (tensor1, tensor2) if first_larger else (tensor2, tensor1)
    if ndim(larger) < 3 or ndim(smaller) > 2:
        return False
    if requires_grad(smaller):
        return True
    if ndim(tensor1) == 2:
        return False
    if 0 in larger.shape:
        return True
    return is_contiguous(larger, flipped=not first_larger)


def _folded(F: Namespace, tensor1: Any, tensor2: Any) -> Any:
    flipped = ndim(tensor2) > ndim(tensor1)
    if flipped:
        large = F.transpose(tensor2, -2, -1)
        small = F.t(tensor1) if ndim(tensor1) == 2 else tensor1
    else:
        large, small = tensor1, tensor2
    shape = tuple(large.shape)
    folded = F.reshape(large, (math.prod(shape[:-1]), shape[-1]))
    if ndim(small) == 1:
        return unsafe_view(F, F.mv(folded, small), shape[:-1])
    product = unsafe_view(F, F.mm(folded, small), (*shape[:-1], small.shape[1]))
    return F.contiguous(F.transpose(product, -2, -1)) if flipped else product


def _batched(F: Namespace, tensor1: Any, tensor2: Any) -> Any:
    shape1, shape2 = tuple(tensor1.shape), tuple(tensor2.shape)
    if len(shape1) == 3 and len(shape2) == 3 and shape1[0] != shape2[0]:
        if shape1[0] == 1 and requires_grad(tensor1):
            return _matmul(F, F.squeeze_dim(tensor1, 0), tensor2)
        if shape2[0] == 1 and requires_grad(tensor2):
            return _matmul(F, tensor1, F.squeeze_dim(tensor2, 0))
    batch = broadcast_batches(shape1[:-2], shape2[:-2])
    count = math.prod(batch)
    rows1 = (shape1[-2] if len(shape1) > 1 else 1, shape1[-1])
    left = F.reshape(F.expand(tensor1, (*batch, *rows1)), (count, *rows1))
    right = F.expand(tensor2, (*batch, *shape2[-2:]))
    right = F.reshape(right, (count, *shape2[-2:]))
    if len(shape2) == 1:
        product = F.squeeze_dim(F.bmm(left, F.unsqueeze(right, 2)), -1)
    else:
        product = F.bmm(left, right)
    shape = batch + shape1[-2:-1] + (shape2[-1:] if len(shape2) > 1 else ())
    return unsafe_view(F, product, shape)


def broadcast_batches(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that two batch shapes broadcast to. Raises RuntimeError with PyTorch's sentence."""
    from ...table.shape_rules import broadcast_shape

    return broadcast_shape((a, b))


def _matmul(F: Namespace, self: Any, other: Any) -> Any:
    if not F.is_traced:
        return np.matmul(self, other)
    dim1, dim2 = ndim(self), ndim(other)
    if dim1 == 2 and dim2 == 2:
        return F.mm(self, other)
    if dim1 == 0 or dim2 == 0:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {dim1}D and {dim2}D"
        )
    if dim1 == 1 and dim2 == 1:
        return F.dot(self, other)
    if dim1 == 2 and dim2 == 1:
        return F.mv(self, other)
    if dim1 == 1 and dim2 == 2:
        return F._squeeze_first(F.mm(F.unsqueeze(self, 0), other))
    if _folds(self, other):
        return _folded(F, self, other)
    return _batched(F, self, other)


op(
    "matmul(Tensor self, Tensor other)",
    composite=_matmul,
    where=("torch", "Tensor", "linalg"),
    out=_DOTTED,
    doc="The matrix product; batch dimensions broadcast, a vector counts as a row or a column.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3)),
        S(S.normal(3), S.normal(3, 2)),
        S(S.normal(2, 3), S.normal(3)),
        S(S.normal(2, 3), S.normal(3, 4)),
        S(S.normal(5, 2, 3), S.normal(3, 2)),
        S(S.normal(3), S.normal(2, 3, 4)),
        S(S.normal(2, 3), S.normal(2, 3, 2)),
        S(S.normal(2, 1, 2, 3), S.normal(3, 3, 2)),
        S(S.normal(2, 2, 3), S.normal(3)),
        S(S.normal(2, 0), S.normal(0, 3)),
    ],
)


def _linear(F: Namespace, input: Any, weight: Any, bias: Any = None) -> Any:
    rank, own = ndim(input), ndim(weight)
    if rank == 0 or own == 0:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {rank}D and {own}D"
        )
    transposed = F.t(weight)
    if bias is None:
        if rank == own == 2:
            return F._mm_t(input, transposed)
        return _matmul(F, input, transposed)
    if rank == 2:
        return F._addmm_t(bias, input, transposed)
    if is_contiguous(input) and (rank == 3 or not transforms_run()):
        shape = tuple(input.shape)
        folded = F.reshape(input, (math.prod(shape[:-1]), shape[-1]))
        result = F._addmm_t(bias, folded, transposed)
        return F.reshape(result, (*shape[:-1], result.shape[1]))
    return F.add(_matmul(F, input, transposed), bias)


op(
    "linear(Tensor input, Tensor weight, Tensor? bias=None)",
    composite=_linear,
    where=("F",),
    prelude="F",
    out=EXACT,
    doc="Multiplies by the transposed weight and adds the bias.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(4, 3), S.normal(4)),
        S(S.normal(2, 3), S.normal(4, 3)),
        S(S.normal(3), S.normal(4, 3), S.normal(4)),
        S(S.normal(3), S.normal(4, 3)),
        S(S.normal(2, 2, 3), S.normal(4, 3), S.normal(4)),
        S(S.normal(2, 3), S.normal(3)),
    ],
)


def _inner(F: Namespace, self: Any, other: Any) -> Any:
    if ndim(self) == 0 or ndim(other) == 0:
        return F.mul(self, other)
    if self.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(self.shape)} and {list(other.shape)}"
        )
    return F.tensordot(self, other, ((-1,), (-1,)))


op(
    "inner(Tensor self, Tensor other)",
    composite=_inner,
    out=CONTRACTED,
    doc="Dot products along the last dimension of both tensors.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3)),
        S(S.normal(2, 3), S.normal(4, 3)),
        S(S.normal(), S.normal(3)),
        S(S.normal(2, 2, 3), S.normal(3)),
    ],
)
