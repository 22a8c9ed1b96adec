"""`torch.utils.checkpoint`: save nothing but the inputs, and compute again in the backward pass."""

from __future__ import annotations

import warnings
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


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Call functions one after the other, all but the last of `segments` parts checkpointed."""
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. In version 2.9 we will raise an exception if use_reentrant is not "
            "passed. use_reentrant=False is recommended, but if you need to preserve the current "
            "default behavior, you can pass use_reentrant=True. Refer to docs for more details on "
            "the differences between the two variants.",
            UserWarning,
            stacklevel=2,
        )
    kwargs.pop("preserve_rng_state", None)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions)
    size = len(steps) // segments

    def run(part: list[Any]) -> Callable[[Any], Any]:
        def forward(value: Any) -> Any:
            for step in part:
                value = step(value)
            return value

        return forward

    last = 0
    for start in range(0, size * (segments - 1), size):
        last = start + size
        input = checkpoint(run(steps[start:last]), input, use_reentrant=False)
    return run(steps[last:])(input)


def _keep(kept: list[Tensor]) -> Callable[[Tensor], Tensor]:
    def pack(tensor: Tensor) -> Tensor:
        kept.append(detach(tensor))
        return tensor

    return pack
