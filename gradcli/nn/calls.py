"""Which nodes a call of a module made: a note of each call, for tools that draw graphs.

Notes are taken only while `runtime.module_calls` is a list to put them in; without one, modules are
called as ever. A node belongs to a call when its number lies between the two that the call noted.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from weakref import ref

from ..autograd.node import next_number
from ..tensor.runtime import runtime
from .module import Module


class Call(NamedTuple):
    """A call that ended: the numbers before and after its nodes, the module, where it was made."""

    first: int
    last: int
    module: ref[Module]
    where: int


def note_calls() -> None:
    """Have calls of modules noted from now on."""
    if Module.__call__ is not _noted:
        Module.__call__ = _noted  # type: ignore[method-assign]


_call = Module.__call__


def _noted(self: Module, *args: Any, **kwargs: Any) -> Any:
    calls = runtime.module_calls
    if calls is None:
        return _call(self, *args, **kwargs)
    first, where = next_number(), runtime.where
    try:
        return _call(self, *args, **kwargs)
    finally:
        calls.append((first, next_number(), ref(self), where))  # a `Call`, without its price
