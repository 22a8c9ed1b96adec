"""Results into tensors given as `out=`: the write."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, device_type, numel, shape_of, version_of
from ..dtype_rules import is_batched
from ..out_rules import CAST, Rule


def write_out(result: Any, out: Any, name: str, rule: Rule | tuple[Rule, ...] | None = None) -> Any:
    """Copy the results of a function into the tensors given as `out=`.

    They take the results' shape. Raises PyTorch's errors for what is no tensor, requires grad or
    has a dtype that the function does not write.
    """
    from ..call.arguments import type_name

    if rule is None:
        rule = CAST
    if type(result) is not Tensor:
        if not isinstance(out, list | tuple):
            raise TypeError(
                f"{name}(): argument 'out' must be tuple of Tensors, not {type_name(out)}"
            )
        if len(out) != len(result):
            raise TypeError(f"expected tuple of {len(result)} elements but got {len(out)}")
        rules = (rule,) * len(result) if isinstance(rule, Rule) else rule
        for item, target, one in zip(result, out, rules, strict=True):
            _write(item, target, name, one)
        return out
    if type(out) is not Tensor:
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type_name(out)}")
    _write(result, out, name, rule if isinstance(rule, Rule) else CAST)
    return out


def _write(result: Tensor, target: Tensor, name: str, rule: Rule) -> None:
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
    if device_type(result) != device_type(target):
        raise RuntimeError(
            f"Attempting to copy from device {device_type(result)} to device "
            f"{device_type(target)}, but cross-device copies are not allowed!"
        )
    values = target.dtype.cast(result.array)
    shape = shape_of(result)
    if shape_of(target) == shape:
        check_writable(target)
        write(target, values)
    elif rule.fills and numel(shape_of(target)) == numel(shape):
        write(target, np.reshape(values, shape_of(target)))
    else:
        _warn(shape_of(target), shape, rule.resized)
        target.array = np.array(values)
        version_of(target).bump(runtime.where)


def _warn(old: Iterable[int], new: Iterable[int], sentence: str) -> None:
    """Warn that a tensor with elements gets another shape."""
    old, new = list(old), list(new)
    count = numel(old)
    if count and sentence:
        message = sentence.format(old=old, new=new, old_count=count, count=numel(new))
        warnings.warn(message, UserWarning, stacklevel=2)
