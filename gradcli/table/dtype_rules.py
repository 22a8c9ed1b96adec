"""What entries say about dtypes: the ones they refuse, and questions that formulas ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.operations import operations
from ..tensor import dtypes
from ..tensor.dtypes import (
    BOOL,
    COMPLEX,
    FLOATING,
    INTEGER,
    WIDE_UNSIGNED,
    DType,
    of_number,
    python_number,
    unsupported,
)
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from .schema import Namespace

Refusal = str | Exception | None


def is_complex(value: Any) -> bool:
    """Whether an array or a tensor has a complex dtype."""
    dtype = value.dtype
    return bool(dtype.is_complex) if type(dtype) is DType else dtype.kind == "c"


def common_dtype(*values: Any) -> DType:
    """PyTorch's promotion over tensors and Python numbers; None and other values do not count."""
    if all(type(value) is Tensor for value in values):
        found: set[DType] = {value.dtype for value in values}
        if len(found) == 1:
            return found.pop()
    dimensioned: list[DType] = []
    zero_dim: list[DType] = []
    numbers: list[DType] = []
    for value in values:
        if type(value) is Tensor:
            (dimensioned if shape_of(value) else zero_dim).append(value.dtype)
        elif (number := python_number(value)) is not None:
            numbers.append(of_number(number))
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


def underivable(name: str, *inputs: str) -> dict[str, Any]:
    """The fields of an entry that is recorded although PyTorch has no derivative for it."""

    def vjp(F: Namespace, g: Any) -> Any:
        raise RuntimeError(f"derivative for {name} is not implemented")

    def jvp(F: Namespace, t: Any) -> Any:
        raise NotImplementedError(f"Trying to use forward AD with {name} that does not support it.")

    return {
        "vjp": dict.fromkeys(inputs, vjp),
        "jvp": dict.fromkeys(inputs, jvp),
        "node": "NotImplemented",
    }


def unwritten(name: str, *inputs: str) -> dict[str, Any]:
    """The fields of an entry with a node of its own, whose derivative PyTorch has not written."""

    def vjp(F: Namespace, g: Any) -> Any:
        raise NotImplementedError(f"the derivative for '{name}' is not implemented.")

    def jvp(F: Namespace, t: Any) -> Any:
        raise NotImplementedError(
            f"Trying to use forward AD with {name} that does not support it because it has not "
            "been implemented yet.\nPlease file an issue to PyTorch at https://github.com/pytorch/"
            "pytorch/issues/new?template=feature-request.yml so that we can prioritize its "
            "implementation or submit a PR adding the implementation to derivatives.yaml"
        )

    return {"vjp": dict.fromkeys(inputs, vjp), "jvp": dict.fromkeys(inputs, jvp)}


class supports:
    """A check that raises for inputs of a category the kernel does not know.

    Each refusal is the name of PyTorch's kernel, as in `"lt_cpu" not implemented for 'Float'`, or
    the exception itself. With `numbers` Python numbers count in the promotion too. `unsigned` is
    for uint16, uint32 and uint64. Dispatch tests it for what its short paths do not cover.
    """

    __slots__ = ("numbers", "refusals", "unsigned")

    def __init__(
        self,
        *,
        complex: Refusal = None,
        floating: Refusal = None,
        integer: Refusal = None,
        boolean: Refusal = None,
        unsigned: Refusal = None,
        numbers: bool = False,
    ) -> None:
        self.numbers = numbers
        self.unsigned = unsigned
        found = {COMPLEX: complex, FLOATING: floating, INTEGER: integer, BOOL: boolean}
        self.refusals = {key: value for key, value in found.items() if value is not None}

    def refuses(self, dtype: DType) -> bool:
        """Whether inputs of this dtype raise."""
        return dtype.category in self.refusals or (
            self.unsigned is not None and dtype in WIDE_UNSIGNED
        )

    def __call__(self, *args: Any) -> None:
        dtype = common_dtype(*[v for v in args if self.numbers or type(v) is Tensor])
        refusal = self.unsigned if dtype in WIDE_UNSIGNED else None
        if refusal is None:
            refusal = self.refusals.get(dtype.category)
        if refusal is None:
            return
        if isinstance(refusal, Exception):
            raise type(refusal)(*refusal.args)
        raise unsupported(refusal, dtype)


def without_forward(name: str) -> Callable[..., Any]:
    """A forward formula for an op that has a derivative, but none by this input."""

    def refuse(F: Namespace, t: Any) -> Any:
        raise NotImplementedError(
            f"Trying to use forward AD with {name} that does not support it because it has not "
            "been implemented yet.\nPlease file an issue to PyTorch at "
            "https://github.com/pytorch/pytorch/issues/new?template=feature-request.yml so that "
            "we can prioritize its implementation or submit a PR adding the implementation to "
            "derivatives.yaml"
        )

    return refuse


