"""`%minimize` and `%solve`: other values of the leaves, for which a result is least or zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.autograd.modes import no_grad
from gradcli.calculus.defaults import NEWTON, STEPS, tolerance
from gradcli.calculus.descent import Bounds, Point
from gradcli.calculus.descent import minimize as least
from gradcli.calculus.problem import Named, Problem
from gradcli.calculus.roots import solve as root
from gradcli.language.errors.program_error import ProgramError
from gradcli.render.names import parameters_of
from gradcli.repl.session.failed import Failed
from gradcli.tensor.tensor import Tensor, make
from gradcli.torch.namespaces import tensor_method

from .check import Recipe
from .gradients import assigned
from .parse import arguments, result

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell


def minimize(shell: Shell, text: str) -> None:
    def search(problem: Problem, start: Any, bounds: Bounds, **how: Any) -> tuple[Point, bool]:
        return least(problem, start, bounds, newton=problem.size <= NEWTON, **how)

    _search(shell, "minimize", text, search)


def solve(shell: Shell, text: str) -> None:
    _search(shell, "solve", text, root)


def _search(shell: Shell, name: str, text: str, search: Callable[..., tuple[Point, bool]]) -> None:
    """Find the values, show them, and with `--write` give them to the leaves."""
    expression, *words = arguments(name, text, 1, 99)
    write = "--write" in words
    chosen = [word for word in words if word != "--write"]
    problem = _problem(shell, expression, chosen)
    start = problem.first()
    free = np.full(start.shape, np.inf, start.dtype)
    how = {
        "tolerance": tolerance(float(np.finfo(start.dtype).eps)),
        "most": STEPS,
        "watch": lambda point: None,
    }
    try:
        point, good = search(problem, start, Bounds(-free, free), **how)
        value = problem.value(point.at)
    except ProgramError as error:
        raise Failed(f"what made `{expression}` cannot be run again: {error.title}") from None
    except RuntimeError as error:
        raise Failed(str(error)) from None
    found = problem.named(point.at)
    for leaf, tensor in found.items():
        shell.say(assigned(shell, leaf, tensor))
    shell.say(assigned(shell, expression, value))
    steps = f"{point.step} step{'s' * (point.step != 1)}"
    if good:
        shell.tell(f"found after {steps}; the gradient's norm is {point.norm:.3g}")
    else:
        what = "minimum" if name == "minimize" else "root"
        shell.tell(f"no {what} found in {steps}: this is the best point")
    if write:
        with no_grad():
            known = shell.names | parameters_of(shell.names)
            for leaf, tensor in found.items():
                tensor_method("copy_")(known[leaf], tensor)
    elif good:
        shell.tell(f"(the leaves are as they were; `%{name} {text} --write` changes them)")


def _problem(shell: Shell, expression: str, chosen: list[str]) -> Problem:
    """The result as a function of its leaves, or of those that are chosen. Raises Failed."""
    result(shell, expression)
    recipe = Recipe(shell, expression)
    known = recipe.leaves
    for name in chosen:
        if name not in known:
            there = ", ".join(known) or "none"
            what = f"`{name}` is no leaf that `{expression}` is made of"
            raise Failed(what, f"there are {there}")
    if not known:
        raise Failed(f"`{expression}` does not depend on a leaf that requires grad")
    start = {
        name: make(tensor.array, tensor.dtype)
        for name, tensor in known.items()
        if not chosen or name in chosen
    }

    def run(leaves: Named) -> Tensor:
        seen: list[Any] = []
        recipe.run(leaves, lambda name, value, place: seen.append(value))
        if type(seen[-1]) is not Tensor:
            raise Failed(f"`{expression}` is a {type(seen[-1]).__name__}, not a tensor")
        return seen[-1]

    return Problem(run, start)
