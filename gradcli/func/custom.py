"""Custom Functions on tensors that carry levels, and inside the function transforms."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..autograd import function
from ..autograd.forward_ad import check_tangent
from ..autograd.function import (
    Function,
    FunctionNode,
    apply_plain,
    has_setup,
    refuse_keywords,
)
from ..autograd.modes import no_grad
from ..table.formulas import traced
from ..table.levels import randomness
from ..table.levels import run as levels
from ..table.levels.batching import batch_size, front
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, alias, shape_of, version_of
from ..tensor.tensor import constant as filled

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
    return _run(class_, args, len(transforms) - transforms.count("vmap"))


def _run(class_: Any, args: tuple[Any, ...], derivatives: int) -> Any:
    """Call a Function at the innermost level that its arguments carry.

    `derivatives` counts the running transforms that differentiate: like the Function itself, each
    calls `setup_context` once.
    """
    tensors = [value for value in args if isinstance(value, Tensor) and value.level is not None]
    depth = max(
        (t.level.depth for t in tensors if t.level is not None and t.level.value is not None),
        default=0,
    )
    depths = levels.running_tangents(tensors)
    own = sum(levels.kind_of(level) != "dual" for level in depths)
    generated = derivatives > 0
    computed = function.UNKNOWN
    if depth:
        computed = _over_batch(class_, args, depth, derivatives)
        if not (depths or _is_recorded(args)):
            return computed
        computed = _apart(computed, args, depth)
        derivatives = own  # the rule has made the other calls
    prepare = partial(_before, class_, args, depths, derivatives - own)
    # What it saves keeps its tangents: a pass over the result is differentiated through them.
    return apply_plain(class_, args, computed, prepare, generated)


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


def _before(
    class_: Any, args: tuple[Any, ...], depths: Sequence[int], calls: int, outputs: Any
) -> Any:
    """Call `setup_context` for the levels below, then make what pushes the tangents at `depths`."""
    if calls > 0:
        seen = tuple(_plain(value) for value in args)
        found = tuple(_plain(value) for value in outputs) if isinstance(outputs, tuple) else None
        for _ in range(calls):
            context = FunctionNode(class_, seen)
            class_.setup_context(context, seen, _plain(outputs) if found is None else found)
    return partial(_pushed, class_, args, depths, isinstance(outputs, tuple)) if depths else None


def _plain(value: Any) -> Any:
    """A value as the outermost level sees it: without graph and tangents."""
    if not isinstance(value, Tensor):
        return value
    plain = alias(value)
    if value.level is not None and value.level.value is None:
        plain.level = None
    return plain


def _pushed(
    class_: Any,
    args: tuple[Any, ...],
    depths: Sequence[int],
    several: bool,
    node: FunctionNode,
    outputs: Sequence[Any],
    dirty: Sequence[Tensor],
    constant: Sequence[Tensor],
) -> list[Any]:
    """The outputs with their tangents, which the class's `jvp` tells.

    A level of a transform calls `setup_context` for itself, on what the levels below it see.
    """
    results = list(outputs)
    for depth in depths:
        context = node
        if levels.kind_of(depth) != "dual":
            seen = tuple(levels.below(value, depth) for value in args)
            found = tuple(levels.below(output, depth) for output in outputs)
            context = FunctionNode(class_, seen)
            with no_grad():
                class_.setup_context(context, seen, found if several else found[0])
            constant = context.non_differentiable or ()
        given = [_tangent(value, depth, context.materialize_grads) for value in args]
        versions = [0 if tangent is None else version_of(tangent).value for tangent in given]
        tangents = _checked_count(class_.jvp(context, *given), len(outputs))
        for index, (output, tangent) in enumerate(zip(outputs, tangents, strict=True)):
            if not isinstance(output, Tensor):
                continue
            if not output.dtype.differentiable or any(output is item for item in constant):
                _check_none(index, tangent)
                continue
            if any(output is item for item in dirty):
                _check_written(args, output, given, versions, tangent, depth)
            else:
                _check_view(args, output, given, tangent, depth)
            if tangent is None or not tangent.dtype.differentiable:
                raise RuntimeError(_NO_TANGENT)
            check_tangent(output, tangent)
            results[index] = levels.with_tangent(
                results[index], levels.below(tangent, depth), depth
            )
    return results


def _checked_count(found: Any, expected: int) -> tuple[Any, ...]:
    """What `jvp` returned, as a tuple of tensors and None, one for each output."""
    tangents = found if isinstance(found, tuple) else (found,)
    for index, tangent in enumerate(tangents):
        if tangent is not None and not isinstance(tangent, Tensor):
            raise RuntimeError(
                f"expected Variable or None (got {type(tangent).__name__}) for grad output {index}."
            )
    if len(tangents) != expected:
        raise RuntimeError(
            "Function's jvp returned an invalid number of forward gradients (expected "
            f"{expected} but got {len(tangents)})"
        )
    return tangents


def _check_none(index: int, tangent: Tensor | None) -> None:
    if tangent is not None:
        raise RuntimeError(
            f"Function's jvp returned a gradient at position {index}, but  the corresponding "
            "forward output is not a differentiable Tensor.You should return None at that "
            "position instead."
        )


def _check_written(
    args: Sequence[Any],
    output: Tensor,
    given: Sequence[Tensor | None],
    versions: Sequence[int],
    tangent: Tensor | None,
    depth: int,
) -> None:
    """Raise unless the tangent of an input that was written was written too."""
    place = next((i for i, value in enumerate(args) if value is output), None)
    if place is None:
        raise RuntimeError(function.DIRTY_OUTPUT)
    if levels.tangent_at(output, depth) is None:
        return
    if tangent is not None and version_of(tangent).value == versions[place]:
        raise RuntimeError(
            "An inplace custom Function is not modifying the forward mode gradients inplace. If "
            "the forward is modifying an input inplace, then the jvp function must modify the "
            "corresponding gradient inplace."
        )
    if tangent is not given[place]:
        raise RuntimeError(
            "An inplace custom Function is not returning the forward mode gradients as-is. If the "
            "forward is modifying an input inplace, then the jvp function must modify the gradient "
            "inplace and return it as-is."
        )


def _check_view(
    args: Sequence[Any],
    output: Tensor,
    given: Sequence[Tensor | None],
    tangent: Tensor | None,
    depth: int,
) -> None:
    """Raise unless the tangent of a view of an input is a view of that input's tangent."""
    if output.view_info is None or levels.kind_of(depth) != "dual":
        return  # a transform wraps what `forward` made
    base = output.view_info.base
    for value, own in zip(args, given, strict=True):
        if not isinstance(value, Tensor) or (base is not value and base is not _base_of(value)):
            continue
        if own is None or levels.tangent_at(value, depth) is None:
            return
        if tangent is None or tangent.view_info is None:
            raise RuntimeError(
                "A custom Function's forward is returning a view (or an input as-is) but the jvp "
                "is not returning a view."
            )
        if own.view_info is not None and tangent.view_info.base is not own.view_info.base:
            raise RuntimeError(
                "A custom Function is returning a view but the jvp is not returning a view of the "
                "same base as the given grad input."
            )
        if own.view_info is None and tangent.view_info.base is not own:
            raise RuntimeError(
                "A custom Function is returning a view but the jvp is not returning a view of the "
                "given grad input."
            )
        return


