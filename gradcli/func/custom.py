"""Custom Functions on tensors that carry levels, and inside the function transforms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ..autograd import function
from ..autograd.function import Function, FunctionCtx, apply_plain, run_forward
from ..autograd.modes import no_grad
from ..ops import levels
from ..ops.batching import batch_size, front
from ..ops.namespaces import traced
from ..tensor.tensor import Tensor

VmapInfo = namedtuple("VmapInfo", ("batch_size", "randomness"))


def apply(class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a custom Function: over the batch by its own rule, with its own jvp for tangents."""
    transforms = [kind for kind in levels.stack if kind != "dual"]
    if transforms and getattr(class_, "setup_context", None) is Function.setup_context:
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, "
            "jacrev, ...), it must override the setup_context staticmethod. For more details, "
            "please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    tensors = [value for value in args if isinstance(value, Tensor) and value.level is not None]
    depth = max(
        (t.level.depth for t in tensors if t.level is not None and t.level.value is not None),
        default=0,
    )
    depths = sorted({d for t in tensors if t.level is not None for d in (t.level.tangents or ())})
    if depths and depths[-1] > depth:
        return _forward_mode(class_, args, kwargs, depths)
    if depth:
        if any(tensor.node is not None for tensor in tensors):
            return apply_plain(class_, args, kwargs)  # grad is inside vmap: the node is there too
        return _batched(class_, args, depth)
    return apply_plain(class_, args, kwargs)


def _forward_mode(
    class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], depths: Sequence[int]
) -> Any:
    # What it saves keeps its tangents: a pass over the result is differentiated through them.
    outputs = apply_plain(class_, args, kwargs)
    several = isinstance(outputs, tuple)
    results = list(outputs) if several else [outputs]
    for depth in depths:
        seen = tuple(levels.below(value, depth) for value in args)
        ctx = FunctionCtx()
        with no_grad():
            run_forward(class_, ctx, seen, kwargs)
        ctx._to_save = ctx._to_save_forward or ctx._to_save
        tangents = [
            levels.tangent_at(value, depth) if isinstance(value, Tensor) else None for value in args
        ]
        pushed = class_.jvp(ctx, *tangents)
        listed = pushed if isinstance(pushed, tuple) else (pushed,)
        for index, tangent in enumerate(listed):
            if isinstance(tangent, Tensor) and isinstance(results[index], Tensor):
                results[index] = levels.with_tangent(results[index], tangent, depth)
    return tuple(results) if several else results[0]


def _batched(class_: Any, args: tuple[Any, ...], depth: int) -> Any:
    inner: list[Any] = []
    axes: list[int | None] = []
    for value in args:
        level = value.level if isinstance(value, Tensor) else None
        if level is not None and level.value is not None and level.depth == depth:
            inner.append(level.value)
            axes.append(level.axis)
        else:
            inner.append(value)
            axes.append(None)
    size = batch_size(inner, axes)
    rule = getattr(class_, "vmap", None)
    if rule is not None:
        outputs, places = rule(VmapInfo(size, "error"), tuple(axes), *inner)
        if not isinstance(outputs, tuple):
            return levels.wrap_batch(front(outputs, places or 0), 0, depth)
        if not isinstance(places, tuple):
            places = (places,) * len(outputs)
        return tuple(
            output if place is None else levels.wrap_batch(output, place, depth)
            for output, place in zip(outputs, places, strict=True)
        )
    if not getattr(class_, "generate_vmap_rule", False):
        raise RuntimeError(
            f"You tried to vmap over {class_.__name__}, but it does not have vmap support. Please "
            "override and implement the vmap staticmethod or set generate_vmap_rule=True. For more "
            "details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    rows = [
        class_.apply(
            *(
                value if axis is None else traced.select(value, axis, index)
                for value, axis in zip(inner, axes, strict=True)
            )
        )
        for index in range(size)
    ]
    if not isinstance(rows[0], tuple):
        return levels.wrap_batch(traced.stack(rows, 0), 0, depth)
    return tuple(
        levels.wrap_batch(traced.stack(list(column), 0), 0, depth)
        for column in zip(*rows, strict=True)
    )


function.leveled_apply.append(apply)
