"""gradcheck and gradgradcheck: derivatives against finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import dtypes, random
from ..tensor.generator import Generator
from ..tensor.tensor import Tensor, constant, make, numel, own_memory, shape_of, version_of
from . import api
from .leaf import fresh_edge, is_leaf, requires_grad_
from .operations import operations


class GradcheckError(RuntimeError):
    """A derivative that does not agree."""

    __module__ = "torch.autograd.gradcheck"

    published = True


def _outputs(result: Any) -> list[Tensor]:
    """The results of a function. Raises AttributeError for what is no tensor, as PyTorch does."""
    items = list(result) if isinstance(result, tuple | list) else [result]
    for item in items:
        if not isinstance(item, Tensor):
            raise AttributeError(f"{type(item).__name__!r} object has no attribute 'requires_grad'")
    return items


def _differentiable(outputs: Sequence[Tensor]) -> list[Tensor]:
    return [output for output in outputs if fresh_edge(output) is not None]


def _inputs(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


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


def _text(array: Any) -> str:
    from ..tensor.printing import tensor_text
    from ..tensor.tensor import from_array

    tensor = from_array(np.asarray(array))
    return tensor_text(tensor.array, tensor.dtype)


class _Settings:
    """How close is close, and what is tested besides."""

    __slots__ = ("atol", "eps", "nondet_tol", "rtol")

    def __init__(self, eps: float, atol: float, rtol: float, nondet_tol: float) -> None:
        self.eps = eps
        self.atol = atol
        self.rtol = rtol
        self.nondet_tol = nondet_tol

    def close(self, analytical: Any, numerical: Any) -> bool:
        """Whether all elements agree within `atol + rtol * |numerical|`."""
        return bool(
            np.allclose(analytical, numerical, rtol=self.rtol, atol=self.atol, equal_nan=True)
        )


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

    With `fast_mode` one random combination of the elements is compared. Raises GradcheckError (or
    returns False) at the first that differ by more than `atol + rtol * |numerical|`, ValueError
    when no input requires grad, and RuntimeError for an input whose elements share memory.
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    settings = _Settings(eps, atol, rtol, nondet_tol)
    given = _inputs(inputs)
    try:
        targets = _targets(given)
        result = func(*given)
        outputs = _differentiable(_outputs(result))
        if check_backward_ad:
            for part, function in _parts(func, _outputs(result)):
                _check_backward(function, given, targets, settings, part, fast_mode)
        if check_forward_ad:
            _check_forward(func, given, targets, settings)
        if check_backward_ad:
            _check_zero_cotangents(outputs, targets)
            if check_undefined_grad:
                _check_undefined(func, given, targets)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _targets(given: Sequence[Any]) -> list[tuple[int, Tensor]]:
    """The inputs that are differentiated, with their places among all."""
    targets = []
    for index, item in enumerate(given):
        if not isinstance(item, Tensor) or fresh_edge(item) is None:
            continue
        if item.dtype.name not in ("float64", "complex128"):
            warnings.warn(
                f"Input #{index} requires gradient and is not a double precision floating point "
                "or complex. This check will likely fail if all the inputs are not of double "
                "precision floating point or complex. ",
                UserWarning,
                stacklevel=2,
            )
        array = np.asarray(own_memory(item))
        pairs = zip(array.strides, array.shape, strict=True)
        if not all(stride > 0 or length <= 1 for stride, length in pairs):
            raise RuntimeError(
                f"The {index}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
        targets.append((index, item))
    if not targets:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of "
            "them have requires_grad=True."
        )
    return targets


def _parts(func: Callable[..., Any], outputs: Sequence[Tensor]) -> list[tuple[str, Any]]:
    """The function, or the imaginary and the real parts of one with complex outputs."""
    if not any(output.dtype.is_complex for output in outputs):
        return [("", func)]

    def part(name: str) -> Callable[..., Any]:
        return lambda *args: [
            getattr(item, name) if item.dtype.is_complex else item for item in _outputs(func(*args))
        ]

    return [("imaginary", part("imag")), ("real", part("real"))]


def _mismatch(
    part: str, output_index: int, input_index: int, numerical: str, analytical: str, mode: str = ""
) -> GradcheckError:
    prefix = f"While considering the {part} part of complex outputs only, " if part else ""
    return GradcheckError(
        f"{prefix}Jacobian {mode}mismatch for output {output_index} with respect to input "
        f"{input_index},\nnumerical:{numerical}\nanalytical:{analytical}\n"
    )


def _check_backward(
    func: Callable[..., Any],
    given: Sequence[Any],
    targets: Sequence[tuple[int, Tensor]],
    settings: _Settings,
    part: str,
    fast: bool,
) -> None:
    results = _outputs(func(*given))
    outputs = _differentiable(results)
    places = [i for i, item in enumerate(results) if fresh_edge(item) is not None]
    if fast and outputs and not any(item.dtype.is_complex for _, item in targets):
        _check_fast(func, given, targets, outputs, places, settings, part)
        return
    numerical = [numerical_jacobian(func, given, item, settings.eps) for _, item in targets]
    if not outputs:
        # Without a differentiable output the numerical gradient has to be zero.
        floating = [item.dtype.category >= dtypes.FLOATING for item in results]
        jacobians = [
            found[i] for found in numerical for i, is_real in enumerate(floating) if is_real
        ]
        for real, imaginary in jacobians:
            if np.any(real) or (imaginary is not None and np.any(imaginary)):
                raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    for output_index, (place, output) in enumerate(zip(places, outputs, strict=True)):
        units = _directions(output)
        rows = [_rows(output, item, units) for _, item in targets]
        again = [_rows(output, item, units) for _, item in targets]
        if not np.allclose(
            _joined(rows), _joined(again), rtol=0, atol=settings.nondet_tol, equal_nan=True
        ):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and "
                "grad_output multiple times gives different values, although analytical "
                "gradient matches numerical gradient.The tolerance for nondeterminism was "
                f"{settings.nondet_tol}."
            )
        for number, (input_index, item) in enumerate(targets):
            expected = [_expected_vjp(numerical[number][place], unit) for unit in units]
            shape = (numel(shape_of(item)), len(units))
            a = np.array(rows[number]).T.reshape(shape)
            n = np.array(expected).T.reshape(shape)
            if not settings.close(a, n):
                kind = item.dtype.array
                raise _mismatch(
                    part,
                    output_index,
                    input_index,
                    _text(n.astype(kind)),
                    _text(a.astype(kind)),
                )


def _joined(rows: Sequence[Sequence[Any]]) -> Any:
    return np.concatenate([row for some in rows for row in some] or [np.zeros(0)])


def _rows(output: Tensor, item: Tensor, units: Sequence[Any]) -> list[Any]:
    rows = []
    for unit in units:
        cotangent = make(unit.reshape(shape_of(output))[()], output.dtype)
        (grad,) = api.grad([output], [item], [cotangent], retain_graph=True, allow_unused=True)
        array = np.zeros(shape_of(item), item.dtype.array) if grad is None else grad.array
        rows.append(np.array(array).reshape(-1))
    return rows


def _check_fast(
    func: Callable[..., Any],
    given: Sequence[Any],
    targets: Sequence[tuple[int, Tensor]],
    outputs: Sequence[Tensor],
    places: Sequence[int],
    settings: _Settings,
    part: str,
) -> None:
    """Compare v J u for one random v and u, drawn as PyTorch draws them.

    The tolerance is that of all elements together: `atol` times the sums of u and v.
    """
    source = Generator()

    def drawn(tensor: Tensor) -> Any:
        count = numel(shape_of(tensor))
        values = random.rand((count,), dtypes.float32, generator=source)
        values = np.asarray(values, tensor.dtype.array)
        return values / np.linalg.norm(values)

    us = [drawn(item) for _, item in targets]
    vs = [drawn(output) for output in outputs]
    for (input_index, item), u in zip(targets, us, strict=True):
        moved = _along(func, given, item, u, settings.eps)
        for output_index, (place, v) in enumerate(zip(places, vs, strict=True)):
            numerical = moved[place] @ v
            (row,) = _rows(outputs[output_index], item, [v])
            analytical = row @ u
            scaled = settings.atol * float(u.sum()) * float(v.sum())
            if abs(analytical - numerical) <= scaled + settings.rtol * abs(numerical):
                continue
            slow = numerical_jacobian(func, given, item, settings.eps)[place][0]
            units = _directions(outputs[output_index])
            exact = np.array(_rows(outputs[output_index], item, units)).T
            error = _mismatch(part, output_index, input_index, str(numerical), str(analytical))
            raise GradcheckError(f"{error}{_slowly(slow, exact, settings)}")


def _along(
    func: Callable[..., Any], given: Sequence[Any], item: Tensor, u: Any, eps: float
) -> list[Any]:
    """Central differences of every output along one direction of an input."""
    array = own_memory(item)
    old = np.array(array)
    step = np.reshape(u, old.shape) * eps
    version = version_of(item)
    clock = version.clock
    found = []
    for moved in (old + step, old - step):
        array[...] = moved
        found.append([np.array(o.array).reshape(-1) for o in _outputs(func(*given))])
    array[...] = old
    version.clock = clock
    return [(high - low) / (2 * eps) for high, low in zip(*found, strict=True)]


_WOULD_PASS = """\
Fast gradcheck failed but element-wise differences are small. This means that the
test might've passed in slow_mode!

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck:

