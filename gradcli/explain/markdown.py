"""An explanation as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from gradcli.render.escapers import markdown as plain
from gradcli.render.escapers import markdown_code as code
from gradcli.tensor.tensor import Tensor

from .causes import brief
from .text import joined, repeated, start, summary, summed
from .told import Step, Told


def lines(told: Told) -> list[str]:
    """A heading for the result and for each step, lists of what is said of them."""
    found = [*_lines(told)]
    while found[-1] == "":
        found.pop()
    return found


def _lines(told: Told) -> Iterator[str]:
    yield f"# Where d{plain(told.short)} comes from"
    yield ""
    if told.drawing is None:
        yield from _listed(told.reasons)
        return
    yield f"{code(told.name)} is"
    yield from _value(told.value)
    if told.summary is not None:
        yield "## Summary"
        yield ""
        yield from _listed(summary(told, told.summary))
    yield "## Steps"
    yield ""
    yield f"The walk starts with {code(f'd{told.short}/d{told.short}')} = {plain(start(told))}."
    yield ""
    for step in told.steps:
        yield from _step(step)
    yield "## In all"
    yield ""
    for total in told.totals:
        name = code(f"d{told.short}/d{total.name}")
        if total.grad is None:
            yield f"{name} is None"
            yield ""
            continue
        yield f"{name} is"
        yield from _value(total.grad)
        if total.sources:
            yield from _listed([joined(total.sources)])
        if total.hooked is not None:
            yield "A hook makes it"
            yield from _value(total.hooked)
    if told.reasons:
        yield "## Why"
        yield ""
        yield from _listed(told.reasons)


def _step(step: Step) -> Iterator[str]:
    head = f"### {step.number}. {plain(step.node)}"
    head += f" {code(step.text)}" if step.text else ""
    head += f" × {step.times:,}" if step.times > 1 else ""
    yield head
    yield ""
    facts = [fact for fact in (step.place, f"in {step.module}" if step.module else "") if fact]
    facts += [repeated(step)] if step.alike else []
    facts += step.notes
    if facts:
        yield from _listed(facts)
    if step.value is not None:
        yield "The value is"
        yield from _value(step.value)
    for arrival in step.arrivals:
        where = f" at output {arrival.output}" if arrival.output is not None else ""
        joins = f" ({plain(joined(arrival.sources))})" if arrival.sources else ""
        yield f"What arrives{where}{joins}:"
        yield from _value(arrival.grad)
        if arrival.hooked is not None:
            yield "A hook makes it"
            yield from _value(arrival.hooked)
    for passing in step.passings:
        formula = f" = {code(passing.formula)}" if passing.formula else ""
        yield f"To {code(passing.to)}{formula}"
        yield ""
        if passing.slope is not None:
            yield "The local derivative is"
            yield from _value(passing.slope)
        if passing.wide is not None:
            yield from _listed([summed(passing)])
        yield "It passes on"
        yield from _value(passing.grad)


def _value(value: Tensor) -> Iterator[str]:
    """A block of code, between empty lines."""
    yield ""
    yield from (f"    {line}" for line in brief(value).split("\n"))
    yield ""


def _listed(lines: list[str]) -> Iterator[str]:
    yield from (f"- {plain(line.strip())}" for text in lines for line in text.split("\n"))
    yield ""
