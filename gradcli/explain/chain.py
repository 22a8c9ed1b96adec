"""The chain rule on a recorded graph, step by step: what reaches a node, and what leaves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from gradcli.autograd.engine import fitted, run_post_hooks
from gradcli.autograd.freed_values import changed, reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import no_grad
from gradcli.autograd.operations import operations
from gradcli.language.machine.state import machine
from gradcli.render.names import Names, own_text, place_of, source_text
from gradcli.table.call.record import OpNode
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, constant, make, shape_of

Edge = tuple[Any, int]


class Refused(RuntimeError):
    """What a program attached to a graph, a hook or a backward of its own, raises at a node."""

    def __init__(self, node: Any, error: Exception) -> None:
        where = source_text(node) or node.title
        super().__init__(f"`{where}` cannot be walked through: {type(error).__name__}: {error}")


class Part(NamedTuple):
    """What a node passes to one of its inputs: the edge and the contribution.

    `place` is that among the node's inputs; `wide` is the shape before the contribution was
    summed over the axes that broadcasting made, None where it was not.
    """

    edge: Edge
    grad: Tensor
    node: Any
    place: int
    wide: tuple[int, ...] | None


class Step(NamedTuple):
    """A node, the cotangents of its outputs, what hooks made of them, and what it passes on.

    `hooked` has None for outputs whose cotangent no hook changed.
    """

    node: Any
    arrived: list[Any]
    hooked: list[Any]
    parts: list[Part]


def leading_to(nodes: Iterable[Any], target: Any) -> set[Any]:
    """The nodes among `nodes` (by rising number) from which `target` was reached, and itself."""
    found = {target}
    for node in nodes:
        if any(edge in found for edge in node.edges):
            found.add(node)
    return found


class Chain:
    """A walk from a result back to its leaves. `totals` has the sum at every edge afterwards.

    Hooks of tensors and nodes run as in a backward pass, but what they print is not shown.
    """

    def __init__(self, y: Tensor, cotangent: Tensor, target: Edge | None = None) -> None:
        self.root: Edge = (fresh_edge(y), y.number)
        self.nodes = reachable([self.root[0]])
        self.start = cotangent
        self.totals: dict[Edge, Any] = {self.root: cotangent}
        self.target = target
        self.wanted = None if target is None else leading_to(self.nodes, target[0])

    def steps(self) -> Iterator[Step]:
        """Each node with what arrives and what leaves, the result's first."""
        for node in reversed(self.nodes):
            if runtime.stop is not None:
                runtime.check()
            if self.wanted is not None and (
                node not in self.wanted or node is self.target[0]  # type: ignore[index]
            ):
                continue
            try:
                step = self._step(node)
            except RuntimeError:
                raise
            except Exception as error:  # a hook or a backward of the program's own
                raise Refused(node, error) from error
            if step is not None:
                yield step

    def leaf_hooks(self) -> dict[Edge, Tensor]:
        """What the hooks of leaves make of their totals, where they change them."""
        found = {}
        for edge, total in self.totals.items():
            if edge[0].number < 0:
                try:
                    (new,) = _through_hooks(edge[0], [total])
                except Exception as error:
                    raise Refused(edge[0], error) from error
                if new is not None:
                    found[edge] = new
        return found

    def _step(self, node: Any) -> Step | None:
        places = [(node, 0)] if node.count == 1 else [(node, n + 1) for n in range(node.count)]
        arrived = [self.totals.get(place) for place in places]
        if all(item is None for item in arrived):
            return None
        shapes = (node.shape,) if node.count == 1 else node.shape
        kinds = (node.dtype,) if node.count == 1 else node.dtype
        hooked = _through_hooks(node, arrived)
        current = [old if new is None else new for old, new in zip(arrived, hooked, strict=True)]
        filled = [
            constant(shape, kind) if item is None else item
            for item, shape, kind in zip(current, shapes, kinds, strict=True)
        ]
        parts = parts_of(node, filled, self.wanted)
        with no_grad():
            for part in parts:
                old, new = self.totals.get(part.edge), part.grad
                self.totals[part.edge] = new if old is None else operations.add(old, new)
        return Step(node, arrived, hooked, parts)


