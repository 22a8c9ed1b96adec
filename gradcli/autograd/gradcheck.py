"""gradcheck and gradgradcheck: derivatives against finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor.tensor import Tensor, constant, make, numel, own_memory, shape_of, version_of
from . import api
from .leaf import fresh_edge, is_leaf, requires_grad_
from .operations import operations


class GradcheckError(RuntimeError):
    """A derivative that does not agree."""

    __module__ = "torch.autograd.gradcheck"

    published = True


def _outputs(result: Any) -> list[Tensor]:
    items = list(result) if isinstance(result, tuple | list) else [result]
    return [item for item in items if isinstance(item, Tensor)]


def _differentiable(outputs: Sequence[Tensor]) -> list[Tensor]:
    return [output for output in outputs if fresh_edge(output) is not None]


def _inputs(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, Tensor) else tuple(value)


def _flat_tensors(inputs: Sequence[Any]) -> list[Tensor]:
    found = []
    for item in inputs:
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, tuple | list):
            found.extend(_flat_tensors(item))
    return found


def numerical_jacobian(
    func: Callable[..., Any], inputs: Sequence[Any], target: Tensor, eps: float
) -> list[Any]:
    """Central differences: for each output an array (elements of target, elements of output).

    For a complex target the rows are conj(d/da)/2 + ... as PyTorch's convention: the derivative
    by the real part plus 1j times that by the imaginary part, conjugated where needed.
    """
    array = own_memory(target)
    rows: list[list[Any]] = []

    def evaluate() -> list[Any]:
        return [np.array(output.array).reshape(-1) for output in _outputs(func(*inputs))]

    flat = list(np.ndindex(array.shape))
    version = version_of(target)
    clock = version.clock
    for index in flat:
        old = array[index]
        deltas = []
        for step in (eps, eps * 1j) if array.dtype.kind == "c" else (eps,):
            array[index] = old + step
            high = evaluate()
            array[index] = old - step
            low = evaluate()
            array[index] = old
            deltas.append([(h - l) / (2 * eps) for h, l in zip(high, low, strict=True)])
        rows.append(deltas)
    version.clock = clock
    count = len(evaluate())
    jacobians: list[Any] = []
    for output in range(count):
        real = np.array([row[0][output] for row in rows])
        if array.dtype.kind == "c":
            imaginary = np.array([row[1][output] for row in rows])
            jacobians.append((real, imaginary))
        else:
            jacobians.append((real, None))
    return jacobians


def _expected_vjp(jacobian: Any, g: Any) -> Any:
    """The cotangent that a numerical Jacobian gives, dL/da + 1j dL/db for a complex input."""
    real, imaginary = jacobian
    by_real = (real * g.conj()).real.sum(axis=1)
    if imaginary is None:
        return by_real
    return by_real + 1j * (imaginary * g.conj()).real.sum(axis=1)


def _directions(output: Tensor) -> list[Any]:
    """Unit cotangents: each element, and 1j times it for a complex output."""
    count = numel(shape_of(output))
    units = []
    for index in range(count):
        unit = np.zeros(count, output.dtype.array)
        unit[index] = 1
        units.append(unit)
        if output.dtype.is_complex:
            units.append(unit * 1j)
    return units


def _fail(raise_exception: bool, message: str) -> bool:
    if raise_exception:
        raise GradcheckError(message)
    return False


def _text(array: Any) -> str:
    from ..tensor.printing import tensor_text
    from ..tensor.tensor import from_array

    tensor = from_array(np.asarray(array))
    return tensor_text(tensor.array, tensor.dtype)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare gradients with central differences, element by element.

    Raises GradcheckError (or returns False) at the first that differ by more than
    `atol + rtol * |numerical|`, and ValueError when no input requires grad.
    """
    given = _inputs(inputs)
    targets = [
        (index, item)
        for index, item in enumerate(given)
        if isinstance(item, Tensor) and fresh_edge(item) is not None
    ]
    if not targets:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of "
            "them have requires_grad=True."
        )
    for index, item in targets:
        if item.dtype.name not in ("float64", "complex128"):
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point "
                "or complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                UserWarning,
                stacklevel=2,
            )
    outputs = _differentiable(_outputs(func(*given)))
    if not outputs:
        return _no_outputs(func, given, targets, eps, raise_exception)
    places = [i for i, o in enumerate(_outputs(func(*given))) if fresh_edge(o) is not None]
    for input_index, item in targets:
        numerical = numerical_jacobian(func, given, item, eps)
        numerical = [numerical[place] for place in places]
        if check_forward_ad and not _check_forward(
            func, given, input_index, item, numerical, places, atol, rtol, raise_exception
        ):
            return False
        if check_backward_ad and not _check_backward(
            func, given, input_index, item, numerical, atol, rtol, nondet_tol, raise_exception
        ):
            return False
    return True


def _no_outputs(
    func: Callable[..., Any],
    given: Sequence[Any],
    targets: Sequence[tuple[int, Tensor]],
    eps: float,
    raise_exception: bool,
) -> bool:
    """Without a differentiable output the numerical gradient has to be zero."""
    for _, item in targets:
        for real, imaginary in numerical_jacobian(func, given, item, eps):
            if np.any(real) or (imaginary is not None and np.any(imaginary)):
                return _fail(
                    raise_exception,
                    "Numerical gradient for function expected to be zero",
                )
    return True