def _base_of(tensor: Tensor) -> Tensor | None:
    return None if tensor.view_info is None else tensor.view_info.base


def _tangent(value: Any, depth: int, materialize: bool) -> Tensor | None:
    if not isinstance(value, Tensor):
        return None
    found = levels.tangent_at(value, depth)
    if found is None and materialize:
        return filled(shape_of(value), value.dtype)
    return found


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


def _is_recorded(args: Sequence[Any]) -> bool:
    """Whether a call is recorded on the graph of the batched tensors themselves."""
    return runtime.grad_enabled and any(
        isinstance(value, Tensor) and value.node is not None for value in args
    )


def _apart(outputs: Any, args: tuple[Any, ...], depth: int) -> Any:
    """Outputs that a node can be put on, apart from the graph of what they wrap."""
    if isinstance(outputs, tuple):
        return tuple(_apart(output, args, depth) for output in outputs)
    if not isinstance(outputs, Tensor) or outputs.node is None:
        return outputs
    inner, axes = _unwrapped(args, depth)
    shape = (batch_size(inner, axes), *shape_of(outputs))
    return levels.wrap_batch(traced.expand(outputs, shape), 0, depth)


def _over_batch(class_: Any, args: tuple[Any, ...], depth: int, derivatives: int) -> Any:
    """The outputs by the rule for batches, wrapped.

    The rule runs on the values further out, and records there what they record.
    """
    inner, axes = _unwrapped(args, depth)
    size = batch_size(inner, axes)
    rule = getattr(class_, "vmap", None)
    if rule is None:
        places: list[int | None] = []
        mapped = _vmapped(class_, depth, axes, size, places)
        outputs = _run(mapped, tuple(inner), derivatives)
        listed: Any = tuple(places) if isinstance(outputs, tuple) else places[0]
    else:
        info = VmapInfo(size, randomness.randomness_at(depth))
        found = rule(info, tuple(axes), *inner)
        outputs, listed = _two_returns(found)
    if not isinstance(outputs, tuple | list):
        return _wrap(outputs, listed, depth)
    if not isinstance(listed, tuple | list):
        listed = (listed,) * len(outputs)
    return type(outputs)(
        _wrap(output, place, depth) for output, place in zip(outputs, listed, strict=True)
    )


def _wrap(output: Any, place: Any, depth: int) -> Any:
    if place is None or not isinstance(output, Tensor):
        return output
    return levels.wrap_batch(output, place, depth)


def _two_returns(found: Any) -> tuple[Any, Any]:
    """What a vmap staticmethod returned. Raises RuntimeError unless it is a pair."""
    expected = (
        "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree "
        "structure compatible with the output. "
    )
    if not isinstance(found, tuple):
        raise RuntimeError(f"{expected}Got a {type(found)} instead")
    if len(found) != 2:
        raise RuntimeError(f"{expected}Got {len(found)} returns instead")
    return found


