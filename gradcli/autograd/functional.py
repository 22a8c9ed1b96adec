"""`torch.autograd.functional`: jacobian, hessian, vjp, jvp, vhp and hvp of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor.tensor import Tensor, alias, constant, make, numel, shape_of
from . import api
from .basis import basis_of
from .directions import vector_mismatch
from .leaf import detach, fresh_edge, refuse_inside_transforms, requires_grad_
from .modes import enable_grad
from .operations import operations


def _as_tuple(value: Any, name: str, function: str) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether `value` was a tuple, and its tensors. Raises TypeError for anything else."""
    several = isinstance(value, tuple)
    items = value if several else (value,)
    for index, item in enumerate(items):
        if not isinstance(item, Tensor):
            if several:
                raise TypeError(
                    f"The {name} given to {function} must be either a Tensor or a tuple of Tensors "
                    f"but the value at index {index} has type {type(item)}."
                )
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but "
                f"the given {name} has type {type(item)}."
            )
    return several, tuple(items)


def _fresh(inputs: Sequence[Tensor], create_graph: bool) -> tuple[Tensor, ...]:
    """Inputs to differentiate by: connected to the given ones only under create_graph."""
    if not create_graph:
        refuse_inside_transforms()
    fresh = []
    for item in inputs:
        if create_graph:
            fresh.append(
                operations.view_as(item)
                if fresh_edge(item) is not None
                else requires_grad_(alias(item))
            )
        else:
            fresh.append(requires_grad_(detach(item)))
    return tuple(fresh)


def _release(values: Any, create_graph: bool) -> Any:
    if isinstance(values, tuple):
        return tuple(_release(value, create_graph) for value in values)
    return values if create_graph else detach(values)


def _result(several: bool, values: tuple[Any, ...]) -> Any:
    return values if several else values[0]


def _check_dependence(outputs: Sequence[Tensor], strict: bool) -> None:
    if not strict:
        return
    for index, output in enumerate(outputs):
        if fresh_edge(output) is None:
            raise RuntimeError(
                f"Output {index} of the user-provided function does not require gradients. The "
                "outputs must be computed in a differentiable manner from the input when running "
                "in strict mode."
            )


def _check_vector(v: Sequence[Tensor], like: Sequence[Tensor], several: bool) -> None:
    """Raise where `v` does not fit `like`, which are `several` when they were given as a tuple."""
    if len(v) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}."
            if several
            else "The given v should contain a single Tensor."
        )
    for index, (item, other) in enumerate(zip(v, like, strict=True)):
        if shape_of(item) != shape_of(other):
            raise RuntimeError(
                vector_mismatch(shape_of(item), shape_of(other), index if several else None)
            )


def _vectors(
    v: Any, like: Sequence[Tensor], several: bool, function: str, what: str
) -> tuple[Tensor, ...]:
    """The vectors of a product: given and checked, or one for a single element."""
    if v is not None:
        _, vectors = _as_tuple(v, "v", function)
        _check_vector(vectors, like, several)
        return vectors
    if len(like) != 1 or numel(shape_of(like[0])) != 1:
        raise RuntimeError(
            f"The vector v can only be None if the {what} a single Tensor with a single element."
        )
    if function == "vjp" and like[0].dtype.is_complex and fresh_edge(like[0]) is not None:
        raise RuntimeError(api.IMPLICIT_COMPLEX.format(like[0].dtype))
    return (constant(shape_of(like[0]), like[0].dtype, 1),)


# What strict mode says of an input that gets no gradient, and of a gradient off the graph.
_INDEPENDENT = "is independent of input {}. This is not allowed in strict mode"
_UNUSED = f"The output of the user-provided function {_INDEPENDENT}."
_FLAT = f"The {{}} of the user-provided function {_INDEPENDENT} when create_graph=True."
_FLAT_INSIDE = (
    "While computing the hessian, found that the jacobian of the user-provided function with "
    "respect to input {} is independent of the input. This is not allowed in strict mode. You "
    "should ensure that your function is twice differentiable and that the jacobian depends on the "
    "inputs (this would be violated by a linear function for example)."
)


