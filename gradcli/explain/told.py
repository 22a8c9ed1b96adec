"""What an explanation says, as data: the writers for text, Markdown, HTML and JSON read it."""

from __future__ import annotations

from typing import Any, NamedTuple

from gradcli.render.drawing import Box, Drawing
from gradcli.tensor.tensor import Tensor

from .causes import norm

LONG = 12  # steps above which an explanation begins with a summary


class Source(NamedTuple):
    """A step from which gradients came, how many, and their share of the sum, None if it is 0."""

    step: int
    times: int
    share: float | None


class Arrival(NamedTuple):
    """What arrives at an output of a step, None for the only one, and what hooks make of it.

    `sources` are the steps that it came from where several paths join.
    """

    output: int | None
    grad: Tensor
    hooked: Tensor | None
    sources: list[Source]


class Passing(NamedTuple):
    """What a step passes on: to whom (and at which step that is), by which formula, how much.

    `slope` is the local derivative of an operation that works element by element. `wide` is the
    shape before it was summed over the axes that broadcasting made.
    """

    to: str
    step: int | None
    formula: str
    slope: Tensor | None
    grad: Tensor
    wide: tuple[int, ...] | None


class Step(NamedTuple):
    """A step of the chain, or the last of `times` steps of a loop that are alike.

    `node` is PyTorch's name, `text` what the program says at `place`. It may also be the `times`
    calls of a module or function that are folded; then `node` is the module's class, or "function".
    `operations` is how many steps of the chain it stands for. `least` and `most` are the norms of
    what all those steps pass on. `notes` are other facts, as sentences.
    """

    number: int
    node: str
    text: str
    place: str
    span: dict[str, Any] | None
    module: str
    value: Tensor | None
    arrivals: list[Arrival]
    passings: list[Passing]
    notes: list[str]
    times: int
    operations: int
    least: float
    most: float
    box: Box

    @property
    def alike(self) -> bool:
        """Whether it is the last of several that are alike."""
        return self.times > 1 and self.box.closed is None


class Total(NamedTuple):
    """The gradient of an input, None for none, what its hooks make of it, where it came from.

    `node` is the input's on the graph, None for one that does not require grad.
    """

    name: str
    node: Any
    grad: Tensor | None
    hooked: Tensor | None
    sources: list[Source]

    @property
    def norm(self) -> float:
        """The norm of the gradient."""
        return 0.0 if self.grad is None else norm(self.grad)


class Factor(NamedTuple):
    """A step whose gradients shrink or grow, and by what in all.

    Where nothing is left, `left` is how many of the steps of a loop passed something on before.
    """

    step: int
    factor: float
    left: int


class Summary(NamedTuple):
    """What a long explanation begins with.

    `dominant` has for an input the step that most of its gradient comes from, `shrinking` and
    `growing` the steps that change its size most, `joins` the steps (their numbers) and inputs
    (their names) with most paths.
    """

    dominant: list[tuple[str, Source]]
    shrinking: list[Factor]
    growing: list[Factor]
    joins: list[tuple[int | str, int]]


class Told(NamedTuple):
    """The explanation of a result: `short` stands for it in `dshort/dx`.

    `reasons` say why gradients are missing, zero or not finite. Without steps, the result is not
    on a graph, and `reasons` say why.
    """

    name: str
    short: str
    value: Tensor
    steps: list[Step]
    totals: list[Total]
    reasons: list[str]
    summary: Summary | None
    drawing: Drawing | None
