"""The special functions against SciPy, and at their edges against PyTorch's record."""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

from gradcli.kernels import special

RECORD = json.loads(
    (pathlib.Path(__file__).parent.parent / "goldens" / "special.json").read_text(encoding="utf-8")
)

# PyTorch's own series are this far from the functions; ours are not.
LOOSE = {"airy_ai": 1e-9, "j0": 2e-8, "j1": 2e-8, "y0": 2e-8, "y1": 3e-8, "polygamma1": 1e-9}
LOOSE_SINGLE = {"airy_ai": 1e-5, "j0": 5e-3, "j1": 5e-3, "y0": 5e-3, "y1": 5e-3}


def numbers(values: list[Any]) -> Any:
    return np.array([float(value) for value in values])


def assert_same(ours: Any, theirs: Any, tolerance: float, label: str, points: Any) -> None:
    """Equal up to a relative tolerance; NaN, infinities and the sign of zero exactly."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    finite = np.isfinite(theirs) & (theirs != 0)
    with np.errstate(invalid="ignore"):
        near = np.abs(ours - theirs) <= tolerance * np.abs(theirs)
    exact = (np.isnan(ours) & np.isnan(theirs)) | (
        (ours == theirs) & (np.signbit(ours) == np.signbit(theirs))
    )
    wrong = np.flatnonzero(~np.where(finite, near, exact))
    report = [(points[i], float(ours[i]), float(theirs[i])) for i in wrong[:5]]
    assert not report, f"{label}: (x, ours, PyTorch's) {report}"


@pytest.mark.parametrize("key", RECORD["unary"])
def test_edges_are_pytorchs(key: str) -> None:
    name, dtype = key.split()
    x = numbers(RECORD["edges"]).astype(dtype)
    if name.startswith("polygamma"):
        ours = special.polygamma(int(name[-1]), x)
    else:
        ours = getattr(special, name)(x)
    assert ours.dtype == dtype
    theirs = numbers(RECORD["unary"][key]).astype(dtype)
    if dtype == "float64":
        tolerance = LOOSE.get(name, 1e-12)
    else:
        tolerance = LOOSE_SINGLE.get(name, 2e-6)
    assert_same(ours, theirs, tolerance, key, x)


@pytest.mark.parametrize("name", RECORD["binary"])
def test_edges_of_two_arguments_are_pytorchs(name: str) -> None:
    pairs = numbers(RECORD["pairs"])
    ours = getattr(special, name)(pairs[:, None], pairs).ravel()
    points = [(a, b) for a in pairs for b in pairs]
    assert_same(ours, numbers(RECORD["binary"][name]), 2e-11, name, points)


RNG = np.random.default_rng(0)


def uniform(low: float, high: float) -> Any:
    return RNG.uniform(low, high, 4000)


def logarithmic(low: float, high: float) -> Any:
    return 10.0 ** RNG.uniform(low, high, 4000)


# Name, SciPy's function, arguments, relative and absolute tolerance. Where the absolute one is
# not 0 the function has zeros; the wider relative ones are SciPy's own errors in the tails.
PEERS: list[tuple[str, Callable[..., Any], tuple[Any, ...], float, float]] = [
    ("erf", scipy.special.erf, (uniform(-7, 7),), 2e-15, 0.0),
    ("erf", scipy.special.erf, (logarithmic(-300, 1),), 2e-15, 0.0),
    ("erfc", scipy.special.erfc, (uniform(-6, 4),), 3e-15, 0.0),
    ("erfc", scipy.special.erfc, (uniform(4, 26),), 2e-13, 0.0),
    ("erfcx", scipy.special.erfcx, (logarithmic(-5, 8),), 2e-15, 0.0),
    ("erfinv", scipy.special.erfinv, (uniform(-1, 1),), 3e-15, 0.0),
    ("erfinv", scipy.special.erfinv, (logarithmic(-20, 0),), 3e-15, 0.0),
    ("ndtri", scipy.special.ndtri, (uniform(0, 1),), 3e-15, 1e-16),
    ("ndtri", scipy.special.ndtri, (logarithmic(-300, 0),), 3e-15, 0.0),
    ("ndtr", scipy.special.ndtr, (uniform(-6, 6),), 0.0, 3e-16),
    ("log_ndtr", scipy.special.log_ndtr, (uniform(-40, 5),), 1e-13, 0.0),
    ("lgamma", scipy.special.gammaln, (uniform(0, 3),), 1e-15, 1e-15),
    ("lgamma", scipy.special.gammaln, (logarithmic(0.5, 300),), 1e-15, 0.0),
    ("lgamma", scipy.special.gammaln, (logarithmic(-300, -1),), 1e-15, 0.0),
    ("lgamma", scipy.special.gammaln, (uniform(-20, 0),), 2e-15, 2e-15),
    ("digamma", scipy.special.psi, (uniform(0, 12),), 2e-15, 1e-16),
    ("digamma", scipy.special.psi, (logarithmic(1, 300),), 1e-15, 0.0),
    ("zeta", scipy.special.zeta, (uniform(1.01, 20), logarithmic(-2, 3)), 3e-15, 0.0),
    ("gammainc", scipy.special.gammainc, (logarithmic(-2, 2), logarithmic(-2, 2)), 1e-12, 1e-300),
    ("gammaincc", scipy.special.gammaincc, (logarithmic(-2, 2), logarithmic(-2, 2)), 1e-12, 1e-300),
    ("gammainc", scipy.special.gammainc, (uniform(900, 1100), uniform(900, 1100)), 1e-12, 0.0),
    ("i0", scipy.special.i0, (uniform(-30, 30),), 3e-15, 0.0),
    ("i0e", scipy.special.i0e, (logarithmic(-5, 5),), 3e-15, 0.0),
    ("i1", scipy.special.i1, (uniform(-30, 30),), 4e-15, 0.0),
    ("i1e", scipy.special.i1e, (logarithmic(-5, 5),), 3e-15, 0.0),
    ("j0", scipy.special.j0, (uniform(-50, 50),), 0.0, 4e-15),
    ("j1", scipy.special.j1, (uniform(-50, 50),), 0.0, 4e-15),
    ("y0", scipy.special.y0, (uniform(0.1, 50),), 0.0, 8e-15),
    ("y1", scipy.special.y1, (uniform(0.5, 50),), 0.0, 8e-15),
    ("k0", scipy.special.k0, (logarithmic(-5, 2.5),), 5e-15, 0.0),
    ("k0e", scipy.special.k0e, (logarithmic(-5, 5),), 5e-15, 0.0),
    ("k1", scipy.special.k1, (logarithmic(-5, 2.5),), 5e-15, 0.0),
    ("k1e", scipy.special.k1e, (logarithmic(-5, 5),), 5e-15, 0.0),
    ("airy_ai", lambda x: scipy.special.airy(x)[0], (uniform(-25, 25),), 1e-13, 1e-14),
    ("entr", scipy.special.entr, (uniform(-1, 3),), 1e-15, 0.0),
    ("xlogy", scipy.special.xlogy, (uniform(0, 3), uniform(0, 3)), 1e-15, 0.0),
    ("xlog1py", scipy.special.xlog1py, (uniform(0, 3), uniform(-1, 3)), 1e-15, 0.0),
    ("sinc", np.sinc, (uniform(-3, 3),), 1e-15, 1e-17),
]


@pytest.mark.parametrize("case", range(len(PEERS)), ids=lambda i: f"{PEERS[i][0]}{i}")
def test_values_are_scipys(case: int) -> None:
    name, peer, arguments, relative, absolute = PEERS[case]
    ours = getattr(special, name)(*arguments)
    np.testing.assert_allclose(ours, peer(*arguments), relative, absolute)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_polygamma_is_scipys(n: int) -> None:
    x = logarithmic(-3, 3)
    np.testing.assert_allclose(special.polygamma(n, x), scipy.special.polygamma(n, x), 4e-15)


def test_polygamma_of_negative_arguments_continues_the_recurrence() -> None:
    x = np.array([-0.5, -1.25, -7.625, -100.0625, -1e6 - 0.5])
    for n in (1, 2, 3):
        step = (1.0 if n % 2 else -1.0) * math.factorial(n) / x ** (n + 1)
        np.testing.assert_allclose(
            special.polygamma(n, x), special.polygamma(n, x + 1.0) + step, 1e-9, 1e-9
        )


def test_polygamma_refuses_a_negative_order() -> None:
    with pytest.raises(RuntimeError, match=r"^polygamma\(n, x\) does not support negative n\.$"):
        special.polygamma(-1, np.ones(2))


UNARY = sorted({name for name, _, arguments, *_ in PEERS if len(arguments) == 1})


@pytest.mark.parametrize("name", UNARY)
def test_scalars_give_scalars_of_their_type(name: str) -> None:
    function = getattr(special, name)
    for kind in (np.float32, np.float64):
        assert type(function(kind(0.75))) is kind
        assert type(function(np.array(0.75, kind))) is kind
        assert function(np.zeros((0, 3), kind)).shape == (0, 3)
        assert function(np.full((2, 3), 0.75, kind).T).shape == (3, 2)


@pytest.mark.parametrize("name", sorted(set(UNARY) - {"sinc", "ndtr", "entr"}))
def test_float32_is_float64_rounded_once(name: str) -> None:
    x = RNG.uniform(0.1, 0.9, 500).astype(np.float32)
    function = getattr(special, name)
    assert (function(x) == function(x.astype(np.float64)).astype(np.float32)).all()


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_float32_is_float64_rounded_once_around_zeros_and_far_out(name: str) -> None:
    near = [zero + RNG.uniform(-0.02, 0.02, 2000) for zero in (1.0, 1.4616321, 2.0)]
    x = np.concatenate([uniform(0, 4), logarithmic(-40, 36), *near, [1.0, 2.0, 0.5]])
    x = x.astype(np.float32)
    function = getattr(special, name)
    with np.errstate(over="ignore"):
        assert (function(x) == function(x.astype(np.float64)).astype(np.float32)).all()
    edges = np.float32([-1.5, -1.0, -0.0, 0.0, 1.5, np.inf, np.nan])
    both = function(edges), function(edges.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(*both)


def test_large_arrays_are_the_same_as_their_parts() -> None:
    x = RNG.normal(size=(300, 100))
    parts = np.concatenate([special.lgamma(row) for row in x])
    assert (special.lgamma(x).ravel() == parts).all()
    a, b = np.abs(x[:, :1]) + 0.1, np.abs(x)
    assert special.gammainc(a, b).shape == x.shape


@pytest.mark.parametrize("a", [1.0e6, 3.7e6, 1.0e8, 1.0e12, 1.0e15, 1.0e300, 1.7e308])
@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
def test_incomplete_gamma_of_large_arguments_returns_at_once(name: str, a: float) -> None:
    steps = np.array([-4.0, -2.0, -0.3, 0.0, 1e-3, 0.7, 3.0, 4.0])  # SciPy is off from 4.5 on
    x = np.append(a + steps * math.sqrt(a), [0.5 * a, 1.5 * (a / 2), a / 1e290 + 1.0, 1.7e308])
    ours = getattr(special, name)(np.full_like(x, a), x)
    theirs = getattr(scipy.special, name)(np.full_like(x, a), x)
    kept = a < 1e308 or x == a  # SciPy overflows beside the largest numbers
    np.testing.assert_allclose(ours[kept], theirs[kept], 1e-11, 1e-300)


def test_incomplete_gamma_is_whole_where_its_methods_meet() -> None:
    a = np.full(41, 1.0e6)
    x = a + np.linspace(-6, 6, 41) * 1000
    below = np.nextafter(a, 0.0)
    for function in (special.gammainc, special.gammaincc):
        np.testing.assert_allclose(function(a, x), function(below, x), 1e-11)


def test_erf_of_float32_over_its_whole_range() -> None:
    x = np.concatenate([np.linspace(-4.5, 4.5, 40001), 10.0 ** np.arange(-40, 39, 0.5), [np.inf]])
    x = np.concatenate([x, -x, [np.nan, 0.0, -0.0]]).astype(np.float32)
    right = special.erf(x.astype(np.float64)).astype(np.float32)
    ours = special.erf(x)
    assert ((ours == right) | (np.isnan(ours) & np.isnan(right))).mean() > 0.9999
    np.testing.assert_allclose(ours, right, 1.2e-7, 0)
    assert (np.signbit(ours) == np.signbit(right))[:-3].all()


def test_erf_of_few_elements_has_the_digits_of_many() -> None:
    values = np.random.default_rng(4).standard_normal(4000).astype(np.float32) * 2
    values[:6] = [0.0, -0.0, np.inf, -np.inf, np.nan, 3.96]
    many = special.erf(values)
    assert np.array_equal([special.erf(value) for value in values], many, equal_nan=True)
    few = np.concatenate([special.erf(values[i : i + 5]) for i in range(0, 4000, 5)])
    assert few.tobytes() == many.tobytes()
    assert type(special.erf(values[0])) is np.float32


@pytest.mark.parametrize("name", ["lgamma", "digamma", "erfinv", "trigamma"])
def test_exceptional_arguments_among_many_in_float32(name: str) -> None:
    low, high = (-1.1, 1.1) if name == "erfinv" else (-3.0, 6.0)
    x = RNG.uniform(low, high, 40_000).astype(np.float32)
    x[:9] = [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, 3e38]
    function: Any = getattr(special, name, lambda values: special.polygamma(1, values))
    parts = np.concatenate([function(x[start : start + 7]) for start in range(0, x.size, 7)])
    np.testing.assert_array_equal(function(x), parts)


def test_trigamma_of_float32_is_float64_rounded_once() -> None:
    x = np.concatenate([uniform(0.5, 12), logarithmic(0, 38), [0.5, np.inf]]).astype(np.float32)
    wanted = special.polygamma(1, x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(special.polygamma(1, x), wanted)
