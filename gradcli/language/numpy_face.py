"""The small part of NumPy that programs use to make and to look at arrays.

An ndarray is a value with the attributes listed here and NumPy's text. Arrays hold numbers and
booleans only: object arrays would call methods of their elements by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, numel, shape_of

from . import core
from .arithmetic import check_matmul
from .attributes import (
    CLASS_NAMES,
    CONSTRUCTORS,
    LOADERS,
    NAMES,
    TABLES,
    Module,
    load_from,
    name_function,
    pick,
)
from .builtins import PUBLIC
from .machine import counted, machine

_DTYPES = [
    "bool_",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]

_scalar_types = tuple(getattr(np, name) for name in _DTYPES)


def _dtype(value: Any) -> Any:
    """A dtype of numbers; raises TypeError for any other."""
    if value is None:
        return None
    if isinstance(value, str) and len(value) > 16:
        raise TypeError(f"data type '{value[:16]}…' not understood")
    found = np.dtype(value)
    if found.kind not in "biufc":
        raise TypeError(f"arrays of {found} are not available here: numbers and booleans only")
    return found


def _plain(value: Any) -> Any:
    """Data without tensors, checked to be numbers when it becomes an array."""
    if isinstance(value, Tensor):
        return core.tensor_attribute("numpy")(value)()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in counted(value)]
    if isinstance(value, range):
        runtime.reserve(36 * len(value))
        return list(counted(value))
    if isinstance(value, bool | int | float | complex | np.ndarray | np.generic):
        return value
    raise TypeError(f"an array cannot be made from '{type(value).__name__}' objects here")


def _checked(array: Any) -> Any:
    if array.dtype.kind not in "biufc":
        raise TypeError("arrays hold numbers and booleans here, all rows of one length")
    return array


def array(object: Any, dtype: Any = None) -> Any:
    """`np.array`: a copy."""
    return _checked(np.array(_plain(object), dtype=_dtype(dtype)))


def asarray(a: Any, dtype: Any = None) -> Any:
    """`np.asarray`."""
    return _checked(np.asarray(_plain(a), dtype=_dtype(dtype)))


def _reserve(shape: Any, itemsize: int = 8) -> Any:
    sizes = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    total = itemsize
    for size in sizes:
        if isinstance(size, int) and size > 0:
            total *= size
    runtime.reserve(total)
    machine.reserve(total)
    return shape


def _filled(name: str) -> Callable[..., Any]:
    make = vars(np)[name]

    def filled(shape: Any, dtype: Any = float) -> Any:
        kind = _dtype(dtype)
        return make(_reserve(shape, kind.itemsize), dtype=kind)

    filled.__name__ = filled.__qualname__ = name
    return filled


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    return _checked(np.full(_reserve(shape), fill_value, dtype=_dtype(dtype)))


def arange(*args: Any, dtype: Any = None) -> Any:
    numbers = [float(a) for a in args]
    start, stop, step = (0.0, numbers[0], 1.0) if len(numbers) == 1 else (*numbers, 1.0)[:3]
    if step:
        _reserve(max(int((stop - start) / step), 0))
    return np.arange(*args, dtype=_dtype(dtype))


def linspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None) -> Any:
    _reserve(num)
    return np.linspace(
        _argument(start), _argument(stop), num, endpoint=endpoint, dtype=_dtype(dtype)
    )


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: bool = True, base: Any = 10.0) -> Any:
    _reserve(num)
    return np.logspace(start, stop, num, endpoint=endpoint, base=base)


def eye(N: Any, M: Any = None, dtype: Any = float) -> Any:
    _reserve((N, N if M is None else M))
    return np.eye(N, M, dtype=_dtype(dtype))


def _on_arrays(name: str, *keywords: str) -> Callable[..., Any]:
    function = vars(np)[name]

    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in kwargs:
            if keyword not in keywords:
                raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
        given = [_argument(a) for a in args]
        total = 16
        for value in given:
            total *= max(_size(value), 1)
        if name in ("outer", "meshgrid", "kron"):
            runtime.reserve(total)
        elif name in ("dot", "matmul"):
            check_matmul(*given[:2])
        elif len(given) > 1:
            _check_shapes(given)
        if not isinstance(kwargs.get("out"), np.ndarray | None):
            raise TypeError("return arrays must be of ArrayType")
        if "dtype" in kwargs:
            kwargs["dtype"] = _dtype(kwargs["dtype"])
        return function(*given, **kwargs)

    call.__name__ = call.__qualname__ = function.__name__
    return call


def _argument(value: Any) -> Any:
    if isinstance(value, list | tuple | range):
        if _mixed(value):
            return tuple([_argument(item) for item in value])
        return np.asarray(_plain(value))
    if value is None or isinstance(
        value, bool | int | float | complex | np.ndarray | np.generic | Tensor
    ):
        return value  # NumPy asks a tensor for its methods and elements, as it asks PyTorch's
    raise TypeError(f"'{type(value).__name__}' objects are not arguments of NumPy functions here")


def _size(value: Any) -> int:
    if isinstance(value, Tensor):
        return numel(shape_of(value))
    return value.size if isinstance(value, np.ndarray) else 1


def _mixed(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        isinstance(item, np.ndarray | Tensor) for item in value
    )


def _check_shapes(values: list[Any]) -> None:
    shapes = [
        shape_of(value) if isinstance(value, Tensor) else value.shape
        for value in values
        if isinstance(value, np.ndarray | Tensor)
    ]
    total = 16
    for at in range(1, max(map(len, shapes), default=0) + 1):
        total *= max(shape[-at] if at <= len(shape) else 1 for shape in shapes)
    runtime.reserve(total)


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


def _array_sum(self: Any, *args: Any, **kwargs: Any) -> Any:
    return self.sum(*args, **kwargs)


def _array_astype(self: Any, dtype: Any, **kwargs: Any) -> Any:
    return self.astype(_dtype(dtype), **kwargs)


def _array_tolist(self: Any) -> Any:
    machine.reserve(40 * self.size)
    return self.tolist()


def _array_repeat(self: Any, repeats: Any, axis: Any = None) -> Any:
    if isinstance(repeats, int):
        _reserve((max(self.size, 1), repeats))
    return self.repeat(int(repeats), axis)


_ARRAY = pick(
    np.ndarray,
    """T all any argmax argmin argsort clip copy cumprod cumsum diagonal dot fill flatten imag
    item itemsize max mean min nbytes ndim nonzero prod ravel real reshape round shape size sort
    squeeze std strides sum swapaxes trace transpose var conj conjugate""",
    astype=_array_astype,
    tolist=_array_tolist,
    repeat=_array_repeat,
    dtype=property(lambda self: self.dtype),
)


def _numpy_names() -> dict[str, Any]:
    entries: dict[str, Any] = {name: getattr(np, name) for name in _DTYPES}
    entries |= {
        "pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan, "newaxis": None,
        "array": array, "asarray": asarray, "full": full, "arange": arange,
        "linspace": linspace, "logspace": logspace, "eye": eye, "identity": eye,
        "zeros": _filled("zeros"), "ones": _filled("ones"), "empty": _filled("zeros"),
        "zeros_like": lambda a, dtype=None: np.zeros_like(_plain(a), dtype=_dtype(dtype)),
        "ones_like": lambda a, dtype=None: np.ones_like(_plain(a), dtype=_dtype(dtype)),
        "float_": np.float64, "bool": np.bool_, "ndarray": np.ndarray,
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
    np.set_printoptions(
        precision=precision, suppress=suppress, linewidth=linewidth, threshold=threshold
    )


class RandomSource:
    """NumPy's `Generator` or `RandomState`: drawing functions under their names."""

    __slots__ = ("entries", "text")

    def __init__(self, text: str, entries: dict[str, Any]) -> None:
        self.text = text
        self.entries = entries
        for name, value in entries.items():
            name_function(value, name)

    def __repr__(self) -> str:
        return f"{self.text} at 0x{id(self):X}"


