"""What the options of a command mean for many records at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gradcli.cli.programs.file_inputs import tensors
from gradcli.cli.programs.inputs import Given, input_dtype
from gradcli.cli.results.derivatives import given_array, tangent_texts
from gradcli.cli.usage.parse import Options
from gradcli.streams import derivatives
from gradcli.streams.batch import Job, More, Named
from gradcli.streams.forms import Column, Form
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.tensor import Tensor

from .one_record import Derivative, Evaluation, wants_more


def job_of(
    job: Derivative | Evaluation, given: Given, form: Callable[[Any], Form], options: Options
) -> Job:
    """What is done for each record, without options."""
    derivative = None if isinstance(job, Evaluation) else _derivative(job.kind, options)
    beside: Collection[str] = ()
    more = None
    if derivative is not None and wants_more(options):
        beside, more = _more(derivative, options)
    reads = job.runner.reads.union(beside)
    return Job(
        program=job.runner.program,
        session=job.runner.session,
        reads=reads,
        leaves=given.leaves,
        constants=given.constants,
        floating=input_dtype(options),
        convert=lambda record: tensors(record, options, reads),
        results=job.results,
        derivative=derivative,
        wrt=options.wrt,
        form=form,
        beside=beside,
        more=more,
    )


def _more(derivative: derivatives.Derivative, options: Options) -> tuple[Collection[str], More]:
    from gradcli.cli.results.propagation import more_columns, sigma_fields

    def more(value: Tensor, by: Named, beside: Mapping[str, Array]) -> list[Column] | None:
        count = len(value.array)
        return more_columns(value, by, options, beside, lambda by: derivative.directions(by, count))

    return sigma_fields(options), more


def _derivative(kind: str, options: Options) -> derivatives.Derivative:
    def tangents(names: list[str]) -> dict[str, derivatives.Given]:
        texts = tangent_texts(names, options)
        return {name: _value(text, f"--tangent {name}") for name, text in texts.items()}

    cotangent = None
    if options.cotangent:
        cotangent = _value(options.cotangent[0][1], "--cotangent")
    return derivatives.Derivative(kind, cotangent, tangents)


def _value(text: str, what: str) -> Callable[[DType], Array]:
    def array(dtype: DType) -> Any:
        return given_array(text, dtype, what)

    return array
