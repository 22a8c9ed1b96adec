"""The small part of NumPy that programs use to make and to look at arrays.

An ndarray is a value with the attributes listed here and NumPy's text. Arrays hold numbers and
booleans only: object arrays would call methods of their elements by name.
"""

from __future__ import annotations

import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import FLAT, check_walk, index_of
from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import check_array, check_dot
from gradcli.language.values.attributes import CLASS_NAMES, LOADERS, NAMES, Module, load_from
from gradcli.language.values.constructors import CONSTRUCTORS
from gradcli.language.values.identity import id_of
from gradcli.language.values.numpy_checks import (
    DTYPES,
    argument,
    array_of,
    checked,
    dtype_of,
    numbers,
    option,
    plain,
    result,
    scalar,
)
from gradcli.language.values.python_types import TABLES, name_function, pick
from gradcli.language.values.text import refuse_width
from gradcli.tensor.runtime import runtime

from .builtins import class_of
from .numpy_sizes import bounded_decimals, check_result

_scalar_types = tuple(getattr(np, name) for name in DTYPES)


def array(object: Any, dtype: Any = None) -> Any:
    """`np.array`: a copy."""
    check_array(object)
    return numbers(np.array(plain(object), dtype=dtype_of(dtype)))


def asarray(a: Any, dtype: Any = None) -> Any:
    """`np.asarray`."""
    check_array(a)
    return numbers(np.asarray(plain(a), dtype=dtype_of(dtype)))


def _reserve(shape: Any, itemsize: int = 8) -> Any:
    """The shape as ints, when an array of it may be made."""
    if isinstance(shape, np.ndarray) and shape.size <= _MOST_DIMENSIONS:
        shape = shape.tolist()
    if isinstance(shape, list | tuple | range) and len(shape) <= _MOST_DIMENSIONS:
        shape = sizes = tuple(map(index_of, shape))
    else:
        shape = index_of(shape)
        sizes = (shape,)
        if not isinstance(shape, int | float | None):
            raise TypeError(
                f"expected a sequence of integers or a single integer, got '{type(shape).__name__}'"
            )
    total = itemsize
    for size in sizes:
        if isinstance(size, int) and size > 0:
            total *= size
    runtime.reserve(total)
    machine.reserve(total)
    return shape


_MOST_DIMENSIONS = 64


def _filled(name: str) -> Callable[..., Any]:
    make = vars(np)[name]

    def filled(shape: Any, dtype: Any = float) -> Any:
        kind = dtype_of(dtype)
        return make(_reserve(shape, kind.itemsize), dtype=kind)

    filled.__name__ = filled.__qualname__ = name
    return filled


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    return numbers(np.full(_reserve(shape), argument(fill_value), dtype=dtype_of(dtype)))


def arange(*args: Any, dtype: Any = None) -> Any:
    ends = [float(a) for a in args]
    start, stop, step = (0.0, ends[0], 1.0) if len(ends) == 1 else (*ends, 1.0)[:3]
    if step:
        count = (stop - start) / step
        if count - count != 0:
            raise ValueError("Maximum allowed size exceeded")
        _reserve(max(int(count), 0))
    return numbers(np.arange(*map(argument, args), dtype=dtype_of(dtype)))


def linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    num = _reserve_points(num, start, stop)
    ends = argument(start), argument(stop)
    return result(np.linspace(*ends, num, endpoint=endpoint, dtype=dtype_of(dtype)))


def _reserve_points(num: Any, *ends: Any) -> Any:
    """How many points, when as many for each pair of ends may be made."""
    num = index_of(num)
    size = 16 * max(num, 1) if isinstance(num, int) else 16
    for end in ends:
        check_walk(end)
        size *= math.prod(np.shape(argument(end)))
    runtime.reserve(size)
    return num


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0) -> Any:
    num = _reserve_points(num, start, stop, base)
    ends = argument(start), argument(stop)
    return result(np.logspace(*ends, num, endpoint=endpoint, base=argument(base)))


def eye(N: Any, M: Any = None, dtype: Any = float) -> Any:
    N, M = _reserve((N, N if M is None else M))
    return np.eye(N, M, dtype=dtype_of(dtype))


