"""The part of NumPy that programs use: which of its names lead where.

An ndarray is a value with the attributes listed in numpy_arrays.py and NumPy's text. Arrays hold
numbers and booleans only: object arrays would call methods of their elements by name.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from gradcli.language.values.attributes import MISSING, Module
from gradcli.language.values.numpy_checks import DTYPES, words
from gradcli.language.values.python_types import name_function

from .builtins import class_of
from .numpy_arrays import SCALAR_TYPES
from .numpy_functions import FOURIER, FUNCTIONS, LINALG, TESTING, on_numbers
from .numpy_making import MAKING
from .numpy_own import OWN, forget_settings
from .numpy_random import random_module

# Other names of the scalar types, and the classes above them.
_TYPES = """byte ubyte short ushort intc uintc int_ uint long ulong longlong ulonglong intp uintp
half single double csingle cdouble"""
_ABSTRACT = "generic number integer signedinteger unsignedinteger inexact floating complexfloating"


def _constants() -> dict[str, Any]:
    entries: dict[str, Any] = {name: vars(np)[name] for name in DTYPES}
    for name in _TYPES.split():
        if vars(np).get(name) in SCALAR_TYPES:
            entries[name] = vars(np)[name]
    entries |= {name: vars(np)[name] for name in _ABSTRACT.split()}
    return entries | {
        "pi": np.pi, "e": np.e, "inf": np.inf, "nan": np.nan, "newaxis": None,
        "euler_gamma": np.euler_gamma, "True_": np.True_, "False_": np.False_,
        "__version__": np.__version__, "float_": np.float64, "bool": np.bool_,
        "dtype": np.dtype, "ndarray": class_of(np.empty(0)),
    }  # fmt: skip


def _functions_of(module: str, table: dict[str, frozenset[str]]) -> dict[str, Any]:
    host = vars(import_module(module))
    return {
        name: on_numbers(_raising(host[name], name), name, table[name])
        for name in table
        if name in host
    }


def linalg_module() -> Module:
    """`numpy.linalg`."""
    entries = _functions_of("numpy.linalg", LINALG)
    return Module("numpy.linalg", {**entries, "LinAlgError": np.linalg.LinAlgError})


def _raising(function: Any, name: str) -> Any:
    """A function of `numpy.linalg` whose errors are raised, and not written by LAPACK as well.

    Note: where it wants singular values alone LAPACK looks for the largest element first, and
    complains of infinity, or of NaN, on the standard output, past all of Python.
    """
    if name not in ("cond", "lstsq", "matrix_norm", "matrix_rank", "norm", "svd", "svdvals"):
        return function
    place = " in Linear Least Squares" if name == "lstsq" else ""

    def call(*args: Any, **kwargs: Any) -> Any:
        matrix = args[0] if args else next(iter(kwargs.values()), 0)
        if np.ndim(matrix) > 1 and not np.isfinite(matrix).all() and wanted(args, kwargs):
            raise np.linalg.LinAlgError(f"SVD did not converge{place}")
        return function(*args, **kwargs)

    def wanted(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if name == "svd":
            return kwargs.get("compute_uv", (*args, 0, True, True)[2]) is False
        if name in ("matrix_norm", "norm"):
            return kwargs.get("ord", (*args, None, None)[1]) in (2, -2, "nuc")
        return True

    return call


def fft_module() -> Module:
    """`numpy.fft`."""
    return Module("numpy.fft", _functions_of("numpy.fft", FOURIER))


def testing_module() -> Module:
    """`numpy.testing`."""
    return Module("numpy.testing", _functions_of("numpy.testing", TESTING))


def typing_module() -> Module:
    """`numpy.typing`: what annotates arrays."""
    from .python.annotations import Annotation

    names = ("ArrayLike", "DTypeLike", "NBitBase", "NDArray")
    return Module("numpy.typing", {name: Annotation(f"numpy.typing.{name}") for name in names})


_MODULES = {
    "typing": typing_module,
    "random": random_module,
    "linalg": linalg_module,
    "fft": fft_module,
    "testing": testing_module,
}


# Names whose functions take and give polynomials.
POLYNOMIALS = words("poly1d polyadd polyder polydiv polyint polymul polysub polyval roots")


def _find(name: str) -> Any:
    if name in _MODULES:
        return _MODULES[name]()
    if name in POLYNOMIALS:
        from .numpy_polynomials import find

        return find(name)
    if name in FUNCTIONS:
        found = on_numbers(vars(np)[name], name, FUNCTIONS[name])
        found.__name__ = found.__qualname__ = vars(np)[name].__name__
        return found
    return MISSING


def module() -> Module:
    """The module `numpy`, with random numbers of its own."""
    forget_settings()
    for name, value in MAKING.items():
        name_function(value, name)
    entries = {**_constants(), **MAKING, **OWN}
    return Module("numpy", entries, _find, lambda: [*FUNCTIONS, *_MODULES, "poly1d"])
