"""Bags of embeddings: sums, means and maxima of the rows that groups of numbers look up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.entry import op
from ...table.memory.inplace import check_writable
from ...table.public.plain_functions import function
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Size, Tensor, make, shape_of
from .embedding import renormalize

SUM, MEAN, MAX = range(3)
_MODES = ("sum", "mean", "max")


def _factors(self: Any, indices: Any, bags: Any, sizes: Any, mode: int, padding_idx: int) -> Any:
    kept = (indices != padding_idx).astype(self.dtype)
    if mode == MEAN:
        return kept / np.maximum(sizes, 1)[bags].astype(self.dtype)
    return kept


def _embedding_bag(
    weight: Any,
    indices: Any,
    offsets: Any,
    scale_grad_by_freq: bool,
    mode: int,
    per_sample_weights: Any,
    include_last_offset: bool,
    padding_idx: int,
) -> tuple[Any, Any, Any, Any]:
    count, width = len(offsets) - include_last_offset, weight.shape[1]
    runtime.reserve((count + 2 * len(indices)) * width * weight.itemsize)
    bags = np.searchsorted(offsets[:count], np.arange(len(indices)), side="right") - 1
    kept = indices != padding_idx
    sizes = np.bincount(bags[kept], minlength=count)
    out = np.zeros((count, width), weight.dtype)
    best: Any = np.zeros(count, np.int64)
    if mode == MAX:
        best = np.zeros((count, width), np.int64)
        for bag in range(count):
            rows = indices[(bags == bag) & kept]
            if rows.size:
                best[bag] = rows[np.argmax(weight[rows], 0)]
                out[bag] = np.take_along_axis(weight, best[bag : bag + 1], 0)[0]
    else:
        factors = _factors(weight, indices, bags, sizes, mode, padding_idx)
        if per_sample_weights is not None:
            factors = factors * per_sample_weights
        np.add.at(out, bags[kept], weight[indices[kept]] * factors[kept][:, None])
        best = sizes if mode == MEAN else best
        sizes = sizes if mode == MEAN else np.zeros_like(sizes)
    return out, bags.astype(indices.dtype), sizes.astype(indices.dtype), best.astype(indices.dtype)


op(
    "_bag_factors(Tensor self, Tensor indices, Tensor bags, Tensor sizes, int mode, "
    "int padding_idx)",
    kernel=_factors,
    where=(),
    doc="What each looked-up row counts in its bag, in the dtype of `self`.",
    samples=lambda S: [
        S(
            S.normal(2),
            S.integers(0, 4, 4),
            _integers(0, 0, 1, 1),
            _integers(2, 2),
            MEAN,
            3,
        )
    ],
)


def _integers(*values: int) -> Any:
    return make(np.array(values), dtypes.int64)


def _filled(F: Namespace, like: Any, sizes: Any) -> Any:
    """One for bags with elements, as a column."""
    return F.unsqueeze(F._bag_factors(like, F.gt(sizes, 0), sizes, sizes, SUM, 0), -1)


def _by_weight(
    F: Namespace,
    g: Any,
    weight_shape: Any,
    indices: Any,
    per_sample_weights: Any,
    out1: Any,
    out2: Any,
    out3: Any,
    scale_grad_by_freq: bool,
    mode: int,
    padding_idx: int,
) -> Any:
    g = g[0] if isinstance(g, tuple) else g
    if mode == MAX:
        table = F.zeros_like_shape(g, tuple(weight_shape))
        return F.scatter_add(table, 0, out3, g * _filled(F, g, out2))
    factors = F._bag_factors(g, indices, out1, out2, mode, padding_idx)
    if per_sample_weights is not None:
        factors = factors * per_sample_weights
    rows = F.index_select(g, 0, out1) * F.unsqueeze(factors, -1)
    return F._embedding_back(rows, indices, weight_shape[0], padding_idx, scale_grad_by_freq)


def _by_samples(
    F: Namespace,
    g: Any,
    weight: Any,
    indices: Any,
    out1: Any,
    out2: Any,
    mode: int,
    padding_idx: int,
) -> Any:
    g = g[0] if isinstance(g, tuple) else g
    products = F.index_select(g, 0, out1) * F.embedding(weight, indices)
    kept = F._bag_factors(g, indices, out1, out2, mode, padding_idx)
    return F.sum_dim(products, (1,)) * kept


def _along_weight(
    F: Namespace,
    t: Any,
    indices: Any,
    offsets: Any,
    per_sample_weights: Any,
    out2: Any,
    out3: Any,
    scale_grad_by_freq: bool,
    mode: int,
    include_last_offset: bool,
    padding_idx: int,
) -> Any:
    if mode == MAX:
        return F.gather(t, 0, out3) * _filled(F, t, out2), None, None, None
    rest = (per_sample_weights, include_last_offset, padding_idx)
    out = F._embedding_bag(t, indices, offsets, scale_grad_by_freq, mode, *rest)[0]
    return out, None, None, None


def _along_samples(
    F: Namespace,
    t: Any,
    weight: Any,
    indices: Any,
    offsets: Any,
    scale_grad_by_freq: bool,
    mode: int,
    include_last_offset: bool,
    padding_idx: int,
) -> Any:
    rest = (t, include_last_offset, padding_idx)
    out = F._embedding_bag(weight, indices, offsets, scale_grad_by_freq, mode, *rest)[0]
    return out, None, None, None


_INTEGERS = (dtypes.int64, dtypes.int32)
_FLOATS = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)


def _of_type(name: str, value: Tensor, wanted: Any, words: str) -> None:
    if value.dtype not in wanted:
        raise RuntimeError(
            f"Expected tensor for argument #1 '{name}' to have one of the following scalar types: "
            f"{words}; but got {value.dtype.backend_name} instead (while checking arguments for "
            "embedding_bag)"
        )


def _check_bag(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool,
    mode: int,
    per_sample_weights: Any,
    include_last_offset: bool,
    padding_idx: int,
) -> None:
    if not 0 <= mode <= 2:
        raise RuntimeError("`mode` must be sum, mean, or max.")
    _of_type("indices", indices, _INTEGERS, "Long, Int")
    _of_type("offsets", offsets, _INTEGERS, "Long, Int")
    _of_type("weight", weight, _FLOATS, "Half, BFloat16, Float, Double")
    if per_sample_weights is not None and per_sample_weights.dtype is not weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
            f"#1 'per_sample_weights'; but type {weight.dtype.backend_name} does not equal "
            f"{per_sample_weights.dtype.backend_name} (while checking arguments for embedding_bag)"
        )
    begin = np.asarray(offsets.array)
    places = np.asarray(indices.array)
    if begin.size and begin[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {begin[0]}"
        )
    if begin.size and begin[-1] > places.size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {places.size} but got offsets[-1] "
            f"of {begin[-1]}"
        )
    outside = places[(places < 0) | (places >= shape_of(weight)[0])]
    if outside.size:
        raise RuntimeError(
            "embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be "
            f"{outside[0]}"
        )


op(
    "_embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, "
    "int mode, Tensor? per_sample_weights, bool include_last_offset, int padding_idx)",
    kernel=_embedding_bag,
    vjp={"weight": _by_weight, "per_sample_weights": _by_samples},
    jvp={"weight": _along_weight, "per_sample_weights": _along_samples},
    outputs=4,
    constant=(1, 2, 3),
    check=_check_bag,
    node="EmbeddingBagBackward0",
    where=(),
    doc="The kernel of `embedding_bag`: values, the bag of each place, sizes, places of maxima.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(
                S.normal(4, 3),
                S.integers(0, 4, 5),
                _integers(0, 2),
                False,
                SUM,
                S.normal(5),
                False,
                1,
            ),
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2, 2), False, MEAN, None, True, 1),
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2, 2), False, MAX, None, False, -1),
        ]
    ),
)


def _wrapped(padding_idx: int | None, rows: int) -> int:
    if padding_idx is None:
        return -1
    if not -rows <= padding_idx < rows:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, {-rows} through {rows - 1}, but "
            f"got {padding_idx}"
        )
    return padding_idx % rows


def _bag(
    F: Namespace,
    weight: Any,
    indices: Any,
    offsets: Any,
    scale_grad_by_freq: bool,
    mode: int,
    sparse: bool,
    per_sample_weights: Any,
    include_last_offset: bool,
    padding_idx: int | None,
) -> Any:
    if ndim(weight) != 2:
        raise RuntimeError(
            f"weight has to be a 2D Tensor, but got Tensor of dimension {ndim(weight)}"
        )
    padding = _wrapped(padding_idx, weight.shape[0])
    return F._embedding_bag(
        weight,
        indices,
        offsets,
        scale_grad_by_freq,
        mode,
        per_sample_weights,
        include_last_offset,
        padding,
    )


op(
    "embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, "
    "int mode=0, bool sparse=False, Tensor? per_sample_weights=None, "
    "bool include_last_offset=False, int? padding_idx=None)",
    composite=_bag,
    outputs=4,
    where=("torch",),
    prelude="",
    doc="Sums, means or maxima of looked-up rows, and where they came from; the mode is a number.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2)),
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2), False, MEAN),
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2, 2), False, MAX),
            S(
                S.normal(4, 3),
                S.integers(0, 4, 5),
                _integers(0, 2, 5),
                False,
                SUM,
                False,
                S.normal(5),
                True,
            ),
            S(S.normal(4, 3), S.integers(0, 4, 5), _integers(0, 2), mode=3),
        ]
    ),
)


def _by_name(
    F: Namespace,
    input: Any,
    weight: Any,
    offsets: Any,
    max_norm: float | None,
    norm_type: float,
    scale_grad_by_freq: bool,
    mode: str,
    sparse: bool,
    per_sample_weights: Any,
    include_last_offset: bool,
    padding_idx: int | None,
) -> Any:
    if per_sample_weights is not None and tuple(input.shape) != tuple(per_sample_weights.shape):
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({Size(per_sample_weights.shape)}) is not None, "
            f"then it must have the same shape as the input ({Size(input.shape)})"
        )
    if ndim(weight) != 2:
        raise ValueError(
            f"weight has to be a 2D Tensor, but got Tensor of dimension {ndim(weight)}"
        )
    rank = ndim(input)
    if rank == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                "of fixed length sequences. However, found offsets of type <class 'torch.Tensor'>"
            )
        rows, length = input.shape
        offsets = make(np.arange(0, rows * length, length).astype(input.dtype.array), input.dtype)
        include_last_offset = False
        input = F.reshape(input, (rows * length,))
        if per_sample_weights is not None:
            per_sample_weights = F.reshape(per_sample_weights, (rows * length,))
    elif rank != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {rank}")
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif ndim(offsets) != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if mode not in _MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if max_norm is not None:
        renormalize(weight, input, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}'). Please open a feature request on GitHub."
        )
    return _bag(
        F,
        weight,
        input,
        offsets,
        scale_grad_by_freq,
        _MODES.index(mode),
        sparse,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )[0]


op(
    "embedding_bag_F(Tensor input, Tensor weight, Tensor? offsets=None, float? max_norm=None, "
    "float norm_type=2.0, bool scale_grad_by_freq=False, str mode='mean', bool sparse=False, "
    "Tensor? per_sample_weights=None, bool include_last_offset=False, int? padding_idx=None)",
    name="embedding_bag",
    composite=_by_name,
    where=("F",),
    written="F",
    doc="Sums, means or maxima of the rows that groups of numbers look up in a table.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2)),
            S(S.integers(0, 4, 2, 3), S.normal(4, 3), mode="sum"),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2, 2, 5), mode="max"),
            S(
                S.integers(0, 4, 5),
                S.normal(4, 3),
                _integers(0, 1),
                mode="sum",
                per_sample_weights=S.normal(5),
                padding_idx=2,
            ),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2), padding_idx=-2),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2), mode="max", padding_idx=-2),
            S.edge(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2), scale_grad_by_freq=True),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2, 4), include_last_offset=True),
            S(S.integers(0, 4, 5), S.normal(4, 3)),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(1, 2)),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 7)),
            S(S.integers(4, 9, 5), S.normal(4, 3), _integers(0, 2)),
            S(S.integers(0, 4, 5), S.normal(4, 3), _integers(0, 2), padding_idx=7),
        ]
    ),
)


@function(
    "embedding_renorm_(Tensor self, Tensor indices, float max_norm, float norm_type)",
    where=("torch",),
    doc="Scales the rows that are looked up down to a norm, in place.",
)
def embedding_renorm_(self: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    check_writable(self)
    renormalize(self, indices, max_norm, norm_type)
    return self
