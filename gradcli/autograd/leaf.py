"""Leaves and what users attach to tensors: requires_grad, `.grad`, hooks, detach, `.data`."""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.dtypes import c_name, type_name
from ..tensor.runtime import runtime
from ..tensor.tensor import (
    BEHIND,
    DETACHED,
    META,
    Tensor,
    alias,
    device_type,
    make,
    own_memory,
    rewrite_of,
    shape_of,
    version_of,
)
from .modes import InferenceVersion, refresh_view
from .modes import requires_grad as requires_grad
from .node import AccumulateGrad, bit_of, hooks_of, meta_of, set_bit
from .operations import operations

_hook_ids = itertools.count().__next__


class RemovableHandle:
    """What registering a hook returns; `remove()` takes the hook away."""

    __slots__ = ("hooks", "id")

    def __init__(self, hooks: dict[int, Callable[..., Any]], function: Callable[..., Any]) -> None:
        self.hooks = hooks
        self.id = _hook_ids()
        hooks[self.id] = function

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *details: object) -> None:
        self.remove()


class MultiHandle:
    """The handle of a hook on several tensors: `remove` takes it away."""

    __slots__ = ("handles",)

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Take the hook away."""
        for handle in self.handles:
            handle.remove()


def fresh_edge(tensor: Tensor) -> Any:
    """The edge a gradient of `tensor` follows now: a node, an accumulator or None."""
    if tensor.view_info is not None:
        refresh_view(tensor)
    return tensor.node


def is_leaf(tensor: Tensor) -> bool:
    """Whether no recorded operation made `tensor`."""
    return grad_fn(tensor) is None


def grad_fn(tensor: Tensor) -> Any:
    """The node that made `tensor`, None for a leaf and for an argument of a running transform."""
    edge = fresh_edge(tensor)
    if edge is None or edge.number < 0:
        return None
    return operations.shown_node(tensor) if _in_transforms(tensor) else edge


def wants_gradients(tensor: Tensor) -> bool:
    """`tensor.requires_grad` as programs see it: not of what vmap and jvp made inside."""
    if not requires_grad(tensor):
        return False
    if not _in_transforms(tensor):
        return True
    if tensor.node is None and tensor.view_info is not None:  # a view made under no_grad
        return wants_gradients(tensor.view_info.base)
    try:
        return operations.shown_edge(tensor) is not None
    except RuntimeError:  # a view that may not follow a change of its base
        return True


def _in_transforms(tensor: Tensor) -> bool:
    """Whether a tensor can have to do with a function transform, one that runs or has ended."""
    return bool(tensor.born or operations.level_stack() or operations.arguments)


_TRANSFORMED = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using "
    "torch.autograd.functional.* APIs) inside of a function being transformed by a functorch "
    "transform. This is unsupported, please attempt to use the functorch transforms (e.g. grad, "
    "vjp, jacrev, jacfwd, hessian) or call requires_grad_() outside of a function being "
    "transformed instead."
)


def refuse_inside_transforms() -> None:
    """Raise PyTorch's error for `requires_grad_()` where a function transform is running."""
    if any(kind != "dual" for kind in operations.level_stack()):
        raise RuntimeError(_TRANSFORMED)


def requires_grad_(tensor: Tensor, requires_grad: bool = True) -> Tensor:
    """Make a leaf want gradients, or not. Raises RuntimeError for results and for integers."""
    if tensor.node is not None and tensor.node.number >= 0:
        if requires_grad:
            return tensor
        raise RuntimeError(
            "you can only change requires_grad flags of leaf variables. If you want to use a "
            "computed variable in a subgraph that doesn't require differentiation use var_no_grad "
            "= var.detach()."
        )
    if not requires_grad:
        tensor.node = None
        return tensor
    if not tensor.dtype.differentiable:
        raise RuntimeError("only Tensors of floating point dtype can require gradients")
    if type(tensor.version) is InferenceVersion and not runtime.inference:
        raise RuntimeError(
            "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
        )
    if tensor.node is None:
        tensor.node = meta_of(tensor)
        tensor.number = 0
    return tensor


