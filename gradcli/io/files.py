"""Files: inputs read by their extension, and results written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .errors import DataError, naming
from .source import read_bytes

EXTENSIONS = (".json", ".ndjson", ".npy", ".npz", ".csv")
WRITABLE = (".json", ".npy", ".npz")
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
TEMPORARY = ".gradcli.tmp"  # ends the name of a file that is written and not there yet


def extension(name: str) -> str:
    """The extension in lower case, with its dot; that of `-` is `.json`."""
    return ".json" if name == "-" else os.path.splitext(name)[1].lower()


def read_record(name: str) -> dict[str, Any]:
    """The inputs that a file holds: name to JSON value, ndarray or column.

    `.json` and `-` hold one object (or one value, which is named after the file), `.npz` its
    arrays by name, `.npy` one array named after the file, `.csv` its columns. Raises DataError.
    """
    kind = extension(name)
    if kind == ".npy":
        return {_stem(name): read_npy(name)}
    if kind == ".npz":
        return read_npz(name)
    if kind == ".csv":
        from .csv import read_csv

        return read_csv(name)
    if kind == ".ndjson":
        raise DataError(
            f"{name} holds a record a line", help="add --each to have one result a record"
        )
    if kind != ".json":
        raise DataError(
            f"{name}: what is in a file is told by its extension",
            help="extensions are " + ", ".join(EXTENSIONS),
        )
    from .parse import decode, parse

    with naming(name):
        value = parse(decode(read_bytes(name)))
    if type(value) is dict and not ("dtype" in value and "data" in value):
        return value
    if name == "-":
        raise DataError("standard input holds no object of inputs", help='write {"x": …}')
    return {_stem(name): value}


def _stem(name: str) -> str:
    return os.path.splitext(os.path.basename(name))[0]


def read_npy(name: str) -> Any:
    """The array in a `.npy` file. Raises DataError; pickled objects are refused."""
    return _numpy_load(name, "a .npy file of numbers")


def read_npz(name: str) -> dict[str, Any]:
    """The arrays in a `.npz` file by name. Raises DataError; pickled objects are refused."""
    import zipfile

    archive = _numpy_load(name, "a .npz file of numbers")
    if not hasattr(archive, "files"):
        raise DataError(f"{name} is not a .npz file")
    try:
        with archive:
            return {key: _checked(archive[key], f"{name}: {key}") for key in archive.files}
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: {error}") from None


def _numpy_load(name: str, what: str) -> Any:
    import zipfile

    import numpy as np

    try:
        loaded = np.load(name, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise DataError(f"{name} is not {what}") from None
    return loaded if hasattr(loaded, "files") else _checked(loaded, name)


def _checked(array: Any, where: str) -> Any:
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


def _signed(array: Any, where: str) -> Any:
    import numpy as np

    if array.size and int(array.max()) >= 1 << 63:
        raise DataError(f"{where}: an integer does not fit into int64")
    return array.astype(np.int64)


@contextmanager
def replacing(name: str) -> Iterator[Any]:
    """A binary file that takes the place of `name` when the block ends without an exception.

    It is written beside it under another name, flushed to the disk and renamed, so that `name`
    holds the old contents or the new ones, whatever happens. A device, a pipe or a symbolic
    link's target is written to as it is found.
    """
    import stat

    given, name = name, os.path.realpath(name)
    try:
        mode = os.stat(name).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(given, "wb") as file:
            yield file
        return
    temporary = f"{name}.{os.getpid()}{TEMPORARY}"
    _clear(name)
    with _removed_when_killed(temporary):
        try:
            descriptor = _create(temporary)
        except OSError as error:
            error.filename = given
            raise
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, name)
        except BaseException:
            os.unlink(temporary)
            raise


def _create(temporary: str) -> int:
    """A new file, locked as long as it is written: what nobody has locked was left behind."""
    while True:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        _lock(descriptor, wait=True)
        if os.fstat(descriptor).st_nlink:  # else it was cleared before it was locked
            return descriptor
        os.close(descriptor)


def _clear(name: str) -> None:
    """Remove what writers of `name` left behind that were killed."""
    import re

    folder, base = os.path.split(name)
    left = re.compile(re.escape(base) + r"\.\d+" + re.escape(TEMPORARY))
    try:
        found = [entry.path for entry in os.scandir(folder) if left.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        with suppress(OSError):
            descriptor = os.open(path, os.O_WRONLY | _PLAIN)
            try:
                if _lock(descriptor, wait=False):
                    os.unlink(path)
            finally:
                os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Lock an open file; False when another process has it, or where there are no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True


@contextmanager
def _removed_when_killed(temporary: str) -> Iterator[None]:
    """For a block that writes a temporary file: SIGTERM and SIGHUP leave none behind."""
    import signal

    def leave(number: int, frame: Any) -> None:
        with suppress(OSError):
            os.unlink(temporary)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        taken = [n for n in numbers if signal.getsignal(n) == signal.SIG_DFL]
        for number in taken:
            signal.signal(number, leave)
    except ValueError:  # not in the main thread
        taken = []
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def write_file(name: str, write: Callable[[Any], None]) -> None:
    """Have `write` fill the file `name`, whole or not at all."""
    with replacing(name) as file:
        write(file)


def write_arrays(name: str, arrays: dict[str, Any]) -> None:
    """`arrays` by name into a `.npz`, or the only one into a `.npy`. Raises DataError."""
    import numpy as np

    if extension(name) == ".npz":
        write_file(name, lambda file: np.savez(file, **arrays))
        return
    if len(arrays) != 1:
        raise DataError(
            f"a .npy file holds one array, and there are {len(arrays)}: {', '.join(arrays)}",
            help="choose one with --wrt or --of, or write a .npz file",
        )
    (array,) = arrays.values()
    write_file(name, lambda file: np.save(file, array, allow_pickle=False))
