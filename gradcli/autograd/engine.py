"""The backward pass.

A pass collects the nodes that its roots reach and walks them by falling number, so that a node
runs after everything that was computed from its output. Gradients of leaves are staged and
committed together at the end: a pass that fails leaves every `.grad` as it was.

Cotangents are bare arrays unless the graph of the backward pass itself is wanted
(`create_graph`), or levels or low precision are involved; then they are tensors and the formulas
run as recorded operations.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Sequence, Set
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from ..kernels.strides import is_dense, relayout, strides_of
from ..kernels.sums import add_up
from ..tensor.runtime import runtime
from ..tensor.tensor import (
    META,
    InferenceVersion,
    Tensor,
    backend_name,
    device_type,
    from_array,
    make,
    shape_of,
    version_of,
)
from .node import AccumulateGrad, Freed, Hooks, Node, anomaly_checks, before_write, check_saved
from .operations import operations

_by_number = attrgetter("number")
_ndarray = np.ndarray

# Kept alive for tools that look behind a freed graph; see `freed_values`.
keeper: list[Callable[[Node, Freed], None]] = []


next_pass = itertools.count(1).__next__

running: list[tuple[Pass, list[Node]]] = []  # each running pass and its nodes, innermost last

check_numbers = False  # assert in every pass that edges lead to smaller numbers; for tests


class Pass:
    """What one backward pass has gathered so far.

    `cotangents` holds what has arrived at nodes that did not run yet, `staged` what arrived at
    leaves, `captured` the gradients of results that were asked for. `needed` is None, or the set
    of nodes that lead to the inputs asked for. `late` has, for each node, the leaves with hooks
    that are complete when it ran; `ready` those whose hooks ran. `restore` undoes what a failed
    pass committed early.
    """

    needed: set[Any] | None = None
    targets: dict[Any, list[int]] | None = None
    ends: Set[Any] = frozenset()  # inputs that accumulate: results among them run, too
    late: dict[Any, list[AccumulateGrad]] | None = None
    staged_nodes: Set[Any] = frozenset()  # that stood for whole expressions when the pass began

    def __init__(self, create_graph: bool, retain: bool) -> None:
        self.number = next_pass()
        self.ready: set[AccumulateGrad] = set()
        self.restore: list[tuple[AccumulateGrad, Tensor | None, Any, int]] = []
        self.create_graph = create_graph
        self.retain = retain
        self.cotangents: dict[Any, Any] = {}
        self.staged: dict[AccumulateGrad, Any] = {}

    captured: dict[tuple[Any, int], Any]  # made with `targets`


MANY = 4096  # nodes of a graph that a pass may have without counting as more than its call


def run(
    roots: Sequence[tuple[Any, int, Tensor]],
    create_graph: bool = False,
    retain_graph: bool = False,
    inputs: Sequence[tuple[Any, int]] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Push cotangents from `roots` (edge, output number, tensor) down to the leaves.

    With `inputs` (edges) only what leads to them is computed; with `accumulate` off their
    gradients are returned (None where nothing arrived) instead of added to `.grad`.
    """
    order: list[Node] = []
    staged: list[Any] = []
    plain = _collect(roots, order, staged)
    if len(order) > MANY:
        runtime.spend(len(order))
    whole = not create_graph and not anomaly_checks and not keeper and not AccumulateGrad.watched
    if staged and not (whole and _run_whole(staged, order, inputs)):
        for node in staged:
            node.expand()
        order, staged = [], []
        plain = _collect(roots, order, staged)
    if not (plain and whole and inputs is None):
        return _run_fully(roots, order, create_graph, retain_graph, inputs, accumulate, staged)
    cotangents: dict[Any, Any] = {}
    leaves: dict[AccumulateGrad, Any] = {}
    enabled = runtime.grad_enabled
    runtime.grad_enabled = False
    try:
        for edge, _, tensor in roots:
            grad = tensor.array
            if not _fits(grad, edge):
                grad = fit(grad, edge.shape, edge.dtype, None, ())
            where: dict[Any, Any] = leaves if type(edge) is AccumulateGrad else cotangents
            where[edge] = where[edge] + grad if edge in where else grad
        _walk(order, cotangents, leaves, retain_graph, None)
        _secure(leaves)
        for leaf, grad in leaves.items():
            owner = leaf.tensor()
            if owner is None or owner.node is not None:
                _accumulate(leaf, grad)
    finally:
        runtime.grad_enabled = enabled
    return []


