"""Which calls of a program's own functions made a node, around the calls of modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gradcli.language.machine.state import CHAIN, machine

from .modules import Frame

FUNCTION = "function"  # the kind of a frame that is no module's
_OURS = -1  # in the place of a module's identity


def with_functions(
    nodes: Iterable[Any], frames: Mapping[Any, tuple[Frame, ...]], most: int
) -> dict[Any, tuple[Frame, ...]]:
    """`frames`, those of modules, with those of functions: at most `most` for each node.

    Calls of a function at one place, made by the same caller, are one frame. What a module's call
    runs of the program, its `forward`, is the module's frame.
    """
    known: dict[int, tuple[int, ...]] = {0: ()}
    found: dict[Any, tuple[Frame, ...]] = {}
    for node in nodes:
        inner = frames.get(node, ())
        own = {frame.key[1] for frame in inner}
        ordered = [(_level(frame.key[1]), 0, frame) for frame in inner]
        for level, call in enumerate(_calls(node.where // CHAIN, known, most + len(inner))):
            if call not in own:
                ordered.append((level, 1, _frame(call)))
        if ordered:
            ordered.sort(key=lambda item: item[:2])
            found[node] = tuple(frame for _, _, frame in ordered[:most])
    return found


def _level(where: int) -> int:
    """How many calls of functions are around a place that was run."""
    number = where // CHAIN
    return machine.chains[number][1] if number < len(machine.chains) else 0


def _calls(number: int, known: dict[int, tuple[int, ...]], most: int) -> tuple[int, ...]:
    """The calls of a chain, the outermost first, `most` of them."""
    inner = []
    while number not in known and number < len(machine.chains):
        call = machine.chains[number][0]
        inner.append((number, call))
        number = call // CHAIN
    found = known.get(number, ())
    for number, call in reversed(inner):
        if len(found) < most and machine.locate(call) is not None:
            found = (*found, call)
        known[number] = found
    return found


def _frame(call: int) -> Frame:
    place = machine.locate(call)
    title = ""
    if place is not None:
        source, node = place
        title = " ".join(source.slice(getattr(node, "func", node).span).split())
    return Frame((_OURS, call), -call, title, FUNCTION)