def parts_of(node: Any, cotangents: Sequence[Tensor], wanted: set[Any] | None) -> list[Part]:
    """What a node passes to its inputs when `cotangents` reach its outputs."""
    parts = []
    with no_grad():
        grads = _applied(node, cotangents, wanted)
        if node.hooks is not None and node.hooks.post:
            with _quietly():
                grads = run_post_hooks(
                    node, node.hooks, grads, cotangents[0] if node.count == 1 else tuple(cotangents)
                )
        numbers = node.numbers or (0,) * len(node.edges)
        for index, (edge, number, grad) in enumerate(zip(node.edges, numbers, grads, strict=False)):
            if edge is None or grad is None:
                continue
            if wanted is not None and edge not in wanted:
                continue
            before = tuple(shape_of(grad) if type(grad) is Tensor else grad.shape)
            grad = _as_tensor(fitted(edge, number, grad, node, grads), edge, number)
            wide = before if before != shape_of(grad) else None
            parts.append(Part((edge, number), grad, node, index, wide))
    return parts


@contextmanager
def _quietly() -> Iterator[None]:
    """A block in which programs print nothing."""
    write = machine.write
    machine.write = lambda text: None
    try:
        yield
    finally:
        machine.write = write


def _through_hooks(node: Any, arrived: list[Any]) -> list[Any]:
    """What the hooks on a node make of what arrives; None where they leave it as it is."""
    hooks = node.hooks
    if hooks is None or not (hooks.tensor or hooks.pre):
        return [None] * len(arrived)
    values = list(arrived)
    with no_grad(), _quietly():
        for index, functions in hooks.tensor.items():
            for function in functions.values():
                if values[index] is not None:
                    new = function(values[index])
                    values[index] = values[index] if new is None else new
        for function in hooks.pre.values():
            result = function(tuple(values))
            if result is not None:
                values = list(result) if isinstance(result, tuple | list) else [result]
    return [None if new is old else new for new, old in zip(values, arrived, strict=True)]


def _applied(node: Any, cotangents: Sequence[Tensor], wanted: set[Any] | None) -> Sequence[Any]:
    """What a node passes on, computed as a backward pass does: on arrays where that is possible."""
    plain = node.raw and not (node.hooks is not None and node.hooks.post)
    values: list[Any] = list(cotangents)
    if plain and all(item.level is None and item.dtype.raw for item in cotangents):
        values = [item.array for item in cotangents]
    else:
        plain = False
    given = values[0] if node.count == 1 else tuple(values)
    return node.apply(given, wanted, not plain)  # type: ignore[no-any-return]


def _as_tensor(grad: Any, edge: Any, number: int) -> Tensor:
    if type(grad) is Tensor:
        return grad
    return make(grad, edge.dtype if edge.count == 1 else edge.dtype[number - 1])


def formulas(node: Any, parts: Sequence[Part], names: Names) -> list[str]:
    """What a node passes on, with `g` for what arrives; "" when no formula writes it.

    What the node saved has to be readable.
    """
    if not isinstance(node, OpNode):
        text = "the Function's own backward" if hasattr(node, "class_") else ""
        return [text] * len(parts)
    from .formula.local import step_formulas

    return step_formulas(node, [part.place for part in parts], names)


def called(edge: Edge, names: Names, taker: Any = None) -> str:
    """How a text speaks of an edge to `taker`: by the user's name, else by the source text."""
    node, number = edge
    name = names.of(node, number)
    if name:
        return name
    if node.number < 0:
        return "(a leaf without a name)"
    text = own_text(node, taker, names)
    return f"({text})" if 0 < len(text) <= 40 else f"<{node.title}>"


def changes(node: Any, names: Names) -> Iterator[str]:
    """What a node had saved that was written after the pass, and where, in words."""
    for index, where in changed.get(node, {}).items():
        source = node.source(index)
        what = "a constant" if source is None or source[0] is None else called(source, names)
        place = place_of(where)
        at = f" at {place}" if place else ""
        yield f"{what} was changed{at} after the pass, which used what it was before"
