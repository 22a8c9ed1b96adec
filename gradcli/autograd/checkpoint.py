"""`torch.utils.checkpoint`: save nothing but the inputs, and compute again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.tensor import Tensor
from . import api
from .function import Function
from .leaf import detach, fresh_edge, requires_grad_
from .modes import enable_grad


class CheckpointFunction(Function):
    """Runs a function without recording it, and again with recording when gradients come."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], *args: Any) -> Any:
        """The outputs, with nothing recorded."""
        ctx.function = function
        ctx.inputs = args
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute again on fresh leaves, and pull the cotangents through."""
        leaves = [
            requires_grad_(detach(value))
            if isinstance(value, Tensor) and fresh_edge(value) is not None
            else value
            for value in ctx.inputs
        ]
        with enable_grad():
            outputs = ctx.function(*leaves)
        listed = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (output, g)
            for output, g in zip(listed, grad_outputs, strict=True)
            if isinstance(output, Tensor) and fresh_edge(output) is not None
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        api.backward([output for output, _ in pairs], [g for _, g in pairs])
        return (
            None,
            *(
                leaf.meta.grad if isinstance(leaf, Tensor) and leaf.meta is not None else None
                for leaf in leaves
            ),
        )


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function`, keeping only its inputs for the backward pass."""
    if kwargs:
        plain = function

        def function(*values: Any) -> Any:
            return plain(*values, **kwargs)

    return CheckpointFunction.apply(function, *args)
