"""In which module of torch.nn an error happened: its dotted name, its class, what it was given."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, NamedTuple

from gradcli.language.machine.state import machine
from gradcli.language.values.classes import is_program_class


class Place(NamedTuple):
    """A module that was being called. `path` leads there from `root`, the first one called."""

    module: Any
    path: str
    root: Any
    given: tuple[Any, ...]

    @property
    def built_in(self) -> bool:
        """Whether the class is one of torch.nn's own, whose forward no program can see."""
        return not is_program_class(type(self.module))


def place_of(traceback: TracebackType | None) -> Place | None:
    """The innermost module whose call an error left, or None. No module's methods are called."""
    nn = sys.modules.get("gradcli.nn.module")
    if nn is None:
        return None
    call = nn.Module.__call__.__code__
    frames = []
    while traceback is not None:
        if traceback.tb_frame.f_code is call:
            frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    if not frames:
        return None
    root, last = (frame.f_locals for frame in (frames[0], frames[-1]))
    path = path_between(root["self"], last["self"])
    return Place(last["self"], path or "", root["self"], tuple(last["args"]))


def path_between(root: Any, module: Any) -> str | None:
    """The dotted name of a module inside of another, "" for itself, None where it is not inside."""
    waiting, seen = [("", root)], {id(root)}
    while waiting:
        path, part = waiting.pop(0)
        if part is module:
            return path
        machine.spend(1)
        inside = vars(part).get("_modules") or {}
        for name, inner in inside.items():
            if inner is not None and id(inner) not in seen:
                seen.add(id(inner))
                waiting.append((f"{path}.{name}" if path else name, inner))
    return None


def name_of(place: Place, names: dict[str, Any]) -> str:
    """How the program calls the module: its dotted name, or the variable that has it."""
    if place.path:
        return place.path
    return next((name for name, value in names.items() if value is place.root), "")
