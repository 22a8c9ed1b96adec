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

import numpy as np

from ...autograd.modes import refresh_view, requires_grad
from ...autograd.node import next_number
from ...autograd.operations import operations
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.printing import batched_text, grad_tracking_text, tangent_suffix, tensor_text
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    Level,
    Tensor,
    alias,
    constant,
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
from ..plan import shape_as_saved
from ..schema import Formula, needs
from ..shape_rules import broadcast_shape
from .batching import INNERMOST, batch, front
from .batching import wrap_batch as wrap_batch

# The transforms that are running: "vmap", "jvp", "dual" or "grad", the outermost first.
stack: list[str] = []
# Their depths: rising numbers that are never given twice, so that what a tensor carries from a
# level that has ended is not taken for that of a later one. The low bits count the levels around.
depths_running: list[int] = []
_DEEPEST = 1 << 16
_starts: list[int] = []  # for each running level the number of the last node before it began
_next_depth = itertools.count(1).__next__


def enter(kind: str) -> int:
    """Begin a level; its depth."""
    stack.append(kind)
    depths_running.append(_next_depth() * _DEEPEST + len(stack))
    _starts.append(next_number())
    return depths_running[-1]


def leave() -> None:
    """End the innermost level."""
    stack.pop()
    depths_running.pop()
    _starts.pop()


@contextmanager
def resumed(kind: str, depth: int) -> Iterator[None]:
    """The level of this depth runs inside, also where it has ended."""
    if depth in depths_running:
        yield
        return
    stack.append(kind)
    depths_running.append(depth)
    _starts.append(next_number())
    try:
        yield
    finally:
        leave()


def kind_of(depth: int) -> str | None:
    """What kind of level has this depth; None when it has ended."""
    return stack[depths_running.index(depth)] if depth in depths_running else None


# Functions that give the tensor outside that an argument of a running transform stands for.
originals: list[Callable[[Tensor], Tensor | None]] = []
# Functions that tell which `func.grad` levels a tensor belongs to, for its text.
grad_levels: list[Callable[[Tensor], list[int]]] = []


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
    return other


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


def run_leveled(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` where at least one tensor carries a level."""
    if op.composite is not None:
        return op.composite(traced, *args)
    tensors = _tensors(op, args)
    depth = _batch_depth(tensors)
    if depth:
        if depth not in depths_running and depth != INNERMOST:
            raise RuntimeError(_ESCAPED)
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
    from ..memory.inplace import check_writable, rebase, run_inplace, write

    target: Tensor = args[0]
    depth = _batch_depth(_tensors(op, args))
    level = target.level
    if depth and (level is None or level.value is None or level.depth < depth):
        raise RuntimeError(_refused_write(op, args, depth))
    tracked = runtime.grad_enabled and any(
        type(args[p]) is Tensor and requires_grad(args[p]) for p in op.tensor_positions
    )
    check_writable(target, tracked)
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
    """Write a tangent into the target's own, which for a view is a view of its base's."""
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


def is_unrecorded(tensor: Tensor) -> bool:
    """Whether the innermost transform, vmap or jvp, made a tensor that is on no graph for PyTorch.

    Here the values inside are recorded too, since passes further out need that.
    """
    innermost = _innermost_transform()
    if innermost is None or stack[innermost] == "grad":
        return False
    depth = depths_running[innermost]
    level = tensor.level
    if level is not None and (
        (level.value is not None and level.depth == depth) or depth in (level.tangents or ())
    ):
        return True
    return tensor.node is not None and tensor.node.number > _starts[innermost]


def is_foreign(tensor: Tensor) -> bool:
    """Whether the innermost transform is a reverse-mode one that a tensor is no variable of."""
    innermost = _innermost_transform()
    if innermost is None or stack[innermost] != "grad" or tensor.node is None:
        return False
    depth = depths_running[innermost]
    if any(depth in find(tensor) for find in grad_levels):
        return False
    node: Any = tensor.node
    return bool((node.born if node.number < 0 else node.number) <= _starts[innermost])


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
        return wrap_batch(detach(level.value), level.axis, level.depth)
    own_memory(tensor)
    other = make(tensor.array, tensor.dtype)
    other.version = version_of(tensor)
    return other


def innermost(tensor: Tensor, what: str) -> Any:
    """The array under transforms that do not change it. Raises RuntimeError under vmap."""
    level = tensor.level
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
    while True:
        level = inner.level
        for depth in _tracking_levels(inner):
            wrappers[depth] = _tracking(depth)
        if level is None or level.value is None:
            break
        wrappers[level.depth] = _batched(level.depth, level.axis)
        inner = level.value
    for find_original in originals:
        original = find_original(inner)
        inner = inner if original is None else original
    refresh_view(inner)
    suffixes = []
    tracked = any(find(inner) for find in grad_levels)
    if inner.node is not None and (not tracked or operations.reaches_outside(inner)):
        if inner.node.number >= 0:
            suffixes.append(f"grad_fn=<{inner.node.title}>")
        else:
            suffixes.append("requires_grad=True")
    level = inner.level
    if level is not None and level.tangents:
        for depth, tangent in level.tangents.items():
            if kind_of(depth) == "dual":
                suffixes.append(tangent_suffix(tangent.array, partial(text, tangent)))
    result = tensor_text(inner.array, inner.dtype, suffixes=suffixes)
    for depth in sorted(wrappers):
        result = wrappers[depth](result)
    return result


def _tracking_levels(tensor: Tensor) -> list[int]:
    """The running levels of reverse and forward mode that a tensor belongs to or was made in.

    Where nothing is recorded that cannot be told: a constant made inside has no wrapper here.
    """
    source = tensor
    while source.node is None and source.view_info is not None:
        source = source.view_info.base
    found = [depth for find in grad_levels for depth in find(source)]
    number = 0 if source.node is None else source.node.number
    for kind, depth, start in zip(stack, depths_running, _starts, strict=True):
        if kind in ("grad", "jvp") and number > start:
            found.append(depth)
    for part in (tensor, source):
        if part.level is not None:
            found += [d for d in part.level.tangents or () if kind_of(d) == "jvp"]
    return found


def wrapper_of(tensor: Tensor) -> str:
    """PyTorch's class of what a running transform made of a tensor, which has no memory, or ""."""
    if tensor.level is not None and tensor.level.value is not None:
        return "BatchedTensorImpl"
    return "TensorWrapper" if depths_running and _tracking_levels(tensor) else ""


def _tracking(depth: int) -> Callable[[str], str]:
    place = depth % _DEEPEST if depth in depths_running else -2  # as PyTorch shows an ended level
    return lambda inner: grad_tracking_text(place, inner)


def _batched(depth: int, axis: int) -> Callable[[str], str]:
    return lambda inner: batched_text(depth % _DEEPEST, axis, inner)


operations.detach_leveled = detach
operations.with_tangent = with_tangent
operations.split_dual = lambda tensor, depth: (below(tensor, depth), tangent_at(tensor, depth))
operations.level_stack = lambda: stack
operations.is_unrecorded = is_unrecorded
operations.is_foreign = is_foreign
operations.is_argument = lambda tensor: False  # until reverse-mode transforms are loaded
operations.enter_level = enter
operations.leave_level = leave
operations.run_leveled = run_leveled
operations.run_leveled_inplace = run_leveled_inplace
