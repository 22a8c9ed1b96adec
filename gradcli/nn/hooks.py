"""Hooks of modules: handles, hooks of all modules, and those around the backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.function import Function
from ..autograd.leaf import RemovableHandle, grad_fn
from ..autograd.modes import requires_grad
from ..autograd.node import hooks_of
from ..tensor.keeping import changed, keep_attributes, keep_registry
from ..tensor.mappings import OrderedDict
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, constant, shape_of

Hooks = OrderedDict[int, Callable[..., Any]]


class WrappedHook:
    """A hook that is given the module before its other arguments."""

    __module__ = "torch.nn.modules.module"
    __slots__ = ("hook", "module")

    def __init__(self, hook: Callable[..., Any], module: Any) -> None:
        self.hook = hook
        self.module = module

    def __call__(self, *args: Any) -> Any:
        return self.hook(self.module, *args)


WrappedHook.__name__ = WrappedHook.__qualname__ = "_WrappedHook"


def added(hooks: Hooks, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
    """Register a hook, last or first; the handle takes it away."""
    changed()
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class GlobalHooks:
    """The hooks that run for every module."""

    def __init__(self) -> None:
        self.forward_pre: Hooks = OrderedDict()
        self.forward: Hooks = OrderedDict()
        self.with_kwargs: dict[int, bool] = {}
        self.always_called: dict[int, bool] = {}
        self.backward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.full: bool | None = None
        self.parameters: Hooks = OrderedDict()
        self.buffers: Hooks = OrderedDict()
        self.modules: Hooks = OrderedDict()

    def any(self) -> bool:
        """Whether a call of a module has to look at them."""
        return bool(self.forward_pre or self.forward or self.backward_pre or self.backward)


everywhere = GlobalHooks()
for _hooks in vars(everywhere).values():
    if _hooks is not None:
        keep_registry(_hooks)
keep_attributes(everywhere, "full")


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, input)` before every call of any module."""
    return added(everywhere.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, input, output)` after every call of any module."""
    handle = added(everywhere.forward, hook)
    if with_kwargs:
        everywhere.with_kwargs[handle.id] = True
    if always_call:
        everywhere.always_called[handle.id] = True
    return handle


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` before the gradients of any module are known."""
    return added(everywhere.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` when the gradients of any module are known."""
    return _backward_hook(hook, True)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """The older kind: a hook on the node that made the output of any module."""
    return _backward_hook(hook, False)


def _backward_hook(hook: Callable[..., Any], full: bool) -> RemovableHandle:
    if everywhere.full is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    everywhere.full = full
    return added(everywhere.backward, hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, param)` whenever a parameter is registered."""
    return added(everywhere.parameters, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, buffer)` whenever a buffer is registered."""
    return added(everywhere.buffers, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, submodule)` whenever a module is registered."""
    return added(everywhere.modules, hook)


def replaced(hooks: Hooks, module: Any, name: str, value: Any) -> Any:
    """What the hooks on a registration make of the value."""
    for hook in hooks.values():
        result = hook(module, name, value)
        if result is not None:
            value = result
    return value


# ---------------------------------------------------------------- around the backward pass


class BackwardHookFunction(Function):
    """Passes its tensors on, so that a hook sees all of their gradients at once."""

    @staticmethod
    def forward(ctx: Any, *tensors: Any) -> Any:
        """The tensors themselves."""
        ctx.mark_non_differentiable(*(t for t in tensors if not requires_grad(t)))
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """The gradients as they come."""
        return gradients


