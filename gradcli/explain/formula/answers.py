"""Formulas as what a command or a magic answers: text, LaTeX, or code."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.language.errors.program_error import ProgramError
from gradcli.tensor.dtypes import FLOATING

from .evaluation import differing, overruled
from .formulas import Derivation, Formula, in_language, key_text, written
from .text import Unwritable
from .tracing import NoFormula
from .words import SPELLED

_MAKERS = {
    "grad": "gradients",
    "jvp": "tangents",
    "jacobian": "jacobian",
    "hessian": "hessian",
}
_TITLES = {"grad": "gradient"}


class Answer(NamedTuple):
    """`parts` and `where` are texts by name, `text` all of it for people."""

    kind: str
    form: str
    parts: dict[Any, str]
    where: dict[str, str]
    text: str


def answer(derivation: Derivation, kind: str, form: str) -> Answer:
    """The derivative that a command is named after, in a form. Raises NoFormula."""
    try:
        return _answer(derivation, kind, form)
    except RecursionError:
        raise NoFormula("its parts lie too deep in one another", derivation.y.where) from None


def _answer(derivation: Derivation, kind: str, form: str) -> Answer:
    if derivation.y.tensor.dtype.category < FLOATING:
        raise NoFormula(f"the result is {derivation.y.tensor.dtype.name}, which nothing leads to")
    formula: Formula = getattr(derivation, _MAKERS[kind])()
    first = derivation if kind == "grad" else derivation.again()
    if overruled(first, formula if kind == "grad" else first.gradients()):
        raise NoFormula("a Function's own backward, a hook or a gradient within it makes another")
    try:
        key = differing(formula)
    except ProgramError as error:
        raise NoFormula(f"the text found for it does not run here: {error.error}") from None
    if key is not None:
        at = f" by `{key_text(key)}`" if key else ""
        raise NoFormula(f"the text found for the derivative{at} does not have its value")
    if form in ("numpy", "torch"):
        code = _code(formula, _TITLES.get(kind, kind), form)
        return Answer(kind, form, {"": code}, {}, code)
    if form == "latex":
        from .latex import Latex, latex_name

        parts, where = written(formula, Latex())
        shown = [(latex_name(n) if isinstance(n, str) else n, t) for n, t in where.items()]
        return Answer(kind, form, parts, where, _lines(parts, shown))
    parts, where = in_language(formula)
    return Answer(kind, form, parts, where, _lines(parts, list(where.items())))


def _code(formula: Formula, title: str, form: str) -> str:
    try:
        if form == "numpy":
            from .numpy_code import numpy_code

            return numpy_code(formula, title)
        from .torch_code import torch_code

        return torch_code(formula, title)
    except Unwritable as error:
        what = "NumPy or SciPy" if form == "numpy" else "PyTorch"
        name = SPELLED.get(error.args[0], (error.args[0],))[0].rpartition(".")[2]
        raise NoFormula(f"{what} has no function for {name}") from None


def _lines(parts: dict[Any, str], where: list[tuple[str, str]]) -> str:
    found = [f"{key_text(key)}: {text}" if key else text for key, text in parts.items()]
    for place, (name, text) in enumerate(where):
        found.append(f"{'      ' if place else 'where '}{name} = {text}")
    return "".join(f"{line}\n" for line in found)


def document(found: Answer) -> dict[str, Any]:
    """An answer as JSON."""
    if list(found.parts) == [""]:
        return {"formula": found.parts[""], **({"where": found.where} if found.where else {})}
    parts: dict[str, Any] = {}
    for key, text in found.parts.items():
        if isinstance(key, tuple):
            parts.setdefault(key[0], {})[key[1]] = text
        else:
            parts[key] = text
    return {"formula": parts, **({"where": found.where} if found.where else {})}