def _run_fully(
    roots: Sequence[tuple[Any, int, Tensor]],
    order: list[Node],
    create_graph: bool,
    retain_graph: bool,
    inputs: Sequence[tuple[Any, int]] | None,
    accumulate: bool,
    staged: Iterable[Any] = (),
) -> list[Any]:
    """The pass with everything that a pass can have; `order` holds its nodes.

    `staged` are those of them that stand for a whole expression, as far as they can.
    """
    work = Pass(create_graph, retain_graph)
    work.staged_nodes = set(staged)
    enabled = runtime.grad_enabled
    runtime.grad_enabled = create_graph
    running.append((work, order))
    try:
        if inputs is not None:
            work.needed = _needed(order, inputs)
            if accumulate:
                work.ends = {edge for edge, _ in inputs}
            if not accumulate:
                work.captured = {}
                work.targets = {}
                for edge, number in inputs:
                    work.targets.setdefault(edge, []).append(number)
        if AccumulateGrad.watched:
            work.late = _late_leaves(order)
        for edge, number, tensor in roots:
            value: Any = tensor
            if not create_graph and tensor.level is None and tensor.dtype.raw:
                value = tensor.array
            if work.needed is None or edge in work.needed:
                _deliver(work, edge, number, value)
        try:
            _walk(order, work.cotangents, work.staged, retain_graph, work)
            return _finish(work, inputs)
        except BaseException:
            _put_back(work.restore)
            raise
    finally:
        runtime.grad_enabled = enabled
        running.pop()


def pass_number() -> int:
    """The number of the innermost running pass."""
    return running[-1][0].number


def run_between(root: tuple[Any, int, Any], inputs: Sequence[Any], create_graph: bool) -> list[Any]:
    """The gradients that arrive at the nodes `inputs`, of which nothing behind them is walked.

    What passed through stays; the answer has None where nothing arrived. For a bare array it has
    bare arrays.
    """
    ends = set(inputs)
    node, number, g = root
    order: list[Node] = [node]
    seen = {node}
    bare = type(g) is not Tensor
    plain = bare or (g.level is None and g.dtype.raw and not create_graph)
    for node in order:  # grows while it is walked
        if node not in ends:
            plain = plain and node.plain
            for edge in node.edges:
                if edge is not None and type(edge) is not AccumulateGrad and edge not in seen:
                    seen.add(edge)
                    order.append(edge)
    order.sort(key=_by_number, reverse=True)
    start = root[0]
    array = g if bare else g.array
    if plain and not anomaly_checks and not keeper and _fits(array, start):
        arrived: dict[Any, Any] = {start: array}
        _walk([node for node in order if node not in ends], arrived, {}, True, None)
        if bare:
            return [arrived.get(node) for node in inputs]
        return [make(arrived[node], node.dtype) if node in arrived else None for node in inputs]
    edges = [(node, 0) for node in inputs]
    tensor = make(array, start.dtype if start.count == 1 else start.dtype[number]) if bare else g
    found = _run_fully([(start, number, tensor)], order, create_graph, True, edges, False)
    return [None if part is None else part.array for part in found] if bare else found


def will_run(edge: Any) -> bool:
    """Whether the innermost running pass reaches this node or accumulator, and needs it."""
    work, order = running[-1]
    if edge not in order and not any(edge in node.outer() for node in order):
        return False
    if work.targets is not None and edge.number < 0 and edge in work.targets:
        raise RuntimeError(
            "A leaf node was passed to _will_engine_execute_node but we are currently running "
            "autograd.grad(). This is currently not supported."
        )
    return work.needed is None or edge in work.needed


def _collect(
    roots: Sequence[tuple[Any, int, Tensor]], order: list[Node], staged: list[Any]
) -> bool:
    """Fill `order` with every node that `roots` reach, by falling number, without accumulators.

    Answers whether all of them are plain: one output, no hooks, and bare arrays will do. Those
    that stand for a whole expression, which do for a plain pass, are added to `staged`.
    """
    plain = True
    seen = set()
    for node, _, tensor in roots:
        if tensor.level is not None or not tensor.dtype.raw:
            plain = False
        if type(node) is not AccumulateGrad and node not in seen:
            seen.add(node)
            order.append(node)
    for node in order:  # grows while it is walked
        if node.plain:
            edges = node.edges
        elif node.staged:
            staged.append(node)
            edges = node.outer()
        else:
            plain = False
            edges = node.edges
        for edge in edges:
            if edge is not None and type(edge) is not AccumulateGrad and edge not in seen:
                seen.add(edge)
                order.append(edge)
    if len(order) > 1:
        order.sort(key=_by_number, reverse=True)
    if check_numbers:
        for node in order:
            edges = node.outer()
            assert all(edge is None or edge.number < node.number for edge in edges), node
    return plain


