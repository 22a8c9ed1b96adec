"""What a class of gradcli.nn or gradcli.optim offers to programs, as a table of its names."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from gradcli.language.values.constructors import callable_value
from gradcli.language.values.python_types import Table
from gradcli.language.values.special_names import METHODS, is_special

_PRIVATE = frozenset(
    [
        "_apply",
        "_call",
        "_extended_shape",
        "_flat_weights",
        "_flat_weights_names",
        "_get_checked_instance",
        "_get_name",
        "_inverse",
        "_load_from_state_dict",
        "_log_normalizer",
        "_mean_carrier_measure",
        "_named_members",
        "_natural_params",
        "_param",
        "_register_load_state_dict_pre_hook",
        "_register_state_dict_hook",
        "_save_to_state_dict",
        "_validate_args",
        "_validate_sample",
        "_version",
    ]
)
_CALLS = frozenset(("apply", "_apply"))  # and every `register_…_hook`: they keep a function


def _offered(name: str, value: Any) -> bool:
    """Whether programs may use what a class of gradcli.nn holds under a name."""
    if is_special(name):
        return name in METHODS and name != "__setattr__" and isinstance(value, FunctionType)
    return not name.startswith("_") or name in _PRIVATE


def _takes_functions(function: Any) -> Callable[..., Any]:
    """A method whose functions are called by the host: classes among them are checked first."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *map(callable_value, args), **kwargs)

    call.__name__ = function.__name__
    call.__qualname__ = function.__qualname__
    return call


def class_table(kind: type, store: Any) -> Table:
    """What a class of gradcli.nn or gradcli.optim and its bases offer, the nearest first.

    `store` writes attributes of its objects.
    """
    table: Table = {"__setattr__": store}
    for base in reversed(kind.__mro__):
        if base is object:
            continue
        for name, value in vars(base).items():
            if not _offered(name, value):
                continue
            if (name in _CALLS or name.endswith("_hook")) and type(value) is FunctionType:
                value = _takes_functions(value)
            table[name] = value if hasattr(type(value), "__get__") else _Constant(value)
    return table


class _Constant:
    """A plain value of a class as an entry of a table."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.value


def check_kind(name: str, new: Any, kinds: dict[str, type]) -> None:
    """Raise TypeError for what cannot stand in the place of a container that the core walks."""
    kind = kinds.get(name)
    if kind is not None and not isinstance(new, kind):
        raise TypeError(f"'{name}' must be a {kind.__name__}, not '{type(new).__name__}'")
