"""What is written out for an entry does what the general way does, for every sample of the table.

Results, their memory, their nodes and what those keep are compared; and that a call which is not
common leaves before anything happened, and gets the general way's answer or error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import table_cases as cases

import gradcli.torch as torch
from gradcli.autograd.node import Versions
from gradcli.language.interpreter import Session, compile_program
from gradcli.table.call.arguments import FUNCTION
from gradcli.table.call.compiled import PATIENCE, caller, written_out
from gradcli.table.call.dispatch import call_slowly
from gradcli.table.call.record import OpNode
from gradcli.table.call.template import source_of
from gradcli.table.call.traits import is_writable
from gradcli.table.entry import Op
from gradcli.table.lookup import get_op
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, Version, make

OPS = [op for op in cases.entries() if is_writable(op) and op.composite is None]
each = pytest.mark.parametrize("op", OPS, ids=[op.id for op in OPS])


class Left(Exception):
    """The function left for the general way."""


def leave(args: Any, keywords: Any) -> Any:
    raise Left


def generally(op: Op) -> Any:
    return lambda *args, **keywords: call_slowly(op, FUNCTION, args, keywords)


def outcome(call: Any, sample: Any, dtype: Any, grad: bool) -> Any:
    """A call's results, or its error, and the leaves it was given."""
    leaves: list[Tensor] = []

    def leaf(tensor: Tensor) -> Tensor:
        array = np.array(tensor.array)[()]
        kind = tensor.dtype
        if kind is dtypes.float64 and dtype is not kind:
            array, kind = dtype.cast(array), dtype
        copy = make(array, kind)
        if grad and kind.differentiable:
            copy.requires_grad_()
        leaves.append(copy)
        return copy

    args, keywords = cases.mapped(sample, leaf)
    torch.manual_seed(0)
    try:
        found = call(*args, **keywords)
    except Left:
        raise
    except Exception as error:
        return leaves, f"{type(error).__name__}: {error}"
    return leaves, found


def described(value: Any, leaves: list[Tensor]) -> Any:
    """A value without what differs from one call to the next."""
    if isinstance(value, list | tuple):
        return [described(item, leaves) for item in value]
    if isinstance(value, Versions):
        return [described(item, leaves) for item in value.pairs]
    if isinstance(value, Version):
        places = [i for i, leaf in enumerate(leaves) if leaf.version is value]
        return "version", places, value.clock
    if type(value) is Tensor:
        link = value.view_info
        places = [i for i, leaf in enumerate(leaves) if link is not None and link.base is leaf]
        return (
            described(value.array, leaves),
            value.dtype.name,
            value.number,
            None if link is None else (link.kind, link.clock, places),
            described(value.version, leaves) if link is not None else None,
            node_of(value, leaves),
        )
    if isinstance(value, np.ndarray | np.generic):
        strides = value.strides if isinstance(value, np.ndarray) else "scalar"
        return value.dtype.name, value.shape, strides, value.tobytes()
    return repr(value)


def node_of(tensor: Tensor, leaves: list[Tensor]) -> Any:
    node = tensor.node
    if node is None:
        return None
    if not isinstance(node, OpNode):
        return [i for i, leaf in enumerate(leaves) if leaf.node is node]
    roots = [next((i for i, leaf in enumerate(leaves) if leaf.node is e), e) for e in node.edges]
    return (
        type(node).__name__,
        node.title,
        roots,
        node.numbers,
        (node.count, node.plain, node.shape, str(node.dtype)),
        id(node.plan),
        described(node.saved, leaves),
        described(node.guards, leaves),
    )


@each
@pytest.mark.parametrize("dtype", [dtypes.float64, dtypes.float32], ids=lambda d: d.name)
def test_a_written_out_call_is_the_general_one(op: Op, dtype: Any) -> None:
    written = written_out(op, FUNCTION, leave)
    stayed = False
    samples = cases.samples(op, "real")
    for sample in samples:
        for grad in (False, True):
            try:
                leaves, found = outcome(written, sample, dtype, grad)
            except Left:
                continue
            stayed = True
            others, expected = outcome(generally(op), sample, dtype, grad)
            assert described(found, leaves) == described(expected, others), sample
            assert described(leaves, leaves) == described(others, others), sample
    assert stayed or not samples


