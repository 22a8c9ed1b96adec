"""The backward pass.

A pass collects the nodes that its roots reach and walks them by falling number, so that a node
runs after everything that was computed from its output. Gradients of leaves are staged and
committed together at the end: a pass that fails leaves every `.grad` as it was.

Cotangents are bare arrays unless the graph of the backward pass itself is wanted
(`create_graph`), or levels or low precision are involved; then they are tensors and the formulas
run as recorded operations.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, from_array, make, shape_of, version_of
from .node import AccumulateGrad, Freed, Hooks, Node
from .operations import operations

_by_number = attrgetter("number")

# Kept alive for tools that look behind a freed graph; see `keep`.
keeper: list[Callable[[Node, Freed], None]] = []


class Pass:
    """One backward pass. `anomaly` is set by detect_anomaly to check every result."""

    __slots__ = ("captured", "cotangents", "create_graph", "needed", "retain", "staged", "traced")

    def __init__(self, create_graph: bool, retain: bool) -> None:
        self.create_graph = create_graph
        self.retain = retain
        self.traced = create_graph
        self.cotangents: dict[Node, Any] = {}
        self.staged: dict[AccumulateGrad, Any] = {}
        self.captured: dict[tuple[Any, int], Any] = {}
        self.needed: set[Any] | None = None


anomaly_checks: list[Callable[[Node, Sequence[Any]], None]] = []


def run(
    roots: Sequence[tuple[Any, int, Tensor]],
    *,
    create_graph: bool = False,
    retain_graph: bool = False,
    inputs: Sequence[tuple[Any, int]] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Push cotangents from `roots` (edge, output number, tensor) down to the leaves.

    With `inputs` (edges) only what leads to them is computed; with `accumulate` off their
    gradients are returned (None where nothing arrived) instead of added to `.grad`.
    """
    work = Pass(create_graph, retain_graph)
    enabled = runtime.grad_enabled
    runtime.grad_enabled = create_graph
    try:
        order = _collect(edge for edge, _, _ in roots)
        if inputs is not None:
            work.needed = _needed(order, inputs)
        targets = None
        if inputs is not None and not accumulate:
            targets = {}
            for edge, number in inputs:
                targets.setdefault(edge, []).append(number)
        late = _late_leaves(order, roots) if _has_post_hooks(order, roots) else None
        for edge, number, tensor in roots:
            value: Any = tensor
            if not work.traced and tensor.level is None and tensor.dtype.raw:
                value = tensor.array
            if work.needed is None or edge in work.needed:
                _deliver(work, edge, number, value)
        restore: list[tuple[AccumulateGrad, Any, Any]] = []
        try:
            _walk(work, order, targets, late, restore)
            captured = _finish(work, targets, inputs, accumulate)
        except BaseException:
            for leaf, grad, array in reversed(restore):
                leaf.grad = grad
                if grad is not None:
                    grad.array = array
            raise
    finally:
        runtime.grad_enabled = enabled
    return captured


def _collect(roots: Iterable[Any]) -> list[Node]:
    """Every node reachable from `roots`, by falling number; accumulators excluded."""
    seen = set()
    order = []
    stack = [root for root in roots if root.number >= 0]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        order.append(node)
        for edge in node.edges:
            if edge is not None and edge.number >= 0:
                stack.append(edge)
    order.sort(key=_by_number, reverse=True)
    return order


def _needed(order: list[Node], inputs: Sequence[tuple[Any, int]]) -> set[Any]:
    """The inputs, and every node from which one of them can be reached."""
    needed: set[Any] = {edge for edge, _ in inputs}
    for node in reversed(order):
        if node not in needed:
            for edge in node.edges:
                if edge in needed:
                    needed.add(node)
                    break
    return needed


def _leaves(order: list[Node], roots: Sequence[tuple[Any, int, Tensor]]) -> set[AccumulateGrad]:
    leaves = {edge for edge, _, _ in roots if edge.number < 0}
    for node in order:
        for edge in node.edges:
            if edge is not None and edge.number < 0:
                leaves.add(edge)
    return leaves


def _has_post_hooks(order: list[Node], roots: Sequence[tuple[Any, int, Tensor]]) -> bool:
    if not AccumulateGrad.watched:
        return False
    return any(leaf.post_hooks for leaf in _leaves(order, roots))


