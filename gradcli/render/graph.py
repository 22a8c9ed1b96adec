"""A recorded graph as a tree of text, as Graphviz's DOT, as Mermaid and as a JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.autograd.freed_values import kept
from gradcli.autograd.node import Freed

from .names import Names, source_span, source_text

MOST = 200  # nodes that a tree shows


def children(node: Any) -> list[tuple[Any, int]]:
    """The edges of a node that lead somewhere, with the numbers of the outputs they lead to."""
    numbers = node.numbers or (0,) * len(node.edges)
    return [(e, n) for e, n in zip(node.edges, numbers, strict=True) if e is not None]


def shape_text(node: Any, number: int = 0) -> str:
    """The shape of an output of a node, as `[2, 3]`."""
    shape = node.shape if node.count == 1 else node.shape[max(number - 1, 0)]
    return f"[{', '.join(map(str, shape))}]"


def state(node: Any) -> str:
    """Whether what the node saved is freed, and kept."""
    if type(getattr(node, "saved", None)) is not Freed:
        return ""
    return "freed, kept" if kept(node) is not None else "freed"


def words(node: Any, number: int, names: Names) -> list[str]:
    """Name, kind, shape and source text of a node's output; of all outputs for number 0."""
    name = names.of(node, number)
    if node.count > 1 and number == 0:
        name = ", ".join(filter(None, (names.of(node, n + 1) for n in range(node.count))))
    if node.number < 0:
        found = [name or "(a leaf without a name)", "leaf", shape_text(node), node.dtype.name]
        return [*found, "has grad" if node.grad is not None else "no grad yet"]
    text = source_text(node)
    found = [name, node.title, shape_text(node, number), text if text != name else "", state(node)]
    return [word for word in found if word]


def tree(root: Any, number: int, names: Names, width: int, ascii: bool) -> str:
    """The graph from a result down to its leaves; what comes again is only named."""
    tee, corner, bar, cross = ("|- ", "`- ", "|  ", "...") if ascii else ("├─ ", "└─ ", "│  ", "…")
    lines: list[str] = []
    numbers: dict[Any, int] = {}
    stack: list[tuple[Any, int, str, str]] = [(root, number, "", "")]
    while stack:
        node, output, lead, below = stack.pop()
        if len(numbers) >= MOST:
            left = _count([item[0] for item in stack] + [node], numbers)
            lines.append(f"{cross} {left:,} more nodes")
            break
        if len(lead) > width // 2:
            lead = lead[: width // 2 - 4] + cross + " "
        again = node in numbers and node.number >= 0
        text = "  ".join(words(node, output, names))
        if again:
            text = f"{names.of(node, output) or node.title}  (line {numbers[node]})"
        elif node.number >= 0:
            numbers[node] = len(lines) + 1
        line = lead + text
        lines.append(line if len(line) <= width else line[: max(width - len(cross), 1)] + cross)
        if again:
            continue
        edges = children(node)
        for position in range(len(edges) - 1, -1, -1):
            edge, edge_number = edges[position]
            last = position == len(edges) - 1
            stack.append(
                (
                    edge,
                    edge_number,
                    below + (corner if last else tee),
                    below + ("   " if last else bar),
                )
            )
    return "\n".join(lines)


def _count(roots: Sequence[Any], known: Any) -> int:
    seen: dict[Any, None] = dict.fromkeys(root for root in roots if root not in known)
    order = list(seen)
    for node in order:
        for edge in node.edges:
            if edge is not None and edge not in seen and edge not in known:
                seen[edge] = None
                order.append(edge)
    return len(order)


def everything(roots: Sequence[Any]) -> list[Any]:
    """Every node and leaf, the roots first."""
    seen: dict[Any, None] = dict.fromkeys(roots)
    order = list(seen)
    for node in order:
        for edge, _ in children(node):
            if edge not in seen:
                seen[edge] = None
                order.append(edge)
    return order


def dot(roots: Sequence[Any], names: Names) -> str:
    """The graph as DOT; arrows point the way that values go."""
    order = everything(roots)
    index = {node: position for position, node in enumerate(order)}
    lines = ["digraph graph_of_gradients {", "  rankdir=TB;", '  node [fontname="monospace"];']
    for node, position in index.items():
        label = "\\n".join(_escaped(w) for w in words(node, 0, names))
        shape = "box" if node.number >= 0 else "ellipse"
        lines.append(f'  n{position} [label="{label}", shape={shape}];')
    for node, position in index.items():
        lines.extend(f"  n{index[edge]} -> n{position};" for edge, _ in children(node))
    return "\n".join([*lines, "}"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def mermaid(roots: Sequence[Any], names: Names) -> str:
    """The graph as Mermaid."""
    order = everything(roots)
    index = {node: position for position, node in enumerate(order)}
    lines = ["graph TB"]
    for node, position in index.items():
        label = "<br>".join(_entities(w) for w in words(node, 0, names))
        opening, closing = ("[", "]") if node.number >= 0 else ("([", "])")
        lines.append(f'  n{position}{opening}"{label}"{closing}')
    for node, position in index.items():
        lines.extend(f"  n{index[edge]} --> n{position}" for edge, _ in children(node))
    return "\n".join(lines)


def document(results: Sequence[tuple[str, Any, int]], names: Names) -> dict[str, Any]:
    """The graph as a JSON object; `results` are names, nodes and numbers of outputs.

    Edges go the way that values go: `from` is what made the value, `to` is what took it.
    """
    order = everything([node for _, node, _ in results])
    index = {node: position for position, node in enumerate(order)}
    edges = []
    for node, position in index.items():
        numbers = node.numbers or (0,) * len(node.edges)
        for place, (edge, number) in enumerate(zip(node.edges, numbers, strict=True)):
            if edge is not None:
                output = max(number - 1, 0)
                edges.append(
                    {"from": index[edge], "output": output, "to": position, "input": place}
                )
    return {
        "results": [
            {"name": name, "node": index[node], "output": max(number - 1, 0)}
            for name, node, number in results
        ],
        "nodes": [_described(node, position, names) for node, position in index.items()],
        "edges": edges,
    }


def _described(node: Any, position: int, names: Names) -> dict[str, Any]:
    single = node.count == 1
    outputs = [
        {
            "name": names.of(node, 0 if single else n + 1) or None,
            "shape": list(node.shape if single else node.shape[n]),
            "dtype": (node.dtype if single else node.dtype[n]).name,
        }
        for n in range(node.count)
    ]
    found: dict[str, Any] = {
        "id": position,
        "kind": "leaf" if node.number < 0 else "operation",
        "node": node.title,
        "outputs": outputs,
    }
    if node.number < 0:
        found["has_grad"] = node.grad is not None
    else:
        found["state"] = {"": "live", "freed": "freed"}.get(state(node), "kept")
        found["source"] = source_span(node)
    return found


def _entities(text: str) -> str:
    for character, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(character, entity)
    return text