ODD: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("mul", (), {}),
    ("mul", (2,), {"input": torch.ones(2)}),
    ("mul", (torch.ones(2), torch.ones(3)), {}),
    ("mul", (torch.ones(2), 2 + 1j), {}),
    ("mul", (torch.ones(2), "a"), {}),
    ("add", (torch.ones(2), torch.ones(2)), {"alpha": 2}),
    ("add", (torch.ones(2), 1), {"alpha": "a"}),
    ("exp", (torch.ones(2, dtype=torch.int64),), {}),
    ("exp", (torch.ones(2, dtype=torch.bfloat16),), {}),
    ("exp", (torch.ones(2), 1), {}),
    ("sum_dim", (torch.ones(2, 2), [0, True]), {}),
    ("sum_dim", (torch.ones(2, 2),), {"axis": 1, "keepdims": True}),
    ("sum_dim", (torch.ones(2, 2), 2), {}),
    ("view", (torch.ones(4), 2, -1), {}),
    ("view", (torch.ones(4), (2, 2.0)), {}),
    ("softmax", (torch.ones(2, 2), torch.tensor(1)), {}),
    ("softmax", (torch.ones(2, 2),), {"dim": 1, "dtype": torch.float64}),
    ("softmax", (torch.ones(2, 2),), {"dims": 1}),
    ("cat", ([],), {}),
    ("cat", ([torch.ones(2), 1],), {}),
    ("cat", ((torch.ones(2), torch.ones(2, dtype=torch.float64)),), {}),
    ("lt", (torch.ones(2, dtype=torch.int64), 1.5), {}),
    ("index", (torch.ones(3), [torch.tensor([0, 2])]), {}),
]


@pytest.mark.parametrize("case", ODD, ids=lambda case: f"{case[0]}-{len(case[1])}{list(case[2])}")
def test_other_calls_go_the_general_way(case: Any) -> None:
    name, args, keywords = case
    op = get_op(name)

    def slow(args: Any, keywords: Any) -> Any:
        return call_slowly(op, FUNCTION, args, keywords)

    def answer(call: Any) -> Any:
        try:
            return described(call(*args, **keywords), [])
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    assert answer(written_out(op, FUNCTION, slow)) == answer(generally(op))


def test_a_callable_is_written_out_after_some_calls() -> None:
    op = get_op("mul")
    call = caller(op, FUNCTION)
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    before = call.__code__
    for _ in range(PATIENCE - 1):
        call(x, x)
    assert call.__code__ is before
    call(x, x)
    assert call.__code__ is not before
    assert call(x, 3).tolist() == [3.0, 6.0]
    assert call(x, x).node.title == "MulBackward0"
    with pytest.raises(TypeError, match="must be Tensor, not str"):
        call(x, "a")


def test_texts_are_those_of_a_kind_of_entry() -> None:
    """Entries that differ in their names alone have one text, which is compiled once."""
    assert source_of(get_op("sin")) == source_of(get_op("cos"))
    assert source_of(get_op("sin")) != source_of(get_op("exp"))  # it keeps its result


@pytest.mark.parametrize("name", ["mm", "linear", "mse_loss", "prod"])
@pytest.mark.parametrize("often", ["before", "within"])
def test_autocast_changes_what_was_called_often(name: str, often: str) -> None:
    space = "F" if name in ("linear", "mse_loss") else "torch"
    call = f"{space}.{name}({'t' if name == 'prod' else 't, t'})"
    before, within = (200, 1) if often == "before" else (1, 200)
    program = (
        "import torch\nimport torch.nn.functional as F\n"
        "t = torch.ones(2, 2).bfloat16() if 'prod' in NAME else torch.ones(2, 2)\n"
        f"for i in range({before}):\n    a = {call}\n"
        f"with torch.autocast('cpu'):\n    for i in range({within}):\n        b = {call}\n"
        f"for i in range(200):\n    c = {call}\n"
        "print(a.dtype, b.dtype, c.dtype)\n"
    ).replace("NAME", repr(name))
    plain = "torch.bfloat16" if name == "prod" else "torch.float32"
    cast = "torch.bfloat16" if name in ("mm", "linear") else "torch.float32"
    written: list[str] = []
    Session(written.append).run(compile_program(program, mode="python"))
    assert "".join(written) == f"{plain} {cast} {plain}\n"
