"""What schedules warn of: calls in the wrong order, and the old `epoch` argument."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

import gradcli.torch as torch
from gradcli.nn.parameter import Parameter
from gradcli.optim.adam import Adam
from gradcli.optim.scheduler import EPOCH_DEPRECATION_WARNING
from gradcli.optim.schedulers import ExponentialLR, ReduceLROnPlateau, StepLR
from gradcli.optim.sgd import SGD

EARLY = "Detected call of `lr_scheduler.step()` before `optimizer.step()`."


def heard(call: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_first_step_of_the_schedule_before_one_of_the_optimizer(kind: type) -> None:
    scheduler = ExponentialLR(kind([Parameter(torch.ones(2))], lr=0.1), 0.5)
    (said,) = heard(scheduler.step)
    assert said.startswith(EARLY)
    assert heard(scheduler.step) == []


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_the_right_order_is_silent(kind: type) -> None:
    optimizer = kind([Parameter(torch.ones(2))], lr=0.1)
    scheduler = StepLR(optimizer, 1)
    optimizer.step()
    assert heard(scheduler.step) == []


def test_an_epoch_that_is_given() -> None:
    optimizer = SGD([Parameter(torch.ones(2))], lr=0.1)
    scheduler = ExponentialLR(optimizer, 0.5)
    optimizer.step()
    assert heard(lambda: scheduler.step(3)) == [EPOCH_DEPRECATION_WARNING]
    plateau = ReduceLROnPlateau(optimizer)
    assert heard(lambda: plateau.step(1.0)) == []
    assert heard(lambda: plateau.step(1.0, epoch=4)) == [EPOCH_DEPRECATION_WARNING]


def test_rates_asked_for_outside_of_a_step() -> None:
    scheduler = ExponentialLR(SGD([Parameter(torch.ones(2))], lr=0.1), 0.5)
    (said,) = heard(scheduler.get_lr)
    assert said.endswith("please use `get_last_lr()`.")