def _on_arrays(name: str, *keywords: str) -> Callable[..., Any]:
    function = vars(np)[name]

    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in kwargs:
            if keyword not in keywords:
                raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
        given = [argument(a) for a in args]
        check_result(name, given, kwargs)
        if not isinstance(kwargs.get("out"), np.ndarray | None):
            raise TypeError("return arrays must be of ArrayType")
        if "dtype" in kwargs:
            kwargs["dtype"] = dtype_of(kwargs["dtype"])
        return result(function(*given, **{key: option(value) for key, value in kwargs.items()}))

    call.__name__ = call.__qualname__ = function.__name__
    return call


_UNARY = [
    "abs",
    "absolute",
    "sqrt",
    "square",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arcsin",
    "arccos",
    "arctan",
    "arcsinh",
    "arccosh",
    "arctanh",
    "sign",
    "floor",
    "ceil",
    "rint",
    "trunc",
    "isnan",
    "isinf",
    "isfinite",
    "reciprocal",
    "negative",
    "conj",
    "real",
    "imag",
    "angle",
    "deg2rad",
    "rad2deg",
    "radians",
    "degrees",
    "logical_not",
]
_BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "floor_divide",
    "power",
    "mod",
    "remainder",
    "maximum",
    "minimum",
    "arctan2",
    "hypot",
    "equal",
    "not_equal",
    "less",
    "greater",
    "less_equal",
    "greater_equal",
    "logical_and",
    "logical_or",
    "copysign",
]
_REDUCING = [
    "sum",
    "prod",
    "mean",
    "std",
    "var",
    "max",
    "min",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "all",
    "any",
    "cumsum",
    "cumprod",
    "median",
]
_SHAPING = [
    "reshape",
    "transpose",
    "ravel",
    "squeeze",
    "expand_dims",
    "concatenate",
    "stack",
    "vstack",
    "hstack",
    "dot",
    "matmul",
    "outer",
    "where",
    "clip",
    "sort",
    "argsort",
    "diag",
    "trace",
    "meshgrid",
    "round",
    "allclose",
    "array_equal",
    "isclose",
    "flip",
    "roll",
]


def _array_astype(self: Any, dtype: Any, **kwargs: Any) -> Any:
    for keyword in kwargs:
        if keyword not in ("copy", "order", "casting"):
            raise TypeError(f"astype() got an unexpected keyword argument '{keyword}'")
    return numbers(self).astype(dtype_of(dtype), **kwargs)


def _array_tolist(self: Any) -> Any:
    machine.reserve(40 * self.size)
    return self.tolist()


def _array_repeat(self: Any, repeats: Any, axis: Any = None) -> Any:
    repeats = index_of(repeats)
    if isinstance(repeats, int):
        _reserve((max(self.size, 1), repeats))
    return result(self.repeat(int(repeats), None if axis is None else int(axis)))


_METHODS = (
    "all any argmax argmin argsort clip conj conjugate copy cumprod cumsum diagonal fill "
    "flatten item max mean min nonzero prod ravel reshape sort squeeze std sum swapaxes "
    "trace transpose var"
)
_SCALAR_METHODS = "all any conj conjugate copy item max mean min reshape sum"


def _methods(kind: type, names: str) -> dict[str, Any]:
    """Methods of arrays that take numbers and give numbers."""
    return {name: checked(vars(kind)[name], name) for name in names.split()}


def _imaginary(array: Any) -> Any:
    if array.dtype.kind != "c":  # NumPy makes zeros of the whole shape
        runtime.reserve(array.nbytes)
    return array.imag


def _array_round(self: Any, decimals: Any = 0, out: Any = None) -> Any:
    return result(numbers(self).round(bounded_decimals(decimals), option(out)))


def _array_dot(self: Any, b: Any, out: Any = None) -> Any:
    given = argument(b)
    check_dot(self, given)
    return result(numbers(self).dot(given, option(out)))


_ARRAY = pick(
    np.ndarray,
    "T itemsize nbytes ndim real shape size strides",
    imag=property(_imaginary),
    **_methods(np.ndarray, _METHODS),
    astype=_array_astype,
    tolist=_array_tolist,
    repeat=_array_repeat,
    round=_array_round,
    dot=_array_dot,
    dtype=property(lambda self: self.dtype),
)