def _late_leaves(
    order: list[Node], roots: Sequence[tuple[Any, int, Tensor]]
) -> dict[Any, list[AccumulateGrad]]:
    """For leaves with post-accumulate hooks: the last node that feeds each of them."""
    last: dict[AccumulateGrad, Any] = {}
    for node in order:
        for edge in node.edges:
            if edge is not None and edge.number < 0 and edge.post_hooks:
                last[edge] = node
    late: dict[Any, list[AccumulateGrad]] = {}
    for leaf, node in last.items():
        late.setdefault(node, []).append(leaf)
    return late


def _walk(
    work: Pass,
    order: list[Node],
    targets: dict[Any, list[int]] | None,
    late: dict[Any, list[AccumulateGrad]] | None,
    restore: list[tuple[AccumulateGrad, Any, Any]],
) -> None:
    cotangents = work.cotangents
    needed = work.needed
    staged = work.staged
    freed = None
    for node in order:
        if runtime.stop is not None:
            runtime.check()
        if needed is not None and node not in needed:
            continue
        g = cotangents.pop(node, None)
        hooks = node.hooks
        if hooks is not None:
            g = _pre_hooks(work, node, hooks, g)
        if targets is not None and node in targets:
            _capture(work, node, targets[node], g)
        if needed is not None and not any(edge in needed for edge in node.edges):
            continue
        if node.count > 1:
            if type(g) is not list or any(item is None for item in g):
                g = _materialize(work, node, g)
            traced = work.traced or _any_tensor(g) or not node.raw
        else:
            traced = type(g) is Tensor or work.traced or not node.raw
        if g is None and not node.runs_undefined:
            continue
        if traced:
            g = _as_tensors(node, g)
        grads = node.apply(g, needed, traced)
        if hooks is not None and hooks.post:
            grads = _post_hooks(node, hooks, grads, g)
        if anomaly_checks:
            for check in anomaly_checks:
                check(node, grads)
        if not work.retain and node.guards is not None:
            if freed is None:
                freed = Freed(runtime.where)
            for keep in keeper:
                keep(node, freed)
            node.saved = freed
            node.guards = None
        edges = node.edges
        numbers = node.numbers
        position = 0
        for grad in grads:
            if grad is not None:
                edge = edges[position]
                if edge is not None and (needed is None or edge in needed):
                    number = 0 if numbers is None else numbers[position]
                    # What follows is `_deliver`, kept in line for the common case.
                    if number == 0 and edge.count == 1:
                        dtype = edge.dtype
                        if type(grad) is Tensor:
                            if shape_of(grad) != edge.shape or grad.dtype is not dtype:
                                grad = _fit(grad, edge.shape, dtype, node, position)
                        elif grad.shape != edge.shape or grad.dtype is not dtype.array:
                            grad = _fit(grad, edge.shape, dtype, node, position)
                        where = cotangents if edge.number >= 0 else staged
                        if edge in where:
                            where[edge] = _add(where[edge], grad)  # type: ignore[index]
                        else:
                            where[edge] = grad  # type: ignore[index]
                    else:
                        _deliver(work, edge, number, grad, node, position)
            position += 1
        if late is not None and node in late:
            for leaf in late[node]:
                if leaf in staged and targets is None:
                    grad = _leaf_pre_hooks(leaf, staged.pop(leaf))
                    old = leaf.grad
                    restore.append(
                        (leaf, old, None if old is None else np.array(old.array, copy=True))
                    )
                    _accumulate(leaf, grad, work.create_graph)
                    for hook in list(leaf.post_hooks.values()):
                        hook(leaf.variable)


def _deliver(
    work: Pass, edge: Any, number: int, grad: Any, node: Any = None, position: int = 0
) -> None:
    """Add `grad` to what has arrived at an edge, in the edge's shape and dtype."""
    if edge.count == 1:
        shape, dtype = edge.shape, edge.dtype
    else:
        shape, dtype = edge.shape[number - 1], edge.dtype[number - 1]
    if type(grad) is Tensor:
        fits = shape_of(grad) == shape and grad.dtype is dtype
    else:
        fits = grad.shape == shape and grad.dtype is dtype.array
    if not fits:
        grad = _fit(grad, shape, dtype, node, position)
    if edge.number < 0:
        old = work.staged.get(edge)
        work.staged[edge] = grad if old is None else _add(old, grad)
    elif edge.count == 1:
        old = work.cotangents.get(edge)
        work.cotangents[edge] = grad if old is None else _add(old, grad)
    else:
        slots = work.cotangents.get(edge)
        if slots is None:
            slots = work.cotangents[edge] = [None] * edge.count
        old = slots[number - 1]
        slots[number - 1] = grad if old is None else _add(old, grad)


