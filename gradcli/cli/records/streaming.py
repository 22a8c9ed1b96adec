"""What the options of a command mean for many records at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.cli.programs.file_inputs import tensors
from gradcli.cli.programs.inputs import Given, input_dtype
from gradcli.cli.results.derivatives import given_array, tangent_texts
from gradcli.cli.usage.parse import Options
from gradcli.streams import derivatives
from gradcli.streams.batch import Job
from gradcli.streams.forms import Form
from gradcli.tensor.dtypes import Array, DType

from .one_record import Derivative, Evaluation


def job_of(
    job: Derivative | Evaluation, given: Given, form: Callable[[Any], Form], options: Options
) -> Job:
    """What is done for each record, without options."""
    reads = job.runner.reads
    return Job(
        program=job.runner.program,
        session=job.runner.session,
        reads=reads,
        leaves=given.leaves,
        constants=given.constants,
        floating=input_dtype(options),
        convert=lambda record: tensors(record, options, reads),
        results=job.results,
        derivative=None if isinstance(job, Evaluation) else _derivative(job.kind, options),
        wrt=options.wrt,
        form=form,
    )


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
