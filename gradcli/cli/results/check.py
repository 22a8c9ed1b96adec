"""Gradients against central differences, and forward mode against reverse mode.

A program runs statement by statement. Its results are the names that are bound to tensors on the
graph (or the value of an expression, or the names of `--of`), its inputs the given ones and the
leaves bound to names. To see what an input does to a result, the program is run again with the
leaf replaced right after the statement that made it.

For a result that is no scalar the sum of its elements is differentiated, and, so that errors which
cancel in it are found too, a sum with fixed weights. The step is `eps` times the element's
magnitude, or `eps` itself for elements below one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcli.autograd import leaf as leaves
from gradcli.autograd.api import grad as autograd_grad
from gradcli.autograd.modes import requires_grad
from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import RAISED, Failure
from gradcli.cli.programs.runner import Runner, chosen, seed
from gradcli.cli.programs.sources import Text
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import UNSET, Program
from gradcli.language.syntax import nodes
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, make, numel, shape_of

VARIED = "\0"  # ends the key of a result's weighted sum
MOST = 1000  # elements of one input that are compared

Named = dict[str, Tensor]
# The weighted sum, the gradients by input, and the number of the statement that bound it.
Result = tuple[float, dict[str, Any], int]


class Subject:
    """A text as a function from inputs and leaves to results."""

    def __init__(self, text: Text, options: Options, name: str) -> None:
        self.text = text
        self.inputs: Named = {}
        self.options = options
        self.name = name
        self.runner = Runner(text, options, stdout=lambda text: None, emit=lambda values: None)
        self.pieces = self._pieces()

    def _pieces(self) -> list[Program]:
        tree, source = self.text.tree, self.text.source
        if isinstance(tree, nodes.Expression):
            return []
        mode = "python" if self.runner.program.mode == "python" else "interactive"
        return [
            Program(source, nodes.Module((statement,), statement.span), mode)  # type: ignore[arg-type]
            for statement in tree.body
        ]

    def run(self, replaced: Named, observe: Any) -> None:
        """Run it with `replaced` in place of leaves.

        `observe(name, value, place)` sees each binding, after the statement of that number.
        """
        seed(self.options, 0)
        given = {
            name: replaced[name] if name in replaced else _fresh(value)
            for name, value in self.inputs.items()
        }
        for name, value in given.items():
            observe(name, value, -1)
        if not self.pieces:
            value = self.runner.run(given).value
            if value is not UNSET:
                observe(self.name, value, 0)
            return
        session = self.runner.session
        session.globals = {}
        self.runner.program.check_inputs(given)
        seen: dict[str, int] = {}
        for place, piece in enumerate(self.pieces):
            result = session.run(piece, given)
            given = {}
            names = session.globals
            for name, value in list(names.items()):
                if name in self.inputs or type(value) is not Tensor or seen.get(name) == id(value):
                    continue
                if name in replaced and leaves.is_leaf(value) and name not in seen:
                    value = names[name] = replaced[name]
                seen[name] = id(value)
                observe(name, value, place)
            if piece is self.pieces[-1] and isinstance(result.value, Tensor):
                observe("", result.value, place)


def _fresh(value: Tensor) -> Tensor:
    copied = make(value.array.copy() if value.array.shape else value.array, value.dtype)
    return leaves.requires_grad_(copied) if requires_grad(value) else copied


def _on_graph(value: Any) -> bool:
    return (
        type(value) is Tensor
        and value.dtype.differentiable
        and requires_grad(value)
        and not leaves.is_leaf(value)
    )


def weights(value: Tensor, key: str) -> Any:
    """The weights of a result's elements: ones, or fixed numbers around one."""
    shape = shape_of(value)
    if not key.endswith(VARIED):
        return np.ones(shape, value.dtype.array)[()]
    count = numel(shape)
    return (1 + 0.5 * np.cos(12.9898 * np.arange(count))).reshape(shape).astype(value.dtype.array)


def _keys(name: str, value: Tensor) -> list[str]:
    return [name] if numel(shape_of(value)) == 1 else [name, name + VARIED]


def _total(value: Tensor, weight: Any) -> float:
    """The weighted sum of a result's elements."""
    product = np.conj(weight) * value.array
    return float(np.sum(np.real(product), dtype=np.float64))


