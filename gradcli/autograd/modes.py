"""Grad modes: what is recorded, as context managers and decorators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ..tensor.keeping import changed, keep_attributes
from ..tensor.runtime import runtime
from ..tensor.tensor import BEHIND, Tensor
from ..tensor.tensor import InferenceVersion as InferenceVersion
from .operations import operations


def refresh_view(tensor: Tensor) -> None:
    """Make a view's node anew if its base was written in place since."""
    view = tensor.view_info
    version = tensor.version
    if view is not None and version is not None and (version.clock ^ view.clock) % BEHIND:
        operations.refresh_view(tensor)


def requires_grad(tensor: Tensor) -> bool:
    """Whether gradients are wanted for `tensor` itself or for the base that it is a view of.

    A view made under no_grad has no edge of its own, but what is computed from it is recorded.
    """
    if tensor.node is not None:
        return True
    view = tensor.view_info
    return view is not None and view.base.node is not None


keep_attributes(runtime, "grad_enabled")


class Mode:
    """A change of the runtime's state for a block, or for every call of a function."""

    __slots__ = ("stack",)

    def __init__(self) -> None:
        self.stack: list[tuple[bool, bool]] = []

    def apply(self) -> None:
        """Set what the block wants."""
        raise TypeError(f"{type(self).__name__} is not a mode by itself")

    def __enter__(self) -> None:
        self.stack.append((runtime.grad_enabled, runtime.inference))
        self.apply()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runtime.grad_enabled, runtime.inference = self.stack.pop()

    def copy(self) -> Mode:
        """A fresh mode of the same meaning, for one call of a decorated function."""
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.copy():
                return function(*args, **kwargs)

        return decorated


class no_grad(Mode):
    """Nothing is recorded."""

    __module__ = "torch.autograd.grad_mode"

    __slots__ = ()

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        mode = object.__new__(cls)
        if function is None:
            return mode
        mode.stack = []
        return mode(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()

    def apply(self) -> None:
        runtime.grad_enabled = False


class enable_grad(no_grad):
    """Operations are recorded again inside no_grad."""

    __module__ = "torch.autograd.grad_mode"

    __slots__ = ()

    def apply(self) -> None:
        runtime.grad_enabled = not runtime.inference


class set_grad_enabled(Mode):
    """Records or not, from the call on (and only for the block when used in `with`)."""

    __module__ = "torch.autograd.grad_mode"

    __slots__ = ("mode", "previous")

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.mode = bool(mode)
        changed()
        self.previous = runtime.grad_enabled
        runtime.grad_enabled = self.mode and not runtime.inference

    def __enter__(self) -> None:
        self.stack.append((self.previous, runtime.inference))
        runtime.grad_enabled = self.mode and not runtime.inference

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        runtime.grad_enabled = self.previous
        return super().__call__(function)

    def copy(self) -> Mode:
        return set_grad_enabled(self.mode)


class inference_mode(Mode):
    """Nothing is recorded, and tensors made in the block can never be."""

    __module__ = "torch.autograd.grad_mode"

    __slots__ = ("mode",)

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if isinstance(mode, bool):
            return made
        made.stack = []
        made.mode = True
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self.mode = mode if isinstance(mode, bool) else True

    def apply(self) -> None:
        runtime.inference = self.mode
        runtime.grad_enabled = not self.mode

    def copy(self) -> Mode:
        return type(self)(self.mode)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now."""
    return runtime.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on."""
    return runtime.inference
