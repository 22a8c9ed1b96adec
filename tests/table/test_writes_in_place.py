"""Writes in place of plain tensors take a short way: they are those of the general way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.table.call.fast_paths import writer
from gradcli.table.index import PUBLIC
from gradcli.table.lookup import get_op
from gradcli.table.memory.inplace import run_inplace

METHODS = PUBLIC["Tensor"]


def is_written(name: str) -> bool:
    op = get_op(METHODS[name][0])
    if name.startswith("_") or writer(op) is None:
        return False
    return op.check is None or not op.check.refuses(torch.float32)


NAMES = sorted(name for name in METHODS if name.endswith("_") and is_written(name))


def filled(*shape: int) -> Any:
    return torch.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape)


def operands(name: str) -> list[tuple[Any, ...]]:
    op = get_op(METHODS[name][0])
    if len(op.parameters) == 1:
        return [()]
    numbers: list[tuple[Any, ...]] = [(0.5,), (2,)]
    if not op.parameters[1].is_tensor:
        return numbers
    return [*(numbers if op.numbers else []), (filled(3, 2) + 0.05,)]


@pytest.mark.parametrize("name", NAMES)
def test_a_short_write_is_the_general_one(name: str) -> None:
    op = get_op(METHODS[name][0])
    for rest in operands(name):
        short, general = filled(3, 2), filled(3, 2)
        before = short._version
        assert getattr(short, name)(*rest) is short
        bound = op.bind(general, *rest)
        run_inplace(op, bound)
        assert short.array.tobytes() == general.array.tobytes()
        assert short._version - before == 1
        assert short.dtype is general.dtype


@pytest.mark.parametrize("name", NAMES)
def test_a_number_is_written_as_in_the_general_way(name: str) -> None:
    op = get_op(METHODS[name][0])
    for rest in operands(name):
        short, general = torch.tensor(0.3), torch.tensor(0.3)
        rest = tuple(torch.tensor(0.35) if isinstance(r, torch.Tensor) else r for r in rest)
        assert getattr(short, name)(*rest) is short
        run_inplace(op, op.bind(general, *rest))
        assert np.asarray(short.array).tobytes() == np.asarray(general.array).tobytes()
        assert short._version == general._version == 1
        assert short.dtype is general.dtype


def test_a_number_that_others_look_at_is_written_for_them() -> None:
    x = torch.tensor(1.0)
    seen = [x.detach(), x.view(1), x.data, x.expand(2), x.numpy()]
    x += 1
    x *= torch.tensor(3.0)
    assert [float(np.ravel(np.asarray(one))[0]) for one in seen] == [6.0] * 5
    seen[0].sub_(5)
    assert x.item() == 1.0


def test_a_number_that_was_saved_is_found_changed() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    y = x * 3
    z = y * y
    with torch.no_grad():
        y += 1.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    y = x * 3
    z = y + 1.0
    with torch.no_grad():
        y += 1.0
    z.backward()
    assert x.grad.item() == 3.0


def test_what_needs_care_goes_the_general_way() -> None:
    write = writer(get_op("add"))
    x = filled(4)
    leaf = filled(4).requires_grad_()
    assert write(x, 1.0) is x
    assert write(leaf, 1.0) is None  # a leaf that requires grad
    assert write(x, leaf) is None  # recorded
    assert write(x[1:], x[:-1]) is None  # memory that is shared in part
    assert write(x, filled(1)) is None  # broadcast
    assert write(x, filled(4).double()) is None  # another dtype
    assert write(filled(3, 4).t(), 1.0) is None  # strides
    assert write(torch.tensor(1.0), x) is None  # no dimension
    assert write(torch.arange(3), 1.5) is None  # integers
    assert write(x, 1j) is None
    with torch.no_grad():
        assert write(leaf, 1.0) is leaf


def test_a_short_write_is_seen_by_the_backward_pass() -> None:
    x = filled(3).requires_grad_()
    y = x * 2
    z = y * y
    with torch.no_grad():
        y.mul_(3.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_inference_tensors_are_refused() -> None:
    with torch.inference_mode():
        x = filled(3)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor"):
        x.add_(1.0)
