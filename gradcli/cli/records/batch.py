"""Many records in one vectorised pass.

A program is run under vmap over the columns of consecutive records that have the same names and
shapes; a backward pass from the sum of the results gives every record its own gradients, since no
record's result depends on another's inputs. Only programs whose text has nothing that would
differ from running them one by one are tried (no prints, no random numbers, no conversion of
tensors to Python's values), and a batch that raises or warns, or cannot be mapped, is left to be
run one by one, so that an error stands on its own record.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.cli.process.report import Failure
from gradcli.cli.programs.inputs import Given, input_dtype
from gradcli.cli.results.derivatives import MEMBERS
from gradcli.cli.usage.parse import Options
from gradcli.io.digits import elements
from gradcli.io.lines import Part, lines
from gradcli.io.write import Typed, string
from gradcli.language.interpreter import UNSET
from gradcli.language.syntax import nodes
from gradcli.render.reports import quiet
from gradcli.table.names import SPACES, marked
from gradcli.tensor.dtypes import DType
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Tensor, make

from .batch_derivatives import derivatives
from .one_record import Derivative, Evaluation

Member = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lines:
    """The results of a group of records: complete lines."""

    count: int
    text: str


MANY = 256  # results from which on they are written in one matrix
GIVE_UP = 3  # batches that could not be evaluated before no further one is tried
MAX_ELEMENTS = 1 << 20  # of the inputs of one group

_STATEMENTS = (
    nodes.FunctionDef,
    nodes.ClassDef,
    nodes.Try,
    nodes.With,
    nodes.While,
    nodes.Import,
    nodes.ImportFrom,
    nodes.Global,
    nodes.Nonlocal,
    nodes.Delete,
    nodes.Raise,
    nodes.Assert,
    nodes.JoinedStr,
    nodes.AugAssign,
)

# Names beside the table that a mapped program cannot have: what prints, makes leaves, asks for
# Python's values, or leads to names that are not looked at here.
_NAMES = frozenset(
    (
        *("print", "emit", "str", "repr", "format", "float", "int", "bool", "complex", "type"),
        *("param", "grad", "jvp", "vjp", "jacobian", "hessian", "hvp", "vmap", "isinstance"),
        *("torch", "F", "linalg", "special", "fft", "func", "autograd", "nn", "time", "id", "hash"),
        *("set_printoptions", "no_grad", "enable_grad", "set_grad_enabled", "inference_mode"),
        "is_grad_enabled",
    )
)
_ATTRIBUTES = frozenset(
    (
        *("item", "tolist", "numpy", "backward", "grad", "grad_fn", "requires_grad", "data"),
        *("detach", "register_hook", "retain_grad", "is_leaf", "data_ptr", "storage", "format"),
        *("join", "stride", "is_contiguous", "random"),
    )
)


@cache
def _unmapped() -> frozenset[str]:
    """The names of entries that a mapped program cannot have."""
    return frozenset[str]().union(*(marked("mapped:", space) for space in SPACES))


def mappable(tree: nodes.Node) -> bool:
    """Whether nothing in a program's text speaks against running it under vmap."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(node)
            continue
        if not isinstance(node, nodes.Node):
            continue
        if isinstance(node, _STATEMENTS):
            return False
        if isinstance(node, nodes.Name) and (
            node.id in _NAMES or node.id in _unmapped() or node.id.endswith("_")
        ):
            return False
        if isinstance(node, nodes.Attribute) and (
            node.attr in _ATTRIBUTES or node.attr in _unmapped() or node.attr.endswith("_")
        ):
            return False
        if isinstance(node, nodes.Constant) and isinstance(node.value, str):
            return False
        if isinstance(node, nodes.Assign) and not all(map(_binds_names, node.targets)):
            return False
        if isinstance(node, nodes.For) and not _binds_names(node.target):
            return False
        if isinstance(node, nodes.keyword) and node.arg in ("out", "inplace", None):
            return False
        stack.extend(value for _, value in node.fields())
    return True


