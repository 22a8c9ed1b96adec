"""Random programs of tensors, views, writes, modes and passes against a naive model.

The model keeps, for the memory of every tensor, its elements and their Jacobian with respect to
all elements of all leaves. A view is an array of positions, a write changes elements and rows, and
the gradient of a sum is a sum of rows. It knows nothing of nodes but what they save and when that
is gone, which decides the errors.
"""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

import gradcli.torch as torch
from gradcli.autograd import engine

LEAVES = {"a": (2, 3), "b": (3,)}
SIZES = [int(np.prod(shape)) for shape in LEAVES.values()]
PARAMETERS = sum(SIZES)


class Record:
    """What the model knows of a recorded operation: what it saved, and where its inputs lead."""

    def __init__(self, saves: list[Any], keeps: bool, parents: list[Any]) -> None:
        self.saves = saves  # (counter, version) of saved tensors that are not copies
        self.keeps = keeps or bool(saves)
        self.parents = [parent for parent in parents if parent is not None]
        self.freed = False
        self.unsure = False  # a failed pass may have freed it


class Counter:
    """A version, shared by a tensor, its views and what was detached from it."""

    def __init__(self) -> None:
        self.value = 0


class Family:
    """A base with its views: memory, Jacobian, version and history."""

    def __init__(self, values: Any, jacobian: Any, counter: Counter, leaf: bool = False) -> None:
        self.values = values  # flat; shared with what was detached
        self.jacobian = jacobian
        self.counter = counter
        self.is_leaf = leaf
        self.record: Record | None = None

    @property
    def requires_grad(self) -> bool:
        return self.is_leaf or self.record is not None


class Var:
    """A tensor of the program and the positions of its elements in its family's memory."""

    def __init__(self, tensor: Any, family: Family, index: Any, kind: str = "base") -> None:
        self.tensor = tensor
        self.family = family
        self.index = index
        self.kind = kind
        self.made_at = family.counter.value

    @property
    def values(self) -> Any:
        return self.family.values[self.index]

    @property
    def jacobian(self) -> Any:
        rows = self.family.jacobian[self.index]
        return rows * 0 if self.kind == "no_grad" else rows

    @property
    def parent(self) -> Record | None:
        return None if self.kind == "no_grad" else self.family.record

    @property
    def is_broken(self) -> bool:
        """Whether its history cannot follow what was written to its memory."""
        return (
            self.kind in ("multiple", "no_grad")
            and self.family.requires_grad
            and self.family.counter.value != self.made_at
        )


def gentle(values: Any) -> bool:
    return bool(np.all(np.abs(values) < 3))


UNARY = {
    "sin": (np.sin, lambda x, y: np.cos(x), "input"),
    "tanh": (np.tanh, lambda x, y: 1 - y * y, "output"),
    "exp": (np.exp, lambda x, y: y, "output"),
    "neg": (np.negative, lambda x, y: -np.ones_like(x), "nothing"),
}
VIEWS = {
    "select": lambda t: t[0],
    "column": lambda t: t[:, 1],
    "narrow": lambda t: t[1:],
    "transpose": lambda t: t.t(),
    "unsqueeze": lambda t: t.unsqueeze(0),
    "alias": lambda t: t[...],
    "unbind": lambda t: t.unbind(0)[-1],
    "split": lambda t: t.split(1)[0],
}
ARRAYS = {
    "select": lambda i: i[0],
    "column": lambda i: i[:, 1],
    "narrow": lambda i: i[1:],
    "transpose": lambda i: i.T,
    "unsqueeze": lambda i: i[None],
    "alias": lambda i: i,
    "unbind": lambda i: i[-1],
    "split": lambda i: i[:1],
}


MODES = st.sampled_from([True, True, True, True, False])
PLACES = st.integers(0, 12)  # one of the eight newest tensors, or of those from the beginning
FIRST = 5


