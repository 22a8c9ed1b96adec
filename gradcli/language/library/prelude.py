"""The names that a program starts with.

A program that imports torch has Python's built-in names. A calculator script and the REPL have
the prelude besides: torch's functions and a few of our own, resolved when they are first used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

# Python keeps these; torch's are reached as `torch.float` and so on.
PYTHONS = frozenset(["range", "float", "int", "bool", "complex"])
# On tensors torch's, on anything else Python's.
SHARED = ("sum", "abs", "max", "min", "round", "all", "any", "pow")
# Names of torch that would only be in the way of inputs, settings, and machinery; entries of the
# table say for themselves whether programs start with them.
LEFT_OUT = frozenset(
    [
        "BFloat16Tensor",
        "BoolTensor",
        "ByteTensor",
        "CharTensor",
        "DoubleTensor",
        "FloatTensor",
        "HalfTensor",
        "IntTensor",
        "LongTensor",
        "ShortTensor",
        "__version__",
        "accelerator",
        "are_deterministic_algorithms_enabled",
        "autograd",
        "backends",
        "channels_last",
        "channels_last_3d",
        "compiled_with_cxx11_abi",
        "contiguous_format",
        "cuda",
        "default_generator",
        "e",
        "get_autocast_cpu_dtype",
        "get_autocast_dtype",
        "get_deterministic_debug_mode",
        "get_float32_matmul_precision",
        "get_num_interop_threads",
        "get_num_threads",
        "has_lapack",
        "has_mkl",
        "has_openmp",
        "has_spectral",
        "is_autocast_cache_enabled",
        "is_autocast_cpu_enabled",
        "is_autocast_enabled",
        "is_deterministic_algorithms_warn_only_enabled",
        "is_vulkan_available",
        "is_warn_always_enabled",
        "layout",
        "legacy_contiguous_format",
        "memory_format",
        "native_channel_shuffle",
        "newaxis",
        "nn",
        "preserve_format",
        "random",
        "return_types",
        "set_anomaly_enabled",
        "set_default_tensor_type",
        "set_deterministic_debug_mode",
        "set_float32_matmul_precision",
        "set_flush_denormal",
        "set_num_interop_threads",
        "set_num_threads",
        "set_warn_always",
        "strided",
        "sym_float",
        "sym_int",
        "sym_ite",
        "sym_max",
        "sym_min",
        "sym_not",
        "sym_sqrt",
        "sym_sum",
        "testing",
        "use_deterministic_algorithms",
        "utils",
        "version",
    ]
)
# Prelude names that are values, not functions, besides those of dtypes.
VALUES = frozenset(
    [
        "inf",
        "nan",
        "pi",
        "torch",
        "math",
        "F",
        "nn",
        "optim",
        "func",
        "linalg",
        "special",
        "fft",
        "Tensor",
        "Size",
        "dtype",
        "device",
        "Generator",
    ]
)
MODULES = {
    "torch": "torch",
    "math": "math",
    "F": "torch.nn.functional",
    "nn": "torch.nn",
    "optim": "torch.optim",
}
OURS = ("param", "grad", "jvp", "vjp", "jacobian", "hessian", "hvp", "emit")


class Names(dict[str, Any]):
    """Names and values; a lazy name gets its value when it is first asked for."""

    def __init__(self, values: dict[str, Any], lazy: dict[str, tuple[str, str]]) -> None:
        super().__init__(values)
        self.lazy = lazy

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self.lazy

    def __missing__(self, name: str) -> Any:
        value = self[name] = _resolve(name, *self.lazy[name])
        return value

    def all(self) -> Iterator[str]:
        """Every name, lazy ones included."""
        yield from {**self, **self.lazy}


def _resolve(name: str, kind: str, target: str) -> Any:
    from . import torch_names

    if kind == "module":
        from .modules import find_module

        return find_module(target)
    if kind == "ours":
        from . import calculator

        return calculator.NAMES[name]
    if kind == "shared":
        from .builtins import shared_with_torch

        return shared_with_torch(name, python()[name])
    return torch_names.torch_name(kind, target)


@cache
def python() -> Names:
    """Python's names."""
    from .builtins import python_names

    return Names(python_names(), {})


@cache
def lazy_names() -> dict[str, tuple[str, str]]:
    """What the prelude adds: name -> (kind, target)."""
    from gradcli.table.names import marked
    from gradcli.torch import namespaces

    names: dict[str, tuple[str, str]] = {}
    for name in sorted(marked("prelude:F", "F")):
        if not name.endswith("_"):
            names[name] = ("torch.nn.functional", name)
    left_out = LEFT_OUT | marked("prelude:", "torch") | PYTHONS
    for name in namespaces.names("torch"):
        if not name.endswith("_") and name not in left_out:
            names[name] = ("torch", name)
    for name in SHARED:
        if name in names:
            names[name] = ("shared", name)
    for name, target in MODULES.items():
        names[name] = ("module", target)
    for name in OURS:
        names[name] = ("ours", name)
    return names


@cache
def calculator() -> Names:
    """Python's names and the prelude."""
    values = dict(python())
    lazy = lazy_names()
    for name in lazy:
        values.pop(name, None)
    return Names(values, lazy)


def is_function(name: str) -> bool:
    """Whether a prelude name stands for a function, so that reading it as a value is a mistake."""
    from gradcli.torch.namespaces import DTYPES

    return name in lazy_names() and name not in VALUES and name not in DTYPES


def described(name: str) -> str:
    """How a message names a prelude function: `torch.t`, `gradcli's grad`."""
    kind, _ = lazy_names()[name]
    if kind == "ours":
        return f"gradcli's function {name}"
    if kind == "torch.nn.functional":
        return f"torch.nn.functional.{name}"
    return f"torch.{name}"