def _binds_names(target: nodes.expr) -> bool:
    """Whether an assignment binds names alone, and writes into no value."""
    if isinstance(target, nodes.Tuple | nodes.List):
        return all(map(_binds_names, target.elts))
    if isinstance(target, nodes.Starred):
        return _binds_names(target.value)
    return isinstance(target, nodes.Name)


class Batcher:
    """Evaluates records in groups for one job."""

    def __init__(self, job: Derivative | Evaluation, given: Given, options: Options) -> None:
        self.job = job
        self.given = given
        self.options = options
        self.reads = job.runner.reads
        self.skipped = 0  # records that the next single evaluations should take
        self.failures = 0
        tree = job.runner.text.tree
        expression = isinstance(tree, nodes.Expression)
        self.possible = (
            (expression or (job.kind != "eval" and not options.wrt))
            and not options.full
            and not options.of
            and mappable(tree)
        )

    def together(self, columns: dict[str, Any], count: int) -> Lines | None:
        """The results of records that came as columns of numbers, or None: they go as records."""
        given = self.given
        read = {
            name: column
            for name, column in columns.items()
            if name in self.reads and name not in given.leaves and name not in given.constants
        }
        return self._mapped(read, count) if read or given.leaves else None

    def lines(self, batch: list[Member | Failure], start: int) -> Lines | None:
        """The results of a group that begins at `start`, or None: `skipped` ones go one by one."""
        self.skipped = 1
        if not self.possible:
            self.skipped = len(batch) - start
            return None
        first = batch[start]
        if isinstance(first, Failure):
            return None
        names = tuple(first)
        group: list[Any] = batch[start:]
        if not (set(map(type, group)) == {dict} and len(set(map(tuple, group))) == 1):
            group = list(
                itertools.takewhile(lambda m: type(m) is dict and tuple(m) == names, group)
            )
        stop = start + len(group)
        columns = self._columns(group, names)
        if columns is None:
            return self._halves(batch, start, stop)
        if not columns and not self.given.leaves:
            return None
        lines = self._mapped(columns, len(group))
        if lines is None:
            self.skipped = len(group)
        return lines

    def _halves(self, batch: list[Member | Failure], start: int, stop: int) -> Lines | None:
        """Part of a group whose records differ in shape or have something special."""
        shape = _signature(batch[start], self.reads)
        end = start + 1
        while end < stop and _signature(batch[end], self.reads) == shape:
            end += 1
        if shape is None:
            self.skipped = end - start
            return None
        columns = self._columns(batch[start:end], tuple(batch[start]))  # type: ignore[arg-type]
        lines = None if columns is None else self._mapped(columns, end - start)
        if lines is None:
            self.skipped = end - start
        return lines

    def _columns(self, group: list[Any], names: tuple[str, ...]) -> dict[str, Any] | None:
        """For each name that is read an array of all records, or None if they do not fit."""
        columns: dict[str, Any] = {}
        total = 0
        for name in names:
            if name not in self.reads or name in self.given.leaves or name in self.given.constants:
                continue
            column = [member[name] for member in group]
            kinds = set(map(type, column))
            if not kinds <= {int, float, list}:
                return None
            if list in kinds and (len(kinds) > 1 or not all(map(_plain, column))):
                return None
            try:
                array = np.array(column)
            except (ValueError, OverflowError):
                return None
            if array.dtype.kind not in "if" or array.ndim > 32:
                return None
            array = array.astype(np.float64, copy=False)
            total += array.size
            if total > max(MAX_ELEMENTS, 2 * len(group)) or not np.isfinite(array).all():
                return None
            columns[name] = array
        return columns

    def _mapped(self, columns: dict[str, Any], count: int) -> Lines | None:
        """The lines of `count` records, or None when they cannot be evaluated together."""
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                quiet()
                lines = self._evaluated(columns, count)
        except LimitExceeded as limit:
            if limit.limit == "timeout":
                raise
            lines, warned = None, []
        except Exception:
            lines, warned = None, []
        if lines is None or warned:
            self.failures += 1
            if self.failures >= GIVE_UP:
                self.possible = False
            return None
        self.failures = 0
        return lines

    def _evaluated(self, columns: dict[str, Any], count: int) -> Lines | None:
        from gradcli.func.batched import vmap

        differentiate = self.job.kind != "eval"
        floating = input_dtype(self.options)
        leaves: dict[str, Tensor] = {}
        for name, column in columns.items():
            leaves[name] = _leaf(column, floating, differentiate)
            if floating.itemsize < 8 and not np.isfinite(leaves[name].array).all():
                return None
        for name, tensor in self.given.leaves.items():
            spread = np.broadcast_to(tensor.array, (count, *tensor.array.shape))
            leaves[name] = make(spread, tensor.dtype)
            if differentiate and requires_grad(tensor):
                requires_grad_(leaves[name])
        names = list(leaves)
        runner = self.job.runner

        def single(*values: Tensor) -> Any:
            inputs = {**dict(zip(names, values, strict=True)), **self.given.constants}
            result = runner.session.run(runner.program, inputs, fresh=True)
            if result.value is UNSET or not isinstance(result.value, Tensor):
                raise TypeError("the result is no tensor")
            return result.value

        value: Tensor = vmap(single)(*leaves.values())
        if not differentiate:
            return self._written([(value.array, value.dtype)], count)
        by = {name: leaf for name, leaf in leaves.items() if requires_grad(leaf)}
        if self.options.wrt:
            if any(name not in by for name in self.options.wrt):
                return None
            by = {name: by[name] for name in self.options.wrt}
        found = derivatives(self.job.kind, value, by, count, self.options)
        if found is None:
            return None
        form: list[Part] = [b'{"value":', (value.array, value.dtype)]
        form.append(f',"{MEMBERS[self.job.kind]}":'.encode())
        _add_form(found, form)
        return self._written([*form, b"}"], count)

    def _written(self, form: list[Part], count: int) -> Lines:
        style = self.options.nonfinite
        prefix = "\x1e" if self.options.seq else ""
        if count >= MANY:
            text = lines([prefix.encode(), *form, b"\n"], count, style)
            if text is not None:
                return Lines(count, text)
        columns = [
            itertools.repeat(part.decode(), count)
            if isinstance(part, bytes)
            else texts(*part, style, count)
            for part in form
        ]
        rows = map("".join, zip(*columns, strict=True))
        return Lines(count, "".join([f"{prefix}{row}\n" for row in rows]))


