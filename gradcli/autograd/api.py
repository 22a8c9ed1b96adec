"""`backward` and `torch.autograd.grad`: arguments, their checks, and the call of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..tensor.notices import warn_once
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, constant, device_type, numel, shape_of
from . import engine
from .leaf import fresh_edge, requires_grad_, retain_grad
from .modes import requires_grad
from .node import meta_of
from .operations import operations

IMPLICIT_COMPLEX = "grad can be implicitly created only for real scalar outputs but got {!r}"


def _sequence(value: Any) -> list[Any]:
    if isinstance(value, Tensor) or hasattr(value, "output_nr"):
        return [value]
    return value if type(value) is list else runtime.listed(value)


def _is_edge(value: Any) -> bool:
    return not isinstance(value, Tensor) and hasattr(value, "output_nr")


def _edge_number(edge: Any) -> int:
    """The number by which an edge's node knows the output."""
    return edge.output_nr + 1 if edge.node.count > 1 else 0


def _checked(outputs: list[Any]) -> list[Any]:
    """The outputs: tensors, or edges that stand for them."""
    if not all(isinstance(output, Tensor) or _is_edge(output) for output in outputs):
        raise AssertionError("Expected output to be a torch.Tensor")
    return [_Output(output) if _is_edge(output) else output for output in outputs]


class _Output:
    """What an edge knows of the tensor that it stands for."""

    __slots__ = ("dtype", "node", "number", "shape")

    def __init__(self, edge: Any) -> None:
        self.node = edge.node
        self.number = _edge_number(edge)
        one = self.node.count == 1
        self.shape = self.node.shape if one else self.node.shape[edge.output_nr]
        self.dtype = self.node.dtype if one else self.node.dtype[edge.output_nr]


def _edge_of(output: Any) -> Any:
    return output.node if type(output) is _Output else fresh_edge(output)


def _shape_of(output: Any) -> tuple[int, ...]:
    return output.shape if type(output) is _Output else shape_of(output)


def _ones(output: Any) -> Tensor:
    if type(output) is _Output:
        return constant(output.shape, output.dtype, 1)
    if output.level is None and not operations.level_stack():
        return constant(shape_of(output), output.dtype, 1)
    return operations.ones_like(output)


def _check_count(outputs: Sequence[Any], given: Sequence[Any]) -> None:
    """Raise where there is not one gradient for each output; those that are none come first."""
    if len(given) == len(outputs):
        return
    for cotangent in given[: len(outputs)]:
        if cotangent is not None and not isinstance(cotangent, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(cotangent).__name__}"
            )
    raise RuntimeError(f"got {len(outputs)} tensors and {len(given)} gradients")


def _cotangents(
    outputs: Sequence[Any], given: Sequence[Any], batched: bool = False
) -> list[Tensor | None]:
    """A cotangent for each output: checked, or ones for a scalar."""
    cotangents: list[Tensor | None] = []
    for index, (output, cotangent) in enumerate(zip(outputs, given, strict=True)):
        if cotangent is None:
            if isinstance(output, Tensor) and not requires_grad(output):
                cotangents.append(None)
                continue
            if numel(_shape_of(output)) != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            if not output.dtype.is_floating_point:
                raise RuntimeError(IMPLICIT_COMPLEX.format(output.dtype))
            cotangents.append(_ones(output))
            continue
        if not isinstance(cotangent, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(cotangent).__name__}"
            )
        shape = shape_of(cotangent)
        if batched:
            shape = shape[1:]
        if shape != _shape_of(output):
            from .directions import cotangent_mismatch

            hint = (
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output "
                "as the batch dimension. The sizes of the remaining dimensions are expected to "
                "match the shape of corresponding output, but a mismatch was detected: "
                f"grad_output[{index}] has a shape of torch.Size({list(shape[1:])}) and "
                f"output[{index}] has a shape of torch.Size({list(_shape_of(output))}). If you "
                "only want some tensors in `grad_output` to be considered batched, consider using "
                "vmap."
                if batched
                else cotangent_mismatch(shape, _shape_of(output), index)
            )
            raise RuntimeError(hint)
        if cotangent.dtype.is_complex != output.dtype.is_complex:
            raise RuntimeError(
                "For complex Tensors, both grad_output and output are required to have the same "
                f"dtype. Mismatch in dtype: grad_output[{index}] has a dtype of "
                f"{cotangent.dtype!r} and output[{index}] has a dtype of {output.dtype!r}."
            )
        if isinstance(output, Tensor) and device_type(cotangent) != device_type(output):
            raise RuntimeError(
                f"invalid gradient at index {index} - expected device {device_type(output)} but "
                f"got {device_type(cotangent)}"
            )
        cotangents.append(cotangent)
    return cotangents


