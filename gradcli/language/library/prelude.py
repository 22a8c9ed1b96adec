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
# Names of torch that would only be in the way of inputs, and machinery.
LEFT_OUT = frozenset(
    [
        "e",
        "version",
        "random",
        "cuda",
        "accelerator",
        "backends",
        "testing",
        "utils",
        "return_types",
        "newaxis",
        "strided",
        "contiguous_format",
        "preserve_format",
        "get_num_threads",
        "set_num_threads",
        "use_deterministic_algorithms",
        "default_generator",
        "autograd",
        "nn",
        "resolve_conj",
        "resolve_neg",
        "rsub",
        "empty_strided",
        "FloatTensor",
        "DoubleTensor",
        "HalfTensor",
        "LongTensor",
        "IntTensor",
        "ShortTensor",
        "ByteTensor",
        "CharTensor",
        "BoolTensor",
        "__version__",
    ]
).union(
    # Settings, forms for other hands than a user's, and what is better called through F or linalg.
    [
        "BFloat16Tensor",
        "adaptive_max_pool1d",
        "affine_grid_generator",
        "alias_copy",
        "as_strided_copy",
        "alpha_dropout",
        "are_deterministic_algorithms_enabled",
        "batch_norm",
        "binary_cross_entropy_with_logits",
        "compiled_with_cxx11_abi",
        "conv_tbc",
        "native_channel_shuffle",
        "native_layer_norm",
        "cosine_embedding_loss",
        "ctc_loss",
        "dequantize",
        "detach_copy",
        "eig",
        "embedding_bag",
        "empty_permuted",
        "expand_copy",
        "feature_alpha_dropout",
        "feature_dropout",
        "frobenius_norm",
        "geqrf",
        "get_autocast_cpu_dtype",
        "get_autocast_dtype",
        "get_deterministic_debug_mode",
        "get_float32_matmul_precision",
        "get_num_interop_threads",
        "grid_sampler",
        "grid_sampler_2d",
        "grid_sampler_3d",
        "group_norm",
        "gru",
        "gru_cell",
        "has_lapack",
        "has_mkl",
        "has_openmp",
        "has_spectral",
        "hinge_embedding_loss",
        "histogramdd",
        "instance_norm",
        "is_autocast_cache_enabled",
        "is_autocast_cpu_enabled",
        "is_autocast_enabled",
        "is_deterministic_algorithms_warn_only_enabled",
        "is_vulkan_available",
        "is_warn_always_enabled",
        "kl_div",
        "layout",
        "legacy_contiguous_format",
        "lstm",
        "lstm_cell",
        "lstsq",
        "lu",
        "lu_solve",
        "lu_unpack",
        "margin_ranking_loss",
        "matrix_rank",
        "max_pool1d_with_indices",
        "memory_format",
        "narrow_copy",
        "native_dropout",
        "nonzero_static",
        "norm_except_dim",
        "orgqr",
        "ormqr",
        "permute_copy",
        "poisson_nll_loss",
        "rnn_relu",
        "rnn_relu_cell",
        "rnn_tanh",
        "rnn_tanh_cell",
        "rrelu",
        "select_copy",
        "set_anomaly_enabled",
        "set_default_tensor_type",
        "set_deterministic_debug_mode",
        "set_float32_matmul_precision",
        "set_flush_denormal",
        "set_num_interop_threads",
        "set_warn_always",
        "slice_copy",
        "solve",
        "split_copy",
        "split_with_sizes_copy",
        "squeeze_copy",
        "sym_float",
        "sym_int",
        "sym_ite",
        "sym_max",
        "sym_min",
        "sym_not",
        "sym_sqrt",
        "sym_sum",
        "symeig",
        "t_copy",
        "transpose_copy",
        "triangular_solve",
        "triplet_margin_loss",
        "unbind_copy",
        "unfold_copy",
        "unsafe_chunk",
        "unsafe_split",
        "unsafe_split_with_sizes",
        "unsqueeze_copy",
        "view_as_complex_copy",
        "view_as_real_copy",
        "view_copy",
    ]
)
ACTIVATIONS = [
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
    "logsigmoid",
    "softmax",
    "log_softmax",
    "softmin",
    "one_hot",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "nll_loss",
    "cross_entropy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "dropout",
    "layer_norm",
    "normalize",
    "hardtanh",
    "relu6",
    "mish",
]
# Prelude names that are values, not functions, besides those of dtypes.
VALUES = frozenset(
    [
        "inf",
        "nan",
        "pi",
        "torch",
        "math",
        "F",
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
MODULES = {"torch": "torch", "math": "math", "F": "torch.nn.functional"}
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
    from gradcli.torch import namespaces

    names: dict[str, tuple[str, str]] = {}
    functional = set(namespaces.names("torch.nn.functional"))
    for name in ACTIVATIONS:
        if name in functional:
            names[name] = ("torch.nn.functional", name)
    for name in namespaces.names("torch"):
        if not name.endswith("_") and name not in LEFT_OUT and name not in PYTHONS:
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
