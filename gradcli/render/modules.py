"""Which call of which module made a node, from the notes that calls left."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gradcli.tensor.runtime import runtime

from .names import is_module, members

MOST = 1 << 14  # calls that are remembered


class Frame(NamedTuple):
    """A call of a module: `key` is the same for the calls of a loop, `call` only for this one.

    `title` is the user's name for the module, or its class, `kind` its class.
    """

    key: tuple[int, int]
    call: int
    title: str
    kind: str


def note_module_calls() -> None:
    """Have calls of modules noted from now on, and forget earlier ones."""
    runtime.module_calls = deque(maxlen=MOST)
    if "gradcli.nn.module" in sys.modules:
        from gradcli.nn.calls import note_calls

        note_calls()


def frames_of(nodes: Iterable[Any], namespace: Mapping[str, Any]) -> dict[Any, tuple[Frame, ...]]:
    """For each node that modules made, the calls it was made in, the outermost first.

    `namespace` maps the user's names to values.
    """
    if not runtime.module_calls:
        return {}
    from gradcli.nn.calls import Call

    calls = [Call(*noted) for noted in sorted(runtime.module_calls)]
    titles = _titles(namespace)
    found: dict[Any, tuple[Frame, ...]] = {}
    open_calls: list[tuple[int, Frame]] = []  # the calls around a node, each with its last number
    at = 0
    for node in sorted(nodes, key=lambda node: int(node.number)):
        while at < len(calls) and calls[at].first < node.number:
            call = calls[at]
            at += 1
            while open_calls and open_calls[-1][0] < call.first:
                open_calls.pop()
            module = call.module()
            if module is not None and call.last > node.number:
                kind = type(module).__name__
                title = titles.get(id(module), "")
                frame = Frame((id(module), call.where), call.first, title, kind)
                open_calls.append((call.last, frame))
        while open_calls and open_calls[-1][0] < node.number:
            open_calls.pop()
        if open_calls:
            found[node] = tuple(frame for _, frame in open_calls)
    return found


def _titles(namespace: Mapping[str, Any]) -> dict[int, str]:
    """What the user calls each module: `model`, `model.fc1`, by identity."""
    found: dict[int, str] = {}
    for name, value in namespace.items():
        if is_module(value):
            found.setdefault(id(value), name)
    for name, value in namespace.items():
        if is_module(value):
            for registry, path, part in members(value):
                if registry == "_modules":
                    found.setdefault(id(part), f"{name}.{path}")
    return found
