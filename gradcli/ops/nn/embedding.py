"""Embeddings: rows of a table looked up by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.scatter_add import add_rows
from ...table.dtype_rules import requires_grad
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import size_at
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of


def _check_embedding(
    weight: Tensor, indices: Tensor, padding_idx: int, scale_grad_by_freq: bool, sparse: bool
) -> None:
    if len(shape_of(weight)) != 2:
        raise RuntimeError("'weight' must be 2-D")
    if indices.dtype not in (dtypes.int64, dtypes.int32):
        found = indices.dtype.backend_name
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {found} instead (while checking arguments for embedding)"
        )
    if runtime.grad_enabled and requires_grad(weight) and weight.dtype.is_complex:
        raise RuntimeError(
            "embedding does not support automatic differentiation for outputs with complex dtype."
        )
    values = np.asarray(indices.array)
    if values.size and (values.min() < 0 or values.max() >= shape_of(weight)[0]):
        raise IndexError("index out of range in self")


def _row_factors(indices: Any, rows: int, padding_idx: int, scale: bool, dtype: Any) -> Any:
    """What the cotangent of each looked-up row counts: 0 for padding, 1 over its frequency."""
    factors = (indices != padding_idx).astype(dtype)
    if scale:
        counts = np.bincount(indices.ravel(), minlength=rows)
        factors = factors / np.maximum(counts, 1)[indices].astype(dtype)
    return factors


def _embedding_back(
    self: Any, indices: Any, rows: int, padding_idx: int, scale_grad_by_freq: bool
) -> Any:
    out = np.zeros((rows, self.shape[-1]), self.dtype)
    if padding_idx >= 0 or scale_grad_by_freq:
        factors = _row_factors(indices, rows, padding_idx, scale_grad_by_freq, self.dtype)
        self = self * factors[..., None]
    add_rows(out, indices.ravel(), self.reshape(-1, self.shape[-1]))
    return out


def _embedding_again(self: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool) -> Any:
    indices = np.asarray(indices)
    if padding_idx < 0 and not scale_grad_by_freq:
        return self[indices]
    factors = _row_factors(indices, len(self), padding_idx, scale_grad_by_freq, self.dtype)
    return self[indices] * factors[..., None]


def _embedding(
    F: Namespace,
    input: Any,
    weight: Any,
    padding_idx: int | None,
    max_norm: float | None,
    norm_type: float,
    scale_grad_by_freq: bool,
    sparse: bool,
) -> Any:
    rows = 0 if padding_idx is None else size_at(weight, 0)
    if padding_idx is None:
        padding_idx = -1
    elif padding_idx > 0:
        if padding_idx >= rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
    elif padding_idx < 0:
        if padding_idx < -rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx += rows
    if max_norm is not None and type(weight) is Tensor:
        renormalize(weight, input, max_norm, norm_type)
    return F.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def renormalize(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up down to `max_norm`, in place."""
    from ...table.memory.inplace import write

    where = "(while checking arguments for embedding_renorm_)"
    shape = shape_of(weight)
    if len(shape) != 2:
        raise RuntimeError(
            f"Expected 2-dimensional tensor, but got {len(shape)}-dimensional tensor for argument "
            f"#1 'self' {where}"
        )
    if indices.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError(
            "Expected tensor for argument #2 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {indices.dtype.backend_name} instead {where}"
        )
    places = np.asarray(indices.array).ravel()
    for place in places:
        if not -shape[0] <= place < shape[0]:
            raise IndexError(
                f"select(): index {place} out of range for tensor of size {list(shape)} at "
                "dimension 0"
            )
    if weight.dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. Got "
            f"{weight.dtype.scalar_name} instead."
        )
    values = np.array(weight.array)
    chosen = np.unique(np.asarray(indices.array))
    sizes = np.linalg.norm(values[chosen], norm_type, 1)
    factors = np.where(sizes > max_norm, max_norm / (sizes + 1e-7), 1)
    values[chosen] *= factors[:, None].astype(values.dtype)
    write(weight, values)


op(
    "embedding(Tensor weight, Tensor indices, int padding_idx=-1, bool scale_grad_by_freq=False, "
    "bool sparse=False)",
    kernel=lambda weight, indices, padding_idx, scale_grad_by_freq, sparse: weight[indices],
    vjp={
        "weight": lambda F, g, indices, weight_shape, padding_idx, scale_grad_by_freq: (
            F._embedding_back(g, indices, weight_shape[0], padding_idx, scale_grad_by_freq)
        )
    },
    jvp={"weight": lambda F, t, indices: F.embedding(t, indices)},
    check=_check_embedding,
    size=lambda weight, indices, *rest: numel(shape_of(indices)) * shape_of(weight)[1],
    where=("torch",),
    shows={"weight_shape": ""},
    doc="Rows of a table, looked up by number.",
    samples=lambda S: [
        S(S.normal(4, 3), S.integers(0, 4, 5)),
        S(S.normal(4, 3), S.integers(0, 4, 2, 2)),
    ],
)
op(
    "_embedding_back(Tensor self, Tensor indices, int rows, int padding_idx, "
    "bool scale_grad_by_freq)",
    kernel=lambda self, indices, rows, padding_idx, scale_grad_by_freq: _embedding_back(
        self, np.asarray(indices), rows, padding_idx, scale_grad_by_freq
    ),
    vjp={
        "self": lambda F, g, indices, padding_idx, scale_grad_by_freq: F._embedding_again(
            g, indices, padding_idx, scale_grad_by_freq
        )
    },
    jvp={
        "self": lambda F, t, indices, rows, padding_idx, scale_grad_by_freq: F._embedding_back(
            t, indices, rows, padding_idx, scale_grad_by_freq
        )
    },
    node="EmbeddingDenseBackwardBackward0",
    where=(),
    doc="Adds rows up into the table that they were looked up in.",
    samples=lambda S: [S(S.normal(5, 3), S.integers(0, 4, 5), 4, 1, True)],
)
op(
    "_embedding_again(Tensor self, Tensor indices, int padding_idx, bool scale_grad_by_freq)",
    kernel=_embedding_again,
    vjp={
        "self": lambda F, g, indices, self_shape, padding_idx, scale_grad_by_freq: (
            F._embedding_back(g, indices, self_shape[0], padding_idx, scale_grad_by_freq)
        )
    },
    jvp={
        "self": lambda F, t, indices, padding_idx, scale_grad_by_freq: F._embedding_again(
            t, indices, padding_idx, scale_grad_by_freq
        )
    },
    node="EmbeddingBackward0",
    where=(),
    doc="Rows looked up and scaled as in the derivative of an embedding.",
    samples=lambda S: [S(S.normal(4, 3), S.integers(0, 4, 5), 1, True)],
)


op(
    "embedding_F(Tensor input, Tensor weight, int? padding_idx=None, float? max_norm=None, "
    "float norm_type=2.0, bool scale_grad_by_freq=False, bool sparse=False)",
    name="embedding",
    composite=_embedding,
    where=("F",),
    written="F",
    doc="Rows of a table, looked up by number.",
    samples=lambda S: [
        S(S.integers(0, 4, 5), S.normal(4, 3)),
        S.edge(S.integers(0, 4, 2, 2), S.normal(4, 3), padding_idx=1, scale_grad_by_freq=True),
    ],
)
