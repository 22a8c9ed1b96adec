"""Results into tensors given as `out=`: which dtypes fit, and the write.

PyTorch's functions differ in the dtypes that they accept and in the sentence of the refusal: most
cast the result where that loses no category, others want its very dtype.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...tensor import dtypes
from ...tensor.dtypes import DType, c_name
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of, version_of
from ..dtype_rules import is_batched


class _Rule:
    """The sentence of a refused dtype, and whether only the result's own dtype fits.

    A sentence may name the dtypes, as `{result}` and `{out}`, or their C++ types, as `{c_result}`
    and `{c_out}`, and say whether the result is an `{int32}`.
    """

    __slots__ = ("error", "exact", "sentence")

    def __init__(
        self, sentence: str, exact: bool = True, error: type[Exception] = RuntimeError
    ) -> None:
        self.sentence = sentence
        self.exact = exact
        self.error = error

    def check(self, result: DType, out: DType) -> None:
        """Raise the refusal unless a result of one dtype may go to a tensor of the other."""
        if out is result or (not self.exact and dtypes.can_cast(result, out)):
            return
        raise self.error(
            self.sentence.format(
                result=result.scalar_name,
                out=out.scalar_name,
                c_result=c_name(result),
                c_out=c_name(out),
                int32=result is dtypes.int32,
            )
        )


_CAST = _Rule("result type {result} can't be cast to the desired output type {out}", exact=False)
_EXACT = _Rule("Expected out tensor to have dtype {c_result}, but got {c_out} instead")
_FOUND = _Rule("Found dtype {out} but expected {result}")
_TYPES = _Rule("expected scalar_type {result} but found {out}")
_TYPED = _Rule("expected scalar type {result} but found {out}")
_OBJECT = _Rule(
    "Expected object of scalar type {result} but got scalar type {out} for argument 'out'"
)
_MADE = _Rule("dtype {result} does not match dtype of out parameter ({out})")
_JOINED = _Rule(
    "torch.cat(): input types can't be cast to the desired output type {out}",
    exact=False,
    error=TypeError,
)
_REDUCED = _Rule(
    "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} "
    "for out's dtype."
)
_SEARCHED = _Rule(
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or "
    "Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype "
    "{out} and out_int32 flag is {int32}"
)
_COUNTED = _Rule(
    "torch.histogram: input tensor and hist tensor should have the same dtype, but got input "
    "{c_result} and hist {c_out}"
)
_DOTTED = _Rule("result dtype {out} does not match input dtype {result}")
_CONTRACTED = _Rule(
    "tensordot: Expected the output tensor to have dtype {result}, but got an output tensor with "
    "dtype {out}"
)


def _safely(name: str, what: str = "result") -> _Rule:
    return _Rule(
        f"{name}: Expected {what} to be safely castable from {{result}} dtype, but got {what} "
        "with dtype {out}",
        exact=False,
    )


def _transform(name: str, kind: str) -> _Rule:
    floating = kind == "floating point"
    return _Rule(f"{name} expects a {kind} output tensor, but got {{out}}", exact=not floating)


def _each(rule: _Rule, names: str) -> dict[str, _Rule]:
    return dict.fromkeys(names.split(), rule)


# By public name; a tuple has the rules of several outputs.
_RULES: dict[str, _Rule | tuple[_Rule, ...]] = {
    **_each(
        _EXACT,
        "addmm addmv aminmax argmax argmin avg_pool2d avg_pool3d baddbmm bmm cross cumprod cumsum "
        "det diag diagonal_copy eigh eigvalsh gather index_add index_copy inv inverse isin linear "
        "log_softmax mm msort norm qr renorm scatter scatter_add scatter_reduce slice_scatter "
        "slogdet softmax solve sort svd svdvals take_along_dim topk vector_norm",
    ),
    **_each(
        _FOUND,
        "abs absolute bitwise_not ceil conj_physical floor frac gelu hardshrink neg negative round "
        "sgn sign softplus softshrink trunc fix",
    ),
    **_each(_MADE, "arange empty eye full linspace logspace ones zeros"),
    **_each(_JOINED, "cat column_stack concat concatenate dstack hstack row_stack stack vstack"),
    **_each(_TYPES, "cummax cummin logcumsumexp"),
    **_each(_TYPED, "logsigmoid solve_triangular"),
    **_each(_OBJECT, "complex polar"),
    **_each(_REDUCED, "amax amin"),
    **_each(_SEARCHED, "bucketize searchsorted"),
    **_each(_COUNTED, "histc histogram"),
    **_each(_DOTTED, "dot vdot"),
    **_each(_CONTRACTED, "inner tensordot"),
    **_each(_transform("fftn", "complex"), "fft2 fftn ifft2 ifftn"),
    **_each(_transform("rfftn", "complex"), "rfft2 rfftn"),
    **_each(_transform("irfftn", "floating point"), "irfft2 irfftn"),
    **{name: _transform(name, "complex") for name in ("fft", "ifft", "rfft", "ihfft")},
    **{name: _transform(name, "floating point") for name in ("hfft", "irfft")},
    **{
        name: _Rule(f"{name} only supports bool tensor for result, got: {{out}}")
        for name in ("all", "any")
    },
    **{name: _safely(name) for name in ("cholesky", "cholesky_solve", "matrix_power")},
    **{name: _safely(f"linalg.{name}") for name in ("cond", "pinv")},
    "lstsq": _safely("torch.linalg.lstsq", "solution"),
    "eig": _safely("torch.linalg.eig", "eigenvalues"),
    "eigvals": _safely("torch.linalg.eigvals", "eigenvalues"),
    "addbmm": _Rule("self and mat2 must have the same dtype, but got {out} and {result}"),
    "float_power": _Rule(
        "the output given to float_power has dtype {out} but the operation's result requires dtype "
        "{result}"
    ),
    "frexp": (
        _Rule("torch.frexp() expects mantissa to have dtype {c_result} but got {c_out}"),
        _Rule("torch.frexp() expects exponent to have int dtype but got {c_out}"),
    ),
    "heaviside": _Rule("heaviside is not yet implemented for tensors with different dtypes."),
    "index_select": _Rule("index_select(): self and result must have the same scalar type"),
    **{
        name: _Rule(f"{name} does not support non-boolean outputs.")
        for name in ("isneginf", "isposinf", "signbit")
    },
    "kthvalue": (
        _Rule("output values must be of same type as input"),
        _Rule("output indices must be of scalar type Long"),
    ),
    "ldexp": _Rule("ldexp can't be cast to the desired output type {out}", exact=False),
    "linalg.cholesky": _EXACT,
    "linalg.norm": _Rule("linalg.norm expected out tensor dtype {result} but got: {out}"),
    "logsumexp": _Rule(
        "logsumexp(): Expected floating point type for result tensor, but got: {out}", exact=False
    ),
    "masked_select": _Rule("masked_select(): self and result must have the same scalar type"),
    "matmul": _DOTTED,
    "max": (_EXACT, _EXACT),
    "matrix_norm": _Rule("linalg.matrix_norm expected out tensor dtype {result} but got: {out}"),
    "mean": _Rule(
        "mean.dtype_out(): input types can't be cast to the desired output type {out}", exact=False
    ),
    "min": (_EXACT, _EXACT),
    "mode": (
        _Rule("expected scalar type '{result}' but got '{out}' for values output"),
        _Rule("expected scalar type '{result}' but got '{out}' for indices output"),
    ),
    "multi_dot": _Rule("multi_dot(): expected out tensor to have dtype {c_result} but got {c_out}"),
    "mv": _Rule(
        "addmv input tensors must have the same dtype, but got {out}, {result}, and {result}"
    ),
    "mvlgamma": _Rule(
        "mvlgamma: result type {result} can't be cast to the desired output type {result}",
        exact=False,
    ),
    "nan_to_num": _Rule("nan_to_num: dtype of out: {out} should be same as input: {result}"),
    **_each(
        _Rule("quantile() out tensor must be same dtype as the input tensor"),
        "nanquantile quantile",
    ),
    "nonzero": _Rule(
        "nonzero: Expected out tensor to have scalar type {result} but got scalar type{out}"
    ),
    "take": _Rule(
        "take(): self and out expected to have the same dtype, but got self.dtype = {result} and "
        "out.dtype = {out}"
    ),
    "vecdot": _Rule("linalg.vecdot: Expected out of dtype{result} but found {out}"),
}

# Functions that fill a tensor of the right number of elements as it is.
_FILLS = frozenset({"arange", "linspace", "logspace"})

# Functions that give the tensor another shape without a word.
_SILENT = _FILLS | {"addbmm", "empty", "eye", "full", "logsigmoid", "ones", "zeros"}


def write_out(result: Any, out: Any, name: str, space: str = "torch") -> Any:
    """Copy the results of a function into the tensors given as `out=`.

    They take the results' shape. Raises PyTorch's errors for what is no tensor, requires grad or
    has a dtype that the function does not write.
    """
    from ..call.arguments import type_name

    rule = _RULES.get(f"{space}.{name}") or _RULES.get(name, _CAST)
    if type(result) is not Tensor:
        if not isinstance(out, list | tuple):
            raise TypeError(
                f"{name}(): argument 'out' must be tuple of Tensors, not {type_name(out)}"
            )
        if len(out) != len(result):
            raise TypeError(f"expected tuple of {len(result)} elements but got {len(out)}")
        rules = (rule,) * len(result) if isinstance(rule, _Rule) else rule
        for item, target, one in zip(result, out, rules, strict=True):
            _write(item, target, name, one)
        return out
    if type(out) is not Tensor:
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type_name(out)}")
    _write(result, out, name, rule if isinstance(rule, _Rule) else _CAST)
    return out


def _write(result: Tensor, target: Tensor, name: str, rule: _Rule) -> None:
    from ..memory.inplace import check_writable, write

    if runtime.grad_enabled and (target.node is not None or result.node is not None):
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    if is_batched(result):
        raise RuntimeError(
            f"Batching rule not implemented for aten::{name}.out; the fallback path doesn't work "
            "on out= or view ops."
        )
    rule.check(result.dtype, target.dtype)
    values = target.dtype.cast(result.array)
    shape = shape_of(result)
    if shape_of(target) == shape:
        check_writable(target)
        write(target, values)
    elif name in _FILLS and numel(shape_of(target)) == numel(shape):
        write(target, np.reshape(values, shape_of(target)))
    else:
        _warn(shape_of(target), shape, name)
        target.array = np.array(values)
        version_of(target).bump(runtime.where)


def _warn(old: Iterable[int], new: Iterable[int], name: str) -> None:
    """Warn that a tensor with elements gets another shape."""
    old, new = list(old), list(new)
    if not numel(old):
        return
    if name == "arange":
        count = numel(new)
        message = (
            f"The number of elements in the out tensor of shape {old} is {numel(old)} which does "
            f"not match the computed number of elements {count}. Note that this may occur as a "
            f"result of rounding error. The out tensor will be resized to a tensor of shape "
            f"({count},)."
        )
    elif name in _SILENT:
        return
    else:
        message = (
            f"An output with one or more elements was resized since it had shape {old}, which does "
            f"not match the required output shape {new}. This behavior is deprecated, and in a "
            "future PyTorch release outputs will not be resized unless they have zero elements. "
            "You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements "
            "with t.resize_(0)."
        )
    warnings.warn(message, UserWarning, stacklevel=2)