def _load_source(value: RandomSource, name: str) -> Any:
    found = value.entries.get(name)
    if found is None:
        kind = value.text.partition("(")[0]
        owner = f"numpy.random.{'_generator' if kind == 'Generator' else 'mtrand'}.{kind}"
        raise AttributeError(f"'{owner}' object has no attribute '{name}'", name=name, obj=value)
    return found


LOADERS[RandomSource] = _load_source
NAMES[RandomSource] = lambda value: value.entries
CLASS_NAMES[RandomSource] = lambda value: value.text.partition("(")[0]


def _common_draws(state: Any) -> dict[str, Any]:
    """What a generator and a random state have in common, with sizes checked first."""

    draws = pick(type(state), "normal uniform standard_normal exponential")

    def sized(name: str) -> Callable[..., Any]:
        draw = draws[name].__get__(state)

        def call(*args: Any, size: Any = None) -> Any:
            if size is not None:
                _reserve(size)
            return draw(*args, size=size)

        return call

    def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        if size is not None:
            _reserve(size)
        pool = _reserve(a) if isinstance(a, int) else _plain(a)
        return state.choice(pool, size, replace, None if p is None else _plain(p))

    def shuffle(x: Any) -> None:
        machine.spend(len(x))
        state.shuffle(x)

    return {
        "normal": lambda loc=0.0, scale=1.0, size=None: sized("normal")(loc, scale, size=size),
        "uniform": lambda low=0.0, high=1.0, size=None: sized("uniform")(low, high, size=size),
        "permutation": lambda x: state.permutation(
            _reserve(x) if isinstance(x, int) else _plain(x)
        ),
        "standard_normal": lambda size=None: sized("standard_normal")(size=size),
        "exponential": lambda scale=1.0, size=None: sized("exponential")(scale, size=size),
        "choice": choice,
        "shuffle": shuffle,
    }


