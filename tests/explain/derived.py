"""Formulas of texts, beside what the engine executes for them; shared by tests and recorder."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import gradcli.torch  # noqa: F401  (Tensor's methods)
from gradcli.autograd.leaf import requires_grad_
from gradcli.cli.programs.sources import Text
from gradcli.cli.programs.subject import TextSubject
from gradcli.cli.usage.parse import parse
from gradcli.explain.formula.formulas import Derivation, Formula, in_language
from gradcli.explain.formula.running import Run
from gradcli.func import recorded
from gradcli.language.syntax.source import Source
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make


def tensor(value: Any, leaf: bool) -> Tensor:
    """A value as an input: of float64 where it is differentiated."""
    array = np.asarray(value)
    if leaf:
        return requires_grad_(make(np.array(array, np.float64)[()], dtypes.float64))
    return make(array[()], dtypes.FROM_ARRAY[array.dtype])


class Case:
    """A text with its inputs, `given` those that are differentiated and `const` the others."""

    def __init__(self, text: str, given: dict[str, Any], const: dict[str, Any]) -> None:
        self.text = text
        self.given = given
        self.const = const

    def _subject(self) -> tuple[TextSubject, dict[str, Tensor]]:
        dtypes.default.dtype = dtypes.float64
        kind = "program" if "\n" in self.text else "expression"
        subject = TextSubject(Text(Source(self.text, kind), kind), parse(["grad", "x"]), "")
        inputs = {name: tensor(value, True) for name, value in self.given.items()}
        inputs |= {name: tensor(value, False) for name, value in self.const.items()}
        subject.inputs = dict(inputs)
        return subject, inputs

    def derivation(self) -> Derivation:
        """The text run on symbols. Raises NoFormula."""
        subject, inputs = self._subject()
        run = Run(subject.run, inputs)
        return Derivation(run, run.values[""], list(self.given))

    def recorded(self) -> tuple[Tensor, dict[str, Tensor]]:
        """The result on its graph, and the inputs that are differentiated."""
        subject, inputs = self._subject()
        seen: dict[str, Any] = {}
        subject.run(inputs, lambda name, value, place: seen.update({name: value}))
        return seen[""], {name: inputs[name] for name in self.given}

    def executed(self, kind: str = "grad") -> list[Any]:
        """The gradients, or the second derivatives by pairs, as the engine computes them."""
        y, inputs = self.recorded()
        by = list(inputs.values())
        if kind == "hessian":
            return [np.asarray(b.array) for row in recorded.hessian(y, by) for b in row]
        found = recorded.gradients([y], by)
        return [
            np.zeros(np.shape(value)) if item is None else np.asarray(item.array)
            for item, value in zip(found, self.given.values(), strict=True)
        ]

    def values(self) -> dict[str, Tensor]:
        """All inputs, none of them on a graph."""
        return {name: tensor(value, False) for name, value in {**self.given, **self.const}.items()}


def arrays(found: Any) -> list[Any]:
    """The values of formulas as arrays."""
    return [np.asarray(item.array if type(item) is Tensor else item) for item in found]


def close(found: Any, wanted: Any, tolerance: float) -> bool:
    """Whether a value, which may be one number for all elements, is what was executed."""
    found = np.asarray(found)
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0)))
    shapes = found.shape == wanted.shape or found.shape == ()
    return shapes and bool(np.allclose(found, wanted, rtol=tolerance, atol=tolerance * scale))


def compiled(code: str, name: str, **modules: Any) -> Any:
    """The function in emitted code."""
    space: dict[str, Any] = dict(modules)
    exec(code, space)
    return space[name]


def arguments_of(function: Any, case: Case) -> list[Any]:
    """The inputs of a case in the order of a function's parameters."""
    known = {**case.given, **case.const}
    return [known[name] for name in inspect.signature(function).parameters]


__all__ = ["Case", "Formula", "arguments_of", "arrays", "close", "compiled", "in_language"]
