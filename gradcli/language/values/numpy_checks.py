"""What programs may hand to NumPy, and what NumPy may hand to programs: arrays of numbers.

An array of objects would call methods of its elements by name, and one of text or records has no
meaning here; so every function and method of NumPy that programs reach goes through `checked`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcli.language.machine.state import counted
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor
from gradcli.torch.namespaces import tensor_method

from .array_sizes import before_array_write, check_array, see_array
from .classes import is_program_class


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


DTYPES = words("""bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64
    complex64 complex128""")

_ALLOWED = {np.dtype(name): np.dtype(name) for name in DTYPES}
_NUMBERS = (bool, int, float, complex)
# The words that NumPy knows: orders of memory, ways to sort, to wrap, to pad, to interpolate and to
# cast, sides, kinds of grids, norms and transforms.
_WORDS = frozenset(
    words("""C F A K L U xy ij fro nuc quicksort mergesort heapsort stable raise wrap clip full same
        valid constant edge reflect symmetric linear_ramp maximum mean median minimum even odd
        left right ortho forward backward reduced complete r linear lower higher nearest
        midpoint auto fd doane scott stone rice sturges hazen weibull inverted_cdf
        averaged_inverted_cdf closest_observation interpolated_inverted_cdf median_unbiased
        normal_unbiased no equiv safe same_kind unsafe""")
)
_MOST = 1 << 63
_LONGEST = 16  # characters of a dtype's name


def dtype_of(value: Any) -> Any:
    """A dtype of numbers, None for None. Raises TypeError for any other."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) > _LONGEST:
        raise TypeError(f"data type '{value[:_LONGEST]}…' not understood")
    if not isinstance(value, str | type | np.dtype):
        raise TypeError(f"Cannot interpret '{type(value).__name__}' as a data type")
    found = np.dtype(value)
    allowed = _ALLOWED.get(found)
    if allowed is None:
        raise TypeError(f"arrays of {found} are not available here: numbers and booleans only")
    return allowed


def plain(value: Any) -> Any:
    """Data without tensors, for `numbers` to make an array of."""
    if isinstance(value, Tensor):
        return tensor_method("numpy")(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in counted(value)]
    if isinstance(value, range):
        runtime.reserve(36 * len(value))
        return list(counted(value))
    if isinstance(value, (*_NUMBERS, np.ndarray, np.generic)):
        return value
    raise TypeError(f"an array cannot be made from '{type(value).__name__}' objects here")


def numbers(array: Any) -> Any:
    """The array, which holds numbers. Raises TypeError for any other."""
    if array.dtype not in _ALLOWED:
        raise TypeError("arrays hold numbers and booleans here, all rows of one length")
    return array


def array_of(value: Any) -> Any:
    """An array of numbers from data of a program."""
    check_array(value)
    return numbers(np.asarray(plain(value)))


def argument(value: Any) -> Any:
    """What a function of NumPy is given for `value`. Raises TypeError for what is no number."""
    if value is None or type(value) in _NUMBERS:
        if type(value) is int and not -(1 << 63) <= value < 1 << 64:
            raise OverflowError("Python int too large to convert to C long")
        return value
    if isinstance(value, np.ndarray | np.generic):
        return numbers(value)
    if isinstance(value, Tensor):
        return value  # NumPy asks a tensor for its methods and elements, as it asks PyTorch's
    check_array(value)
    if isinstance(value, list | tuple) and any(
        isinstance(item, np.ndarray | Tensor) for item in value
    ):
        return tuple([argument(item) for item in value])
    if isinstance(value, list | tuple | range):
        return array_of(value)
    if isinstance(value, int | float | complex):
        return value
    raise TypeError(f"'{type(value).__name__}' objects are not arguments of NumPy functions here")


def _dtype_or_word(text: str) -> Any:
    """The dtype of a name, or a word for NumPy to refuse in its own sentence."""
    try:
        np.dtype(text[: _LONGEST + 1])
    except TypeError:
        if len(text) > _LONGEST:
            raise TypeError(f"'{text[:_LONGEST]}…' is not understood") from None
        return text
    return dtype_of(text)


def _place(part: Any) -> Any:
    if part is not None and not isinstance(part, int | np.integer):
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    return part


