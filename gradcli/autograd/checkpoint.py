"""`torch.utils.checkpoint`: save nothing but the inputs, and compute again in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.tensor import Tensor
from .graph import saved_tensors_hooks
from .leaf import detach, fresh_edge, requires_grad_
from .modes import enable_grad


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function`, keeping only its inputs; what it saves is computed again when wanted."""
    count = 0
    again: list[Tensor] = []

    def pack(tensor: Tensor) -> int:
        nonlocal count
        count += 1
        return count - 1

    def unpack(index: int) -> Tensor:
        if not again:
            fresh = [
                requires_grad_(detach(value))
                if isinstance(value, Tensor) and fresh_edge(value) is not None
                else value
                for value in args
            ]
            with enable_grad(), saved_tensors_hooks(_keep(again), lambda tensor: tensor):
                function(*fresh, **kwargs)
        if len(again) != count:
            raise RuntimeError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{count}\nNumber of tensors saved during recomputation: {len(again)}."
            )
        return again[index]

    with saved_tensors_hooks(pack, unpack):
        return function(*args, **kwargs)


def _keep(kept: list[Tensor]) -> Callable[[Tensor], Tensor]:
    def pack(tensor: Tensor) -> Tensor:
        kept.append(detach(tensor))
        return tensor

    return pack