class BackwardHook:
    """The backward hooks of one call of a module, between its inputs and its outputs."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.grad_outputs: tuple[Any, ...] | None = None
        self.outputs: Places | None = None
        self.inputs: Places | None = None
        self.input_count = 0

    def watch_inputs(self, args: tuple[Any, ...]) -> Any:
        """The arguments of the module, watched for the gradients that leave it."""
        self.input_count = len(args)
        args, self.inputs = passed(args, lambda node: hooks_of(node).post, self._inputs_known)
        return args

    def watch_outputs(self, result: Any) -> Any:
        """The result of the module, watched for the gradients that come to it."""
        values = result if isinstance(result, tuple) else (result,)
        values, self.outputs = passed(values, lambda node: hooks_of(node).pre, self._outputs_known)
        return values if isinstance(result, tuple) else values[0]

    def _outputs_known(self, gradients: Any) -> Any:
        assert self.outputs is not None
        known = self.grad_outputs = self.outputs.spread(gradients)
        for hook in self.pre_hooks:
            changed = hook(self.module, known)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(known):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, got "
                    f"{len(changed)}, but expected {len(known)}"
                )
            known = self.grad_outputs = changed
        answer = self.outputs.picked(known) if self.pre_hooks else None
        if self.inputs is None:
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.input_count, known)
                if changed is not None and not (
                    isinstance(changed, tuple) and all(part is None for part in changed)
                ):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always "
                        "return None or None for all gradients."
                    )
            self.grad_outputs = None
        return answer

    def _inputs_known(self, _: Any, gradients: Any) -> Any:
        assert self.inputs is not None
        if self.grad_outputs is None:
            raise RuntimeError(
                "Module backward hook for grad_input is called before the grad_output one. This "
                "happens because the gradient in your nn.Module flows to the Module's input "
                "without passing through the Module's output. Make sure that the output depends on "
                "the input and that the loss is computed based on the output."
            )
        known = self.inputs.filled(gradients)
        for hook in self.hooks:
            changed = hook(self.module, known, self.grad_outputs)
            if changed is None:
                continue
            if type(changed) is Tensor:
                changed = (changed,)
            if len(changed) != len(known):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, got "
                    f"{len(changed)}, but expected {len(known)}"
                )
            known = changed
        self.grad_outputs = None
        return self.inputs.picked(known)


class Places:
    """Where among some values the tensors stand, and what zeros for them are."""

    def __init__(self, at: list[int], values: tuple[Any, ...]) -> None:
        self.at = at
        self.count = len(values)
        self.kinds = [(shape_of(values[place]), values[place].dtype) for place in at]

    def spread(self, gradients: Any) -> tuple[Any, ...]:
        """The gradients of the tensors, and None at the places of other values."""
        values: list[Any] = [None] * self.count
        for place, gradient in zip(self.at, gradients, strict=True):
            values[place] = gradient
        return tuple(values)

    def filled(self, gradients: Any) -> tuple[Any, ...]:
        """As `spread`, with zeros for the gradients that did not come."""
        made = [
            constant(*kind) if gradient is None else gradient
            for kind, gradient in zip(self.kinds, gradients, strict=True)
        ]
        return self.spread(made)

    def picked(self, values: Any) -> tuple[Any, ...]:
        """The values at the places of tensors."""
        return tuple(values[place] for place in self.at)


def passed(
    values: tuple[Any, ...], hooks: Callable[[Any], Any], hook: Callable[..., Any]
) -> tuple[tuple[Any, ...], Places | None]:
    """The values with their tensors passed through one node that carries the hook.

    No places where no tensor requires grad: then the values are as they were.
    """
    at = [place for place, value in enumerate(values) if type(value) is Tensor]
    if not (runtime.grad_enabled and any(requires_grad(values[place]) for place in at)):
        return values, None
    made = list(values)
    through = BackwardHookFunction.apply(*(values[place] for place in at))
    for place, tensor in zip(at, through, strict=True):
        made[place] = tensor
    node = next(node for tensor in through if (node := grad_fn(tensor)) is not None)
    RemovableHandle(hooks(node), hook)
    return tuple(made), Places(at, values)


def watch_result(module: Any, result: Any, hooks: list[Any]) -> None:
    """Put the older kind of backward hook on the node that made a module's result."""
    value = result
    while type(value) is not Tensor:
        runtime.spend(1)
        if isinstance(value, dict):
            value = next(part for part in value.values() if type(part) is Tensor)
        else:
            value = value[0]
    node = grad_fn(value)
    if node is None:
        return
    for hook in hooks:
        RemovableHandle(hooks_of(node).post, _bound(hook, module))


def _bound(hook: Callable[..., Any], module: Any) -> Callable[..., Any]:
    return lambda grad_input, grad_output: hook(module, grad_input, grad_output)


def warn_about_result(result: Any) -> None:
    """Say that hooks are for modules that return tensors."""
    if type(result) is not Tensor and not (
        isinstance(result, tuple) and all(type(part) is Tensor for part in result)
    ):
        warnings.warn(
            "For backward hooks to be called, module output should be a Tensor or a tuple of "
            f"Tensors but received {type(result)}",
            stacklevel=2,
        )
