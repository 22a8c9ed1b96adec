"""Settings of torch that change little or nothing here, and questions about what there is.

Operations run on one thread and are deterministic; what is set is remembered and answered.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..autograd.anomaly import set_detect_anomaly
from ..tensor import dtypes, notices
from ..tensor.dtypes import DType
from ..tensor.keeping import changed, keep_attributes
from ..tensor.runtime import runtime

has_lapack = True
has_mkl = True
has_openmp = True
has_spectral = True


class _Settings:
    """What programs have set."""

    deterministic = False
    warn_only = False
    precision = "highest"
    multithreading = True


settings = _Settings()
keep_attributes(settings, "deterministic", "warn_only", "precision", "multithreading")


# --- determinism ------------------------------------------------------------------------------

_MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted; every operation is deterministic."""
    changed()
    settings.deterministic = bool(mode)
    settings.warn_only = bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """Whether a program asked for deterministic algorithms."""
    return settings.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether a program asked for warnings only."""
    return settings.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """`use_deterministic_algorithms` by number or name: 0 default, 1 warn, 2 error."""
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(
                "invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got "
                f"{debug_mode}"
            )
        debug_mode = _MODES.index(debug_mode)
    if not 0 <= debug_mode <= 2:
        raise RuntimeError(
            f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}"
        )
    use_deterministic_algorithms(debug_mode > 0, warn_only=debug_mode == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: nothing, warnings or errors were asked for."""
    if not settings.deterministic:
        return 0
    return 1 if settings.warn_only else 2


# --- precision and threads --------------------------------------------------------------------

_PRECISIONS = ("highest", "high", "medium")


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted; products of float32 matrices are always computed in full."""
    if isinstance(precision, str) and precision in _PRECISIONS:
        changed()
        settings.precision = precision
        return
    warnings.warn(
        f"{runtime.text(precision)} is not one of 'highest', 'high', or 'medium'; the current "
        "setFloat32MatmulPrecision call has no effect.",
        UserWarning,
        stacklevel=2,
    )


def get_float32_matmul_precision() -> str:
    """The precision that was asked for."""
    return settings.precision


def get_num_interop_threads() -> int:
    """1: operations run on one thread."""
    return 1


def set_num_interop_threads(count: int) -> None:
    """Accepted; operations run on one thread."""
    if not isinstance(count, int):
        raise RuntimeError(
            f"set_num_interop_threads expects an int, but got {type(count).__name__}"
        )
    if count <= 0:
        raise RuntimeError("Expected positive number of threads")


def set_flush_denormal(mode: bool) -> bool:
    """False: denormal numbers are never flushed to zero here."""
    if not isinstance(mode, bool):
        raise TypeError(f"flush_denormal expects a bool, but got {type(mode).__name__}")
    return False


def is_multithreading_enabled() -> bool:
    """Whether a program left the threads of the backward pass on; there is one."""
    return settings.multithreading


class set_multithreading_enabled:
    """Accepted as a call and as a context; the backward pass runs on one thread."""

    __module__ = "torch.autograd.grad_mode"

    def __init__(self, mode: bool) -> None:
        changed()
        self.prev = settings.multithreading
        settings.multithreading = bool(mode)

    def __enter__(self) -> None:
        """Set when it was made."""

    def __exit__(self, *_: object) -> None:
        settings.multithreading = self.prev


# --- warnings and anomalies -------------------------------------------------------------------


def set_warn_always(mode: bool) -> None:
    """Give warnings every time that otherwise come once in a process."""
    if not isinstance(mode, bool):
        raise TypeError(f"setWarnOnlyOnce expects a bool, but got {type(mode).__name__}")
    notices.warn_always(mode)


def is_warn_always_enabled() -> bool:
    """Whether warnings come every time."""
    return notices.warns_always()


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Turn anomaly detection on or off."""
    set_detect_anomaly(mode, check_nan)


# --- numbers that may be symbols in PyTorch ---------------------------------------------------


def sym_float(a: Any) -> float:
    """The number as a float."""
    return float(a)


def sym_int(a: Any) -> int:
    """The number towards zero as an int."""
    return int(math.floor(a) if a >= 0 else math.ceil(a))


def sym_not(a: Any) -> bool:
    """The opposite truth."""
    return not a


def sym_max(a: Any, b: Any) -> Any:
    """The larger number, a float if one of them is."""
    found = max(_number(a), _number(b))
    return float(found) if isinstance(a, float) or isinstance(b, float) else found


def sym_min(a: Any, b: Any) -> Any:
    """The smaller number, a float if one of them is."""
    found = min(_number(a), _number(b))
    return float(found) if isinstance(a, float) or isinstance(b, float) else found


def sym_sqrt(a: Any) -> float:
    """The square root."""
    return math.sqrt(a)


def sym_sum(args: Any) -> Any:
    """The sum of numbers."""
    if not isinstance(args, list | tuple):
        raise TypeError("sym_sum(): argument 'args' must be a list or a tuple")
    return sum(map(_number, args))


def _number(value: Any) -> Any:
    if isinstance(value, str | list | tuple | dict | set | range):
        raise TypeError(f"'{type(value).__name__}' object is not a number")
    return value


def sym_ite(b: bool, t: Any, f: Any) -> Any:
    """`t` if `b`, else `f`."""
    return t if b else f


# --- default type -----------------------------------------------------------------------------


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by the class of its tensors or by that class's name."""
    dtype = getattr(t, "dtype", None)
    if isinstance(t, str):
        dtype = next((d for d in dtypes.ALL if d.tensor_name == t), None)
        if dtype is None:
            raise ValueError(f"invalid type: '{t}'")
    if not isinstance(dtype, DType):
        raise TypeError("invalid type object")
    if not dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.default.dtype = dtype