def option(value: Any) -> Any:
    """An argument that may also be a dtype, a word, an axis or a shape."""
    if isinstance(value, str):
        return value if value in _WORDS else _dtype_or_word(value)
    if isinstance(value, slice):
        return slice(*[_place(part) for part in (value.start, value.stop, value.step)])
    if isinstance(value, type | np.dtype):
        return dtype_of(value)
    if isinstance(value, tuple | list) and all(
        (type(item) is int and -_MOST <= item < _MOST) or isinstance(item, np.integer)
        for item in value
    ):
        return tuple(value)
    return argument(value)


def result(value: Any) -> Any:
    """What a function of NumPy gave, if it is made of numbers. Raises TypeError otherwise."""
    if isinstance(value, np.ndarray | np.generic):
        return numbers(value)
    if isinstance(value, tuple | list):
        parts = [result(item) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if value is None or type(value) in _NUMBERS or isinstance(value, Tensor):
        return value
    raise TypeError("arrays hold numbers and booleans here, all rows of one length")


def scalar(kind: type[np.generic]) -> Callable[..., Any]:
    """The constructor of NumPy's numbers."""

    def make(value: Any = 0, /) -> Any:
        if isinstance(value, str):
            return kind(value[:1000])
        if is_program_class(type(value)):
            value = (complex if issubclass(kind, np.complexfloating) else float)(value)
        return kind(argument(value))

    make.__name__ = make.__qualname__ = kind.__name__
    return make


_WRITING = frozenset(["copyto", "fill_diagonal", "place", "put", "putmask", "put_along_axis"])
_WRITING_METHODS = frozenset(["fill", "partition", "put", "sort"])
_OPTIONS = ("copy", "out", "overwrite_input")  # with which a function can write


def see_writes(writes: bool, given: Sequence[Any], named: Mapping[str, Any]) -> None:
    """Say which arrays a call of NumPy may write into: none, unless it `writes` or has a word."""
    if writes or not named.keys().isdisjoint(_OPTIONS):
        for value in (*given, *named.values()):
            see_array(value)


def writing(function: Callable[..., Any], name: str, count: int) -> bool:
    """Whether a function of NumPy may write into its arguments when it is given `count` of them."""
    return name in _WRITING or count > getattr(function, "nin", 2)


def checked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method of arrays whose options, other arrays and result are numbers."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = [option(value) for value in args]
        named = {key: option(value) for key, value in kwargs.items()}
        if before_array_write:
            see_writes(name in _WRITING_METHODS, [self, *given], named)
        if isinstance(self, np.ndarray) and self.nbytes > runtime.max_bytes:  # expanded
            runtime.reserve(self.nbytes)
        return result(function(numbers(self), *given, **named))

    call.__name__ = call.__qualname__ = name
    return call


def check_operand(value: Any) -> None:
    """Refuse what NumPy would make an array of objects of."""
    kind = type(value)
    if kind not in _NUMBERS and kind is not Tensor and kind is not str and value is not None:
        argument(value)


def operation(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """An operator on an array or a number of NumPy and something else.

    A number of NumPy meets an object of a program as the Python number that it is, so that the
    object's own method answers.
    """
    if isinstance(left, np.generic):
        if is_program_class(type(right)):
            left = left.item()
    elif isinstance(left, np.ndarray):
        check_operand(right)
    elif not is_program_class(type(left)):
        check_operand(left)
    elif not _answers(type(left), apply):
        argument(left)
    if apply in _GROWING and type(right) is int:
        argument(right)
    found = apply(left, right)
    for part in found if type(found) is tuple else (found,):
        if isinstance(part, np.ndarray | np.generic):
            numbers(part)
    return found


def check_comparison(left: Any, right: Any) -> None:
    """Refuse a comparison with an array for which NumPy would make an array of objects."""
    if isinstance(left, np.ndarray | np.generic):
        check_operand(right)
    elif not any("__eq__" in vars(base) for base in type(left).__mro__[:-1]):
        argument(left)
    elif not is_program_class(type(left)):
        check_operand(left)


def _answers(kind: type, apply: Callable[[Any, Any], Any]) -> bool:
    """Whether objects of a class have the method of an operator themselves."""
    name = apply.__name__.strip("_")
    return any(hasattr(kind, f"__{method}__") for method in (name, name.removeprefix("i")))


_GROWING = (operator.pow, operator.ipow, operator.lshift, operator.ilshift)