def _check_backward(
    func: Callable[..., Any],
    given: Sequence[Any],
    input_index: int,
    item: Tensor,
    numerical: Sequence[Any],
    atol: float,
    rtol: float,
    nondet_tol: float,
    raise_exception: bool,
) -> bool:
    outputs = _differentiable(_outputs(func(*given)))
    for output_index, output in enumerate(outputs):
        units = _directions(output)
        analytical = _rows(output, item, units)
        again = _rows(output, item, units)
        for one, two in zip(analytical, again, strict=True):
            if not np.allclose(one, two, rtol=0, atol=nondet_tol, equal_nan=True):
                return _fail(
                    raise_exception,
                    "Backward is not reentrant, i.e., running backward with same input and "
                    "grad_output multiple times gives different values, although analytical "
                    "gradient matches numerical gradient.The tolerance for nondeterminism was "
                    f"{nondet_tol}.",
                )
        expected = [_expected_vjp(numerical[output_index], unit) for unit in units]
        a = np.array(analytical).T
        n = np.array(expected).T
        if not np.allclose(a, n, rtol=rtol, atol=atol, equal_nan=True):
            if output.dtype.is_complex or item.dtype.is_complex:
                a, n = (m[:, ::2] if output.dtype.is_complex else m for m in (a, n))
            kind = output.dtype.array if output.dtype.is_complex else item.dtype.array
            return _fail(
                raise_exception,
                f"Jacobian mismatch for output {output_index} with respect to input "
                f"{input_index},\nnumerical:{_text(n.astype(kind))}\n"
                f"analytical:{_text(a.astype(kind))}\n",
            )
    return True


def _rows(output: Tensor, item: Tensor, units: Sequence[Any]) -> list[Any]:
    rows = []
    for unit in units:
        cotangent = make(unit.reshape(shape_of(output))[()], output.dtype)
        (grad,) = api.grad([output], [item], [cotangent], retain_graph=True, allow_unused=True)
        array = np.zeros(shape_of(item), item.dtype.array) if grad is None else grad.array
        rows.append(np.array(array).reshape(-1))
    return rows


def _check_forward(
    func: Callable[..., Any],
    given: Sequence[Any],
    input_index: int,
    item: Tensor,
    numerical: Sequence[Any],
    places: Sequence[int],
    atol: float,
    rtol: float,
    raise_exception: bool,
) -> bool:
    from .forward_ad import dual_level, make_dual, unpack_dual

    count = numel(shape_of(item))
    columns: list[list[Any]] = [[] for _ in places]
    for index in range(count):
        for step in (1, 1j) if item.dtype.is_complex else (1,):
            tangent = np.zeros(count, item.dtype.array)
            tangent[index] = step
            with dual_level():
                dual = make_dual(item, make(tangent.reshape(shape_of(item))[()], item.dtype))
                replaced = [dual if i == input_index else v for i, v in enumerate(given)]
                results = _outputs(func(*replaced))
                for column, place in zip(columns, places, strict=True):
                    pushed = unpack_dual(results[place]).tangent
                    if pushed is None:
                        pushed = constant(shape_of(results[place]), results[place].dtype)
                    column.append(np.array(pushed.array).reshape(-1))
    for output_index, column in enumerate(columns):
        real, imaginary = numerical[output_index]
        if imaginary is None:
            expected = real
        else:
            expected = np.stack([real, imaginary], 1).reshape(-1, real.shape[-1])
        analytical = np.array(column)
        if not np.allclose(analytical, expected, rtol=rtol, atol=atol, equal_nan=True):
            return _fail(
                raise_exception,
                f"Jacobian computed with forward mode mismatch for output {output_index} with "
                f"respect to input {input_index},\nnumerical:{_text(expected)}\n"
                f"analytical:{_text(analytical)}\n",
            )
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """gradcheck of the gradients of `func`: second derivatives against differences."""
    given = _inputs(inputs)
    outputs = _differentiable(_outputs(func(*given)))
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        cotangents = []
        for output in outputs:
            values = rng.standard_normal(shape_of(output))
            if output.dtype.is_complex:
                values = values + 1j * rng.standard_normal(shape_of(output))
            cotangents.append(
                requires_grad_(make(np.asarray(values, output.dtype.array)[()], output.dtype))
            )
    else:
        cotangents = list(_inputs(grad_outputs))
    count = len(cotangents)

    def gradients(*args: Any) -> Any:
        values, directions = args[:-count], args[-count:]
        values = tuple(
            requires_grad_(operations.clone(value))
            if isinstance(value, Tensor)
            and is_leaf(value)
            and fresh_edge(value) is None
            and original is not None
            and fresh_edge(original) is not None
            else value
            for value, original in zip(values, _tensors_of(given), strict=True)
        )
        results = _differentiable(_outputs(func(*values)))
        wanted = [
            value for value in values if isinstance(value, Tensor) and fresh_edge(value) is not None
        ]
        found = api.grad(results, wanted, list(directions), create_graph=True, allow_unused=True)
        return tuple(item for item in found if item is not None)

    return gradcheck(
        gradients,
        (*given, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
    )


def _tensors_of(given: Sequence[Any]) -> list[Any]:
    return [item if isinstance(item, Tensor) else None for item in given]