def _needed(order: list[Node], inputs: Sequence[tuple[Any, int]]) -> set[Any]:
    """The inputs, and every node from which one of them can be reached."""
    needed: set[Any] = {edge for edge, _ in inputs}
    for node in reversed(order):
        if node not in needed:
            for edge in node.edges if node.plain else node.outer():
                if edge in needed:
                    needed.add(node)
                    break
    return needed


def _late_leaves(order: list[Node]) -> dict[Any, list[AccumulateGrad]]:
    """For leaves with hooks: the last node that feeds each of them, in the order of its edges."""
    last: dict[AccumulateGrad, Any] = {}
    for node in order:
        for edge in node.edges:
            if edge is not None and edge.number < 0 and (edge.hooks or edge.post_hooks):
                last.pop(edge, None)
                last[edge] = node
    late: dict[Any, list[AccumulateGrad]] = {}
    for leaf, node in last.items():
        late.setdefault(node, []).append(leaf)
    return late


def _walk(
    order: list[Any],
    cotangents: dict[Any, Any],
    staged: dict[AccumulateGrad, Any],
    retain_graph: bool,
    work: Pass | None,
) -> None:
    """Run the nodes in order, delivering what each returns along its edges.

    The loop itself handles what nearly every node of nearly every pass is: one output, no hooks,
    bare arrays. `_step` handles everything else; a pass without `work` has nothing else.
    """
    state = runtime
    late = needed = wanted = None
    asked: Any = ()
    special = False
    expressions: Set[Any] | None = None
    if work is not None:
        late = work.late
        special = bool(work.create_graph or anomaly_checks or keeper)
        needed = work.needed
        if needed is not None:
            asked = work.ends or work.targets
        expressions = work.staged_nodes
    freed = None
    for node in order:
        if state.stop is not None:
            state.check()
        if work is not None:
            if expressions and node in expressions:
                _unless_whole(node, order, cotangents.get(node), needed)
            if (
                special
                or not node.plain
                or (late is not None and node in late)
                or node in asked
                or type(cotangents.get(node)) is Tensor
            ) and not node.staged:
                if freed is None and not retain_graph:
                    freed = Freed(state.where)
                try:
                    _step(work, node, freed)
                except Exception:
                    if anomaly_checks:
                        from .anomaly import warn_of_error

                        warn_of_error(node)
                    raise
                continue
        if needed is not None:
            if node not in needed:
                continue
            whole = not node.plain and node.staged
            wanted = None if whole else _wanted(node.edges, needed)
        g = cotangents.pop(node, None)
        if not node.plain and node.staged:
            recipe, edges, kept, _ = node.args
            for edge, grad in zip(edges, () if g is None else recipe.back(g, kept)):  # noqa: B905
                into: dict[Any, Any] = staged if type(edge) is AccumulateGrad else cotangents
                into[edge] = _add(into[edge], grad) if edge in into else grad
            if not retain_graph:
                freed = _freed_at(state.where)
                node.args = recipe, edges, freed, ()
            continue
        if g is None:
            check_saved(node)
            if node.guards is not None and not retain_graph:
                node.saved, node.guards = _freed_at(state.where), None
            continue
        grads = node.apply(g, wanted, False)
        if node.guards is not None and not retain_graph:
            if freed is None:
                freed = _freed_at(state.where)
            node.saved = freed
            node.guards = None
        if work is not None and node.numbers is not None:
            _spread(work, node, grads)
            continue
        for edge, grad in zip(node.edges, grads):  # noqa: B905  (apply answers each edge)
            if edge is None or grad is None or (wanted is not None and edge not in wanted):
                continue
            if type(grad) is _ndarray:
                fits = grad.shape == edge.shape and grad.dtype is edge.dtype.array
            else:
                fits = type(grad) is edge.dtype.scalar and edge.shape == ()
            if not fits:
                grad = fit(grad, edge.shape, edge.dtype, node, grads)
            where: dict[Any, Any] = staged if type(edge) is AccumulateGrad else cotangents
            if edge not in where:
                where[edge] = grad
            elif work is None:
                where[edge] = where[edge] + grad
            else:
                where[edge] = _add(where[edge], grad)


