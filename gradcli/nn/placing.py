"""Constructors of modules, whose parts are made on the `device` that they are given."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..tensor.device import is_meta, makes_on, meta


def takes_device(init: Any) -> bool:
    """Whether a function has a parameter `device`."""
    return "device" in _parameters_of(init)


def _parameters_of(function: Any) -> tuple[str, ...]:
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]  # type: ignore[no-any-return]


def placed(init: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` whose parameters and buffers are made on its `device`, where that is `meta`."""
    position = _parameters_of(init).index("device")

    @wraps(init)
    def __init__(*args: Any, **kwargs: Any) -> None:
        device = kwargs.get("device", args[position] if len(args) > position else None)
        if device is None or not is_meta(device):
            return init(*args, **kwargs)
        with makes_on(meta):
            return init(*args, **kwargs)

    return __init__
