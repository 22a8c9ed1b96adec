"""Gradients against central differences, and forward mode against reverse mode.

A subject is run to find its leaves and its results, and run again with a leaf replaced to see what
the leaf does to them; `gradcli check` asks a text, `%check` the statements of a session.

For a result that is no scalar the sum of its elements is differentiated, and, so that errors which
cancel in it are found too, a sum with fixed weights. The step is `eps` times the element's
magnitude, or `eps` itself for elements below one.

The gradients are those that the program computes. The differences of what computes in single or
half precision are taken in double precision, from the same program run again with leaves, constants
and the default dtype widened; where that does not reproduce the program's result, or the program
narrows its values itself, they are taken in the program's precision, with a longer step.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

from gradcli.autograd import leaf as leaves
from gradcli.autograd.api import grad as autograd_grad
from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import requires_grad
from gradcli.autograd.node import warn_behind
from gradcli.kernels.generator import Generator
from gradcli.language.errors.program_error import ProgramError, methods_of, node_walk
from gradcli.language.syntax import nodes
from gradcli.tensor import dtypes
from gradcli.tensor.dtypes import DType
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, make, numel, shape_of

from .cuts import Piece
from .faults import Fault, fault_of, kink_between, local_derivatives

VARIED = "\0"  # ends the key of a result's weighted sum
MOST = 1000  # elements of one input that are compared
SHOWN = 3  # kinks of one gradient that are shown

Named = dict[str, Tensor]
Observe = Callable[[str, Any, int], None]


class Result(NamedTuple):
    """What the first run found of a result.

    `terms` are its elements times their `weights`, `gradients` those of the sum of the terms by
    input, `place` is the number of the statement that bound it, `double` says that it was computed
    in double precision, `whole` that all of its elements are finite. Where only some are, `lost`
    has the gradients of the sum of the others. `grain` is the relative rounding of the narrowest
    dtype that it was computed in.
    """

    terms: Any
    gradients: dict[str, Any]
    place: int
    weights: Any
    double: bool
    whole: bool
    lost: dict[str, Any]
    grain: float

    def largest(self) -> float:
        """The largest element of all its gradients that is finite."""
        found = (np.abs(g[np.isfinite(g)]) for g in map(_flat, self.gradients.values()))
        return max((float(g.max()) for g in found if g.size), default=0.0)


def _flat(gradient: Any) -> Any:
    return np.zeros(0) if gradient is None else np.asarray(gradient).ravel()


class Subject(Protocol):
    """What is checked: leaves, and results that are made of them."""

    name: str  # of the result that has no name of its own

    def run(self, replaced: Named, observe: Observe, wide: bool = False) -> None:
        """Run it with `replaced` in place of leaves. Raises ProgramError.

        `observe(name, value, place)` sees each binding, after the statement of that number; "" is
        the name of the value of a last expression. With `wide` it runs in `double_precision`, and
        so do leaves and constants that were made before it.
        """

    def texts(self) -> tuple[list[Piece], str]:
        """The texts that make the results, and what the result without a name is bound to there."""


class Tolerances(NamedTuple):
    """The step of the differences and what a gradient may be off; None is chosen by the dtype."""

    eps: float | None = None
    rtol: float | None = None
    atol: float | None = None

    def of(self, dtype: DType, wide: bool, grain: float = 0) -> tuple[float, ...]:
        """The three for an input of this dtype, `wide` for differences in double precision;
        with the `grain` of half precision the step is longer than what rounds."""
        size = dtype.to_real().itemsize
        usual = (1e-6, 1e-3, 1e-5)
        if size < 8:
            usual = (1e-3, 3e-2, 1e-2)
            if wide:
                usual = (1e-6, 1e-3, 1e-4) if size == 4 else (1e-6, 5e-2, 1e-2)
        if not wide and grain >= _GRAINS[2]:
            usual = (grain ** (1 / 3), 1e-1, 2e-2)
        return tuple(
            chosen if given is None else given for given, chosen in zip(self, usual, strict=True)
        )


class NothingToCheck(Exception):
    """No result that leads back to an input; `freed` are those whose graphs are gone.

    With `cut` there are inputs, and nothing leads to them.
    """

    def __init__(self, freed: Sequence[str], cut: bool) -> None:
        super().__init__("there is no gradient to check")
        self.help = "give inputs with --set, or make leaves in the program"
        if cut:
            self.help = "no result leads to an input: explain says where they are cut off"
        if freed:
            shown = ", ".join(f"`{name}`" for name in freed)
            self.help = f"a backward pass freed the graph of {shown}: check it without that pass"


@contextmanager
def double_precision() -> Iterator[None]:
    """A block in which programs compute in double precision, with float32's random numbers."""
    default = dtypes.default.dtype
    dtypes.default.dtype = dtypes.float64
    Generator.narrow = default is not dtypes.float64
    try:
        yield
    finally:
        dtypes.default.dtype = default
        Generator.narrow = False


