"""NumPy's own functions as programs call them: on numbers, with sizes looked at first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import before_array_write
from gradcli.language.values.numpy_checks import (
    argument,
    dtype_of,
    option,
    result,
    see_writes,
    words,
    writing,
)

from .numpy_sizes import check_result

# The keywords that functions take, and the functions.
_GROUPS = (
    (
        "out dtype where casting",
        """abs absolute acos acosh add angle arccos arccosh arcsin arcsinh arctan arctan2
        arctanh asin asinh atan atan2 atanh bitwise_and bitwise_count bitwise_invert
        bitwise_not bitwise_or bitwise_xor cbrt ceil conj conjugate copysign cos cosh
        deg2rad degrees divide equal exp exp2 expm1 fabs float_power floor floor_divide fmax
        fmin fmod gcd greater greater_equal heaviside hypot invert isfinite isinf isnan lcm
        ldexp less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and
        logical_not logical_or logical_xor maximum minimum mod multiply negative nextafter spacing
        not_equal positive pow power rad2deg radians reciprocal remainder rint sign signbit
        sin sinh sqrt square subtract tan tanh true_divide trunc left_shift right_shift""",
    ),
    ("out", "fix frexp modf divmod isneginf isposinf"),
    (
        "",
        """real imag iscomplex isreal isrealobj iscomplexobj sinc i0 trim_zeros
        ravel_multi_index unravel_index flatnonzero nonzero argwhere ndim atleast_1d
        atleast_2d atleast_3d broadcast_arrays fliplr flipud swapaxes moveaxis rollaxis ix_
        roots poly polyadd polysub polymul polydiv polyder polyint bitwise_left_shift
        bitwise_right_shift vdot inner kron isscalar shape may_share_memory
        broadcast_shapes lexsort""",
    ),
    ("axis dtype out keepdims initial where", "sum prod nansum nanprod"),
    ("axis dtype out keepdims where", "mean nanmean"),
    ("axis dtype out ddof keepdims where mean correction", "std var nanstd nanvar"),
    ("axis out keepdims initial where", "max min amax amin nanmax nanmin"),
    ("axis out keepdims", "argmax argmin nanargmax nanargmin ptp"),
    ("axis out keepdims where", "all any"),
    ("axis dtype out", "cumsum cumprod nancumsum nancumprod"),
    ("axis dtype include_initial", "cumulative_sum cumulative_prod"),
    ("axis out overwrite_input keepdims", "median nanmedian"),
    (
        "axis out overwrite_input method keepdims weights",
        """percentile quantile nanpercentile nanquantile""",
    ),
    ("axis weights returned keepdims", "average"),
    ("axis keepdims", "count_nonzero"),
    (
        "axis",
        """size expand_dims squeeze append delete insert flip roll rot90 split array_split
        hsplit vsplit dsplit unstack take_along_axis put_along_axis""",
    ),
    ("axes", "transpose permute_dims rot90"),
    ("shape order copy", "reshape"),
    ("order", "ravel copy"),
    ("axis out dtype casting", "concatenate concat stack"),
    ("dtype casting", "vstack hstack"),
    ("tup", "dstack column_stack"),
    ("axis out mode", "take"),
    ("axis out", "compress"),
    ("mode", "choose put convolve correlate"),
    ("mode constant_values end_values reflect_type stat_length", "pad"),
    ("condlist choicelist default", "select"),
    ("reps", "tile"),
    ("repeats axis", "repeat"),
    ("shape", "broadcast_to resize"),
    ("out axes axis", "dot matmul tensordot cross outer vecdot matvec"),
    ("optimize out dtype", "einsum"),
    ("x y", "where"),
    ("min max a_min a_max out dtype where", "clip"),
    ("axis kind stable", "sort argsort"),
    ("axis kind", "partition argpartition"),
    (
        "k",
        """diag diagflat tril triu triu_indices tril_indices triu_indices_from
        tril_indices_from""",
    ),
    ("offset axis1 axis2 dtype out", "trace diagonal"),
    ("indexing sparse copy", "meshgrid"),
    ("decimals out", "round around"),
    ("rtol atol equal_nan", "allclose isclose array_equal array_equiv"),
    ("return_index return_inverse return_counts axis equal_nan sorted", "unique"),
    ("weights minlength", "bincount"),
    ("bins range weights density", "histogram histogram2d histogram_bin_edges histogramdd"),
    ("right", "digitize"),
    ("side sorter", "searchsorted"),
    ("left right period", "interp"),
    ("axis edge_order", "gradient"),
    ("n axis prepend append", "diff"),
    ("to_end to_begin", "ediff1d"),
    ("x dx axis", "trapezoid"),
    ("rcond full w cov", "polyfit"),
    ("x p", "polyval"),
    ("copy nan posinf neginf", "nan_to_num"),
    ("rowvar bias ddof fweights aweights dtype", "cov corrcoef"),
    ("assume_unique return_indices", "intersect1d"),
    ("assume_unique", "setdiff1d setxor1d"),
    ("assume_unique invert kind", "isin"),
    ("dtype sparse", "indices"),
    ("dtype k M", "tri"),
    ("N increasing", "vander"),
    ("discont axis period", "unwrap"),
    ("axis bitorder count", "packbits unpackbits"),
    ("deg", "deg2rad"),
    ("dtype order shape", "zeros_like ones_like empty_like"),
    (
        "",
        """union1d hamming hanning bartlett blackman kaiser diag_indices fill_diagonal copyto
        place putmask extract poly real_if_close diag_indices_from matrix_transpose sort_complex
        isfortran unique_all unique_counts unique_inverse unique_values""",
    ),
)

_FIRST = frozenset(words("""a b v x y m A arr ary array xi f p xp fp tup arrays"""))


def _collect() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for keywords, names in _GROUPS:
        for name in names.split():
            if name in vars(np):
                found[name] = found.get(name, _FIRST) | frozenset(keywords.split())
    return found


FUNCTIONS = _collect()
LINALG = dict.fromkeys(
    words("""norm vector_norm matrix_norm inv det solve eig eigh eigvals eigvalsh cholesky svd
        svdvals qr lstsq pinv slogdet matrix_power matrix_rank matrix_transpose cond multi_dot
        tensorinv tensorsolve cross outer trace diagonal vecdot matmul tensordot"""),
    frozenset(
        words("""a b x ord axis keepdims mode full_matrices compute_uv hermitian UPLO rcond rtol tol
            n p upper axes offset dtype ind""")
    ),
)
FOURIER = dict.fromkeys(
    words("""fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn hfft ihfft fftfreq
        rfftfreq fftshift ifftshift"""),
    frozenset(words("""a n s axis axes norm out d x""")),
)
TESTING = dict.fromkeys(
    [
        "assert_allclose",
        "assert_array_equal",
        "assert_array_almost_equal",
        "assert_almost_equal",
        "assert_equal",
        "assert_approx_equal",
        "assert_array_less",
    ],
    frozenset(
        words(
            """actual desired x y rtol atol equal_nan err_msg verbose decimal significant strict"""
        )
    ),
)


def on_numbers(function: Callable[..., Any], name: str, keywords: frozenset[str]) -> Any:
    """`function` of NumPy, called with checked numbers; `name` tells its rule of sizes."""

    first = _FIRST_ARGUMENTS.get(name, argument)
    later = argument if isinstance(function, np.ufunc) else option

    def call(*args: Any, **kwargs: Any) -> Any:
        for keyword in kwargs:
            if keyword not in keywords:
                raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
        given = [
            (later if at and not isinstance(value, list) else first)(value)
            for at, value in enumerate(args)
        ]
        named = {key: _named(key, value) for key, value in kwargs.items()}
        check_result(name, given, named)
        if before_array_write:
            see_writes(writing(function, name, len(given)), given, named)
        return result(function(*given, **named))

    call.__name__ = call.__qualname__ = name
    return call


def _named(key: str, value: Any) -> Any:
    if key == "dtype":
        return dtype_of(value)
    if key == "out":
        if not isinstance(value, np.ndarray | None):
            raise TypeError("return arrays must be of ArrayType")
    elif key == "err_msg":
        return value[:1000] if isinstance(value, str) else ""
    return option(value)


def _arrays(value: Any) -> Any:
    """The arrays that are put together, each of its own shape."""
    if not isinstance(value, list | tuple):
        return argument(value)
    machine.spend(len(value))
    machine.reserve(128 * len(value))
    return tuple([argument(item) for item in value])


def _subscripts(value: Any) -> Any:
    """An argument of `einsum`, which begins with a text."""
    if isinstance(value, str):
        return value[:1000]
    return argument(value)


_FIRST_ARGUMENTS = {
    "einsum": _subscripts,
    **dict.fromkeys(words("concatenate concat stack vstack hstack dstack column_stack"), _arrays),
}
