"""The module `random`: Python's generator, whose every draw is a step of the program.

The host's functions loop until a draw suits them; since each draw counts, none goes on without
end. What they iterate over and what they compute with is made of plain numbers first.
"""

from __future__ import annotations

import math
import random as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import feed, machine
from gradcli.language.values import arithmetic
from gradcli.language.values.arithmetic import MAX_BITS, refuse_integer
from gradcli.language.values.attributes import LOADERS, NAMES, Module
from gradcli.tensor.runtime import runtime

from .hosts import open_class


class Draws(host.Random):
    """Python's generator with the same numbers for a seed; each draw is a step."""

    def random(self) -> float:
        """A number from 0 to 1."""
        machine.fuel -= 1
        if machine.fuel < 0:
            machine.refuel()
        if runtime.stop is not None:
            runtime.check()
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` bits."""
        machine.spend(1 + (k >> 10))
        return super().getrandbits(k)


def _weights(values: Any, size: int, what: str) -> list[Any] | None:
    """Weights as Python's numbers."""
    if values is None:
        return None
    if not hasattr(type(values), "__iter__"):
        raise TypeError(f"'{type(values).__name__}' object is not iterable")
    found = [value if type(value) in (int, float) else float(value) for value in feed(values)]
    if len(found) != size:
        raise ValueError(f"The number of {what} does not match the population")
    return found


def _shape(value: Any, name: str) -> float:
    """A parameter of a distribution that is drawn by rejection."""
    number = float(value)
    if not 0.0 < number < 1e300:
        raise ValueError(f"{name}: alpha and beta must be > 0.0")
    return number


class Generator:
    """`random.Random`: a generator with numbers of its own, drawn by the module's functions."""

    __slots__ = ("entries", "source")

    def __init__(self, x: Any = None) -> None:
        self.source = Draws(_seed(x))
        self.entries = functions(self.source)


def _load(value: Generator, name: str) -> Any:
    found = value.entries.get(name)
    if found is None:
        raise AttributeError(f"'Random' object has no attribute '{name}'", name=name, obj=value)
    return found


open_class(Generator, module="random", name="Random")
LOADERS[Generator] = _load
NAMES[Generator] = lambda value: value.entries


def _seed(a: Any) -> Any:
    """What a generator starts from."""
    a = index_of(a)
    if not isinstance(a, int | float | str | None):
        raise TypeError(
            "The only supported seed types are: None,\nint, float, str, bytes, and bytearray."
        )
    return a


def _state(state: Any) -> Any:
    """What `getstate` gave. Raises for anything else."""
    if not isinstance(state, tuple) or len(state) != 3 or not isinstance(state[1], tuple):
        raise TypeError("setstate() takes what getstate() gave")
    if not isinstance(state[2], float | None):
        raise TypeError("setstate() takes what getstate() gave")
    return state


def module() -> Module:
    """The module `random` of the session."""
    source = machine.random
    if source is None:
        source = machine.random = Draws()
    return Module("random", {**functions(source), "Random": Generator})


def functions(source: Draws) -> dict[str, Callable[..., Any]]:
    """What draws from a generator, by name."""
    add, sub, mul, truediv = arithmetic.add, arithmetic.sub, arithmetic.mul, arithmetic.truediv

    def sample(population: Any, k: Any, *, counts: Any = None) -> list[Any]:
        k = index_of(k)
        if isinstance(k, int) and isinstance(population, list | tuple | range | str):
            size = len(population) if len(population) < 1 << 40 else 1 << 40
            machine.reserve(8 * max(k, 0) + 40 * min(size, 16 * max(k, 4)))
            machine.spend(min(max(k, 0), size))
        if counts is not None:
            counts = list(feed(counts))
            if not all(type(count) is int for count in counts):
                raise TypeError("Counts must be integers")
        return source.sample(population, k, counts=counts)

    def choices(
        population: Any, weights: Any = None, *, cum_weights: Any = None, k: Any = 1
    ) -> list[Any]:
        k = index_of(k)
        if isinstance(k, int):
            machine.reserve(8 * max(k, 0))
        given = isinstance(weights, int) or (weights is not None and cum_weights is not None)
        if not given:
            size = len(population)
            weights = _weights(weights, size, "weights")
            cum_weights = _weights(cum_weights, size, "weights")
        return source.choices(population, weights, cum_weights=cum_weights, k=k)

    def shuffle(x: Any) -> None:
        machine.spend(len(x))
        source.shuffle(x)

    def uniform(a: Any, b: Any) -> Any:
        return add(a, mul(sub(b, a), source.random()))

    def gauss(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return add(mu, mul(source.gauss(0.0, 1.0), sigma))

    def normalvariate(mu: Any = 0.0, sigma: Any = 1.0) -> Any:
        return add(mu, mul(source.normalvariate(0.0, 1.0), sigma))

    def expovariate(lambd: Any = 1.0) -> Any:
        return truediv(-math.log(1.0 - source.random()), lambd)

    def betavariate(alpha: Any, beta: Any) -> Any:
        return source.betavariate(_shape(alpha, "gammavariate"), _shape(beta, "gammavariate"))

    def triangular(low: Any = 0.0, high: Any = 1.0, mode: Any = None) -> Any:
        given = (low, high) if mode is None else (low, high, mode)
        return source.triangular(*map(float, given))

    def randrange(start: Any, stop: Any = None, step: Any = 1) -> int:
        given = (start,) if stop is None else (start, stop, step)
        return source.randrange(*map(index_of, given))

    def randint(a: Any, b: Any) -> int:
        return source.randint(index_of(a), index_of(b))

    def gammavariate(alpha: Any, beta: Any) -> Any:
        return source.gammavariate(_shape(alpha, "gammavariate"), _shape(beta, "gammavariate"))

    def lognormvariate(mu: Any = 0.0, sigma: Any = 1.0) -> float:
        return source.lognormvariate(float(mu), float(sigma))

    def vonmisesvariate(mu: Any, kappa: Any) -> float:
        return source.vonmisesvariate(float(mu), float(kappa))

    def paretovariate(alpha: Any) -> float:
        return source.paretovariate(float(alpha))

    def weibullvariate(alpha: Any, beta: Any) -> float:
        return source.weibullvariate(float(alpha), float(beta))

    def getrandbits(k: Any) -> int:
        k = index_of(k)
        if isinstance(k, int) and k > MAX_BITS:
            refuse_integer()
        return source.getrandbits(k)

    return {
        "random": lambda: source.random(),
        "uniform": uniform,
        "randint": randint,
        "randrange": randrange,
        "choice": lambda seq: source.choice(seq),
        "gauss": gauss,
        "normalvariate": normalvariate,
        "expovariate": expovariate,
        "betavariate": betavariate,
        "triangular": triangular,
        "gammavariate": gammavariate,
        "lognormvariate": lognormvariate,
        "vonmisesvariate": vonmisesvariate,
        "paretovariate": paretovariate,
        "weibullvariate": weibullvariate,
        "getrandbits": getrandbits,
        "getstate": lambda: source.getstate(),
        "setstate": lambda state: source.setstate(_state(state)),
        "seed": lambda a=None: source.seed(_seed(a)),
        "sample": sample,
        "choices": choices,
        "shuffle": shuffle,
    }
