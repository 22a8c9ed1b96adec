"""NumPy's files of arrays: one in `.npy`, several by name in `.npz`. No pickles."""

from __future__ import annotations

import errno
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from ..tensor.runtime import runtime
from .errors import DataError
from .formats import stem
from .groups import Columns
from .results import Filled
from .source import Source

AT_ONCE = 4096  # records of a group


def read_npy(source: Source) -> dict[str, Array]:
    """The array of a `.npy` file under the file's name. Raises DataError and LimitExceeded."""
    with source.file() as file:
        array = _array(file, source.name, f"{source.title} is not a .npy file of numbers")
    return {stem(source.name) if source.name != "-" else "x": array}


def read_npz(source: Source) -> dict[str, Array]:
    """The arrays of a `.npz` file by name. Raises DataError and LimitExceeded."""
    import zipfile

    name = source.title
    found = {}
    damaged = reading(f"{name} is not a .npz file of numbers")
    with damaged, source.file() as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            key = member.filename.removesuffix(".npy")
            with archive.open(member) as packed:
                where = f"{name}: {key}"
                found[key] = _array(packed, where, f"{where} is no array of numbers")
    return found


@contextmanager
def reading(complaint: str) -> Iterator[None]:
    """Whatever a library finds wrong inside of a file is the file's fault: DataError says so.

    Libraries that unpack and read have errors of their own for each kind of damage; what the
    system says of the file itself, and of memory, stays.
    """
    try:
        yield
    except (DataError, MemoryError):
        raise
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # of a place before the file's start
            raise
        raise DataError(complaint) from None
    except Exception:
        raise DataError(complaint) from None


def _array(file: Any, where: str, complaint: str) -> Array:
    """The array that a file object holds, weighed before it is read."""
    from numpy.lib import format as layout

    with reading(complaint):
        version = layout.read_magic(file)
        read = layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0
        shape, by_columns, dtype = read(file)
        if dtype.hasobject:
            raise DataError(complaint)
        size = math.prod(shape) * dtype.itemsize
        runtime.reserve(size)
        data = bytearray(size)
        view, done = memoryview(data), 0
        while done < size and (count := file.readinto(view[done:])):
            done += count
        if done < size:
            raise DataError(complaint, help="it ends too early")
        array = np.frombuffer(data, dtype) if size else np.empty(0, dtype)
        array = array.reshape(shape, order="F" if by_columns else "C")
    return checked(array, where)


def checked(array: Array, where: str) -> Array:
    """`array` in the byte order of this machine, if its elements are of a dtype of ours."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.name in ("uint16", "uint32", "uint64"):
        return _signed(array, where)
    if array.dtype.kind not in "bif" and array.dtype.name not in (
        "uint8",
        "complex64",
        "complex128",
    ):
        raise DataError(f"{where}: elements of type {array.dtype} cannot be read")
    if array.dtype.itemsize > 8 and array.dtype.kind == "f":
        raise DataError(f"{where}: elements of type {array.dtype} cannot be read")
    return array


def _signed(array: Array, where: str) -> Array:
    if array.size and int(array.max()) >= 1 << 63:
        raise DataError(f"{where}: an integer does not fit into int64")
    return array.astype(np.int64)


def rows(arrays: dict[str, Array], source: Source) -> Iterator[Columns]:
    """The first axis of a file's arrays as records, in groups. Raises DataError."""
    if not arrays:  # results of no records
        return
    lengths = {key: array.shape[0] if array.shape else None for key, array in arrays.items()}
    if None in lengths.values() or len(set(lengths.values())) != 1:
        shown = ", ".join(f"{key} {list(array.shape)}" for key, array in arrays.items())
        raise DataError(
            f"{source.title}: the arrays have no common first axis for records: {shown}"
        )
    count = next(iter(lengths.values())) or 0
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        source.share = stop / count
        yield Columns(stop - start, {key: array[start:stop] for key, array in arrays.items()})


def write_arrays(file: Any, arrays: dict[str, Any], form: str) -> None:
    """`arrays` by name as `npz`, or the only one as `npy`. Raises DataError."""
    if form == "npz":
        np.savez(file, **arrays)
        return
    if len(arrays) != 1:
        raise DataError(
            f"a .npy file holds one array, and there are {len(arrays)}: {', '.join(arrays)}",
            help="choose one with --wrt or --of, or write a .npz file",
        )
    (array,) = arrays.values()
    held = io.BytesIO()  # NumPy asks a file where it stands, which a pipe does not know
    np.save(held, array, allow_pickle=False)
    file.write(held.getbuffer())


class NpzWriter:
    """Writes columns that come in groups as the arrays of a `.npz` file.

    A column waits in a file without a name until all are whole. What is missing in a row that
    failed is NaN, or zero where there is none; the array `error` says which rows these are, if any.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.spools: dict[str, _Spool] = {}
        self.count = 0
        self.failed: list[tuple[int, Array]] = []  # of each group, eight rows a byte

    def add(self, columns: list[Filled], count: int) -> None:
        """Take `count` more rows."""
        missing = np.zeros(count, bool)
        for column in columns:
            if column.name not in self.spools:
                self.spools[column.name] = _Spool()
            if column.valid is not None and column.result:
                missing |= ~column.valid
            self.spools[column.name].add(column, self.count)
        self.count += count
        self.failed.append((count, np.packbits(missing)))

    def close(self) -> None:
        """Write the file."""
        import zipfile

        with zipfile.ZipFile(self.file, "w") as archive:
            for name, spool in self.spools.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    spool.write(member)
            if any(part.any() for _, part in self.failed):
                with archive.open("error.npy", "w") as member:
                    np.save(_Plain(member), self._errors())

    def _errors(self) -> Array:
        found = [np.unpackbits(part, count=count) for count, part in self.failed]
        return np.concatenate(found).astype(bool)


class _Plain:
    """A file that only writes: NumPy does not ask it where it stands."""

    def __init__(self, file: Any) -> None:
        self.write = file.write


class _Spool:
    """A column that is being gathered."""

    def __init__(self) -> None:
        self.dtype: Any = None
        self.shape: tuple[int, ...] = ()
        self.count = 0
        self.data: Any = None
        self.items: list[Any] = []  # of a column of texts

    def add(self, column: Filled, before: int) -> None:
        values = column.values
        if not isinstance(values, np.ndarray) or values.dtype == object or self.items:
            self.items += ["" if item is None else str(item) for item in list(values)]
            return
        if column.valid is not None and values.dtype.kind in "fc":
            values = values.copy()
            values[~column.valid] = np.nan
        if self.data is None:
            import tempfile

            self.data = tempfile.TemporaryFile()  # noqa: SIM115 (gone when it is closed)
            self.dtype, self.shape = values.dtype, values.shape[1:]
        if (values.dtype, values.shape[1:]) != (self.dtype, self.shape):
            raise DataError(
                f"`{column.name}` is not the same kind of number in every record",
                help="--to ndjson takes records of any form",
            )
        self.data.write(np.ascontiguousarray(values).tobytes())
        self.count += len(values)

    def write(self, member: Any) -> None:
        if self.data is None:
            np.save(_Plain(member), np.array(self.items, str if self.items else float))
            return
        import shutil

        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.count, *self.shape),
        }
        np.lib.format.write_array_header_1_0(member, header)
        self.data.seek(0)
        shutil.copyfileobj(self.data, member)