def _run_whole(
    staged: list[Any], order: list[Node], inputs: Sequence[tuple[Any, int]] | None
) -> bool:
    """Whether expressions can be derived as a whole: what they keep is as it was, and gradients
    are wanted of leaves that each path through an expression leads to, so that all of it runs."""
    for node in staged:
        if not node.is_current():
            return False
    if inputs is None:
        return True
    if any(type(edge) is not AccumulateGrad for edge, _ in inputs):
        return False
    needed = _needed(order, inputs)
    return all(node not in needed or needed.issuperset(node.outer()) for node in staged)


def _unless_whole(node: Any, order: list[Node], g: Any, needed: set[Any] | None) -> None:
    """Put the nodes of an expression into the walk, unless it can be derived as a whole.

    What ran before this node may have looked at it, or written into what it keeps.
    """
    if node.staged:
        if node.is_current() and type(g) is not Tensor:
            return
        node.expand()
    known = set(order)
    found = [node]
    for node in found:  # grows while it is walked
        for edge in node.edges:
            if edge is not None and type(edge) is not AccumulateGrad and edge not in known:
                known.add(edge)
                found.append(edge)
    if needed is not None and found[0] in needed:
        needed.update(found)
    at = order.index(found[0]) + 1
    order[at:at] = sorted(found[1:], key=_by_number, reverse=True)


def _wanted(edges: Sequence[Any], needed: set[Any]) -> set[Any] | None:
    """What a node is told of the edges that are needed: nothing where that is all of them."""
    for edge in edges:
        if edge is not None and edge not in needed:
            return needed
    return None


def _freed_at(where: int) -> Freed:
    """The mark of what passes at one place freed, where nothing is kept of it."""
    global _freed
    if _freed.where != where:
        _freed = Freed(where)
    return _freed


_freed = Freed(-1)


def _fits(grad: Any, edge: Any) -> bool:
    """Whether a bare array has the shape and dtype of an edge with one output."""
    if type(grad) is _ndarray:
        return grad.dtype is edge.dtype.array and grad.shape == edge.shape
    return type(grad) is edge.dtype.scalar and edge.shape == ()


def _spread(work: Pass, node: Node, grads: Sequence[Any]) -> None:
    """Deliver what a node returned along its edges."""
    needed = work.needed
    numbers = node.numbers or (0,) * len(node.edges)
    for edge, number, grad in zip(node.edges, numbers, grads, strict=True):
        if grad is not None and edge is not None and (needed is None or edge in needed):
            _deliver(work, edge, number, grad, node, grads)


def _step(work: Pass, node: Node, freed: Freed | None) -> None:
    """Run one node in full generality: hooks, several outputs, tensors, pruning."""
    needed = work.needed
    targets = work.targets
    if needed is not None and node not in needed:
        return
    g = work.cotangents.pop(node, None)
    hooks = node.hooks
    asked = targets is not None and node in targets
    goes_on = (
        not asked  # then it is needed for what it leads to
        or needed is None
        or node in work.ends
        or any(edge in needed for edge in node.edges)
    )
    if asked and goes_on:  # as in PyTorch: hooks do not change what was asked for in passing
        _capture(work, node, targets[node], g)  # type: ignore[index]
    if hooks is not None and (hooks.tensor or hooks.retain):
        g = _tensor_hooks(work, node, hooks, g)
    if not goes_on:
        if asked:
            _capture(work, node, targets[node], g)  # type: ignore[index]
        return
    if hooks is not None and hooks.pre:
        g = _pre_hooks(work, node, hooks, g)
    grads = _applied(work, node, g)
    if not work.create_graph and not node.raw:
        grads = [_bare(grad) for grad in grads]
    if not node.plain:
        grads = _validated(node, grads)
    if hooks is not None and hooks.post:
        grads = run_post_hooks(node, hooks, grads, g)
    if node.guards is not None and freed is not None:
        for keep in keeper:
            keep(node, freed)
        node.saved = freed
        node.guards = None
    for check in anomaly_checks:
        check(node, grads)
    _spread(work, node, grads)
    if work.late is not None:
        for leaf in work.late.get(node, ()):
            if needed is None or leaf in needed:
                _complete(work, leaf)


