"""What a derivative would be if custom Functions left it to the operations of their forwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcli.language.errors.program_error import ProgramError
from gradcli.table.formulas import traced
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor

from .formulas import Derivation, in_language
from .running import Run, in_formulas
from .text import Unwritable
from .tracing import NoFormula, tracing

CLOSE = 1e-2  # of what is found to the differences, relative to the largest of them


def by_operations(
    execute: Callable[[dict[str, Tensor], Callable[[str, Any, int], None]], None],
    given: Mapping[str, Tensor],
    result: str,
    by: str,
    differences: Array,
) -> str:
    """The derivative of the sum of a result by an input, as a text of the language.

    "" where no formula writes it, or where it is not what the differences of the program are.
    """
    try:
        run = Run(execute, given, through=True)
        with tracing():
            total = traced.sum(run.values[result])
        derivation = Derivation(run, total, [in_formulas(by)])
        formula = derivation.gradients()
        parts, where = in_language(formula)
    except (NoFormula, Unwritable, ProgramError, KeyError, RecursionError):
        return ""
    value = formula.values.get(in_formulas(by))
    if value is None or not _close(np.asarray(value.array), differences):
        return ""
    named = "".join(f", where {name} = {text}" for name, text in where.items())
    return parts[in_formulas(by)] + named


def _close(found: Array, differences: Array) -> bool:
    wanted = differences.reshape(found.shape)
    return bool(np.allclose(found, wanted, rtol=0, atol=CLOSE * max(np.abs(wanted).max(), 1e-6)))
