"""Schedules that come back: CyclicLR and OneCycleLR, with the momentum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..nn.shapes import shown
from .optimizer import Optimizer
from .scheduler import (
    LRScheduler,
    Rates,
    assign,
    checked_optimizer,
    each,
    power_of,
    real,
    reals,
    setting,
)


def _momentum_name(optimizer: Optimizer) -> str:
    """Which setting is the momentum. Raises ValueError for an optimizer without one."""
    if "momentum" in optimizer.defaults:
        return "momentum"
    if "betas" in optimizer.defaults:
        return "betas"
    raise ValueError(
        "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
    )


def _set_momentum(group: dict[str, Any], value: float) -> None:
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


class CyclicLR(LRScheduler):
    """The rate goes up from `base_lr` to `max_lr` and down again.

    Smith, "Cyclical learning rates for training neural networks", 2017.
    """

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self,
        optimizer: Any,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float = 0.8,
        max_momentum: float = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        groups = optimizer.param_groups
        base_lrs = each("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, groups, strict=True):
                assign(group, "lr", rate)
        self.max_lrs = each("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        down = float(step_size_down) if step_size_down is not None else up
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _momentum_name(optimizer) == "betas"
            self.base_momentums = each("base_momentum", optimizer, base_momentum)
            self.max_momentums = each("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                for low, high, group in zip(
                    self.base_momentums, self.max_momentums, groups, strict=True
                ):
                    _set_momentum(group, high)
                    group["max_momentum"] = high
                    group["base_momentum"] = low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and a function that the program gave."""
        return super().state_dict() | {"_scale_fn_custom": None}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state; the function stays."""
        state_dict.pop("_scale_fn_custom")
        super().load_state_dict(state_dict)

    def scale_fn(self, x: Any) -> float:
        """By what the height of a cycle is multiplied, of the cycle or the iteration."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        if self.mode == "triangular2":
            return 1 / (2.0 ** (x - 1))  # type: ignore[no-any-return]
        return float(power_of(real(self.gamma), x))

    def get_lr(self) -> Rates:
        """The rates of this iteration; sets the momentum, which goes the other way."""
        self._inside()
        epoch, size, ratio = self._reals("last_epoch", "total_size", "step_ratio")
        cycle = math.floor(1 + epoch / size)
        x = 1.0 + epoch / size - cycle
        share = x / ratio if x <= ratio else (x - 1) / (ratio - 1)
        at = cycle if self.scale_mode == "cycle" else epoch
        rates = [
            base + (high - base) * share * real(self.scale_fn(at))
            for base, high in zip(self._bases(), reals(self.max_lrs), strict=True)
        ]
        if self.cycle_momentum:
            for base, high, group in zip(
                reals(self.base_momentums),
                reals(self.max_momentums),
                self.optimizer.param_groups,
                strict=True,
            ):
                _set_momentum(group, high - (high - base) * share * real(self.scale_fn(at)))
        return rates


class OneCycleLR(LRScheduler):
    """One rise to `max_lr` and one fall to next to nothing, in `total_steps` steps.

    Smith and Topin, "Super-convergence", 2018.
    """

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self,
        optimizer: Any,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        if total_steps is not None:
            _check_positive("total_steps", total_steps)
            self.total_steps = total_steps
        elif epochs is not None and steps_per_epoch is not None:
            _check_positive("epochs", epochs)
            _check_positive("steps_per_epoch", steps_per_epoch)
            self.total_steps = epochs * steps_per_epoch
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        pct_start = real(pct_start)
        rise, last = float(pct_start * self.total_steps) - 1, self.total_steps - 1
        ends = [(rise, "initial_lr", "max_lr", "max", "base")]
        if three_phase:
            ends.append(
                (2 * pct_start * self.total_steps - 2, "max_lr", "initial_lr", "base", "max")
            )
            ends.append((last, "initial_lr", "min_lr", "max", "max"))
        else:
            ends.append((last, "max_lr", "min_lr", "base", "max"))
        self._schedule_phases: list[dict[str, Any]] = [
            {
                "end_step": end,
                "start_lr": start_lr,
                "end_lr": end_lr,
                "start_momentum": f"{start}_momentum",
                "end_momentum": f"{stop}_momentum",
            }
            for end, start_lr, end_lr, start, stop in ends
        ]
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(
                f"Expected float between 0 and 1 pct_start, but got {shown(pct_start)}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{shown(anneal_strategy)}"
            )
        self._anneal_func_type = anneal_strategy
        groups = optimizer.param_groups
        if last_epoch == -1:
            for group, highest in zip(groups, each("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"] = real(highest) / real(div_factor)
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / real(final_div_factor)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _momentum_name(optimizer) == "betas"
            highs = each("max_momentum", optimizer, max_momentum)
            lows = each("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                for high, low, group in zip(highs, lows, groups, strict=True):
                    _set_momentum(group, high)
                    group["max_momentum"] = high
                    group["base_momentum"] = low
        super().__init__(optimizer, last_epoch)

    def _anneal_func(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)
        return (end - start) * share + start

    def get_lr(self) -> Rates:
        """The rates of this step; sets the momentum, which goes the other way."""
        self._inside()
        step, total = self._reals("last_epoch", "total_steps")
        if step > total:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {total}"
            )
        start: float = 0
        for phase in self._schedule_phases:
            end: Any = real(phase["end_step"])
            if step <= end or phase is self._schedule_phases[-1]:
                break
            start = end
        share = (step - start) / (end - start)
        rates = []
        for group in self.optimizer.param_groups:
            first, last = setting(group, phase["start_lr"]), setting(group, phase["end_lr"])
            rates.append(self._anneal_func(first, last, share))
            if self.cycle_momentum:
                first = setting(group, phase["start_momentum"])
                last = setting(group, phase["end_momentum"])
                _set_momentum(group, self._anneal_func(first, last, share))
        return rates


def _check_positive(name: str, value: Any) -> None:
    if value <= 0 or not isinstance(value, int):
        raise ValueError(f"Expected positive integer {name}, but got {shown(value)}")
