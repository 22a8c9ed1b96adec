"""What every schedule of learning rates does, and how it reads and writes settings of groups."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from ..nn.operands import operand
from ..tensor.dtypes import type_name
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, own_memory, shape_of
from .arithmetic import announce
from .optimizer import Optimizer

Rates = list[Any]
real = operand  # a setting to compute with

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


def own(value: Any) -> Any:
    """A setting that later changes of a tensor do not reach."""
    if type(value) is not Tensor:
        return value
    runtime.reserve(value.array.nbytes)
    return make(own_memory(value).copy(), value.dtype)


def reals(values: Iterable[Any]) -> list[Any]:
    """Settings to compute with, one a group."""
    return [real(value) for value in runtime.listed(values)]


def setting(group: dict[str, Any], name: Any) -> Any:
    """A number that a group has under a name, which the state of a scheduler gives."""
    if type(name) is not str:
        raise TypeError(f"the name of a setting must be a string, not {type(name).__name__}")
    return real(group[name])


def assign(group: dict[str, Any], name: str, value: Any) -> None:
    """Set a setting of a group; a tensor keeps its memory."""
    kept = group[name]
    if type(kept) is Tensor:
        announce((group,))
        dimensions = len(shape_of(value)) if type(value) is Tensor else 0
        if dimensions:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{dimensions} dimensions."
            )
        own_memory(kept)[...] = value.array if type(value) is Tensor else value
    else:
        group[name] = value


def power_of(x: Any, exponent: Any) -> Any:
    """x ** exponent, without the digits of integers that no learning rate can have."""
    return (float(x) if isinstance(x, int) and exponent > 64 else x) ** exponent


def checked_optimizer(optimizer: Any) -> Optimizer:
    """The optimizer of a schedule. Raises TypeError for anything else."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def groups_of(optimizer: Any) -> list[dict[str, Any]]:
    """The groups of an optimizer. Raises AttributeError for anything else, which has none."""
    if not isinstance(optimizer, Optimizer):
        kind = f"type object '{optimizer.__name__}'" if isinstance(optimizer, type) else None
        raise AttributeError(
            f"{kind or f'{type_name(optimizer)!r} object'} has no attribute 'param_groups'"
        )
    return optimizer.param_groups


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
        self.optimizer = checked_optimizer(optimizer)
        for index, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", own(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(_NO_INITIAL.format(index))
        self.base_lrs: Rates = [own(group["initial_lr"]) for group in optimizer.param_groups]
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

    def _kept(self) -> Rates:
        """The rates now, as they are."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _rates(self) -> Rates:
        """The rates now, to compute with."""
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
            assign(group, "lr", rate)
        self._last_lr = [own(group["lr"]) for group in groups]
