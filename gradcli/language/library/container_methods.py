"""Special methods of containers by their names: `lengths.__getitem__`, with the checks of `[]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import check_key
from gradcli.language.values import arithmetic
from gradcli.language.values.python_types import TABLES, name_function


def _get_item(self: Any, key: Any, /) -> Any:
    arithmetic.check_item(self, key)
    return _host_of(self).__getitem__(self, key)


def _set_item(self: Any, key: Any, value: Any, /) -> None:
    arithmetic.check_item(self, key)
    _host_of(self).__setitem__(self, key, value)


def _delete_item(self: Any, key: Any, /) -> None:
    arithmetic.check_item(self, key)
    _host_of(self).__delitem__(self, key)


def _contains(self: Any, item: Any, /) -> bool:
    if type(self) not in _HOSTS:  # a program's `__contains__` may have come here
        check_key(item)
        return _host_of(self).__contains__(self, item)  # type: ignore[no-any-return]
    return arithmetic.contains(self, item)


def _length(self: Any, /) -> int:
    return _host_of(self).__len__(self)  # type: ignore[no-any-return]


def _host_of(value: Any) -> Any:
    """The class of the host behind an object, past the methods that a program wrote."""
    return next(base for base in type(value).__mro__ if base in _HOSTS)


_HOSTS = (list, tuple, dict, str, set)
_READ: dict[str, Callable[..., Any]] = {
    "__getitem__": _get_item,
    "__contains__": _contains,
    "__len__": _length,
}
_WRITTEN: dict[str, Callable[..., Any]] = {"__setitem__": _set_item, "__delitem__": _delete_item}
for _name, _function in {**_READ, **_WRITTEN}.items():
    name_function(_function, _name)
for _kind in (list, tuple, dict, str):
    TABLES[_kind].update(_READ)
for _kind in (list, dict):
    TABLES[_kind].update(_WRITTEN)
TABLES[set].update(__contains__=_contains, __len__=_length)
