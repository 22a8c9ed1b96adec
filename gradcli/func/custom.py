"""Custom Functions on tensors that carry levels, and inside the function transforms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..autograd import function
from ..autograd.function import (
    FunctionNode,
    apply_plain,
    has_setup,
    refuse_keywords,
)
from ..autograd.forward_ad import check_tangent
from ..autograd.modes import no_grad
from ..ops import levels
from ..ops.batching import batch_size, front
from ..ops.namespaces import traced
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of

_NO_TANGENT = (
    "(new_grad_base.is_floating_point() || new_grad_base.is_complex()) && "
    "(self_base.is_floating_point() || self_base.is_complex()) INTERNAL ASSERT FAILED at "
    '"/__w/pytorch/pytorch/torch/csrc/autograd/autograd_meta.cpp":159, please report a bug to '
    "PyTorch. Expected both tensor and its forward grad to be floating point or complex"
)

VmapInfo = namedtuple("VmapInfo", ("batch_size", "randomness"))


def apply(class_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a custom Function: over the batch by its own rule, with its own jvp for tangents."""
    transforms = [kind for kind in levels.stack if kind != "dual"]
    if not transforms:
        refuse_keywords("forward", kwargs)
    elif not has_setup(class_):
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, "
            "jacrev, ...), it must override the setup_context staticmethod. For more details, "
            "please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    elif transforms[-1] != "vmap":
        refuse_keywords("custom_function_call_grad", kwargs)
    if "vmap" in transforms:
        _check_vmap(class_)
    tensors = [value for value in args if isinstance(value, Tensor) and value.level is not None]
    depth = max(
        (t.level.depth for t in tensors if t.level is not None and t.level.value is not None),
        default=0,
    )
    depths = levels.running_tangents(tensors)
    push = partial(_pushed, class_, args, depths) if depths else None
    if depth:
        return _over_batch(class_, args, depth, push)
    # What it saves keeps its tangents: a pass over the result is differentiated through them.
    return apply_plain(class_, args, push=push)


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


def _over_batch(class_: Any, args: tuple[Any, ...], depth: int, push: Any) -> Any:
    """The outputs by the rule for batches, on the graph of the levels inside this one too.

    The rule runs on the values further out, and records there what they record.
    """
    outputs = _batched(class_, args, depth)
    if push is None and not (runtime.grad_enabled and any(_is_recorded(v) for v in args)):
        return outputs
    if isinstance(outputs, tuple):
        wrapped: Any = tuple(_wrapped(output, args, depth) for output in outputs)
    else:
        wrapped = _wrapped(outputs, args, depth)
    return apply_plain(class_, args, wrapped, push)


def _is_recorded(value: Any) -> bool:
    return isinstance(value, Tensor) and value.node is not None


def _wrapped(output: Any, args: tuple[Any, ...], depth: int) -> Any:
    """An output that a node can be put on, apart from the graph of what it wraps."""
    if not isinstance(output, Tensor) or output.node is None:
        return output
    inner, axes = _unwrapped(args, depth)
    shape = (batch_size(inner, axes), *shape_of(output))
    return levels.wrap_batch(traced.expand(output, shape), 0, depth)


def _pushed(
    class_: Any, args: tuple[Any, ...], depths: Sequence[int], node: FunctionNode, outputs: Any
) -> Any:
    """The function that gives an output its tangents, which the class's `jvp` tells.

    A level of a transform calls `setup_context` for itself, on what the levels below it see.
    """
    pushed = {}
    for depth in depths:
        context = node
        if levels.kind_of(depth) != "dual":
            seen = tuple(levels.below(value, depth) for value in args)
            found = tuple(levels.below(output, depth) for output in outputs)
            context = FunctionNode(class_, seen)
            with no_grad():
                class_.setup_context(context, seen, found if len(found) != 1 else found[0])
        pushed[depth] = _tangents(class_, context, args, outputs, depth)

    def attach(index: int, output: Any) -> Any:
        for depth, tangents in pushed.items():
            if tangents[index] is not None:
                output = levels.with_tangent(output, tangents[index], depth)
        return output

    return attach


def _tangents(
    class_: Any, context: FunctionNode, args: tuple[Any, ...], outputs: Any, depth: int
) -> list[Tensor | None]:
    """What `jvp` answers at one level, checked: a tangent or None for each output."""
    given = [
        levels.tangent_at(value, depth) if isinstance(value, Tensor) else None for value in args
    ]
    found = class_.jvp(context, *given)
    listed = found if isinstance(found, tuple) else (found,)
    for index, tangent in enumerate(listed):
        if tangent is not None and not isinstance(tangent, Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(tangent).__name__}) for grad output {index}."
            )
    if len(listed) != len(outputs):
        raise RuntimeError(
            "Function's jvp returned an invalid number of forward gradients (expected "
            f"{len(outputs)} but got {len(listed)})"
        )
    constant = context.non_differentiable or ()
    for index, (output, tangent) in enumerate(zip(outputs, listed, strict=True)):
        if not isinstance(output, Tensor):
            continue
        if not output.dtype.differentiable or any(output is item for item in constant):
            if tangent is not None:
                raise RuntimeError(
                    f"Function's jvp returned a gradient at position {index}, but the "
                    "corresponding forward output is not a differentiable Tensor"
                )
        elif tangent is None or not tangent.dtype.differentiable:
            raise RuntimeError(_NO_TANGENT)
        else:
            check_tangent(output, tangent)
    return list(listed)


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
