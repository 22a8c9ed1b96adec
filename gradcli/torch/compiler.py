"""torch.compile and torch.compiler: programs run as they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..nn.module import Module
from ..nn.optimized import OptimizedModule


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """The function itself, or what answers for a module; a decorator without one.

    Raises RuntimeError for what cannot be called.
    """
    if model is None:
        return compile
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if not callable(model):
        raise RuntimeError(f"torch.compile needs a function or a module, not {type(model)}")
    if isinstance(model, Module) and not isinstance(model, OptimizedModule):
        return OptimizedModule(model)
    return model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself."""
    return disable if fn is None else fn


def identity(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself."""
    return fn


def is_compiling() -> bool:
    """False: programs run as they are written."""
    return False


def reset() -> None:
    """Nothing is kept."""


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """What programs are compiled with in PyTorch; here they run as they are."""
    return ["cudagraphs", "inductor"]
