"""PyTorch's random numbers of the CPU, as NumPy arrays.

Every function takes the shape and the dtype of its result and draws from `generator` (the default
one when it is None) exactly as many words as PyTorch does, in the order of the elements; results
without dimension are NumPy scalars. Integers, booleans and float64 are PyTorch's bit for bit.

Note: PyTorch fills a tensor in the order of its memory, not of its indices. For a tensor that is
not contiguous draw with `contiguous=False` and place the values with `fill`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor.dtypes import Array, DType, c_name, unsupported
from ..tensor.runtime import runtime
from .generator import Generator, default_generator
from .spacing import fused

__all__ = [
    "Doubles",
    "Generator",
    "Shape",
    "cauchy",
    "counted",
    "default_generator",
    "exponential",
    "fill",
    "geometric",
    "log_normal",
    "normal",
    "normal_like",
    "rand",
    "randint",
    "randn",
    "random_bits",
    "random_from_to",
    "randperm",
    "shaped",
    "uniform",
]

Shape = Sequence[int]
Doubles = np.ndarray[Any, np.dtype[np.float64]]
Singles = np.ndarray[Any, np.dtype[np.float32]]

_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1
_LIBM_MOST = (
    1 << 14
)  # beyond so many elements only float64 is worth the C library's exact functions

# The number of significant bits of each floating type.
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def counted(shape: Shape, dtype: DType) -> int:
    """The number of elements; refuses what memory cannot hold."""
    for size in shape:
        if size < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {size}: {list(shape)}"
            )
    count = math.prod(shape)
    runtime.reserve(count * dtype.array.itemsize)
    return count


def _cast(values: Array, dtype: DType) -> Array:
    """`values` as `dtype`; float16 is reached through float32 and so rounded twice, as there."""
    if dtype.name == "float16" and values.dtype == np.float64:
        values = values.astype(np.float32)
    return dtype.cast(values)


def shaped(values: Array, shape: Shape, dtype: DType) -> Array:
    """`values` cast to `dtype`, in `shape`; a scalar for no dimension."""
    return _cast(values.reshape(tuple(shape)), dtype)[()]


def _largest(dtype: DType) -> float:
    if dtype.name == "bfloat16":
        return 3.3895313892515355e38
    return float(np.finfo(dtype.array).max)


def _integers(dtype: DType) -> tuple[int, int]:
    """The range of an integer type or bool."""
    if dtype.name == "bool":
        return 0, 1
    info = np.iinfo(dtype.array)
    return int(info.min), int(info.max)


def _libm(function: Callable[[float], float], x: Doubles) -> Doubles:
    """The C library's `function`; the last bit of NumPy's depends on the processor."""
    return np.fromiter(map(function, x.tolist()), np.float64, x.size)


# --- uniform ---------------------------------------------------------------------------------


def rand(shape: Shape, dtype: DType, *, generator: Generator | None = None) -> Array:
    """Uniform numbers of [0, 1): `torch.rand`."""
    return uniform(shape, dtype, 0.0, 1.0, generator=generator)


def uniform(
    shape: Shape,
    dtype: DType,
    low: float = 0.0,
    high: float = 1.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Uniform numbers of [low, high): `uniform_`. Complex types have such parts.

    Raises NotImplementedError for integers and RuntimeError for an empty or too wide range.
    """
    if dtype.is_complex:
        if 0 in shape:
            return np.empty(tuple(shape), dtype.array)
        parts = uniform((*shape, 2), dtype.to_real(), low, high, generator=generator)
        return parts.view(dtype.array)[..., 0]
    if not dtype.is_floating_point:
        raise unsupported("check_uniform_bounds", dtype)
    most = _largest(dtype)
    for value, name in ((low, "from"), (high, "to")):
        if not -most <= value <= most:
            raise RuntimeError(f"{name} is out of bounds for {c_name(dtype)}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}"
        )
    if not high - low <= most:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype.scalar_name}>::max(), but "
            f"found to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )
    source = generator or default_generator
    count = counted(shape, dtype)
    if dtype.name == "float64" and not source.narrow:
        values: Array = source.doubles(count)
        if (low, high) == (0.0, 1.0):
            return shaped(values, shape, dtype)
        values = fused(values, high - low, low)
    else:
        values = source.floats(count)
        if (low, high) != (0.0, 1.0):
            first, last = np.float32(low), np.float32(high)
            values = _fma_single(values, np.float64(last - first), np.float64(first))
        elif dtype.name == "float32":
            return shaped(values, shape, dtype)
    values = dtype.cast(values)
    bounds = dtype.cast(np.array([low, high], values.dtype))
    values = np.where(values >= bounds[1], bounds[0], values)  # rounded up to the bound
    return shaped(values, shape, dtype)


