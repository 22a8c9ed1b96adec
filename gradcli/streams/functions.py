"""A program as a Python function of columns: for Dask, Spark, Ray, and any other program.

It maps a dict of arrays, an Arrow table or batch, or a pandas frame to the like, a row a record.
The process is not ours: no signal handler, limit of the system, collector setting or variable of
the environment is set, and nothing exits. What a limit ends is the call.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from gradcli import __version__
from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.func import recorded
from gradcli.io.documents import typed
from gradcli.io.errors import DataError
from gradcli.io.results import Filled, Schema
from gradcli.io.values import to_array
from gradcli.kernels.generator import default_generator
from gradcli.language.interpreter import Limits, Program, Result, Session, imports_torch
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.tensor import dtypes
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor, make

from .batch import Batches, Job
from .derivatives import Derivative
from .forms import ColumnForm
from .seeds import record_seed

# Programs run one after another: what they compute with is the process's, not a thread's.
_lock = threading.RLock()
KINDS = ("eval", "grad", "jacobian", "hessian")
AT_ONCE = 1 << 14  # records that are evaluated together
Columns = dict[str, Any]


def function(
    program: str,
    *,
    kind: str = "grad",
    wrt: Sequence[str] = (),
    const: Mapping[str, Any] | None = None,
    dtype: str | None = None,
    seed: int = 0,
    max_steps: int | None = None,
    errors: str = "raise",
) -> Function:
    """A function from columns of inputs to columns of results.

    `program` is an expression; `kind` is "eval" (its value alone), "grad", "jacobian" or
    "hessian", by the inputs named in `wrt` or by all. `const` are inputs that are the same for all
    records and not differentiated. `dtype` is what it computes in, as `--dtype`. Columns are called
    `value`, `grads.x`, `jacobian.x`, `hessian.x.y`; each has the records on its first axis.

    A record that fails, as one with a null does, raises with its number; with `errors="nan"` its
    results are NaN.
    The function can be pickled: it is sent as text, and refused by another version of gradcli.
    Raises ValueError for wrong options, and the language's error for a syntax error.
    """
    return Function(program, kind, tuple(wrt), dict(const or {}), dtype, seed, max_steps, errors)


class Function:
    """What `function` returns."""

    def __init__(
        self,
        program: str,
        kind: str,
        wrt: tuple[str, ...],
        const: dict[str, Any],
        dtype: str | None,
        seed: int,
        max_steps: int | None,
        errors: str,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
        if errors not in ("raise", "nan"):
            raise ValueError(f"errors is raise or nan, not {errors!r}")
        if dtype is not None and dtype not in dtypes.NAMES:
            raise ValueError(f"there is no dtype {dtype!r}")
        self.options = (program, kind, wrt, const, dtype, seed, max_steps, errors)
        self.kind, self.wrt, self.seed, self.errors = kind, wrt, seed, errors
        with _lock:
            self._compile(program, const, dtype, max_steps)

    def _compile(
        self, program: str, const: dict[str, Any], dtype: str | None, max_steps: int | None
    ) -> None:
        source = Source(program, "program")
        tree = parse(source, "expression")
        self.program = Program(source, tree, "auto")
        chosen = dtypes.float32 if imports_torch(tree) else dtypes.float64
        self.dtype = chosen if dtype is None else dtypes.NAMES[dtype]
        limits = Limits() if max_steps is None else Limits(max_steps=max_steps)
        self.session = Session(lambda text: None, limits, lambda record: None, self.seed, None)
        self.reads = {*self.program.inputs, *self.program.shadowed, *self.program.called}
        for scope in self.program.scope.walk():
            self.reads.update(scope.values)
        self.constants = {name: self._tensor(value, name) for name, value in const.items()}
        unknown = self.constants.keys() - self.reads
        if unknown:
            raise ValueError(f"the program does not read `{min(unknown)}`")

    def __reduce__(self) -> Any:
        return _made, (__version__, self.options)

    def __call__(self, columns: Any, start: int = 0) -> Any:
        """The results for columns, in a container of the same kind.

        `start` is the number of records before these: each draws from a generator that the seed and
        its number decide. Raises ValueError for a record that fails, and LimitExceeded.
        """
        with _lock, np.errstate(all="ignore"):
            return self._answers(columns, start)

    def _answers(self, columns: Any, start: int) -> Any:
        if isinstance(columns, Mapping):
            arrays = {str(name): np.asarray(columns[name]) for name in columns}
            known = {n: a for n, a in arrays.items() if n in self.reads}
            rows = [len(a) for a in (known or arrays).values() if a.ndim]
            return self._results(known, start, rows[0] if rows else 0)
        if hasattr(columns, "column_names") or hasattr(columns, "num_rows"):
            return self._of_arrow(columns, start)
        if hasattr(columns, "iloc"):
            named = {
                str(name): _stacked(columns[name].to_numpy())
                for name in columns.columns
                if str(name) in self.reads
            }
            found = self._results(named, start, len(columns))
            plain = {name: list(a) if a.ndim > 1 else a for name, a in found.items()}
            return import_module("pandas").DataFrame(plain, index=columns.index)
        raise TypeError("columns are a dict of arrays, an Arrow table or a pandas frame")

    def _of_arrow(self, table: Any, start: int) -> Any:
        from gradcli.io.arrow import columns_of, table_of

        pa = import_module("pyarrow")
        known = [name for name in table.schema.names if name in self.reads]
        rows = table.num_rows
        chosen, missing = self._without_nulls(pa, table.select(known))
        arrays = columns_of(chosen, "the table") if known else {}
        found = self._results(arrays, start, rows)
        for array in found.values():
            if missing.any():
                array[missing] = _blank(array[:1])[0]
        made = table_of([Filled(name, array) for name, array in found.items()])
        if isinstance(table, pa.Table):
            return made
        batches = made.combine_chunks().to_batches()
        if batches:
            return batches[0]
        return pa.RecordBatch.from_pylist([], schema=made.schema)

    def _without_nulls(self, pa: Any, table: Any) -> tuple[Any, Array]:
        """The columns with 1 for what is null, and which rows have one. Raises ValueError."""
        compute = import_module("pyarrow.compute")
        missing = np.zeros(table.num_rows, bool)
        for place, kind in enumerate(table.schema):
            column = table.column(place)
            number = pa.types.is_integer(kind.type) or pa.types.is_floating(kind.type)
            if not column.null_count or not number:
                continue
            null = np.asarray(compute.is_null(column))
            if self.errors == "raise":
                raise ValueError(f"record {int(null.argmax()) + 1}: `{kind.name}` is null")
            missing |= null
            table = table.set_column(place, kind.name, compute.fill_null(column, 1))
        return table, missing

    def _results(self, arrays: Columns, start: int, count: int) -> Columns:
        lengths = {name: len(a) if a.ndim else -1 for name, a in arrays.items()}
        wrong = [name for name, length in lengths.items() if length != count]
        if wrong:
            raise ValueError(f"`{wrong[0]}` has not the records on its first axis")
        missing = set(self.program.inputs) - arrays.keys() - self.constants.keys()
        if missing:
            raise ValueError(f"there is no column `{min(missing)}`")
        for name, array in arrays.items():
            if array.dtype not in dtypes.FROM_ARRAY:
                raise ValueError(f"`{name}` holds other things than numbers ({array.dtype})")
        before = dtypes.default.dtype
        generator = default_generator.get_state()
        dtypes.default.dtype = self.dtype.to_real()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if not count:
                    return self._none(arrays)
                return _Run(self, arrays, start).all(count)
        finally:
            dtypes.default.dtype = before
            default_generator.set_state(generator)

    def _none(self, arrays: Columns) -> Columns:
        """The columns of no records: those that one record of ones has, if it has any."""
        ones = {name: np.ones((1, *array.shape[1:]), array.dtype) for name, array in arrays.items()}
        try:
            found = _Run(self, ones, 0).all(1)
        except Exception:
            return {}
        return {name: array[:0] for name, array in found.items()}

    def _tensor(self, value: Any, name: str) -> Tensor:
        array, dtype = to_array(value, self.dtype, infer=False, path=name)
        return make(array, dtype)


def _made(version: str, options: Any) -> Function:
    if version != __version__:
        raise RuntimeError(f"made by gradcli {version}, and this is gradcli {__version__}")
    return Function(*options)


def _stacked(values: Any) -> Any:
    return np.stack([np.asarray(v) for v in values]) if values.dtype == object else values


class _Run:
    """One call of a function."""

    def __init__(self, function: Function, arrays: Columns, start: int) -> None:
        self.function = function
        self.arrays = arrays
        self.start = start
        self.schema = Schema()
        kind = function.kind
        self.batches = Batches(
            Job(
                program=function.program,
                session=function.session,
                reads=function.reads,
                leaves={},
                constants=function.constants,
                floating=function.dtype,
                convert=self._inputs,
                results=lambda result, inputs: [_value(result)],
                derivative=None if kind == "eval" else Derivative(kind, None, lambda names: {}),
                wrt=list(function.wrt),
                form=lambda document: ColumnForm(document, self.schema),
            )
        )

    def all(self, count: int) -> Columns:
        """The columns of all records."""
        parts: list[list[Array]] = []
        for first in range(0, count, AT_ONCE):
            parts += self._part(first, min(first + AT_ONCE, count))
        names = self.schema.names or []
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)] if parts else []
        return dict(zip(names, joined, strict=True))

    def _part(self, first: int, last: int) -> list[list[Array]]:
        part = {name: array[first:last] for name, array in self.arrays.items()}

        def answer(place: int) -> Any:
            return self._document(first + place)

        found = self.batches.whole(part, last - first, answer) if part else None
        if found is not None:
            return found
        rows = [self._row(place) for place in range(first, last)]
        known = [row for row in rows if row is not None]
        if not known:
            raise ValueError(f"all records from {first + 1} to {last} failed")
        blank = [_blank(value) for value in known[0]]
        filled = [blank if row is None else row for row in rows]
        return [[np.stack(values) for values in zip(*filled, strict=True)]]

    def _row(self, place: int) -> list[Array] | None:
        try:
            return self.schema.row(self._document(place))
        except Exception as error:
            if self.function.errors == "nan":
                return None
            title = getattr(error, "title", None) or str(error)
            raise ValueError(f"record {place + 1}: {title}") from None

    def _inputs(self, record: Mapping[str, Any]) -> dict[str, Tensor]:
        found = {}
        for name, value in record.items():
            dtype = dtypes.FROM_ARRAY[value.dtype]
            if dtype.category in (dtypes.INTEGER, dtypes.FLOATING):
                dtype = self.function.dtype
            array = dtype.cast(value)
            tensor = make(array.copy() if array.shape else array, dtype)
            found[name] = requires_grad_(tensor) if dtype.differentiable else tensor
        return found

    def _document(self, place: int) -> Any:
        function = self.function
        own = record_seed(function.seed, self.start + place + 1)
        default_generator.manual_seed(own)
        function.session.seed = own
        inputs = self._inputs({name: array[place][()] for name, array in self.arrays.items()})
        inputs |= {n: make(x.array.copy(), x.dtype) for n, x in function.constants.items()}
        result = function.session.run(function.program, inputs, fresh=True)
        value = _value(result)
        if function.kind == "eval":
            return typed(value)
        by = {name: x for name, x in inputs.items() if requires_grad(x)}
        if function.wrt:
            absent = [name for name in function.wrt if name not in by]
            if absent:
                raise DataError(f"there is no input `{absent[0]}` that requires grad")
            by = {name: by[name] for name in function.wrt}
        return {"value": typed(value), **_derivatives(function.kind, value, by)}


def _derivatives(kind: str, value: Tensor, by: dict[str, Tensor]) -> dict[str, Any]:
    inputs = list(by.values())
    if kind == "grad":
        found = recorded.gradients([value], inputs)
        members = zip(by, found, strict=True)
        return {"grads": {n: None if g is None else typed(g) for n, g in members}}
    if kind == "jacobian":
        rows = recorded.jacobian(value, inputs)
        return {"jacobian": {n: typed(row) for n, row in zip(by, rows, strict=True)}}
    blocks = recorded.hessian(value, inputs)
    return {
        "hessian": {
            n: {m: typed(block) for m, block in zip(by, row, strict=True)}
            for n, row in zip(by, blocks, strict=True)
        }
    }


def _value(result: Result) -> Tensor:
    value = result.value
    if isinstance(value, bool | int | float | complex):
        dtype = dtypes.of_number(value)
        return make(dtype.array.type(value), dtype)
    if not isinstance(value, Tensor):
        raise DataError(f"the result is a {type(value).__name__}, not a tensor")
    return value


def _blank(value: Array) -> Array:
    if value.dtype.kind in "fc":
        return np.full(value.shape, np.nan, value.dtype)
    return np.zeros_like(value)