def _numpy_names() -> dict[str, Any]:
    entries: dict[str, Any] = {name: getattr(np, name) for name in DTYPES}
    entries |= {
        "pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan, "newaxis": None,
        "array": array, "asarray": asarray, "full": full, "arange": arange,
        "linspace": linspace, "logspace": logspace, "eye": eye, "identity": eye,
        "zeros": _filled("zeros"), "ones": _filled("ones"), "empty": _filled("zeros"),
        "zeros_like": lambda a, dtype=None: np.zeros_like(array_of(a), dtype=dtype_of(dtype)),
        "ones_like": lambda a, dtype=None: np.ones_like(array_of(a), dtype=dtype_of(dtype)),
        "float_": np.float64, "bool": np.bool_, "ndarray": class_of(np.empty(0)),
        "set_printoptions": _set_printoptions,
        "random": _random_module(), "linalg": _linalg_module(),
    }  # fmt: skip
    for name in _UNARY + _BINARY:
        entries[name] = _on_arrays(name, "out", "dtype")
    for name in _REDUCING:
        entries[name] = _on_arrays(name, "axis", "keepdims", "ddof", "dtype")
    for name in _SHAPING:
        entries[name] = _on_arrays(
            name, "axis", "rtol", "atol", "equal_nan", "decimals", "indexing", "a_min", "a_max"
        )
    return entries


def _set_printoptions(
    precision: Any = None, suppress: Any = None, linewidth: Any = None, threshold: Any = None
) -> None:
    precision, linewidth = index_of(precision), index_of(linewidth)
    for value in (precision, linewidth):
        if isinstance(value, int) and value > _WIDEST:
            refuse_width()
    np.set_printoptions(
        precision=precision, suppress=suppress, linewidth=linewidth, threshold=threshold
    )


_WIDEST = 10_000


class RandomSource:
    """NumPy's `Generator` or `RandomState`: drawing functions under their names."""

    __module__ = "numpy.random"
    __slots__ = ("entries", "text")

    def __init__(self, text: str, entries: dict[str, Any]) -> None:
        self.text = text
        self.entries = entries
        for name, value in entries.items():
            name_function(value, name)

    def __repr__(self) -> str:
        return f"{self.text} at 0x{id_of(self):X}"


def _load_source(value: RandomSource, name: str) -> Any:
    found = value.entries.get(name)
    if found is None:
        kind = value.text.partition("(")[0]
        owner = f"numpy.random.{'_generator' if kind == 'Generator' else 'mtrand'}.{kind}"
        raise AttributeError(f"'{owner}' object has no attribute '{name}'", name=name, obj=value)
    return found


LOADERS[RandomSource] = _load_source
FLAT.add(RandomSource)
NAMES[RandomSource] = lambda value: value.entries
CLASS_NAMES[RandomSource] = lambda value: value.text.partition("(")[0]


def _seed(value: Any) -> Any:
    """What a generator starts from: an int, or a list of at most a few."""
    if isinstance(value, list | tuple | range):
        if len(value) > _MOST_WORDS:
            raise ValueError(f"a seed of more than {_MOST_WORDS} numbers is refused")
        return [operator.index(item) for item in value]
    if isinstance(value, np.ndarray):
        return _seed(value.ravel().tolist()) if value.ndim else int(value)
    return index_of(value)


_MOST_WORDS = 10_000


def _common_draws(state: Any) -> dict[str, Any]:
    """What a generator and a random state have in common, with sizes checked first."""

    draws = pick(type(state), "normal uniform standard_normal exponential")

    def sized(name: str) -> Callable[..., Any]:
        draw = draws[name].__get__(state)

        def call(*args: Any, size: Any = None) -> Any:
            size = None if size is None else _reserve(size)
            for value in args:
                check_walk(value)
            _reserve_points(1, *args)
            return result(draw(*map(argument, args), size=size))

        return call

    def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        size = None if size is None else _reserve(size)
        a = index_of(a) if not isinstance(a, np.ndarray) else a
        pool = _reserve(a) if isinstance(a, int) else array_of(a)
        return result(state.choice(pool, size, replace, None if p is None else array_of(p)))

    def shuffle(x: Any) -> None:
        if not isinstance(x, np.ndarray | list):
            raise TypeError(f"shuffle() takes an array or a list, not '{type(x).__name__}'")
        machine.spend(len(x))
        state.shuffle(x)

    return {
        "normal": lambda loc=0.0, scale=1.0, size=None: sized("normal")(loc, scale, size=size),
        "uniform": lambda low=0.0, high=1.0, size=None: sized("uniform")(low, high, size=size),
        "permutation": lambda x: state.permutation(
            _reserve(x) if isinstance(index_of(x), int) else array_of(x)
        ),
        "standard_normal": lambda size=None: sized("standard_normal")(size=size),
        "exponential": lambda scale=1.0, size=None: sized("exponential")(scale, size=size),
        "choice": choice,
        "shuffle": shuffle,
    }