def _bare(grad: Any) -> Any:
    """A gradient that nothing is recorded of as a bare array, so that those behind it are, too."""
    if type(grad) is Tensor and grad.level is None and grad.dtype.raw:
        return grad.array
    return grad


def _applied(work: Pass, node: Node, g: Any) -> Sequence[Any]:
    """What a node returns for what arrived; nothing where nothing did, unless it runs anyway.

    What a node saved is looked at in either case.
    """
    undefined = g is None or (type(g) is list and all(item is None for item in g))
    if undefined and not node.runs_undefined:
        check_saved(node)
        return [None] * len(node.edges)
    needed = work.needed
    wanted = None if needed is None else _wanted(node.edges, needed)
    traced = work.create_graph or not node.raw
    if node.count > 1:
        if type(g) is not list or any(item is None for item in g):
            g = _materialize(node, g)
        traced = traced or _any_tensor(g)
    else:
        traced = traced or type(g) is Tensor
    if traced:
        g = _as_tensors(node, g)
    return node.apply(g, wanted, traced)


def _validated(node: Node, grads: Sequence[Any]) -> Sequence[Any]:
    """What a node returned, in the shapes and dtypes of its edges."""
    results = list(grads)
    numbers = node.numbers or (0,) * len(node.edges)
    for place, (edge, number, grad) in enumerate(zip(node.edges, numbers, grads, strict=True)):
        if grad is not None and edge is not None:
            position = place if node.tensor_inputs is None else node.tensor_inputs.index(place)
            results[place] = fitted(edge, number, grad, node, (*[None] * position, grad))
    return results


def _complete(work: Pass, leaf: AccumulateGrad) -> None:
    """Run the hooks of a leaf that all its gradients have reached; commit where others follow."""
    grad = work.staged.pop(leaf, None)
    if leaf.hooks is not None:
        grad = _leaf_pre_hooks(leaf, grad, work.targets is not None)
    work.ready.add(leaf)
    if grad is not None:
        work.staged[leaf] = grad
    if (leaf.post_hooks or (leaf.hooks is not None and leaf.hooks.post)) and work.targets is None:
        _remember(work, leaf)
        _commit(work, leaf, work.staged.pop(leaf, None))


def _remember(work: Pass, leaf: AccumulateGrad) -> None:
    """Note a `.grad` that is about to change, in case the pass fails later."""
    old = leaf.grad
    clock = 0
    if old is not None and old.version is not None and type(old.version) is not InferenceVersion:
        clock = old.version.clock
    work.restore.append((leaf, old, None if old is None else np.array(old.array), clock))


def _put_back(restore: Sequence[tuple[AccumulateGrad, Tensor | None, Any, int]]) -> None:
    """Give every `.grad` its tensor back, with the values and the version that it had."""
    for leaf, grad, array, clock in reversed(restore):
        leaf.grad = grad
        if grad is None or array is None:
            continue
        if type(grad.array) is np.ndarray:
            grad.array[...] = array
        else:
            grad.array = array[()]
        if grad.version is not None and type(grad.version) is not InferenceVersion:
            grad.version.clock = clock


def _commit(work: Pass, leaf: AccumulateGrad, grad: Any) -> None:
    """Accumulate into a leaf and run the hooks that come after that."""
    tensor = leaf.tensor()
    if tensor is not None and tensor.node is None:
        return  # it was told since that it wants no gradient
    if grad is not None:
        _accumulate(leaf, grad, work.create_graph)
    if leaf.post_hooks:
        variable = leaf.variable
        if call_hooks(leaf.post_hooks, variable) is not variable:
            raise RuntimeError("Tensor post accumulate grad hooks should return None.")
    if leaf.hooks is not None and leaf.hooks.post:
        if grad is not None and type(grad) is not Tensor:
            grad = make(grad, leaf.dtype)
        call_hooks(leaf.hooks.post, (), (grad,))


def _deliver(
    work: Pass, edge: Any, number: int, grad: Any, node: Any = None, grads: Sequence[Any] = ()
) -> None:
    """Add `grad` to what has arrived at an edge, in the edge's shape and dtype.

    `node` returned it among `grads`, for messages.
    """
    grad = fitted(edge, number, grad, node, grads)
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


