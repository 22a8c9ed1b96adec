"""L-BFGS, and the line search that finds a point with the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.leaf import grad
from ..autograd.modes import enable_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, own_memory
from .arithmetic import about_to_write, arithmetic, memory, number
from .optimizer import Optimizer, check_rate, hooked, numbers

Array = Any
# Step length, loss, gradient, slope along the direction. Slopes, and lengths that come of them, are
# numbers in the precision of the parameters: PyTorch has tensors there, and losses as floats.
Point = tuple[Any, float, Array, Any]


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last `history_size` changes of the gradient.

    `step(closure)` makes up to `max_iter` of them and calls the closure anew for each. Nocedal and
    Wright, "Numerical optimization", 2006, chapters 3 and 7.
    """

    __module__ = "torch.optim.lbfgs"

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _gradient(self) -> Array:
        """The gradients of all parameters, one after the other."""
        parts = []
        for param in self._params:
            gradient = grad(param)
            of = arithmetic(param.dtype)
            parts.append(
                np.zeros(of.of(param).size, of.dtype.array)
                if gradient is None
                else of.of(gradient).ravel()
            )
        return np.concatenate(parts)

    def _move(self, length: float, direction: Array) -> None:
        """Go along a direction."""
        start = 0
        for param in self._params:
            of = arithmetic(param.dtype)
            array = of.of(param)
            about_to_write(param)
            of.add(array, direction[start : start + array.size].reshape(array.shape), length)
            start += array.size

    def _positions(self) -> list[Array]:
        return [np.array(own_memory(param)) for param in self._params]

    def _restore(self, positions: list[Array]) -> None:
        for param, position in zip(self._params, positions, strict=True):
            about_to_write(param)
            own_memory(param)[...] = position

    @hooked
    def step(self, closure: Callable[[], Any]) -> Any:
        """Make steps until a tolerance or a limit is met; returns the loss before the first."""
        count = len(self.param_groups)
        if count != 1:
            raise AssertionError(f"Expected exactly one param_group, but got {count}")
        with np.errstate(all="ignore"):
            return self._steps(closure)

    def _steps(self, closure: Callable[[], Any]) -> Any:
        group = numbers(self.param_groups[0])
        rate = number(group["lr"])
        least_change = group["tolerance_change"]
        of = arithmetic(self._params[0].dtype)

        def evaluate() -> Any:
            runtime.check()
            with enable_grad():
                return closure()

        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first = evaluate()
        loss = float(number(first))
        evaluations = 1
        state["func_evals"] += 1
        gradient = self._gradient()
        if np.abs(gradient).max() <= group["tolerance_grad"]:
            return first

        def vector(tensor: Any) -> Array:
            array = memory(tensor)
            if array.shape != gradient.shape:
                raise RuntimeError("the state of LBFGS does not fit its parameters")
            return array

        def kept(name: str, of_kind: Callable[[Any], Any]) -> Any:
            value = state.get(name)
            return None if value is None else of_kind(value)

        def several(name: str, of_kind: Callable[[Any], Any]) -> list[Any]:
            return [of_kind(value) for value in runtime.listed(state.get(name) or ())]

        direction, length = kept("d", vector), kept("t", number)
        shares: list[Any] = []
        changes, steps = several("old_dirs", vector), several("old_stps", vector)
        inverses = several("ro", number)
        scale, before = kept("H_diag", number), kept("prev_flat_grad", vector)
        loss_before = kept("prev_loss", number)

        iterations = 0
        while iterations < group["max_iter"]:
            iterations += 1
            state["n_iter"] += 1
            if state["n_iter"] == 1:
                direction = -gradient
                changes, steps, inverses = [], [], []
                scale = 1
            else:
                if before is None:
                    raise TypeError(
                        "sub(): argument 'other' (position 1) must be Tensor, not NoneType"
                    )
                memories = group["history_size"]
                runtime.reserve(8 * memories if isinstance(memories, int) else 0)
                state.setdefault("al", [None] * memories)
                change = gradient - before
                moved = of.times(direction, length)
                curvature = np.dot(change, moved)
                if curvature > 1e-10:
                    if len(changes) == group["history_size"]:
                        changes.pop(0)
                        steps.pop(0)
                        inverses.pop(0)
                    changes.append(change)
                    steps.append(moved)
                    inverses.append(1.0 / curvature)
                    scale = curvature / np.dot(change, change)
                direction, shares = _two_loops(of, gradient, changes, steps, inverses, scale)
            before = np.array(gradient)
            loss_before = loss
            if state["n_iter"] == 1:
                length = min(1.0, 1.0 / np.abs(gradient).sum()) * rate
            else:
                length = rate
            slope = np.dot(gradient, direction)
            if slope > -least_change:
                break
            evaluated = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                origin = self._positions()

                def look(at: float, along: Array, origin: Any = origin) -> tuple[float, Array]:
                    self._move(at, along)
                    value = float(number(evaluate()))
                    slopes = self._gradient()
                    self._restore(origin)
                    return value, slopes

                loss, gradient, length, evaluated = strong_wolfe(
                    look,
                    length,
                    direction,
                    loss,
                    gradient,
                    slope,
                    max_ls=group["max_eval"] - evaluations,
                )
                self._move(length, direction)
                small = np.abs(gradient).max() <= group["tolerance_grad"]
            else:
                self._move(length, direction)
                if iterations != group["max_iter"]:
                    loss = float(number(evaluate()))
                    gradient = self._gradient()
                    small = np.abs(gradient).max() <= group["tolerance_grad"]
                    evaluated = 1
            evaluations += evaluated
            state["func_evals"] += evaluated
            if iterations == group["max_iter"] or evaluations >= group["max_eval"]:
                break
            if small:
                break
            if np.abs(direction * of.number(length)).max() <= least_change:
                break
            if abs(loss - loss_before) < least_change:
                break

        def tensor(array: Array, dtype: Any = of.dtype) -> Any:
            return make(np.asarray(array), dtype)

        state["d"] = tensor(direction)
        given = self.param_groups[0]["lr"]
        if length is rate and isinstance(given, Tensor):
            state["t"] = tensor(length, given.dtype)
        else:
            state["t"] = tensor(length) if isinstance(length, np.generic) else length
        if shares:
            state["al"][: len(shares)] = [tensor(share) for share in shares]
        state["old_dirs"] = [tensor(array) for array in changes]
        state["old_stps"] = [tensor(array) for array in steps]
        state["ro"] = [tensor(array) for array in map(np.asarray, inverses)]
        state["H_diag"] = scale if isinstance(scale, int) else tensor(scale)
        state["prev_flat_grad"] = tensor(before)
        state["prev_loss"] = loss_before
        return first


