"""Schedules of learning rates that the number of epochs, or a metric, decides."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

from ..nn.operands import number
from ..nn.shapes import own_init, shown
from ..tensor.dtypes import type_name
from ..tensor.mappings import Counter
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, own_memory
from .optimizer import check
from .scheduler import (
    EPOCH_DEPRECATION_WARNING,
    LRScheduler,
    Rates,
    assign,
    checked_optimizer,
    groups_of,
    own,
    power_of,
    real,
)


def _check_word(name: str, value: Any, known: tuple[str, ...]) -> None:
    """Raise for what is none of the words, TypeError for what is no word at all."""
    if isinstance(value, str):
        if value not in known:
            raise ValueError(f"{name} {value} is unknown!")
    elif type(value) in (list, dict, set):
        raise TypeError(f"unhashable type: '{type(value).__name__}'")
    else:
        raise TypeError(f'can only concatenate str (not "{type_name(value)}") to str')


class _OfFunctions(LRScheduler):
    """A schedule that functions of the epoch give."""

    __module__ = "torch.optim.lr_scheduler"

    _hidden = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Any, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        groups = len(groups_of(optimizer))
        if isinstance(lr_lambda, list | tuple):
            if len(lr_lambda) != groups:
                raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
            self.lr_lambdas = list(lr_lambda)
        else:
            self.lr_lambdas = [lr_lambda] * groups
        self._check_functions()
        super().__init__(optimizer, last_epoch)

    def _check_functions(self) -> None:
        """Raise for what is no function."""

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and the functions."""
        return super().state_dict() | {"lr_lambdas": [None] * len(self.lr_lambdas)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state; the functions stay."""
        functions = state_dict.pop("lr_lambdas")
        super().load_state_dict(state_dict)
        state_dict["lr_lambdas"] = functions

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ == "torch.optim.lr_scheduler":
            own_init(cls)


class LambdaLR(_OfFunctions):
    """The initial rate times `lr_lambda(epoch)`."""

    __module__ = "torch.optim.lr_scheduler"

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        return [
            base * real(function(self.last_epoch))
            for function, base in zip(self.lr_lambdas, self._bases(), strict=True)
        ]


class MultiplicativeLR(_OfFunctions):
    """The rate before times `lr_lambda(epoch)`."""

    __module__ = "torch.optim.lr_scheduler"

    def _check_functions(self) -> None:
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"lr_lambda should be a function, but got {type(function).__name__}"
                )

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        if self._is_initial:
            return self._kept()
        return [
            rate * real(function(self.last_epoch))
            for function, rate in zip(self.lr_lambdas, self._rates(), strict=True)
        ]


class StepLR(LRScheduler):
    """The rate times `gamma` every `step_size` epochs."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch, size, gamma = self._reals("last_epoch", "step_size", "gamma")
        if epoch == 0 or epoch % size != 0:
            return self._kept()
        return [rate * gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, size, gamma = self._reals("last_epoch", "step_size", "gamma")
        power = power_of(gamma, epoch // size)
        return [base * power for base in self._bases()]


class MultiStepLR(LRScheduler):
    """The rate times `gamma` at every milestone."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(
            at if type(at) in (str, type(None), Tensor) else number(at)
            for at in runtime.listed(() if milestones is None else milestones)
        )
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch, gamma = self._reals("last_epoch", "gamma")
        if epoch not in self.milestones:
            return self._kept()
        factor = power_of(gamma, real(self.milestones[epoch]))
        return [rate * factor for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, gamma = self._reals("last_epoch", "gamma")
        passed = sum(
            real(count)
            for at, count in runtime.listed(self.milestones.items())
            if not epoch < real(at)
        )
        return [base * power_of(gamma, passed) for base in self._bases()]


class ConstantLR(LRScheduler):
    """The rate times `factor` until `total_iters` epochs are over."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        check(
            not (factor > 1.0 or factor < 0),
            "Constant multiplicative factor expected to be between 0 and 1.",
        )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch, total, factor = self._reals("last_epoch", "total_iters", "factor")
        if epoch == 0:
            return [rate * factor for rate in self._rates()]
        if epoch != total:
            return self._kept()
        return [rate * (1.0 / factor) for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, total, factor = self._reals("last_epoch", "total_iters", "factor")
        return [base * (factor + (epoch >= total) * (1 - factor)) for base in self._bases()]


class LinearLR(LRScheduler):
    """The rate times a factor that goes in a line from `start_factor` to `end_factor`."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check(
            not (start_factor > 1.0 or start_factor <= 0),
            "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
        )
        check(
            not (end_factor > 1.0 or end_factor < 0),
            "Ending multiplicative factor expected to be between 0 and 1.",
        )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch, total, first, last = self._reals(*self._line)
        if epoch == 0:
            return [rate * first for rate in self._rates()]
        if self._is_initial or epoch > total:
            return self._kept()
        span = last - first
        before = total * first + (epoch - 1) * span
        return [rate * (1.0 + span / before) for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, total, first, last = self._reals(*self._line)
        passed = min(total, epoch)
        return [base * (first + (last - first) * passed / total) for base in self._bases()]

    _line = ("last_epoch", "total_iters", "start_factor", "end_factor")


class ExponentialLR(LRScheduler):
    """The rate times `gamma` every epoch."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        if self._is_initial:
            return self._kept()
        (gamma,) = self._reals("gamma")
        return [rate * gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, gamma = self._reals("last_epoch", "gamma")
        return [base * power_of(gamma, epoch) for base in self._bases()]


class PolynomialLR(LRScheduler):
    """The rate falls to 0 in `total_iters` epochs, as a power of the epochs that are left."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        if self._is_initial:
            return self._kept()
        epoch, total, power = self._reals("last_epoch", "total_iters", "power")
        if epoch > total:
            return self._kept()
        left = 1.0 - epoch / total
        before = 1.0 - (epoch - 1) / total
        return [rate * (left / before) ** power for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, total, power = self._reals("last_epoch", "total_iters", "power")
        share = 1.0 - min(total, epoch) / total
        return [base * share**power for base in self._bases()]


class CosineAnnealingLR(LRScheduler):
    """The rate swings between the initial one and `eta_min` as a cosine of half-period `T_max`.

    Loshchilov and Hutter, "SGDR", 2017, without its restarts.
    """

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        if self._is_initial:
            return self._kept()
        epoch, low, length = self._reals("last_epoch", "eta_min", "T_max")
        if self._step_count == 1 and epoch > 0:
            return [
                low + (base - low) * (1 + math.cos(epoch * math.pi / length)) / 2
                for base in self._bases()
            ]
        if (epoch - 1 - length) % (2 * length) == 0:
            return [
                rate + (base - low) * (1 - math.cos(math.pi / length)) / 2
                for base, rate in zip(self._bases(), self._rates(), strict=True)
            ]
        now = 1 + math.cos(math.pi * epoch / length)
        before = 1 + math.cos(math.pi * (epoch - 1) / length)
        return [now / before * (rate - low) + low for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, low, length = self._reals("last_epoch", "eta_min", "T_max")
        swing = 1 + math.cos(math.pi * epoch / length)
        return [low + (base - low) * swing / 2 for base in self._bases()]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine from the initial rate to `eta_min`, again and again, `T_mult` times as long.

    Loshchilov and Hutter, "SGDR", 2017.
    """

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {shown(T_0)}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {shown(T_mult)}")
        if not isinstance(eta_min, float | int):
            raise ValueError(
                f"Expected float or int eta_min, but got {shown(eta_min)} of type {type(eta_min)}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: Any = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        at, length, low = self._reals("T_cur", "T_i", "eta_min")
        swing = 1 + math.cos(math.pi * at / length)
        return [low + (base - low) * swing / 2 for base in self._bases()]

    def step(self, epoch: Any = None) -> None:
        """Go to the next epoch or to a given one, which may be a fraction."""
        last, at, length, first, times = self._reals("last_epoch", "T_cur", "T_i", "T_0", "T_mult")
        if epoch is None and last < 0:
            epoch = 0
        if epoch is None:
            epoch = last + 1
            self.T_cur = at + 1
            if self.T_cur >= length:
                self.T_cur = self.T_cur % length
                self.T_i = length * times
        else:
            epoch = real(epoch)
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {shown(epoch)}")
            if epoch < first:
                self.T_i = first
                self.T_cur = epoch
            elif times == 1:
                self.T_cur = epoch % first
            else:
                restarts = int(math.log((epoch / first * (times - 1) + 1), times))
                passed = first * (times**restarts - 1) / (times - 1)
                self.T_cur = epoch - passed
                self.T_i = first * times**restarts
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)


class ReduceLROnPlateau(LRScheduler):
    """The rate times `factor` when a measure has not got better for `patience` epochs."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self,
        optimizer: Any,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
    ) -> None:
        check(not factor >= 1.0, "Factor should be < 1.0.")
        self.factor = factor
        self.optimizer = checked_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, list | tuple):
            if len(min_lr) != groups:
                raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
            self.default_min_lr = None
            self.min_lrs = list(min_lr)
        else:
            self.default_min_lr = min_lr
            self.min_lrs = [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = self._kept()
        _check_word("mode", mode, ("min", "max"))
        _check_word("threshold mode", threshold_mode, ("rel", "abs"))
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self._reset()

    def _reset(self) -> None:
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        """Look at a measure of this epoch and set the rates."""
        current = float(own_memory(metrics).item() if type(metrics) is Tensor else metrics)
        if epoch is None:
            epoch = self.last_epoch + 1
        else:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self.last_epoch = epoch
        if self._is_better(current, real(self.best)):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr(epoch)
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [own(rate) for rate in self._kept()]

    def _reduce_lr(self, epoch: Any) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from "
                    "when `ReduceLROnPlateau` was initialized "
                    f"({len(self.min_lrs)}), usually due to a new param group being added to the "
                    "optimizer. Please modify the `min_lrs` field to match the length of the "
                    "`optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            old = float(
                own_memory(group["lr"]).item() if type(group["lr"]) is Tensor else group["lr"]
            )
            factor, smallest = self._reals("factor", "eps")
            new = max(old * factor, real(least))
            if old - new > smallest:
                assign(group, "lr", new)

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs do not count now."""
        return self.cooldown_counter > 0

    def _is_better(self, a: float, best: float) -> bool:
        threshold: float
        (threshold,) = self._reals("threshold")
        margin = threshold if self.mode == "max" else -threshold
        bound = best * (1 + margin) if self.threshold_mode == "rel" else best + margin
        return a > bound if self.mode == "max" else a < bound