@contextmanager
def unheard() -> Iterator[None]:
    """A block without warnings, for runs of a program with other values than its own."""
    behind = warn_behind[:]
    warn_behind.clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        warn_behind[:] = behind


def fresh(value: Tensor) -> Tensor:
    """A copy of a leaf that nothing else writes to."""
    copied = make(value.array.copy(), value.dtype)
    return leaves.requires_grad_(copied) if requires_grad(value) else copied


def widened(value: Tensor) -> Tensor:
    """A copy of a leaf in double precision, if it is differentiable."""
    if not value.dtype.differentiable:
        return fresh(value)
    double = dtypes.complex128 if value.dtype.is_complex else dtypes.float64
    copied = make(np.array(value.array, double.array)[()], double)
    return leaves.requires_grad_(copied) if requires_grad(value) else copied


def _on_graph(value: Any) -> bool:
    return (
        type(value) is Tensor
        and value.dtype.differentiable
        and requires_grad(value)
        and not leaves.is_leaf(value)
    )


def _is_double(dtype: DType) -> bool:
    return not dtype.differentiable or dtype.to_real().itemsize == 8


def _computed_in_double(value: Tensor) -> bool:
    """Whether nothing on the graph of a result has fewer digits than a double."""
    return _grain(value) <= _GRAINS[8]


def _grain(value: Tensor) -> float:
    """The relative rounding of the narrowest dtype on the graph of a result."""
    found = _grain_of(value.dtype)
    for node in reachable([fresh_edge(value)]):
        kinds = (node.dtype,) if node.count == 1 else node.dtype
        found = max([found, *(_grain_of(kind) for kind in kinds if kind is not None)])
    return found


def _grain_of(dtype: DType) -> float:
    if _is_double(dtype):
        return _GRAINS[8]
    if dtype is dtypes.bfloat16:
        return 2.0**-7
    return _GRAINS[dtype.to_real().itemsize]


_GRAINS = {8: 2.0**-52, 4: 2.0**-23, 2: 2.0**-10}  # by bytes of a real number


def weights(value: Tensor, key: str) -> Any:
    """The weights of a result's elements: ones, or fixed numbers around one.

    Elements that are not finite weigh nothing, so that the others can be seen.
    """
    shape = shape_of(value)
    found = np.ones(shape, value.dtype.array)
    if key.endswith(VARIED):
        count = numel(shape)
        varied = 1 + 0.5 * np.cos(12.9898 * np.arange(count))
        found = varied.reshape(shape).astype(value.dtype.array)
    return np.where(np.isfinite(value.array), found, 0).astype(value.dtype.array)[()]


def _keys(name: str, value: Tensor) -> list[str]:
    return [name] if numel(shape_of(value)) == 1 else [name, name + VARIED]


def _terms(value: Tensor, weight: Any) -> Any:
    """The weighted elements of a result; what weighs nothing is left out."""
    with np.errstate(all="ignore"):
        product = np.where(weight == 0, 0, np.conj(weight) * value.array)
    if np.size(weight) == 1 and not np.any(weight):
        product = value.array  # a result that is one number is what it is
    return np.real(product).astype(np.float64)


def _total(value: Tensor, weight: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.sum(_terms(value, weight)))


def _slope(low: Any, high: Any, step: float) -> float:
    """The difference of two sums of terms, term by term so that large ones do not drown others."""
    if low is None or high is None or not step:
        return math.nan
    with np.errstate(all="ignore"):
        return float(np.sum(high - low)) / step


