"""Names of the generated index as callables: the entries of the op table and plain functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..table.index import FUNCTIONS, PUBLIC


def has(space: str, name: str) -> bool:
    """Whether a namespace of the index has this name."""
    return name in FUNCTIONS.get(space, {}) or name in PUBLIC.get(space, {})


def names(space: str) -> set[str]:
    """Every name of a namespace of the index."""
    return {*FUNCTIONS.get(space, {}), *PUBLIC.get(space, {})}


@cache
def function(space: str, name: str) -> Any:
    """The callable behind a name of a namespace. Raises KeyError when there is none."""
    if name in FUNCTIONS.get(space, {}):
        from ..table.public.plain_functions import public_function

        return public_function(space, name)
    from ..table.public.callables import public

    return public(space, name)


@cache
def method(name: str) -> Callable[..., Any]:
    """A method of the index as a function of the tensor. Raises KeyError when there is none."""
    if name in FUNCTIONS.get("Tensor", {}):
        from ..table.public.plain_functions import public_function

        return public_function("Tensor", name, method=True)
    from ..table.call.arguments import METHOD
    from ..table.public.callables import public

    return public("Tensor", name, METHOD)  # type: ignore[no-any-return]
