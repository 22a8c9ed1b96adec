"""Names of the generated index as callables: the entries of the op table and plain functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..table.names import FUNCTIONS


@cache
def function(space: str, name: str) -> Any:
    """The callable behind a name of a namespace. Raises KeyError when there is none."""
    if FUNCTIONS.ids(space, name):
        from ..table.public.plain_functions import public_function

        return public_function(space, name)
    from ..table.public.callables import public

    return public(space, name)


@cache
def method(name: str) -> Callable[..., Any]:
    """A method of the index as a function of the tensor. Raises KeyError when there is none."""
    if FUNCTIONS.ids("Tensor", name):
        from ..table.public.plain_functions import public_function

        return public_function("Tensor", name, method=True)
    from ..table.call.arguments import METHOD
    from ..table.public.callables import public

    return public("Tensor", name, METHOD)  # type: ignore[no-any-return]