class Programs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.known: list[Var] = []
        self.leaves: list[Any] = []
        self.grads: list[Any] = [None] * len(LEAVES)
        self.seen: list[Any] = []  # gradients that a hook saw
        torch.set_grad_enabled(True)
        engine.check_numbers = True

    def teardown(self) -> None:
        torch.set_grad_enabled(True)
        engine.check_numbers = False

    def add(self, tensor: Any, family: Family, index: Any, kind: str = "base") -> Var:
        var = Var(tensor, family, index, kind)
        self.known.append(var)
        return var

    def pick(self, place: int) -> Var:
        return self.known[place - 8] if place >= 8 else self.known[-1 - place % len(self.known)]

    @initialize()
    def start(self) -> None:
        start = 0
        for number, (shape, size) in enumerate(zip(LEAVES.values(), SIZES, strict=True)):
            data = np.linspace(-1.0, 1.2, size) + 0.1 * number
            leaf = torch.tensor(data.tolist(), dtype=torch.float64).reshape(shape).clone()
            leaf.requires_grad_()
            jacobian = np.zeros((size, PARAMETERS))
            jacobian[:, start : start + size] = np.eye(size)
            start += size
            self.leaves.append(leaf)
            family = Family(data, jacobian, Counter(), leaf=True)
            self.add(leaf, family, np.arange(size).reshape(shape))
        plain = torch.tensor([[0.3, -0.7, 1.1], [0.2, 0.9, -0.4]], dtype=torch.float64)
        data = np.array([0.3, -0.7, 1.1, 0.2, 0.9, -0.4])
        family = Family(data, np.zeros((6, PARAMETERS)), Counter())
        self.add(plain, family, np.arange(6).reshape(2, 3))
        self.unary(len(LEAVES) + 6, "sin", True)  # results of leaves, which may be written
        self.unary(len(LEAVES) + 7, "neg", True)

    # ------------------------------------------------------------ helpers

    def expect(self, error: str | None, action: Any) -> Any:
        """Run `action`; it must raise a RuntimeError with `error` in it, or nothing."""
        try:
            result = action()
        except RuntimeError as raised:
            assert error is not None, f"unexpected: {raised}"
            assert error in str(raised), f"wanted {error!r}, got {raised}"
            return None
        assert error is None, f"no error; wanted {error!r}"
        return result

    def result(
        self,
        tensor: Any,
        values: Any,
        jacobian: Any,
        inputs: list[Var],
        grad_mode: bool,
        saves: list[Any],
        keeps: bool,
    ) -> Var:
        recorded = grad_mode and any(var.family.requires_grad for var in inputs)
        size = int(np.prod(values.shape))
        rows = jacobian.reshape(size, PARAMETERS) if recorded else np.zeros((size, PARAMETERS))
        family = Family(np.array(values).reshape(-1), np.array(rows), Counter())
        if recorded:
            family.record = Record(saves, keeps, [var.parent for var in inputs])
        return self.add(tensor, family, np.arange(size).reshape(values.shape))

    def error_of_reading(self, inputs: list[Var], grad_mode: bool) -> str | None:
        if grad_mode and any(var.is_broken for var in inputs):
            return "its base or another view of its base has been modified"
        return None

    # ------------------------------------------------------------ operations

    @rule(at=PLACES, name=st.sampled_from(sorted(UNARY)), mode=MODES)
    def unary(self, at: int, name: str, mode: bool) -> None:
        x = self.pick(at)
        if name == "exp" and not gentle(x.values):
            name = "tanh"
        function, slope, saved = UNARY[name]
        with torch.set_grad_enabled(mode):
            error = self.error_of_reading([x], mode)
            tensor = self.expect(error, lambda: getattr(torch, name)(x.tensor))
        if tensor is None:
            return
        values = function(x.values)
        rows = slope(x.values, values)[..., None] * x.jacobian
        family = x.family
        saves = [(family.counter, family.counter.value)] if saved == "input" else []
        made = self.result(tensor, values, rows, [x], mode, saves, saved != "nothing")
        if saved == "output" and made.family.record is not None:
            made.family.record.saves = [(made.family.counter, 0)]

    @rule(
        at=PLACES,
        of=PLACES,
        name=st.sampled_from(["add", "sub", "mul"]),
        mode=MODES,
    )
    def binary(self, at: int, of: int, name: str, mode: bool) -> None:
        x = self.pick(at)
        y = self.pick(of)
        try:
            shape = np.broadcast_shapes(x.index.shape, y.index.shape)
        except ValueError:
            return
        if len(shape) > 3:
            return
        with torch.set_grad_enabled(mode):
            error = self.error_of_reading([x, y], mode)
            tensor = self.expect(error, lambda: getattr(torch, name)(x.tensor, y.tensor))
        if tensor is None:
            return
        values, rows, saves = self.combined(name, x, y, shape)
        if np.abs(values).max(initial=0) > 1e4:
            return
        self.result(tensor, values, rows, [x, y], mode, saves, False)

    def combined(self, name: str, x: Var, y: Var, shape: Any) -> Any:
        """The values, the Jacobian and what is saved of `name` applied to two tensors."""
        wide = (*shape, PARAMETERS)
        pad_x = x.jacobian.reshape((1,) * (len(shape) - x.index.ndim) + x.jacobian.shape)
        pad_y = y.jacobian.reshape((1,) * (len(shape) - y.index.ndim) + y.jacobian.shape)
        rows_x = np.broadcast_to(pad_x, wide)
        rows_y = np.broadcast_to(pad_y, wide)
        left = np.broadcast_to(x.values, shape)
        right = np.broadcast_to(y.values, shape)
        if name == "add":
            return left + right, rows_x + rows_y, []
        if name == "sub":
            return left - right, rows_x - rows_y, []
        saves = []
        if y.family.requires_grad:
            saves.append((x.family.counter, x.family.counter.value))
        if x.family.requires_grad:
            saves.append((y.family.counter, y.family.counter.value))
        return left * right, rows_x * right[..., None] + rows_y * left[..., None], saves

    @rule(at=PLACES, name=st.sampled_from(sorted(VIEWS)), mode=MODES)
    def view(self, at: int, name: str, mode: bool) -> None:
        self.part(self.pick(at), name, mode)

    def part(self, x: Var, name: str, mode: bool) -> Var | None:
        """A view of `x`, None where there is none or reading `x` is an error."""
        rank = x.index.ndim
        needs = {"select": 1, "narrow": 1, "unbind": 1, "split": 1, "column": 2, "transpose": 2}
        if rank < needs.get(name, 0) or rank > 2 or 0 in x.index.shape:
            return None
        if name == "narrow" and x.index.shape[0] < 2:
            return None
        if (name == "transpose" and rank != 2) or (name == "column" and x.index.shape[1] < 2):
            return None
        if mode and name in ("unbind", "split") and x.kind == "no_grad":
            return None  # its errors say another sentence
        with torch.set_grad_enabled(mode):
            error = self.error_of_reading([x], mode)
            tensor = self.expect(error, lambda: VIEWS[name](x.tensor))
        if tensor is None:
            return None
        kind = "view"
        if not mode:
            kind = "no_grad"
        elif x.kind in ("no_grad", "multiple"):
            kind = x.kind
        if mode and name in ("unbind", "split"):
            kind = "multiple"
        return self.add(tensor, x.family, ARRAYS[name](x.index), kind)

    @rule(at=PLACES)
    def detach(self, at: int) -> None:
        x = self.pick(at)
        tensor = x.tensor.detach()
        family = Family(x.family.values, np.zeros_like(x.family.jacobian), x.family.counter)
        self.add(tensor, family, x.index)

    # ------------------------------------------------------------ writes

    def error_of_writing(self, x: Var, others: list[Var], mode: bool) -> str | None:
        if not mode:
            return None
        family = x.family
        if not (family.requires_grad or any(y.family.requires_grad for y in others)):
            return None
        if x.kind == "no_grad":
            return "was created in no_grad mode and is being modified inplace"
        if x.kind == "multiple":
            return "view and is being modified inplace" if family.requires_grad else "modified"
        if x.kind == "view" and family.requires_grad and family.record is None:
            return "a view of a leaf Variable that requires grad is being used"
        if family.is_leaf and x.kind == "base":
            return "a leaf Variable that requires grad is being used in an in-place"
        return self.error_of_reading(others, mode)

    def write(
        self, x: Var, values: Any, rows: Any, others: list[Var], mode: bool, record: Record
    ) -> None:
        family = x.family
        recorded = mode and (family.requires_grad or any(y.family.requires_grad for y in others))
        family.values[x.index.reshape(-1)] = np.asarray(values).reshape(-1)
        family.counter.value += 1
        if recorded:
            family.jacobian[x.index.reshape(-1)] = rows.reshape(-1, PARAMETERS)
            family.record = record

    @rule(
        at=PLACES,
        name=st.sampled_from(["sin", "exp", "neg", "zero", "double"]),
        where=st.sampled_from(["all", "all", "select", "column", "narrow", "transpose"]),
        mode=MODES,
    )
    def write_unary(self, at: int, name: str, where: str, mode: bool) -> None:
        found = self.pick(at) if where == "all" else self.part(self.pick(at), where, mode)
        if found is None:
            return
        x = found
        if name in ("exp", "double") and not gentle(x.values):
            name = "sin"
        error = self.error_of_writing(x, [], mode)
        old = x.values
        rows = x.jacobian
        parent = x.family.record
        actions = {
            "sin": lambda t: t.sin_(),
            "exp": lambda t: t.exp_(),
            "neg": lambda t: t.neg_(),
            "zero": lambda t: t.zero_(),
            "double": lambda t: t.mul_(2.0),
        }
        with torch.set_grad_enabled(mode):
            if self.expect(error, lambda: actions[name](x.tensor)) is None:
                return
        new, slope = {
            "sin": (np.sin(old), np.cos(old)),
            "exp": (np.exp(old), np.exp(old)),
            "neg": (-old, -np.ones_like(old)),
            "zero": (old * 0, old * 0),
            "double": (old * 2, np.full_like(old, 2.0)),
        }[name]
        record = Record([], name in ("sin", "exp", "double"), [parent])
        self.write(x, new, slope[..., None] * rows, [], mode, record)
        if name == "exp":
            record.saves = [(x.family.counter, x.family.counter.value)]

    @rule(
        at=PLACES,
        of=PLACES,
        name=st.sampled_from(["add", "mul", "copy"]),
        mode=MODES,
    )
    def write_binary(self, at: int, of: int, name: str, mode: bool) -> None:
        x = self.pick(at)
        y = self.pick(of)
        shape = x.index.shape
        if y.family.values is x.family.values and x is not y:
            return  # operands that overlap in part have tests of their own
        try:
            fits = np.broadcast_shapes(shape, y.index.shape) == shape
        except ValueError:
            return
        if not fits or not gentle(x.values):
            return
        error = self.error_of_writing(x, [y], mode)
        values, rows, saves = self.combined("mul" if name == "mul" else "add", x, y, shape)
        parent = x.family.record
        actions = {
            "add": lambda t: t.add_(y.tensor),
            "mul": lambda t: t.mul_(y.tensor),
            "copy": lambda t: t.copy_(y.tensor),
        }
        if name == "copy":
            values = np.broadcast_to(y.values, shape)
            rows = rows - x.jacobian
        if name == "mul":  # its own old values are kept as a copy
            saves = [(y.family.counter, y.family.counter.value)] if x.family.requires_grad else []
        keeps = name == "mul"
        record = Record(saves, keeps, [parent, y.parent])
        with torch.set_grad_enabled(mode):
            if self.expect(error, lambda: actions[name](x.tensor)) is None:
                return
        self.write(x, np.array(values), np.array(rows), [y], mode, record)

    @rule(at=PLACES, of=PLACES, mode=MODES)
    def assign(self, at: int, of: int, mode: bool) -> None:
        """`x[0] = y`: a copy into a view of the tensor."""
        x = self.pick(at)
        y = self.pick(of)
        if not x.index.ndim or 0 in x.index.shape or y.family.values is x.family.values:
            return
        if y.index.shape != x.index.shape[1:]:
            return
        row = Var(None, x.family, x.index[0], "view" if mode else "no_grad")
        if mode and x.kind in ("no_grad", "multiple"):
            row.kind = x.kind
        error = self.error_of_reading([x], mode) or self.error_of_writing(row, [y], mode)
        record = Record([], False, [x.family.record, y.parent])

        def action() -> bool:
            x.tensor[0] = y.tensor
            return True

        with torch.set_grad_enabled(mode):
            if self.expect(error, action) is None:
                return
        self.write(row, np.array(y.values), np.array(y.jacobian), [y], mode, record)

    # ------------------------------------------------------------ passes

    def reached(self, x: Var) -> list[Record]:
        found: list[Record] = []
        pending = [x.parent]
        while pending:
            record = pending.pop()
            if record is not None and record not in found:
                found.append(record)
                pending.extend(record.parents)
        return found

    def error_of_pass(self, x: Var, records: list[Record]) -> str | None:
        if x.is_broken:
            return "its base or another view of its base has been modified"
        if not x.family.requires_grad:
            return "does not require grad"
        if any(record.freed for record in records):
            return "Trying to backward through the graph a second time"
        for record in records:
            if any(counter.value != version for counter, version in record.saves):
                return "modified by an inplace operation"
        return None

    @rule(at=PLACES, retain=st.booleans())
    def backward(self, at: int, retain: bool) -> None:
        x = self.pick(at)
        records = self.reached(x)
        error = self.error_of_pass(x, records)
        stale = any(c.value != v for record in records for c, v in record.saves)
        if error is not None and "second time" in error and stale:
            return  # which of two errors comes first depends on the order of nodes
        if any(record.unsure for record in records):
            return  # a pass that failed here freed what it had run through, as PyTorch's does
        total = x.jacobian.reshape(-1, PARAMETERS).sum(0)

        def run() -> bool:
            x.tensor.sum().backward(retain_graph=retain)
            return True

        if self.expect(error, run) is None:
            for record in records:
                record.unsure = record.unsure or (stale and record.keeps and not retain)
            return
        for record in records:
            record.freed = record.freed or (record.keeps and not retain)
        start = 0
        touched = self.touched(x)
        for number, size in enumerate(SIZES):
            part = total[start : start + size].reshape(self.leaves[number].shape)
            start += size
            if touched[number]:
                old = self.grads[number]
                self.grads[number] = part if old is None else old + part

    def touched(self, x: Var) -> list[bool]:
        """Which leaves a path leads to: those whose `.grad` is not None afterwards."""
        reached = set()
        edge = x.tensor.sum().grad_fn
        pending = [edge]
        while pending:
            node = pending.pop()
            if node is None or node in reached:
                continue
            reached.add(node)
            pending.extend(node.edges)
        return [leaf.node in reached for leaf in self.leaves]

    @rule(at=PLACES, create=st.booleans())
    def grad(self, at: int, create: bool) -> None:
        x = self.pick(at)
        records = self.reached(x)
        error = self.error_of_pass(x, records)
        if error is not None:
            return  # `backward` tests errors; here only the leaves' paths are run
        total = x.jacobian.reshape(-1, PARAMETERS).sum(0)
        root = x.tensor.sum()
        found = torch.autograd.grad(
            root, self.leaves, retain_graph=True, create_graph=create, allow_unused=True
        )
        start = 0
        for size, result in zip(SIZES, found, strict=True):
            wanted = total[start : start + size]
            start += size
            got = np.zeros(size) if result is None else np.array(result.tolist()).reshape(-1)
            np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9)

    @rule(number=st.integers(0, len(LEAVES) - 1))
    def clear(self, number: int) -> None:
        self.leaves[number].grad = None
        self.grads[number] = None

    @rule(number=st.integers(0, len(LEAVES) - 1))
    def look(self, number: int) -> None:
        """Printing and hooks that only look change nothing."""
        handle = self.leaves[number].register_hook(lambda g: self.seen.append(g) and None)
        for var in self.known[-6:]:
            repr(var.tensor)
        handle.remove()

    @rule(at=PLACES)
    def drop(self, at: int) -> None:
        x = self.pick(at)
        if x in self.known[:FIRST]:
            return
        self.known.remove(x)
        x.tensor = None

    @invariant()
    def check(self) -> None:
        for var in self.known:
            tensor = var.tensor
            np.testing.assert_allclose(np.array(tensor.tolist()), var.values, rtol=1e-9, atol=1e-12)
            assert tensor._version == var.family.counter.value
            assert tensor.requires_grad == var.family.requires_grad
        for leaf, wanted in zip(self.leaves, self.grads, strict=True):
            if wanted is None:
                assert leaf.grad is None
            else:
                got = np.array(leaf.grad.tolist())
                np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-9)


TestPrograms = Programs.TestCase
TestPrograms.settings = settings(
    max_examples=300, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
