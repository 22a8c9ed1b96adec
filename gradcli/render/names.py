"""The names that a user gave to what is on a graph, and the text that made it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradcli.autograd.leaf import fresh_edge
from gradcli.language.machine.state import machine
from gradcli.tensor.tensor import Tensor


def edge_of(tensor: Tensor) -> Any:
    """`fresh_edge`, or None for a view that may not follow what was written to its base."""
    try:
        return fresh_edge(tensor)
    except RuntimeError:
        return None


def is_module(value: Any) -> bool:
    """Whether a value is a module of torch.nn, which a program that has none never loads."""
    nn = sys.modules.get("gradcli.nn.module")
    return nn is not None and isinstance(value, nn.Module)


def members(module: Any) -> Iterator[tuple[str, str, Any]]:
    """What is inside of a module, each once: its registry, its dotted name, the value.

    A module comes before what is in it, as in `named_modules`. The registries are `_parameters`,
    `_buffers` and `_modules`; no method of a program is called.
    """
    waiting, seen = [("", module)], set()
    while waiting:
        path, part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        machine.spend(1)
        if path:
            yield "_modules", path, part
        before = f"{path}." if path else ""
        for registry in ("_parameters", "_buffers"):
            for name, value in (vars(part).get(registry) or {}).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield registry, before + name, value
        inside = [*(vars(part).get("_modules") or {}).items()]
        waiting += [(before + name, value) for name, value in reversed(inside) if value is not None]


def parameters_of(namespace: Mapping[str, Any]) -> dict[str, Tensor]:
    """The parameters of the modules that names stand for: `model.fc1.weight`, each once."""
    found: dict[str, Tensor] = {}
    seen = {id(value) for value in namespace.values()}
    for name, value in namespace.items():
        if is_module(value):
            for registry, path, part in members(value):
                if registry == "_parameters" and type(part) is Tensor and id(part) not in seen:
                    seen.add(id(part))
                    found[f"{name}.{path}"] = part
    return found


class Names:
    """Names of edges: `namespace` maps the user's names to values."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.by_edge: dict[tuple[Any, int], str] = {}
        self.inner: frozenset[Any] = frozenset()
        for name, value in namespace.items():
            self._add(name, value)
        if "gradcli.nn.module" in sys.modules:
            for name, value in parameters_of(namespace).items():
                self._add(name, value)

    def look_at(self, nodes: Iterable[Any]) -> None:
        """Find the nodes of a graph that are made within a call whose text gives another value,
        as log_softmax is within cross_entropy: the text is not theirs."""
        self.inner = frozenset(
            edge
            for node in nodes
            for edge in node.edges
            if edge is not None and edge.where == node.where and edge.number >= 0 and node.where
        )

    def _add(self, name: str, value: Any) -> None:
        if type(value) is Tensor and value.level is None:
            edge = edge_of(value)
            if edge is not None:
                self.by_edge.setdefault((edge, value.number), name)
        elif type(value) in (list, tuple) and len(value) <= 100:
            for index, item in enumerate(value):
                if type(item) is Tensor:
                    self._add(f"{name}[{index}]", item)
        elif type(value) is dict and len(value) <= 100:
            for key, item in value.items():
                if type(item) is Tensor:
                    self._add(f"{name}[{key!r}]", item)
        elif hasattr(type(value), "__members__"):  # an object of a program's class
            for key, item in list(vars(value).items())[:100]:
                if type(item) is Tensor:
                    self._add(f"{name}.{key}", item)

    def of(self, node: Any, number: int = 0) -> str:
        """The name of an output of a node, "" when it has none."""
        found = self.by_edge.get((node, number))
        if found is None and node.count == 1:
            found = node.name
        return found or ""


def source_text(node: Any) -> str:
    """The text that made a node, on one line; "" when it is not known."""
    place = machine.locate(node.where)
    return "" if place is None else " ".join(place[0].slice(place[1].span).split())


def own_text(node: Any, taker: Any, names: Names) -> str:
    """The text of an operand of `taker`: "" where the one text that made both is not its own.

    A transpose of what has a name is called by that name, as a module's weight is.
    """
    text = source_text(node)
    if taker is node and node in names.inner:
        return ""
    if taker is None or taker is node or not text or source_span(node) != source_span(taker):
        return text
    if node.title == "TBackward0":
        maker, number = node.edges[0], 0 if node.numbers is None else node.numbers[0]
        name = names.of(maker, number) if maker is not None else ""
        return f"{name}.T" if name else ""
    return ""


def source_place(node: Any) -> str:
    """Where that text is: `In[3]:1:5`; "" when it is not known."""
    return place_of(node.where)


def place_of(where: int) -> str:
    """The position that a provenance stands for; "" when it is not known."""
    place = machine.locate(where)
    return "" if place is None else place[0].location(place[1].span.start)


def source_span(node: Any) -> dict[str, Any] | None:
    """That text with its file, first and last line and columns; None when it is not known."""
    return span_of(node.where)


def span_of(where: int) -> dict[str, Any] | None:
    """The text that a provenance stands for, with its place; None when it is not known."""
    place = machine.locate(where)
    if place is None:
        return None
    source, span = place[0], place[1].span
    (line, column), (end_line, end_column) = map(source.position, span)
    return {
        "text": source.slice(span),
        "file": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
