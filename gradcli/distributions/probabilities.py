"""Families with one probability an entry, given as `probs` or as log odds, `logits`."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Size
from .utils import is_number, lazy_property, logits_to_probs, probs_to_logits, size


def check_one_given(probs: Any, logits: Any) -> None:
    """Raise ValueError unless one of the two is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def batch_shape_of(given: Any, param: Any) -> Size:
    """The batch of a distribution whose probability was given as a number or as a tensor."""
    return Size() if is_number(given) else size(param)


class Probability:
    """`probs` and `logits`, of which one is given as `_param` and the other computed when asked."""

    _param: Any

    @lazy_property
    def logits(self) -> Any:
        """The log odds."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return size(self._param)

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._param.new(*args, **kwargs)


def given(distribution: Any) -> list[str]:
    """The names of the parameters of probability that a distribution holds."""
    return [name for name in ("probs", "logits") if name in distribution.__dict__]


def share_param(new: Any, old: Any) -> None:
    """Let `_param` of an expanded distribution be the one that was given to the old one."""
    held = old.__dict__
    name = next(name for name in given(old) if held[name] is held["_param"])
    new._param = new.__dict__[name]