def is_batched(tensor: Tensor) -> bool:
    """Whether vmap hides an axis of the tensor."""
    return tensor.level is not None and tensor.level.value is not None


_NO_ITEM = (
    "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling "
    ".item() on a Tensor, please try to rewrite what you're doing with other operations. If error "
    "is occurring somewhere inside PyTorch internals, please file a bug report."
)
_NO_BRANCH = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We "
    "don't support that yet, please file an issue at https://github.com/pytorch/pytorch/issues ."
)
NO_STORAGE = "Cannot access data pointer of Tensor that doesn't have storage"


_NEITHER = (
    "vmap: It looks like you're either (1) calling .item() on a Tensor or (2) attempting to use a "
    "Tensor in some data-dependent control flow or (3) encountering this error in PyTorch "
    "internals. For (1): we don't support vmap over calling .item() on a Tensor, please try to "
    "rewrite what you're doing with other operations. For (2): we don't support data-dependent "
    "control flow in vmap yet, please file an issue at https://github.com/pytorch/pytorch/issues . "
    "For (3): please file an issue."
)


def transforms_run() -> bool:
    """Whether a function transform is running, other than a dual level."""
    return any(kind != "dual" for kind in operations.level_stack())


def _in_vmap() -> bool:
    """Whether vmap is the innermost function transform, so that PyTorch knows what is wanted."""
    running = [kind for kind in operations.level_stack() if kind != "dual"]
    return not running or running[-1] == "vmap"


def no_item() -> str:
    """PyTorch's sentence for a number that would differ from example to example."""
    return _NO_ITEM if _in_vmap() else _NEITHER


def no_branch() -> str:
    """PyTorch's sentence for a condition that would differ from example to example."""
    return _NO_BRANCH if _in_vmap() else _NEITHER


def element_of(tensor: Tensor) -> Any:
    """The one element of a tensor as a Python number. Raises RuntimeError for one under vmap."""
    if is_batched(tensor):
        raise RuntimeError(no_item())
    return tensor.array.item()


def refuse_batch(name: str, tensor: Tensor) -> None:
    """Refuse a result whose shape would differ from example to example under vmap."""
    if is_batched(tensor):
        raise dynamic_shape(name)


def dynamic_shape(name: str) -> RuntimeError:
    """PyTorch's error for a result whose shape would differ from example to example."""
    return RuntimeError(
        "vmap: We do not support batching operators that can output dynamic shape. Attempted "
        f"to vmap over {name}. Please file an issue at "
        "https://github.com/pytorch/pytorch/issues if you need this feature."
    )


def cleared(F: Namespace, mask: Any, values: Any) -> Any:
    """`values` with zeros where `mask` is true, recorded as PyTorch's own formulas do it."""
    return F.masked_fill(values, mask, 0) if F.is_traced else F.where(mask, 0, values)


def filled(F: Namespace, mask: Any, value: Any) -> Any:
    """One value where `mask` is true and zeros elsewhere, recorded as PyTorch's formulas do it."""
    if not F.is_traced:
        return F.where(mask, value, 0)
    zeros = F.zeros_like_shape(value, shape_of(mask))
    return F.masked_fill_tensor(zeros, mask, value)


def refusing(categories: Iterable[str], refusal: Refusal) -> Any:
    """The same refusal for several categories, as keywords of `supports`."""
    return dict.fromkeys(categories, refusal)


def refuse_bool(kernel: str, *tensors: Tensor) -> None:
    """Raise NotImplementedError with PyTorch's sentence for boolean tensors."""
    for tensor in tensors:
        if tensor.dtype.category == BOOL:
            raise unsupported(kernel, tensor.dtype)


def real_only(kernel: str, *tensors: Any) -> None:
    """Raise PyTorch's NotImplementedError unless the common dtype is real floating."""
    dtype = common_dtype(*tensors)
    if dtype.category != FLOATING:
        raise unsupported(kernel, dtype)


def not_differentiable(function: str, **inputs: Any) -> None:
    """Raise PyTorch's error for inputs that carry a gradient that the function would drop."""
    for name, value in inputs.items():
        if runtime.grad_enabled and requires_grad(value):
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument "
                f"'{name}'. This input cannot have requires_grad True."
            )


def requires_grad(value: Any) -> bool:
    """Whether a gradient may flow to a value; bare arrays have none."""
    return type(value) is Tensor and value.node is not None
