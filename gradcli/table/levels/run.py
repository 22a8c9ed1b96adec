"""Operations on tensors that carry levels: batch axes (vmap) and tangents (forward mode).

Note: a batched tensor wraps the tensor one level further out. An operation on batched tensors
unwraps the innermost level, runs (and records) on what is inside by the entry's batching rule, and
wraps the result; a node is also made on the wrappers when they are on a graph themselves. So the
nesting of vmap, grad and jvp in any order is the nesting of these objects.

Note: tangents are processed by ascending level. The formula for level n sees its inputs and its
output with the tangents of the levels below n, and so its result carries those; any other order
would lose mixed derivatives without a word.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from ...autograd.leaf import fresh_edge
from ...autograd.modes import refresh_view, requires_grad
from ...autograd.node import next_number
from ...autograd.operations import operations
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.printing import (
    batched_text,
    grad_tracking_text,
    tangent_suffix,
    tensor_text,
)
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    META,
    Level,
    Tensor,
    alias,
    constant,
    from_array,
    make,
    own_memory,
    shape_of,
    version_of,
)
from ..call.dispatch import compute, link_views, run
from ..call.record import edge_start, record
from ..dtype_rules import NO_STORAGE, no_branch, no_item
from ..entry import ELEMENTWISE, LINEAR, MULTILINEAR, Op
from ..formulas import traced
from ..memory.meta import NO_ITEM, run_meta, write_meta
from ..plan import shape_as_saved
from ..schema import Formula, needs
from ..shape_rules import broadcast_shape
from .batching import INNERMOST, batch, front
from .batching import wrap_batch as wrap_batch

# The transforms that are running: "vmap", "jvp", "dual" or "grad", the outermost first.
stack: list[str] = []
# Their depths: rising numbers that are never given twice, so that what a tensor carries from a
# level that has ended is not taken for that of a later one. The low bits count the levels around,
# the next one tells forward mode, also of a level that has ended.
depths_running: list[int] = []
_DEEPEST = 1 << 16
_FORWARD = 1 << 16
_FORWARD_KINDS = ("jvp", "dual")
_starts: list[int] = []  # for each running level the number of the last node before it began
_outside: list[tuple[int, ...]] = []  # for each the levels that wrapped what was made around it
_next_depth = itertools.count(1).__next__


def enter(kind: str) -> int:
    """Begin a level; its depth."""
    depth = 2 * _DEEPEST * _next_depth() + _FORWARD * (kind == "jvp") + len(stack) + 1
    _begin(kind, depth)
    return depth


def _begin(kind: str, depth: int) -> None:
    stack.append(kind)
    depths_running.append(depth)
    _starts.append(next_number())
    _outside.append(runtime.born)
    if kind in ("grad", "jvp"):
        runtime.born += (depth,)
    if kind in _FORWARD_KINDS:
        operations.note_views = _note_views


def leave() -> None:
    """End the innermost level."""
    stack.pop()
    depths_running.pop()
    _starts.pop()
    runtime.born = _outside.pop()
    if operations.note_views is not None and not any(kind in _FORWARD_KINDS for kind in stack):
        operations.note_views = None
        _views.clear()


@contextmanager
def resumed(kind: str, depth: int) -> Iterator[None]:
    """The level of this depth runs inside, also where it has ended."""
    if depth in depths_running:
        yield
        return
    _begin(kind, depth)
    try:
        yield
    finally:
        leave()


@contextmanager
def lowered(depth: int) -> Iterator[None]:
    """Of the running levels only those up to `depth` run inside; at 0 none does."""
    place = next((i for i, level in enumerate(depths_running) if level > depth), len(stack))
    lists: tuple[list[Any], ...] = (stack, depths_running, _starts, _outside)
    inner = [items[place:] for items in lists]
    born = runtime.born
    runtime.born = _outside[place] if inner[0] else born
    for items in lists:
        del items[place:]
    try:
        yield
    finally:
        runtime.born = born
        for items, others in zip(lists, inner, strict=True):
            items += others


# The views made since forward mode runs, by the identity of their base, which comes first: a
# tangent that is written into one of them is seen through all.
_views: dict[int, list[ref[Tensor]]] = {}
_MANY = 64


def _note_views(base: Tensor, views: Any) -> None:
    known = _views.get(id(base))
    if known is None or known[0]() is not base:
        known = _views[id(base)] = [ref(base)]
    if len(known) >= _MANY and not len(known) & (len(known) - 1):
        known[:] = [view for view in known if view() is not None]
    known += map(ref, (views,) if type(views) is Tensor else views)


def _views_of(base: Tensor) -> list[Tensor]:
    """The views of a tensor, made since forward mode runs, that somebody holds."""
    known = [view() for view in _views.get(id(base), ())]
    return [view for view in known[1:] if view is not None] if known and known[0] is base else []


def kind_of(depth: int) -> str | None:
    """What kind of level has this depth; None when it has ended."""
    return stack[depths_running.index(depth)] if depth in depths_running else None


# The nodes of the tensors that transforms of reverse mode differentiate by, each with its level.
arguments: WeakKeyDictionary[Any, int] = WeakKeyDictionary()


# ---------------------------------------------------------------- wrapping


def with_tangent(tensor: Tensor, tangent: Tensor, depth: int) -> Tensor:
    """The same memory and graph, carrying `tangent` at `depth`."""
    other = alias(tensor)
    other.node = tensor.node
    other.number = tensor.number
    other.view_info = tensor.view_info
    level = _copy_level(tensor.level)
    level.tangents = {**(level.tangents or {}), depth: tangent}
    other.level = level
    other.born = wrapped_at(tensor.born, depth) if depth & _FORWARD else tensor.born
    return other


def wrapped_at(born: tuple[int, ...], depth: int) -> tuple[int, ...]:
    """The levels that wrap a tensor, with one more."""
    return born if depth in born else tuple(sorted((*born, depth)))


def seen_from_outside(tensor: Tensor, depth: int) -> Tensor:
    """A tensor as those outside of the level `depth` have it: what that level wrapped."""
    born = tuple(d for d in tensor.born if d < depth)
    if len(born) == len(tensor.born):
        return tensor
    other = alias(tensor)
    other.node = tensor.node
    other.number = tensor.number
    other.view_info = tensor.view_info
    other.born = born
    return other


def seen_at(tensor: Tensor, depth: int) -> Tensor:
    """A tensor as it is at the level `depth`, without what the levels inside of that add."""
    seen = seen_from_outside(below(tensor, depth + 1), depth + 1)
    while seen is not tensor and seen.node is not None and arguments.get(seen.node, 0) > depth:
        node = seen.node
        seen.number = node.numbers[0] if node.numbers else 0
        seen.node = node.edges[0] if node.number >= 0 else None
    return seen


def _copy_level(level: Level | None) -> Level:
    copy = Level()
    if level is not None:
        copy.value = level.value
        copy.axis = level.axis
        copy.depth = level.depth
        copy.tangents = level.tangents
    return copy


def below(value: Any, depth: int) -> Any:
    """A value as formulas at `depth` see it: with the tangents of the levels below only."""
    if isinstance(value, tuple):
        return tuple(below(item, depth) for item in value)
    if isinstance(value, list):
        return [below(item, depth) for item in value]
    if type(value) is not Tensor or value.level is None or not value.level.tangents:
        return value
    kept = {d: t for d, t in value.level.tangents.items() if d < depth}
    other = alias(value)
    other.node = value.node
    other.number = value.number
    other.view_info = value.view_info
    other.born = value.born
    if kept or value.level.value is not None:
        other.level = _copy_level(value.level)
        other.level.tangents = kept or None
    else:
        other.level = None
    return other


def tangent_at(tensor: Tensor, depth: int) -> Tensor | None:
    """The tangent that `tensor` carries at `depth`."""
    level = tensor.level
    if level is None or level.tangents is None:
        return None
    return level.tangents.get(depth)


def _tensors(op: Op, args: Sequence[Any]) -> list[Tensor]:
    found = []
    for position in op.tensor_positions:
        value = args[position]
        if type(value) is Tensor:
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(item for item in value if type(item) is Tensor)
    return found


# ---------------------------------------------------------------- running


_ESCAPED = (
    "Either your tensor may have escaped from inside a function being vmapped and this is a user "
    "error (see https://pytorch.org/functorch/stable/ux_limitations.html), or there is an internal "
    "functorch error in `gen_vmap_plumbing` Please file an issue if it looks like the latter"
)


def check_running(depth: int) -> None:
    """Raise PyTorch's error where the level of a batch axis has ended."""
    if depth not in depths_running and depth != INNERMOST:
        raise RuntimeError(_ESCAPED)


