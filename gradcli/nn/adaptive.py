"""The adaptive softmax for many classes; Grave et al. (2017)."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..table.lookup import get_op
from ..table.memory.inplace import run_inplace
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, from_array, numel, shape_of
from .containers import ModuleList, Sequential
from .functions import F, method, torch
from .linear import Linear
from .module import Module
from .operands import operand
from .shapes import rank

_ASMoutput = namedtuple("_ASMoutput", ["output", "loss"])
_ASMoutput.__module__ = "torch.nn.modules.adaptive"


class AdaptiveLogSoftmaxWithLoss(Module):
    """Frequent classes in a head, rarer ones in clusters behind it."""

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Any,
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        given = runtime.listed(cutoffs)
        if not given:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        cutoffs = [operand(cutoff) for cutoff in given]
        if (
            cutoffs != sorted(cutoffs)
            or min(cutoffs) <= 0
            or max(cutoffs) > n_classes - 1
            or len(set(cutoffs)) != len(cutoffs)
            or any(int(cutoff) != cutoff for cutoff in cutoffs)
        ):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
                "order, where each value is between 1 and n_classes-1"
            )
        place = {"device": device, "dtype": dtype}
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, **place)
        self.tail = ModuleList()
        for at in range(self.n_clusters):
            width = int(in_features // (float(div_value) ** (at + 1)))
            classes = self.cutoffs[at + 1] - self.cutoffs[at]
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, **place),
                    Linear(width, classes, bias=False, **place),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> Any:
        """Input `(N, in_features)`, target `(N)` of classes, both also without N.

        Returns the log probability of each target, and the mean of their negatives.
        """
        dimensions = rank(target_)
        if dimensions == 1:
            if rank(input_) == 0:
                raise IndexError("Dimension specified as 0 but tensor has no dimensions")
            if shape_of(input_)[0] != shape_of(target_)[0]:
                raise RuntimeError(
                    "Input and target should have the same size in the batch dimension."
                )
            if rank(input_) != 2:
                raise RuntimeError(
                    "1D target tensor expects 2D input tensors, but found inputs with size",
                    Size(shape_of(input_)),
                )
        elif dimensions == 0:
            if rank(input_) != 1:
                raise RuntimeError(
                    "0D target tensor expects 1D input tensors, but found inputs with size",
                    Size(shape_of(input_)),
                )
        else:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        input = input_ if dimensions else torch.unsqueeze(input_, 0)
        target = target_ if dimensions else torch.unsqueeze(target_, 0)
        batch = shape_of(target)[0]
        output = torch.zeros(batch, dtype=input.dtype)
        places = torch.zeros(batch, dtype=target.dtype)
        used = 0
        for at, (low, high) in enumerate(zip([0, *self.cutoffs[:-1]], self.cutoffs, strict=True)):
            chosen = (target.array >= low) & (target.array < high)
            rows = torch.squeeze(torch.nonzero(from_array(chosen)), 1)
            count = numel(shape_of(rows))
            if not count:
                continue
            used += count
            targets = torch.index_select(target, 0, rows)
            if at == 0:
                method.index_copy_(places, 0, rows, targets)
                continue
            cluster = self.tail[at - 1](torch.index_select(input, 0, rows))
            method.index_fill_(places, 0, rows, self.shortlist_size + at - 1)
            local = torch.gather(
                F.log_softmax(cluster, dim=1), 1, torch.unsqueeze(torch.sub(targets, low), 1)
            )
            method.index_copy_(output, 0, rows, torch.squeeze(local, 1))
        if used != batch:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.array.min()}, {target.array.max()}] were found. "
            )
        head = F.log_softmax(self.head(input), dim=1)
        method.add_(output, torch.squeeze(torch.gather(head, 1, torch.unsqueeze(places, 1))))
        loss = torch.mean(torch.neg(output))
        return _ASMoutput(output if dimensions else torch.squeeze(output, 0), loss)

    def log_prob(self, input: Tensor) -> Any:
        """The log probabilities of all classes: `(N, n_classes)`."""
        return self._all(input, self.head(input))

    def _all(self, input: Tensor, head: Tensor) -> Any:
        first = F.log_softmax(head, dim=1)
        made = torch.empty((shape_of(head)[0], self.n_classes), dtype=head.dtype)

        def write(start: int, values: Tensor) -> None:
            part = torch.narrow(made, 1, start, shape_of(values)[1])
            run_inplace(get_op("copy"), (part, values, False))

        write(0, torch.narrow(first, 1, 0, self.shortlist_size))
        for at in range(self.n_clusters):
            inside = F.log_softmax(self.tail[at](input), dim=1)
            cluster = torch.narrow(first, 1, self.shortlist_size + at, 1)
            write(self.cutoffs[at], torch.add(inside, cluster))
        return made

    def predict(self, input: Tensor) -> Any:
        """The most probable class of each sample."""
        return torch.argmax(self.log_prob(input), dim=1)
