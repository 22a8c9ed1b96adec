"""Connectionist temporal classification: the loss of label sequences shorter than their inputs.

Sums over all alignments by dynamic programming in logarithms, forward (`alpha`) for the loss and
backward (`beta`) for the derivative. As PyTorch's, the derivative is that by the scores whose
`log_softmax` is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import real_only
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from .shared import reduction_of

_REDUCTION_NAMES = ("none", "mean", "sum")


def _named(reduction: int) -> str:
    """A reduction by its number; PyTorch reduces nothing for a number that has no name."""
    return _REDUCTION_NAMES[reduction] if 0 <= reduction < 3 else "none"


def _extended(targets: Any, lengths: Any, blank: int, classes: int) -> Any:
    """The labels with blanks around and between them: (batch, 2 * longest + 1).

    Raises IndexError for a label that is no class; PyTorch reads what stands beside the scores.
    """
    count = len(lengths)
    longest = max(lengths, default=0)
    extended = np.full((count, 2 * longest + 1), blank, np.int64)
    start = 0
    for row, length in enumerate(lengths):
        labels = targets[row, :length] if targets.ndim == 2 else targets[start : start + length]
        outside = labels[(labels < 0) | (labels >= classes)]
        if outside.size:
            raise IndexError(f"Target {outside[0]} is out of bounds.")
        extended[row, 1 : 2 * length + 1 : 2] = labels
        start += length
    return extended


def _logsumexp(terms: Any) -> Any:
    most = np.max(terms, 0)
    shift = np.where(np.isneginf(most), 0, most)
    with np.errstate(divide="ignore"):
        return np.log(np.sum(np.exp(terms - shift), 0)) + shift


def _may_skip(extended: Any) -> Any:
    """Whether a position can be reached from two before it: another label lies there."""
    skip = np.zeros(extended.shape, bool)
    skip[:, 2:] = extended[:, 2:] != extended[:, :-2]
    return skip


def _emissions(log_probs: Any, extended: Any) -> Any:
    """The log-probability of every extended label at every time: (time, batch, position)."""
    index = np.broadcast_to(extended, (len(log_probs), *extended.shape))
    return np.take_along_axis(log_probs, index, 2)


def _shifted(row: Any, by: int) -> Any:
    """A row of positions moved by `by`, with log 0 coming in."""
    out = np.full_like(row, -np.inf)
    if by > 0:
        out[:, by:] = row[:, :-by]
    else:
        out[:, :by] = row[:, -by:]
    return out


def _alphas(log_probs: Any, extended: Any, input_lengths: Any, target_lengths: Any) -> Any:
    runtime.reserve(3 * log_probs.itemsize * len(log_probs) * extended.size)
    emitted = _emissions(log_probs, extended)
    inside = np.arange(extended.shape[1]) <= 2 * np.asarray(target_lengths)[:, None]
    alphas = np.full_like(emitted, -np.inf)
    skip = _may_skip(extended)
    inputs = np.asarray(input_lengths)[:, None]
    for time in runtime.watched(range(len(emitted))):
        if time == 0:
            row = np.full_like(emitted[0], -np.inf)
            row[:, :2] = emitted[0][:, :2]
        else:
            last = alphas[time - 1]
            leap = np.where(skip, _shifted(last, 2), -np.inf)
            row = _logsumexp(np.stack([last, _shifted(last, 1), leap])) + emitted[time]
        alphas[time] = np.where(inside & (time < inputs), row, -np.inf)
    return alphas


def _ctc(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int
) -> tuple[Any, Any]:
    extended = _extended(targets, target_lengths, blank, log_probs.shape[-1])
    alphas = _alphas(log_probs, extended, input_lengths, target_lengths)
    losses = np.empty(len(input_lengths), log_probs.dtype)
    for row, (time, length) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        if time == 0:
            losses[row] = np.inf if length else 0
        else:
            ends = alphas[time - 1, row, max(2 * length - 1, 0) : 2 * length + 1]
            losses[row] = -_logsumexp(ends)
    return losses, np.ascontiguousarray(np.moveaxis(alphas, 1, 0))


def _ctc_back(
    self: Any,
    log_probs: Any,
    targets: Any,
    losses: Any,
    alphas: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
) -> Any:
    extended = _extended(targets, target_lengths, blank, log_probs.shape[-1])
    emitted = _emissions(log_probs, extended)
    skip = _may_skip(extended)
    out = np.zeros_like(log_probs)
    for row, (times, length) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        if times == 0 or (zero_infinity and np.isposinf(losses[row])):
            continue
        width = 2 * length + 1
        labels = extended[row, :width]
        beta = np.full((1, width), -np.inf, log_probs.dtype)
        leaves = np.zeros((1, width), bool)  # whether two positions on can be reached
        leaves[0, :-2] = skip[row, 2:width]
        for time in runtime.watched(range(times - 1, -1, -1)):
            emission = emitted[time, row, :width]
            if time == times - 1:
                beta[0, max(width - 2, 0) :] = emission[max(width - 2, 0) :]
            else:
                leap = np.where(leaves, _shifted(beta, -2), -np.inf)
                beta = _logsumexp(np.stack([beta, _shifted(beta, -1), leap])) + emission
            paths = np.full((width, log_probs.shape[2]), -np.inf)
            paths[np.arange(width), labels] = alphas[row, time, :width] + beta[0]
            scores = log_probs[time, row]
            share = np.exp(_logsumexp(paths) + losses[row] - scores)
            out[time, row] = (np.exp(scores) - share) * self[row]
    return out


def _underivable(F: Namespace, g: Any) -> Any:
    raise RuntimeError("derivative for aten::_ctc_loss_backward is not implemented")


_WHERE = "(while checking arguments for ctc_loss_allocate_outputs)"


def _check_ctc(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int
) -> None:
    real_only("ctc_loss_cpu", log_probs)
    rank = len(shape_of(log_probs))
    if rank != 3:
        raise RuntimeError(
            f"Expected 3-dimensional tensor, but got {rank}-dimensional tensor for argument #1 "
            f"'log_probs' {_WHERE}"
        )
    labels = shape_of(targets)
    if len(labels) not in (1, 2):
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {len(labels)}-dimensional tensor for argument "
            f"#2 'targets' {_WHERE}"
        )
    times, batch, classes = shape_of(log_probs)
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if len(input_lengths) != batch:
        raise RuntimeError("input_lengths must be of size batch_size")
    if len(target_lengths) != batch:
        raise RuntimeError("target_lengths must be of size batch_size")
    for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if min(lengths, default=0) < 0:
            raise RuntimeError(
                f"Expected {name} to have value at least 0, but got value {min(lengths)} {_WHERE}"
            )
    if len(labels) == 1:
        _check_extent(labels[0], 0, sum(target_lengths), "size")
    else:
        _check_extent(labels[0], 0, batch, "size")
        longest = max(target_lengths, default=0)
        if labels[1] < longest:
            _check_extent(labels[1], 1, longest, "size at least")
    if max(input_lengths, default=0) > times:
        raise RuntimeError(
            f"Expected input_lengths to have value at most {times}, but got value "
            f"{max(input_lengths)} {_WHERE}"
        )


def _check_extent(found: int, dim: int, wanted: int, word: str) -> None:
    if found != wanted:
        raise RuntimeError(
            f"Expected tensor to have {word} {wanted} at dimension {dim}, but got size {found} for "
            f"argument #2 'targets' {_WHERE}"
        )


def _log_probs(S: Any, *shape: int) -> Any:
    values = S.normal(*shape).array
    return S.tensor(values - np.log(np.sum(np.exp(values), -1, keepdims=True)))


def _slope(
    F: Namespace,
    g: Any,
    log_probs: Any,
    targets: Any,
    out0: Any,
    out1: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
) -> Any:
    lengths = (input_lengths, target_lengths)
    return F._ctc_loss_back(g, log_probs, targets, out0, out1, *lengths, blank, zero_infinity)


def _tangent(
    F: Namespace,
    t: Any,
    log_probs: Any,
    targets: Any,
    out0: Any,
    out1: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    zero_infinity: bool,
) -> Any:
    one = F._full_as(out0, 1.0)
    lengths = (input_lengths, target_lengths)
    slope = F._ctc_loss_back(one, log_probs, targets, out0, out1, *lengths, blank, zero_infinity)
    return F.sum_dim(t * slope, (0, 2)), None


def _real(samples: Any) -> Any:
    return lambda S: [] if S.dtype.is_complex else samples(S)


_LENGTHS = "int[] input_lengths, int[] target_lengths, int blank"

op(
    f"_ctc_loss(Tensor log_probs, Tensor targets, {_LENGTHS}, bool zero_infinity)",
    kernel=lambda log_probs, targets, inputs, lengths, blank, zero_infinity: _ctc(
        log_probs, targets, inputs, lengths, blank
    ),
    fused={"log_probs": "NotImplemented:_ctc_loss_backward g log_probs out"},
    vjp={"log_probs": _slope},
    jvp={"log_probs": _tangent},
    outputs=2,
    constant=(1,),
    check=lambda *args: _check_ctc(*args[:5]),
    node="CtcLossBackward0",
    where=(),
    doc="The kernel of `ctc_loss`: the losses, and the forward sums over alignments.",
    samples=_real(
        lambda S: [
            S.edge(_log_probs(S, 5, 2, 4), S.integers(1, 4, 2, 2), (5, 4), (2, 1), 0, False),
            S.edge(_log_probs(S, 4, 2, 3), S.integers(0, 2, 3), (4, 4), (2, 1), 2, True),
        ]
    ),
)
op(
    "_ctc_loss_back(Tensor self, Tensor log_probs, Tensor targets, Tensor losses, Tensor alphas, "
    f"{_LENGTHS}, bool zero_infinity)",
    kernel=_ctc_back,
    vjp={"self": _underivable, "log_probs": _underivable},
    jvp={"self": _underivable, "log_probs": _underivable},
    node="CtcLossBackwardBackward0",
    where=(),
    doc="The derivative of `ctc_loss` by the scores.",
    samples=_real(
        lambda S: [
            S.edge(
                S.normal(1),
                _log_probs(S, 3, 1, 3),
                S.integers(1, 3, 1, 1),
                S.normal(1),
                S.normal(1, 3, 3),
                (3,),
                (1,),
                0,
                False,
            )
        ]
    ),
)


def _as_lengths(name: str, lengths: Any) -> tuple[int, ...]:
    if type(lengths) is not Tensor:
        if not isinstance(lengths, list | tuple):
            lengths = (lengths,)
        if not all(isinstance(length, int) for length in lengths):
            raise TypeError(f"ctc_loss(): argument '{name}' must be Tensor or tuple of ints")
        return tuple(lengths)
    if lengths.dtype.category != dtypes.INTEGER:
        raise RuntimeError(f"{name} must be integral")
    return tuple(np.asarray(lengths.array).ravel().tolist())


def _loss(
    F: Namespace,
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    reduction: str,
    zero_infinity: bool,
) -> Any:
    inputs = _as_lengths("input_lengths", input_lengths)
    lengths = _as_lengths("target_lengths", target_lengths)
    if type(targets) is Tensor and targets.dtype.category != dtypes.INTEGER:
        targets = F._to_copy(targets, dtypes.int64)
    single = ndim(log_probs) != 3
    if single:
        log_probs = F.unsqueeze(log_probs, 1)
        if ndim(targets) == 1:
            targets = F.unsqueeze(targets, 0)
    losses, _ = F._ctc_loss(log_probs, targets, inputs, lengths, blank, zero_infinity)
    if zero_infinity:
        nothing = F._full_as(losses, 0.0)
        losses = F.where(F.eq(losses, float("inf")), nothing, losses)
    if reduction == "mean":
        counts = F._new_numbers(losses, tuple(max(n, 1) for n in lengths))
        return F.mean(F.div(losses, counts))
    if reduction == "sum":
        return F.sum(losses)
    return F.squeeze_dim(losses, 0) if single else losses


op(
    "_new_numbers(Tensor self, any values)",
    kernel=lambda self, values: np.array(values, self.dtype),
    where=(),
    doc="Given numbers in the dtype of `self`.",
    samples=lambda S: [S(S.normal(2), (1, 2))],
)


def _by_name(
    F: Namespace,
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int,
    reduction: str,
    zero_infinity: bool,
) -> Any:
    name = reduction_of(reduction)
    return _loss(F, log_probs, targets, input_lengths, target_lengths, blank, name, zero_infinity)


op(
    "ctc_loss_F(Tensor log_probs, Tensor targets, any input_lengths, any target_lengths, "
    "int blank=0, str reduction='mean', bool zero_infinity=False)",
    name="ctc_loss",
    composite=_by_name,
    where=("F",),
    written="F",
    doc="The negative log-probability of label sequences, summed over all alignments.",
    samples=_real(
        lambda S: [
            S.edge(_log_probs(S, 5, 2, 4), S.integers(1, 4, 2, 2), (5, 4), (2, 1)),
            S.edge(_log_probs(S, 5, 4), S.integers(1, 4, 2), (5,), (2,), reduction="none"),
            S.edge(
                _log_probs(S, 5, 2, 4),
                S.integers(0, 3, 3),
                S.integers(5, 6, 2),
                S.integers(1, 2, 2),
                3,
            ),
            S.edge(
                _log_probs(S, 6, 2, 4),
                S.integers(1, 2, 2, 2),
                (6, 2),
                (2, 2),
                reduction="sum",
                zero_infinity=True,
            ),
            S.edge(
                _log_probs(S, 6, 3, 4),
                S.integers(1, 2, 3, 2),
                (6, 4, 0),
                (0, 2, 0),
                reduction="none",
            ),
        ]
    ),
)
op(
    "ctc_loss(Tensor log_probs, Tensor targets, any input_lengths, any target_lengths, "
    "int blank=0, int reduction=0, bool zero_infinity=False)",
    composite=lambda F, log_probs, targets, inputs, lengths, blank, reduction, zero: _loss(
        F, log_probs, targets, inputs, lengths, blank, _named(reduction), zero
    ),
    where=("torch",),
    prelude="",
    doc="The negative log-probability of label sequences; the reduction is a number.",
    samples=_real(
        lambda S: [
            S.edge(_log_probs(S, 5, 2, 4), S.integers(1, 4, 2, 2), (5, 4), (2, 1)),
            S.edge(_log_probs(S, 5, 2, 4), S.integers(1, 4, 2, 2), (5, 4), (2, 1), 0, 1),
        ]
    ),
)