def _grad(
    outputs: Sequence[Tensor],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Any],
    create_graph: bool,
    unused: str = "",
    flat: str = "",
) -> list[Tensor]:
    """Gradients, with zeros where an input was not used.

    `unused` and `flat` are the errors of strict mode for inputs without a gradient, and for
    gradients that do not depend on anything.
    """
    live = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if fresh_edge(output) is not None
    ]
    found: Sequence[Any] = [None] * len(inputs)
    if live:
        found = api.grad(
            [output for output, _ in live],
            list(inputs),
            [cotangent for _, cotangent in live],
            create_graph=create_graph,
            retain_graph=True,
            allow_unused=True,
        )
    results = []
    for index, (item, grad) in enumerate(zip(inputs, found, strict=True)):
        if grad is None:
            if unused:
                raise RuntimeError(unused.format(index))
            grad = constant(shape_of(item), item.dtype)
        elif flat:
            _check_curved(grad, index, flat)
        results.append(grad)
    return results


def _check_curved(grad: Tensor, index: int, flat: str) -> None:
    if fresh_edge(grad) is None:
        raise RuntimeError(flat.format(index))


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of `v` with its Jacobian."""
    with enable_grad():
        several, items = _as_tuple(inputs, "inputs", "vjp")
        fresh = _fresh(items, create_graph)
        many, outputs = _as_tuple(func(*fresh), "outputs of the user-provided function", "vjp")
        _check_dependence(outputs, strict)
        vectors = _vectors(v, outputs, many, "vjp", "user-provided function returns")
        flat = _FLAT.format("jacobian", "{}") if strict and create_graph else ""
        grads = _grad(outputs, fresh, vectors, create_graph, _UNUSED if strict else "", flat)
    return (
        _release(_result(many, outputs), create_graph),
        _release(_result(several, tuple(grads)), create_graph),
    )


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of its Jacobian with `v`."""
    with enable_grad():
        several, items = _as_tuple(inputs, "inputs", "jvp")
        vectors = _vectors(v, items, several, "jvp", "input to the user-provided function is")
        fresh = _fresh(items, create_graph)
        many, outputs = _as_tuple(func(*fresh), "outputs of the user-provided function", "jvp")
        _check_dependence(outputs, strict)
        dummies = [requires_grad_(constant(shape_of(o), o.dtype)) for o in outputs]
        pulled = _grad(outputs, fresh, dummies, True, _UNUSED if strict else "")
        flat = _FLAT.format("jacobian", "{}") if strict and create_graph else ""
        pushed = _grad(pulled, dummies, vectors, create_graph, "", flat)
    return (
        _release(_result(many, outputs), create_graph),
        _release(_result(many, tuple(pushed)), create_graph),
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func`: for each output and input a tensor of both shapes together."""
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        _check_forward(create_graph, vectorize)
    with enable_grad():
        several, items = _as_tuple(inputs, "inputs", "jacobian")
        fresh = _fresh(items, create_graph)
        many, outputs = _as_tuple(func(*fresh), "outputs of the user-provided function", "jacobian")
        _check_dependence(outputs, strict)
        if strict and vectorize:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
                "supported together. Please either set `strict=False` or `vectorize=False`."
            )
        if strategy == "forward-mode":
            return _result(many, _columns(func, items, outputs, several))
        rows = []
        for index, output in enumerate(outputs):
            if not vectorize and output.dtype.is_complex and fresh_edge(output) is not None:
                raise RuntimeError(api.IMPLICIT_COMPLEX.format(output.dtype))
            columns = _rows(output, index, fresh, create_graph, strict)
            rows.append(_result(several, tuple(columns)))
    return _release(_result(many, tuple(rows)), create_graph)


def _columns(
    func: Callable[..., Any], inputs: Sequence[Tensor], outputs: Sequence[Tensor], several: bool
) -> tuple[Any, ...]:
    """The Jacobians by forward mode: one tangent for each element of each input."""
    from .forward_ad import dual_level, make_dual, unpack_dual

    found: list[list[Any]] = [[] for _ in outputs]
    for place, item in enumerate(inputs):
        shape = shape_of(item)
        columns: list[list[Any]] = [[] for _ in outputs]
        for unit in basis_of(item).array:
            with dual_level():
                dual = make_dual(detach(item), make(unit, item.dtype))
                args = [dual if i == place else value for i, value in enumerate(inputs)]
                results = _as_tuple(func(*args), "outputs of the user-provided function", "jvp")[1]
                for column, result in zip(columns, results, strict=True):
                    tangent = unpack_dual(result).tangent
                    array = (
                        np.zeros(shape_of(result), result.dtype.array)
                        if tangent is None
                        else np.array(detach(tangent).array)
                    )
                    column.append(array)
        for index, output in enumerate(outputs):
            stacked = np.stack(columns[index], -1) if columns[index] else np.zeros(0)
            whole = stacked.reshape((*shape_of(output), *shape))
            found[index].append(make(output.dtype.cast(whole)[()], output.dtype))
    return tuple(_result(several, tuple(row)) for row in found)


def _check_forward(create_graph: bool, vectorize: bool) -> None:
    """Raise where PyTorch has no forward mode, which is worth nothing here: values are the same."""
    if create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and "
            '`strategy="forward-mode"` are not supported together (yet). Please either set '
            '`create_graph=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )


def _rows(
    output: Tensor, place: int, inputs: Sequence[Tensor], create_graph: bool, strict: bool
) -> list[Tensor]:
    """The Jacobian of one output by every input, all rows in one batched pass."""
    shape = shape_of(output)
    count = numel(shape)
    if fresh_edge(output) is None or count == 0:
        return [constant(shape + shape_of(item), item.dtype) for item in inputs]
    basis = basis_of(output)
    found = operations.batched_pass(
        [(fresh_edge(output), output.number, basis)],
        [(fresh_edge(item), item.number) for item in inputs],
        create_graph,
        True,
    )
    results = []
    for index, (item, grad) in enumerate(zip(inputs, found, strict=True)):
        if grad is None:
            if strict:
                raise RuntimeError(
                    f"Output {place} of the user-provided function is independent of input "
                    f"{index}. This is not allowed in strict mode."
                )
            results.append(constant(shape + shape_of(item), item.dtype))
        else:
            if strict and create_graph:
                _check_curved(grad, index, _FLAT.format("jacobian", "{}"))
            results.append(operations.reshape(grad, shape + shape_of(item)))
    return results


def _scalar(func: Callable[..., Any], function: str, strict: bool) -> Callable[..., Any]:
    def checked(*args: Any) -> Any:
        several, outputs = _as_tuple(func(*args), "outputs of the user-provided function", function)
        _check_dependence(outputs, strict)
        if several:
            raise RuntimeError(f"The function given to {function} should return a single Tensor")
        if numel(shape_of(outputs[0])) != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {function} should contain a single "
                "element"
            )
        return outputs[0]

    return checked


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a scalar function: for each pair of inputs a tensor of both shapes."""
    several, items = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    checked = _scalar(func, "hessian", strict)

    def gradient(*args: Tensor) -> Any:
        found = jacobian(lambda *values: operations.reshape(checked(*values), ()), args, True)
        if strict:
            for index, slope in enumerate(found):
                _check_curved(slope, index, _FLAT_INSIDE)
        return found if several else found[0]

    return jacobian(
        gradient,
        items if several else items[0],
        create_graph,
        strict,
        vectorize,
        outer_jacobian_strategy,
    )


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function, and the product of `v` with its Hessian."""
    return _hessian_product(func, inputs, v, create_graph, strict, "vhp")


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function, and the product of its Hessian with `v`."""
    return _hessian_product(func, inputs, v, create_graph, strict, "hvp")


def _hessian_product(
    func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, name: str
) -> tuple[Any, Any]:
    with enable_grad():
        several, items = _as_tuple(inputs, "inputs", name)
        vectors = _vectors(v, items, several, name, "input to the user-provided function is")
        fresh = _fresh(items, create_graph)
        output = _scalar(func, name, strict)(*fresh)
        if output.dtype.is_complex and fresh_edge(output) is not None:
            raise RuntimeError(api.IMPLICIT_COMPLEX.format(output.dtype))
        ones = constant(shape_of(output), output.dtype, 1)
        unused, inside = (_UNUSED, _FLAT_INSIDE) if strict else ("", "")
        gradients = _grad([output], fresh, [ones], True, unused, inside)
        flat = _FLAT.format("hessian", "{}") if strict and create_graph else ""
        products = _grad(gradients, fresh, vectors, create_graph, "", flat)
    return (
        _release(output, create_graph),
        _release(_result(several, tuple(products)), create_graph),
    )
