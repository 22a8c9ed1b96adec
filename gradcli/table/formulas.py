"""The namespaces `F` that formulas are written over.

`real_arrays` and `complex_arrays` hold the kernels and work on bare arrays; `traced` holds the
recorded operations and works on tensors. The first two differ in one thing: the conjugate of a
real array is that array. `conj` also takes Python's numbers, which stand in for tensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..autograd.modes import requires_grad
from ..tensor.dtypes import float32, float64
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from .entry import settled
from .lookup import get_op
from .schema import Namespace


class Arrays(Namespace):
    """Kernels on bare arrays."""

    is_traced = False

    def resolve(self, identifier: str) -> Any:
        op = get_op(identifier)
        return partial(op.composite, self) if op.composite is not None else op.kernel


class Traced(Namespace):
    """Recorded operations on tensors."""

    is_traced = True

    def resolve(self, identifier: str) -> Any:
        return settled(get_op(identifier))


def _identity(self: Any) -> Any:
    return self


def _conjugate(self: Any) -> Any:
    return self.conjugate()


def _conjugate_recorded(self: Any) -> Any:
    if type(self) is not Tensor:
        return self.conjugate()
    return get_op("_conj").call(self) if self.dtype.is_complex else self


real_arrays = Arrays()
vars(real_arrays)["conj"] = _identity
complex_arrays = Arrays()
vars(complex_arrays)["conj"] = _conjugate
traced = Traced()
vars(traced)["conj"] = _conjugate_recorded


def on_arrays(tensors: Sequence[Any]) -> bool:
    """Whether what is computed from these tensors can be computed on their arrays instead.

    They carry no level, have one dtype that is computed in as it is, and nothing is recorded.
    """
    dtype = tensors[0].dtype
    return (dtype is float32 or dtype is float64) and not any(
        tensor.dtype is not dtype
        or tensor.level is not None
        or (runtime.grad_enabled and requires_grad(tensor))
        for tensor in tensors
    )
