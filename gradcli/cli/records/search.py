"""`minimize` and `solve` for one record: a search from the values of `--set`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.calculus.defaults import NEWTON, tolerance
from gradcli.calculus.descent import Bounds, Point, minimize
from gradcli.calculus.problem import Problem
from gradcli.calculus.roots import solve
from gradcli.cli.process.progress import Progress
from gradcli.cli.process.report import RAISED, USAGE, Failure
from gradcli.cli.programs.inputs import literal
from gradcli.cli.programs.runner import chosen, seed
from gradcli.cli.programs.sources import Text
from gradcli.cli.results.derivatives import check_connected, placed, result_of
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.documents import typed
from gradcli.language.values.constructors import public_class
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor, make, shape_of

from .one_record import Derivative


class Search(Derivative):
    """A search as a function from inputs to a document; what `--set` names varies."""

    alone = True  # records do not go together: each takes steps of its own

    def __init__(self, text: Text, options: Options) -> None:
        super().__init__(text, options)
        self.names = [name for name, _ in options.set]
        if options.wrt:
            self.names = chosen(options.wrt, dict.fromkeys(self.names), "--wrt", "--set value")
        if not self.names:
            raise UsageError("nothing varies", "say where the search starts: --set x=1")
        self.edges = {name: _edges(name, text) for name, text in options.bounds}
        chosen(list(self.edges), dict.fromkeys(self.names), "--bounds", "name that varies")
        self.write_step: Callable[[Any], None] = lambda document: None
        self.progress: Progress | None = None  # where it is a single search that is watched
        self.failed = False

    def document(self, inputs: dict[str, Tensor]) -> Any:
        """The best point found. Raises Failure."""
        missing = [name for name in self.names if name not in inputs]
        if missing:
            raise UsageError(f"the program does not read `{missing[0]}`")
        fixed = {
            name: make(tensor.array, tensor.dtype)
            for name, tensor in inputs.items()
            if name not in self.names
        }
        start = {name: inputs[name] for name in self.names}
        for name, tensor in start.items():
            if not tensor.dtype.is_floating_point:
                raise UsageError(f"`{name}` is {tensor.dtype.name}: real numbers are searched")
        last: list[Tensor] = []

        def run(leaves: dict[str, Tensor]) -> Tensor:
            seed(self.options, 0)
            given = {**fixed, **leaves}
            result = self.runner.run(given)
            value = result_of(result, given, self.options)
            last[:] = [value]
            text = self.runner.text
            pieces = [(text.tree, text.source)]
            check_connected(self.kind, value, leaves, pieces, self.options)
            return value

        problem = Problem(run, start)
        try:
            return self._found(problem)
        except (RuntimeError, TypeError, ValueError, IndexError) as error:
            raised = Failure(RAISED, str(error), type=public_class(type(error)).__name__)
            raise (placed(raised, last[0]) if last else raised) from None

    def _found(self, problem: Problem) -> dict[str, Any]:
        options = self.options
        start = problem.first()
        precision = float(np.finfo(start.dtype).eps)
        how: dict[str, Any] = {
            "tolerance": options.tolerance or tolerance(precision),
            "most": options.iterations,
            "watch": lambda point: self._step(problem, point),
        }
        if self.kind == "minimize":
            newton = options.method == "newton"
            newton |= options.method == "auto" and problem.size <= NEWTON
            point, good = minimize(problem, start, self._bounds(problem), newton=newton, **how)
        else:
            point, good = solve(problem, start, self._bounds(problem), **how)
        self.failed |= not good
        return {
            "at": _named(problem, point.at),
            "value": typed(problem.value(point.at)),
            "gradient_norm": point.norm,
            "steps": point.step,
            "converged": good,
        }

    def _step(self, problem: Problem, point: Point) -> None:
        if self.progress is not None:
            self.progress.step(lambda: self._reached(point))
        if self.options.trace:
            value = point.value if self.kind == "minimize" else typed(problem.value(point.at))
            self.write_step(
                {
                    "step": point.step,
                    "at": _named(problem, point.at),
                    "value": value,
                    "gradient_norm": point.norm,
                }
            )

    def _reached(self, point: Point) -> list[str]:
        """How far the search has come, for people."""
        steps = f"{point.step:,} step{'' if point.step == 1 else 's'}"
        if self.kind == "minimize":
            return [steps, f"value {point.value:.6g}", f"gradient norm {point.norm:.2g}"]
        return [steps, f"norm of the value {(2 * point.value) ** 0.5:.6g}"]

    def _bounds(self, problem: Problem) -> Bounds:
        sides = []
        for side, otherwise in enumerate((-np.inf, np.inf)):
            values = {}
            for name, tensor in problem.start.items():
                value = self.edges[name][side] if name in self.edges else None
                array = np.asarray(otherwise if value is None else value, tensor.dtype.array)
                if array.shape not in ((), shape_of(tensor)):
                    raise Failure(
                        USAGE,
                        f"--bounds {name}: a bound has the shape {list(array.shape)}, and `{name}`"
                        f" has {list(shape_of(tensor))}",
                    )
                if np.isnan(array).any():
                    raise UsageError(f"--bounds {name}: NaN is no bound")
                values[name] = array
            sides.append(problem.vector(values))
        if (sides[0] > sides[1]).any():
            raise UsageError("--bounds: the first number is the lower one")
        return Bounds(*sides)


def _named(problem: Problem, at: Array) -> dict[str, Any]:
    return {name: typed(tensor) for name, tensor in problem.named(at).items()}


def _edges(name: str, text: str) -> list[Any]:
    """The two sides of `--bounds NAME=LOW,HIGH`, None for one that is left out."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            sides = text[:place].strip(), text[place + 1 :].strip()
            break
    else:
        raise UsageError(
            f"--bounds {name}={text}: there is no comma in it", f"write --bounds {name}=LOW,HIGH"
        )
    found: list[Any] = []
    for side in sides:
        value = literal(side, f"--bounds {name}") if side else None
        found.append(value.array if isinstance(value, Tensor) else _infinite(value))
    return found


def _infinite(value: Any) -> Any:
    """JSON's words for infinities as numbers."""
    return float(value) if value in ("Infinity", "-Infinity") else value
