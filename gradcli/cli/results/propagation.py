"""What `grad` answers besides gradients: `--sigma`, `--elasticity` and `--taylor`."""

from __future__ import annotations

from collections.abc import Iterable
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
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.tensor import Tensor, constant, numel, shape_of

from .derivatives import placed, tangents_of

Named = dict[str, Tensor]


def more(value: Tensor, by: Named, options: Options, record: Iterable[str]) -> dict[str, Any]:
    """The members that are added to a document. Raises Failure.

    `record` has the fields of the record, or of the files, that sigmas may name.
    """
    found: dict[str, Any] = {}
    try:
        if options.sigma:
            fields = record if isinstance(record, dict) else {}
            sigmas = _sigmas(value, by, options, fields)
            total, parts = propagation.shares(propagation.variances(value, by, sigmas))
            real = value.dtype.to_real()
            found["sigma"] = _typed(total, real)
            found["shares"] = {name: _typed(part, real) for name, part in parts.items()}
        if options.elasticity:
            elasticities = propagation.elasticities(value, by)
            found["elasticity"] = {
                name: _typed(array, by[name].dtype) for name, array in elasticities.items()
            }
        if options.taylor:
            found["taylor"] = _taylor(value, by, options)
    except RuntimeError as error:
        raise placed(Failure(RAISED, str(error), type="RuntimeError"), value) from None
    return found


def _typed(array: Any, dtype: DType) -> Typed:
    return Typed(np.asarray(array, dtype.array)[()], dtype)


def _sigmas(value: Tensor, by: Named, options: Options, fields: dict[str, Any]) -> dict[str, Array]:
    """The standard deviations by input. Raises UsageError and Failure."""
    chosen([name for name, _ in options.sigma], by, "--sigma", "input that requires grad")
    found = {}
    for name, text in options.sigma:
        what = f"--sigma {name}"
        real = by[name].dtype.to_real()
        given = _field(text, fields, what) if text.startswith(".") else literal(text, what)
        if isinstance(given, Tensor):
            array = np.asarray(given.array, real.array)
        else:
            try:
                array = to_array(given, real, infer=False, path=what)[0].astype(real.array)
            except DataError as error:
                raise Failure(USAGE, str(error), code="data", help=error.help) from None
        if array.shape not in ((), shape_of(by[name])):
            raise Failure(
                USAGE,
                f"{what} has the shape {list(array.shape)}, and `{name}` has "
                f"{list(shape_of(by[name]))}",
                code="data",
                help="one number stands for all elements",
            )
        if (array < 0).any():
            raise Failure(USAGE, f"{what}: a standard deviation is not negative", code="data")
        found[name] = array
    return found


def _field(text: str, fields: dict[str, Any], what: str) -> Any:
    try:
        return Path(text).of(fields)
    except DataError as error:
        message = f"{what}: {error}"
        raise Failure(USAGE, message, code="data", help=error.help) from None


def _taylor(value: Tensor, by: Named, options: Options) -> Any:
    """Coefficients along `--tangent`, or along each input by itself."""
    order = options.taylor
    assert order is not None
    if options.tangent:
        return coefficients(value, list(by.values()), tangents_of(by, options), order)
    for name, x in by.items():
        if numel(shape_of(x)) != 1:
            raise UsageError(
                f"--taylor: `{name}` has {numel(shape_of(x))} elements",
                f"say along which direction: --tangent {name}=[…]",
            )
    return {
        name: coefficients(value, [x], [constant(shape_of(x), x.dtype, 1)], order)
        for name, x in by.items()
    }