def _add(a: Any, b: Any) -> Any:
    if type(a) is not Tensor and type(b) is not Tensor:
        return a + b
    if type(a) is not Tensor:
        a = from_array(a)
    if type(b) is not Tensor:
        b = make(b, a.dtype)
    return operations.add(a, b)


def _fit(grad: Any, shape: tuple[int, ...], dtype: Any, node: Any, position: int) -> Any:
    """`grad` summed to `shape` where it was broadcast from it, and cast to `dtype`."""
    found = shape_of(grad) if type(grad) is Tensor else grad.shape
    if found != shape:
        if not _expandable(shape, found):
            raise RuntimeError(
                f"Function {node.title} returned an invalid gradient at index {position} - got "
                f"{list(found)} but expected shape compatible with {list(shape)}"
            )
        grad = operations.sum_to(grad, shape) if type(grad) is Tensor else sum_to(grad, shape)
    if type(grad) is Tensor:
        return grad if grad.dtype is dtype else operations.cast(grad, dtype)
    return dtype.cast(grad)


def _expandable(shape: tuple[int, ...], found: tuple[int, ...]) -> bool:
    if len(shape) > len(found):
        return False
    tail = found[len(found) - len(shape) :]
    return all(a in (b, 1) for a, b in zip(shape, tail, strict=True))


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """`array` summed over the axes that broadcasting added to `shape` or stretched."""
    extra = array.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        axis + extra
        for axis, length in enumerate(shape)
        if length == 1 and array.shape[axis + extra] != 1
    )
    if axes:
        array = array.sum(axis=axes, keepdims=True)
    return array.reshape(shape)[()]


def _as_tensors(node: Node, g: Any) -> Any:
    if node.count > 1:
        return tuple(
            item if item is None or type(item) is Tensor else make(item, dtype)
            for item, dtype in zip(g, node.dtype, strict=True)
        )
    return g if g is None or type(g) is Tensor else make(g, node.dtype)


def _any_tensor(g: Any) -> bool:
    return any(type(item) is Tensor for item in g)


def _materialize(work: Pass, node: Node, g: Any) -> Any:
    """Zeros for the outputs of a node to which no gradient came."""
    if not node.materializes:
        return [None] * node.count if g is None else g
    if g is None:
        g = [None] * node.count
    return [
        item if item is not None else np.zeros(shape, dtype.array)[()]
        for item, shape, dtype in zip(g, node.shape, node.dtype, strict=True)
    ]


def _pre_hooks(work: Pass, node: Node, hooks: Hooks, g: Any) -> Any:
    """Run tensor hooks, keep retained gradients, then run the node's own pre-hooks."""
    slots = g if node.count > 1 else [g]
    if slots is None:
        slots = [None] * node.count
    tensors = list(_as_tensors(node, slots)) if node.count > 1 else [_as_tensors(node, g)]
    for index, functions in hooks.tensor.items():
        for function in list(functions.values()):
            if tensors[index] is not None:
                tensors[index] = _replaced(tensors[index], function(tensors[index]))
    for index, meta in hooks.retain.items():
        if tensors[index] is not None:
            _retain(meta, tensors[index], work.create_graph)
    for function in list(hooks.pre.values()):
        result = function(tuple(tensors))
        if result is not None:
            tensors = list(result) if isinstance(result, tuple | list) else [result]
    if work.traced or not node.raw:
        values: list[Any] = tensors
    else:
        values = [
            t.array if t is not None and t.level is None and t.dtype.raw else t for t in tensors
        ]
    return values if node.count > 1 else values[0]


def _replaced(old: Tensor, new: Any) -> Tensor:
    if new is None:
        return old
    if type(new) is not Tensor:
        raise TypeError(f"expected Variable, but hook returned '{type(new).__name__}'")
    if shape_of(new) != shape_of(old):
        raise RuntimeError("hook '<unnamed>' has changed the size of value")
    if new.dtype is not old.dtype:
        raise RuntimeError("hook '<unnamed>' has changed the type of value")
    return new


def _retain(meta: AccumulateGrad, grad: Tensor, create_graph: bool) -> None:
    if meta.grad is None:
        meta.grad = operations.clone(grad)
    else:
        meta.grad = operations.add(meta.grad, grad)


