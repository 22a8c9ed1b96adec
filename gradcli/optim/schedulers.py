"""Schedules of learning rates: `torch.optim.lr_scheduler`."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..nn.shapes import number
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, own_memory
from .optimizer import Optimizer, check

Rates = list[Any]

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available. Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
_TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, "
    "you should call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  "
    "Failure to do this will result in PyTorch skipping the first value of the learning rate "
    "schedule. See more details at "
    "https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"
)
_NO_INITIAL = (
    "param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with "
    "last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a "
    "checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 "
    "for a fresh training run (not recommended)"
)


def _own(value: Any) -> Any:
    """A setting that later changes of a tensor do not reach."""
    if type(value) is not Tensor:
        return value
    runtime.reserve(value.array.nbytes)
    return make(own_memory(value).copy(), value.dtype)


def real(value: Any) -> Any:
    """A setting to compute with: a number, or a tensor as it is. Raises TypeError."""
    return value if type(value) is Tensor else number(value)


def reals(values: Iterable[Any]) -> list[Any]:
    """Settings to compute with, one a group."""
    return [real(value) for value in runtime.listed(values)]


def _setting(group: dict[str, Any], name: Any) -> Any:
    """A number that a group has under a name, which the state of a scheduler gives."""
    if type(name) is not str:
        raise TypeError(f"the name of a setting must be a string, not {type(name).__name__}")
    return real(group[name])


def _assign(group: dict[str, Any], name: str, value: Any) -> None:
    """Set a setting of a group; a tensor keeps its memory."""
    kept = group[name]
    if type(kept) is Tensor:
        own_memory(kept)[...] = value.array if type(value) is Tensor else value
    else:
        group[name] = value


def _power(x: Any, exponent: Any) -> Any:
    """x ** exponent, without the digits of integers that no learning rate can have."""
    return (float(x) if isinstance(x, int) and exponent > 64 else x) ** exponent


def _checked_optimizer(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def each(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A setting of every group. Raises ValueError for a list of another length."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} "
            f"values, param_groups has {groups}."
        )
    return list(value)


class LRScheduler:
    """Sets the learning rates of an optimizer; `step()` goes to the next epoch.

    Subclass it: `get_lr()` gives the rates of `self.last_epoch`, one a group.
    """

    __module__ = "torch.optim.lr_scheduler"

    _hidden: tuple[str, ...] = ("optimizer",)  # what `state_dict` leaves out

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self.optimizer = _checked_optimizer(optimizer)
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(_NO_INITIAL.format(index))
        self.base_lrs: Rates = [_own(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._is_initial = False
        self._get_lr_called_within_step = False
        self._last_lr: Rates = []
        optimizer.__dict__["_opt_called"] = False
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key not in self._hidden}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> Rates:
        """The rates that were set last."""
        return self._last_lr

    def get_lr(self) -> Rates:
        """The rates of `self.last_epoch`."""
        raise NotImplementedError

    def _rates(self) -> Rates:
        """The rates now."""
        return reals(group["lr"] for group in self.optimizer.param_groups)

    def _bases(self) -> Rates:
        """The initial rates."""
        return reals(self.base_lrs)

    def _reals(self, *names: str) -> Any:
        """Settings of the scheduler to compute with."""
        return tuple(real(getattr(self, name)) for name in names)

    def _inside(self) -> None:
        """Warn when `get_lr` was not called by `step`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def step(self, epoch: Any = None) -> None:
        """Go to the next epoch, or to a given one, and set its rates."""
        runtime.check()
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(_TOO_EARLY, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: Any = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", None)
                rates = closed() if closed is not None else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: Rates) -> None:
        groups = self.optimizer.param_groups
        for group, rate in zip(groups, rates, strict=False):
            _assign(group, "lr", rate)
        self._last_lr = [_own(group["lr"]) for group in groups]


