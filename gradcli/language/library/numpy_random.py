"""NumPy's random numbers: its own generators, with sizes looked at before anything is drawn."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import FLAT, check_walk, index_of
from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import see_array
from gradcli.language.values.attributes import CLASS_NAMES, LOADERS, NAMES, Module
from gradcli.language.values.identity import id_of
from gradcli.language.values.numpy_checks import argument, array_of, dtype_of, option, result
from gradcli.language.values.python_types import name_function, pick

from .numpy_making import reserve, reserve_points


class RandomSource:
    """NumPy's `Generator` or `RandomState`, `source`: drawing functions under their names."""

    __module__ = "numpy.random"
    __slots__ = ("entries", "source", "text")

    def __init__(self, text: str, entries: dict[str, Any], source: Any) -> None:
        self.text = text
        self.source = source
        self.entries = entries
        for name, value in entries.items():
            name_function(value, name)

    def __str__(self) -> str:
        return self.text

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
    value = index_of(value)
    if not isinstance(value, int | None):
        kind = type(value).__name__
        raise TypeError(f"a seed is a number or a list of numbers, not '{kind}'")
    return value


_MOST_WORDS = 10_000

# The distributions that a generator and a random state have in common: their parameters.
_DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "normal": {"loc": 0.0, "scale": 1.0},
    "uniform": {"low": 0.0, "high": 1.0},
    "standard_normal": {},
    "standard_exponential": {},
    "standard_cauchy": {},
    "exponential": {"scale": 1.0},
    "gamma": {"shape": None, "scale": 1.0},
    "standard_gamma": {"shape": None},
    "beta": {"a": None, "b": None},
    "laplace": {"loc": 0.0, "scale": 1.0},
    "logistic": {"loc": 0.0, "scale": 1.0},
    "gumbel": {"loc": 0.0, "scale": 1.0},
    "lognormal": {"mean": 0.0, "sigma": 1.0},
    "poisson": {"lam": 1.0},
    "binomial": {"n": None, "p": None},
    "negative_binomial": {"n": None, "p": None},
    "geometric": {"p": None},
    "hypergeometric": {"ngood": None, "nbad": None, "nsample": None},
    "chisquare": {"df": None},
    "noncentral_chisquare": {"df": None, "nonc": None},
    "f": {"dfnum": None, "dfden": None},
    "standard_t": {"df": None},
    "pareto": {"a": None},
    "power": {"a": None},
    "weibull": {"a": None},
    "rayleigh": {"scale": 1.0},
    "wald": {"mean": None, "scale": None},
    "vonmises": {"mu": None, "kappa": None},
    "triangular": {"left": None, "mode": None, "right": None},
    "logseries": {"p": None},
    "noncentral_f": {"dfnum": None, "dfden": None, "nonc": None},
}  # fmt: skip


def _distribution(draw: Any, name: str, parameters: dict[str, Any]) -> Callable[..., Any]:
    """A function that draws from a distribution, of arrays of parameters or of a size."""
    known = (*parameters, "size")

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(known):
            most, given = len(known), len(args)
            raise TypeError(f"{name}() takes at most {most} positional arguments ({given} given)")
        for keyword in kwargs:
            if keyword not in known:
                raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")
        found = {**parameters, "size": None, **dict(zip(known, args, strict=False)), **kwargs}
        size = found.pop("size")
        size = None if size is None else reserve(size)
        values = [found[key] for key in parameters]
        for key, value in zip(parameters, values, strict=True):
            if value is None:
                raise TypeError(f"{name}() missing a required argument: '{key}'")
            check_walk(value)
        reserve_points(1, *values)
        return result(draw(*map(argument, values), size=size))

    return call