def _post_hooks(node: Node, hooks: Hooks, grads: Sequence[Any], g: Any) -> Sequence[Any]:
    def tensors(values: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            value if value is None or type(value) is Tensor else from_array(value)
            for value in values
        )

    arrived = g if node.count > 1 else (g,)
    results = tensors(grads)
    for function in list(hooks.post.values()):
        changed = function(results, tensors(arrived))
        if changed is not None:
            results = changed if isinstance(changed, tuple) else (changed,)
    return results


def _capture(work: Pass, node: Node, numbers: list[int], g: Any) -> None:
    for number in numbers:
        value = g if node.count == 1 else (None if g is None else g[number - 1])
        if value is not None:
            dtype = node.dtype if node.count == 1 else node.dtype[number - 1]
            work.captured[node, number] = value if type(value) is Tensor else make(value, dtype)


def _leaf_pre_hooks(leaf: AccumulateGrad, grad: Any) -> Any:
    if leaf.hooks is None:
        return grad
    tensor = grad if type(grad) is Tensor else make(grad, leaf.dtype)
    for functions in leaf.hooks.tensor.values():
        for function in list(functions.values()):
            tensor = _replaced(tensor, function(tensor))
    for function in list(leaf.hooks.pre.values()):
        result = function((tensor,))
        if result is not None:
            tensor = result[0] if isinstance(result, tuple) else result
    return tensor


def _finish(
    work: Pass,
    targets: dict[Any, list[int]] | None,
    inputs: Sequence[tuple[Any, int]] | None,
    accumulate: bool,
) -> list[Any]:
    """Run leaf hooks, then hand out what was captured or commit what was staged."""
    staged = {leaf: _leaf_pre_hooks(leaf, grad) for leaf, grad in work.staged.items()}
    work.staged = {}
    if targets is None:
        for leaf, grad in _prepared(staged, work.create_graph):
            _accumulate(leaf, grad, work.create_graph)
            if leaf.post_hooks:
                for hook in list(leaf.post_hooks.values()):
                    hook(leaf.variable)
            if leaf.hooks is not None:
                for hook in list(leaf.hooks.post.values()):
                    hook((), (leaf.grad,))
        return []
    if inputs is None:
        return []
    results = []
    for edge, number in inputs:
        if edge.number < 0:
            grad = staged.get(edge)
            if grad is not None and type(grad) is not Tensor:
                grad = make(
                    grad if grad.flags.writeable or not grad.ndim else grad.copy(), edge.dtype
                )
        else:
            grad = work.captured.get((edge, number))
        results.append(grad)
    return results


def _prepared(
    staged: dict[AccumulateGrad, Any], create_graph: bool
) -> list[tuple[AccumulateGrad, Any]]:
    """Pairs of leaf and a gradient that may become its `.grad` without a further allocation.

    Note: an array is taken over only when nobody else holds it; `staged` and this loop account
    for the references counted here.
    """
    pairs: list[tuple[AccumulateGrad, Any]] = []
    while staged:
        leaf, grad = staged.popitem()
        if type(grad) is not Tensor and leaf.grad is None and grad.ndim:
            owned = (
                sys.getrefcount(grad) <= 2
                and grad.base is None
                and grad.flags.c_contiguous
                and grad.flags.writeable
            )
            if not owned:
                grad = np.array(grad, order="C")
        pairs.append((leaf, grad))
    pairs.reverse()
    return pairs


def _accumulate(leaf: AccumulateGrad, grad: Any, create_graph: bool) -> None:
    """Add to the leaf's `.grad`: in place without create_graph, as a new tensor with it."""
    old = leaf.grad
    if old is None:
        if type(grad) is Tensor:
            if create_graph:
                leaf.grad = operations.clone(grad) if grad.node is None else grad
            else:
                leaf.grad = make(np.array(grad.array)[()], leaf.dtype)
                leaf.grad.level = grad.level
        else:
            leaf.grad = make(grad, leaf.dtype)
    elif create_graph:
        new = grad if type(grad) is Tensor else make(grad, leaf.dtype)
        leaf.grad = operations.add(old, new)
    else:
        new = grad if type(grad) is Tensor else make(grad, leaf.dtype)
        if old.level is not None or new.level is not None:
            leaf.grad = operations.add(old, new)
        elif isinstance(old.array, np.ndarray) or not old.dtype.raw:
            operations.add_in_place(old, new)
        else:
            old.array = old.array + new.array
            version_of(old).bump(runtime.where)
