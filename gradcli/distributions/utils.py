"""What families share: broadcasting of parameters, probabilities and their logits.

Formulas of this floor use the operators of tensors, which `gradcli.torch` installs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.modes import enable_grad
from ..table.lookup import get_op
from ..table.public.functions import F, Functions, method, torch
from ..tensor import dtypes
from ..tensor.limits import finfo
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, shape_of

special = Functions("special")

euler_constant = 0.57721566490153286060


def is_number(value: Any) -> bool:
    """Whether a parameter is a plain number."""
    return isinstance(value, bool | int | float)


def size(value: Tensor) -> Size:
    """The sizes of a tensor."""
    return Size(shape_of(value))


def rank(value: Any) -> int:
    """How many dimensions a parameter has. Raises AttributeError for what is no tensor."""
    return len(shape_of(value)) if isinstance(value, Tensor) else value.dim()


def sizes(value: Any) -> Any:
    """The sizes of what a transform is given. Raises AttributeError for what is no tensor."""
    return shape_of(value) if isinstance(value, Tensor) else value.shape


def on_tensor(name: str, value: Any, *args: Any) -> Any:
    """`value.name(*args)`. Raises AttributeError for a value that is no tensor."""
    if not isinstance(value, Tensor):
        raise AttributeError(f"'{type(value).__name__}' object has no attribute '{name}'")
    return getattr(method, name)(value, *args)


def as_size(lengths: Any) -> Size:
    """Lengths as sizes. Raises TypeError for what are no integers."""
    if isinstance(lengths, Size):
        return lengths
    found = []
    for place, length in enumerate(runtime.listed(lengths)):
        if not isinstance(length, int):
            raise TypeError(
                f"torch.Size() takes an iterable of 'int' (item {place} is "
                f"'{type(length).__name__}')"
            )
        found.append(int(length))
    return Size(found)


def expand(value: Any, shape: Any) -> Any:
    """A tensor seen in a larger shape."""
    return method.expand(value, shape)


def as_dtype(value: Any, dtype: Any) -> Any:
    """A tensor in another dtype."""
    return value if value.dtype is dtype else get_op("_to_copy").call(value, dtype)


def broadcast_all(*values: Any) -> Any:
    """Numbers and tensors as tensors of one shape.

    Numbers take the dtype of the first tensor, or the default one. Raises ValueError for anything
    else.
    """
    first = None
    for value in values:
        if type(value) is Tensor:
            first = value if first is None else first
        elif not is_number(value):
            raise ValueError(
                "Input arguments must all be instances of Number, torch.Tensor or objects "
                "implementing __torch_function__."
            )
    dtype = dtypes.default.dtype if first is None else first.dtype
    return torch.broadcast_tensors(
        *[value if type(value) is Tensor else torch.tensor(value, dtype=dtype) for value in values]
    )


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Probabilities of log odds (binary), or of log probabilities that need not be normalized."""
    return torch.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs: Any) -> Any:
    """Probabilities kept away from 0 and 1 by the dtype's eps."""
    eps = finfo(probs.dtype).eps
    return torch.clamp(probs, min=eps, max=1 - eps)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Log odds (binary) or log probabilities of probabilities."""
    kept = clamp_probs(probs)
    if is_binary:
        return torch.log(kept) - torch.log1p(-kept)
    return torch.log(kept)


class lazy_property:
    """A property that is computed once, with a record, and then is an attribute."""

    __module__ = "torch.distributions.utils"

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__name__ = getattr(wrapped, "__name__", "lazy_property")
        self.__doc__ = getattr(wrapped, "__doc__", None)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        return self.bind_to(instance)

    def bind_to(self, instance: Any) -> Any:
        """The value for an object, which keeps it."""
        with enable_grad():
            value = self.wrapped(instance)
        instance.__dict__[self.__name__] = value
        return value


def standard_normal(shape: Any, dtype: Any) -> Any:
    """Normal numbers of mean 0 and variance 1."""
    return method.normal_(torch.empty(shape, dtype=dtype))


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last `dims` dimensions."""
    if dims == 0:
        return value
    return method.sum(method.reshape(value, (*shape_of(value)[:-dims], -1)), -1)


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The lower triangles of (..., n, n) matrices row by row, up to a diagonal.

    Raises ValueError for a diagonal that the matrices do not have.
    """
    n = shape_of(mat)[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    arange = torch.arange(n)
    mask = arange < torch.unsqueeze(arange, -1) + (diag + 1)
    return mat[..., mask]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """The lower triangular matrices whose entries are given row by row.

    Raises ValueError for a number of entries that fills no triangle.
    """
    entries = shape_of(vec)[-1]
    # D entries and diagonal k fill the lower triangle of n rows: the root of a square equation.
    n = (
        -(1 + 2 * diag) + ((1 + 2 * diag) ** 2 + 8 * entries + 4 * abs(diag) * (diag + 1)) ** 0.5
    ) / 2
    eps = finfo(vec.dtype).eps
    if not round(n) - eps <= n <= round(n) + eps:
        raise ValueError(
            f"The size of last dimension is {entries} which cannot be expressed as "
            "the lower triangular part of a square D x D matrix."
        )
    rows = round(n)
    mat = torch.zeros((*shape_of(vec)[:-1], rows, rows), dtype=vec.dtype)
    arange = torch.arange(rows)
    mask = arange < torch.unsqueeze(arange, -1) + (diag + 1)
    mat[..., mask] = vec
    return mat


def spent(items: Any) -> Any:
    """Items of what a program gave, each counted as a step."""
    for item in items:
        runtime.spend(1)
        yield item
