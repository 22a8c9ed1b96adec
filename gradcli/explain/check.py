"""Gradients against central differences, and forward mode against reverse mode.

A subject is run to find its leaves and its results, and run again with a leaf replaced to see what
the leaf does to them; `gradcli check` asks a text, `%check` the statements of a session.

For a result that is no scalar the sum of its elements is differentiated, and, so that errors which
cancel in it are found too, a sum with fixed weights. The step is `eps` times the element's
magnitude, or `eps` itself for elements below one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradcli.autograd import leaf as leaves
from gradcli.autograd.api import grad as autograd_grad
from gradcli.autograd.modes import requires_grad
from gradcli.language.errors.program_error import ProgramError
from gradcli.tensor.dtypes import DType
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, make, numel, shape_of

VARIED = "\0"  # ends the key of a result's weighted sum
MOST = 1000  # elements of one input that are compared

Named = dict[str, Tensor]
Observe = Callable[[str, Any, int], None]
# The weighted sum, the gradients by input, and the number of the statement that bound it.
Result = tuple[float, dict[str, Any], int]


class Subject(Protocol):
    """What is checked: leaves, and results that are made of them."""

    name: str  # of the result that has no name of its own

    def run(self, replaced: Named, observe: Observe) -> None:
        """Run it with `replaced` in place of leaves. Raises ProgramError.

        `observe(name, value, place)` sees each binding, after the statement of that number; "" is
        the name of the value of a last expression.
        """


class Tolerances(NamedTuple):
    """The step of the differences and what a gradient may be off; None is chosen by the dtype."""

    eps: float | None = None
    rtol: float | None = None
    atol: float | None = None

    def of(self, dtype: DType) -> tuple[float, ...]:
        """The three for an input of this dtype."""
        usual = (1e-3, 3e-2, 1e-2) if _is_single(dtype) else (1e-6, 1e-3, 1e-5)
        return tuple(
            chosen if given is None else given for given, chosen in zip(self, usual, strict=True)
        )


def _is_single(dtype: DType) -> bool:
    return dtype.to_real().itemsize < 8


class NothingToCheck(Exception):
    """No result that leads back to an input."""


def fresh(value: Tensor) -> Tensor:
    """A copy of a leaf that nothing else writes to."""
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


class Check:
    """One run of a subject: `inputs` are its leaves as they were made, `results` what was found.

    `of` narrows the results by name. Raises what the run raises.
    """

    def __init__(self, subject: Subject, of: Collection[str] = ()) -> None:
        self.subject = subject
        self.inputs: Named = {}  # copies, since the program may write to them
        self.results: dict[str, Result] = {}
        made: Named = {}

        def observe(name: str, value: Any, place: int) -> None:
            if type(value) is not Tensor or not value.dtype.differentiable:
                return
            if leaves.is_leaf(value):
                if requires_grad(value):
                    made.setdefault(name, value)
                    self.inputs.setdefault(name, fresh(value))
                return
            if name not in self.results and _on_graph(value) and (not of or name in of):
                for key in _keys(name, value):
                    found = _analytic(value, weights(value, key), made)
                    if found is not None:
                        self.results[key] = (*found, place)

        subject.run({}, observe)
        if not of and len({key.rstrip(VARIED) for key in self.results}) > 1:
            self.results.pop("", None)
            self.results.pop(VARIED, None)

    def entries(self, by: Iterable[str], tolerances: Tolerances) -> list[dict[str, Any]]:
        """What is found for every pair of a result and an input. Raises NothingToCheck."""
        names = list(by)
        if not self.results or not names:
            raise NothingToCheck("there is no gradient to check")
        found: list[dict[str, Any]] = []
        for name in names:
            leaf = self.inputs[name]
            slopes = _slopes(self.subject, name, leaf, self.results, tolerances)
            forward = _forward(self.subject, name, leaf, self.results)
            for key, (_, gradients, _) in self.results.items():
                gradient = gradients.get(name)
                if gradient is None and not any(left or right for *_, left, right in slopes[key]):
                    continue
                entry = _compare(tolerances, leaf, gradient, slopes[key])
                result = key.rstrip(VARIED)
                weighted = key != result
                pair = {"result": result or self.subject.name, "input": name, "weighted": weighted}
                entry = {**pair, **entry}
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

    None for a result whose graph is gone already, or that has no input among `inputs`.
    """
    by = {name: leaf for name, leaf in inputs.items() if requires_grad(leaf)}
    if not by:
        return None  # it leads to leaves that have no name here
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
        raise
    arrays = {
        name: None if grad is None else grad.array for name, grad in zip(by, found, strict=True)
    }
    return _total(value, weight), arrays