def fitted(edge: Any, number: int, grad: Any, node: Any, grads: Sequence[Any]) -> Any:
    """`grad`, one of the `grads` that `node` returned, in the shape and dtype of an edge."""
    if edge.count == 1:
        shape, dtype = edge.shape, edge.dtype
    else:
        shape, dtype = edge.shape[number - 1], edge.dtype[number - 1]
    if type(grad) is Tensor:
        fits = shape_of(grad) == shape and grad.dtype is dtype
    else:
        fits = grad.shape == shape and grad.dtype is dtype.array
    return grad if fits else fit(grad, shape, dtype, node, grads)


def _add(a: Any, b: Any) -> Any:
    if type(a) is not Tensor and type(b) is not Tensor:
        return a + b
    if type(a) is not Tensor:
        a = from_array(a)
    if type(b) is not Tensor:
        b = make(b, a.dtype)
    return operations.add(a, b)


def fit(grad: Any, shape: tuple[int, ...], dtype: Any, node: Any, grads: Sequence[Any]) -> Any:
    """`grad` summed to `shape` where it was broadcast from it, and cast to `dtype`."""
    found = shape_of(grad) if type(grad) is Tensor else grad.shape
    if found != shape:
        if not expandable(shape, found):
            position = next((i for i, item in enumerate(grads) if item is grad), 0)
            raise RuntimeError(
                f"Function {node.title_in_pass} returned an invalid gradient at index "
                f"{position} - got {list(found)} but expected shape compatible with {list(shape)}"
            )
        grad = operations.sum_to(grad, shape) if type(grad) is Tensor else sum_to(grad, shape)
    if type(grad) is Tensor:
        return grad if grad.dtype is dtype else operations.cast(grad, dtype)
    return dtype.cast(grad)


@lru_cache(maxsize=4096)
def expandable(shape: tuple[int, ...], found: tuple[int, ...]) -> bool:
    """Whether `shape` can be broadcast to `found`."""
    if len(shape) > len(found):
        return False
    tail = found[len(found) - len(shape) :]
    return all(a in (b, 1) for a, b in zip(shape, tail, strict=True))


@lru_cache(maxsize=4096)
def _stretched(found: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes that broadcasting from `shape` added or stretched."""
    extra = len(found) - len(shape)
    return tuple(range(extra)) + tuple(
        axis + extra
        for axis, length in enumerate(shape)
        if length == 1 and found[axis + extra] != 1
    )


def sum_to(array: Any, shape: tuple[int, ...]) -> Any:
    """`array` summed over the axes that broadcasting added to `shape` or stretched."""
    axes = _stretched(array.shape, shape)
    if axes:
        if array.nbytes > runtime.max_bytes:  # expanded, and looked at for minutes
            runtime.reserve(array.nbytes)
        array = add_up(array, axes, True)
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


def _materialize(node: Node, g: Any) -> Any:
    """Zeros for the outputs of a node to which no gradient came."""
    if not node.materializes:
        return [None] * node.count if g is None else g
    if g is None:
        g = [None] * node.count
    return [
        item if item is not None else np.zeros(shape, dtype.array)[()]
        for item, shape, dtype in zip(g, node.shape, node.dtype, strict=True)
    ]


def _tensor_hooks(work: Pass, node: Node, hooks: Hooks, g: Any) -> Any:
    """What the hooks of a node's outputs make of what arrived; retained gradients are kept."""
    tensors = _arrived(node, g)
    for index, functions in hooks.tensor.items():
        tensors[index] = call_hooks(functions, tensors[index])
    for index, meta in hooks.retain.items():
        if tensors[index] is not None:
            work.restore.append((meta, meta.grad, None, 0))
            _retain(meta, tensors[index], work.create_graph)
    return _values(work, node, tensors)


def _pre_hooks(work: Pass, node: Node, hooks: Hooks, g: Any) -> Any:
    """What the node's own hooks make of what arrived, before the node runs."""
    return _values(work, node, call_hooks(hooks.pre, tuple(_arrived(node, g))))


def _arrived(node: Node, g: Any) -> list[Any]:
    """What arrived at each of a node's outputs, as tensors; None where nothing did."""
    if node.count == 1:
        return [_as_tensors(node, g)]
    return list(_as_tensors(node, [None] * node.count if g is None else g))


def _values(work: Pass, node: Node, tensors: Sequence[Any]) -> Any:
    """Tensors in the form in which cotangents are kept."""
    values = list(tensors)
    if not work.create_graph and node.raw:
        values = [
            t.array if t is not None and t.level is None and t.dtype.raw else t for t in tensors
        ]
    return values if node.count > 1 else values[0]


def call_hooks(hooks: dict[int, Callable[..., Any]], value: Any, *others: Any) -> Any:
    """What `hooks` make of `value`, a gradient or a tuple of them: each may return another.

    Raises TypeError or RuntimeError with PyTorch's sentences where a hook returns something else.
    """
    for hook in list(hooks.values()):
        new = hook(value, *others)
        if new is None or new is value:
            continue
        if isinstance(value, tuple):
            _check_replacements(value, new, hook)
        else:
            _check_replacement(value, new, hook)
        value = new
    return value


def _check_replacements(old: tuple[Any, ...], new: Any, hook: Callable[..., Any]) -> None:
    if not isinstance(new, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(new).__name__}'")
    if len(new) != len(old):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(new)}, "
            f"but expected {len(old)})"
        )
    for old_item, new_item in zip(old, new, strict=True):
        if new_item is not None:
            _check_replacement(old_item, new_item, hook)


def _check_replacement(old: Tensor | None, new: Any, hook: Callable[..., Any]) -> None:
    if old is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if type(new) is not Tensor:
        raise TypeError(f"expected Variable, but hook returned '{type(new).__name__}'")
    if new.dtype is not old.dtype or device_type(new) != device_type(old):
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was {backend_name(old)} got "
            f"{backend_name(new)})"
        )
    if shape_of(new) != shape_of(old):
        raise RuntimeError(f"hook '{_name(hook)}' has changed the size of value")


def _name(hook: Callable[..., Any]) -> str:
    return getattr(hook, "__name__", "<unknown>")


def _retain(meta: AccumulateGrad, grad: Tensor, create_graph: bool) -> None:
    if meta.grad is None:
        meta.grad = operations.clone(grad)
    else:
        meta.grad = operations.add(meta.grad, grad)


def run_post_hooks(node: Node, hooks: Hooks, grads: Sequence[Any], g: Any) -> Sequence[Any]:
    """What the hooks of a node that ran make of what it returned."""

    def tensors(values: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(
            value if value is None or type(value) is Tensor else from_array(value)
            for value in values
        )

    arrived = _arrived(node, g)
    places = node.tensor_inputs
    results = tensors(grads if places is None else [grads[place] for place in places])
    results = call_hooks(hooks.post, results, tensors(arrived))
    if places is None:
        return tuple(results)
    every: list[Any] = [None] * len(grads)
    for place, result in zip(places, results, strict=True):
        every[place] = result
    return every


def _capture(work: Pass, node: Node, numbers: list[int], g: Any) -> None:
    for number in numbers:
        value = g if node.count == 1 else (None if g is None else g[number - 1])
        if value is not None:
            dtype = node.dtype if node.count == 1 else node.dtype[number - 1]
            if type(value) is not Tensor:
                value = make(_writable(value), dtype)
            work.captured[node, number] = value


def _writable(array: Any) -> Any:
    """The array, or a copy of one that is only the broadcast view of another."""
    return array if not array.ndim or array.flags.writeable else array.copy()


def _leaf_pre_hooks(leaf: AccumulateGrad, grad: Any, captured: bool) -> Any:
    """What the hooks of a leaf make of its gradient; those of its node run where it does."""
    if leaf.hooks is None:
        return grad
    tensor = grad if grad is None or type(grad) is Tensor else make(grad, leaf.dtype)
    for functions in leaf.hooks.tensor.values():
        tensor = call_hooks(functions, tensor)
    if leaf.hooks.pre and not captured:
        (tensor,) = call_hooks(leaf.hooks.pre, (tensor,))
    return tensor


def _finish(work: Pass, inputs: Sequence[tuple[Any, int]] | None) -> list[Any]:
    """Run leaf hooks, then hand out what was captured or commit what was staged."""
    staged = work.staged
    for leaf in list(staged):
        if leaf.hooks is not None and leaf not in work.ready:
            _complete(work, leaf)
    if work.targets is None:
        fragile = False
        for leaf in staged:
            if leaf.hooks is not None or leaf.post_hooks:
                fragile = True
        if fragile or work.create_graph:
            for leaf in staged:
                _remember(work, leaf)
        _secure(staged)
        for leaf in list(staged):
            _commit(work, leaf, staged[leaf])
        return []
    results = []
    for edge, number in inputs or ():
        if edge.number < 0:
            grad = staged.get(edge)
            if grad is not None and type(grad) is not Tensor:
                grad = make(_writable(grad), edge.dtype)
        else:
            grad = work.captured.get((edge, number))
        results.append(grad)
    return results


def _secure(staged: dict[AccumulateGrad, Any]) -> None:
    """Do what can fail before anything is committed.

    What is to become a `.grad` as it is is copied unless nobody else holds it, and what is added
    to one must still have its shape: the leaf may have got other data.
    """
    for leaf, grad in staged.items():
        if type(grad) is not _ndarray:
            if type(grad) is Tensor and grad.level is not META:  # is copied when it is committed
                runtime.reserve(grad.array.nbytes)
            continue
        if leaf.grad is None:
            if not _is_owned(grad):
                runtime.reserve(grad.nbytes)
                staged[leaf] = np.array(grad, order="C")
        elif leaf.grad.level is None:
            if leaf.grad.array.shape != grad.shape:
                operations.check_target(leaf.grad.array.shape, grad.shape)
            if grad.nbytes > runtime.max_bytes:
                runtime.reserve(grad.nbytes)


def _is_owned(grad: Any) -> bool:
    """Whether a staged array may become a `.grad` as it is: nobody else holds it."""
    references, of_base = _references(grad)
    if references > _HELD or not grad.flags.c_contiguous or not grad.flags.writeable:
        return False
    base = grad.base
    return base is None or (
        type(base) is _ndarray and base.size == grad.size and of_base <= _HELD_BASE
    )


def _references(grad: Any) -> tuple[int, int]:
    """How many references there are to an array and to its base, those of this call included."""
    base = grad.base
    return sys.getrefcount(grad), sys.getrefcount(base)


def _references_of_owned() -> tuple[int, int]:
    """What `_references` counts, called as it is for a staged array that nobody else holds.

    Note: how many references calls and loops hold is the interpreter's affair and changes between
    versions of Python, so it is measured, in the shape of `_secure` and `_is_owned`.
    """

    def measure(grad: Any) -> tuple[int, int]:
        return _references(grad)

    for _, grad in {None: np.zeros(1).reshape(1, 1)}.items():  # noqa: PERF102
        return measure(grad)
    raise AssertionError


_HELD, _HELD_BASE = _references_of_owned()


def _laid_out(leaf: AccumulateGrad, grad: Any) -> Any:
    """A first gradient in the layout of its leaf where that has no gaps, as in PyTorch."""
    array = leaf.array
    if array.flags.c_contiguous or grad.shape != array.shape:
        return grad
    strides = strides_of(array)
    return relayout(grad, strides) if is_dense(array.shape, strides) else grad


def _accumulate(leaf: AccumulateGrad, grad: Any, create_graph: bool = False) -> None:
    """Add to the leaf's `.grad`: in place without create_graph, as a new tensor with it."""
    old = leaf.grad
    if old is None:
        if type(grad) is not Tensor:
            leaf.grad = make(_laid_out(leaf, grad), leaf.dtype)
        elif create_graph:
            leaf.grad = operations.copy(grad)
        else:
            array = grad.array if grad.level is META else _laid_out(leaf, np.array(grad.array)[()])
            leaf.grad = make(array, leaf.dtype)
            leaf.grad.level = grad.level
    elif create_graph:
        new = grad if type(grad) is Tensor else make(grad, leaf.dtype)
        leaf.grad = operations.add(old, new)
    elif old.level is not None or type(grad) is Tensor or not old.dtype.raw:
        new = grad if type(grad) is Tensor else make(grad, leaf.dtype)
        if old.level is not None or new.level is not None:
            leaf.grad = operations.add(old, new)
        else:
            operations.add_in_place(old, new)
    else:
        array = old.array
        for see in before_write:
            see(old)
        if type(array) is _ndarray:
            array += grad
        else:
            old.array = array + grad
        version = old.version
        if version is None:
            version = version_of(old)
        version.bump(runtime.where)