def check(subject: Subject) -> list[dict[str, Any]]:
    """What was found for every pair of a result and an input. Raises Failure."""
    try:
        return _check(subject)
    except ProgramError as error:
        raise failure_of(error) from None


def _check(subject: Subject) -> list[dict[str, Any]]:
    inputs: Named = {}
    starts: Named = {}  # the same as they were made, since the program may write to them
    results: dict[str, Result] = {}
    wanted = set(subject.options.of)

    def observe(name: str, value: Any, place: int) -> None:
        if type(value) is not Tensor or not value.dtype.differentiable:
            return
        if leaves.is_leaf(value):
            if requires_grad(value):
                inputs.setdefault(name, value)
                starts.setdefault(name, _fresh(value))
            return
        if name not in results and _on_graph(value) and (not wanted or name in wanted):
            for key in _keys(name, value):
                found = _analytic(value, weights(value, key), inputs)
                if found is not None:
                    results[key] = (*found, place)

    subject.run({}, observe)
    if wanted:
        chosen(subject.options.of, results, "--of", "result on the graph")
    elif len({key.rstrip(VARIED) for key in results}) > 1:
        results.pop("", None)
        results.pop(VARIED, None)
    by = starts
    if subject.options.wrt:
        chosen(subject.options.wrt, inputs, "--wrt", "input that requires grad")
        by = {name: starts[name] for name in subject.options.wrt}
    if not results or not by:
        raise UsageError(
            "there is no gradient to check", "give inputs with --set, or make leaves in the program"
        )
    found = []
    for name, leaf in by.items():
        slopes = _slopes(subject, name, leaf, results)
        forward = _forward(subject, name, leaf, results)
        for key, (_, gradients, _) in results.items():
            gradient = gradients.get(name)
            if gradient is None and not any(left or right for *_, left, right in slopes[key]):
                continue
            entry = _compare(subject.options, leaf, gradient, slopes[key])
            result = key.rstrip(VARIED)
            weighted = key != result
            entry = {"result": result or subject.name, "input": name, "weighted": weighted, **entry}
            if key in forward:
                entry["jvp"] = forward[key]
                entry["ok"] = entry["ok"] and forward[key]["ok"]
            if not weighted:
                found.append(entry)
            elif not entry["ok"] and found and found[-1]["ok"]:
                found[-1] = entry
    return found


def _analytic(value: Tensor, weight: Any, inputs: Named) -> tuple[float, dict[str, Any]] | None:
    """The weighted sum of a result and its gradients, before the program can free the graph.

    None for a result whose graph is gone already.
    """
    by = {name: leaf for name, leaf in inputs.items() if requires_grad(leaf)}
    try:
        found = autograd_grad(
            value,
            list(by.values()),
            [make(weight, value.dtype)],
            retain_graph=True,
            allow_unused=True,
        )
    except RuntimeError as error:
        if "a second time" in str(error):
            return None
        raise Failure(RAISED, str(error), type="RuntimeError") from None
    arrays = {
        name: None if grad is None else grad.array for name, grad in zip(by, found, strict=True)
    }
    return _total(value, weight), arrays


