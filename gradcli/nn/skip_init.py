"""Modules whose parameters are not initialised."""

from __future__ import annotations

import inspect
from typing import Any

from ..kernels.random import default_generator
from ..tensor.device import Device
from .module import Module


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module, and draw no random numbers for it: its parameters are zeros.

    Raises RuntimeError for what is no class of modules, or takes no `device`.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    Device(kwargs.get("device", "cpu")).require()
    state = default_generator.get_state()
    try:
        made = module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(state)
    return made.to_empty(device="cpu")