class Check:
    """One run of a subject: `inputs` are its leaves as they were made, `results` what was found.

    `of` narrows the results by name. Raises what the run raises.
    """

    def __init__(self, subject: Subject, of: Collection[str] = ()) -> None:
        self.subject = subject
        self.inputs: Named = {}  # copies, since the program may write to them
        self.results: dict[str, Result] = {}
        self.doubled: dict[str, Any] | None = None
        self.freed: list[str] = []
        made: Named = {}

        def observe(name: str, value: Any, place: int) -> None:
            if type(value) is not Tensor or not value.dtype.differentiable:
                return
            if leaves.is_leaf(value):
                known = any(value is leaf for other, leaf in made.items() if other != name)
                if requires_grad(value) and not known:
                    made.setdefault(name, value)
                    self.inputs.setdefault(name, fresh(value))
                return
            if name not in self.results and _on_graph(value) and (not of or name in of):
                for key in _keys(name, value):
                    found = _analytic(value, weights(value, key), made, place)
                    if found is not None:
                        self.results[key] = found
                    elif made and name and name not in self.freed:
                        self.freed.append(name)

        subject.run({}, observe)
        if not of and len({key.rstrip(VARIED) for key in self.results}) > 1:
            self.results.pop("", None)
            self.results.pop(VARIED, None)

    def entries(self, by: Iterable[str], tolerances: Tolerances) -> list[dict[str, Any]]:
        """What is found for every pair of a result and an input. Raises NothingToCheck."""
        names = list(by)
        if not self.results or not names:
            raise NothingToCheck(self.freed, bool(self.inputs))
        with unheard():
            return self._entries(names, tolerances)

    def _entries(self, names: list[str], tolerances: Tolerances) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for name in names:
            leaf = self.inputs[name]
            slopes, wide = self._slopes(name, leaf, tolerances)
            forward = _forward(self.subject, name, leaf, self.results)
            for key, result in self.results.items():
                gradient = result.gradients.get(name)
                if gradient is None and not any(s.left or s.right for s in slopes[key]):
                    continue
                double = key in wide
                limits = tolerances.of(leaf.dtype, double, result.grain)
                lost = _flat(result.lost.get(name))
                entry = _compare(limits, leaf, gradient, slopes[key], result, double, lost)
                called = key.rstrip(VARIED)
                entry = {
                    "result": called or self.subject.name,
                    "input": name,
                    "weighted": key != called,
                    **entry,
                    "differences": "float64" if double or result.double else "own",
                }
                if key in forward:
                    entry["jvp"] = forward[key]
                    entry["ok"] = entry["ok"] and (forward[key]["ok"] or bool(entry["undefined"]))
                if not entry["weighted"]:
                    found.append(entry)
                elif not entry["ok"] and found and found[-1]["ok"]:
                    found[-1] = entry
                else:
                    continue
                if entry["kinks"] or entry["undefined"] or not entry["ok"]:
                    fault = self._fault(name, key, entry) or self._kink(name, key, entry, double)
                    if fault is not None:
                        entry["fault"] = fault.document()
                        entry["fault"]["says"] += self._instead(name, key, fault, slopes[key])
        return found

    def _slopes(
        self, name: str, leaf: Tensor, tolerances: Tolerances
    ) -> tuple[dict[str, list[Slope]], set[str]]:
        """The slopes of every result by one input, and which are differences of a widened run."""
        wide = self._widened()
        found: dict[str, list[Slope]] = {}
        for keys, double in ((wide, True), (self.results.keys() - wide, False)):
            if keys:
                base = {
                    key: result if not double else result._replace(terms=self.doubled[key])  # type: ignore[index]
                    for key, result in self.results.items()
                    if key in keys
                }
                moved = widened(leaf) if double else leaf
                coarsest = max(result.grain for result in base.values())
                eps = tolerances.of(leaf.dtype, double, coarsest)[0]
                found |= _slopes(self.subject, name, moved, base, eps, self._others(double))
        return found, wide

    def _others(self, wide: bool) -> Named:
        return {name: widened(leaf) for name, leaf in self.inputs.items()} if wide else {}

    def _widened(self) -> set[str]:
        """The results that are less than double, and that come out alike in double precision."""
        single = {key: result for key, result in self.results.items() if not result.double}
        if not single:
            return set()
        if self.doubled is None:
            self.doubled = _in_double(self.subject, single, self._others(True))
        return set(self.doubled)

    def _fault(self, name: str, key: str, entry: dict[str, Any]) -> Fault | None:
        """The step of the chain that an entry's trouble comes from."""
        result = self.results[key]
        called = key.rstrip(VARIED)
        found: list[Fault | None] = []
        leaf_of: Named = {}

        def observe(seen: str, value: Any, place: int) -> None:
            if seen == name and type(value) is Tensor:
                leaf_of.setdefault(name, value)
            if seen == called and place == result.place and not found and _on_graph(value):
                weight = make(weights(value, key), value.dtype)
                texts, last = self.subject.texts()
                bound = last if called in ("", self.subject.name) else called
                found.append(fault_of(value, weight, leaf_of.get(name), name, texts, bound, entry))

        try:
            self.subject.run({}, observe)
        except (ProgramError, RuntimeError):
            return None
        return found[0] if found else None

    def _instead(self, name: str, key: str, fault: Fault, slopes: list[Slope]) -> list[str]:
        """What a Function's backward returns, and the derivative that its forward has."""
        leaf = self.inputs[name]
        if not fault.own:
            return []
        returned = list(_returned(fault.node.removesuffix("Backward")))
        if leaf.dtype.is_complex or key.rstrip(VARIED) != key:
            return returned
        from .formula.forwards import by_operations

        differences = np.array([(slope.left + slope.right) / 2 for slope in slopes])
        if differences.size != max(np.asarray(leaf.array).size, 1):
            return returned
        given = {other: fresh(tensor) for other, tensor in self.inputs.items()}
        text = by_operations(self.subject.run, given, key, name, differences)
        shown = key or self.subject.name
        return [*returned, f"its forward has d {shown} / d {name} = {text}"] if text else returned

    def _kink(self, name: str, key: str, entry: dict[str, Any], wide: bool) -> Fault | None:
        """The step whose derivative jumps at the first kink, from graphs on both sides of it."""
        if not entry["kinks"]:
            return None
        result, called = self.results[key], key.rstrip(VARIED)
        leaf = widened(self.inputs[name]) if wide else fresh(self.inputs[name])
        place = tuple(entry["kinks"][0]["index"])
        sides = []
        for sign in (-1, 1):
            found: list[Any] = []

            def observe(seen: str, value: Any, at: int, found: list[Any] = found) -> None:
                if seen == called and at == result.place and not found and _on_graph(value):
                    found.append(local_derivatives(value))

            array = np.array(leaf.array)
            array[place] += sign * Tolerances().of(leaf.dtype, wide)[0] * max(1, abs(array[place]))
            moved = leaves.requires_grad_(make(array[()], leaf.dtype))
            try:
                self.subject.run({**self._others(wide), name: moved}, observe, wide)
            except (ProgramError, RuntimeError):
                return None
            sides += found
        return kink_between(*sides) if len(sides) == 2 else None


