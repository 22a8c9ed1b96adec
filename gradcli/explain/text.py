"""An explanation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcli.render import escapers
from gradcli.render.containers import behind
from gradcli.render.drawing import norm_text
from gradcli.tensor.tensor import Tensor, shape_of

from .causes import brief
from .told import Factor, Passing, Source, Step, Summary, Told


def lines(told: Told, *, width: int | None = None, most: int | None = None) -> Iterator[str]:
    """The summary, the steps, the sums, and answers about what is missing.

    `width` cuts the first lines of steps and breaks those of tensors, `most` cuts their number.
    """
    for line in _lines(told, width, most):
        yield "\n".join(escapers.line(part) for part in line.split("\n"))


def _lines(told: Told, width: int | None, most: int | None) -> Iterator[str]:
    if told.drawing is None:
        yield from told.reasons
        return
    yield _behind(f"{told.name} = ", told.value, width)
    if told.summary is not None:
        yield "summary"
        yield from (f"  {line}" for line in summary(told, told.summary))
    yield f"start  d{told.short}/d{told.short} = {start(told)}"
    for step in told.steps[:most]:
        yield from _step(step, width)
    if most is not None and len(told.steps) > most:
        yield f"... {len(told.steps) - most:,} more steps"
    yield "in all"
    for total in told.totals:
        lead = f"  d{told.short}/d{total.name} = "
        yield f"{lead}None" if total.grad is None else _behind(lead, total.grad, width)
        if total.sources:
            yield f"     {joined(total.sources)}"
        if total.hooked is not None:
            yield _behind("     a hook makes it: ", total.hooked, width)
    yield from told.reasons


def _step(step: Step, width: int | None) -> Iterator[str]:
    text = step.text
    if width is not None:
        room = max(width - len(step.node) - len(step.place) - 12, 12)
        text = text if len(text) <= room else text[: room - 3] + "..."
    head = [f"{step.number}.", step.node, text, f"({step.place})" if step.place else "", _of(step)]
    yield "  ".join(word for word in head if word)
    if step.alike:
        yield f"     {repeated(step)}"
    if step.value is not None:
        yield _behind("     value: ", step.value, width)
    for arrival in step.arrivals:
        which = f" at output {arrival.output}" if arrival.output is not None else ""
        yield _behind(f"     arrives{which}: ", arrival.grad, width)
        if arrival.sources:
            yield f"        {joined(arrival.sources)}"
        if arrival.hooked is not None:
            yield _behind("     a hook makes it: ", arrival.hooked, width)
    for note in step.notes:
        yield f"     {note}"
    for passing in step.passings:
        formula = f"  = {passing.formula}" if passing.formula else ""
        yield f"     to {passing.to}{formula}"
        if passing.slope is not None:
            yield _behind("        local derivative: ", passing.slope, width)
        if passing.wide is not None:
            yield f"        {summed(passing)}"
        yield _behind("        passes on: ", passing.grad, width)


def _behind(lead: str, value: Tensor, width: int | None) -> str:
    return behind(lead, lambda: brief(value), width)


# -------------------------------------------------------------------- sentences of all writers


def start(told: Told) -> str:
    """What the walk starts from."""
    ones = shape_of(told.value) != ()
    return "ones, the cotangent that the walk starts from" if ones else "1"


def _of(step: Step) -> str:
    times = f"× {step.times:,}" if step.times > 1 else ""
    return "  ".join(filter(None, (f"in {step.module}" if step.module else "", times)))


def repeated(step: Step) -> str:
    """Which of the steps of a loop is shown, and how large the others are."""
    least, most = norm_text(step.least), norm_text(step.most)
    return f"the last of {step.times:,} alike; what they pass on has norms from {least} to {most}"


def joined(sources: Sequence[Source]) -> str:
    """`2 paths join: 30 % from step 1, 70 % from step 2`."""
    count = f"{sum(source.times for source in sources):,} paths join"
    if len(sources) == 1:
        return f"{count}, all from step {sources[0].step}"
    found = []
    for source in sources:
        share = f"{percent(source.share)} from " if source.share is not None else ""
        found.append(f"{share}step {source.step}{times(source.times)}")
    shown = found if len(found) <= 6 else [*found[:5], f"{len(found) - 5:,} more steps"]
    return f"{count}: {', '.join(shown)}"


def times(count: int) -> str:
    """` × 3` for more than one."""
    return f" × {count:,}" if count > 1 else ""


def percent(share: float) -> str:
    """A share of a sum, which may be negative or above all."""
    return f"{100 * share:.3g} %"


def summed(passing: Passing) -> str:
    """What was done to the axes that broadcasting made."""
    wide, narrow = list(passing.wide or ()), list(shape_of(passing.grad))
    return f"broadcasting is summed away: {wide} becomes {narrow}"


def summary(told: Told, found: Summary) -> list[str]:
    """The sentences of a summary."""
    steps = {step.number: step for step in told.steps}
    nodes = sum(step.operations for step in told.steps)
    said = [f"{nodes:,} operations"]
    if nodes != len(told.steps):
        shown = len(told.steps)
        said = [f"{nodes:,} operations, of which {shown:,} {'is' if shown == 1 else 'are'} shown"]
    for name, source in found.dominant:
        share = f"{percent(source.share)} of " if source.share is not None else ""
        said.append(
            f"dominates: {share}d{told.short}/d{name} comes through {_named(steps[source.step])}"
        )
    said += [f"vanishes: {_changed(steps[item.step], item)}" for item in found.shrinking]
    said += [f"grows: {_changed(steps[item.step], item)}" for item in found.growing]
    for place, count in found.joins:
        at = place if isinstance(place, str) else _named(steps[place])
        said.append(f"joins: {count:,} paths at {at}")
    return said


def _named(step: Step) -> str:
    text = step.text if len(step.text) <= 40 else step.text[:37] + "..."
    return f"step {step.number}, {text or step.node}{times(step.times)}"


def _changed(step: Step, item: Factor) -> str:
    if item.factor == 0:
        after = f" after {item.left:,} of them" if step.times > 1 else ""
        return f"{_named(step)} passes nothing on{after}"
    return f"{_named(step)} multiplies the norm by {norm_text(item.factor)}"
