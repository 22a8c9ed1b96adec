"""A recorded graph as a tree of text, as Graphviz's DOT, as Mermaid and as a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gradcli.autograd.freed_values import kept
from gradcli.autograd.node import Freed

from . import escapers
from .drawing import Area, Arrow, Box, Drawing, everything
from .modules import Frame, frames_of
from .names import Names, source_span, source_text

MOST = 200  # boxes that a tree shows


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


def tree(
    drawing: Drawing,
    root: Any,
    number: int,
    names: Names,
    width: int,
    *,
    ascii: bool = False,
    most: int | None = MOST,
) -> str:
    """The graph from a result down to its leaves; what comes again is only named.

    At most `most` boxes are shown, None for all.
    """
    tee, corner, bar, cross = ("|- ", "`- ", "|  ", "...") if ascii else ("├─ ", "└─ ", "│  ", "…")
    into: dict[Box, list[Arrow]] = {}
    for each in drawing.arrows:
        into.setdefault(each.taker, []).append(each)
    lines: list[str] = []
    numbers: dict[Box, int] = {}
    first = (drawing.box_of[root], number, None)
    stack: list[tuple[tuple[Box, int, Arrow | None], str, str]] = [(first, "", "")]
    while stack:
        (box, output, arrow), lead, below = stack.pop()
        if most is not None and len(numbers) >= most:
            left = _count([item[0][0] for item in stack] + [box], into, numbers)
            lines.append(f"{cross} {left:,} more nodes")
            break
        if len(lead) > width // 2:
            lead = lead[: width // 2 - 4] + cross + " "
        again = box in numbers and not box.leaf
        text = "  ".join(label(box, output, names, ascii=ascii))
        if box.area is not None and (arrow is None or arrow.taker.area is not box.area):
            text += f"  in {box.area.label}"
        if again:
            named = names.of(box.node, output) or (box.closed or box.node).title
            before = ", a step before" if arrow is not None and arrow.back else ""
            text = f"{named}  (line {numbers[box]}{before})"
        elif not box.leaf:
            numbers[box] = len(lines) + 1
        if arrow is not None and arrow.norms:
            text += f"  {_norm(arrow, ascii)}"
        line = escapers.line(lead + text)
        lines.append(line if len(line) <= width else line[: max(width - len(cross), 1)] + cross)
        if again:
            continue
        arrows = into.get(box, [])
        for position, following in reversed(list(enumerate(arrows))):
            last = position == len(arrows) - 1
            stack.append(
                (
                    (following.maker, following.output, following),
                    below + (corner if last else tee),
                    below + ("   " if last else bar),
                )
            )
    return "\n".join(lines)


def _count(boxes: Iterable[Box], into: Mapping[Box, list[Arrow]], known: Any) -> int:
    seen: dict[Box, None] = dict.fromkeys(box for box in boxes if box not in known)
    order = list(seen)
    for box in order:
        for arrow in into.get(box, ()):
            if arrow.maker not in seen and arrow.maker not in known:
                seen[arrow.maker] = None
                order.append(arrow.maker)
    return len(order)


def label(box: Box, number: int, names: Names, *, ascii: bool = False) -> list[str]:
    """What a box says: `words` of its node, how often there is one, and the module around it."""
    times = f"{'x' if ascii else '×'} {box.count:,}"
    if box.closed is not None:
        area = box.closed
        found = [area.title or area.kind, area.kind if area.title else "", shape_text(box.node)]
        found.append(f"{len(box.members):,} node{'s' if len(box.members) > 1 else ''}")
        return [word for word in [*found, times if area.count > 1 else ""] if word]
    found = words(box.node, number, names)
    if box.count > 1:
        if box.leaf:
            ends = [names.of(node, number) for node in (box.members[0], box.members[-1])]
            if all(ends):
                found[0] = f"{ends[0]} {'...' if ascii else '…'} {ends[1]}"
        found.append(times)
    return found


def _norm(arrow: Arrow, ascii: bool = False) -> str:
    return f"|g| {arrow.norms}".replace("…", "..." if ascii else "…")


def dot(drawing: Drawing, names: Names) -> str:
    """The graph as DOT; arrows point the way that values go."""
    lines = [
        "digraph graph_of_gradients {",
        f"  rankdir={'LR' if drawing.chain else 'TB'};",
        '  bgcolor="transparent";',
        '  node [fontname="monospace", style="filled", fillcolor="#e8eef8", color="#445577"];',
        '  edge [fontname="monospace", fontsize=10, color="#7788aa", fontcolor="#7788aa"];',
    ]

    def box_lines(box: Box, lead: str) -> None:
        text = "\\n".join(map(escapers.dot, label(box, 0, names)))
        shape = "box" if not box.leaf else "ellipse"
        fill = ', fillcolor="#e3f1e3"' if box.leaf else ""
        fill = ', fillcolor="#f2ead8"' if box.closed is not None else fill
        lines.append(f'{lead}n{box.number} [label="{text}", shape={shape}{fill}];')

    def area_start(area: Area, number: int, lead: str) -> None:
        lines.append(f"{lead}subgraph cluster_{number} {{")
        lines.append(f'{lead}  label="{escapers.dot(area.label)}";')
        lines.append(f'{lead}  fontname="monospace"; fontcolor="#7788aa"; color="#7788aa";')

    _nested(drawing, box_lines, area_start, lambda lead: lines.append(f"{lead}}}"))
    for arrow in drawing.arrows:
        facts = []
        if arrow.norms:
            facts.append(f'label="{escapers.dot(_norm(arrow))}"')
        if arrow.back:
            facts += ["style=dashed", "constraint=false"]
        more = f" [{', '.join(facts)}]" if facts else ""
        lines.append(f"  n{arrow.maker.number} -> n{arrow.taker.number}{more};")
    return "\n".join([*lines, "}"])


def _nested(
    drawing: Drawing,
    box_lines: Callable[[Box, str], None],
    area_start: Callable[[Area, int, str], None],
    area_end: Callable[[str], None],
    *,
    leaves_first: bool = False,
) -> None:
    """Write the boxes outside of areas, then each area with what is in it."""
    order = -1 if leaves_first else 1
    for box in drawing.boxes[::order]:
        if box.area is None:
            box_lines(box, "  ")
    count = 0
    waiting: list[Area | str] = list(reversed(drawing.areas))
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            area_end(item)
            continue
        lead = "  " * (item.level + 1)
        area_start(item, count, lead)
        count += 1
        for box in item.boxes[::order]:
            box_lines(box, lead + "  ")
        waiting.append(lead)
        waiting.extend(reversed(item.areas))


def mermaid(drawing: Drawing, names: Names) -> str:
    """The graph as Mermaid."""
    lines = [f"graph {'LR' if drawing.chain else 'TB'}"]

    def box_lines(box: Box, lead: str) -> None:
        text = "<br>".join(map(escapers.mermaid, label(box, 0, names)))
        opening, closing = ("[", "]") if not box.leaf else ("(", ")")
        opening, closing = ("[[", "]]") if box.closed is not None else (opening, closing)
        lines.append(f'{lead}n{box.number}{opening}"{text}"{closing}')

    def area_start(area: Area, number: int, lead: str) -> None:
        lines.append(f'{lead}subgraph m{number}["{escapers.mermaid(area.label)}"]')

    def area_end(lead: str) -> None:
        lines.append(f"{lead}end")

    # It breaks the cycle of a loop where it comes back to what stood first: that is where it began.
    _nested(drawing, box_lines, area_start, area_end, leaves_first=True)
    for arrow in drawing.arrows:
        text = f'|"{escapers.mermaid(_norm(arrow))}"|' if arrow.norms else ""
        line = "-.->" if arrow.back else "-->"
        lines.append(f"  n{arrow.maker.number} {line}{text} n{arrow.taker.number}")
    return "\n".join(lines)


def document(
    results: Sequence[tuple[str, Any, int]], names: Names, namespace: Mapping[str, Any]
) -> dict[str, Any]:
    """The graph as a JSON object; `results` are names, nodes and numbers of outputs.

    Edges go the way that values go: `from` is what made the value, `to` is what took it.
    """
    order = everything([node for _, node, _ in results])
    index = {node: position for position, node in enumerate(order)}
    frames = frames_of([node for node in order if node.number >= 0], namespace)
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
        "nodes": [
            _described(node, position, names, frames.get(node, ()))
            for node, position in index.items()
        ],
        "edges": edges,
    }


def _described(node: Any, position: int, names: Names, frames: tuple[Frame, ...]) -> dict[str, Any]:
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
        if frames:
            found["module"] = frames[-1].title or frames[-1].kind
    return found