def _sampled(count: int) -> list[int]:
    if count <= MOST:
        return list(range(count))
    return sorted({place * (count - 1) // (MOST - 1) for place in range(MOST)})


def _slopes(
    subject: Subject, name: str, leaf: Tensor, base: dict[str, Result], tolerances: Tolerances
) -> dict[str, list[tuple[int, int, float, float]]]:
    """For each result (place, part, left slope, right slope) of the elements of one input."""
    flat = np.asarray(leaf.array).ravel()
    eps = tolerances.of(leaf.dtype)[0]
    parts = (1.0, 1j) if leaf.dtype.is_complex else (1.0,)
    found: dict[str, list[tuple[int, int, float, float]]] = {key: [] for key in base}
    for place in _sampled(flat.size):
        for number, unit in enumerate(parts):
            runtime.check()
            step = eps * max(1.0, abs(flat[place]))
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
    tolerances: Tolerances,
    leaf: Tensor,
    gradient: Any,
    slopes: list[tuple[int, int, float, float]],
) -> dict[str, Any]:
    """The worst element of a gradient, and whether all are within the tolerances."""
    _, rtol, atol = tolerances.of(leaf.dtype)
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
            tangent = make(direction.copy()[()], leaf.dtype)  # the program may write to it
            dual = forward_ad.make_dual(fresh(leaf), tangent)
            subject.run({name: dual}, observe)
    except ProgramError as error:
        note = {"ok": True, "skipped": str(error)}
        return {result: note for result in results if result not in found}
    entries = {}
    for result, jvp in found.items():
        gradient = results[result][1].get(name)
        vjp = 0.0
        if gradient is not None:
            vjp = float(np.sum(np.real(np.conj(gradient) * direction), dtype=np.float64))
        tolerance = (1e-3 if _is_single(leaf.dtype) else 1e-9) * (1 + abs(jvp) + abs(vjp))
        agrees = abs(jvp - vjp) <= tolerance or (math.isnan(jvp) and math.isnan(vjp))
        entries[result] = {"ok": agrees, "jvp": jvp, "vjp": vjp}
    return entries


def report(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines about what `Check.entries` found, and how much of it is wrong."""
    for entry in entries:
        yield from _lines(entry)
    wrong = sum(not entry["ok"] for entry in entries)
    many = "gradient" if len(entries) == 1 else "gradients"
    yield f"{len(entries)} {many} checked, {wrong} wrong"


def _lines(entry: dict[str, Any]) -> list[str]:
    """One line for a gradient that is right, what is wrong with it otherwise."""
    pair = f"d {entry['result']} / d {entry['input']}"
    if entry["weighted"]:
        pair += " (a weighted sum)"
    worst = entry["worst"]
    if entry["ok"]:
        if worst is None:
            return [f"ok     {pair}: no elements"]
        error = abs(worst["analytic"] - worst["numeric"])
        count = entry["checked"]
        many = "element" if count == 1 else "elements"
        of = f" of {entry['elements']}" if count < entry["elements"] else ""
        return [f"ok     {pair}: {count}{of} {many}, largest error {error:.2g}"]
    lines = []
    if entry["mismatches"]:
        at = f" at {worst['index']}" if worst["index"] else ""
        lines.append(
            f"WRONG  {pair}{at}: gradient {worst['analytic']:.9g}, "
            f"differences {worst['numeric']:.9g} ({entry['mismatches']} of {entry['checked']})"
        )
        left, right = worst["slopes"]
        if worst["kink"]:
            lines.append(
                f"       a kink: the slope is {left:.6g} on its left, {right:.6g} on its right"
            )
        elif not entry["connected"]:
            lines.append("       not connected: detach, .data, no_grad or a Python number between")
    jvp = entry.get("jvp")
    if jvp is not None and not jvp["ok"]:
        lines.append(f"WRONG  {pair}: forward mode {jvp['jvp']:.9g}, reverse {jvp['vjp']:.9g}")
    return lines
