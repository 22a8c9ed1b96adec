"""`torch.testing.assert_close`: whether values agree, and where they differ most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..table.lookup import get_op
from ..tensor import dtypes
from ..tensor.dtypes import DType
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, from_array, make, shape_of
from .methods import tensor_method

# What is allowed without `rtol` and `atol`, by the dtype: relative, absolute.
TOLERANCES: dict[DType, tuple[float, float]] = {
    dtypes.float16: (1e-3, 1e-5),
    dtypes.bfloat16: (1.6e-2, 1e-5),
    dtypes.float32: (1.3e-6, 1e-5),
    dtypes.complex64: (1.3e-6, 1e-5),
    dtypes.float64: (1e-7, 1e-7),
    dtypes.complex128: (1e-7, 1e-7),
}
_NUMBERS = (int, float, complex, np.number)


class _Options:
    """The keywords of one comparison."""

    __slots__ = ("atol", "check_dtype", "check_stride", "equal_nan", "rtol")

    def __init__(
        self, rtol: Any, atol: Any, equal_nan: bool, check_dtype: bool, check_stride: bool
    ) -> None:
        self.rtol = rtol
        self.atol = atol
        self.equal_nan = equal_nan
        self.check_dtype = check_dtype
        self.check_stride = check_stride

    def tolerances(self, *kinds: DType) -> tuple[float, float]:
        """The relative and the absolute difference that are allowed."""
        if self.rtol is not None:
            return self.rtol, self.atol
        found = [TOLERANCES.get(kind, (0.0, 0.0)) for kind in kinds]
        return max(rtol for rtol, _ in found), max(atol for _, atol in found)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError with the first difference that is too large.

    Sequences and mappings are compared item by item. Raises TypeError for values of kinds that
    cannot be compared.
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(
            f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}."
        )
    options = _Options(rtol, atol, equal_nan, check_dtype, check_stride)
    for pair in list(_pairs(actual, expected, ())):
        problem = _compare(*pair, options)
        if problem is not None:
            if isinstance(msg, str):
                problem = msg
            elif callable(msg):
                problem = msg(problem)
            raise AssertionError(problem)


def _pairs(actual: Any, expected: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """The values to compare with each other, with the items that lead to them."""
    runtime.check()
    runtime.spend(1)
    if _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            raise AssertionError(
                _placed(
                    f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path
                )
            )
        for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(one, other, (*path, index))
    elif isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            raise AssertionError(
                _placed(
                    "The keys of the mappings do not match:\n"
                    "Missing keys in the actual mapping: "
                    f"{sorted(expected.keys() - actual.keys())}\n"
                    "Additional keys in the actual mapping: "
                    f"{sorted(actual.keys() - expected.keys())}",
                    path,
                )
            )
        for key in actual:
            yield from _pairs(actual[key], expected[key], (*path, key))
    else:
        kinds = (type(actual), type(expected))
        like_tensors = kinds in ((Tensor, Tensor), (np.ndarray, np.ndarray))
        numbers = isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS)
        if not (like_tensors or numbers or actual is None or expected is None):
            raise TypeError(
                f"No comparison pair was able to handle inputs of type {kinds[0]} and {kinds[1]}."
            )
        yield actual, expected, path


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _placed(problem: str, path: tuple[Any, ...]) -> str:
    if not path:
        return problem
    return f"{problem}\n\nThe failure occurred for item {''.join(f'[{key!r}]' for key in path)}"


def _compare(actual: Any, expected: Any, path: Any, options: _Options) -> str | None:
    """What is wrong with a pair of values that are no containers."""
    if actual is None or expected is None:
        problem = None if actual is expected else f"None mismatch: {actual} is not {expected}"
    elif isinstance(actual, bool) and isinstance(expected, bool):
        problem = None if actual is expected else f"Booleans mismatch: {actual} is not {expected}"
    elif isinstance(actual, _NUMBERS):
        problem = _compare_numbers(_plain(actual), _plain(expected), options)
    else:
        problem = _compare_tensors(_tensor(actual), _tensor(expected), options)
    return None if problem is None else _placed(problem, path)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _tensor(value: Any) -> Tensor:
    """The values of a tensor or an array, outside any graph."""
    return from_array(value) if isinstance(value, np.ndarray) else make(value.array, value.dtype)


def _compare_numbers(actual: Any, expected: Any, options: _Options) -> str | None:
    if options.check_dtype and type(actual) is not type(expected):
        return f"The (d)types do not match: {type(actual)} != {type(expected)}."
    kinds = [dtypes.PYTHON[type(value)] for value in (actual, expected)]
    rtol, atol = options.tolerances(*kinds)
    difference = abs(actual - expected)
    close = actual == expected or (
        bool(np.isfinite(expected)) and difference <= atol + rtol * abs(expected)
    )
    if close or (options.equal_nan and actual != actual and expected != expected):
        return None
    return _scalars(actual, expected, rtol, atol)


def _scalars(actual: Any, expected: Any, rtol: float, atol: float) -> str:
    difference = abs(actual - expected)
    relative = float("inf") if expected == 0 else difference / abs(expected)
    return (
        f"Scalars are not {_wanted(rtol, atol)}!\n\n"
        f"Expected {expected} but got {actual}.\n"
        f"Absolute difference: {difference}{_allowed(atol, rtol, atol)}\n"
        f"Relative difference: {relative}{_allowed(rtol, rtol, atol)}"
    )


def _wanted(rtol: float, atol: float) -> str:
    return "close" if rtol or atol else "equal"


def _allowed(tolerance: float, rtol: float, atol: float) -> str:
    return f" (up to {tolerance} allowed)" if rtol or atol else ""


def _compare_tensors(actual: Tensor, expected: Tensor, options: _Options) -> str | None:
    attributes: list[tuple[str, Any, Any]] = [("shape", actual, expected)]
    if options.check_dtype:
        attributes.append(("dtype", actual, expected))
    if options.check_stride:
        attributes.append(("stride()", actual, expected))
    for name, *both in attributes:
        one, other = (_attribute(tensor, name) for tensor in both)
        if one != other:
            return f"The values for attribute '{name}' do not match: {one} != {other}."
    rtol, atol = options.tolerances(actual.dtype, expected.dtype)
    kind = dtypes.promote(actual.dtype, expected.dtype)
    if kind.category < dtypes.FLOATING:
        kind = dtypes.int64
    a, b = (make(kind.cast(tensor.array), kind) for tensor in (actual, expected))
    matches = np.asarray(_call("isclose", a, b, rtol, atol, options.equal_nan).array)
    if matches.all():
        return None
    if not matches.ndim:
        return _scalars(_call("item", actual), _call("item", expected), rtol, atol)
    difference = _call("abs", get_op("sub").call(a, b))
    relative = _call("div", difference, _call("abs", b))
    count = int((~matches).sum())
    return (
        f"Tensor-likes are not {_wanted(rtol, atol)}!\n\n"
        f"Mismatched elements: {count} / {matches.size} ({count / matches.size:.1%})\n"
        f"{_greatest('absolute', difference, matches)}{_allowed(atol, rtol, atol)}\n"
        f"{_greatest('relative', relative, matches)}{_allowed(rtol, rtol, atol)}"
    )


def _call(name: str, *args: Any) -> Any:
    return tensor_method(name)(*args)


def _attribute(tensor: Tensor, name: str) -> Any:
    if name == "shape":
        return f"torch.Size({list(shape_of(tensor))})"
    return tensor.dtype if name == "dtype" else _call("stride", tensor)


def _greatest(kind: str, differences: Tensor, matches: Any) -> str:
    """The largest difference among those that are too large, and where it is."""
    found = np.where(matches, 0, differences.array)
    place = np.unravel_index(int(np.argmax(found)), found.shape)
    index = tuple(int(step) for step in place)
    return f"Greatest {kind} difference: {found[place].item()} at index {index}"
