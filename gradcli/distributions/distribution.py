"""`Distribution`, the base of all distributions: shapes, checks, text."""

from __future__ import annotations

import warnings
from typing import Any

from ..autograd.modes import no_grad
from ..table.public.functions import torch
from ..tensor.dtypes import type_name
from ..tensor.keeping import changed, keep_attributes
from ..tensor.runtime import speaking_once
from ..tensor.tensor import Size, Tensor, numel, shape_of
from .constraints import is_dependent
from .utils import as_size, expand, lazy_property, size

SCALAR = Size()  # the shape of a single number


def _found(kind: type, name: str) -> Any:
    """What a class has under a name, as it is written there; None where it has none."""
    return next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)


def _parameter(owner: Any, name: str) -> Any:
    """A parameter that a distribution holds or computes.

    Only what is held and what properties give counts: a program writes these names.
    """
    found = _found(type(owner), name)
    if isinstance(found, property):
        return found.__get__(owner, type(owner))
    if name in owner.__dict__:
        return owner.__dict__[name]
    if isinstance(found, lazy_property):
        return found.__get__(owner, type(owner))
    raise AttributeError(f"'{type(owner).__name__}' object has no attribute '{name}'")


class Distribution:
    """A distribution of probability: a batch of `batch_shape` of events of `event_shape`.

    A subclass says in `arg_constraints` which sets its parameters are in, and in `support` which
    its values; both are checked unless `validate_args=False`, with a ValueError.
    """

    __module__ = "torch.distributions.distribution"

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args = True

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their arguments where they are not told."""
        if value not in [True, False]:
            raise ValueError
        changed()
        Distribution._validate_args = value

    def __init__(
        self, batch_shape: Any = SCALAR, event_shape: Any = SCALAR, validate_args: Any = None
    ) -> None:
        self._batch_shape = batch_shape
        self._event_shape = event_shape
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._validate_parameters()

    def _validate_parameters(self) -> None:
        try:
            constraints = self.arg_constraints
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = "
                "{}` or initialize the distribution with `validate_args=False` to turn off "
                "validation.",
                stacklevel=3,
            )
            return
        for name, constraint in constraints.items():
            if is_dependent(constraint):
                continue
            found = _found(type(self), name)
            if name not in self.__dict__ and isinstance(found, lazy_property):
                continue
            value = _parameter(self, name)
            if not torch.all(constraint.check(value)):
                raise ValueError(
                    f"Expected parameter {name} "
                    f"({type_name(value)} of shape {tuple(shape_of(value))}) "
                    f"of distribution {self!r} "
                    f"to satisfy the constraint {constraint!r}, "
                    f"but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        raise NotImplementedError

    @property
    def batch_shape(self) -> Any:
        """The shape of the parameters: so many distributions in one."""
        return self._batch_shape

    @property
    def event_shape(self) -> Any:
        """The shape of one sample of one of them."""
        return self._event_shape

    @property
    def arg_constraints(self) -> Any:
        """The sets that the parameters are in, by name."""
        raise NotImplementedError

    @property
    def support(self) -> Any:
        """The set that the values are in."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return torch.sqrt(self.variance)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Values drawn without a record: sample_shape + batch_shape + event_shape."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Values drawn as functions of the parameters, on their graph."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """`n` samples, or batches of samples."""
        warnings.warn(
            "`sample_n(n)` will be deprecated. Use `sample((n,))` instead.",
            FutureWarning,
            stacklevel=2,
        )
        return self.sample(Size((n,)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or probability, of values."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of values up to `value`."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution, along the first dimension."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """The entropy in nats, in the shape of the batch."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """exp of the entropy."""
        return torch.exp(self.entropy())

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of samples."""
        if not isinstance(sample_shape, Size):
            sample_shape = as_size(sample_shape)
        return Size(sample_shape + self._batch_shape + self._event_shape)

    def _validate_sample(self, value: Any) -> None:
        """Raise ValueError for what cannot be a value of this distribution."""
        if type(value) is not Tensor:
            raise ValueError("The value argument to log_prob must be a Tensor")
        shape = shape_of(value)
        event_start = len(shape) - len(self._event_shape)
        if shape[event_start:] != tuple(self._event_shape):
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{size(value)} vs {self._event_shape}."
            )
        expected = self._batch_shape + self._event_shape
        for i, j in zip(reversed(shape), reversed(expected), strict=False):
            if i not in (1, j) and j != 1:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{size(value)} vs {expected}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if support is None:
            raise AssertionError("support is unexpectedly None")
        if not torch.all(support.check(value)):
            raise ValueError(
                "Expected value argument "
                f"({type_name(value)} of shape {tuple(shape)}) "
                f"to be within the support ({support!r}) "
                f"of the distribution {self!r}, "
                f"but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: Any, _instance: Any = None) -> Any:
        """An empty distribution of this class to expand into.

        Raises NotImplementedError for a subclass that has an `__init__` but no `expand` of its own.
        """
        if _instance is None and type(self).__init__ is not cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} "
                "that defines a custom __init__ method "
                "must also define a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    @speaking_once
    def __repr__(self) -> str:
        names = [name for name in self.arg_constraints if name in self.__dict__]
        shown = ", ".join(f"{name}: {_shown(self.__dict__[name])}" for name in names)
        return f"{type(self).__name__}({shown})"


def _shown(value: Any) -> Any:
    """A parameter in a distribution's text: a single number, or its sizes."""
    return value if numel(shape_of(value)) == 1 else size(value)


def expanded(
    self: Any, cls: Any, instance: Any, batch_shape: Any, names: Any, event_shape: Any = SCALAR
) -> Any:
    """A distribution with parameters of `batch_shape`, without a check of what was checked."""
    new = self._get_checked_instance(cls, instance)
    batch_shape = as_size(batch_shape)
    for name in names:
        new.__dict__[name] = expand(self.__dict__[name], batch_shape)
    return started(new, self, batch_shape, event_shape)


def started(new: Any, old: Any, batch_shape: Any, event_shape: Any = SCALAR) -> Any:
    """`new` with its shapes, which checks what `old` checks."""
    Distribution.__init__(new, as_size(batch_shape), event_shape, validate_args=False)
    new._validate_args = old._validate_args
    return new


keep_attributes(Distribution, "_validate_args")