def _common_draws(state: Any) -> dict[str, Any]:
    """What a generator and a random state have in common."""
    kind = type(state)
    entries: dict[str, Any] = {
        name: _distribution(method.__get__(state), name, _DISTRIBUTIONS[name])
        for name, method in pick(kind, " ".join(_DISTRIBUTIONS)).items()
    }
    draws = pick(kind, "multivariate_normal multinomial dirichlet permutation")

    def choice(a: Any, size: Any = None, replace: bool = True, p: Any = None, **kwargs: Any) -> Any:
        size = None if size is None else reserve(size)
        if size is None and isinstance(a, list | tuple) and a and set(map(type, a)) == {str}:
            return a[int(choice(len(a), None, replace, p, **kwargs))]
        a = index_of(a) if not isinstance(a, np.ndarray) else a
        pool = reserve(a) if isinstance(a, int) else array_of(a)
        chances = None if p is None else array_of(p)
        named = {name: index_of(value) for name, value in kwargs.items()}
        return result(state.choice(pool, size, replace, chances, **named))

    def shuffle(x: Any) -> None:
        if not isinstance(x, np.ndarray | list):
            raise TypeError(f"shuffle() takes an array or a list, not '{type(x).__name__}'")
        machine.spend(len(x))
        see_array(x)
        state.shuffle(x)

    def permutation(x: Any) -> Any:
        x = index_of(x) if not isinstance(x, np.ndarray) else x
        given = reserve(x) if isinstance(x, int) else array_of(x)
        return result(draws["permutation"](state, given))

    def multivariate_normal(
        mean: Any, cov: Any, size: Any = None, check_valid: Any = "warn", tol: Any = 1e-8
    ) -> Any:
        center, spread = array_of(mean), array_of(cov)
        size = None if size is None else reserve(size, 16 * max(center.size, 1))
        if check_valid not in ("warn", "raise", "ignore"):
            raise ValueError("check_valid must equal 'warn', 'raise', or 'ignore'")
        draw = draws["multivariate_normal"]
        return result(draw(state, center, spread, size, check_valid, float(tol)))

    def multinomial(n: Any, pvals: Any, size: Any = None) -> Any:
        chances = array_of(pvals)
        size = None if size is None else reserve(size, 16 * max(chances.size, 1))
        return result(draws["multinomial"](state, argument(n), chances, size))

    def dirichlet(alpha: Any, size: Any = None) -> Any:
        given = array_of(alpha)
        size = None if size is None else reserve(size, 16 * max(given.size, 1))
        return result(draws["dirichlet"](state, given, size))

    return {
        **entries,
        "choice": choice,
        "shuffle": shuffle,
        "permutation": permutation,
        "multivariate_normal": multivariate_normal,
        "multinomial": multinomial,
        "dirichlet": dirichlet,
    }


def _state_draws(state: Any) -> dict[str, Any]:
    """The functions of `numpy.random` and of a `RandomState`."""

    def randint(low: Any, high: Any = None, size: Any = None, dtype: Any = int) -> Any:
        size = None if size is None else reserve(size)
        reserve_points(1, low, *(() if high is None else (high,)))
        kind = dtype_of(dtype) or np.dtype(int)
        return result(state.randint(argument(low), argument(high), size, kind.type))

    def get_state(legacy: bool = True) -> tuple[Any, ...]:
        return tuple(state.get_state())

    def set_state(given: Any) -> None:
        if type(given) is not tuple or not 3 <= len(given) <= 5 or given[0] != "MT19937":
            raise ValueError("set_state() takes what get_state() gave")
        words = array_of(given[1])
        state.set_state(("MT19937", words, *map(argument, given[2:])))

    return {
        **_common_draws(state),
        "seed": lambda seed=None: state.seed(_seed(seed)),
        "rand": lambda *shape: state.rand(*reserve(shape)),
        "randn": lambda *shape: state.randn(*reserve(shape)),
        **{
            name: lambda size=None: state.random_sample(reserve(size))
            for name in ("random", "random_sample", "ranf", "sample")
        },
        "randint": randint,
        "get_state": get_state,
        "set_state": set_state,
    }


def _random_state(seed: Any = None) -> RandomSource:
    source = np.random.RandomState(_seed(seed))
    return RandomSource("RandomState(MT19937)", _state_draws(source), source)


def _default_rng(seed: Any = None) -> RandomSource:
    if type(seed) is RandomSource:
        return seed
    rng = np.random.default_rng(_seed(seed))

    def integers(
        low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64, endpoint: bool = False
    ) -> Any:
        size = None if size is None else reserve(size)
        reserve_points(1, low, *(() if high is None else (high,)))
        kind = dtype_of(dtype) or np.dtype(np.int64)
        return result(rng.integers(argument(low), argument(high), size, kind.type, bool(endpoint)))

    def random(size: Any = None, dtype: Any = np.float64) -> Any:
        kind = dtype_of(dtype) or np.dtype(float)
        return result(rng.random(None if size is None else reserve(size), kind.type))

    def standard_normal(size: Any = None, dtype: Any = np.float64) -> Any:
        kind = dtype_of(dtype) or np.dtype(float)
        return result(rng.standard_normal(None if size is None else reserve(size), kind.type))

    def permuted(x: Any, axis: Any = None) -> Any:
        return result(rng.permuted(array_of(x), axis=option(axis)))

    entries = {
        **_common_draws(rng),
        "random": random,
        "standard_normal": standard_normal,
        "integers": integers,
        "permuted": permuted,
    }
    return RandomSource("Generator(PCG64)", entries, rng)


shared: list[Any] = []  # the state of the module, once a program named it


def random_module() -> Module:
    """`numpy.random`, with a state of its own."""
    seed = getattr(machine.session, "seed", None)
    shared[:] = [np.random.RandomState(None if seed is None else seed & 0xFFFFFFFF)]
    entries = _state_draws(shared[0])
    return Module(
        "numpy.random", {**entries, "RandomState": _random_state, "default_rng": _default_rng}
    )
