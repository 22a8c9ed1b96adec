"""NumPy's functions that call a program's, and its objects that are indexed or entered."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import FLAT, index_of
from gradcli.language.machine.state import counted
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.iterators import wrapped
from gradcli.language.values.numpy_checks import (
    argument,
    array_of,
    check_operand,
    dtype_of,
    numbers,
    option,
    result,
)
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import refuse_width
from gradcli.tensor.runtime import runtime

# Functions over elements and over slices


class Vectorized:
    """`np.vectorize`: a program's function, called for every element of arrays."""

    __module__ = "numpy"
    __slots__ = ("function", "types")

    def __init__(self, pyfunc: Any, otypes: Any = None) -> None:
        self.function = callable_value(pyfunc)
        if isinstance(otypes, str):
            otypes = list(otypes)
        elif isinstance(otypes, type | np.dtype):
            otypes = [otypes]
        self.types = None if otypes is None else [dtype_of(kind) for kind in counted(otypes)]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arrays = [array_of(value) for value in args]
        if not arrays:
            return self.function(**kwargs)
        shape = np.broadcast_shapes(*[array.shape for array in arrays])
        runtime.reserve(64 * math.prod(shape))
        if not math.prod(shape) and self.types is None:
            raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
        types = self.types
        if types is None:  # NumPy asks the function once more, for what it gives
            first = self.function(*[array.flat[0] for array in arrays], **kwargs)
            parts = first if isinstance(first, tuple) else (first,)
            types = [array_of(part).dtype for part in parts]
        columns = [np.broadcast_to(array, shape).ravel().tolist() for array in arrays]
        rows = [self.function(*row, **kwargs) for row in counted(zip(*columns, strict=True))]
        if len(types) == 1:
            return _shaped(rows, types[0], shape)
        return tuple(
            _shaped([row[at] for row in rows], kind, shape) for at, kind in enumerate(types)
        )


def _shaped(values: list[Any], kind: Any, shape: tuple[int, ...]) -> Any:
    given = [argument(value) for value in values]
    return numbers(np.array(given, dtype=kind).reshape(shape))


Vectorized.__name__ = Vectorized.__qualname__ = "vectorize"
FLAT.add(Vectorized)


def vectorize(pyfunc: Any = None, otypes: Any = None, **kwargs: Any) -> Any:
    """`np.vectorize`, also as a decorator with arguments."""
    for name in kwargs:
        if name not in ("doc", "cache"):
            raise TypeError(f"vectorize() has no '{name}' here")
    if pyfunc is None:
        return lambda function: Vectorized(function, otypes)
    return Vectorized(pyfunc, otypes)


