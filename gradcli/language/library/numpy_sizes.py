"""How large the results of NumPy's functions are, asked before they are made."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import check_dot, check_matmul
from gradcli.language.values.numpy_checks import words
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, numel, shape_of

MOST_DECIMALS = 400  # a float has no more digits on either side of its point


def bounded_decimals(decimals: Any) -> Any:
    """To how many decimals to round: NumPy multiplies by ten as often, one after the other."""
    decimals = index_of(decimals)
    if isinstance(decimals, int):
        return max(min(decimals, MOST_DECIMALS), -MOST_DECIMALS)
    return decimals


def check_result(name: str, given: list[Any], kwargs: dict[str, Any]) -> None:
    """Refuse what would be too large: `name` is NumPy's, `given` what it is called with.

    Counts of repetitions that do nothing more are bounded in place.
    """
    for array in given:
        if isinstance(array, np.ndarray) and array.nbytes > runtime.max_bytes:  # expanded
            runtime.reserve(array.nbytes)
    rule = _RULES.get(name)
    if rule is not None:
        runtime.reserve(16 * rule(given, kwargs))
    elif name == "dot" and len(given) > 1:
        check_dot(*given[:2])
    elif name == "matmul" and len(given) > 1:
        check_matmul(*given[:2])
    elif len(given) > 1:
        _check_shapes(given)
    if name in ("round", "around"):
        given[1:2] = map(bounded_decimals, given[1:2])
        if "decimals" in kwargs:
            kwargs["decimals"] = bounded_decimals(kwargs["decimals"])
    elif name == "diff":  # one difference after the other, of what is empty at the end
        for place, key in ((given, 1), (kwargs, "n")):
            if key in kwargs or (place is given and len(given) > 1):
                n = index_of(place[key])  # type: ignore[index]
                if isinstance(n, int):
                    place[key] = min(n, max(_size(given[0]), 1) + 1)  # type: ignore[index]


def _int(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) and value.ndim else index_of(value)


def _option(given: list[Any], kwargs: dict[str, Any], at: int, name: str, default: Any) -> Any:
    return given[at] if len(given) > at else kwargs.get(name, default)


def _count(value: Any, default: int = 1) -> int:
    """A size that an argument asks for: an int, or as many as a list has."""
    value = _int(value)
    if isinstance(value, int):
        return max(value, 1)
    if isinstance(value, float):
        return max(int(min(value, 1e18)), 1) if value == value else default
    if isinstance(value, tuple | list | np.ndarray):
        return max(len(np.atleast_1d(value)), 1)
    return default


def _numbers(value: Any) -> list[int]:
    """The ints of an int, of nested lists of them, or of an array."""
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, tuple | list):
        return [number for item in value for number in _numbers(item)]
    value = _int(value)
    return [value] if isinstance(value, int) else []


def _sum(given: list[Any], kwargs: dict[str, Any]) -> int:
    return sum(map(_size, (*given, *kwargs.values())))


def _grid(given: list[Any], kwargs: dict[str, Any]) -> int:
    return math.prod(map(_size, given)) * max(len(given), 1)


def _diagonal(given: list[Any], kwargs: dict[str, Any]) -> int:
    if not given or _rank(given[0]) != 1:
        return _size(given[0]) ** 2 if given and not _rank(given[0]) else 1
    k = _int(_option(given, kwargs, 1, "k", 0))
    return (_size(given[0]) + (abs(k) if isinstance(k, int) else 0)) ** 2


def _flat_diagonal(given: list[Any], kwargs: dict[str, Any]) -> int:
    k = _int(_option(given, kwargs, 1, "k", 0))
    return (_size(given[0]) + (abs(k) if isinstance(k, int) else 0)) ** 2 if given else 1


def _tiled(given: list[Any], kwargs: dict[str, Any]) -> int:
    reps = _numbers(_option(given, kwargs, 1, "reps", 1))
    return _size(given[0]) * math.prod(max(count, 1) for count in reps) if given else 1


def _repeated(given: list[Any], kwargs: dict[str, Any]) -> int:
    repeats = _numbers(_option(given, kwargs, 1, "repeats", 1))
    total = max(repeats, default=1) if len(repeats) < 2 else sum(max(n, 0) for n in repeats)
    return _size(given[0]) * max(total, 1) if given else 1


def _padded(given: list[Any], kwargs: dict[str, Any]) -> int:
    if not given:
        return 1
    widest = max(map(abs, _numbers(_option(given, kwargs, 1, "pad_width", 0))), default=0)
    shape = _shape_of(given[0])
    return math.prod(length + 2 * widest for length in shape)


def _counted(given: list[Any], kwargs: dict[str, Any]) -> int:
    if not given:
        return 1
    values = np.asarray(given[0])
    largest = int(values.max()) + 1 if values.size and values.dtype.kind in "iub" else 1
    return max(largest, _count(_option(given, kwargs, 2, "minlength", 1)), _size(given[0]))


def _bins(given: list[Any], kwargs: dict[str, Any]) -> int:
    bins = _option(given, kwargs, 1, "bins", 10)
    count = _found_bins(given[0]) if isinstance(bins, str) and given else _count(bins, 10)
    return count + _size(given[0] if given else 1)


def _found_bins(values: Any) -> int:
    """At most how many bins NumPy finds by itself: those of Freedman and Diaconis, or few."""
    data = np.asarray(values)
    few = data.size + 100
    if not data.size or data.dtype.kind not in "biuf" or not np.isfinite(data).all():
        return few
    upper, lower = np.percentile(data.astype(float), (75, 25))
    width = 2 * (upper - lower) * data.size ** (-1 / 3)
    span = float(data.max()) - float(data.min())
    return few if width <= 0 else few + int(min(span / width, 1e18))


def _bins_2d(given: list[Any], kwargs: dict[str, Any]) -> int:
    bins = _option(given, kwargs, 2, "bins", 10)
    counts = [_count(part, 10) for part in bins] if isinstance(bins, tuple) else [_count(bins, 10)]
    return max(counts) ** 2 + _sum(given[:2], {})


def _bins_any(given: list[Any], kwargs: dict[str, Any]) -> int:
    bins = _option(given, kwargs, 1, "bins", 10)
    counts = [_count(part, 10) for part in bins] if isinstance(bins, tuple) else [_count(bins, 10)]
    columns = _shape_of(given[0])[-1] if given and np.ndim(given[0]) > 1 else 1
    cells: int = (max(counts) + 2) ** columns
    return cells + _sum(given[:1], {})


def _shape(at: int, key: str) -> Callable[[list[Any], dict[str, Any]], int]:
    def size(given: list[Any], kwargs: dict[str, Any]) -> int:
        lengths = _numbers(_option(given, kwargs, at, key, 1))
        return math.prod(max(length, 1) for length in lengths) * max(len(lengths), 1)

    return size


def _like(given: list[Any], kwargs: dict[str, Any]) -> int:
    return max(_shape(4, "shape")(given, kwargs), _size(given[0]) if given else 1)


def _square(given: list[Any], kwargs: dict[str, Any]) -> int:
    """Matrices with as many rows and columns as the array has rows, or columns."""
    shape = _shape_of(given[0]) if given else (1,)
    return _size(given[0] if given else 1) + math.prod(shape[:-2]) * max((*shape[-2:], 1)) ** 2


def _chained(given: list[Any], kwargs: dict[str, Any]) -> int:
    """Products of matrices in any order."""
    matrices = given[0] if given and isinstance(given[0], tuple | list | np.ndarray) else ()
    machine.spend(len(matrices) ** 3 >> 4)
    return max([1, *(length for matrix in matrices for length in _shape_of(matrix))]) ** 2


def _covered(given: list[Any], kwargs: dict[str, Any]) -> int:
    shape = _shape_of(given[0]) if given else (1,)
    rows = shape[0] if _option(given, kwargs, 2, "rowvar", True) else shape[-1]
    return 4 * (max(rows, 1) if len(shape) > 1 else 1) ** 2 + _sum(given, {})


def _powers(given: list[Any], kwargs: dict[str, Any]) -> int:
    first = given[0] if given else kwargs.get("x")
    return _size(first) * _count(_option(given, kwargs, 1, "N", _size(first)))


def _degrees(given: list[Any], kwargs: dict[str, Any]) -> int:
    degree = max(_numbers(_option(given, kwargs, 2, "deg", 1)), default=1)
    return (_size(given[0]) if given else 1) * (max(degree, 0) + 1) + max(degree, 0) ** 2


def _triangle(given: list[Any], kwargs: dict[str, Any]) -> int:
    """Matrices, or indices, of as many rows and columns as the numbers say."""
    if given and isinstance(given[0], np.ndarray):
        return 2 * _size(given[0])
    counts = [_count(value) for value in (*given, *kwargs.values()) if value is not None]
    return 2 * (counts[0] if counts else 1) * max(counts, default=1)


def _rooted(given: list[Any], kwargs: dict[str, Any]) -> int:
    return _size(given[0]) ** 2 if given else 1


def _taken(given: list[Any], kwargs: dict[str, Any]) -> int:
    if len(given) < 2:
        return 1
    axis = _int(_option(given, kwargs, 2, "axis", None))
    shape = _shape_of(given[0])
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return _size(given[1])
    return _size(given[1]) * max(_size(given[0]) // max(shape[axis], 1), 1)


def _ranked(given: list[Any], kwargs: dict[str, Any]) -> int:
    q = _option(given, kwargs, 1, "q", 1)
    return _size(given[0]) * (2 + _size(q)) if given else 1


def _contracted(given: list[Any], kwargs: dict[str, Any]) -> int:
    if len(given) < 2:
        return 1
    axes = _option(given, kwargs, 2, "axes", 2)
    a, b = _shape_of(given[0]), _shape_of(given[1])
    count = _int(axes)
    if isinstance(count, int):
        if not 0 <= count <= min(len(a), len(b)):
            return 1
        return math.prod(a[: len(a) - count]) * math.prod(b[count:])
    pair = isinstance(axes, tuple | np.ndarray) and len(axes) == 2
    left, right = (_numbers(part) for part in axes) if pair else ([], [])
    gone = math.prod(a[at] for at in left if -len(a) <= at < len(a))
    other = math.prod(b[at] for at in right if -len(b) <= at < len(b))
    return _size(given[0]) // max(gone, 1) * (_size(given[1]) // max(other, 1))


def _einsum(given: list[Any], kwargs: dict[str, Any]) -> int:
    """The elements of the result; those of any step in between when the path is optimized."""
    if not given or not isinstance(given[0], str):
        raise TypeError("einsum() takes its subscripts as text here")
    text = given[0].replace(" ", "")
    inputs, arrow, output = text.partition("->")
    lengths: dict[str, int] = {}
    dots = 1
    for labels, value in zip(inputs.split(","), given[1:], strict=False):
        shape = _shape_of(value)
        before, ellipsis, after = labels.partition("...")
        letters = [*before, *after]
        pairs = zip(before, shape, strict=False)
        lengths.update((name, max(size, lengths.get(name, 1))) for name, size in pairs)
        pairs = zip(reversed(after), reversed(shape), strict=False)
        lengths.update((name, max(size, lengths.get(name, 1))) for name, size in pairs)
        if ellipsis:
            dots = max(dots, math.prod(shape) if len(letters) < len(shape) else 1)
    if kwargs.get("optimize", False):
        return math.prod(lengths.values()) * dots
    if not arrow:
        output = "".join(name for name in lengths if inputs.count(name) == 1)
    return math.prod(lengths.get(name, 1) for name in output) * dots


def _spectrum(given: list[Any], kwargs: dict[str, Any]) -> int:
    """Each length that is asked for in the place of the shortest that it may replace."""
    lengths = _numbers(_option(given, kwargs, 1, "n", kwargs.get("s")))
    shape = sorted(_shape_of(given[0])) if given else []
    kept = math.prod(max(length, 1) for length in shape[len(lengths) :])
    return _size(given[0] if given else 1) + 2 * kept * math.prod(max(n, 1) for n in lengths)


def _frequencies(given: list[Any], kwargs: dict[str, Any]) -> int:
    return _count(_option(given, kwargs, 0, "n", 1))


def _split(given: list[Any], kwargs: dict[str, Any]) -> int:
    return 16 * _count(_option(given, kwargs, 1, "indices_or_sections", 1))


def _inner(given: list[Any], kwargs: dict[str, Any]) -> int:
    shared = max(_shape_of(given[0])[-1:], default=1) if given else 1
    return math.prod(map(_size, given)) // max(shared, 1)


def _slid(given: list[Any], kwargs: dict[str, Any]) -> int:
    """Each number with each, in one call."""
    machine.spend(math.prod(map(_size, given[:2])) >> 12)
    return _sum(given, kwargs)


def _kronecker(given: list[Any], kwargs: dict[str, Any]) -> int:
    return 2 * math.prod(map(_size, given))


_Rule = Callable[[list[Any], dict[str, Any]], int]

_RULES: dict[str, _Rule] = {
    **dict.fromkeys(
        words("""concatenate concat stack vstack hstack dstack column_stack append insert union1d
            setxor1d intersect1d isin select choose compress delete interp polyadd polysub polymul
            polydiv solve tensorsolve"""),
        _sum,
    ),
    **dict.fromkeys(("outer", "kron"), _kronecker),
    **dict.fromkeys(("convolve", "correlate"), _slid),
    "inner": _inner,
    "meshgrid": _grid,
    "ix_": _sum,
    "diag": _diagonal,
    "diagflat": _flat_diagonal,
    "tile": _tiled,
    "repeat": _repeated,
    "pad": _padded,
    "bincount": _counted,
    **dict.fromkeys(("histogram", "histogram_bin_edges"), _bins),
    "histogram2d": _bins_2d,
    "histogramdd": _bins_any,
    **dict.fromkeys(("broadcast_to", "resize"), _shape(1, "shape")),
    **dict.fromkeys(("indices", "broadcast_shapes"), _shape(0, "dimensions")),
    **dict.fromkeys(("zeros_like", "ones_like", "empty_like"), _like),
    **dict.fromkeys(
        words("""svd svdvals qr pinv lstsq cond matrix_rank inv det eig eigh eigvals eigvalsh
            slogdet matrix_power cholesky tensorinv"""),
        _square,
    ),
    "multi_dot": _chained,
    "unpackbits": lambda given, kwargs: 8 * _size(given[0]) if given else 1,
    **dict.fromkeys(("cov", "corrcoef"), _covered),
    "vander": _powers,
    "polyfit": _degrees,
    **dict.fromkeys(("tri", "triu_indices", "tril_indices", "diag_indices"), _triangle),
    **dict.fromkeys(("roots", "poly"), _rooted),
    "take": _taken,
    **dict.fromkeys(("percentile", "quantile", "nanpercentile", "nanquantile"), _ranked),
    "tensordot": _contracted,
    "einsum": _einsum,
    **dict.fromkeys(
        words("""fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn hfft ihfft"""),
        _spectrum,
    ),
    **dict.fromkeys(
        ("fftfreq", "rfftfreq", "hamming", "hanning", "bartlett", "blackman", "kaiser"),
        _frequencies,
    ),
    **dict.fromkeys(("split", "array_split", "hsplit", "vsplit", "dsplit"), _split),
}


def _shape_of(value: Any) -> tuple[int, ...]:
    return shape_of(value) if isinstance(value, Tensor) else tuple(map(int, np.shape(value)))


def _rank(value: Any) -> int:
    return len(shape_of(value)) if isinstance(value, Tensor) else np.ndim(value)


def _size(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(map(_size, value))
    if isinstance(value, Tensor):
        return max(numel(shape_of(value)), 1)
    return max(getattr(value, "size", 1), 1)


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
