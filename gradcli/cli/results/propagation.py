"""What `grad` answers besides gradients: `--sigma`, `--elasticity` and `--taylor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcli.calculus import propagation
from gradcli.calculus.taylor import coefficients
from gradcli.cli.process.report import RAISED, USAGE, Failure
from gradcli.cli.programs.inputs import literal
from gradcli.cli.programs.runner import chosen
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.errors import DataError
from gradcli.io.paths import Path
from gradcli.io.values import to_array
from gradcli.io.write import Typed
from gradcli.kernels.refusals import blaming
from gradcli.streams.derivatives import MOST_ROWS
from gradcli.streams.forms import Column
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.tensor import Tensor, constant, numel, shape_of

from .derivatives import placed, tangents_of

Named = dict[str, Tensor]
Field = Callable[[str, str, DType], Any]  # what a field has for the sigma of an input


def more(value: Tensor, by: Named, options: Options, record: Iterable[str]) -> dict[str, Any]:
    """The members that are added to a document. Raises Failure.

    `record` has the fields of the record, or of the files, that sigmas may name.
    """
    fields = record if isinstance(record, dict) else {}

    def field(name: str, path: str, real: DType) -> Array:
        what = f"--sigma {name}"
        try:
            given = Path(path).of(fields)
        except DataError as error:
            message = f"{what}: {error}"
            raise Failure(USAGE, message, code="data", help=error.help) from None
        return _array(given, real, what)

    directions = tangents_of(by, options) if options.taylor and options.tangent else None
    try:
        return _members(value, by, options, field, directions, batched=False)
    except RuntimeError as error:
        raise placed(Failure(RAISED, str(error), type="RuntimeError"), value) from None


def sigma_fields(options: Options) -> dict[str, Path]:
    """The fields that have standard deviations, by the names under which records carry them.

    Raises UsageError for what is no path.
    """
    try:
        return {_carried(name): Path(text) for name, text in options.sigma if _is_path(text)}
    except DataError as error:
        raise UsageError(f"--sigma: {error}", error.help) from None


def _is_path(text: str) -> bool:
    """Whether `--sigma` names a field: `.5` is a number."""
    return text.startswith(".") and not text[1:2].isdigit()


def _carried(name: str) -> str:
    return f"--sigma {name}"


def more_columns(
    value: Tensor,
    by: Named,
    options: Options,
    fields: Mapping[str, Array],
    along: Callable[[Named], list[Tensor] | None],
) -> list[Column] | None:
    """The tensors of the same members for many records at once, in their order.

    The first axis of all tensors has the records; `fields` has the columns of `sigma_fields`, and
    `along` makes a direction for each record. None where records go one by one. Raises what they
    raise.
    """
    if numel(shape_of(value)[1:]) > MOST_ROWS:
        return None
    if any(_is_path(text) and _carried(name) not in fields for name, text in options.sigma):
        return None

    def field(name: str, path: str, real: DType) -> Array:
        return real.cast(fields[_carried(name)])

    directions = None
    if options.taylor and options.tangent:
        directions = along(by)
        if directions is None:
            return None
    return list(_tensors(_members(value, by, options, field, directions, batched=True)))


def _tensors(members: Mapping[str, Any]) -> Iterable[Column]:
    for member in members.values():
        if isinstance(member, Typed):
            yield member.array, member.dtype
        else:
            yield from _tensors(member)


def _members(
    value: Tensor,
    by: Named,
    options: Options,
    field: Field,
    directions: list[Tensor] | None,
    batched: bool,
) -> dict[str, Any]:
    """The members for one record, or for all along the first axis."""
    found: dict[str, Any] = {}
    if options.sigma:
        sigmas = _sigmas(by, options, field, batched)
        parts = propagation.variances(value, by, sigmas, batched)
        total, shares = propagation.shares(parts)
        real = value.dtype.to_real()
        found["sigma"] = _typed(total, real)
        found["shares"] = {name: _typed(part, real) for name, part in shares.items()}
    if options.elasticity:
        elasticities = propagation.elasticities(value, by, batched)
        found["elasticity"] = {
            name: _typed(array, by[name].dtype) for name, array in elasticities.items()
        }
    if options.taylor:
        found["taylor"] = _taylor(value, by, options.taylor, directions, batched)
    return found


def _typed(array: Any, dtype: DType) -> Typed:
    return Typed(np.asarray(array, dtype.array)[()], dtype)


def _sigmas(by: Named, options: Options, field: Field, batched: bool) -> dict[str, Array]:
    """The standard deviations by input, each spread over it. Raises UsageError and Failure."""
    chosen([name for name, _ in options.sigma], by, "--sigma", "input that requires grad")
    found = {}
    for name, text in options.sigma:
        what = f"--sigma {name}"
        shape = shape_of(by[name])
        real = by[name].dtype.to_real()
        if _is_path(text):
            array = field(name, text, real)
            own = array.shape[batched:]
        else:
            given = literal(text, what)
            tensor = isinstance(given, Tensor)
            array = real.cast(np.asarray(given.array)) if tensor else _array(given, real, what)
            own = array.shape
        if own not in ((), shape[batched:]):
            raise Failure(
                USAGE,
                f"{what} has the shape {list(own)}, and `{name}` has {list(shape[batched:])}",
                code="data",
                help="one number stands for all elements",
            )
        negative = array < 0
        if negative.any():
            failure = Failure(USAGE, f"{what}: a standard deviation is not negative", code="data")
            raise blaming(failure, negative.view)
        if array.shape != own:  # a number for each record
            array = array.reshape(*array.shape, *[1] * (len(shape) - array.ndim))
        found[name] = array
    return found


def _array(given: Any, real: DType, what: str) -> Array:
    """A value as an array of real numbers. Raises Failure."""
    try:
        return np.asarray(to_array(given, real, infer=False, path=what)[0], real.array)
    except DataError as error:
        raise Failure(USAGE, str(error), code="data", help=error.help) from None


def _taylor(
    value: Tensor, by: Named, order: int, directions: list[Tensor] | None, batched: bool
) -> Any:
    """Coefficients in a direction, or along each input by itself."""
    if directions is not None:
        found = coefficients(value, list(by.values()), directions, order, batched)
        return Typed(found, value.dtype)
    for name, x in by.items():
        size = numel(shape_of(x)[batched:])
        if size != 1:
            raise UsageError(
                f"--taylor: `{name}` has {size} elements",
                f"say along which direction: --tangent {name}=[…]",
            )
    along = {name: [constant(shape_of(x), x.dtype, 1)] for name, x in by.items()}
    return {
        name: Typed(coefficients(value, [x], along[name], order, batched), value.dtype)
        for name, x in by.items()
    }
