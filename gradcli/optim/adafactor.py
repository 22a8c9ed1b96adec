"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.tensor import Tensor, make
from .arithmetic import Arithmetic, number, zeros_like
from .optimizer import Elementwise, Group, at_least, at_most, check, check_rate, new_step, next_step


class Adafactor(Elementwise):
    """Adam whose mean square of a matrix is kept as that of its rows and of its columns.

    Shazeer and Stern, 2018. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim._adafactor"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        check(at_most(0.0, beta2_decay), "beta2_decay should be <= 0 but is: {}", beta2_decay)
        check(eps[0] is None or at_least(0.0, eps[0]), "epsilon1 should be >= 0 but is: {}", eps[0])
        check(at_least(0.0, eps[1]), "epsilon2 should be >= 0 but is: {}", eps[1])
        check(at_least(1.0, d), "Clipping threshold d should be >= 1 but is: {}", d)
        check(at_least(0.0, weight_decay), "weight_decay should be >= 0 but is: {}", weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Means of zero. Raises RuntimeError for complex parameters."""
        if param.dtype.is_complex:
            raise RuntimeError("Adafactor does not support complex parameters")
        state["step"] = new_step()
        shape = param.array.shape
        if len(shape) > 1:
            for name, kept in (
                ("row_var", (*shape[:-1], 1)),
                ("col_var", (*shape[:-2], 1, shape[-1])),
            ):
                state[name] = make(np.zeros(kept, param.dtype.array), param.dtype)
        else:
            state["variance"] = zeros_like(param)

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Any,
        param: Any,
        gradient: Any,
    ) -> None:
        """One step, not longer than the parameters allow."""
        step = next_step(state)
        rate = number(group["lr"])
        least, share = group["eps"]
        if least is None:
            least = of.dtype.eps or float(np.finfo(of.dtype.array).eps)
        fresh = step ** group["beta2_decay"]
        size = max(share, _mean_root(of, param)) * min(rate, 1 / (step**0.5))
        if group["weight_decay"] != 0:
            of.mul(param, 1 - rate * group["weight_decay"])
        if gradient.ndim > 1:
            rows, columns = of.of(state["row_var"]), of.of(state["col_var"])
            for kept, axis in ((rows, -1), (columns, -2)):
                mean = np.square(of.wide(gradient)).sum(axis, keepdims=True)
                of.lerp(kept, of.rounded(mean / gradient.shape[axis]), fresh)
            square = of.rounded(of.wide(rows) @ of.wide(columns))
            below = of.rounded(of.wide(rows).mean(-2, keepdims=True))
            square = of.div(square, np.maximum(below, of.number(least)))
        else:
            kept = of.of(state["variance"])
            of.lerp(kept, of.rounded(np.square(of.wide(gradient))), fresh)
            square = kept
        square = np.maximum(square, of.number(least * least))
        change = of.times(of.rounded(1 / np.sqrt(of.wide(square))), gradient)
        of.add(param, change, -size / max(1.0, _mean_root(of, change) / group["d"]))


def _mean_root(of: Arithmetic, array: Any) -> float:
    """The root of the mean square."""
    norm: float = np.linalg.norm(np.asarray(of.wide(array)).ravel()).item()
    return float(norm / (array.size**0.5))