def _vmapped(
    class_: Any, depth: int, axes: Sequence[int | None], size: int, places: list[int | None]
) -> Any:
    """The Function over a whole batch that a Function written for one example gives.

    It takes and returns what the batched tensors wrap; inside, the example's methods see batched
    tensors. `places` is filled with the batch axis of each output, None for one without.
    """

    fits: list[bool] = []
    shapes: list[Any] = []  # of each input of one example, None for what is no tensor

    def wrapped(values: Sequence[Any], at: Sequence[int | None]) -> tuple[Any, ...]:
        return tuple(_wrap(value, axis, depth) for value, axis in zip(values, at, strict=True))

    def unwrapped(values: Any) -> Any:
        several = isinstance(values, tuple)
        inner, found = _unwrapped(values if several else (values,), depth)
        places[:] = [None if axis is None else 0 for axis in found]
        moved = tuple(
            value if axis is None else front(value, axis)
            for value, axis in zip(inner, found, strict=True)
        )
        return moved if several else moved[0]

    def forward(*inner: Any) -> Any:
        outputs = class_.forward(*wrapped(inner, axes))
        if isinstance(outputs, list | str):
            outputs = tuple(outputs)
        elif not isinstance(outputs, Tensor | tuple):
            raise TypeError(f"Value after * must be an iterable, not {type(outputs).__name__}")
        return unwrapped(outputs)

    def axes_fit(ctx: Any) -> bool:
        # The axes that PyTorch keeps are those of what was saved last, for forward mode as a rule.
        last = ctx.to_save if ctx.saved_for_forward is None else ctx.saved_for_forward
        return len(last or ()) == len(ctx.to_save or ())

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        outputs = output if isinstance(output, tuple) else (output,)
        seen = wrapped(outputs, places)
        given = wrapped(inputs, axes)
        shapes[:] = [shape_of(value) if isinstance(value, Tensor) else None for value in given]
        class_.setup_context(ctx, given, seen if isinstance(output, tuple) else seen[0])
        fits.append(axes_fit(ctx))
        told = ctx.non_differentiable
        if isinstance(told, tuple) and all(isinstance(item, Tensor) for item in told):
            ctx.non_differentiable = tuple(
                given
                for given, example in zip(outputs, seen, strict=True)
                if any(example is item for item in told)
            )

    def backward(ctx: Any, *grads: Any) -> Any:
        if not fits[-1]:
            raise AssertionError("flat_bdims must not be None")
        with levels.resumed("vmap", depth):
            found = class_.backward(ctx, *wrapped(grads, places))
        listed = found if isinstance(found, tuple) else (found,)
        return tuple(  # what is too much is dropped, as in PyTorch
            _for_input(grad, axis, shape, depth, size)
            for grad, axis, shape in zip(listed, axes, shapes, strict=False)
        )

    def jvp(ctx: Any, *tangents: Any) -> Any:
        with levels.resumed("vmap", depth):
            found = class_.jvp(ctx, *wrapped(tangents, axes))
        inner, at = _unwrapped(found if isinstance(found, tuple) else (found,), depth)
        return tuple(
            _placed(value, axis, place, size)
            for value, axis, place in zip(inner, at, places, strict=True)
        )

    methods = (forward, setup_context, backward, jvp)
    return type(
        f"Vmapped{class_.__name__}",
        (Function,),
        {method.__name__: staticmethod(method) for method in methods},
    )


def _placed(value: Any, axis: int | None, place: int | None, size: int) -> Any:
    """A value with its batch axis at `place`, repeated over it where it has none."""
    if not isinstance(value, Tensor) or place is None:
        return value
    if axis is None:
        return traced.movedim(traced.expand(value, (size, *shape_of(value))), 0, place)
    return value if axis == place else traced.movedim(value, axis, place)


def _for_input(grad: Any, place: int | None, shape: Any, depth: int, size: int) -> Any:
    """The gradient of what an input wraps: in the shape that one example has, summed over the batch
    where the input has no batch."""
    if not isinstance(grad, Tensor):
        return _no_tensor(grad, place)
    if place is not None:
        grad = traced.sum_to_size(grad, shape)
    (inner,), (axis,) = _unwrapped((grad,), depth)
    if place is None:
        return inner if axis is None else traced.sum_dim(inner, (axis,))
    return _placed(inner, axis, place, size)


def _no_tensor(grad: Any, place: int | None) -> Any:
    """None. Raises for all else what PyTorch's calls on it do; a number without a batch is refused
    by the node."""
    name = type(grad).__name__
    if isinstance(grad, list | tuple | dict):
        if place is None:
            raise AttributeError(f"'{name}' object has no attribute 'sum'")
        raise TypeError(
            f"descriptor 'sum_to_size' for 'torch._C.TensorBase' objects doesn't apply to a "
            f"'{name}' object"
        )
    if grad is not None and place is not None:
        raise AttributeError(f"'{name}' object has no attribute 'unsqueeze'")
    return grad


function.leveled_apply.append(apply)
