"""Every entry of the op table over all its samples.

Values, layouts, nodes and gradients against PyTorch's (recorded in goldens/ops.json), gradients of
first and second order and tangents against differences, tangents against gradients, batching
against a loop, raw gradients against recorded ones, and inputs unchanged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import table_cases as cases

import gradcli.torch as torch
from gradcli.table.entry import Op
from gradcli.table.samples import Sample
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make

GOLDENS = json.loads((Path(__file__).parents[1] / "goldens" / "ops.json").read_text())
OPS = cases.entries()
IDS = [op.id for op in OPS]
each = pytest.mark.parametrize("op", OPS, ids=IDS)
STEP = 1e-6


# ---------------------------------------------------------------- calling


def run(op: Op, sample: Sample, values: Sequence[Tensor] | None = None) -> list[Tensor]:
    """The outputs for a sample, with its tensors replaced by `values`."""
    remaining = iter(cases.tensors(sample) if values is None else values)
    args, kwargs = cases.mapped(sample, lambda _: next(remaining))
    return cases.flat(op.call(*args, **kwargs))


def leaves_of(sample: Sample) -> list[Tensor]:
    return [cases.leaf(tensor) for tensor in cases.tensors(sample)]


def cotangents(outputs: Sequence[Tensor]) -> list[Tensor]:
    return [
        make(
            output.dtype.cast(
                np.asarray(cases.cotangent(tuple(output.shape), output.dtype.is_complex))
            )[()],
            output.dtype,
        )
        for output in outputs
    ]


def live(outputs: Sequence[Tensor]) -> list[Tensor]:
    return [output for output in outputs if output.requires_grad]


def inner(a: Any, b: Any) -> float:
    """The real inner product of two arrays."""
    return float(np.real(np.vdot(np.asarray(a), np.asarray(b))))


def raises(op: Op, sample: Sample) -> Exception | None:
    try:
        run(op, sample)
    except Exception as error:
        return error
    return None


def refused(op: Op, kind: str, index: int) -> bool:
    """Whether PyTorch does not compute or differentiate a sample."""
    recorded = GOLDENS.get(op.id, {}).get(kind, [])
    golden = recorded[index] if index < len(recorded) else {}
    return "error" in golden or isinstance(golden.get("grads"), dict)


def smooth_cases(op: Op) -> list[tuple[str, int, Sample]]:
    """Samples that work and have something to differentiate."""
    if not op.vjp and op.composite is None:
        return []
    found = []
    for kind in cases.KINDS:
        for index, sample in enumerate(cases.samples(op, kind)):
            if not sample.smooth or refused(op, kind, index) or raises(op, sample) is not None:
                continue
            values = leaves_of(sample)
            if live(run(op, sample, values)):
                found.append((kind, index, sample))
    return found


def directions(values: Sequence[Tensor], seed: int) -> list[Any]:
    """A random direction for each tensor that requires grad, None for the others."""
    random = np.random.default_rng(seed)
    found: list[Any] = []
    for tensor in values:
        if not tensor.dtype.differentiable:
            found.append(None)
            continue
        direction = random.standard_normal(tensor.array.shape)
        if tensor.dtype.is_complex:
            direction = direction + 1j * random.standard_normal(tensor.array.shape)
        found.append(direction)
    return found


def moved(values: Sequence[Tensor], by: Sequence[Any], step: float) -> list[Tensor]:
    return [
        tensor
        if direction is None
        else cases.leaf(make(np.asarray(tensor.array + step * direction)[()], tensor.dtype))
        for tensor, direction in zip(values, by, strict=True)
    ]


def close(a: float, b: float, tolerance: float) -> bool:
    return abs(a - b) <= tolerance * (1 + abs(a) + abs(b)) or (a != a and b != b)


# ---------------------------------------------------------------- the table itself


@each
def test_an_entry_is_complete(op: Op) -> None:
    assert op.samples is not None, "an entry without samples"
    assert op.doc, "an entry without documentation"
    assert cases.samples(op, "real") or cases.samples(op, "complex"), "no sample at all"


# ---------------------------------------------------------------- against PyTorch


def numbers(values: list[Any]) -> Any:
    return np.array(
        [complex(*map(float, v)) if isinstance(v, list) else complex(v) for v in values]
    )


def same(found: Tensor, values: list[Any], tolerance: float) -> bool:
    array = np.asarray(found.array, complex).reshape(-1)
    expected = numbers(values)
    parts = ((array.real, expected.real), (array.imag, expected.imag))
    return array.shape == expected.shape and all(
        np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True) for a, b in parts
    )


def compare(op: Op, sample: Sample, golden: dict[str, Any]) -> list[str]:
    """What differs from PyTorch for one sample."""
    if golden.get("missing"):
        return []
    values = leaves_of(sample)
    try:
        outputs = run(op, sample, values)
    except Exception as error:
        if "error" not in golden:
            return [f"raises {type(error).__name__}: {error}"]
        kind, sentence = golden["error"]
        found = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return (
            [] if found == f"{kind}: {sentence}" else [f"{found}\n   PyTorch: {kind}: {sentence}"]
        )
    if "error" in golden:
        return [f"does not raise {': '.join(golden['error'])}"]
    expected = golden["outputs"]
    if len(outputs) != len(expected):
        return [f"{len(outputs)} outputs, PyTorch has {len(expected)}"]
    wrong = []
    for output, wanted in zip(outputs, expected, strict=True):
        if output.dtype.name != wanted["dtype"]:
            wrong.append(f"dtype {output.dtype.name}, PyTorch {wanted['dtype']}")
        if list(output.shape) != wanted["shape"]:
            wrong.append(f"shape {list(output.shape)}, PyTorch {wanted['shape']}")
        elif not same(output, wanted["values"], 1e-9):
            wrong.append(f"values {output.array!r}, PyTorch {wanted['values']}")
        if list(output.stride()) != wanted["stride"]:
            wrong.append(f"stride {output.stride()}, PyTorch {wanted['stride']}")
        node = None if output.is_leaf else output.node.title
        recorded = wanted.get("node")
        if recorded is not None:
            recorded = recorded.removeprefix("torch::autograd::")
        if node != recorded:
            wrong.append(f"node {node}, PyTorch {wanted.get('node')}")
    roots = live(outputs)
    grads = golden.get("grads")
    if isinstance(grads, list) and roots and not wrong:
        wanted_leaves = [value for value in values if value.requires_grad]
        found_grads = torch.autograd.grad(
            roots, wanted_leaves, cotangents(roots), allow_unused=True
        )
        for index, (grad, wanted_grad) in enumerate(zip(found_grads, grads, strict=True)):
            if (grad is None) != (wanted_grad is None):
                wrong.append(f"grad {index} is {grad}, PyTorch {wanted_grad}")
            elif grad is not None and not same(grad, wanted_grad, 1e-8):
                wrong.append(f"grad {index} {grad.array!r}, PyTorch {wanted_grad}")
    return wrong


@each
def test_values_and_gradients_are_pytorchs(op: Op) -> None:
    golden = GOLDENS.get(op.id)
    assert golden is not None, "not recorded: run tests/goldens/record_ops.py"
    wrong = []
    for kind in cases.KINDS:
        found = cases.samples(op, kind)
        assert [cases.digest(s) for s in found] == [g["digest"] for g in golden[kind]], (
            "other samples than recorded: run tests/goldens/record_ops.py"
        )
        for index, (sample, wanted) in enumerate(zip(found, golden[kind], strict=True)):
            problems = compare(op, sample, wanted)
            wrong += [f"{kind} {index} {sample}: {problem}" for problem in problems]
    assert not wrong, "\n".join(wrong)


@each
def test_layouts_are_pytorchs(op: Op) -> None:
    layouts = GOLDENS.get(op.id, {}).get("layouts", {})
    chosen = cases.layout_sample(op)
    wrong = []
    for layout, wanted in layouts.items():
        if chosen is None or not isinstance(wanted, list):
            continue
        index, sample = chosen
        values = list(cases.tensors(sample))
        values[0] = make(cases.laid_out(np.array(values[0].array), layout), values[0].dtype)
        found = [list(output.stride()) for output in run(op, sample, values)]
        if found != wanted:
            wrong.append(f"{layout} {index} {sample}: {found}, PyTorch {wanted}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- against differences


def pulled(
    op: Op, sample: Sample, values: Sequence[Tensor], given: Sequence[Tensor], graph: bool
) -> list[Any]:
    """The gradients by all leaves for given cotangents of the live outputs."""
    wanted = [value for value in values if value.requires_grad]
    return list(
        torch.autograd.grad(
            live(run(op, sample, values)), wanted, given, allow_unused=True, create_graph=graph
        )
    )


@each
def test_gradients_agree_with_differences(op: Op) -> None:
    wrong = []
    for kind, index, sample in smooth_cases(op):
        values = leaves_of(sample)
        roots = live(run(op, sample, values))
        places = [i for i, o in enumerate(run(op, sample, values)) if o.requires_grad]
        given = cotangents(roots)
        before = [np.array(value.array) for value in values]
        raw = pulled(op, sample, values, given, False)
        recorded = pulled(op, sample, values, given, True)
        for one, two in zip(raw, recorded, strict=True):
            if (one is None) != (two is None) or (
                one is not None and not np.allclose(one.array, two.array, 1e-9, 1e-9)
            ):
                wrong.append(f"{kind} {index} {sample}: raw {one}, recorded {two}")
        if any(
            not np.array_equal(a, v.array, equal_nan=v.dtype.differentiable)
            for a, v in zip(before, values, strict=True)
        ):
            wrong.append(f"{kind} {index} {sample}: an input was changed")
        by = directions(values, index)
        high = run(op, sample, moved(values, by, STEP))
        low = run(op, sample, moved(values, by, -STEP))
        numeric = sum(
            inner(c.array, (np.asarray(high[p].array) - np.asarray(low[p].array)) / (2 * STEP))
            for p, c in zip(places, given, strict=True)
        )
        floating = [d for d in by if d is not None]
        exact = sum(inner(g.array, d) for g, d in zip(raw, floating, strict=True) if g is not None)
        if not close(numeric, exact, 1e-6):
            wrong.append(f"{kind} {index} {sample}: {exact}, by differences {numeric}")
    assert not wrong, "\n".join(wrong)


@each
def test_second_gradients_agree_with_differences(op: Op) -> None:
    """Those that PyTorch has: through its nodes named NotImplemented no pass goes here either."""
    wrong = []
    for kind, index, sample in smooth_cases(op):
        values = leaves_of(sample)
        given = [cases.leaf(c) for c in cotangents(live(run(op, sample, values)))]
        grads = pulled(op, sample, values, given, True)
        weights = [
            None
            if g is None
            else make(np.asarray(cases.cotangent(g.array.shape, g.dtype.is_complex))[()], g.dtype)
            for g in grads
        ]
        by = directions(values, index + 7)
        by_given = directions(given, index + 11)

        def total(step: float) -> float:
            found = pulled(op, sample, moved(values, by, step), moved(given, by_given, step), False)
            return sum(
                inner(w.array, g.array)
                for w, g in zip(weights, found, strict=True)
                if w is not None and g is not None
            )

        numeric = (total(STEP) - total(-STEP)) / (2 * STEP)
        roots = [g for g in grads if g is not None and g.requires_grad]
        pushed = [
            w for g, w in zip(grads, weights, strict=True) if g is not None and g.requires_grad
        ]
        wanted = [v for v in (*values, *given) if v.requires_grad]
        floating = [d for d in (*by, *by_given) if d is not None]
        exact = 0.0
        if roots:
            try:
                second = torch.autograd.grad(roots, wanted, pushed, allow_unused=True)
            except RuntimeError as refused:
                assert str(refused).endswith("_backward is not implemented")
                continue
            exact = sum(
                inner(g.array, d) for g, d in zip(second, floating, strict=True) if g is not None
            )
        if not close(numeric, exact, 1e-5):
            wrong.append(f"{kind} {index} {sample}: {exact}, by differences {numeric}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- forward mode


@each
def test_tangents_agree_with_gradients(op: Op) -> None:
    wrong = []
    for kind, index, sample in smooth_cases(op):
        values = leaves_of(sample)
        outputs = run(op, sample, values)
        places = [i for i, o in enumerate(outputs) if o.requires_grad]
        given = cotangents([outputs[p] for p in places])
        grads = pulled(op, sample, values, given, False)
        by = directions(values, index + 3)
        chosen = [i for i, d in enumerate(by) if d is not None]

        def function(*primals: Tensor) -> Any:
            filled = [make(v.array, v.dtype) for v in values]
            for place, primal in zip(chosen, primals, strict=True):
                filled[place] = primal
            found = run(op, sample, filled)
            return tuple(found[p] for p in places)

        primals = tuple(make(values[i].array, values[i].dtype) for i in chosen)
        tangents = tuple(make(np.asarray(by[i])[()], values[i].dtype) for i in chosen)
        _, pushed = torch.func.jvp(function, primals, tangents)
        forward = sum(inner(c.array, t.array) for c, t in zip(given, pushed, strict=True))
        backward = sum(
            inner(g.array, by[i]) for g, i in zip(grads, chosen, strict=True) if g is not None
        )
        if not close(forward, backward, 1e-9):
            wrong.append(f"{kind} {index} {sample}: jvp {forward}, vjp {backward}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- batching


def batched(function: Callable[..., Any], args: Sequence[Tensor], axes: Any) -> list[Tensor]:
    return cases.flat(torch.func.vmap(function, in_dims=tuple(axes))(*args))


@each
def test_batching_agrees_with_a_loop(op: Op) -> None:
    wrong = []
    for index, sample in enumerate(cases.samples(op, "real")):
        values = cases.tensors(sample)
        if not values or raises(op, sample) is not None:
            continue
        others = [
            make(np.asarray(v.array * 1.01)[()], v.dtype) if v.dtype.differentiable else v
            for v in values
        ]
        single = run(op, sample, values)
        if not single:
            continue

        def function(*args: Tensor) -> Any:
            return tuple(run(op, sample, args))

        last = [v.array.ndim for v in values]
        layouts: list[list[Any]] = [[0] * len(values), last]
        if len(values) > 1:
            layouts += [[0] + [None] * (len(values) - 1), [None] + [0] * (len(values) - 1)]
        for axes in layouts:
            second = [v if a is None else o for v, o, a in zip(values, others, axes, strict=True)]
            try:
                expected = [
                    np.stack([np.asarray(a.array), np.asarray(b.array)])
                    for a, b in zip(single, run(op, sample, second), strict=True)
                ]
            except Exception:
                continue
            args = [
                v if a is None else make(np.stack([v.array, o.array], a), v.dtype)
                for v, o, a in zip(values, others, axes, strict=True)
            ]
            try:
                found = [np.asarray(t.array) for t in batched(function, args, axes)]
            except Exception as error:
                if "Attempted to vmap over" in str(error):
                    continue  # a result whose shape depends on the values
                wrong.append(f"{index} {sample} {axes}: {type(error).__name__}: {error}")
                continue
            if any(
                a.shape != b.shape or not np.allclose(a, b, 1e-9, 1e-9, equal_nan=True)
                for a, b in zip(found, expected, strict=True)
            ):
                wrong.append(f"{index} {sample} {axes}: {found}, in a loop {expected}")
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- in place


@each
def test_in_place_twins_agree(op: Op) -> None:
    if not op.inplace or "Tensor" not in op.where:
        return
    wrong = []
    for index, sample in enumerate(cases.samples(op, "real")):
        values = cases.tensors(sample)
        if not values or values[0] is not sample.args[0] or raises(op, sample) is not None:
            continue
        plain = leaves_of(sample)
        expected = run(op, sample, plain)[0]
        if expected.shape != values[0].shape or not dtypes.can_cast(
            expected.dtype, values[0].dtype
        ):
            continue
        written = leaves_of(sample)
        target = written[0].clone()
        remaining = iter([target, *written[1:]])
        args, kwargs = cases.mapped(sample, lambda _: next(remaining))
        result = getattr(args[0], f"{op.name}_")(*args[1:], **kwargs)
        if result is not target or not np.allclose(
            np.asarray(target.array, complex), np.asarray(expected.array, complex), equal_nan=True
        ):
            wrong.append(f"{index} {sample}: {target}, out of place {expected}")
        if not expected.requires_grad or not sample.smooth or refused(op, "real", index):
            continue
        given = cotangents([expected])
        one = torch.autograd.grad(
            [expected], [v for v in plain if v.requires_grad], given, allow_unused=True
        )
        two = torch.autograd.grad(
            [target], [v for v in written if v.requires_grad], given, allow_unused=True
        )
        for a, b in zip(one, two, strict=True):
            if (a is None) != (b is None) or (a is not None and not np.allclose(a.array, b.array)):
                wrong.append(f"{index} {sample}: gradient {b}, out of place {a}")
    assert not wrong, "\n".join(wrong)


def test_every_recorded_entry_exists() -> None:
    assert set(GOLDENS) <= set(IDS), "record again: tests/goldens/record_ops.py"