def _returned(name: str) -> Iterator[str]:
    """Where the backward of a Function of this name returns, and what."""
    for source, method in methods_of(name, ("backward", "vjp")):
        for part in node_walk(method):
            if isinstance(part, nodes.Return) and part.value is not None:
                text = source.slice(part.value.span)
                yield f"{source.location(part.span.start)}: its backward returns `{text}`"


def _analytic(value: Tensor, weight: Any, inputs: Named, place: int) -> Result | None:
    """The weighted sum of a result and its gradients, before the program can free the graph.

    None for a result whose graph is gone already, or that has no input among `inputs`.
    """
    by = {name: leaf for name, leaf in inputs.items() if requires_grad(leaf)}
    if not by:
        return None  # it leads to leaves that have no name here
    whole = bool(np.isfinite(value.array).all())
    some = bool(np.any(weight))
    try:
        arrays = _gradients(value, weight if whole or some else np.ones_like(weight), by)
        lost = {} if whole or not some else _gradients(value, (weight == 0), by)
    except RuntimeError as error:
        if "a second time" in str(error):
            return None
        raise
    grain = _grain(value)
    double = grain <= _GRAINS[8]
    return Result(_terms(value, weight), arrays, place, weight, double, whole, lost, grain)


def _gradients(value: Tensor, cotangent: Any, by: Named) -> dict[str, Any]:
    """The gradients of a weighted sum by inputs, as arrays; None for what it does not lead to."""
    weight = make(np.asarray(cotangent, value.dtype.array)[()], value.dtype)
    found = autograd_grad(value, list(by.values()), [weight], retain_graph=True, allow_unused=True)
    return {
        name: None if grad is None else grad.array for name, grad in zip(by, found, strict=True)
    }