def _state_draws(state: Any) -> dict[str, Any]:
    """The functions of `numpy.random` and of a `RandomState`."""

    def randint(low: Any, high: Any = None, size: Any = None) -> Any:
        return state.randint(low, high, None if size is None else _reserve(size))

    return {
        **_common_draws(state),
        "seed": lambda seed=None: state.seed(seed),
        "rand": lambda *shape: state.rand(*_reserve(shape)),
        "randn": lambda *shape: state.randn(*_reserve(shape)),
        "random": lambda size=None: state.random_sample(_reserve(size)),
        "random_sample": lambda size=None: state.random_sample(_reserve(size)),
        "randint": randint,
    }


def _random_state(seed: Any = None) -> RandomSource:
    return RandomSource("RandomState(MT19937)", _state_draws(np.random.RandomState(seed)))


def _default_rng(seed: Any = None) -> RandomSource:
    rng = np.random.default_rng(seed)

    def integers(low: Any, high: Any = None, size: Any = None, *, endpoint: bool = False) -> Any:
        size = None if size is None else _reserve(size)
        return rng.integers(low, high, size, endpoint=endpoint)

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
            result = function(*map(_argument, args), **kwargs)
            return tuple(result) if isinstance(result, tuple) else result

        call.__name__ = call.__qualname__ = name
        return call

    names = ("norm", "inv", "det", "solve", "eigh", "eigvalsh", "cholesky")
    return Module("numpy.linalg", {name: on_matrices(name) for name in names})


def numpy_module() -> Module:
    """The module `numpy`, with random numbers of its own."""
    return Module("numpy", _numpy_names())


TABLES[np.ndarray] = _ARRAY
LOADERS[np.ndarray] = load_from(_ARRAY)
_SCALAR = pick(
    np.generic, "T all any conj conjugate copy imag item itemsize max mean min nbytes ndim real "
    "reshape round shape size sum tolist",
    astype=_array_astype,
    dtype=property(lambda self: self.dtype),
)  # fmt: skip
for _kind in _scalar_types:
    TABLES[_kind] = _SCALAR
    LOADERS[_kind] = load_from(_SCALAR)
    CONSTRUCTORS[_kind] = _kind
PUBLIC.add(np.ndarray)
for _kind in {type(np.dtype(name.rstrip("_"))) for name in _DTYPES}:
    TABLES[_kind] = pick(np.dtype, "name itemsize kind")
    LOADERS[_kind] = load_from(TABLES[_kind])
