"""Custom Functions on tensors that carry levels, and inside the function transforms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ..autograd import function
from ..autograd.function import Function, FunctionCtx, apply_plain, has_setup, run_forward
from ..autograd.modes import no_grad
from ..ops import levels
from ..ops.batching import batch_size, front
from ..ops.namespaces import traced
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of

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
    if "vmap" in transforms:
        _check_vmap(class_)
    tensors = [value for value in args if isinstance(value, Tensor) and value.level is not None]
    depth = max(
        (t.level.depth for t in tensors if t.level is not None and t.level.value is not None),
        default=0,
    )
    depths = levels.running_tangents(tensors)
    if depth:
        outputs = _over_batch(class_, args, depth)
    else:
        # What it saves keeps its tangents: a pass over the result is differentiated through them.
        outputs = apply_plain(class_, args, kwargs)
    return _with_tangents(class_, args, kwargs, outputs, depths) if depths else outputs


def _check_vmap(class_: Any) -> None:
    """Raise PyTorch's error if a Function says not, or says twice, how it is batched."""
    generated = getattr(class_, "generate_vmap_rule", False)
    written = getattr(class_, "vmap", None) is not None
    if generated and written:
        raise RuntimeError(
            f"You tried to vmap over {class_.__name__}, but it has both generate_vmap_rule=True "
            "and an overridden vmap staticmethod. Please set generate_vmap_rule=False or delete "
            "the overridden vmap staticmethod to avoid ambiguity. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if not (generated or written):
        raise RuntimeError(
            f"You tried to vmap over {class_.__name__}, but it does not have vmap support. Please "
            "override and implement the vmap staticmethod or set generate_vmap_rule=True. For more "
            "details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )


def _over_batch(class_: Any, args: tuple[Any, ...], depth: int) -> Any:
    """The outputs by the rule for batches, on the graph of the levels inside this one too.

    The rule runs on the values further out, and records there what they record.
    """
    outputs = _batched(class_, args, depth)
    if not (runtime.grad_enabled and any(_is_recorded(value) for value in args)):
        return outputs
    if isinstance(outputs, tuple):
        wrapped: Any = tuple(_wrapped(output, args, depth) for output in outputs)
    else:
        wrapped = _wrapped(outputs, args, depth)
    return apply_plain(class_, args, {}, wrapped)


def _is_recorded(value: Any) -> bool:
    return isinstance(value, Tensor) and value.node is not None


def _wrapped(output: Any, args: tuple[Any, ...], depth: int) -> Any:
    """An output that a node can be put on, apart from the graph of what it wraps."""
    if not isinstance(output, Tensor) or output.node is None:
        return output
    inner, axes = _unwrapped(args, depth)
    shape = (batch_size(inner, axes), *shape_of(output))
    return levels.wrap_batch(traced.expand(output, shape), 0, depth)


def _with_tangents(
    class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any, depths: Sequence[int]
) -> Any:
    several = isinstance(outputs, tuple)
    results = list(outputs) if several else [outputs]
    for depth in depths:
        seen = tuple(levels.below(value, depth) for value in args)
        ctx = FunctionCtx()
        with no_grad():
            if has_setup(class_):
                found = [levels.below(result, depth) for result in results]
                class_.setup_context(ctx, seen, tuple(found) if several else found[0])
            else:
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


def _unwrapped(args: tuple[Any, ...], depth: int) -> tuple[list[Any], list[int | None]]:
    """The arguments one level further out, and their batch axes."""
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
    return inner, axes


def _batched(class_: Any, args: tuple[Any, ...], depth: int) -> Any:
    inner, axes = _unwrapped(args, depth)
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
