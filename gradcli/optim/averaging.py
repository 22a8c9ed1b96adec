"""Averages of models over training: `torch.optim.swa_utils`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.leaf import detach
from ..autograd.modes import no_grad
from ..nn.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm
from ..nn.functions import method, torch
from ..nn.module import Module, deep_copy
from ..table.memory.inplace import copy_
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, own_memory
from .arithmetic import about_to_write, memory
from .scheduler import LRScheduler, Rates, each, real

_BATCH_NORMS = (BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm)


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {runtime.text(decay)} provided. Please provide a value in "
            "[0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """What moves lists of averages to new values, each time by `1 - decay`."""
    _check_decay(decay)

    def ema_update(ema_param_list: Any, current_param_list: Any, _: Any) -> None:
        with no_grad():
            for average, current in zip(ema_param_list, current_param_list, strict=True):
                _blend(average, current, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """What keeps lists of averages the mean of all values so far."""

    def swa_update(averaged_param_list: Any, current_param_list: Any, num_averaged: Any) -> None:
        with no_grad():
            share = 1 / (_count(num_averaged) + 1)
            for average, current in zip(averaged_param_list, current_param_list, strict=True):
                _blend(average, current, share)

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """What gives an average moved to a new value by `1 - decay`."""
    _check_decay(decay)

    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return torch.add(torch.mul(ema_param, decay), torch.mul(current_param, 1 - decay))

    return ema_update


def get_swa_avg_fn() -> Callable[..., Any]:
    """What gives the mean of all values so far."""

    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            step = torch.sub(current_param, averaged_param)
            return torch.add(averaged_param, torch.div(step, _count(num_averaged) + 1))

    return swa_update


def _blend(average: Tensor, current: Tensor, share: float) -> None:
    """Move an average to a value by a share; whole numbers drop the rest."""
    if average.dtype.differentiable:
        method.lerp_(average, current, share)
    else:
        step = torch.mul(torch.sub(current, average), share)
        copy_(average, torch.add(average, step))


def _count(value: Any) -> Any:
    return own_memory(value).item() if type(value) is Tensor else value


class AveragedModel(Module):
    """A copy of a model whose parameters are averages: `update_parameters` takes in new values.

    The mean of all by default (Izmailov et al., 2018), or what `avg_fn` or `multi_avg_fn` says.
    """

    __module__ = "torch.optim.swa_utils"

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., Any] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deep_copy[-1](model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", torch.tensor(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take in the parameters of a model as they are now."""
        pairs = [
            (detach(a), detach(b))
            for a, b in zip(*map(self._averaged, (self.module, model)), strict=True)
        ]
        count = _count(self.n_averaged)
        averages = [pair[0] for pair in pairs]
        values = [pair[1] for pair in pairs]
        with no_grad():
            if count == 0:
                for average, value in pairs:
                    copy_(average, value)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn(averages, values, self.n_averaged)
            elif self.avg_fn is not None:
                for average, value in pairs:
                    copy_(average, self.avg_fn(average, value, self.n_averaged))
            else:
                get_swa_multi_avg_fn()(averages, values, count)
            if not self.use_buffers:
                for average, value in zip(self.module.buffers(), model.buffers(), strict=True):
                    copy_(average, detach(value))
        count = memory(self.n_averaged)
        about_to_write(self.n_averaged)
        count += 1

    def _averaged(self, model: Module) -> list[Any]:
        if self.use_buffers:
            return list(itertools.chain(model.parameters(), model.buffers()))
        return list(model.parameters())


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch norms anew, over the batches of a loader."""
    norms = [module for module in model.modules() if isinstance(module, _BATCH_NORMS)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    was_training = model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    with no_grad():
        for batch in runtime.listed(loader):
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """The rate goes to `swa_lr` in `anneal_epochs` epochs and stays there."""

    __module__ = "torch.optim.swa_utils"

    def __init__(
        self,
        optimizer: Any,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(
            each("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True
        ):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "anneal_strategy must be one of 'cos' or 'linear', instead got "
                f"{runtime.text(anneal_strategy)}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"anneal_epochs must be equal or greater than 0, got {runtime.text(anneal_epochs)}"
            )
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, epoch: int) -> float:
        """How much of the way is gone at an epoch."""
        share: float = max(0.0, min(1.0, epoch / max(1, real(self.anneal_epochs))))
        if self._anneal_strategy == "linear":
            return share
        return (1 - math.cos(math.pi * share)) / 2

    def get_lr(self) -> Rates:
        """The rates of this epoch."""
        self._inside()
        epoch = real(self._step_count) - 1
        if self.anneal_epochs == 0:
            epoch = max(1, epoch)
        before, now = self._share(max(0, epoch - 1)), self._share(epoch)
        rates = []
        for group in self.optimizer.param_groups:
            goal, rate = real(group["swa_lr"]), real(group["lr"])
            start = goal if before == 1 else (rate - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates
