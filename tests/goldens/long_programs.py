"""Programs of 200 steps: every optimizer in each of its modes, under every schedule.

A program trains a matrix and a vector, and prints both after 20, 100 and 200 steps with the last
learning rate. The gradients are products of single numbers, which round alike everywhere: what
differs comes from the optimizer or the schedule.
"""

from __future__ import annotations

import re

NUMBERS = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")

OPTIMIZERS = {
    "sgd": "SGD(ps, lr=0.02)",
    "sgd_momentum": "SGD(ps, lr=0.01, momentum=0.9)",
    "sgd_dampening": "SGD(ps, lr=0.02, momentum=0.8, dampening=0.3, weight_decay=0.01)",
    "sgd_nesterov": "SGD(ps, lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-3)",
    "sgd_maximize": "SGD(ps, lr=0.02, momentum=0.5, maximize=True)",
    "sgd_foreach": "SGD(ps, lr=0.01, momentum=0.9, weight_decay=1e-3, foreach=True)",
    "sgd_fused": "SGD(ps, lr=0.01, momentum=0.9, weight_decay=1e-3, fused=True)",
    "adam": "Adam(ps, lr=0.05)",
    "adam_decay": "Adam(ps, lr=0.05, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.02)",
    "adam_amsgrad": "Adam(ps, lr=0.05, amsgrad=True)",
    "adam_maximize": "Adam(ps, lr=0.05, maximize=True)",
    "adam_decoupled": "Adam(ps, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)",
    "adam_foreach": "Adam(ps, lr=0.05, weight_decay=0.02, amsgrad=True, foreach=True)",
    "adam_fused": "Adam(ps, lr=0.05, weight_decay=0.02, amsgrad=True, fused=True)",
    "adam_tensor_rate": "Adam(ps, lr=torch.tensor(0.05), weight_decay=0.02)",
    "adamw": "AdamW(ps, lr=0.05)",
    "adamw_amsgrad": "AdamW(ps, lr=0.05, amsgrad=True, weight_decay=0.1)",
    "adamw_maximize": "AdamW(ps, lr=0.05, maximize=True)",
    "adamw_foreach": "AdamW(ps, lr=0.05, foreach=True)",
    "adamw_fused": "AdamW(ps, lr=0.05, fused=True)",
    "adamax": "Adamax(ps, lr=0.05)",
    "adamax_decay": "Adamax(ps, lr=0.05, weight_decay=0.02, maximize=True)",
    "adamax_foreach": "Adamax(ps, lr=0.05, weight_decay=0.02, foreach=True)",
    "nadam": "NAdam(ps, lr=0.02)",
    "nadam_decay": "NAdam(ps, lr=0.02, weight_decay=0.02, momentum_decay=0.01)",
    "nadam_decoupled": "NAdam(ps, lr=0.02, weight_decay=0.1, decoupled_weight_decay=True)",
    "nadam_maximize": "NAdam(ps, lr=0.02, maximize=True)",
    "nadam_foreach": "NAdam(ps, lr=0.02, weight_decay=0.02, foreach=True)",
    "radam": "RAdam(ps, lr=0.05)",
    "radam_decay": "RAdam(ps, lr=0.05, weight_decay=0.02, maximize=True)",
    "radam_decoupled": "RAdam(ps, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)",
    "radam_foreach": "RAdam(ps, lr=0.05, weight_decay=0.02, foreach=True)",
    "adagrad": "Adagrad(ps, lr=0.2)",
    "adagrad_decay": "Adagrad(ps, lr=0.2, lr_decay=0.01, weight_decay=0.02)",
    "adagrad_start": "Adagrad(ps, lr=0.2, initial_accumulator_value=0.5, maximize=True)",
    "adagrad_foreach": "Adagrad(ps, lr=0.2, lr_decay=0.01, weight_decay=0.02, foreach=True)",
    "adagrad_fused": "Adagrad(ps, lr=0.2, lr_decay=0.01, weight_decay=0.02, fused=True)",
    "adadelta": "Adadelta(ps)",
    "adadelta_decay": "Adadelta(ps, lr=0.5, rho=0.8, weight_decay=0.02)",
    "adadelta_maximize": "Adadelta(ps, lr=0.5, maximize=True)",
    "adadelta_foreach": "Adadelta(ps, weight_decay=0.02, foreach=True)",
    "adafactor": "Adafactor(ps, lr=0.05)",
    "adafactor_decay": "Adafactor(ps, lr=0.05, d=1.5, beta2_decay=-0.6, weight_decay=0.05)",
    "adafactor_maximize": "Adafactor(ps, lr=0.02, maximize=True)",
    "adafactor_foreach": "Adafactor(ps, lr=0.05, weight_decay=0.05, foreach=True)",
    "rmsprop": "RMSprop(ps, lr=0.01)",
    "rmsprop_centered": "RMSprop(ps, lr=0.01, centered=True)",
    "rmsprop_momentum": "RMSprop(ps, lr=0.005, momentum=0.9, alpha=0.9)",
    "rmsprop_all": "RMSprop(ps, lr=0.005, momentum=0.5, centered=True, weight_decay=0.02)",
    "rmsprop_maximize": "RMSprop(ps, lr=0.01, maximize=True)",
    "rmsprop_foreach": "RMSprop(ps, lr=0.01, momentum=0.5, weight_decay=0.02, foreach=True)",
    "rprop": "Rprop(ps)",
    "rprop_settings": "Rprop(ps, lr=0.02, etas=(0.4, 1.3), step_sizes=(1e-5, 1))",
    "rprop_maximize": "Rprop(ps, lr=0.001, step_sizes=(1e-6, 0.01), maximize=True)",
    "rprop_foreach": "Rprop(ps, foreach=True)",
    "asgd": "ASGD(ps, lr=0.02)",
    "asgd_settings": "ASGD(ps, lr=0.02, lambd=1e-3, alpha=0.5, t0=50, weight_decay=0.02)",
    "asgd_maximize": "ASGD(ps, lr=0.01, maximize=True)",
    "asgd_foreach": "ASGD(ps, lr=0.02, t0=50, weight_decay=0.02, foreach=True)",
    "muon": "Muon([w], lr=0.02)",
    "muon_plain": "Muon([w], lr=0.02, nesterov=False, momentum=0.8, weight_decay=0.0)",
    "muon_adjusted": "Muon([w], lr=0.02, adjust_lr_fn='match_rms_adamw', ns_steps=3)",
    "lbfgs": "LBFGS(ps, lr=0.1, max_iter=2, history_size=5)",
    "lbfgs_wolfe": "LBFGS(ps, lr=0.1, max_iter=2, line_search_fn='strong_wolfe')",
}