If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `fast_mode=False` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_fast_mode=False`
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_fast_mode=False`"""


def _slowly(numerical: Any, analytical: Any, settings: _Settings) -> str:
    """What the failure of a fast comparison says of the elements."""
    text = (
        "\nThe above quantities relating the numerical and analytical jacobians are computed \n"
        "in fast mode. See: https://github.com/pytorch/pytorch/issues/53876 for more background \n"
        "about fast mode. Below, we recompute numerical and analytical jacobians in slow mode:\n\n"
        f"Numerical:\n {_text(numerical)}\nAnalytical:\n{_text(analytical)}\n\n"
        f"The max per-element difference (slow mode) is: {np.abs(numerical - analytical).max()}.\n"
    )
    return text + _WOULD_PASS if settings.close(analytical, numerical) else text


def _check_zero_cotangents(
    outputs: Sequence[Tensor], targets: Sequence[tuple[int, Tensor]]
) -> None:
    """Gradients for cotangents of zero have to be zero."""
    if not outputs:
        return
    zeros = [constant(shape_of(output), output.dtype) for output in outputs]
    inputs = [item for _, item in targets]
    for grad in api.grad(outputs, inputs, zeros, retain_graph=True, allow_unused=True):
        if grad is not None and np.any(grad.array != 0):
            raise GradcheckError("backward not multiplied by grad_output")


def _check_undefined(
    func: Callable[..., Any], given: Sequence[Any], targets: Sequence[tuple[int, Tensor]]
) -> None:
    """The backward functions have to do with the gradients of some outputs alone."""
    inputs = [item for _, item in targets]
    count = len(_differentiable(_outputs(func(*given))))
    for missing in range(count if count > 1 else 0):
        outputs = _differentiable(_outputs(func(*given)))
        del outputs[missing]
        zeros = [constant(shape_of(output), output.dtype) for output in outputs]
        try:
            grads = api.grad(outputs, inputs, zeros, allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError(
                "Expected backward function to handle undefined output grads. Please look at "
                '"Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
            ) from error
        if any(grad is not None and np.any(grad.array != 0) for grad in grads):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are "
                'undefined or zero. Please look at "Notes about undefined output gradients" in '
                '"tools/autograd/derivatives.yaml"'
            )


def _check_forward(
    func: Callable[..., Any],
    given: Sequence[Any],
    targets: Sequence[tuple[int, Tensor]],
    settings: _Settings,
) -> None:
    from .forward_ad import dual_level, make_dual, unpack_dual

    results = _outputs(func(*given))
    places = [i for i, item in enumerate(results) if fresh_edge(item) is not None]
    for input_index, item in targets:
        numerical = numerical_jacobian(func, given, item, settings.eps)
        count = numel(shape_of(item))
        columns: list[list[Any]] = [[] for _ in places]
        for index in range(count):
            for step in (1, 1j) if item.dtype.is_complex else (1,):
                tangent = np.zeros(count, item.dtype.array)
                tangent[index] = step
                with dual_level():
                    dual = make_dual(item, make(tangent.reshape(shape_of(item))[()], item.dtype))
                    replaced = [dual if i == input_index else v for i, v in enumerate(given)]
                    found = _outputs(func(*replaced))
                    for column, place in zip(columns, places, strict=True):
                        pushed = unpack_dual(found[place]).tangent
                        if pushed is None:
                            pushed = constant(shape_of(found[place]), found[place].dtype)
                        column.append(np.array(pushed.array).reshape(-1))
        for output_index, (place, column) in enumerate(zip(places, columns, strict=True)):
            real, imaginary = numerical[place]
            expected = real
            if imaginary is not None:
                expected = np.stack([real, imaginary], 1).reshape(-1, real.shape[-1])
            analytical = np.array(column)
            if not settings.close(analytical, expected):
                raise _mismatch(
                    "",
                    output_index,
                    input_index,
                    _text(expected),
                    _text(analytical),
                    "computed with forward mode ",
                )


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
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    given = _inputs(inputs)
    outputs = _differentiable(_outputs(func(*given)))
    if grad_outputs is None:
        cotangents = [_drawn(output, gen_non_contig_grad_outputs) for output in outputs]
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
        check_undefined_grad=check_undefined_grad,
        fast_mode=fast_mode,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
    )


def _drawn(like: Tensor, gaps: bool) -> Tensor:
    """A random cotangent of [-1, 1) that requires grad; `gaps` leaves out every second."""
    shape = shape_of(like)
    count = numel(shape)
    if gaps and count > 1:
        values = random.uniform((2 * count,), like.dtype, -1.0, 1.0)[1::2].reshape(shape)
    else:
        values = random.uniform(shape, like.dtype, -1.0, 1.0)
    return requires_grad_(make(values[()], like.dtype))


def _tensors_of(given: Sequence[Any]) -> list[Any]:
    return [item if isinstance(item, Tensor) else None for item in given]