def _add_form(found: Any, form: list[Part]) -> None:
    """Add the parts of a derivative to a form."""
    if isinstance(found, dict):
        for place, (name, part) in enumerate(found.items()):
            form.append(f"{',' if place else '{'}{string(name)}:".encode())
            _add_form(part, form)
        form.append(b"}" if found else b"{}")
    else:
        form.append(b"null" if found is None else found)


def _leaf(column: Any, floating: DType, differentiate: bool) -> Tensor:
    tensor = make(floating.cast(column), floating)
    return requires_grad_(tensor) if differentiate else tensor


def _plain(value: list[Any]) -> bool:
    """Whether nested lists hold ints and floats alone."""
    for item in value:
        kind = type(item)
        if kind is float or kind is int:
            continue
        if kind is not list or not _plain(item):
            return False
    return True


def _signature(member: Member | Failure, reads: set[str]) -> Any:
    """The names and shapes of a record, or None when it is none that a group can take."""
    if isinstance(member, Failure):
        return None
    shapes = []
    for name, value in member.items():
        if name not in reads:
            shapes.append((name, None))
            continue
        shape = []
        while type(value) is list and value:
            shape.append(len(value))
            value = value[0]
        if type(value) not in (int, float):
            return None
        shapes.append((name, tuple(shape)))  # type: ignore[arg-type]
    return tuple(shapes)


def texts(array: Any, dtype: DType, style: str, count: int) -> list[str]:
    """For each of `count` records its part of `array` as JSON on one line."""
    shape = array.shape[1:]
    if len(shape) > 1 and 0 in shape:
        from gradcli.io.write import Writer

        writer = Writer(style=style)
        return [writer.text(Typed(part, dtype)) for part in array]
    found = elements(array, dtype, style)
    for length in reversed(shape):
        if not length:
            return ["[]"] * count
        found = [
            "[" + ",".join(found[start : start + length]) + "]"
            for start in range(0, len(found), length)
        ]
    return found