# --- normal ----------------------------------------------------------------------------------


def randn(
    shape: Shape, dtype: DType, *, generator: Generator | None = None, contiguous: bool = True
) -> Array:
    """Normal numbers of mean 0 and variance 1: `torch.randn`.

    The parts of complex numbers have variance 1/2.
    """
    return normal(shape, dtype, 0.0, 1.0, generator=generator, contiguous=contiguous)


def normal(
    shape: Shape,
    dtype: DType,
    mean: float = 0.0,
    std: float = 1.0,
    *,
    generator: Generator | None = None,
    contiguous: bool = True,
) -> Array:
    """Normal numbers: `normal_`, and `torch.normal` of two numbers.

    Raises NotImplementedError for integers, RuntimeError for a negative `std`.
    """
    if not std >= 0.0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    if dtype.is_complex:
        parts = normal(
            (*shape, 2),
            dtype.to_real(),
            mean,
            std / math.sqrt(2.0),
            generator=generator,
            contiguous=contiguous,
        )
        return parts.view(dtype.array)[..., 0]
    if not dtype.is_floating_point:
        raise unsupported("normal_kernel_cpu", dtype)
    source = generator or default_generator
    if count < 16 or not contiguous:
        values: Array = fused(_normals(source, count, dtype.name == "float64"), std, mean)
    elif dtype.name == "float64" and not source.narrow:
        values = _filled(count, source.doubles, _sixteens_double, mean, std)
    else:
        mean, std = float(np.float32(mean)), float(np.float32(std))
        if dtype.raw:
            values = _filled(count, source.floats, _sixteens_single, mean, std)
        else:
            values = _filled_half(count, source, mean, std)
    return shaped(values, shape, dtype)


def _normals(source: Generator, count: int, exact: bool) -> Doubles:
    """Normal float64 numbers in pairs, of which an odd one is kept for the next draw."""
    result = np.empty(count)
    start = 0
    if source.normal is not None and count:
        result[0] = source.normal
        source.normal = None
        start = 1
    pairs = (count - start + 1) // 2
    if pairs == 0:
        return result
    uniforms = source.doubles(2 * pairs)
    first, second = uniforms[0::2], uniforms[1::2]
    theta = (2.0 * math.pi) * first
    if exact or pairs <= _LIBM_MOST:
        radius = np.sqrt(-2.0 * _libm(math.log1p, -second))
        cosines, sines = _libm(math.cos, theta), _libm(math.sin, theta)
    else:
        radius = np.sqrt(-2.0 * np.log1p(-second))
        cosines, sines = np.cos(theta), np.sin(theta)
    values = np.empty(2 * pairs)
    np.multiply(radius, cosines, out=values[0::2])
    np.multiply(radius, sines, out=values[1::2])
    result[start:] = values[: count - start]
    if (count - start) % 2:
        last = math.sqrt(-2.0 * math.log1p(-second[-1]))
        source.normal = last * math.sin(theta[-1])
    return result


def _filled(
    count: int,
    draw: Callable[[int], Array],
    sixteens: Callable[[Array, float, float], Array],
    mean: float,
    std: float,
) -> Array:
    """Normal numbers from groups of 16 uniforms; a rest of a group redraws the last 16."""
    whole = count - count % 16
    uniforms = draw(count)
    if whole == count:
        return sixteens(uniforms, mean, std)
    values = np.empty_like(uniforms)
    values[:whole] = sixteens(uniforms[:whole], mean, std)
    values[-16:] = sixteens(draw(16), mean, std)
    return values