def _sampled(count: int) -> list[int]:
    if count <= MOST:
        return list(range(count))
    return sorted({place * (count - 1) // (MOST - 1) for place in range(MOST)})


def _step(options: Options, leaf: Tensor, element: complex) -> float:
    single = leaf.dtype.to_real().itemsize < 8
    eps = options.eps if "eps" in options.given or not single else 1e-3
    return eps * max(1.0, abs(element))


def _slopes(
    subject: Subject, name: str, leaf: Tensor, base: dict[str, Result]
) -> dict[str, list[tuple[int, int, float, float]]]:
    """For each result (place, part, left slope, right slope) of the elements of one input."""
    flat = np.asarray(leaf.array).ravel()
    parts = (1.0, 1j) if leaf.dtype.is_complex else (1.0,)
    found: dict[str, list[tuple[int, int, float, float]]] = {key: [] for key in base}
    for place in _sampled(flat.size):
        for number, unit in enumerate(parts):
            runtime.check()
            step = _step(subject.options, leaf, flat[place])
            ends = []
            for sign in (-1, 1):
                moved = flat.copy()
                moved[place] += sign * step * unit
                reached = abs(complex(moved[place]) - complex(flat[place]))
                ends.append((_totals(subject, name, leaf, moved, base), reached))
            (low, below), (high, above) = ends
            for key, (middle, _, _) in base.items():
                left = (middle - low[key]) / below if below else math.nan
                right = (high[key] - middle) / above if above else math.nan
                found[key].append((place, number, left, right))
    return found


def _totals(
    subject: Subject, name: str, leaf: Tensor, moved: Any, base: dict[str, Result]
) -> dict[str, float]:
    totals = dict.fromkeys(base, math.nan)
    seen: set[str] = set()

    def observe(result: str, value: Any, place: int) -> None:
        if result not in totals or result in seen or base[result][2] != place:
            return
        if _on_graph(value):
            seen.add(result)
            for key in _keys(result, value):
                totals[key] = _total(value, weights(value, key))

    array = moved.reshape(shape_of(leaf))[()]
    subject.run({name: leaves.requires_grad_(make(array, leaf.dtype))}, observe)
    return totals


def _compare(
    options: Options, leaf: Tensor, gradient: Any, slopes: list[tuple[int, int, float, float]]
) -> dict[str, Any]:
    """The worst element of a gradient, and whether all are within the tolerances."""
    single = leaf.dtype.to_real().itemsize < 8
    rtol = options.rtol if "rtol" in options.given or not single else 3e-2
    atol = options.atol if "atol" in options.given or not single else 1e-2
    flat = None if gradient is None else np.asarray(gradient).ravel()
    worst: dict[str, Any] | None = None
    largest = -1.0
    bad = 0
    for place, part, left, right in slopes:
        numeric = (left + right) / 2
        analytic = 0.0
        if flat is not None:
            analytic = float(flat[place].imag if part else flat[place].real)
        error = abs(analytic - numeric)
        excess = error / (atol + rtol * abs(numeric))
        if not excess <= 1:
            bad += 1
            excess = math.inf if math.isnan(excess) else excess
        if excess > largest:
            largest = excess
            kink = abs(right - left) > 10 * (atol + rtol * max(abs(left), abs(right)))
            worst = {
                "index": [int(i) for i in np.unravel_index(place, shape_of(leaf))],
                "analytic": analytic,
                "numeric": numeric,
                "slopes": [left, right],
                "kink": bool(kink),
            }
            if leaf.dtype.is_complex:
                worst["part"] = "imag" if part else "real"
    return {
        "ok": bad == 0,
        "connected": gradient is not None,
        "elements": numel(shape_of(leaf)),
        "checked": len(slopes),
        "mismatches": bad,
        "worst": worst,
    }


def _forward(
    subject: Subject, name: str, leaf: Tensor, results: dict[str, Result]
) -> dict[str, dict[str, Any]]:
    """For each result the jvp along a fixed direction against the same number from the vjp."""
    from gradcli.autograd import forward_ad

    shape = shape_of(leaf)
    direction = np.sin(1 + 78.233 * np.arange(numel(shape))).reshape(shape).astype(leaf.dtype.array)
    found: dict[str, float] = {}

    def observe(result: str, value: Any, place: int) -> None:
        if result not in results or result in found or results[result][2] != place:
            return
        if _on_graph(value):
            tangent = forward_ad.unpack_dual(value).tangent
            for key in _keys(result, value):
                found[key] = 0.0 if tangent is None else _total(tangent, weights(value, key))

    try:
        with forward_ad.dual_level():
            start = leaves.requires_grad_(make(leaf.array, leaf.dtype))
            dual = forward_ad.make_dual(start, make(direction[()], leaf.dtype))
            subject.run({name: dual}, observe)
    except ProgramError as error:
        note = {"ok": True, "skipped": str(error)}
        return {result: note for result in results if result not in found}
    single = leaf.dtype.to_real().itemsize < 8
    entries = {}
    for result, jvp in found.items():
        gradient = results[result][1].get(name)
        vjp = 0.0
        if gradient is not None:
            vjp = float(np.sum(np.real(np.conj(gradient) * direction), dtype=np.float64))
        tolerance = (1e-3 if single else 1e-9) * (1 + abs(jvp) + abs(vjp))
        agrees = abs(jvp - vjp) <= tolerance or (math.isnan(jvp) and math.isnan(vjp))
        entries[result] = {"ok": agrees, "jvp": jvp, "vjp": vjp}
    return entries