def set_requires_grad(tensor: Tensor, value: Any) -> None:
    """Assignment to `tensor.requires_grad`."""
    if not isinstance(value, bool):
        raise RuntimeError("requires_grad must be a bool")
    if value and tensor.node is not None:
        return
    if value and not tensor.dtype.differentiable:
        raise RuntimeError("only Tensors of floating point and complex dtype can require gradients")
    requires_grad_(tensor, value)


NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
    "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
    "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
    "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
    "github.com/pytorch/pytorch/pull/30531 for more information."
)


def grad(tensor: Tensor) -> Tensor | None:
    """The accumulated gradient; for a result that does not retain it a warning and None."""
    meta = tensor.meta
    if meta is not None and meta.grad is not None:
        return meta.grad  # type: ignore[no-any-return]
    node = tensor.node
    if node is not None and node.number >= 0 and not retains_grad(tensor):
        warning: Any = UserWarning(NON_LEAF_GRAD)
        warning.where = node.where
        warning.about = "a result, not a leaf, since here"
        warnings.warn(warning, stacklevel=2)
    return None


def set_grad(tensor: Tensor, value: Any) -> None:
    """Assignment to `tensor.grad`. Raises where shape or dtype do not fit."""
    if value is None:
        if tensor.meta is not None:
            tensor.meta.grad = None
        return
    if type(value) is not Tensor:
        raise TypeError(
            f"assigned grad expected to be a Tensor or None but got grad of type {type_name(value)}"
        )
    if value is tensor:
        raise RuntimeError("can't assign Variable as its own grad")
    if value.dtype is not tensor.dtype:
        raise RuntimeError(
            f"attempting to assign a gradient with dtype '{c_name(value.dtype)}' to a "
            f"tensor with grad_dtype '{tensor.dtype.scalar_name}'. The gradient must match the "
            "tensor's grad_dtype (defaults to the tensor's dtype). You can set the tensor's "
            "grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
            "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break "
            "downstream systems that assume they match."
        )
    if device_type(value) != device_type(tensor):
        raise RuntimeError(
            f"attempting to assign a gradient with device type '{device_type(value)}' to a tensor "
            f"with device type '{device_type(tensor)}'. Please ensure that the gradient and the "
            "tensor are on the same device"
        )
    if shape_of(value) != shape_of(tensor):
        raise RuntimeError(
            f"attempting to assign a gradient of size '{list(shape_of(value))}' to a tensor of "
            f"size '{list(shape_of(tensor))}'. Please ensure that the gradient and the tensor are "
            "the same size"
        )
    meta_of(tensor).grad = value


def output_index(tensor: Tensor) -> int:
    """Which output of its node a tensor is (`output_nr`)."""
    return max(tensor.number - 1, 0)


def retain_grad(tensor: Tensor) -> None:
    """Keep the gradient of a result in its `.grad`."""
    if not requires_grad(tensor):
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    edge = fresh_edge(tensor)
    if edge is not None and edge.number >= 0:
        hooks_of(edge).retain[output_index(tensor)] = meta_of(tensor)


def retains_grad(tensor: Tensor) -> bool:
    """Whether a result keeps its gradient."""
    edge = tensor.node
    if edge is None or edge.number < 0 or edge.hooks is None:
        return False
    meta = edge.hooks.retain.get(output_index(tensor))
    return meta is not None and meta is tensor.meta