def _filled_half(count: int, source: Generator, mean: float, std: float) -> Singles:
    """`_filled` for the types of 16 bits: whole groups, of which the last one may overlap."""
    uniforms = source.floats(count + -count % 16)
    values = _sixteens_single(uniforms, mean, std)
    if count < values.size:
        values = np.concatenate((values[: count - 16], values[-16:]))
    return values


def _sixteens_double(uniforms: Doubles, mean: float, std: float) -> Doubles:
    """Box-Muller on groups of 16: the first eight give the radius, the last eight the angle."""
    groups = uniforms.reshape(-1, 2, 8)
    theta = ((2.0 * math.pi) * groups[:, 1]).ravel()
    radius = np.sqrt(-2.0 * _libm(math.log, (1.0 - groups[:, 0]).ravel()))
    values = np.empty_like(groups)
    values[:, 0] = (radius * _libm(math.cos, theta)).reshape(-1, 8)
    values[:, 1] = (radius * _libm(math.sin, theta)).reshape(-1, 8)
    result: Doubles = fused(values, std, mean).ravel()
    return result


_CHUNK = 1 << 13  # elements of a piece that stays in the cache


def _sixteens_single(uniforms: Singles, mean: float, std: float) -> Singles:
    """`_sixteens_double` in float32, with the polynomials of PyTorch's vector kernel."""
    values = np.empty_like(uniforms)
    for start in range(0, uniforms.size, 2 * _CHUNK):
        groups = uniforms[start : start + 2 * _CHUNK].reshape(-1, 2, 8)
        result = values[start : start + 2 * _CHUNK].reshape(-1, 2, 8)
        radius = np.sqrt(np.float32(-2.0) * _log_single((np.float32(1.0) - groups[:, 0]).ravel()))
        theta = (np.float32(2.0 * math.pi) * groups[:, 1]).ravel()
        for part, trigonometric in enumerate(reversed(_sin_cos_single(theta))):
            product = radius * trigonometric
            if std != 1.0 or mean != 0.0:
                product = (product.astype(np.float64) * std + mean).astype(np.float32)
            result[:, part] = product.reshape(-1, 8)
    return values


def _fma_single(a: Singles, b: Array, c: Array) -> Singles:
    """float32 `a * b + c` rounded once; `c` is float64 or a float32 array."""
    wide = np.multiply(a, b, dtype=np.float64)
    wide += c
    return wide.astype(np.float32)


# Coefficients of S. L. Moshier's Cephes library (single/logf.c, single/sinf.c), as float32.
_LOG = [
    float(np.float32(c))
    for c in (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    )
]
_LOG_LOW, _LOG_HIGH = float(np.float32(-2.12194440e-4)), 0.693359375
_COS = [
    float(np.float32(c))
    for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
]
_SIN = [float(np.float32(c)) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_QUARTERS = np.float32(4.0 / math.pi)
_PI_PARTS = (0.78515625, 2.4187564849853515625e-4, float(np.float32(3.77489497744594108e-8)))


def _horner_single(x: Singles, coefficients: Sequence[float]) -> Singles:
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = _fma_single(value, x, coefficient)
    return value


def _log_single(x: Singles) -> Singles:
    """The float32 logarithm of x in (0, 1], by Cephes' polynomial around 1."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < np.float32(math.sqrt(0.5))
    e = exponent.astype(np.float32) - small
    m = np.where(small, mantissa + mantissa, mantissa) - np.float32(1.0)
    square = m * m
    y = _horner_single(m, _LOG) * m
    y = _fma_single(y, square, (e * np.float32(_LOG_LOW)))
    y = _fma_single(square, -0.5, y)
    return _fma_single(e, _LOG_HIGH, m + y)


def _sin_cos_single(x: Singles) -> tuple[Singles, Singles]:
    """The float32 sine and cosine of x in [0, 2π], by Cephes' polynomials in octants."""
    octant = ((x * _QUARTERS).astype(np.int32) + 1) & ~1
    y = octant.astype(np.float32)
    for part in _PI_PARTS:
        x = _fma_single(y, -part, x)
    square = x * x
    cosine = _horner_single(square, _COS) * square
    cosine = _fma_single(cosine, square, np.float32(-0.5) * square) + np.float32(1.0)
    sine = _fma_single(_horner_single(square, _SIN) * square, x, x)
    swapped = (octant & 2) != 0
    sin, cos = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    sin = np.where(octant & 4, -sin, sin)
    cos = np.where((octant + 2) & 4, -cos, cos)
    return sin, cos


def normal_like(
    mean: Array | float, std: Array | float, dtype: DType, *, generator: Generator | None = None
) -> Array:
    """Normal numbers with a mean and a deviation per element: `torch.normal` of tensors.

    `dtype` is that of `mean` if it is a tensor, else that of `std`; the shape is the broadcast one.
    """
    if isinstance(std, float):
        noise = normal(np.shape(mean), dtype, 0.0, std, generator=generator)
        return _sum(noise, mean, dtype)
    if std.dtype.kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex")
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std))
    counted(shape, dtype)
    if std.size and not std.min() >= 0:
        raise RuntimeError("normal expects all elements of std >= 0.0")
    noise = normal(shape, dtype, 0.0, 1.0, generator=generator)
    wide = _common(noise, std, dtype)
    product = _cast(noise.astype(wide) * std.astype(wide), dtype)
    return _sum(product, mean, dtype)