class _OfFunctions(LRScheduler):
    """A schedule that functions of the epoch give."""

    __module__ = "torch.optim.lr_scheduler"

    _hidden = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Any, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        groups = len(_checked_optimizer(optimizer).param_groups)
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
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})


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
            return self._rates()
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
            return self._rates()
        return [rate * gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, size, gamma = self._reals("last_epoch", "step_size", "gamma")
        power = _power(gamma, epoch // size)
        return [base * power for base in self._bases()]


class MultiStepLR(LRScheduler):
    """The rate times `gamma` at every milestone."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(map(number, runtime.listed(milestones)))
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch, gamma = self._reals("last_epoch", "gamma")
        if epoch not in self.milestones:
            return self._rates()
        factor = _power(gamma, real(self.milestones[epoch]))
        return [rate * factor for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, gamma = self._reals("last_epoch", "gamma")
        passed = sum(
            real(count) for at, count in runtime.listed(self.milestones.items()) if at <= epoch
        )
        return [base * _power(gamma, passed) for base in self._bases()]


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
            return self._rates()
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
            return self._rates()
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
            return self._rates()
        (gamma,) = self._reals("gamma")
        return [rate * gamma for rate in self._rates()]

    def _get_closed_form_lr(self) -> Rates:
        epoch, gamma = self._reals("last_epoch", "gamma")
        return [base * _power(gamma, epoch) for base in self._bases()]


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
            return self._rates()
        epoch, total, power = self._reals("last_epoch", "total_iters", "power")
        if epoch > total:
            return self._rates()
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
            return self._rates()
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
            raise ValueError(f"Expected positive integer T_0, but got {runtime.text(T_0)}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {runtime.text(T_mult)}")
        if not isinstance(eta_min, float | int):
            raise ValueError(
                f"Expected float or int eta_min, but got {runtime.text(eta_min)} of type "
                f"{type(eta_min)}"
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
                raise ValueError(f"Expected non-negative epoch, but got {runtime.text(epoch)}")
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
        self.optimizer = _checked_optimizer(optimizer)
        groups = optimizer.param_groups
        base_lrs = each("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, groups, strict=True):
                _assign(group, "lr", rate)
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
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})

    def scale_fn(self, x: Any) -> float:
        """By what the height of a cycle is multiplied, of the cycle or the iteration."""
        if self._scale_fn_custom is not None:
            return real(self._scale_fn_custom(x))  # type: ignore[no-any-return]
        if self.mode == "triangular":
            return 1.0
        if self.mode == "triangular2":
            return 1 / (2.0 ** (x - 1))  # type: ignore[no-any-return]
        return float(_power(real(self.gamma), x))

    def get_lr(self) -> Rates:
        """The rates of this iteration; sets the momentum, which goes the other way."""
        self._inside()
        epoch, size, ratio = self._reals("last_epoch", "total_size", "step_ratio")
        cycle = math.floor(1 + epoch / size)
        x = 1.0 + epoch / size - cycle
        share = x / ratio if x <= ratio else (x - 1) / (ratio - 1)
        at = cycle if self.scale_mode == "cycle" else epoch
        rates = [
            base + (high - base) * share * self.scale_fn(at)
            for base, high in zip(self._bases(), reals(self.max_lrs), strict=True)
        ]
        if self.cycle_momentum:
            for base, high, group in zip(
                reals(self.base_momentums),
                reals(self.max_momentums),
                self.optimizer.param_groups,
                strict=True,
            ):
                _set_momentum(group, high - (high - base) * share * self.scale_fn(at))
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
        self.optimizer = _checked_optimizer(optimizer)
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
                f"Expected float between 0 and 1 pct_start, but got {runtime.text(pct_start)}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{runtime.text(anneal_strategy)}"
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
            first, last = _setting(group, phase["start_lr"]), _setting(group, phase["end_lr"])
            rates.append(self._anneal_func(first, last, share))
            if self.cycle_momentum:
                first = _setting(group, phase["start_momentum"])
                last = _setting(group, phase["end_momentum"])
                _set_momentum(group, self._anneal_func(first, last, share))
        return rates


def _check_positive(name: str, value: Any) -> None:
    if value <= 0 or not isinstance(value, int):
        raise ValueError(f"Expected positive integer {name}, but got {runtime.text(value)}")


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
        check(factor < 1.0, "Factor should be < 1.0.")
        self.factor = factor
        self.optimizer = _checked_optimizer(optimizer)
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
        self._last_lr = self._rates()
        check(mode in ("min", "max"), "mode {} is unknown!", mode)
        check(threshold_mode in ("rel", "abs"), "threshold mode {} is unknown!", threshold_mode)
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
        self._last_lr = [_own(rate) for rate in self._rates()]

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
                _assign(group, "lr", new)

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


def _check_parts(owner: str, schedulers: Sequence[Any], optimizer: Any) -> None:
    """Raise for schedulers that cannot be put together."""
    for index, scheduler in enumerate(schedulers):
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(f"{owner} at index {index} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{owner} does not support `ReduceLROnPlateau` scheduler as it requires additional "
                f"kwargs to be specified when calling `step`, but got one at index {index} in the "
                "given schedulers sequence."
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{owner} expects all schedulers to belong to the same optimizer, but got "
                f"scheduler {type(scheduler).__name__} at index {index} has "
                f"{runtime.text(scheduler.optimizer)}, which is different from "
                f"{type(optimizer).__name__}."
            )


class _OfSchedulers(LRScheduler):
    """A scheduler that is made of others."""

    __module__ = "torch.optim.lr_scheduler"

    _hidden = ("optimizer", "_schedulers")
    _schedulers: list[Any]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, with the states of the schedulers."""
        runtime.spend(1)
        states = [scheduler.state_dict() for scheduler in self._schedulers]
        return super().state_dict() | {"_schedulers": states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(state)


class SequentialLR(_OfSchedulers):
    """One scheduler after the other, changing at the milestones."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(
        self, optimizer: Any, schedulers: list[Any], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        _check_parts(type(self).__name__, schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than "
                "the number of milestone points, but got number of schedulers "
                f"{len(schedulers)} and the number of milestones to be equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            _assign(group, "lr", group["initial_lr"])
        for scheduler in schedulers:
            _undo(scheduler)
        schedulers[0]._initial_step()
        self._last_lr = schedulers[0].get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        runtime.spend(1)
        self.last_epoch += 1
        index = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[index]
        if index > 0 and self._milestones[index - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


def _undo(scheduler: Any) -> None:
    """Take back the first step of a scheduler and of those in it."""
    runtime.spend(1)
    scheduler.last_epoch -= 1
    for inner in scheduler.__dict__.get("_schedulers", ()):
        _undo(inner)


class ChainedScheduler(_OfSchedulers):
    """All schedulers at once, each on the rates that the one before set."""

    __module__ = "torch.optim.lr_scheduler"

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        if len(schedulers) < 1:
            raise ValueError(
                "ChainedScheduler expects at least one scheduler to be chained, but got no "
                "scheduler."
            )
        if optimizer is None:
            optimizer = getattr(schedulers[0], "optimizer", None)
        _check_parts(type(self).__name__, schedulers, optimizer)
        self._schedulers = list(schedulers)
        self.optimizer = optimizer
        self._last_lr = [group["lr"] for group in self._schedulers[-1].optimizer.param_groups]

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        runtime.spend(1)
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = [_own(rate) for rate in self._rates()]
