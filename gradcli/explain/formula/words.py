"""What the language calls the table's inner operations, and what the rest is made of.

An entry without a public name stands either for a public one (SPELLED), or for a small formula of
others (DEFINITIONS), or has none (UNWRITTEN).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from gradcli.table.entry import Op
from gradcli.table.names import OPERATIONS
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import make, shape_of

# A public name, and which of the entry's parameters are given, by position or by keyword.
# Of their results the functions of the language give the first alone; the others serve gradients.
FIRST_ALONE = {"_attention", "_attention_masked", "_batch_norm_training", "_layer_norm"}

SPELLED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "_softmax": ("softmax", ("self", "dim"), ()),
    "_log_softmax": ("log_softmax", ("self", "dim"), ()),
    "_linalg_inv": ("inverse", ("A",), ()),
    "_linalg_solve": ("linalg.solve", ("A", "B"), ("left",)),
    "_solve_triangular": (
        "linalg.solve_triangular",
        ("A", "B"),
        ("upper", "left", "unitriangular"),
    ),
    "hardtanh": ("hardtanh", ("self", "min_val", "max_val"), ()),
    "leaky_relu": ("leaky_relu", ("self", "negative_slope"), ()),
    "elu": ("elu", ("self", "alpha"), ()),
    "silu": ("silu", ("self",), ()),
    "mish": ("mish", ("self",), ()),
    "hardsigmoid": ("hardsigmoid", ("self",), ()),
    "hardswish": ("hardswish", ("self",), ()),
    "_real": ("real", ("self",), ()),
    "_imag": ("imag", ("self",), ()),
    "_conj": ("conj", ("self",), ()),
    "_conj_physical": ("conj_physical", ("self",), ()),
    "im2col": ("F.unfold", ("self", "kernel_size", "dilation", "padding", "stride"), ()),
    "col2im": (
        "F.fold",
        ("self", "output_size", "kernel_size", "dilation", "padding", "stride"),
        (),
    ),
    "_cholesky": ("linalg.cholesky", ("A",), ("upper",)),
    "_old_cholesky": ("torch.cholesky", ("A", "upper"), ()),
    "_norm_dim": ("norm", ("self", "p", "dim", "keepdim"), ()),
    "_native_norm0": ("norm", ("self", "ord", "dim", "keepdim"), ()),
    "_native_norm1": ("norm", ("self", "ord", "dim", "keepdim"), ()),
    "_pairs": ("view_as_real", ("self",), ()),
    "_join": ("view_as_complex", ("self",), ()),
    "_cdist_forward": ("cdist", ("x1", "x2", "p"), ()),
    "_lu_factor": ("linalg.lu_factor", ("A",), ()),
    "_layer_norm": ("F.layer_norm", ("input", "normalized_shape", "weight", "bias", "eps"), ()),
    "_group_norm": ("F.group_norm", ("input", "num_groups", "weight", "bias", "eps"), ()),
    "_binary_cross_entropy": (
        "F.binary_cross_entropy",
        ("self", "target", "weight"),
        ("reduction",),
    ),
    "_binary_cross_entropy_with_logits": (
        "F.binary_cross_entropy_with_logits",
        ("self", "target", "weight"),
        ("reduction", "pos_weight"),
    ),
    "_soft_margin_loss": ("F.soft_margin_loss", ("self", "target"), ("reduction",)),
    "_nll_loss": ("F.nll_loss", ("self", "target", "weight"), ("ignore_index", "reduction")),
    "_nll_loss2d": ("F.nll_loss", ("self", "target", "weight"), ("ignore_index", "reduction")),
    "_adaptive_avg_pool2d": ("F.adaptive_avg_pool2d", ("self", "output_size"), ()),
    "_adaptive_avg_pool3d": ("F.adaptive_avg_pool3d", ("self", "output_size"), ()),
    "_avg_pool2d": (
        "F.avg_pool2d",
        (
            *("self", "kernel_size", "stride", "padding"),
            *("ceil_mode", "count_include_pad", "divisor_override"),
        ),
        (),
    ),
    "_avg_pool3d": (
        "F.avg_pool3d",
        (
            *("self", "kernel_size", "stride", "padding"),
            *("ceil_mode", "count_include_pad", "divisor_override"),
        ),
        (),
    ),
    "_prelu_kernel": ("prelu", ("self", "weight"), ()),
}


def _sigmoid_slope(F: Any, g: Any, output: Any) -> Any:
    return g * (output * (1 - output))


def _rectified(F: Any, g: Any, self: Any, threshold: Any) -> Any:
    return F.where(F.gt(self, threshold), g, 0)


def _mse(F: Any, input: Any, target: Any, reduction: str) -> Any:
    return _reduced(F, F.pow(F.sub(input, target), 2), reduction)


def _reduced(F: Any, values: Any, reduction: str) -> Any:
    if reduction == "mean":
        return F.mean(values)
    return F.sum(values) if reduction == "sum" else values


def _nothing(F: Any, g: Any, sizes: Any) -> Any:
    return F.zeros_like_shape(g, tuple(sizes))


def _diagonal_back(F: Any, g: Any, sizes: Any, offset: int, dim1: int, dim2: int) -> Any:
    if len(sizes) == 2 and sizes[0] == sizes[1] and offset == 0:
        return F.diag_embed(g, offset, dim1, dim2)
    return F.diagonal_scatter(_nothing(F, g, sizes), g, offset, dim1, dim2)


def _flat(F: Any, value: Any, dims: int) -> Any:
    shape = tuple(shape_of(value))
    return F.reshape(value, (*shape[: len(shape) - dims], -1))


def _windows(F: Any, self: Any, index: Any, dims: int) -> Any:
    found = F.gather(_flat(F, self, dims), -1, _flat(F, index, dims))
    return F.reshape(found, tuple(shape_of(index)))


def _windows_back(F: Any, self: Any, index: Any, sizes: Any) -> Any:
    dims = len(sizes)
    values, places = _flat(F, self, dims), _flat(F, index, dims)
    lead = tuple(shape_of(values))[:-1]
    count = 1
    for size in sizes:
        count *= size
    nothing = F.zeros_like_shape(self, (*lead, count))
    return F.reshape(F.scatter_add(nothing, -1, places, values), (*lead, *sizes))


def _picked_class(F: Any, self: Any, target: Any, ignore_index: int = -100) -> Any:
    rank = len(shape_of(self))
    axis = 0 if rank == 1 else 1
    found = F.gather(self, axis, F.unsqueeze(target, axis))
    return F.squeeze_dim(found, axis)


def _class_weights(F: Any, self: Any, target: Any, weight: Any, ignore_index: int) -> Any:
    kept = F.ne(target, ignore_index)
    if weight is None:
        return (
            F._full_as(F._to_copy(target, self.dtype), 1.0)
            if kept.array.all()
            else (F._to_copy(kept, self.dtype))
        )
    found = F.index(weight, [target])
    return found if kept.array.all() else F.where(kept, found, 0)


def _convolution_weight(
    F: Any,
    input: Any,
    grad: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    """Without groups the derivative is a convolution, in which channels and batch change places."""
    if groups != 1:
        raise NotImplementedError("a convolution with groups")
    nothing = (0,) * len(kernel)
    found = F.convolution(
        F.transpose(input, 0, 1), F.transpose(grad, 0, 1), None,
        tuple(dilation), tuple(padding), tuple(stride), False, nothing, 1,
    )  # fmt: skip
    for axis, size in enumerate(kernel):
        if shape_of(found)[2 + axis] != size:
            found = F.slice(found, 2 + axis, 0, size, 1)
    return F.transpose(found, 0, 1)


def _embedding_back(
    F: Any, self: Any, indices: Any, rows: int, padding_idx: int, scale_grad_by_freq: bool
) -> Any:
    if scale_grad_by_freq:
        raise NotImplementedError("an embedding that is scaled by frequency")
    width = shape_of(self)[-1]
    nothing = F.zeros_like_shape(self, (rows, width))
    flat = F.reshape(indices, (-1,))
    found = F.index_add(nothing, 0, flat, F.reshape(self, (-1, width)))
    if padding_idx is None or padding_idx < 0 or not (indices.array == padding_idx).any():
        return found
    return F.index_fill(found, 0, F.reshape(F.index(flat, [F.eq(flat, padding_idx)]), (-1,)), 0)


def _embedding_again(
    F: Any, self: Any, indices: Any, padding_idx: int, scale_grad_by_freq: bool
) -> Any:
    if scale_grad_by_freq or (padding_idx >= 0 and (indices.array == padding_idx).any()):
        raise NotImplementedError("an embedding with rows left out")
    return F.index(self, [indices])


def _average_back(
    F: Any, self: Any, sizes: Any, kernel_size: Any, stride: Any, padding: Any,
    ceil_mode: bool, count_include_pad: bool, divisor_override: Any,
) -> Any:  # fmt: skip
    """A transposed convolution with the kernel of the average."""
    if ceil_mode or not (count_include_pad or not any(padding)):
        raise NotImplementedError("an average over windows of different sizes")
    dims = len(sizes)
    shape = tuple(shape_of(self))
    count = divisor_override or 1
    for size in kernel_size if not divisor_override else ():
        count *= size
    one = F._full_as(F.zeros_like_shape(self, (1, 1, *kernel_size)), 1.0)
    images = F.reshape(self, (-1, 1, *shape[len(shape) - dims :]))
    more = tuple(
        size - ((n - 1) * s - 2 * p + k)
        for size, n, s, p, k in zip(
            sizes, shape[len(shape) - dims :], stride, padding, kernel_size, strict=True
        )
    )
    found = F.convolution(
        images / count, one, None, tuple(stride), tuple(padding), (1,) * dims, True, more, 1
    )
    return F.reshape(found, (*shape[: len(shape) - dims], *sizes))


def _recurrence(F: Any, decay: Any, value: Any, dim: int, reverse: bool = False) -> Any:
    """With the products Q of the decays passed, `Q[k] r[k]` are sums of `Q v`."""
    shape = tuple(shape_of(decay))
    if not shape:
        return value
    if not np.asarray(decay.array).all() and np.asarray(decay.array).size:
        flat = np.asarray(decay.array)
        edge = np.take(flat, -1 if reverse else 0, dim)
        if np.count_nonzero(flat) + edge.size - np.count_nonzero(edge) != flat.size:
            raise NotImplementedError("a product with zeros among its factors")
    if not reverse:
        decay, value = F.flip(decay, (dim,)), F.flip(value, (dim,))
    before = F.slice(decay, dim, 0, shape[dim] - 1, 1)
    one = F._full_as(F.slice(decay, dim, 0, 1, 1), 1.0)
    passed = F.cumprod(F.cat([one, before], dim), dim)
    total = F.flip(F.cumsum(F.flip(value * passed, (dim,)), dim), (dim,)) / passed
    return total if reverse else F.flip(total, (dim,))


def _placed_class(F: Any, self: Any, target: Any, classes: int, ignore_index: int = -100) -> Any:
    """Rows of one_hot for a vector of classes; for images each element at its class."""
    shape = tuple(shape_of(target))
    if len(shape) < 2:
        return None
    nothing = F.zeros_like_shape(self, (shape[0], classes, *shape[1:]))
    return F.scatter_add(nothing, 1, F.unsqueeze(target, 1), F.unsqueeze(self, 1))


def _doubled(F: Any, self: Any, dim: int, size: int) -> Any:
    length = shape_of(self)[dim]
    values = np.ones(length)
    values[1 : length - (size % 2 == 0)] = 2
    shape = [1] * len(shape_of(self))
    shape[dim] = length
    real = self.dtype.to_real()
    return self * make(values.reshape(shape).astype(real.array), real)


def _padded_last(F: Any, self: Any, dim: int, size: int) -> Any:
    shape = list(shape_of(self))
    shape[dim] = size - shape[dim]
    return F.cat([self, F.zeros_like_shape(self, tuple(shape))], dim) if shape[dim] else self


def _wide_index(F: Any, index: Any, shape: Any, dim: int) -> Any:
    sizes = [1] * len(shape)
    sizes[dim] = -1
    return F.expand(F.reshape(index, tuple(sizes)), tuple(shape))


def _windows_added(F: Any, g: Any, sizes: Any, dim: int, size: int, step: int) -> Any:
    """Elements of overlapping windows add up where they came from."""
    rank = len(sizes)
    if not rank:
        return F.reshape(g, ())
    dim = dim % rank
    count = shape_of(g)[dim]
    places = (np.arange(count)[:, None] * step + np.arange(size)).reshape(-1)
    order = (*range(dim + 1), rank, *range(dim + 1, rank))
    flat = F.reshape(F.permute(g, order), (*sizes[:dim], count * size, *sizes[dim + 1 :]))
    index = make(places.astype(np.int64), dtypes.int64)
    return F.index_add(_nothing(F, g, sizes), dim, index, flat)


DEFINITIONS: dict[str, Callable[..., Any]] = {
    "tanh_backward": lambda F, g, output: g * (1 - output * output),
    "sigmoid_backward": _sigmoid_slope,
    "threshold_backward": _rectified,
    "_softmax_backward": lambda F, g, out, dim: out * (g - F.sum_dim(g * out, (dim,), True)),
    "_log_softmax_backward": lambda F, g, out, dim: g - F.exp(out) * F.sum_dim(g, (dim,), True),
    "_adjoint_inverse": lambda F, A: (
        F.transpose(F._conj(F._linalg_inv(A)), -2, -1)
        if A.dtype.is_complex
        else F.transpose(F._linalg_inv(A), -2, -1)
    ),
    "diagonal_backward": _diagonal_back,
    "select_backward": lambda F, g, sizes, dim, index: F.select_scatter(
        _nothing(F, g, sizes), g, dim, index
    ),
    "slice_backward": lambda F, g, sizes, dim, start, end, step: F.slice_scatter(
        _nothing(F, g, sizes), g, dim, start, end, step
    ),
    "index_backward": lambda F, g, sizes, indices: F.index_put(
        _nothing(F, g, sizes), indices, g, True
    ),
    "_mse_loss": lambda F, input, target, reduction="mean", weight=None: _mse(
        F, input, target, reduction
    ),
    "_place": lambda F, g, size, dim, index: (
        F.scatter_add(_nothing(F, g, size), dim, index, g) if len(size) else g
    ),
    "_window_scatter": _windows_back,
    "_window_gather": _windows,
    "_pick_class": _picked_class,
    "_class_weights": _class_weights,
    "_safe_softmax": lambda F, self: F._softmax(self, -1),
    "_times_i": lambda F, self: self * 1j,
    "_convolution_weight": _convolution_weight,
    "_embedding_back": _embedding_back,
    "_embedding_again": _embedding_again,
    "_avg_pool_back": _average_back,
    "_fft_double": _doubled,
    "_fft_pad_last": _padded_last,
    "_wide_index": _wide_index,
    "unfold_backward": _windows_added,
    "_recurrence": _recurrence,
    "_place_class": _placed_class,
    "_squeeze_last": lambda F, self: F.reshape(self, tuple(shape_of(self))[:-1]),
}

# Entries whose derivative has no formula, and why.
UNWRITTEN: dict[str, str] = {
    "_adaptive_avg_pool2d": "its windows have different sizes",
    "_adaptive_avg_pool3d": "its windows have different sizes",
    "_affine_grid_back": "no function of the language is the transpose of affine_grid",
    "affine_grid_generator": "no function of the language is its transpose",
    "_as_strided": "elements that share memory add up",
    "as_strided_backward": "elements that share memory add up",
    "strided_elements": "elements that share memory add up",
    "_ctc_loss": "it is a sum over alignments, by dynamic programming",
    "_embedding_bag": "its rows are gathered into bags of different sizes",
    "_grid_gather": "its weights depend on cells of a grid",
    "_grid_dot": "its weights depend on cells of a grid",
    "_multilabel_margin_loss": "it counts the margins that targets lose",
    "_pdist_forward": "it is over pairs of rows that have no names",
    "_adaptive_back": "its windows have different sizes",
    "_as_strided_copy": "elements that share memory add up",
    "_as_strided_inplace": "elements that share memory add up",
    "_as_strided_scatter": "elements that share memory add up",
    "_fractional_max_pool2d": "its windows are drawn",
    "_fractional_max_pool3d": "its windows are drawn",
    "_grid_scatter": "its weights depend on cells of a grid",
    "_standard_gamma_drawn": "it is of numbers that were drawn",
    "_upsample_back": "no function of the language is the transpose of an interpolation",
    "grid_sampler_2d": "its weights depend on cells of a grid",
    "grid_sampler_3d": "its weights depend on cells of a grid",
    "_upsample": "no function of the language is the transpose of an interpolation",
}


def _product_of_others(F: Any, g: Any, self: Any) -> Any:
    array = np.asarray(self.array)
    return g * F.prod(self) / self if array.ndim and array.all() else None


def _product_of_others_along(F: Any, g: Any, self: Any, dim: int, keepdim: bool) -> Any:
    array = np.asarray(self.array)
    if not array.ndim or not array.all():
        return None
    return (g if keepdim else F.unsqueeze(g, dim)) * F.prod_dim(self, dim, True) / self


def _logistic(F: Any, g: Any, self: Any, beta: Any, threshold: Any) -> Any:
    if (np.asarray(self.array) * beta > threshold).any():
        return None
    return g * F.sigmoid(self * beta)


def _log_number(F: Any, like: Any, number: float) -> Any:
    """The logarithm of a number, which stays one."""
    return F.log(F._full_as(F.zeros_like_shape(like, ()), number))


def _exponential(F: Any, g: Any, self: Any, exponent: Any, out: Any) -> Any:
    if isinstance(self, complex) or self <= 0 or out.dtype.is_complex:
        return None
    return g * (out * _log_number(F, out, float(self)))


def _logarithm(base: float) -> Callable[..., Any]:
    return lambda F, g, self: (
        None if self.dtype.is_complex else g / (self * _log_number(F, self, base))
    )


# What books have where a rule computes more carefully, at points where both are the same; None
# where they are not. Logarithms of numbers stay ones. By entry and parameter.
SLOPES: dict[tuple[str, str], Callable[..., Any]] = {
    ("prod", "self"): _product_of_others,
    ("prod_dim", "self"): _product_of_others_along,
    ("softplus", "self"): _logistic,
    ("pow_base", "exponent"): _exponential,
    ("exp2", "self"): lambda F, g, out: (
        None if out.dtype.is_complex else g * (out * _log_number(F, out, 2.0))
    ),
    ("log2", "self"): _logarithm(2.0),
    ("log10", "self"): _logarithm(10.0),
}


def unwritten(op: Op) -> str:
    """Why no function of the language can write the derivative of an entry; "" where one can."""
    return UNWRITTEN.get(op.id, "")


@cache
def public_name(identifier: str) -> tuple[str, str]:
    """A namespace and a name there that lead to an entry; empty where none does."""
    from gradcli.table.lookup import get_op

    op = get_op(identifier)
    for space in ("torch", "F", "linalg", "special", "fft", "Tensor"):
        for name in (op.name, *op.aliases):
            if identifier in OPERATIONS.ids(space, name):
                return space, name
    return "", ""