def _state_draws(state: Any) -> dict[str, Any]:
    """The functions of `numpy.random` and of a `RandomState`."""

    def randint(low: Any, high: Any = None, size: Any = None) -> Any:
        size = None if size is None else _reserve(size)
        return result(state.randint(argument(low), argument(high), size))

    return {
        **_common_draws(state),
        "seed": lambda seed=None: state.seed(_seed(seed)),
        "rand": lambda *shape: state.rand(*_reserve(shape)),
        "randn": lambda *shape: state.randn(*_reserve(shape)),
        "random": lambda size=None: state.random_sample(_reserve(size)),
        "random_sample": lambda size=None: state.random_sample(_reserve(size)),
        "randint": randint,
    }


def _random_state(seed: Any = None) -> RandomSource:
    return RandomSource("RandomState(MT19937)", _state_draws(np.random.RandomState(_seed(seed))))


def _default_rng(seed: Any = None) -> RandomSource:
    rng = np.random.default_rng(_seed(seed))

    def integers(low: Any, high: Any = None, size: Any = None, *, endpoint: bool = False) -> Any:
        size = None if size is None else _reserve(size)
        return result(rng.integers(argument(low), argument(high), size, endpoint=endpoint))

    entries = {
        **_common_draws(rng),
        "random": lambda size=None: rng.random(None if size is None else _reserve(size)),
        "integers": integers,
    }
    return RandomSource("Generator(PCG64)", entries)


def _random_module() -> Module:
    entries = _state_draws(np.random.RandomState())
    return Module(
        "numpy.random", {**entries, "RandomState": _random_state, "default_rng": _default_rng}
    )


def _linalg_module() -> Module:
    def on_matrices(name: str) -> Callable[..., Any]:
        function = vars(np.linalg)[name]

        def call(*args: Any, **kwargs: Any) -> Any:
            for keyword in kwargs:
                if keyword not in ("ord", "axis", "keepdims"):
                    raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
            given = {key: option(value) for key, value in kwargs.items()}
            found = function(*map(argument, args), **given)
            return result(tuple(found) if isinstance(found, tuple) else found)

        call.__name__ = call.__qualname__ = name
        return call

    names = ("norm", "inv", "det", "solve", "eigh", "eigvalsh", "cholesky")
    return Module("numpy.linalg", {name: on_matrices(name) for name in names})


def module() -> Module:
    """The module `numpy`, with random numbers of its own."""
    return Module("numpy", _numpy_names())


def _weighed(method: Any) -> Callable[..., Any]:
    """A method of NumPy's whose arguments are looked at before it takes them apart."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            check_array(value)
        return method(self, *args, **kwargs)

    return call


for _name, _method in _ARRAY.items():
    if isinstance(_method, types.MethodDescriptorType):
        _ARRAY[_name] = _weighed(_method)
        name_function(_ARRAY[_name], _name)
TABLES[np.ndarray] = _ARRAY
LOADERS[np.ndarray] = load_from(_ARRAY)
_SCALAR = pick(
    np.generic,
    "T imag itemsize nbytes ndim real shape size tolist",
    **_methods(np.generic, _SCALAR_METHODS),
    round=_array_round,
    astype=_array_astype,
    dtype=property(lambda self: self.dtype),
)
for _kind in _scalar_types:
    TABLES[_kind] = _SCALAR
    LOADERS[_kind] = load_from(_SCALAR)
    CONSTRUCTORS[_kind] = scalar(_kind)
for _kind in {type(np.dtype(name.rstrip("_"))) for name in DTYPES}:
    TABLES[_kind] = pick(np.dtype, "name itemsize kind")
    LOADERS[_kind] = load_from(TABLES[_kind])
