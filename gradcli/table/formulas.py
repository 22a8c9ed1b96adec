"""The namespaces `F` that formulas are written over.

`real_arrays` and `complex_arrays` hold the kernels and work on bare arrays; `traced` holds the
recorded operations and works on tensors. The first two differ in one thing: the conjugate of a
real array is that array. `conj` also takes Python's numbers, which stand in for tensors.
"""

from __future__ import annotations

from functools import partial
from typing import Any

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