def _sum(noise: Array, mean: Array | float, dtype: DType) -> Array:
    mean = dtype.compute.type(mean) if isinstance(mean, float) else mean
    wide = _common(noise, mean, dtype)
    return _cast(noise.astype(wide) + mean.astype(wide), dtype)[()]


def _common(noise: Array, other: Array, dtype: DType) -> np.dtype[Any]:
    """The type in which PyTorch combines `noise` with an operand that may be of another type."""
    if other.dtype.kind not in "fc" or (other.ndim == 0 and noise.ndim):
        return dtype.compute
    return np.result_type(dtype.compute, other.dtype)


def log_normal(
    shape: Shape,
    dtype: DType,
    mean: float = 1.0,
    std: float = 2.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Exponentials of normal numbers: `log_normal_`."""
    if not std > 0.0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    if not dtype.is_floating_point:
        raise unsupported("log_normal_cpu", dtype)
    exact = dtype.name == "float64"
    values = fused(_normals(generator or default_generator, count, exact), std, mean)
    with np.errstate(over="ignore"):
        if exact and values.max() < 709.0:
            values = _libm(math.exp, values)
        else:
            values = np.exp(values)
        return shaped(values, shape, dtype)


# --- other continuous distributions ----------------------------------------------------------


def exponential(
    shape: Shape, dtype: DType, rate: float = 1.0, *, generator: Generator | None = None
) -> Array:
    """Exponential numbers of mean 1/rate: `exponential_`."""
    count = counted(shape, dtype)
    if count and not dtype.is_floating_point:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {dtype.scalar_name}"
        )
    if not rate > 0.0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    uniforms = (generator or default_generator).doubles(count)
    if dtype.name == "float64" or uniforms.size <= _LIBM_MOST:
        logarithms = _libm(math.log1p, -uniforms)
    else:
        logarithms = np.log1p(-uniforms)
    return shaped(-1.0 / rate * logarithms, shape, dtype)


def cauchy(
    shape: Shape,
    dtype: DType,
    median: float = 0.0,
    sigma: float = 1.0,
    *,
    generator: Generator | None = None,
) -> Array:
    """Cauchy numbers: `cauchy_`."""
    if not dtype.is_floating_point:
        raise RuntimeError(
            "Cauchy distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {c_name(dtype)}"
        )
    if not sigma > 0.0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    uniforms = (generator or default_generator).doubles(counted(shape, dtype))
    angles = math.pi * (uniforms - 0.5)
    if dtype.name == "float64" or angles.size <= _LIBM_MOST:
        tangents = _libm(math.tan, angles)
    else:
        tangents = np.tan(angles)
    with np.errstate(over="ignore"):
        return shaped(fused(tangents, sigma, median), shape, dtype)


# --- integers --------------------------------------------------------------------------------


def geometric(shape: Shape, dtype: DType, p: float, *, generator: Generator | None = None) -> Array:
    """The number of the first success in trials of probability `p`: `geometric_`."""
    if not 0.0 < p < 1.0:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    if dtype.is_complex or dtype.name == "bool":
        raise unsupported("geometric_cpu", dtype)
    uniforms = (generator or default_generator).doubles(count)
    with np.errstate(divide="ignore"):
        if count <= _LIBM_MOST and uniforms.all():
            logarithms = _libm(math.log, uniforms)
        else:
            logarithms = np.log(uniforms)
    return shaped(np.ceil(logarithms / math.log(1.0 - p)), shape, dtype)


def random_bits(shape: Shape, dtype: DType, *, generator: Generator | None = None) -> Array:
    """Integers over all that the type represents exactly from 0: `random_()`."""
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    if dtype.is_complex:
        raise unsupported("random_kernel_cpu", dtype)
    source = generator or default_generator
    if dtype.is_floating_point:
        modulus = (1 << _DIGITS[dtype.name]) + 1
    else:
        modulus = _integers(dtype)[1] + 1
    if dtype.name in ("int64", "float64"):
        values: Array = (source.longs(count) % np.uint64(modulus)).astype(np.int64)
    else:
        values = source.words(count) % np.uint32(modulus)
    return shaped(_from_integers(values, dtype), shape, dtype)


def _from_integers(values: Array, dtype: DType) -> Array:
    """Integers on their way to `dtype`: half types are reached through float32."""
    return values.astype(np.float32) if dtype.is_floating_point and not dtype.raw else values


def _as_type(value: int, dtype: DType) -> int:
    """`value` rounded to a floating type, as an integer of 64 bits; C's conversion saturates."""
    with np.errstate(over="ignore"):
        rounded = float(dtype.cast(_from_integers(np.asarray(value, np.int64), dtype)))
    return int(rounded) if -(2.0**63) <= rounded < 2.0**63 else _INT64_MIN


def _first_exact(low: int, dtype: DType) -> int:
    """The least integer from `low` on that the floating type keeps above `low`."""
    following = _as_type(low + 1, dtype)
    if following < low:
        shift = abs(low + 1).bit_length() - _DIGITS[dtype.name]
        return following + (1 << shift)
    return low


def _last_exact(high: int, dtype: DType) -> int:
    """The greatest bound up to `high` that the floating type keeps below `high`."""
    before = _as_type(high - 1, dtype)
    if before >= high:
        shift = abs(high - 1).bit_length() - _DIGITS[dtype.name]
        return before - (1 << shift)
    return high


def _check_range(low: int, last: int, dtype: DType) -> None:
    """Refuse bounds outside the type; warn of those that a floating type cannot count up to."""
    if dtype.is_complex:
        raise RuntimeError(
            "check_random_bounds handles only integral, floating-point and boolean types"
        )
    name = c_name(dtype)
    bounds = ((low, "from"), (last, "to - 1"))
    if dtype.is_floating_point:
        most = _largest(dtype)
        least = -most
    else:
        least, most = _integers(dtype)
    for value, label in bounds:
        if not least <= value <= most:
            raise RuntimeError(f"{label} is out of bounds for {name}")
    if dtype.is_floating_point:
        digits = _DIGITS[dtype.name]
        for value, label in bounds:
            if abs(value) > 1 << digits:
                warnings.warn(
                    f"{label} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                    f"limitations {name} can support discrete uniform distribution only within "
                    "this range. This warning will become an error in version 1.7 release, please "
                    "fix the code in advance",
                    UserWarning,
                    stacklevel=3,
                )


def random_from_to(
    shape: Shape,
    dtype: DType,
    low: int,
    high: int | None,
    *,
    generator: Generator | None = None,
) -> Array:
    """Integers of [low, high): `random_(from, to)`; to the type's end if `high` is None."""
    full = high is None and low == _INT64_MIN
    if not full:
        low, last = _bounds(dtype, low, high)
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    source = generator or default_generator
    if full:
        return shaped(_from_integers(_all_bits(count, dtype, source), dtype), shape, dtype)
    span = last - low + 1
    if span >= 1 << 28:
        wide = source.longs(count)
        if span < 1 << 64:
            wide %= np.uint64(span)
    else:
        wide = (source.words(count) % np.uint32(span)).astype(np.uint64)
    wide += np.uint64(low & 0xFFFFFFFFFFFFFFFF)
    return shaped(_from_integers(wide.view(np.int64), dtype), shape, dtype)


def _bounds(dtype: DType, low: int, high: int | None) -> tuple[int, int]:
    """The first and the last integer that `random_from_to` draws."""
    for value in (low, 0 if high is None else high):
        if not _INT64_MIN <= value <= _INT64_MAX:
            raise ValueError("Overflow when unpacking long long")
    if high is not None:
        if low >= high:
            raise RuntimeError(
                f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
            )
        if dtype.is_floating_point:
            low, high = _first_exact(low, dtype), _last_exact(high, dtype)
            if low >= high:
                raise RuntimeError(
                    "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                    f"but got from={low} >= to={high}"
                )
        last = high - 1
    elif dtype.is_floating_point:
        low, last = _first_exact(low, dtype), 1 << _DIGITS[dtype.name]
        if low >= last:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' "
                f"casted to dtype, but got from={low} > to_inc={last}"
            )
    elif dtype.is_complex:
        raise RuntimeError(
            "random_from_to_impl handles only integral, floating-point and boolean types"
        )
    else:
        last = _integers(dtype)[1]
    _check_range(low, last, dtype)
    return low, last