def _two_loops(
    of: Any, gradient: Array, changes: list[Array], steps: list[Array], inverses: Any, scale: Any
) -> tuple[Array, list[Any]]:
    """The approximate inverse Hessian times minus the gradient, and the shares of the changes."""
    shares = []
    result = -gradient
    for change, moved, inverse in zip(
        reversed(changes), reversed(steps), reversed(inverses), strict=True
    ):
        share = np.dot(moved, result) * inverse
        shares.append(share)
        of.add(result, change, -share)
    result = of.times(result, scale)
    shares.reverse()
    for change, moved, inverse, share in zip(changes, steps, inverses, shares, strict=True):
        of.add(result, moved, share - np.dot(change, result) * inverse)
    return result, shares


def interpolated(
    x1: Any,
    f1: float,
    g1: Any,
    x2: Any,
    f2: float,
    g2: Any,
    bounds: tuple[Any, Any] | None = None,
) -> Any:
    """Where the cubic with these values and slopes is least, between the bounds."""
    low, high = bounds if bounds is not None else (min(x1, x2), max(x1, x2))
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if not square >= 0:
        return (low + high) / 2.0
    d2 = square**0.5
    if x1 <= x2:
        found = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    else:
        found = x1 - (x1 - x2) * ((g1 + d2 - d1) / (g1 - g2 + 2 * d2))
    return min(max(found, low), high)


def strong_wolfe(
    look: Callable[[Any, Array], tuple[float, Array]],
    length: Any,
    direction: Array,
    loss: float,
    gradient: Array,
    slope: Any,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance_change: float = 1e-9,
    max_ls: int = 25,
) -> tuple[float, Array, Any, int]:
    """A step length with enough descent and a flat enough slope.

    Returns the loss and the gradient there, the length, and how often `look` was called.
    """
    span = np.abs(direction).max()

    def point(at: Any) -> Point:
        value, slopes = look(at, direction)
        return at, value, slopes, np.dot(slopes, direction)

    new = point(length)
    calls = 1
    previous: Point = (0, loss, np.array(gradient), slope)
    bracket: list[Point] = []
    done = False
    tries = 0
    while tries < max_ls:
        if new[1] > loss + c1 * new[0] * slope or (tries > 1 and new[1] >= previous[1]):
            bracket = [previous, new]
            break
        if abs(new[3]) <= -c2 * slope:
            bracket, done = [new], True
            break
        if new[3] >= 0:
            bracket = [previous, new]
            break
        low, high = new[0] + 0.01 * (new[0] - previous[0]), new[0] * 10
        at = interpolated(
            previous[0], previous[1], previous[3], new[0], new[1], new[3], (low, high)
        )
        previous = new
        new = point(at)
        calls += 1
        tries += 1
    if tries == max_ls:
        bracket = [(0, loss, gradient, slope), new]

    if not bracket:  # no calls were left
        raise UnboundLocalError(
            "cannot access local variable 'bracket_f' where it is not associated with a value"
        )
    near_edge = False
    best, worst = (0, 1) if bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not done and tries < max_ls:
        (a, fa, _, ga), (b, fb, _, gb) = bracket
        if abs(b - a) * span < tolerance_change:
            break
        at = interpolated(a, fa, ga, b, fb, gb)
        low, high = min(a, b), max(a, b)
        margin = 0.1 * (high - low)
        if min(high - at, at - low) < margin:
            if near_edge or at >= high or at <= low:
                at = high - margin if abs(at - high) < abs(at - low) else low + margin
                near_edge = False
            else:
                near_edge = True
        else:
            near_edge = False
        new = point(at)
        calls += 1
        tries += 1
        if new[1] > loss + c1 * new[0] * slope or new[1] >= bracket[best][1]:
            bracket[worst] = new
            best, worst = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if abs(new[3]) <= -c2 * slope:
                done = True
            elif new[3] * (bracket[worst][0] - bracket[best][0]) >= 0:
                bracket[worst] = bracket[best]
            bracket[best] = new
    chosen = bracket[best if len(bracket) > 1 else 0]
    return chosen[1], chosen[2], chosen[0], calls