SCHEDULES = {
    "constant": "None",
    "lambda": "S.LambdaLR(opt, lambda n: 0.99**n)",
    "multiplicative": "S.MultiplicativeLR(opt, lambda n: 0.995)",
    "step": "S.StepLR(opt, 30, gamma=0.7)",
    "multi_step": "S.MultiStepLR(opt, [40, 90, 150], gamma=0.5)",
    "constant_lr": "S.ConstantLR(opt, factor=0.5, total_iters=60)",
    "linear": "S.LinearLR(opt, start_factor=0.25, total_iters=120)",
    "exponential": "S.ExponentialLR(opt, 0.99)",
    "cosine": "S.CosineAnnealingLR(opt, T_max=70, eta_min=1e-3)",
    "restarts": "S.CosineAnnealingWarmRestarts(opt, T_0=20, T_mult=2, eta_min=1e-4)",
    "polynomial": "S.PolynomialLR(opt, total_iters=150, power=1.5)",
    "cyclic": "S.CyclicLR(opt, 0.001, 0.02, step_size_up=15, step_size_down=25, "
    "mode='exp_range', gamma=0.99, cycle_momentum=False)",
    "one_cycle": "S.OneCycleLR(opt, max_lr=0.03, total_steps=220, cycle_momentum=False)",
    "sequential": "S.SequentialLR(opt, [S.LinearLR(opt, 0.1, total_iters=30), "
    "S.ExponentialLR(opt, 0.99)], milestones=[30])",
    "chained": "S.ChainedScheduler([S.LinearLR(opt, 0.1, total_iters=30), "
    "S.ExponentialLR(opt, 0.995)])",
    "plateau": "S.ReduceLROnPlateau(opt, factor=0.5, patience=5, threshold=1e-2)",
}

PROGRAM = """\
import torch
import torch.optim.lr_scheduler as S
from torch.optim import *
t = torch.{dtype}
w = (torch.arange(12).reshape(4, 3).to(t) / 8 - 0.625).requires_grad_()
b = torch.tensor([0.5, -1.25, 2.0], dtype=t, requires_grad=True)
goal = torch.tensor([0.75, -0.5, 0.25], dtype=t)
weight = torch.tensor([0.5, 1.5, 1.0], dtype=t)
ps = [w, b]
opt = {optimizer}
schedule = {schedule}
def closure():
    opt.zero_grad()
    loss = 0
    for p in ps:
        d = p - goal
        loss = loss + (d * d * weight).sum() + 0.0625 * (p * p * p * p).sum()
    {backward}
    return loss
for n in range(1, 201):
    loss = opt.step(closure)
    if isinstance(schedule, S.ReduceLROnPlateau):
        schedule.step(loss)
    elif schedule is not None:
        schedule.step()
    if n in (20, 100, 200):
        print(n, opt.param_groups[0]["lr"], w.tolist(), b.tolist())
"""


def programs() -> dict[str, str]:
    """Each optimizer at a constant rate and under one schedule in turn, in both precisions."""
    schedules = list(SCHEDULES)[1:]
    found = {}
    for count, (name, optimizer) in enumerate(OPTIMIZERS.items()):
        for schedule in ("constant", schedules[count % len(schedules)]):
            for dtype in ("float64", "float32"):
                ascends = "maximize=True" in optimizer
                found[f"{name}/{schedule}/{dtype}"] = PROGRAM.format(
                    dtype=dtype,
                    optimizer=optimizer,
                    schedule=SCHEDULES[schedule],
                    backward="(-loss).backward()" if ascends else "loss.backward()",
                )
    return found


def moved(source: str) -> list[str]:
    """The program from starts that are a few roundings away, in both directions."""
    return [
        source.replace("/ 8 - 0.625)", f"/ 8 * (1 {sign} {size} * torch.finfo(t).eps) - 0.625)")
        for sign in "+-"
        for size in (2, 4, 8, 32)
    ]


def apart(found: str, wanted: str) -> float:
    """The largest difference of two printed results, relative to 1 or to the larger number."""
    pairs = zip(NUMBERS.findall(found), NUMBERS.findall(wanted), strict=True)
    return max(abs(float(a) - float(b)) / max(1.0, abs(float(b))) for a, b in pairs)
