"""`%formula`: the gradient of a result as a formula, in text, LaTeX or code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.autograd.leaf import is_leaf
from gradcli.explain.check import fresh
from gradcli.explain.formula.answers import answer
from gradcli.explain.formula.formulas import Derivation
from gradcli.explain.formula.running import Run, in_formulas
from gradcli.explain.formula.tracing import NoFormula
from gradcli.language.errors.program_error import ProgramError
from gradcli.render.names import place_of
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor

from .check import Recipe
from .parse import arguments, split, tensor

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell

FORMS = ("text", "latex", "numpy", "torch")


def formula(shell: Shell, text: str) -> None:
    words = split(text)
    form = "text"
    if "--as" in words:
        place = words.index("--as")
        form = words[place + 1] if place + 1 < len(words) else ""
        del words[place : place + 2]
        if form not in FORMS:
            raise Failed("--as says how a formula is written", f"one of {', '.join(FORMS)}")
    if not 1 <= len(words) <= 2:
        arguments("formula", "", 1, 2)
    tensor(shell, words[0])
    recipe = Recipe(shell, words[0])
    if len(words) > 1 and words[1] not in recipe.leaves:
        raise Failed(
            f"`{words[0]}` is not made from a leaf `{words[1]}`", f"%why {words[1]} says more"
        )
    given = {
        name: fresh(value)
        for name, value in shell.names.items()
        if type(value) is Tensor and value.level is None and is_leaf(value)
    }
    given |= {name: fresh(value) for name, value in recipe.leaves.items() if "." in name}
    try:
        run = Run(recipe.run, given)
        by = [in_formulas(name) for name in words[1:] or recipe.leaves]
        derivation = Derivation(run, run.values[""], by)
        found = answer(derivation, "grad", form)
    except NoFormula as error:
        at = f" ({place_of(error.where)})" if error.where else ""
        raise Failed(
            f"no formula: {error.reason}{at}", f"%explain {words[0]} shows numbers"
        ) from None
    except ProgramError as error:
        raise Failed(f"what made `{words[0]}` cannot be run again: {error.title}") from None
    shell.say(found.text.rstrip("\n"))
