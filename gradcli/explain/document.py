"""An explanation as a JSON object; `io/schema/explain.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.io.write import Typed
from gradcli.tensor.tensor import Tensor, shape_of

from .causes import norm
from .told import Factor, Passing, Source, Step, Told

MOST = 1000  # elements that are written out


def document(all_told: Sequence[Told]) -> dict[str, Any]:
    """The explanations of some results."""
    return {"explanations": [_told(told) for told in all_told]}


def _told(told: Told) -> dict[str, Any]:
    summary = told.summary
    return {
        "result": told.name,
        "value": _value(told.value),
        "summary": None
        if summary is None
        else {
            "dominant": [{"input": n, **_source(source)} for n, source in summary.dominant],
            "shrinking": [_factor(item) for item in summary.shrinking],
            "growing": [_factor(item) for item in summary.growing],
            "joins": [_join(place, count) for place, count in summary.joins],
        },
        "steps": [_step(step) for step in told.steps],
        "gradients": [
            {
                "input": total.name,
                "gradient": _value(total.grad),
                "hooked": _value(total.hooked),
                "sources": [_source(source) for source in total.sources],
            }
            for total in told.totals
        ],
        "reasons": told.reasons,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.number,
        "node": step.node,
        "source": step.span,
        "module": step.module or None,
        "times": step.times,
        "operations": step.operations,
        "norms": [step.least, step.most] if step.passings else None,
        "value": _value(step.value),
        "arrives": [
            {
                "output": arrival.output or 0,
                "gradient": _value(arrival.grad),
                "hooked": _value(arrival.hooked),
                "sources": [_source(source) for source in arrival.sources],
            }
            for arrival in step.arrivals
        ],
        "passes": [_passing(passing) for passing in step.passings],
        "notes": step.notes,
    }


def _passing(passing: Passing) -> dict[str, Any]:
    return {
        "to": passing.to,
        "step": passing.step,
        "formula": passing.formula or None,
        "local": _value(passing.slope),
        "summed_from": None if passing.wide is None else list(passing.wide),
        "gradient": _value(passing.grad),
    }


def _source(source: Source) -> dict[str, Any]:
    return {"step": source.step, "times": source.times, "share": source.share}


def _join(place: int | str, count: int) -> dict[str, Any]:
    kind = "input" if isinstance(place, str) else "step"
    return {kind: place, "paths": count}


def _factor(item: Factor) -> dict[str, Any]:
    return {"step": item.step, "factor": item.factor}


def _value(value: Tensor | None) -> dict[str, Any] | None:
    if value is None:
        return None
    shape = shape_of(value)
    few = value.level is None and value.array.size <= MOST
    return {
        "dtype": value.dtype.name,
        "shape": list(shape),
        "norm": norm(value),
        "data": Typed(value.array, value.dtype) if few else None,
    }
