"""Optimizers and schedulers in programs.

Imported when a name of torch.optim is first used.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from gradcli.language.machine.sizes import FLAT, PARTS
from gradcli.nn.module import Module
from gradcli.optim.optimizer import Optimizer, required, with_hooks
from gradcli.optim.scheduler import LRScheduler

from . import nn_objects, open_objects


def enter(kind: Any) -> None:
    """Let programs use a class of gradcli.optim; any other value is left alone."""
    if isinstance(kind, type) and issubclass(kind, Module):
        nn_objects.enter(kind)
    else:
        open_objects.enter(kind)


def _settings(value: Optimizer) -> Iterable[Any]:
    """What the text of an optimizer shows."""
    for group in value.__dict__.get("param_groups", ()):
        yield from chain.from_iterable(item for item in group.items() if item[0] != "params")


def _make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    if "step" in namespace:
        namespace["step"] = with_hooks(namespace["step"])
    return open_objects.make_class(name, bases, namespace)


open_objects.open_base(Optimizer, _make_class)
open_objects.open_base(LRScheduler)
open_objects.WALKED[Optimizer] = {
    "param_groups": list,
    "state": dict,
    "defaults": dict,
    **{
        f"_optimizer_{when}_hooks": dict
        for when in (
            "step_pre",
            "step_post",
            "state_dict_pre",
            "state_dict_post",
            "load_state_dict_pre",
            "load_state_dict_post",
        )
    },
}
PARTS[Optimizer] = _settings
FLAT.add(type(required))
