"""`torch.autograd.graph`: packing of saved tensors, gradient edges, hooks over several tensors."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, version_of
from . import engine
from .leaf import MultiHandle, fresh_edge, output_index, register_hook
from .modes import requires_grad
from .node import Node as Node
from .node import packers
from .operations import operations

GradientEdge = namedtuple(
    "GradientEdge",
    ("node", "output_nr", "ownership_token"),
    defaults=(None,),
    module="torch.autograd.graph",
)


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The node and output that a gradient of `tensor` follows."""
    edge = fresh_edge(tensor)
    if edge is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not "
            "require gradients"
        )
    return GradientEdge(edge, output_index(tensor))


def increment_version(tensor: Any) -> None:
    """Count a write that was made outside."""
    for item in (tensor,) if isinstance(tensor, Tensor) else tensor:
        version_of(item).bump(runtime.where)


class disable_saved_tensors_hooks:
    """A block in which `saved_tensors_hooks` raises a RuntimeError with this message."""

    __module__ = "torch.autograd.graph"

    def __init__(self, error_message: str) -> None:
        self.message = error_message

    def __enter__(self) -> None:
        _disabled.append(self.message)

    def __exit__(self, *details: object) -> None:
        _disabled.pop()


_disabled: list[str] = []


class allow_mutation_on_saved_tensors:
    """A block in which saved tensors may be changed in place: they are kept as copies."""

    __module__ = "torch.autograd.graph"

    _running: allow_mutation_on_saved_tensors | None = None

    def __init__(self) -> None:
        self.hooks = saved_tensors_hooks(operations.clone, self._unpack)

    def _unpack(self, tensor: Tensor) -> Tensor:
        if allow_mutation_on_saved_tensors._running is not self:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
                "in which the graph was originally recorded."
            )
        return tensor

    def __enter__(self) -> None:
        if allow_mutation_on_saved_tensors._running is not None:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        self.hooks.__enter__()
        allow_mutation_on_saved_tensors._running = self

    def __exit__(self, *details: object) -> None:
        allow_mutation_on_saved_tensors._running = None
        self.hooks.__exit__()


class saved_tensors_hooks:
    """A block in which saved tensors go through `pack_hook`, and back through `unpack_hook`."""

    __module__ = "torch.autograd.graph"

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pair = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if _disabled:
            raise RuntimeError(_disabled[-1])
        packers.append(self.pair)
        runtime.packing = True

    def __exit__(self, *details: object) -> None:
        packers.pop()
        runtime.packing = bool(packers)


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors are on the CPU already; they are kept as they are."""

    __module__ = "torch.autograd.graph"

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda tensor: tensor)


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., Any], *, mode: str = "all"
) -> Any:
    """Call `fn` when the gradients of all (or any) of `tensors` are known in one pass."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {runtime.text(mode)}")
    tensors = runtime.listed(tensors)
    if mode == "any":
        tensors = [tensor for tensor in tensors if requires_grad(tensor)]
    edges = [fresh_edge(tensor) for tensor in tensors]
    if any(edge is None for edge in edges):
        raise AssertionError("Expected gradient function to be set")
    grads: list[Any] = []
    arrived = expected = 0
    running = None  # the pass that the state belongs to

    def make(index: int) -> Callable[[Any], None]:
        def hook(grad: Any) -> None:
            nonlocal grads, arrived, expected, running
            if running != engine.pass_number():
                running = engine.pass_number()
                grads = [None] * len(tensors)
                arrived = 0
            arrived += 1
            if mode == "any":
                if arrived == 1:
                    fn(grad)
                return
            if arrived == 1:
                expected = sum(map(engine.will_run, edges))
            grads[index] = grad
            if arrived == expected:
                fn(grads)
                running = None

        return hook

    return MultiHandle([register_hook(tensor, make(index)) for index, tensor in enumerate(tensors)])
