"""Formulas of the table's entries, from their samples, beside the executed gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from derived import compiled
from table_cases import mapped

from gradcli.autograd.engine import fitted
from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import no_grad, requires_grad
from gradcli.explain.formula.evaluation import evaluated
from gradcli.explain.formula.formulas import Derivation, Formula, in_language
from gradcli.explain.formula.local import step_formulas
from gradcli.explain.formula.numpy_code import numpy_code
from gradcli.explain.formula.running import Run
from gradcli.explain.formula.symbols import bare
from gradcli.explain.formula.text import Unwritable
from gradcli.explain.formula.tracing import named, tracing
from gradcli.func.recorded import gradients
from gradcli.render.names import Names
from gradcli.table.call.record import MixedOpNode, OpNode
from gradcli.table.entry import Op, settled
from gradcli.table.samples import Sample
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, alias, constant, make

NAMES = "abcdefhijklmnopq"


class Found(NamedTuple):
    """The formula by one input of a sample, its value, and what was executed."""

    text: str
    where: dict[str, str]
    value: Any
    executed: Any


class Derived(NamedTuple):
    """The formulas of a sample by every input, as one, and with what they are computed from."""

    formula: Formula
    values: dict[str, Any]
    found: list[Found]

    def by_numpy(self) -> list[Any] | None:
        """What the emitted NumPy code gives; None where NumPy has no such functions."""
        try:
            code = numpy_code(self.formula, "gradient")
        except Unwritable:
            return None
        function = compiled(code, "gradient")
        names = inspect.signature(function).parameters
        result = function(*(self.values[name] for name in names))
        return list(result.values()) if isinstance(result, dict) else [result]


def formulas(op: Op, sample: Sample) -> Derived | None:
    """The formulas of the first differentiable output by every input; None where there is none.

    Raises NoFormula.
    """
    given: dict[str, Tensor] = {}
    arguments, keywords = mapped(sample, _copies(given))
    executed = _outputs(settled(op)(*arguments, **keywords))
    places = [i for i, y in enumerate(executed) if type(y) is Tensor and requires_grad(y)]
    if not places:
        return None
    run = Run(lambda replaced, observe: None, {})

    def symbolic(value: Tensor) -> Tensor:
        name = next(name for name, known in given.items() if known is value)
        found = alias(value)
        found.node, found.meta = value.node, value.meta
        run.leaves[name] = named(found, name)
        return found

    traced_arguments, traced_keywords = mapped(Sample(tuple(arguments), keywords), symbolic)
    with tracing():
        outputs = _outputs(settled(op)(*traced_arguments, **traced_keywords))
    by = [name for name, value in given.items() if requires_grad(value)]
    derivation = Derivation(run, outputs[places[0]], by)
    formula = derivation.gradients()
    parts, where = in_language(formula)
    values = {name: make(value.array, value.dtype) for name, value in given.items()}
    cotangents = None
    for name, symbol in derivation.extra.items():
        values[name] = bare(symbol.tensor)
        cotangents = [values[name]]
    found = evaluated(parts, where, values)
    wanted = gradients([executed[places[0]]], [given[name] for name in by], cotangents)
    listed = [
        Found(
            text,
            where,
            np.asarray(value.array if type(value) is Tensor else value),
            np.zeros(given[name].array.shape) if slope is None else np.asarray(slope.array),
        )
        for name, text, value, slope in zip(by, parts.values(), found, wanted, strict=True)
    ]
    return Derived(formula, {n: np.asarray(t.array) for n, t in values.items()}, listed)


def _copies(given: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
    """What makes leaves of the values of a sample, and enters them into `given` by names."""

    def copied(value: Tensor) -> Tensor:
        found = make(value.array, value.dtype)
        if value.dtype.category >= 2:
            requires_grad_(found)
        given[NAMES[len(given)]] = found
        return found

    return copied


def _outputs(found: Any) -> list[Any]:
    return [found] if type(found) is Tensor else list(found)


def steps(op: Op, sample: Sample) -> list[tuple[str, dict[str, Any], Any]]:
    """What explanations say of the step that an entry makes: for every input the text, what the
    names in it stand for where that is known, and the executed contribution of ones."""
    given: dict[str, Tensor] = {}
    runtime.where = 0  # no text of a program makes it
    arguments, keywords = mapped(sample, _copies(given))
    outputs = _outputs(settled(op)(*arguments, **keywords))
    live = [y for y in outputs if type(y) is Tensor and requires_grad(y)]
    if not live or type(live[0].node) not in (OpNode, MixedOpNode):
        return []
    node = live[0].node
    names = Names(given)
    if node.count != 1:
        return []
    ones = constant(node.shape, node.dtype, 1)
    with no_grad():
        executed = node.apply(ones, None, True)
    found = []
    for place, slope in enumerate(executed):
        if slope is not None and node.edges[place] is not None:
            text = step_formulas(node, [place], names)[0]
            wanted = fitted(node.edges[place], 0, slope, node, executed)
            values = {name: make(value.array, value.dtype) for name, value in given.items()}
            plain = [make(y.array, y.dtype) if type(y) is Tensor else y for y in outputs]
            values |= {"g": ones, "out": plain[0] if op.outputs == 1 else plain}
            found.append((text, values, np.asarray(wanted.array)))
    return found