def register_hook(tensor: Tensor, hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(grad)` when the gradient of `tensor` is known; what it returns replaces it."""
    if not requires_grad(tensor):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    edge = fresh_edge(tensor) or meta_of(tensor)
    if edge.number < 0:
        AccumulateGrad.watched += 1
    return RemovableHandle(hooks_of(edge).tensor.setdefault(output_index(tensor), {}), hook)


def register_post_accumulate_grad_hook(tensor: Tensor, hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(leaf)` each time after its `.grad` was accumulated."""
    if not requires_grad(tensor):
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    edge = fresh_edge(tensor) or meta_of(tensor)
    if edge.number >= 0:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    AccumulateGrad.watched += 1
    return RemovableHandle(edge.post_hooks, hook)


def detach(tensor: Tensor) -> Tensor:
    """The same memory and version outside the graph."""
    if tensor.level is not None:
        return operations.detach_leveled(tensor)
    version_of(tensor)
    own_memory(tensor)
    other = alias(tensor)
    set_bit(other, bit_of(tensor))
    return other


DETACHED_VIEW = (
    "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
    "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
    "buckets, and hence detach_() cannot be called on these gradients. To fix this error, please "
    "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
)


def detach_(tensor: Tensor) -> Tensor:
    """Take `tensor` itself out of the graph."""
    if tensor.view_info is not None or (
        tensor.level is not None and tensor.level.value is not None
    ):
        raise RuntimeError(DETACHED_VIEW)
    if tensor.node is not None and tensor.node.number >= 0:
        version = version_of(tensor)
        if type(version) is not InferenceVersion:
            detached = rewrite_of(version).detached
            if not any(array is tensor.array for array in detached):
                detached.append(tensor.array)
            version.clock += DETACHED
    tensor.node = None
    tensor.number = 0
    return tensor


def data(tensor: Tensor) -> Tensor:
    """The same memory outside the graph, with a version of its own."""
    if tensor.level is not None:
        # a batch is reached through what a transform within it wraps around its values
        outermost = max(tensor.born, default=0)
        if tensor.level.value is not None and outermost <= tensor.level.depth:
            raise RuntimeError("accessing `data` under vmap transform is not allowed")
        return operations.detach_leveled(tensor)
    own_memory(tensor)
    other = make(tensor.array, tensor.dtype)
    other.version = version_of(tensor).split()
    set_bit(other, bit_of(tensor))
    return other


def set_data(tensor: Tensor, value: Any, *, moves: bool = False) -> None:
    """Assignment to `tensor.data`: the tensor takes over the other's memory.

    `moves` says that it may get to another device with that.
    """
    if type(value) is not Tensor:
        raise TypeError(f"Variable data has to be a tensor, but got {type_name(value)}")
    if not moves and device_type(value) != device_type(tensor):
        raise RuntimeError(
            "Attempted to call `variable.set_data(tensor)`, but `variable` and `tensor` have "
            "incompatible tensor type."
        )
    if (
        value.dtype is not tensor.dtype
        and tensor.node is not None
        and (not value.dtype.differentiable)
    ):
        raise RuntimeError(
            "data set to a tensor that requires gradients must be floating point or complex dtype"
        )
    old = tensor.array
    tensor.array = own_memory(value)
    tensor.dtype = value.dtype
    if tensor.array is not old:  # `x.data -= y` gives back what it took
        tensor.view_info = None
    if tensor.level is not value.level and META in (tensor.level, value.level):
        tensor.level = value.level  # another device
    if tensor.version is not None and type(tensor.version) is not InferenceVersion:
        if tensor.array is not old:
            rewrite_of(tensor.version).replace(old, tensor.array)
        tensor.version.clock += BEHIND
        tensor.version.writer = runtime.where
    if tensor.meta is not None:
        tensor.meta.array = tensor.array
        tensor.meta.shape = shape_of(tensor)
        tensor.meta.dtype = value.dtype
        tensor.meta.tensor = weakref.ref(tensor)


def version(tensor: Tensor) -> int:
    """How often the memory was written through this tensor's views and aliases."""
    if type(tensor.version) is InferenceVersion:
        raise RuntimeError("Inference tensors do not track version counter.")
    return 0 if tensor.version is None else tensor.version.value
