"""Random numbers inside vmap: whether they may be drawn, and for how many examples.

Every running vmap whose `randomness` matters is here, the outermost first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ...tensor.tensor import Tensor

# (depth of the level, "error" | "same" | "different", size of its batch)
running: list[tuple[int, str, int]] = []


def randomness_at(depth: int) -> str:
    """The randomness of the vmap whose level has this depth."""
    return next((mode for level, mode, _ in running if level == depth), "error")


def batches() -> tuple[tuple[int, int], ...]:
    """The depth and size of each batch that draws numbers of its own.

    Raises RuntimeError where a running vmap forbids random operations.
    """
    if any(mode == "error" for _, mode, _ in running):
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the "
            "'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )
    return tuple((depth, size) for depth, mode, size in running if mode == "different")


def per_example(shape: tuple[int, ...], draw: Callable[[tuple[int, ...]], Tensor]) -> Tensor:
    """What `draw` makes for a shape, once for each example of the batches that want their own."""
    if not running:
        return draw(shape)
    own = batches()
    tensor = draw((*(size for _, size in own), *shape))
    if own:
        from .run import wrap_batch

        for depth, _ in own:
            tensor = wrap_batch(tensor, 0, depth)
    return tensor


def same_for_all(target: Tensor) -> bool:
    """Whether a tensor with a batch is to be filled with one draw for all examples.

    Raises RuntimeError where a tensor without that batch should get different numbers.
    """
    depths = set()
    level: Any = target.level
    while level is not None and level.value is not None:
        depths.add(level.depth)
        level = level.value.level
    if any(mode == "different" and depth not in depths for depth, mode, _ in running):
        batches()
        raise RuntimeError(
            "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will "
            "appear like same randomness. If this is necessary for your usage, please file an "
            "issue with functorch."
        )
    return any(mode == "same" and depth in depths for depth, mode, _ in running)


def whole_batch(tensor: Tensor) -> Tensor | None:
    """The tensor with its batch in front, where draws go by its elements; None without a batch.

    Raises RuntimeError where all examples should share what is drawn, which PyTorch cannot do.
    """
    if not running:
        return None
    batches()
    level: Any = tensor.level
    if level is None or level.value is None:
        return None
    if any(mode == "same" and depth == level.depth for depth, mode, _ in running):
        raise RuntimeError(
            "Vmap does not currently support same randomness with a batched tensor input. Please "
            "file an issue with functorch"
        )
    from .batching import front

    return front(level.value, level.axis)


def over_batch(draw: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`draw(parameters, ...)` that also takes a batched tensor of parameters."""

    def drawn(parameters: Tensor, *rest: Any) -> Tensor:
        whole = whole_batch(parameters)
        if whole is None:
            return draw(parameters, *rest)
        from .run import wrap_batch

        return wrap_batch(drawn(whole, *rest), 0, cast(Any, parameters.level).depth)

    return drawn
