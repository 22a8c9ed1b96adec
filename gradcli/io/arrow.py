"""Parquet and Arrow by way of pyarrow: columns become arrays, and arrays columns, without text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from ..tensor.runtime import runtime
from .arrays import checked
from .errors import DataError
from .groups import Columns
from .results import ColumnWriter, Filled
from .source import Source

OLDEST = 17  # of pyarrow
AT_ONCE = 1 << 14  # rows of a group
_BAD: list[type[Exception]] = []  # what pyarrow raises for data that it cannot take


def check(told: str) -> None:
    """Raise DataError unless pyarrow is there; `told` says who asks for it."""
    _pyarrow(told)


def _pyarrow(told: str) -> Any:
    try:
        pa = import_module("pyarrow")
    except ImportError:
        raise DataError(
            f"{told}: pyarrow reads and writes Parquet and Arrow, and is not installed",
            help="pip install pyarrow, or gradcli with its extra: pip install '.[arrow]'",
        ) from None
    if int(pa.__version__.partition(".")[0]) < OLDEST:
        raise DataError(f"{told}: pyarrow {pa.__version__} is older than {OLDEST}")
    if not _BAD:
        _BAD.extend((pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError))
        _BAD.extend((pa.ArrowNotImplementedError, ValueError, OverflowError))
    return pa


# ---------------------------------------------------------------- reading


def read(source: Source, form: str) -> dict[str, Any]:
    """The columns of a file by name: arrays, and lists of what is no number. Raises DataError."""
    found: dict[str, list[Any]] = {}
    for group in groups(source, form):
        for name, values in _listed(group).items():
            found.setdefault(name, []).append(values)
    columns: dict[str, Any] = {}
    for name, parts in found.items():
        if all(isinstance(part, np.ndarray) for part in parts):
            shapes = {part.shape[1:] for part in parts}
            if len(shapes) == 1:
                runtime.reserve(sum(part.nbytes for part in parts))
                columns[name] = np.concatenate(parts)
                continue
        columns[name] = list(itertools.chain.from_iterable(map(list, parts)))
    return columns


def _listed(group: Columns) -> dict[str, Any]:
    return {**group.arrays, **{name: values() for name, values in group.others.items()}}


def groups(source: Source, form: str) -> Iterator[Columns]:
    """The rows of a file as records, in groups. Raises DataError and LimitExceeded."""
    pa = _pyarrow(source.title)
    batches = _parquet(pa, source) if form == "parquet" else _arrow(pa, source)
    try:
        for batch in batches:
            for start in range(0, batch.num_rows, AT_ONCE):
                yield _columns(pa, batch.slice(start, AT_ONCE), source.title)
    except tuple(_BAD) as error:
        raise DataError(f"{source.title}: {_sentence(error)}") from None
    except pa.ArrowMemoryError:
        raise runtime.too_much_memory() from None


def _sentence(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _parquet(pa: Any, source: Source) -> Iterator[Any]:
    pq = import_module("pyarrow.parquet")
    with source.file() as file:
        # A page is unpacked into as much memory as it says, so groups of rows are weighed first.
        opened = pq.ParquetFile(file, memory_map=False, pre_buffer=False, buffer_size=1 << 16)
        _check_schema(pa, opened.schema_arrow, source.title)
        given, count = 0, opened.metadata.num_rows
        for place in range(opened.metadata.num_row_groups):
            runtime.reserve(opened.metadata.row_group(place).total_byte_size)
            for batch in opened.iter_batches(AT_ONCE, row_groups=[place], use_threads=False):
                given += batch.num_rows
                source.share = given / max(1, count)
                yield batch


def _arrow(pa: Any, source: Source) -> Iterator[Any]:
    head = source.read()
    source.keep(head)
    options = pa.ipc.IpcReadOptions(use_threads=False)
    if head[:6] == b"ARROW1":
        with source.file() as file, pa.ipc.open_file(file, options=options) as opened:
            _check_schema(pa, opened.schema, source.title)
            for place in range(opened.num_record_batches):
                source.share = (place + 1) / opened.num_record_batches
                yield _valid(opened.get_batch(place))
    else:
        with pa.ipc.open_stream(pa.PythonFile(_File(source), "r"), options=options) as opened:
            _check_schema(pa, opened.schema, source.title)
            for batch in opened:
                yield _valid(batch)


def _valid(batch: Any) -> Any:
    """A batch whose offsets lead nowhere outside of it, whatever the file says."""
    batch.validate(full=True)
    return batch


class _File:
    """A source as the file that pyarrow reads a stream from."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """`size` bytes, or fewer at the end."""
        if size < 0:
            return self.source.whole()
        parts, left = [], size
        while left and (data := self.source.read(left)):
            if len(data) > left:
                self.source.keep(data[left:])
                data = data[:left]
            parts.append(data)
            left -= len(data)
        return b"".join(parts)

    def readable(self) -> bool:
        """It can be read from."""
        return True

    def close(self) -> None:
        """The source is closed by its owner."""
        self.closed = True


def _check_schema(pa: Any, schema: Any, name: str) -> None:
    """Refuse extension types, which are code of whoever registered them, and names given twice."""
    if len(set(schema.names)) != len(schema.names):
        raise DataError(f"{name}: two columns have one name")
    for field in schema:
        _check_field(pa, field, name)


def _check_field(pa: Any, field: Any, name: str) -> None:
    known = field.metadata or {}
    if isinstance(field.type, pa.BaseExtensionType) or b"ARROW:extension:name" in known:
        raise DataError(
            f"{name}: the column `{field.name}` has an extension type, which is refused"
        )
    kind = field.type
    for place in range(getattr(kind, "num_fields", 0)):
        _check_field(pa, kind.field(place), name)


def _columns(pa: Any, batch: Any, name: str) -> Columns:
    found = Columns(batch.num_rows, {})
    for title, column in zip(batch.schema.names, batch.columns, strict=True):
        array = _array(pa, column)
        if array is None:
            found.others[title] = _lister(column)
        else:
            found.arrays[title] = checked(array, f"{name}: {title}")
    return found


def _array(pa: Any, column: Any) -> Array | None:
    """A column as an array with the rows on its first axis, or None if it is no such numbers."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _array(pa, column.dictionary_decode())
    if column.null_count:
        return None
    if pa.types.is_decimal(kind):
        return _array(pa, column.cast(pa.float64()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        array: Array = column.to_numpy(zero_copy_only=False)
        return array
    if pa.types.is_fixed_size_list(kind):
        inner, size = _array(pa, column.flatten()), kind.list_size
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        sizes = column.value_lengths().to_numpy(zero_copy_only=False)
        if not len(sizes) or (sizes != sizes[0]).any():
            return None
        inner, size = _array(pa, column.flatten()), int(sizes[0])
    elif pa.types.is_struct(kind) and {f.name for f in kind} == {"re", "im"}:
        re, im = (_array(pa, column.field(part)) for part in ("re", "im"))
        if re is None or im is None or re.dtype.kind != "f":
            return None
        joined = np.empty(re.shape, np.complex64 if re.itemsize < 8 else np.complex128)
        joined.real, joined.imag = re, im  # a sum would make NaN of infinities
        return joined
    else:
        return None
    if inner is None or size == 0:
        return None
    return inner.reshape(len(column), size, *inner.shape[1:])


def _lister(column: Any) -> Callable[[], list[Any]]:
    return lambda: [_plain(item) for item in column.to_pylist()]


def _plain(value: Any) -> Any:
    """A value as JSON has it: times and the like are texts."""
    if value is None or type(value) in (bool, int, float, str):
        return _WORDS.get(repr(value), value) if type(value) is float else value
    if type(value) is list:
        return [_plain(item) for item in value]
    if type(value) is dict:
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    if hasattr(value, "as_tuple"):  # a decimal number
        return float(value)
    return str(value)


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


# ---------------------------------------------------------------- writing


def writer(file: Any, form: str) -> ColumnWriter:
    """What writes groups of columns into a file."""
    return _Writer(_pyarrow(f"--to {form}"), file, form)


class _Writer:
    def __init__(self, pa: Any, file: Any, form: str) -> None:
        self.pa = pa
        self.file = file
        self.form = form
        self.schema: Any = None
        self.opened: Any = None

    def add(self, columns: list[Filled], count: int) -> None:
        """Take `count` more rows. Raises DataError for columns of other kinds than before."""
        pa = self.pa
        known = {} if self.schema is None else {f.name: f.type for f in self.schema}
        try:
            arrays = [_column(pa, column, known.get(column.name)) for column in columns]
            names = [column.name for column in columns]
            batch = pa.RecordBatch.from_arrays(arrays, names=names)
            if self.schema is None:
                self.schema = batch.schema
                self._open()
            same = batch.schema == self.schema
            self.opened.write_batch(batch if same else batch.cast(self.schema))
        except tuple(_BAD) as error:
            raise DataError(
                f"a column is not the same in all records: {_sentence(error)}",
                help="--to ndjson takes records of any form",
            ) from None

    def _open(self) -> None:
        if self.form == "parquet":
            self.opened = import_module("pyarrow.parquet").ParquetWriter(self.file, self.schema)
        else:
            self.opened = self.pa.ipc.new_stream(self.file, self.schema)

    def close(self) -> None:
        """Write what ends the file."""
        if self.opened is None:
            self.schema = self.pa.schema([])
            self._open()
        self.opened.close()


def _column(pa: Any, column: Filled, kind: Any) -> Any:
    values = column.values
    missing = None if column.valid is None else ~column.valid
    if not isinstance(values, np.ndarray) or values.dtype == object:
        items = list(values)
        if missing is not None:
            items = [None if gone else item for item, gone in zip(items, missing, strict=True)]
        return pa.array(items, kind)
    return _nested(pa, np.ascontiguousarray(values), missing)


def _nested(pa: Any, values: Array, missing: Array | None) -> Any:
    mask = None if missing is None else pa.array(missing)
    if values.ndim > 1:
        inner = _nested(pa, values.reshape(-1, *values.shape[2:]), None)
        return pa.FixedSizeListArray.from_arrays(inner, values.shape[1], mask=mask)
    if values.dtype.kind == "c":
        parts = [pa.array(values.real.copy()), pa.array(values.imag.copy())]
        return pa.StructArray.from_arrays(parts, names=["re", "im"], mask=mask)
    return pa.array(values, mask=missing)


# ---------------------------------------------------------------- tables of others


def columns_of(table: Any, name: str) -> dict[str, Array]:
    """The columns of an Arrow table or batch, all numbers. Raises DataError."""
    pa = _pyarrow(name)
    _check_schema(pa, table.schema, name)
    if isinstance(table, pa.Table):
        table = table.combine_chunks()
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
    else:
        batches = [table]
    found: dict[str, Array] = {}
    for batch in batches:
        columns = _columns(pa, batch, name)
        if columns.others:
            title = next(iter(columns.others))
            raise DataError(f"{name}: `{title}` holds nulls, or other things than numbers")
        for title, array in columns.arrays.items():
            found[title] = np.concatenate([found[title], array]) if title in found else array
    return found


def table_of(columns: list[Filled]) -> Any:
    """An Arrow table of columns."""
    pa = _pyarrow("a table")
    return pa.table({column.name: _column(pa, column, None) for column in columns})