def run_leveled(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` where at least one tensor carries a level."""
    tensors = _tensors(op, args)
    if any(tensor.level is META for tensor in tensors):
        return run_meta(op, args)
    if op.composite is not None:
        return op.composite(traced, *args)
    depth = _batch_depth(tensors)
    if depth:
        check_running(depth)
        outputs = _run_batched(op, args, depth)
        if op.view and _unwrap(args[0], depth)[1] is not None:
            link_views(op, args[0], outputs)
    else:
        outputs = compute(op, args)
        if op.view:
            link_views(op, args[0], outputs)
    depths = running_tangents(tensors)
    results = outputs if type(outputs) is not Tensor else (outputs,)
    if depths:
        for result in results:
            if type(result) is Tensor:
                result.level = _copy_level(result.level)
                result.level.tangents = {}
    if op.vjp and runtime.grad_enabled:
        record(op, args, outputs)
    for level in depths:
        _push(op, args, outputs, level)
    for result in results:
        if type(result) is Tensor and depths and not result.level.tangents:  # type: ignore[union-attr]
            level_of = result.level
            result.level = None if level_of is None or level_of.value is None else level_of
    return outputs


def _batch_depth(tensors: Sequence[Tensor]) -> int:
    """The depth of the innermost batch axis among `tensors`, 0 where there is none."""
    return max(
        (t.level.depth for t in tensors if t.level is not None and t.level.value is not None),
        default=0,
    )


def running_tangents(tensors: Sequence[Tensor]) -> list[int]:
    """The depths of the running levels at which one of `tensors` has a tangent, ascending."""
    found = {d for t in tensors if t.level is not None for d in (t.level.tangents or ())}
    return sorted(found.intersection(depths_running))


def _run_batched(op: Op, args: Sequence[Any], depth: int) -> Any:
    inner = list(args)
    axes: list[Any] = [None] * len(inner)
    for position in op.tensor_positions:
        value = inner[position]
        if isinstance(value, list | tuple):
            pairs = [_unwrap(item, depth) for item in value]
            inner[position] = [item for item, _ in pairs]
            axes[position] = [axis for _, axis in pairs]
        else:
            inner[position], axes[position] = _unwrap(value, depth)
    outputs, axis = batch(op, inner, axes)
    if type(outputs) is Tensor:
        return wrap_batch(outputs, axis, depth)
    kind = tuple if isinstance(outputs, tuple) else list
    return kind(
        wrap_batch(output, axis, depth) if type(output) is Tensor else output for output in outputs
    )


def _unwrap(value: Any, depth: int) -> tuple[Any, int | None]:
    if type(value) is Tensor and value.level is not None and value.level.value is not None:
        level = value.level
        if level.depth == depth:
            return level.value, level.axis
    return value, None


def _push(op: Op, args: Sequence[Any], outputs: Any, depth: int) -> None:
    """Give the outputs their tangents at `depth`."""
    seen = [below(value, depth) for value in args]
    results = outputs if type(outputs) is not Tensor else (outputs,)
    out = [below(result, depth) for result in results]
    tangents = jvp(op, seen, [_tangents(value, depth) for value in args], out)
    transform = kind_of(depth) == "jvp"
    for result, tangent in zip(results, tangents, strict=True):
        if tangent is None or type(result) is not Tensor or not result.dtype.differentiable:
            continue
        dtype = result.dtype
        if transform:
            dtype = _dtype_of_tangent(op, args, result, tangent)
        if tangent.dtype is not dtype:
            tangent = operations.cast(tangent, dtype)
        if shape_of(tangent) != shape_of(result):
            tangent = traced.expand(tangent, shape_of(result))
        level = result.level
        if level is not None and level.tangents is not None:
            if not op.view and any(tangent is given for given in _listed(args, depth)):
                tangent = operations.clone(tangent)  # so that a write to one leaves the other
            level.tangents[depth] = tangent


def _dtype_of_tangent(op: Op, args: Sequence[Any], result: Tensor, tangent: Tensor) -> DType:
    """The dtype that a result's tangent has in `func.jvp`.

    There a number beside a tensor is a tensor of its own, of double precision, and decides the
    dtype of a tangent that has no dimension either.
    """
    dtype = result.dtype
    if shape_of(result) and not shape_of(tangent):
        return dtype
    wide = tangent.dtype
    if op.scalar and not shape_of(result):
        numbers = {type(args[position]) for position in op.tensor_positions}
        if complex in numbers:
            wide = dtypes.complex128
        elif float in numbers:
            wide = dtypes.complex128 if dtype.is_complex else dtypes.float64
    return wide if wide is (dtypes.complex128 if dtype.is_complex else dtypes.float64) else dtype


def _listed(args: Sequence[Any], depth: int) -> list[Any]:
    return [tangent_at(value, depth) for value in args if type(value) is Tensor]


def _tangents(value: Any, depth: int) -> Any:
    if type(value) is Tensor:
        return tangent_at(value, depth)
    if isinstance(value, list | tuple):
        found = [tangent_at(item, depth) if type(item) is Tensor else None for item in value]
        return found if any(item is not None for item in found) else None
    return None


def jvp(
    op: Op, args: Sequence[Any], tangents: Sequence[Any], outputs: Sequence[Any]
) -> Sequence[Any]:
    """The tangents of the outputs of a call, from those of its inputs (None where there is none).

    `args` and `outputs` are the values that formulas may use.
    """
    live = [
        position
        for position in op.tensor_positions
        if tangents[position] is not None and op.parameters[position].name in op.vjp
    ]
    if not live:
        return [None] * len(outputs)
    rule = op.jvp
    if rule == LINEAR:
        total = run(op, _linear_inputs(op, args, tangents, live))
        return (total,) if type(total) is Tensor else total
    parts = []
    for position in live:
        name = op.parameters[position].name
        tangent = tangents[position]
        if rule == MULTILINEAR:
            replaced = list(args)
            replaced[position] = (
                _filled(args[position], tangent) if isinstance(tangent, list) else tangent
            )
            part = run(op, replaced)
        elif rule == ELEMENTWISE:
            formula = op.vjp[name]
            part = traced.conj(
                formula(traced, traced.conj(tangent), *_needed(op, formula, args, outputs))
            )
        elif rule is not None and name in rule:
            if isinstance(tangent, list):
                tangent = _filled(args[position], tangent)
            formula = rule[name]
            part = formula(traced, tangent, *_needed(op, formula, args, outputs))
        else:
            part = transposed(op, position, tangent, args, outputs)
        parts.append((part,) if type(part) is Tensor or part is None else part)
    total = list(parts[0])
    for part in parts[1:]:
        for index, item in enumerate(part):
            if item is not None:
                total[index] = item if total[index] is None else traced.add(total[index], item)
    return total


def _linear_inputs(
    op: Op, args: Sequence[Any], tangents: Sequence[Any], live: Sequence[int]
) -> list[Any]:
    inputs = list(args)
    for position in op.tensor_positions:
        value = args[position]
        if position in live:
            tangent = tangents[position]
            inputs[position] = _filled(value, tangent) if isinstance(tangent, list) else tangent
        elif op.parameters[position].name in op.vjp and value is not None:
            inputs[position] = _zeros(value) if type(value) is Tensor else 0
    return inputs


def _filled(values: Sequence[Any], tangents: Sequence[Any]) -> list[Any]:
    return [
        _zeros(value) if tangent is None else tangent
        for value, tangent in zip(values, tangents, strict=True)
    ]


def _zeros(value: Tensor) -> Tensor:
    return constant(shape_of(value), value.dtype)


def _needed(op: Op, formula: Formula, args: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    position = {parameter.name: i for i, parameter in enumerate(op.parameters)}
    values: list[Any] = []
    for name in needs(formula):
        if name == "out":
            values.append(outputs[0])
        elif name == "outs":
            values.append(tuple(outputs))
        elif name == "out_shape":
            values.append(shape_as_saved(outputs[0] if len(outputs) == 1 else list(outputs)))
        elif name.startswith("out") and name[3:].isdigit():
            values.append(outputs[int(name[3:])])
        elif name in position:
            values.append(args[position[name]])
        else:
            values.append(shape_as_saved(args[position[name.removesuffix("_shape")]]))
    return values


def transposed(
    op: Op, position: int, tangent: Any, args: Sequence[Any], outputs: Sequence[Any]
) -> Any:
    """A tangent by transposing the vjp, which is linear in its cotangent.

    The vjp is J^H g; its own vjp for a direction t is (J^H)^H t = J t, also for complex values.
    """
    from ...autograd.api import grad
    from ...autograd.modes import enable_grad

    formula = op.vjp[op.parameters[position].name]
    values = _needed(op, formula, args, outputs)
    with enable_grad():
        dummies = [traced._alias(_leaf_like(out)) for out in outputs]
        g: Any = dummies[0] if len(dummies) == 1 and op.outputs != 0 else tuple(dummies)
        pulled = formula(traced, g, *values)
        listed = list(pulled) if isinstance(pulled, list | tuple) else [pulled]
        directions = tangent if isinstance(tangent, list) else [tangent]
        chosen = [
            (p, d)
            for p, d in zip(listed, directions, strict=True)
            if p is not None and d is not None
        ]
        return grad(
            [operations.sum_to(p, shape_of(d)) for p, d in chosen],
            dummies,
            [d for _, d in chosen],
            create_graph=True,
            allow_unused=True,
        )


def _leaf_like(output: Tensor) -> Tensor:
    from ...autograd.leaf import requires_grad_

    return requires_grad_(_zeros(output))


# ---------------------------------------------------------------- in place


def run_leveled_inplace(op: Op, args: Sequence[Any]) -> Tensor:
    """The in-place twin of `op` where a tensor carries a level.

    Note: the result is computed, and recorded, from a copy of the old values, so that what its
    node saved is not what is written. Then the memory at every level takes the new values: that
    inside a batched tensor by a copy that is recorded there, the tangents by copies of their own.
    """
    from ..memory.inplace import check_overlaps, check_writable, rebase, run_inplace, write

    target: Tensor = args[0]
    if any(tensor.level is META for tensor in _tensors(op, args)):
        return write_meta(op, args)
    depth = _batch_depth(_tensors(op, args))
    level = target.level
    if depth and (level is None or level.value is None or level.depth < depth):
        raise RuntimeError(_refused_write(op, args, depth))
    tracked = runtime.grad_enabled and any(
        type(args[p]) is Tensor and requires_grad(args[p]) for p in op.tensor_positions
    )
    check_writable(target, tracked)
    check_overlaps(op, args)
    result: Any = run_leveled(op, (_old_values(target), *args[1:]))
    if type(result) is not Tensor:
        raise RuntimeError(f"{op.name}_ has no in-place form here")
    made = result.node
    shape = shape_of(target)
    if shape_of(result) != shape:
        result = traced.expand(result, shape)
    if result.dtype is not target.dtype:
        if not dtypes.can_cast(result.dtype, target.dtype) and op.id != "copy":
            raise RuntimeError(
                f"result type {result.dtype.scalar_name} can't be cast to the desired output "
                f"type {target.dtype.scalar_name}"
            )
        result = operations.cast(result, target.dtype)
    inner = result.level
    batched = level is not None and level.value is not None
    if result.node is not made or op.composite is not None:
        result = _copied(target, result)
    if batched:
        assert level is not None and level.value is not None
        source = front(level.value, level.axis)
        values = result
        if inner is not None and inner.value is not None:
            values = front(inner.value, inner.axis)
        if not _replace(source, values):
            from ..lookup import get_op

            run_inplace(get_op("copy"), (source, values, False))
        version_of(target).bump(runtime.where)
    else:
        write(target, result.array)
    node = result.node
    if tracked and node is not None:
        rebase(target, node, edge_start(node.op, 0, len(node.edges)))
    for level_number, tangent in ((inner and inner.tangents) or {}).items():
        _write_tangent(target, tangent, level_number)
    return target


def _refused_write(op: Op, args: Sequence[Any], depth: int) -> str:
    """PyTorch's sentence for a write of batched values into a tensor without that batch."""
    if op.batched_write == "broadcast":
        tensors = _tensors(op, args)
        size = next(
            shape_of(level.value)[level.axis]
            for level in (tensor.level for tensor in tensors)
            if level is not None and level.value is not None and level.depth == depth
        )
        found = [size, *broadcast_shape([shape_of(tensor) for tensor in tensors])]
        return (
            f"output with shape {list(shape_of(args[0]))} doesn't match the broadcast shape {found}"
        )
    place = "in a vmap"
    if op.batched_write == "arithmetic":
        name = "inplace arithmetic"
    elif op.batched_write == "ruled":
        name = f"{op.name}_"
    else:
        name = f"aten::{op.name}_"
        place = f"at level {depth % _DEEPEST}"
    return (
        f"vmap: {name}(self, *extra_args) is not possible because there exists a Tensor `other` in "
        "extra_args that has more elements than `self`. This happened due to `other` being vmapped "
        f"over but `self` not being vmapped over {place}. Please try to use out-of-place operators "
        f"instead of {name}. If said operator is being called inside the PyTorch framework, please "
        "file a bug report instead."
    )


def _old_values(tensor: Tensor) -> Tensor:
    """A tensor with the same history, whose values at every level are copies."""
    level = tensor.level
    other = make(np.array(tensor.array)[()], tensor.dtype)
    if level is not None:
        other.level = _copy_level(level)
        if level.value is not None:
            other.level.value = _old_values(level.value)
            other.array = other.level.value.array
        if level.tangents:
            other.level.tangents = {d: _old_values(t) for d, t in level.tangents.items()}
    refresh_view(tensor)
    other.node = tensor.node
    other.number = tensor.number
    return other


def _replace(source: Tensor, values: Tensor) -> bool:
    """Let a tensor be the result that is written into all of it, which keeps the result's node.

    That is left to a copy where the tensor is a view or carries levels of its own.
    """
    from ..memory.inplace import write

    plain = source.level is None and values.level is None and source.view_info is None
    if not plain or shape_of(source) != shape_of(values) or source.dtype is not values.dtype:
        return False
    write(source, values.array)
    source.node, source.number = values.node, values.number
    return True


def _copied(target: Tensor, result: Tensor) -> Tensor:
    """The result as that of one recorded copy, where several operations led to it."""
    from ..lookup import get_op

    copied: Tensor = run_leveled(get_op("copy"), (_old_values(target), result, False))
    return copied


def _write_tangent(target: Tensor, tangent: Tensor, depth: int) -> None:
    """Write a tangent into the target's own, which for a view is a view of its base's.

    Where the base has another tangent then, its other views get theirs.
    """
    base = target if target.view_info is None else target.view_info.base
    before = tangent_at(base, depth)
    _write_own_tangent(target, tangent, depth)
    written = tangent_at(base, depth)
    if written is not None and written is not before:
        for view in _views_of(base):
            if view is not target:
                _set_tangent(view, _seen_through(base, view, written), depth)


def _seen_through(base: Tensor, view: Tensor, tangent: Tensor) -> Tensor:
    """The tangent of a view, of that of its base; it has the tangents that this one has."""
    from ..memory.views import Geometry, same_view

    if _batch_axes(tangent):
        index = from_array(Geometry(base, view).index().reshape(-1))
        flat = traced.index_select(traced.reshape(tangent, (-1,)), 0, index)
        return traced.reshape(flat, shape_of(view))  # type: ignore[no-any-return]
    part = same_view(base, view, tangent)
    _note_views(tangent, part)
    inner = tangent.level.tangents if tangent.level is not None else None
    for depth, other in (inner or {}).items():
        _set_tangent(part, _seen_through(tangent, part, other), depth)
    return part


def _write_own_tangent(target: Tensor, tangent: Tensor, depth: int) -> None:
    from ..memory.inplace import copy_
    from ..memory.views import Geometry, same_view, with_part

    own = tangent_at(target, depth)
    if own is None or not _batch_axes(tangent) <= _batch_axes(own):
        view = target.view_info
        if view is None:
            _set_tangent(target, operations.clone(tangent), depth)
            return
        base_tangent = tangent_at(view.base, depth)
        if _batch_axes(tangent) or (base_tangent is not None and _batch_axes(base_tangent)):
            geometry = Geometry(view.base, target)
            _set_tangent(view.base, with_part(base_tangent, tangent, geometry), depth)
            _set_tangent(target, operations.clone(tangent), depth)
            return
        if base_tangent is None:
            base_tangent = make(np.zeros_like(own_memory(view.base)), view.base.dtype)
            _set_tangent(view.base, base_tangent, depth)
        own = same_view(view.base, target, base_tangent)
        _set_tangent(target, own, depth)
    copy_(own, tangent)


def _batch_axes(tensor: Tensor) -> set[int]:
    """The depths of the levels at which a tensor has a batch axis."""
    found = set()
    level = tensor.level
    while level is not None and level.value is not None:
        found.add(level.depth)
        level = level.value.level
    return found


def _set_tangent(tensor: Tensor, tangent: Tensor, depth: int) -> None:
    level = _copy_level(tensor.level)
    level.tangents = {**(level.tangents or {}), depth: tangent}
    tensor.level = level


# ---------------------------------------------------------------- reading


def shown_edge(tensor: Tensor) -> Any:
    """The edge of a tensor on the graph that programs see: that of its outermost wrapper.

    There is one graph for all levels here, since passes further out need the values inside too; in
    PyTorch each level of reverse mode has a graph of its own, and vmap and jvp have none.
    """
    edge = fresh_edge(tensor)
    if edge is None:
        return None
    level = tensor.level
    if level is not None and level.value is not None and level.depth > max(tensor.born, default=0):
        return None
    if not tensor.born:
        return edge if node_outside(edge) is not None else None
    depth = tensor.born[-1]
    if depth & _FORWARD or not any(arguments.get(node) == depth for node in reachable(edge)):
        return None
    return edge


def shown_node(tensor: Tensor) -> Any:
    """The node that made a tensor as programs see it; None for an argument of its level."""
    edge = shown_edge(tensor)
    if edge is None or edge.number < 0 or arguments.get(edge) in tensor.born[-1:]:
        return None
    return edge


def node_outside(node: Any) -> Any:
    """What made a tensor on the graph outside of every level, None where it is not on that."""
    if not arguments:
        return node
    ends = [found for found in reachable(node) if found.number < 0]
    if ends and all(found in arguments for found in ends):
        return None
    while node.number >= 0 and node in arguments:
        node = node.edges[0]
    return node


def reachable(edge: Any) -> set[Any]:
    """Every node and accumulator that gradients arriving at `edge` can reach; none from None."""
    seen: set[Any] = set()
    pending = [] if edge is None else [edge]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(e for e in node.edges if e is not None)
    return seen


def is_foreign(tensor: Tensor) -> bool:
    """Whether the innermost transform is a reverse-mode one that does not wrap a tensor."""
    innermost = _innermost_transform()
    if innermost is None or stack[innermost] != "grad":
        return False
    return depths_running[innermost] not in tensor.born


def _innermost_transform() -> int | None:
    for place in reversed(range(len(stack))):
        if stack[place] != "dual":
            return place
    return None


def detach(tensor: Tensor) -> Tensor:
    """Outside every graph and without tangents; a batch axis stays."""
    from ...autograd.leaf import detach as detach_plain

    level = tensor.level
    if level is None:
        return detach_plain(tensor)
    if level.value is not None:
        check_running(level.depth)
        return wrap_batch(detach(level.value), level.axis, level.depth)
    own_memory(tensor)
    other = make(tensor.array, tensor.dtype)
    other.version = version_of(tensor)
    if level is META:
        other.level = level
    return other


def ones_like(tensor: Tensor) -> Tensor:
    """Ones in the shape, the dtype and the batches of a tensor."""
    level = tensor.level
    if level is None or level.value is None:
        return constant(shape_of(tensor), tensor.dtype, 1)
    return wrap_batch(ones_like(level.value), level.axis, level.depth)


def innermost(tensor: Tensor, what: str) -> Any:
    """The array under transforms that do not change it. Raises RuntimeError under vmap."""
    level = tensor.level
    if level is META and what != "storage" and tensor.array.size == 1:
        raise RuntimeError(NO_ITEM)
    if level is not None and level.value is not None:
        if what == ".item()":
            raise RuntimeError(no_item())
        if what == "storage":
            raise RuntimeError(NO_STORAGE)
        raise RuntimeError(no_branch())
    return tensor.array


def text(tensor: Tensor) -> str:
    """The text of a tensor inside transforms: one wrapper for each level it belongs to."""
    wrappers: dict[int, Callable[[str], str]] = {}
    inner = tensor
    limit = INNERMOST
    while True:
        for depth in _wrapping(inner, limit):
            wrappers[depth] = _tracking(depth)
        level = inner.level
        if level is None or level.value is None:
            break
        limit = level.depth
        wrappers[limit] = _batched(limit, level.axis)
        inner = level.value
    refresh_view(inner)
    suffixes = []
    node = inner.node
    if node is not None:
        node = node_outside(node)
    if node is not None:
        suffixes.append(f"grad_fn=<{node.title}>" if node.number >= 0 else "requires_grad=True")
    level = inner.level
    if level is not None and level.tangents:
        for depth, tangent in level.tangents.items():
            if kind_of(depth) == "dual":
                suffixes.append(tangent_suffix(tangent.array, partial(text, tangent)))
    result = tensor_text(inner.array, inner.dtype, suffixes=suffixes)
    for depth in sorted(wrappers):
        result = wrappers[depth](result)
    return result


def _wrapping(tensor: Tensor, limit: int = INNERMOST) -> list[int]:
    """The levels that wrap a tensor outside of its own batch axis and inside of `limit`."""
    level = tensor.level
    own = level.depth if level is not None and level.value is not None else 0
    return [depth for depth in tensor.born if own < depth < limit]


def _place(depth: int, ended: int) -> int:
    """The number by which PyTorch shows a level: how many run around it, and itself."""
    return depths_running.index(depth) + 1 if depth in depths_running else ended


def wrapper_of(tensor: Tensor) -> str:
    """PyTorch's class of what a running transform made of a tensor, which has no memory, or ""."""
    if tensor.level is not None and tensor.level.value is not None:
        return "BatchedTensorImpl"
    return "TensorWrapper" if any(depth in depths_running for depth in tensor.born) else ""


def _tracking(depth: int) -> Callable[[str], str]:
    return lambda inner: grad_tracking_text(_place(depth, -2), inner)


def _batched(depth: int, axis: int) -> Callable[[str], str]:
    return lambda inner: batched_text(_place(depth, depth % _DEEPEST), axis, inner)


operations.detach_leveled = detach
operations.with_tangent = with_tangent
operations.split_dual = lambda tensor, depth: (below(tensor, depth), tangent_at(tensor, depth))
operations.level_stack = lambda: stack
operations.shown_edge = shown_edge
operations.shown_node = shown_node
operations.is_foreign = is_foreign
operations.arguments = arguments
operations.enter_level = enter
operations.leave_level = leave
operations.run_leveled = run_leveled
operations.run_leveled_inplace = run_leveled_inplace
