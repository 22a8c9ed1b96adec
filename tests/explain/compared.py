"""Formulas of random texts beside the executed derivatives; shared by tests and recorder."""

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import Any, NamedTuple

import numpy as np
from derived import Case, arguments_of, arrays, close, compiled, in_language
from random_texts import expression, program, smooth

from gradcli.explain.formula.differentiation import calls_to
from gradcli.explain.formula.evaluation import evaluated
from gradcli.explain.formula.numpy_code import numpy_code
from gradcli.explain.formula.torch_code import torch_code
from gradcli.explain.formula.tracing import NoFormula

BOOK = json.loads(
    (pathlib.Path(__file__).parent / "formula" / "textbook.json").read_text(encoding="utf-8")
)


def textbook(number: int) -> Case:
    """A derivative that a textbook or a course has."""
    row = BOOK[number]
    return Case(row["of"], row["set"], row["const"])


# What is compared: how the texts are made, and how many of them.
CASES: dict[str, tuple[Any, int]] = {
    "expressions": (expression, 500),
    "programs": (program, 200),
    "second derivatives": (smooth, 100),
    "textbook": (textbook, len(BOOK)),
}
_TOLERANCE = {"second derivatives": 1e-7}


class Compared(NamedTuple):
    """A text, what is executed for it, the code for PyTorch, and how the rest compares.

    `verdict` is "equal", "here" or "NumPy" for where it differs, "not finite" where what was
    executed is not, or why there is no formula.
    """

    case: Case
    executed: list[Any]
    torch_code: str
    title: str
    close: float
    verdict: str
    used: frozenset[str]

    @property
    def digest(self) -> str:
        """A short fingerprint of the code."""
        return hashlib.sha256(self.torch_code.encode()).hexdigest()[:12]


def compare(kind: str, number: int) -> Compared:
    """Derive one of the random texts, and run its formulas here and by NumPy."""
    make, _ = CASES[kind]
    case = make(number)
    second = kind == "second derivatives"
    tolerance = _TOLERANCE.get(kind, 1e-9)
    title = "hessian" if second else "gradient"
    executed = case.executed("hessian" if second else "grad")
    if not all(np.isfinite(value).all() for value in executed):
        return Compared(case, executed, "", title, tolerance, "not finite", frozenset())
    try:
        derivation = case.derivation()
        formula = derivation.hessian() if second else derivation.gradients()
    except NoFormula as error:
        return Compared(case, executed, "", title, tolerance, error.reason, frozenset())
    used = frozenset(
        call.op.id
        for call in calls_to(derivation.y, list(derivation.by.values()))
        if call.op is not None
    )
    parts, where = in_language(formula)
    here = arrays(evaluated(parts, where, case.values()))
    function = compiled(numpy_code(formula, title), title)
    result = function(*(np.asarray(value) for value in arguments_of(function, case)))
    by_numpy = list(result.values()) if isinstance(result, dict) else [result]
    verdict = "equal"
    for place, found in (("here", here), ("NumPy", by_numpy)):
        same = [close(a, b, tolerance) for a, b in zip(found, executed, strict=True)]
        if not all(same):
            verdict = place
    return Compared(case, executed, torch_code(formula, title), title, tolerance, verdict, used)
