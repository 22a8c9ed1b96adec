"""Distributions, transforms and constraints in programs.

Imported when a name of torch.distributions is first used.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcli.distributions.constraint_registry import ConstraintRegistry, function_of
from gradcli.distributions.constraints import Constraint
from gradcli.distributions.distribution import Distribution
from gradcli.distributions.transforms import Transform
from gradcli.distributions.utils import lazy_property
from gradcli.language.machine.sizes import FLAT, PARTS
from gradcli.language.values.constructors import OPEN_CLASSES, callable_value

from .open_objects import WALKED, enter, open_base

_INSIDE = (
    "base_dist",
    "_mixture_distribution",
    "_component_distribution",
    "base_transform",
    "parts",
    "_inv",
)


def _inside(value: Any) -> Iterable[Any]:
    """What the text of a distribution or a transform shows of others in it."""
    return [value.__dict__[name] for name in _INSIDE if name in value.__dict__]


function_of.append(callable_value)

for _base in (Distribution, Transform, Constraint, ConstraintRegistry):
    open_base(_base)
WALKED[Distribution] = WALKED[Transform] = WALKED[Constraint] = dict.fromkeys(
    ("transforms", "parts", "cseq"), list
)
PARTS[Distribution] = _inside
PARTS[Transform] = _inside
PARTS[Constraint] = lambda value: value.__dict__.values()
FLAT.add(lazy_property)
OPEN_CLASSES.add(lazy_property)

__all__ = ["enter"]