def _roots(
    outputs: Sequence[Any], cotangents: Sequence[Tensor | None]
) -> list[tuple[Any, int, Tensor]]:
    roots = []
    for index, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=True)):
        edge = _edge_of(output)
        if edge is None or (
            type(output) is Tensor
            and operations.level_stack()
            and operations.shown_edge(output) is None
        ):
            raise RuntimeError(
                f"element {index} of tensors does not require grad and does not have a grad_fn"
            )
        if cotangent is None:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        roots.append((edge, output.number, cotangent))
    return roots


_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter "
    "and its gradient which can cause a memory leak. We recommend using autograd.grad when "
    "creating the graph to avoid this. If you have to use this function, make sure to reset the "
    ".grad fields of your parameters to None after use to break the cycle and avoid the leak."
)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves they came from.

    Raises RuntimeError with PyTorch's sentences where a cotangent is missing or does not fit,
    nothing requires grad, or the graph was freed.
    """
    if any(kind != "dual" for kind in operations.level_stack()):
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use "
            "functorch.grad or functorch.vjp instead or call backward() outside of functorch "
            "transforms."
        )
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    listed = None if inputs is None else _sequence(inputs)
    if listed is not None and not listed:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    outputs = _checked(_sequence(tensors))
    given = _sequence(grad_tensors) if grad_tensors is not None else [None] * len(outputs)
    _check_count(outputs, given)
    roots = _roots(outputs, _cotangents(outputs, given))
    if create_graph and listed is None:
        warn_once(_CYCLE)
    engine.run(
        roots,
        create_graph=create_graph,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        inputs=None if listed is None else _input_edges(listed, accumulate=True),
    )


def _input_edges(inputs: Sequence[Any], accumulate: bool) -> list[tuple[Any, int]]:
    edges = []
    for item in inputs:
        if _is_edge(item):
            edges.append((item.node, _edge_number(item)))
            continue
        if not isinstance(item, Tensor):
            raise RuntimeError(
                f"all inputs have to be Tensors or GradientEdges, but got {type(item).__name__}"
            )
        if not requires_grad(item):
            raise RuntimeError(
                "can't retain_grad on Tensor that has requires_grad=False"
                if accumulate
                else "One of the differentiated Tensors does not require grad"
            )
        # Nothing leads to a view made under no_grad: its own accumulator stands for it.
        edge = fresh_edge(item) or meta_of(item)
        if accumulate:
            retain_grad(item)
        edges.append((edge, item.number))
    return edges


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The sums of gradients of `outputs` for `inputs`, as a tuple; `.grad` is not touched."""
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if allow_unused is None:
        allow_unused = materialize_grads
    outs = _checked(_sequence(outputs))
    ins = _sequence(inputs)
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    given = _sequence(grad_outputs) if grad_outputs is not None else [None] * len(outs)
    _check_count(outs, given)
    cotangents = _cotangents(outs, given, is_grads_batched)
    roots = _roots(outs, cotangents)
    edges = _input_edges(ins, accumulate=False)
    retain = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        results = operations.batched_pass(roots, edges, create_graph, retain)
    else:
        results = engine.run(
            roots,
            create_graph=create_graph,
            retain_graph=retain,
            inputs=edges,
            accumulate=False,
        )
    if operations.level_stack():
        results = [
            None if type(item) is Tensor and operations.is_foreign(item) else result
            for item, result in zip(ins, results, strict=True)
        ]
    for index, result in enumerate(results):
        if result is None:
            if not allow_unused:
                raise RuntimeError(
                    f"The differentiated Tensor at index {index} appears to not have been used in "
                    "the graph. Set allow_unused=True if this is the desired behavior."
                )
            if materialize_grads:
                zeros = operations.zeros_like(ins[index])
                results[index] = requires_grad_(zeros, create_graph)
    return tuple(results)
