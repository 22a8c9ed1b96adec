"""Names of the generated index as callables: the entries of the op table and plain functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..names import FUNCTIONS


@cache
def function(space: str, name: str) -> Any:
    """The callable behind a name of a namespace. Raises KeyError when there is none."""
    if FUNCTIONS.ids(space, name):
        from .plain_functions import public_function

        return public_function(space, name)
    from .callables import public

    return public(space, name)


@cache
def method(name: str) -> Callable[..., Any]:
    """A method of the index as a function of the tensor. Raises KeyError when there is none."""
    if FUNCTIONS.ids("Tensor", name):
        from .plain_functions import public_function

        return public_function("Tensor", name, method=True)
    from ..call.arguments import METHOD
    from .callables import public

    return public("Tensor", name, METHOD)  # type: ignore[no-any-return]
