"""`torch.utils.checkpoint`: save nothing but the inputs, and compute again in the backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..kernels.generator import default_generator
from ..tensor.runtime import runtime
from ..tensor.tensor import BEHIND, Tensor, version_of
from . import engine
from .api import backward
from .function import Function
from .graph import saved_tensors_hooks
from .leaf import detach, fresh_edge, grad_fn, output_index, requires_grad_
from .modes import enable_grad, no_grad, requires_grad
from .node import changed_error, describe, qualified, title_in_messages


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function`, keeping only its inputs; what it saves is computed again when wanted.

    With `use_reentrant` the second computation is a graph of its own, with a backward pass inside
    the pass. With `preserve_rng_state` both computations draw the same random numbers.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
            "exception. use_reentrant=False is recommended, but if you need to preserve the "
            "current default behavior, you can pass use_reentrant=True. Refer to docs for more "
            "details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    saved = _Recomputed(function, args, kwargs, preserve_rng_state)
    with saved_tensors_hooks(saved.pack, saved.unpack):
        return function(*args, **kwargs)


@contextmanager
def _as_before(state: Any) -> Iterator[None]:
    """A block that draws random numbers from `state` on, and puts the generator back after it."""
    if state is None:
        yield
        return
    now = default_generator.get_state()
    default_generator.set_state(state)
    try:
        yield
    finally:
        default_generator.set_state(now)


def _state(preserved: bool) -> Any:
    return default_generator.get_state() if preserved else None


class _Complete(Exception):
    """Everything that was saved has been computed again."""


class _Recomputed:
    """What a function saved: numbers for the time until a pass wants the tensors."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserved: bool,
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.state = _state(preserved)
        self.clocks = [
            version_of(value).clock if isinstance(value, Tensor) else 0 for value in args
        ]
        self.count = 0
        self.wanted_by: Any = None  # the pass that `tensors` were computed for
        self.tensors: list[Tensor] = []

    def pack(self, tensor: Tensor) -> int:
        """The number that stands for a saved tensor."""
        self.count += 1
        return self.count - 1

    def unpack(self, index: int) -> Tensor:
        """The tensor of that number; the first one that a pass wants computes all of them."""
        work = engine.running[-1][0] if engine.running else None
        if work is None or work is not self.wanted_by:
            self.wanted_by = work
            self.tensors = []
            self._compute()
        if len(self.tensors) != self.count:
            raise RuntimeError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{self.count}\nNumber of tensors saved during recomputation: {len(self.tensors)}."
            )
        return self.tensors[index]

    def _compute(self) -> None:
        def keep(tensor: Tensor) -> Tensor:
            self.tensors.append(detach(tensor))
            if len(self.tensors) == self.count:
                raise _Complete
            return tensor

        for value, clock in zip(self.args, self.clocks, strict=True):
            if isinstance(value, Tensor) and version_of(value).value != clock % BEHIND:
                node = grad_fn(value)
                made = "" if node is None else qualified(title_in_messages(node))
                origin = f", which is output {output_index(value)} of {made}," if made else ""
                raise changed_error(describe(value), origin, version_of(value), clock)
        fresh = [
            requires_grad_(detach(value))
            if isinstance(value, Tensor) and fresh_edge(value) is not None
            else value
            for value in self.args
        ]
        with (
            suppress(_Complete),
            enable_grad(),
            _as_before(self.state),
            saved_tensors_hooks(keep, lambda tensor: tensor),
        ):
            self.function(*fresh, **self.kwargs)


class CheckpointFunction(Function):
    """The reentrant kind: a node that computes again and runs a pass over what it computed."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserved: bool, *args: Any) -> Any:
        """The function's value; its inputs are saved."""
        if not any(isinstance(value, Tensor) and requires_grad(value) for value in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
            )
        ctx.attached["call"] = function, _state(preserved), args
        ctx.save_for_backward(*(value for value in args if isinstance(value, Tensor)))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The gradients of the inputs; those of other leaves are accumulated on the way."""
        if engine.running[-1][0].needed is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        function, state, args = ctx.attached["call"]
        saved = iter(ctx.saved_tensors)
        inputs = []
        for value in args:
            if isinstance(value, Tensor):
                tensor = next(saved)
                value = detach(tensor)
                if requires_grad(tensor):
                    requires_grad_(value)
            inputs.append(value)
        with enable_grad(), _as_before(state):
            outputs = function(*inputs)
        listed = (outputs,) if isinstance(outputs, Tensor) else outputs
        live = [
            (output, grad)
            for output, grad in zip(listed, grads, strict=True)
            if isinstance(output, Tensor) and requires_grad(output)
        ]
        if not live:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([output for output, _ in live], [grad for _, grad in live])
        return (
            None,
            None,
            *(
                value.meta.grad if isinstance(value, Tensor) and value.meta is not None else None
                for value in inputs
            ),
        )


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
        use_reentrant = True
    preserved = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = runtime.listed(functions)
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
        input = checkpoint(
            run(steps[start:last]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserved,
        )
    return run(steps[last:])(input)
