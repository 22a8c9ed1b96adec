"""Formulas run as programs: what the text gives, beside what was executed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcli.autograd.modes import no_grad
from gradcli.explain.readable import readable
from gradcli.func.recorded import gradients
from gradcli.language.interpreter import Program, Session
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.tensor import dtypes
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, shape_of

from .formulas import Derivation, Formula, in_language
from .symbols import bare

_CLOSE = {dtypes.float64: 1e-8, dtypes.complex128: 1e-8}


def evaluated(
    parts: Mapping[Any, str], where: Mapping[str, str], given: Mapping[str, Tensor]
) -> Any:
    """The values of formulas as the language computes them, in the order of `parts`."""
    lines = [f"{name} = {text}\n" for name, text in where.items()]
    source = Source(f"{''.join(lines)}[{', '.join(parts.values())}]\n", "formula")
    program = Program(source, parse(source), "calculator")
    where_now = runtime.where
    try:
        with no_grad():
            return Session().run(program, dict(given)).value  # not afresh: settings stay
    finally:
        runtime.where = where_now


def overruled(derivation: Derivation, formula: Formula) -> bool:
    """Whether the engine's gradients are not those of the operations: a Function's own backward
    or a hook has made them."""
    result = bare(derivation.result)
    try:
        with readable(result):
            executed = gradients(
                [result],
                [bare(symbol.tensor) for symbol in derivation.by.values()],
                [bare(symbol.tensor) for symbol in derivation.extra.values()] or None,
            )
    except (RuntimeError, TypeError, ValueError):  # of the program's own backward
        return True
    for name, slope in zip(derivation.by, executed, strict=True):
        found = formula.values.get(name)
        one = slope if found is None else found
        if slope is None or found is None:
            if one is not None and np.any(np.asarray(one.array)):
                return True
        elif not agrees(found, slope):
            return True
    return False


def differing(formula: Formula) -> Any:
    """The key of a formula whose text gives another value than was executed; None without one."""
    parts, where = in_language(formula)
    given = {name: bare(symbol.tensor) for name, symbol in formula.given.items()}
    found = evaluated(parts, where, {n: t for n, t in given.items() if n.isidentifier()})
    for key, value in zip(formula.parts, found, strict=True):
        tensor = formula.values.get(key)
        if tensor is None:
            continue
        column = formula.columns.get(key)
        if column is not None:
            value = np.swapaxes(np.asarray(value.array), 0, 1) @ column.tensor.array
        if not agrees(value, tensor):
            return key
    return None


def agrees(found: Any, executed: Tensor) -> bool:
    """Whether a formula's value is the executed one, within the rounding of its dtype."""
    value = np.asarray(found.array if type(found) is Tensor else found)
    wanted = np.asarray(executed.array)
    if value.shape != wanted.shape and value.shape != ():
        return False
    close = _CLOSE.get(executed.dtype, 1e-3 if executed.dtype.raw else 1e-1)
    finite = np.abs(wanted[np.isfinite(wanted)])
    scale = float(finite.max()) if finite.size else 1.0
    return bool(
        np.allclose(value, wanted, rtol=close, atol=close * max(scale, 1e-6), equal_nan=True)
    )


__all__ = ["agrees", "differing", "evaluated", "shape_of"]