def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`: a function of every line of an array along one axis."""
    function, array, axis = callable_value(func1d), array_of(arr), index_of(axis)
    moved = np.moveaxis(array, axis, -1)
    outer = moved.shape[:-1]
    if not math.prod(outer):
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    made: Any = None
    for place in counted(np.ndindex(*outer)):
        value = array_of(function(moved[place], *args, **kwargs))
        if made is None:
            runtime.reserve(16 * math.prod(outer) * value.size)
            made = np.empty((*outer, *value.shape), value.dtype)
        made[place] = value
    at, rank = axis % array.ndim, made.ndim - len(outer)
    order = [*range(at), *range(len(outer), len(outer) + rank), *range(at, len(outer))]
    return made.transpose(order)[()]


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.piecewise`: functions or numbers, each where its condition holds."""
    array = array_of(x)
    if not isinstance(condlist, list | tuple) or (
        condlist and not isinstance(condlist[0], list | np.ndarray) and array.ndim
    ):
        condlist = [condlist]
    conditions = [array_of(condition).astype(bool) for condition in condlist]
    count = len(conditions)
    if len(funclist) == count + 1:
        conditions.append(~np.any(conditions, axis=0))
    elif len(funclist) != count:
        raise ValueError(
            f"with {count} condition(s), either {count} or {count + 1} functions are expected"
        )
    made = np.zeros_like(array)
    for condition, function in zip(conditions, funclist, strict=True):
        function = callable_value(function)
        if callable(function):
            chosen = array[condition]
            if chosen.size:
                made[condition] = argument(function(chosen, *args, **kwargs))
        else:
            made[condition] = argument(function)
    return made


def ndenumerate(arr: Any) -> Any:
    """`np.ndenumerate`: every place of an array and its element."""
    return wrapped("generator", counted(iter(np.ndenumerate(array_of(arr)))), 1)


def ndindex(*shape: Any) -> Any:
    """`np.ndindex`: every place of an array of a shape."""
    if len(shape) == 1 and isinstance(shape[0], tuple | list):
        shape = tuple(shape[0])
    lengths = [index_of(length) for length in shape]
    for length in lengths:
        if isinstance(length, int):
            runtime.reserve(8 * max(length, 0))
    places: Iterator[Any] = itertools.product(*map(range, lengths))
    return wrapped("generator", counted(places), 1)


def issubdtype(arg1: Any, arg2: Any) -> bool:
    """`np.issubdtype`."""
    return bool(np.issubdtype(_kind(arg1), _kind(arg2)))


def _kind(value: Any) -> Any:
    if isinstance(value, type) and issubclass(value, np.generic):
        return value
    return dtype_of(value)


def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """`np.can_cast`."""
    return bool(np.can_cast(dtype_of(from_), dtype_of(to), option(casting)))


def result_type(*arrays_and_dtypes: Any) -> Any:
    """`np.result_type`."""
    given = [option(value) for value in arrays_and_dtypes]
    return dtype_of(np.result_type(*given))


def promote_types(type1: Any, type2: Any) -> Any:
    """`np.promote_types`."""
    return dtype_of(np.promote_types(dtype_of(type1), dtype_of(type2)))


def array_str(a: Any, *args: Any, **kwargs: Any) -> str:
    """`np.array_str`."""
    from gradcli.language.values.text import text

    with PrintOptions(**_precise(args, kwargs)):
        return text(array_of(a))


def array_repr(arr: Any, *args: Any, **kwargs: Any) -> str:
    """`np.array_repr`."""
    from gradcli.language.values.text import text_repr

    with PrintOptions(**_precise(args, kwargs)):
        return text_repr(array_of(arr))


def array2string(a: Any, *args: Any, **kwargs: Any) -> str:
    """`np.array2string`, with the options of `np.set_printoptions`."""
    separator = kwargs.pop("separator", " ")
    if not isinstance(separator, str) or len(separator) > _MOST_LETTERS:
        raise TypeError("separator must be a short text")
    array = array_of(a)
    array_str(array)  # how long it would be
    with PrintOptions(**_options(kwargs, ("max_line_width",), args)):
        return np.array2string(array, separator=separator)


_MOST_LETTERS = 100


def _precise(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return _options(kwargs, ("max_line_width", "precision", "suppress_small"), args)


def _options(
    kwargs: dict[str, Any], names: tuple[str, ...], args: tuple[Any, ...]
) -> dict[str, Any]:
    found = {**dict(zip(names, args, strict=False)), **kwargs}
    renamed = {"max_line_width": "linewidth", "suppress_small": "suppress"}
    return {renamed.get(name, name): value for name, value in found.items() if value is not None}


# Objects that are indexed


def _bounds(key: Any) -> Any:
    """A slice of numbers, or an index, that makes an array of bounded size."""
    if isinstance(key, slice):
        start, stop, step = key.start, key.stop, key.step
        for part in (start, stop, step):
            check_operand(part)
            if isinstance(part, list | tuple):
                raise TypeError("slice indices must be numbers")
        return slice(start, stop, step)
    if isinstance(key, str):
        return key[:20]
    return argument(key)


def _points(key: Any) -> int:
    if not isinstance(key, slice):
        return max(getattr(key, "size", 1), 1)
    step = 1 if key.step is None else key.step
    if isinstance(step, complex):
        return max(int(abs(step)), 1)
    start = 0 if key.start is None else key.start
    stop = start if key.stop is None else key.stop
    count = abs(float(stop) - float(start)) / max(abs(float(step)), 1e-300)
    return max(int(min(count, 1e18)) + 1, 1) if count == count else 1


class Grid:
    """`np.mgrid`, `np.ogrid`, `np.r_`, `np.c_` and `np.s_`: arrays written as indices."""

    __module__ = "numpy"
    __slots__ = ("dense", "host")

    def __init__(self, host: Any, dense: bool) -> None:
        self.host = host
        self.dense = dense

    def __getitem__(self, key: Any) -> Any:
        keys = tuple(key) if isinstance(key, tuple) else (key,)
        if len(keys) > _MOST_PARTS:
            raise ValueError(f"more than {_MOST_PARTS:,} parts are refused")
        parts = tuple(_bounds(part) for part in keys)
        sizes = [_points(part) for part in parts]
        total = math.prod(sizes) * len(sizes) if self.dense else sum(sizes)
        runtime.reserve(24 * max(total, 1))
        return result(self.host[parts if isinstance(key, tuple) else parts[0]])


_MOST_PARTS = 10_000


class IndexMaker:
    """`np.s_`: the index itself."""

    __module__ = "numpy"
    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return key


FLAT.update((Grid, IndexMaker))
for _grid_kind in (Grid, IndexMaker, Vectorized):
    TABLES[_grid_kind] = {}
    LOADERS[_grid_kind] = load_from({})


# Settings of texts and of warnings

_WIDEST = 10_000
_TEXT_OPTIONS = "precision threshold edgeitems linewidth suppress nanstr infstr sign floatmode"
_TEXT_WORDS = {
    "sign": ("+", "-", " "),
    "floatmode": ("fixed", "unique", "maxprec", "maxprec_equal"),
}


def _text_option(name: str, value: Any) -> Any:
    if name not in _TEXT_OPTIONS.split():
        raise TypeError(f"set_printoptions() has no '{name}' here")
    if name in _TEXT_WORDS:
        if value not in _TEXT_WORDS[name]:
            raise ValueError(f"{name} is one of {', '.join(map(repr, _TEXT_WORDS[name]))}")
        return value
    if name in ("nanstr", "infstr"):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a string")
        return value[:_MOST_LETTERS]
    if name == "suppress":
        return bool(value)
    value = index_of(value)
    if name != "threshold" and isinstance(value, int) and value > _WIDEST:
        refuse_width()
    if not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number")
    return value


def set_printoptions(
    precision: Any = None,
    threshold: Any = None,
    edgeitems: Any = None,
    linewidth: Any = None,
    suppress: Any = None,
    nanstr: Any = None,
    infstr: Any = None,
    formatter: Any = None,
    sign: Any = None,
    floatmode: Any = None,
) -> None:
    """`np.set_printoptions`."""
    if formatter is not None:
        raise TypeError("functions that write numbers are not available here: use an f-string")
    given = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems,
        "linewidth": linewidth, "suppress": suppress, "nanstr": nanstr, "infstr": infstr,
        "sign": sign, "floatmode": floatmode,
    }  # fmt: skip
    checked: dict[str, Any] = {
        name: _text_option(name, value) for name, value in given.items() if value is not None
    }
    _remember()
    np.set_printoptions(**checked)


_usual: dict[str, Any] = {}  # what the host had before a program set anything


def _remember() -> None:
    if not _usual:
        _usual.update(errors=np.geterr(), texts=_text_options())


def _text_options() -> dict[str, Any]:
    found: dict[str, Any] = {**np.get_printoptions()}
    return {name: found[name] for name in _TEXT_OPTIONS.split()}


def forget_settings() -> None:
    """Undo what earlier programs set."""
    if _usual:
        np.set_printoptions(**_usual["texts"])
        np.seterr(**_usual["errors"])


def get_printoptions() -> dict[str, Any]:
    """`np.get_printoptions`."""
    return dict(np.get_printoptions())


class PrintOptions:
    """`np.printoptions`: other options inside a block."""

    __module__ = "numpy"
    __slots__ = ("before", "given")

    def __init__(self, **given: Any) -> None:
        self.given = {name: _text_option(name, value) for name, value in given.items()}
        self.before: Any = None

    def __enter__(self) -> dict[str, Any]:
        _remember()
        self.before = _text_options()
        np.set_printoptions(**self.given)
        return get_printoptions()

    def __exit__(self, *_: object) -> None:
        np.set_printoptions(**self.before)


class ErrorState:
    """`np.errstate`: which floating-point events warn inside a block."""

    __module__ = "numpy"
    __slots__ = ("before", "given")

    def __init__(self, **given: Any) -> None:
        self.given = _error_words(given)
        self.before: Any = None

    def __enter__(self) -> None:
        _remember()
        self.before = np.seterr(**self.given)

    def __exit__(self, *_: object) -> None:
        np.seterr(**self.before)


def _error_words(given: dict[str, Any]) -> dict[str, Any]:
    for name, value in given.items():
        if name not in ("all", "divide", "over", "under", "invalid"):
            raise TypeError(f"seterr() got an unexpected keyword argument '{name}'")
        if value not in ("ignore", "warn", "raise", None):
            raise ValueError(f"'{name}' is one of 'ignore', 'warn', 'raise' here")
    return given


def seterr(**given: Any) -> dict[str, Any]:
    """`np.seterr`: which floating-point events warn."""
    _remember()
    return dict(np.seterr(**_error_words(given)))


PrintOptions.__name__ = PrintOptions.__qualname__ = "printoptions"
ErrorState.__name__ = ErrorState.__qualname__ = "errstate"

# Limits of dtypes

_FLOAT_LIMITS = "bits eps epsneg iexp max maxexp min minexp nexp nmant precision resolution tiny"


def _limit(name: str) -> property:
    return property(lambda self: getattr(self, name))


for _limits, _names in (
    (np.finfo, f"{_FLOAT_LIMITS} smallest_normal smallest_subnormal dtype"),
    (np.iinfo, "bits max min dtype"),
):
    TABLES[_limits] = {name: _limit(name) for name in _names.split()}
    LOADERS[_limits] = load_from(TABLES[_limits])


def finfo(dtype: Any) -> Any:
    """`np.finfo`."""
    return np.finfo(_limited(dtype))


def iinfo(type: Any) -> Any:
    """`np.iinfo`."""
    return np.iinfo(_limited(type))


def _limited(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic | float | int | complex):
        return numbers(np.asarray(argument(value))).dtype
    return dtype_of(value)


def block(arrays: Any) -> Any:
    """`np.block`: one array of nested lists of blocks."""
    given = _blocks(arrays, 0)
    runtime.reserve(16 * _cells(given))
    return result(np.block(given))


def _blocks(value: Any, depth: int) -> Any:
    if isinstance(value, tuple):
        return ()  # for NumPy to refuse
    if not isinstance(value, list):
        return array_of(value)
    if depth > _MOST_DEPTH:
        raise ValueError(f"blocks are nested in at most {_MOST_DEPTH} lists")
    return [_blocks(part, depth + 1) for part in counted(value)]


def _cells(value: Any) -> int:
    return sum(map(_cells, value)) if isinstance(value, list | tuple) else max(value.size, 1)


_MOST_DEPTH = 32


def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    """`np.shares_memory`, given up where the answer would take long."""
    work: Any = _MOST_WORK
    return bool(np.shares_memory(array_of(a), array_of(b), max_work=work))


_MOST_WORK = 100_000


def min_scalar_type(a: Any) -> Any:
    """`np.min_scalar_type`."""
    return dtype_of(np.min_scalar_type(argument(a)))


def base_repr(number: Any, base: Any = 2, padding: Any = 0) -> str:
    """`np.base_repr`."""
    number, base, padding = (index_of(value) for value in (number, base, padding))
    if isinstance(padding, int) and padding > _WIDEST:
        refuse_width()
    _small(number)
    return np.base_repr(number, base, padding)


def binary_repr(num: Any, width: Any = None) -> str:
    """`np.binary_repr`."""
    num, width = index_of(num), index_of(width)
    if isinstance(width, int) and width > _WIDEST:
        refuse_width()
    _small(num)
    return np.binary_repr(num, width)


def _small(number: Any) -> None:
    if not isinstance(number, int):
        raise TypeError(f"'{type(number).__name__}' object cannot be interpreted as an integer")
    if number.bit_length() > 64:
        raise OverflowError("Python int too large to convert to C long")


def _written(function: Any) -> Any:
    """A function of NumPy that writes one number."""

    def write(x: Any, precision: Any = None, unique: Any = True, **kwargs: Any) -> str:
        named = {name: index_of(value) for name, value in kwargs.items()}
        places = index_of(precision)
        for value in (places, *named.values()):
            if isinstance(value, int) and value > _WIDEST:
                refuse_width()
        given = argument(x)
        text: str = function(given, precision=places, unique=bool(unique), **named)
        return text

    return write


OWN: dict[str, Any] = {
    "block": block,
    "shares_memory": shares_memory,
    "min_scalar_type": min_scalar_type,
    "base_repr": base_repr,
    "binary_repr": binary_repr,
    "format_float_positional": _written(np.format_float_positional),
    "format_float_scientific": _written(np.format_float_scientific),
    "vectorize": vectorize,
    "apply_along_axis": apply_along_axis,
    "piecewise": piecewise,
    "ndenumerate": ndenumerate,
    "ndindex": ndindex,
    "issubdtype": issubdtype,
    "can_cast": can_cast,
    "result_type": result_type,
    "promote_types": promote_types,
    "array_str": array_str,
    "array_repr": array_repr,
    "array2string": array2string,
    "set_printoptions": set_printoptions,
    "get_printoptions": get_printoptions,
    "printoptions": lambda **given: PrintOptions(**given),
    "errstate": lambda **given: ErrorState(**given),
    "seterr": seterr,
    "finfo": finfo,
    "iinfo": iinfo,
    "mgrid": Grid(np.mgrid, True),
    "ogrid": Grid(np.ogrid, False),
    "r_": Grid(np.r_, False),
    "c_": Grid(np.c_, False),
    "s_": IndexMaker(),
    "index_exp": IndexMaker(),
}
