"""Parsed JSON values as arrays with dtypes, in the bare and in the lossless form.

Bare: numbers, `true`, `false`, `"NaN"`, `"Infinity"`, `"-Infinity"`, `{"re": …, "im": …}`, and
lists of equal length of these. Lossless: `{"dtype": …, "shape": […], "data": …}`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import dtypes
from ..tensor.dtypes import Array, DType
from .errors import DataError

MAX_DIMENSIONS = 64

WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
PARTS = {"re", "im"}
_LOSSLESS = {"dtype", "shape", "data"}


def to_array(
    value: Any, floating: DType, *, infer: bool = False, path: str = ""
) -> tuple[Array, DType]:
    """The array and dtype for a parsed JSON value; `path` is its name in errors.

    Numbers become `floating` (or the complex type of its width) and booleans stay booleans. With
    `infer` the type follows `torch.tensor`: integers become int64.
    """
    kind = type(value)
    if kind is float:
        if value - value != 0.0:
            raise _too_large("a number", "float64", path)
        return _store(np.float64(value), floating, path), floating
    if kind is dict:
        if "dtype" in value or "data" in value:
            return _lossless(value, path)
        number = _scalar(value, path)
        dtype = floating.to_complex()
        return _store(np.complex128(number), dtype, path), dtype
    array = _collect(value, path)
    dtype = _choose(array, floating, infer, path)
    return _store(array, dtype, path), dtype


def _choose(array: Array, floating: DType, infer: bool, path: str) -> DType:
    kind = array.dtype.kind
    if kind == "b":
        return dtypes.bool_
    if kind == "c":
        return floating.to_complex()
    if kind == "f" or not infer:
        return floating
    if kind == "O" or kind == "u":
        raise DataError(
            "an integer does not fit into int64",
            path=path,
            help="write it with a decimal point to have a floating-point number",
        )
    return dtypes.int64


def _store(array: Array, dtype: DType, path: str) -> Array:
    """`array` cast to `dtype`, and refused where a value does not fit its range."""
    if array.dtype == dtype.array and dtype.raw:
        return array
    category = dtype.category
    if array.dtype.kind == "O" and category != dtypes.INTEGER:
        array = _from_integers(array, path)
    if category == dtypes.INTEGER:
        _check_integers(array, dtype, path)
        return dtype.cast(array)
    if category == dtypes.BOOL:
        if array.dtype.kind != "b" and array.size:
            raise DataError("elements of dtype bool are true and false", path=path)
        return dtype.cast(array)
    with np.errstate(over="ignore", invalid="ignore"):
        result = dtype.cast(array)
    narrower = dtype.itemsize < (16 if dtype.is_complex else 8)
    if narrower and bool(np.any(np.isinf(result) & ~np.isinf(array))):
        raise _too_large("a number", dtype.name, path)
    return result


def _check_integers(array: Array, dtype: DType, path: str) -> None:
    if not array.size:
        return
    if array.dtype.kind not in "iuO":  # O: integers of which some are beyond int64
        raise DataError(f"elements of dtype {dtype.name} are integers", path=path)
    info = np.iinfo(dtype.array)
    if int(array.min()) < info.min or int(array.max()) > info.max:
        raise _too_large("an integer", dtype.name, path)


def _from_integers(array: Array, path: str) -> Array:
    """Integers beyond int64 as float64."""
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise _too_large("an integer", "float64", path) from None


def _too_large(what: str, dtype: str, path: str) -> DataError:
    return DataError(f"{what} is beyond the range of {dtype}", path=path)


def _collect(value: Any, path: str) -> Array:
    """All elements in one array: bool, int64, float64, complex128, or object for big integers."""
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return _walk(value, path)
    if array.dtype.kind not in "bif" or array.ndim > MAX_DIMENSIONS:
        return _walk(value, path)
    if array.dtype.kind == "f" and not (np.abs(array) < 1 << 63).all():
        if not np.isfinite(array).all():
            raise _too_large("a number", "float64", path)
        return _walk(value, path)  # NumPy takes integers beyond int64 for floats
    return array if array.ndim else array[()]


def _walk(value: Any, path: str) -> Array:
    """The same element by element, for what NumPy cannot tell apart, with exact positions."""
    shape = _shape(value, path)
    flat: list[Any] = []
    _flatten(value, shape, 0, path, flat)
    kinds = {type(item) for item in flat}
    if complex in kinds:
        dtype: Any = np.complex128
    elif float in kinds:
        dtype = np.float64
    elif int in kinds:
        dtype = np.int64
        if any(not -(1 << 63) <= item < 1 << 63 for item in flat):
            dtype = object
    else:
        dtype = np.bool_ if kinds else np.float64
    try:
        array = np.array(flat, dtype=dtype).reshape(shape)
    except OverflowError:
        raise _too_large("an integer", "float64", path) from None
    return array if shape or dtype is object else array[()]


def _shape(value: Any, path: str) -> tuple[int, ...]:
    shape: list[int] = []
    while type(value) is list:
        shape.append(len(value))
        if len(shape) > MAX_DIMENSIONS:
            raise DataError(f"lists are nested deeper than {MAX_DIMENSIONS}", path=path)
        if not value:
            break
        value = value[0]
    return tuple(shape)


def _flatten(value: Any, shape: tuple[int, ...], depth: int, path: str, flat: list[Any]) -> None:
    if depth == len(shape):
        if type(value) is list:
            raise DataError(
                f"expected a number at dim {depth}, but got a list of length {len(value)}",
                path=path,
            )
        flat.append(_scalar(value, path))
        return
    if type(value) is not list:
        raise DataError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {described(value)})",
            path=path,
        )
    if len(value) != shape[depth]:
        raise DataError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {len(value)})",
            path=path,
        )
    for place, item in enumerate(value):
        _flatten(item, shape, depth + 1, f"{path}[{place}]", flat)


def _scalar(value: Any, path: str) -> bool | int | float | complex:
    kind = type(value)
    if kind is float:
        if value - value != 0.0:
            raise _too_large("a number", "float64", path)
        return float(value)
    if kind is bool or kind is int:
        return value  # type: ignore[no-any-return]
    if kind is str and value in WORDS:
        return WORDS[value]
    if kind is dict and value.keys() == PARTS:
        parts = [_scalar(value[name], f"{path}.{name}") for name in ("re", "im")]
        if all(type(part) is float or type(part) is int for part in parts):
            try:
                return complex(*parts)
            except OverflowError:
                raise _too_large("an integer", "float64", path) from None
    raise DataError(f"expected a number, but got {described(value)}", path=path, help=_hint(value))


def _hint(value: Any) -> str:
    if type(value) is dict:
        return 'write {"re": …, "im": …} or {"dtype": …, "shape": […], "data": …}'
    if type(value) is str:
        lowered = value.strip().lower().lstrip("+-")
        if lowered in ("nan", "inf", "infinity"):
            return 'write "NaN", "Infinity" or "-Infinity"'
        if not lowered:
            return 'write "NaN" for a number that is missing'
        try:
            number = float(value)
        except ValueError:
            return ""
        if number - number != 0.0:
            return "it is beyond the range of float64"
        return "write it without the quotes"
    return ""


def described(value: Any) -> str:
    """What an error calls a value of a JSON document."""
    if value is None:
        return "null"
    if type(value) is str:
        shown = value if len(value) <= 20 else value[:20] + "…"
        return f'the string "{shown}"'
    if type(value) is dict:
        return "an object"
    if type(value) is list:
        return f"a list of length {len(value)}"
    return str(value).lower()


def _lossless(value: dict[str, Any], path: str) -> tuple[Array, DType]:
    missing = _LOSSLESS - value.keys()
    if missing:
        raise DataError(
            f'the lossless form needs "dtype", "shape" and "data"; "{min(missing)}" is missing',
            path=path,
        )
    dtype = next((d for d in dtypes.ALL if d.name == value["dtype"]), None)
    if dtype is None:
        raise DataError(
            f"{described(value['dtype'])} is not a dtype",
            path=f"{path}.dtype",
            help="dtypes are " + ", ".join(d.name for d in dtypes.ALL),
        )
    shape = value["shape"]
    if type(shape) is not list or any(type(n) is not int or n < 0 for n in shape):
        raise DataError("a shape is a list of integers from 0 up", path=f"{path}.shape")
    if len(shape) > MAX_DIMENSIONS:
        raise DataError(f"more than {MAX_DIMENSIONS} dimensions", path=f"{path}.shape")
    inner = f"{path}.data"
    array = _collect(value["data"], inner)
    if 0 in shape and array.size == 0:
        return np.zeros(tuple(shape), dtype.array), dtype
    if array.shape != tuple(shape):
        raise DataError(
            f"data has the shape {list(array.shape)}, but shape says {shape}", path=inner
        )
    if array.dtype.kind == "c" and not dtype.is_complex:
        raise DataError(f"complex elements in a tensor of dtype {dtype.name}", path=inner)
    if array.dtype.kind == "b" and dtype.name != "bool":
        raise DataError(f"booleans in a tensor of dtype {dtype.name}", path=inner)
    return _store(array, dtype, inner), dtype