def _in_double(subject: Subject, results: dict[str, Result], replaced: Named) -> dict[str, Any]:
    """The terms of the results that a run in double precision reproduces."""
    found: dict[str, Any] = {}
    seen: set[str] = set()

    def observe(name: str, value: Any, place: int) -> None:
        if name not in results or name in seen or results[name].place != place:
            return
        if not _on_graph(value):
            return
        seen.add(name)
        if not _computed_in_double(value):
            return
        for key in _keys(name, value):
            weight = results[key].weights
            if np.shape(weight) != shape_of(value):
                return
            terms, own = _terms(value, weight), results[key].terms
            if not np.isfinite(own).all() or np.allclose(terms, own, rtol=1e-2, atol=1e-4):
                found[key] = terms

    try:
        subject.run(replaced, observe, True)
    except (ProgramError, RuntimeError):
        return {}
    return found


def _sampled(count: int) -> list[int]:
    if count <= MOST:
        return list(range(count))
    return sorted({place * (count - 1) // (MOST - 1) for place in range(MOST)})


class Slope(NamedTuple):
    """An element and its part, the slopes on both sides, and the size of the terms that moved.

    A term alone counts though it did not move: what did may be below its last digit.
    """

    place: int
    part: int
    left: float
    right: float
    size: float


def _slopes(
    subject: Subject,
    name: str,
    leaf: Tensor,
    base: dict[str, Result],
    eps: float,
    others: Named,
) -> dict[str, list[Slope]]:
    """For each result (place, part, left slope, right slope) of the elements of one input.

    `others` replace the other leaves of a run in double precision.
    """
    flat = np.asarray(leaf.array).ravel()
    parts = (1.0, 1j) if leaf.dtype.is_complex else (1.0,)
    found: dict[str, list[Slope]] = {key: [] for key in base}
    for place in _sampled(flat.size):
        for number, unit in enumerate(parts):
            runtime.check()
            step = eps * max(1.0, abs(flat[place]))
            ends = []
            for sign in (-1, 1):
                moved = flat.copy()
                moved[place] += sign * step * unit
                reached = abs(complex(moved[place]) - complex(flat[place]))
                array = moved.reshape(shape_of(leaf))[()]
                replaced = {name: leaves.requires_grad_(make(array, leaf.dtype))}
                if others:
                    replaced = {n: fresh(v) for n, v in others.items()} | replaced
                ends.append((_moved(subject, replaced, base, bool(others)), reached))
            (low, below), (high, above) = ends
            for key, result in base.items():
                left = _slope(low[key], result.terms, below)
                right = _slope(result.terms, high[key], above)
                size = _moved_size(result.terms, low[key], high[key])
                found[key].append(Slope(place, number, left, right, size))
    return found


def _moved_size(terms: Any, low: Any, high: Any) -> float:
    if low is None or high is None:
        return 0.0
    with np.errstate(all="ignore"):
        moved = (low != high) | (np.size(terms) == 1)
        return float(np.sum(np.abs(terms)[moved]))


def _moved(
    subject: Subject, replaced: Named, base: dict[str, Result], wide: bool
) -> dict[str, Any]:
    """The terms of the results of a run with other leaves; None for what has no such terms."""
    found: dict[str, Any] = dict.fromkeys(base)
    seen: set[str] = set()

    def observe(result: str, value: Any, place: int) -> None:
        if result not in found or result in seen or base[result].place != place:
            return
        if _on_graph(value):
            seen.add(result)
            for key in _keys(result, value):
                weight = base[key].weights if key in base else None
                if weight is not None and np.shape(weight) == shape_of(value):
                    found[key] = _terms(value, weight)

    subject.run(replaced, observe, wide)
    return found


def _compare(
    limits: Sequence[float],
    leaf: Tensor,
    gradient: Any,
    slopes: Sequence[Slope],
    result: Result,
    wide: bool,
    beyond: Any,
) -> dict[str, Any]:
    """The worst element of a gradient, and whether all are within the tolerances.

    `beyond` is the gradient, or nothing, of the elements of the result that are not finite.
    """
    eps, rtol, atol = limits
    flat = None if gradient is None else _flat(gradient)
    if not _is_double(leaf.dtype):
        slopes_here = (abs(s.left) for s in slopes if math.isfinite(s.left + s.right))
        atol *= max(1.0, result.largest(), *slopes_here)  # what rounds is as large as that
    worst: dict[str, Any] | None = None
    largest = -1.0
    bad = 0
    kinks: list[dict[str, Any]] = []
    undefined: list[dict[str, Any]] = []
    nowhere = not result.whole and not np.any(result.weights)
    grain = _GRAINS[8] if wide else result.grain
    for place, part, left, right, moved in slopes:
        numeric = (left + right) / 2
        noise = 4 * grain * moved / eps  # what rounding makes of the differences
        analytic = 0.0
        if flat is not None:
            analytic = float(flat[place].imag if part else flat[place].real)
        element: dict[str, Any] = {
            "index": [int(i) for i in np.unravel_index(place, shape_of(leaf))],
            "analytic": analytic,
            "numeric": numeric,
            "slopes": [left, right],
            "kink": False,
        }
        if leaf.dtype.is_complex:
            element["part"] = "imag" if part else "real"
        lost = not result.whole and not math.isfinite(analytic)
        if analytic == left == right == 0 and beyond.size and beyond[place] != 0:
            lost = True  # all that it reaches is not finite
        if nowhere or lost or not math.isfinite(numeric):
            undefined.append(element)
            continue
        jump = 10 * (atol + rtol * max(abs(left), abs(right)))
        element["kink"] = abs(right - left) > jump + noise * (grain > _GRAINS[4])
        if element["kink"]:
            kinks.append(element)
        error = abs(analytic - numeric)
        if grain > _GRAINS[4]:  # a step that long goes beyond kinks nearby
            within = min(left, right) <= analytic <= max(left, right)
            error = 0.0 if within else min(abs(analytic - left), abs(analytic - right))
        excess = error / (atol + noise + rtol * abs(numeric))
        if not excess <= 1:
            bad += 1
            excess = math.inf if math.isnan(excess) else excess
        if excess > largest:
            largest = excess
            worst = element
    if worst is None and undefined:
        worst = undefined[0]
    return {
        "ok": bad == 0,
        "connected": gradient is not None,
        "elements": numel(shape_of(leaf)),
        "checked": len(slopes),
        "mismatches": bad,
        "undefined": [_place_of(item) for item in undefined],
        "kinks": [_place_of(item) for item in kinks[:SHOWN]],
        "worst": worst,
    }


def _place_of(element: dict[str, Any]) -> dict[str, Any]:
    return {"index": element["index"], "slopes": element["slopes"]}


def _forward(
    subject: Subject, name: str, leaf: Tensor, results: dict[str, Result]
) -> dict[str, dict[str, Any]]:
    """For each result the jvp along a fixed direction against the same number from the vjp."""
    from gradcli.autograd import forward_ad

    shape = shape_of(leaf)
    direction = np.sin(1 + 78.233 * np.arange(numel(shape))).reshape(shape).astype(leaf.dtype.array)
    found: dict[str, float] = {}

    def observe(result: str, value: Any, place: int) -> None:
        if result not in results or result in found or results[result].place != place:
            return
        if _on_graph(value):
            tangent = forward_ad.unpack_dual(value).tangent
            for key in _keys(result, value):
                weight = results[key].weights
                found[key] = 0.0 if tangent is None else _total(tangent, weight)

    try:
        with forward_ad.dual_level():
            tangent = make(direction.copy()[()], leaf.dtype)  # the program may write to it
            dual = forward_ad.make_dual(fresh(leaf), tangent)
            subject.run({name: dual}, observe)
    except ProgramError as error:
        note = {"ok": True, "skipped": str(error)}
        return {result: note for result in results if result not in found}
    entries = {}
    for key, jvp in found.items():
        gradient = results[key].gradients.get(name)
        vjp = 0.0
        if gradient is not None:
            with np.errstate(all="ignore"):
                vjp = float(np.sum(np.real(np.conj(gradient) * direction), dtype=np.float64))
        coarse = 2e-2 if results[key].grain > _GRAINS[4] else 1e-3
        tolerance = (1e-9 if _is_double(leaf.dtype) else coarse) * (1 + abs(jvp) + abs(vjp))
        same = jvp == vjp or (math.isnan(jvp) and math.isnan(vjp))
        entries[key] = {"ok": same or abs(jvp - vjp) <= tolerance, "jvp": jvp, "vjp": vjp}
    return entries


def report(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines about what `Check.entries` found, and how much of it is wrong."""
    for entry in entries:
        yield from _lines(entry)
    wrong = sum(not entry["ok"] for entry in entries)
    many = "gradient" if len(entries) == 1 else "gradients"
    undefined = sum(len(entry["undefined"]) for entry in entries)
    more = f", {undefined} {_elements(undefined)} undefined" if undefined else ""
    yield f"{len(entries)} {many} checked, {wrong} wrong{more}"
    if any(entry["differences"] == "own" for entry in entries):
        yield (
            "note: differences are of the program's own precision, as it does not run alike in "
            "float64: an error as small as their rounding is not seen"
        )


def _elements(count: int) -> str:
    return "element" if count == 1 else "elements"


def _lines(entry: dict[str, Any]) -> Iterator[str]:
    """One line for a gradient that is right, what is wrong with it otherwise, and its kinks."""
    pair = f"d {entry['result']} / d {entry['input']}"
    if entry["weighted"]:
        pair += " (a weighted sum)"
    worst = entry["worst"]
    undefined = entry["undefined"]
    good = entry["checked"] - len(undefined)
    jvp = entry.get("jvp")
    if entry["mismatches"]:
        yield (
            f"WRONG  {pair}{_at(worst)}: gradient {worst['analytic']:.9g}, "
            f"differences {worst['numeric']:.9g} ({entry['mismatches']} of {entry['checked']})"
        )
    elif entry["ok"] and worst is None:
        yield f"ok     {pair}: no elements"
    elif entry["ok"] and not good:
        yield f"ok     {pair}: nothing to compare, the result is not finite or has no slope"
    elif entry["ok"]:
        error = abs(worst["analytic"] - worst["numeric"])
        of = f" of {entry['elements']}" if good < entry["elements"] else ""
        many = _elements(entry["elements"] if of else good)
        yield f"ok     {pair}: {good}{of} {many}, largest error {error:.2g}"
    for kink in entry["kinks"]:
        left, right = kink["slopes"]
        yield (
            f"       a kink{_at(kink)}: the slope is {left:.6g} on its left, {right:.6g} on its "
            "right"
        )
    for element in undefined[:SHOWN]:
        left, right = element["slopes"]
        reason = f"the slope is {left:.6g} on its left, {right:.6g} on its right"
        if math.isfinite(left + right):  # of the other elements, or in double precision
            reason = "the result is not finite"
        yield f"       undefined here{_at(element)}: {reason}"
    if len(undefined) > SHOWN:
        yield f"       and undefined at {len(undefined) - SHOWN:,} more elements"
    if jvp is not None and not jvp["ok"] and not entry["ok"]:
        yield f"WRONG  {pair}: forward mode {jvp['jvp']:.9g}, reverse {jvp['vjp']:.9g}"
    if "fault" in entry:
        for line in entry["fault"]["says"]:
            yield f"       {line}"


def _at(element: dict[str, Any]) -> str:
    return f" at {element['index']}" if element["index"] else ""
