"""What entries say about dtypes: the ones they refuse, and questions that formulas ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..tensor import dtypes
from ..tensor.dtypes import BOOL, COMPLEX, FLOATING, INTEGER, DType, of_number
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of

Refusal = str | Exception | None


def is_complex(value: Any) -> bool:
    """Whether an array or a tensor has a complex dtype."""
    dtype = value.dtype
    return bool(dtype.is_complex) if type(dtype) is DType else dtype.kind == "c"


def common_dtype(*values: Any) -> DType:
    """PyTorch's promotion over tensors and Python numbers; None and other values do not count."""
    dimensioned: list[DType] = []
    zero_dim: list[DType] = []
    numbers: list[DType] = []
    for value in values:
        if type(value) is Tensor:
            (dimensioned if shape_of(value) else zero_dim).append(value.dtype)
        elif isinstance(value, bool | int | float | complex):
            numbers.append(of_number(value))
    return dtypes.result_type(dimensioned, zero_dim, numbers)


def real_gradients(name: str) -> Callable[..., None]:
    """A check for an op whose derivative PyTorch refuses for complex tensors."""

    def check(*args: Any) -> None:
        if runtime.grad_enabled and any(
            type(value) is Tensor and value.dtype.is_complex and value.node is not None
            for value in args
        ):
            raise RuntimeError(
                f"{name} does not support automatic differentiation for outputs with complex dtype."
            )

    return check


class supports:
    """A check that raises for inputs of a category the kernel does not know.

    Each refusal is the name of PyTorch's kernel, as in `"lt_cpu" not implemented for 'Float'`, or
    the exception itself. With `numbers` Python numbers count in the promotion too. Dispatch tests
    it for what its short paths do not cover.
    """

    __slots__ = ("numbers", "refusals")

    def __init__(
        self,
        *,
        complex: Refusal = None,
        floating: Refusal = None,
        integer: Refusal = None,
        boolean: Refusal = None,
        numbers: bool = False,
    ) -> None:
        self.numbers = numbers
        found = {COMPLEX: complex, FLOATING: floating, INTEGER: integer, BOOL: boolean}
        self.refusals = {key: value for key, value in found.items() if value is not None}

    def refuses(self, dtype: DType) -> bool:
        """Whether inputs of this dtype raise."""
        return dtype.category in self.refusals

    def __call__(self, *args: Any) -> None:
        dtype = common_dtype(*[v for v in args if self.numbers or type(v) is Tensor])
        refusal = self.refusals.get(dtype.category)
        if refusal is None:
            return
        if isinstance(refusal, Exception):
            raise type(refusal)(*refusal.args)
        raise NotImplementedError(f"\"{refusal}\" not implemented for '{dtype.scalar_name}'")


def refusing(categories: Iterable[str], refusal: Refusal) -> Any:
    """The same refusal for several categories, as keywords of `supports`."""
    return dict.fromkeys(categories, refusal)
