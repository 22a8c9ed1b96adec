"""`torch.autograd.graph`: packing of saved tensors, gradient edges, hooks over several tensors."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, version_of
from .leaf import RemovableHandle, fresh_edge, output_index, register_hook
from .node import packers

GradientEdge = namedtuple("GradientEdge", ("node", "output_nr"))


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The node and output that a gradient of `tensor` follows."""
    edge = fresh_edge(tensor)
    if edge is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not "
            "require gradients."
        )
    return GradientEdge(edge, output_index(tensor))


def increment_version(tensor: Any) -> None:
    """Count a write that was made outside."""
    for item in (tensor,) if isinstance(tensor, Tensor) else tensor:
        version_of(item).bump(runtime.where)


class saved_tensors_hooks:
    """A block in which saved tensors go through `pack_hook`, and back through `unpack_hook`."""

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pair = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        packers.append(self.pair)
        runtime.packing = True

    def __exit__(self, *details: object) -> None:
        packers.pop()
        runtime.packing = bool(packers)


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors are on the CPU already; they are kept as they are."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all"
) -> Any:
    """Call `fn` when the gradients of all (or any) of `tensors` are known in one pass."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    count = len(tensors)
    grads: list[Any] = [None] * count
    arrived = 0

    def make(index: int) -> Callable[[Any], None]:
        def hook(grad: Any) -> None:
            nonlocal arrived
            if mode == "any":
                if arrived == 0:
                    arrived = 1
                    fn(grad)
                return
            grads[index] = grad
            arrived += 1
            if arrived == count:
                arrived = 0
                fn(list(grads))

        return hook

    handles = [register_hook(tensor, make(index)) for index, tensor in enumerate(tensors)]

    class Handles(RemovableHandle):
        def __init__(self) -> None:
            self.hooks = {}
            self.id = -1

        def remove(self) -> None:
            for handle in handles:
                handle.remove()

    return Handles()