def _all_bits(count: int, dtype: DType, source: Generator) -> Array:
    kernel = "random_full_64_bits_range_kernel_cpu"
    if dtype.is_complex or dtype.name in ("bool", "float16"):
        raise unsupported(kernel, dtype)
    if dtype.name not in ("int64", "float64", "float32", "bfloat16"):
        raise RuntimeError(f"{kernel} handles only int64, double, float and bfloat16")
    return source.longs(count).view(np.int64)


def randint(
    low: int, high: int, shape: Shape, dtype: DType, *, generator: Generator | None = None
) -> Array:
    """Integers of [low, high): `torch.randint`."""
    counted(shape, dtype)
    return random_from_to(shape, dtype, low, high, generator=generator)


def randperm(n: int, dtype: DType, *, generator: Generator | None = None) -> Array:
    """A permutation of 0 … n - 1: `torch.randperm`.

    Raises RuntimeError when the type cannot hold n - 1.
    """
    counted((n,), dtype)
    if dtype.is_floating_point and n > (1 << _DIGITS[dtype.name]) + 1:
        limits = {"float16": "2049", "float32": "2^24+1", "float64": "2^53+1"}
        if dtype.name in limits:
            raise RuntimeError(
                f"n cannot be greater than {limits[dtype.name]} for {dtype.scalar_name} type."
            )
    if dtype.is_complex or dtype.name == "bool":
        raise unsupported("randperm", dtype)
    if not dtype.is_floating_point and n - 1 > _integers(dtype)[1]:
        raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
    order = list(range(n))
    if n > 1:
        words = (generator or default_generator).words(n - 1)
        left = np.arange(n, 1, -1, dtype=np.uint32)
        for i, step in enumerate((words % left).tolist()):
            j = i + step
            order[i], order[j] = order[j], order[i]
    return dtype.cast(_from_integers(np.array(order, np.int64), dtype))


# --- placement -------------------------------------------------------------------------------


def fill(target: Array, values: Array) -> None:
    """Write `values` into the array `target`, the first value to the lowest address.

    This is the order in which PyTorch's in-place draws visit a tensor: dimensions by falling
    stride, and of equal strides the larger one later.
    """
    order = list(range(target.ndim))[::-1]  # the innermost dimension first
    for last in range(1, target.ndim):
        place = last
        for before in range(last - 1, -1, -1):
            inner, outer = order[before], order[place]
            low, high = target.strides[inner], target.strides[outer]
            if low == 0 or high == 0:
                continue
            if low > high or (low == high and target.shape[inner] > target.shape[outer]):
                order[before], order[place] = outer, inner
                place = before
            elif low < high:
                break
    view = target.transpose(order[::-1])
    view[...] = values.reshape(view.shape)
