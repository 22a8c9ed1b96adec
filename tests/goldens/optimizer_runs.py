"""Runs of 200 steps: every optimizer in each of its modes and every schedule, in two precisions.

A run's gradients depend on its parameters by operations that are rounded once each, so that what
differs between two libraries is the arithmetic of their optimizers. `record_runs.py` records the
parameters at some steps; `test_runs.py` compares.
"""

from __future__ import annotations

CHECKPOINTS = (1, 2, 20, 200)

# Optimizer, settings, schedule.
RUNS = [
    ("SGD", "lr=0.05", "StepLR(optimizer, 30, 0.5)"),
    ("SGD", "lr=0.05, momentum=0.9", "CyclicLR(optimizer, 0.01, 0.1, step_size_up=15)"),
    ("SGD", "lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.01", ""),
    ("SGD", "lr=0.05, momentum=0.8, nesterov=True", "MultiStepLR(optimizer, [20, 90], 0.3)"),
    ("SGD", "lr=0.05, maximize=True, weight_decay=0.5", "ConstantLR(optimizer, 0.5, 7)"),
    ("SGD", "lr=0.05, momentum=0.7, foreach=False", ""),
    ("Adam", "lr=0.02", "ExponentialLR(optimizer, 0.99)"),
    ("Adam", "lr=0.02, betas=(0.8, 0.95), eps=1e-3", "LinearLR(optimizer, 0.2, 1.0, 40)"),
    ("Adam", "lr=0.02, amsgrad=True", "CosineAnnealingLR(optimizer, 50)"),
    ("Adam", "lr=0.02, weight_decay=0.1, maximize=True", ""),
    ("Adam", "lr=0.02, foreach=False", ""),
    ("Adam", "lr=0.02, fused=True", ""),
    ("Adam", "lr=0.02, decoupled_weight_decay=True, weight_decay=0.1", ""),
    ("AdamW", "lr=0.02", "OneCycleLR(optimizer, 0.1, total_steps=200)"),
    ("AdamW", "lr=0.02, weight_decay=0.2, amsgrad=True", "PolynomialLR(optimizer, 150, 2.0)"),
    ("Adamax", "lr=0.02", "CosineAnnealingWarmRestarts(optimizer, 10, 2)"),
    ("Adamax", "lr=0.02, betas=(0.7, 0.9), weight_decay=0.1, maximize=True", ""),
    ("NAdam", "lr=0.02", "LambdaLR(optimizer, lambda epoch: 0.99 ** epoch)"),
    ("NAdam", "lr=0.02, momentum_decay=0.01, weight_decay=0.1", ""),
    ("NAdam", "lr=0.02, weight_decay=0.1, decoupled_weight_decay=True, maximize=True", ""),
    ("RAdam", "lr=0.02", "MultiplicativeLR(optimizer, lambda epoch: 0.995)"),
    ("RAdam", "lr=0.02, weight_decay=0.1", ""),
    ("RAdam", "lr=0.02, weight_decay=0.1, decoupled_weight_decay=True", ""),
    ("Adagrad", "lr=0.1", "ReduceLROnPlateau(optimizer, patience=3)"),
    ("Adagrad", "lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.2", ""),
    ("Adagrad", "lr=0.1, maximize=True, eps=1e-4", ""),
    ("Adadelta", "", ""),
    ("Adadelta", "lr=0.5, rho=0.8, weight_decay=0.1", "StepLR(optimizer, 10)"),
    ("Adadelta", "rho=0.95, maximize=True", ""),
    ("RMSprop", "lr=0.01", "ExponentialLR(optimizer, 0.98)"),
    ("RMSprop", "lr=0.01, momentum=0.9, centered=True", ""),
    ("RMSprop", "lr=0.01, alpha=0.9, weight_decay=0.1, maximize=True", ""),
    ("Rprop", "lr=0.01", ""),
    ("Rprop", "lr=0.01, etas=(0.4, 1.3), step_sizes=(1e-5, 0.5)", ""),
    ("ASGD", "lr=0.05", ""),
    ("ASGD", "lr=0.05, lambd=1e-2, alpha=0.6, t0=20, weight_decay=0.1", ""),
    ("Adafactor", "lr=0.02", ""),
    ("Adafactor", "lr=0.02, weight_decay=0.1, d=1.2, beta2_decay=-0.7", ""),
    ("Adafactor", "lr=0.02, weight_decay=0.1, foreach=True", ""),
    ("RMSprop", "lr=0.01, foreach=True", "LinearLR(optimizer, 0.2, 1.0, 40)"),
    ("Muon", "lr=0.02", ""),
    ("Muon", "lr=0.02, momentum=0.8, nesterov=False, weight_decay=0.2", "StepLR(optimizer, 50)"),
    ("Muon", "lr=0.02, adjust_lr_fn='match_rms_adamw', ns_steps=3", ""),
    ("LBFGS", "lr=0.1, max_iter=4", ""),
    ("LBFGS", "lr=0.5, max_iter=4, line_search_fn='strong_wolfe'", ""),
    ("SGD", "lr=0.05", "SequentialLR(optimizer, [ConstantLR(optimizer, 0.1, 20), "
     "ExponentialLR(optimizer, 0.97)], [20])"),
    ("SGD", "lr=0.05", "ChainedScheduler([ConstantLR(optimizer, 0.1, 20), "
     "ExponentialLR(optimizer, 0.97)])"),
    ("SGD", "lr=0.05", "torch.optim.swa_utils.SWALR(optimizer, 0.2, 30, 'cos')"),
]  # fmt: skip

_PROGRAM = """\
import torch
from torch.optim.lr_scheduler import *
torch.manual_seed(0)
params = [torch.randn(shape, dtype=torch.{dtype}).requires_grad_() for shape in {shapes}]
pulls = [[torch.randn(p.shape, dtype=p.dtype) for p in params] for _ in range(7)]
optimizer = torch.optim.{optimizer}(params{settings})
{made}
def closure(step):
    for p, pull in zip(params, pulls[step % 7]):
        p.grad = p.detach() * 0.25 + pull * 0.125
    return sum((p.detach() * (p.detach() + pull)).sum() for p, pull in zip(params, pulls[0])) / 8
for step in range(1, {last} + 1):
    loss = closure(step)
    optimizer.step({closure})
    {scheduled}
    if step in {checkpoints}:
        print([x for p in params for x in p.flatten().tolist()])
"""


def key(optimizer: str, settings: str, schedule: str, dtype: str) -> str:
    """The name of a run."""
    return f"{optimizer}({settings}) {schedule} {dtype}"


def program(optimizer: str, settings: str, schedule: str, dtype: str) -> str:
    """A run as a program, which prints the parameters at each checkpoint."""
    metric = "loss" if "Plateau" in schedule else ""
    return _PROGRAM.format(
        dtype=dtype,
        optimizer=optimizer,
        settings=f", {settings}" if settings else "",
        shapes="[(4, 3)]" if optimizer == "Muon" else "[(4, 3), (3,), ()]",
        made=f"schedule = {schedule}" if schedule else "",
        scheduled=f"schedule.step({metric})" if schedule else "",
        closure="lambda: closure(0)" if optimizer == "LBFGS" else "",
        last=CHECKPOINTS[-1],
        checkpoints=CHECKPOINTS,
    )
