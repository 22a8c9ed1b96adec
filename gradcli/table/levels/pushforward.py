"""Forward mode on a recorded graph: tangents pushed through the nodes that a result was made from.

Nothing is evaluated twice: a node's rule runs on what the node saved for its vjp. In this order:
the diagonal formula of an elementwise op, a `jvp` formula whose needs are all saved, and else the
transpose of the vjp, which is linear in its cotangent and so can be differentiated by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...autograd.api import grad
from ...autograd.directions import tangent_mismatch
from ...autograd.freed_values import reachable
from ...autograd.leaf import fresh_edge, requires_grad_
from ...autograd.modes import enable_grad, no_grad
from ...autograd.node import Node, check_saved
from ...autograd.operations import operations
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, constant, shape_of
from ..call.record import OpNode
from ..entry import ELEMENTWISE
from ..formulas import traced
from ..schema import needs

Edge = tuple[Any, int]


def pushforward(y: Tensor, inputs: Sequence[Tensor], tangents: Sequence[Tensor]) -> Tensor:
    """The derivative of `y` in the direction of `tangents`, of the shape of `y`.

    `inputs` are tensors that `y` was made from, leaves or results; the others are held fixed. It is
    zero where nothing leads from the inputs to `y`. Raises RuntimeError when an input is not on a
    graph, when a tangent has the wrong shape, and when saved values are freed or changed.
    """
    known: dict[Edge, Any] = {}
    for x, tangent in zip(inputs, tangents, strict=True):
        edge = fresh_edge(x)
        if edge is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        if shape_of(tangent) != shape_of(x):
            raise RuntimeError(tangent_mismatch(shape_of(tangent), shape_of(x)))
        if tangent.dtype is not x.dtype:
            tangent = operations.cast(tangent, x.dtype)
        known[edge, x.number] = tangent
    goal = fresh_edge(y)
    if goal is None:
        raise RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn")
    fixed = set(known)
    for node in reachable([goal]):
        if runtime.stop is not None:
            runtime.check()
        numbers = node.numbers or (0,) * len(node.edges)
        arrived = [
            None if edge is None else known.get((edge, number))
            for edge, number in zip(node.edges, numbers, strict=True)
        ]
        if all(item is None for item in arrived):
            continue
        with no_grad():
            results = _through(node, arrived)
        for index, result in enumerate(results):
            place = (node, 0 if node.count == 1 else index + 1)
            if result is not None and place not in fixed:
                known[place] = result
    found = known.get((goal, y.number))
    return constant(shape_of(y), y.dtype) if found is None else found


def _through(node: Node, tangents: Sequence[Any]) -> Sequence[Any]:
    """The tangents of a node's outputs from those of its edges (None where there is none)."""
    check_saved(node)
    if isinstance(node, OpNode) and node.count == 1:
        total = _by_formula(node, tangents)
        if total is not None:
            return [_fitted(total, node.shape, node.dtype)]
    return _transposed(node, tangents)


def _by_formula(node: OpNode, tangents: Sequence[Any]) -> Any:
    """The tangent by the entry's own forward formulas, None when these need what is not saved."""
    rule = node.op.jvp
    elementwise = rule == ELEMENTWISE
    if not elementwise and not isinstance(rule, dict):
        return None
    by_edge = {}
    start = 0
    for position in node.op.tensor_positions:
        parameter = node.op.parameters[position]
        if parameter.name not in node.op.vjp:
            continue
        if parameter.is_list:
            return None
        by_edge[start] = parameter.name
        start += 1
    saved = dict(zip(node.plan.names, node.saved_tensors(), strict=True))
    total = None
    for index, tangent in enumerate(tangents):
        if tangent is None:
            continue
        name = by_edge[index]
        formula = node.op.vjp[name] if elementwise else rule.get(name)
        if formula is None or any(need not in saved for need in needs(formula)):
            return None
        values = [saved[need] for need in needs(formula)]
        if elementwise:
            part = traced.conj(formula(traced, traced.conj(tangent), *values))
        else:
            part = formula(traced, tangent, *values)
        if type(part) is not Tensor:
            return None
        total = part if total is None else traced.add(total, part)
    return total


def _fitted(tangent: Tensor, shape: tuple[int, ...], dtype: Any) -> Tensor:
    if tangent.dtype is not dtype:
        tangent = operations.cast(tangent, dtype)
    if shape_of(tangent) != shape:
        tangent = traced.expand(tangent, shape)
    return tangent


def _transposed(node: Node, tangents: Sequence[Any]) -> Sequence[Any]:
    """The tangents of the outputs by transposing the node's vjp.

    Note: the vjp is J^H, so the vjp of the vjp is J itself, without conjugates; for a function that
    is not holomorphic both are adjoints for the real inner product, and the same is true.
    """
    shapes = (node.shape,) if node.count == 1 else node.shape
    kinds = (node.dtype,) if node.count == 1 else node.dtype
    wanted = {edge for edge, t in zip(node.edges, tangents, strict=True) if t is not None}
    with enable_grad():
        dummies = [
            requires_grad_(constant(shape, kind)) if kind.differentiable else constant(shape, kind)
            for shape, kind in zip(shapes, kinds, strict=True)
        ]
        places = [
            traced.mul(dummy, 1) if dummy.dtype.differentiable else dummy for dummy in dummies
        ]
        pulled = node.apply(places[0] if node.count == 1 else tuple(places), wanted, True)
        chosen = []
        for part, tangent in zip(pulled, tangents, strict=False):
            if part is None or tangent is None or fresh_edge(part) is None:
                continue
            part = operations.sum_to(part, shape_of(tangent))
            if part.dtype is not tangent.dtype:
                part = operations.cast(part, tangent.dtype)
            chosen.append((part, tangent))
    live = [dummy for dummy in dummies if dummy.dtype.differentiable]
    if not chosen:
        return [None] * node.count
    found = iter(
        grad([part for part, _ in chosen], live, [t for _, t in chosen], allow_unused=True)
    )
    return [next(found) if dummy.dtype.differentiable else None for dummy in dummies]
