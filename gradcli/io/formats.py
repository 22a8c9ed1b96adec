"""The formats of data, and which of them a file's name tells.

A format is read by a file of this floor with `groups(source, …)`, which `readers.py` names: it
yields the records of a `Source` in groups as they come, `Columns` where all are alike, else a
`Batch`. It is written as rows of text (`tables.py`), or by a `ColumnWriter` (`results.py`), which
takes groups of columns.
"""

from __future__ import annotations

import os

from .errors import DataError

FORMATS = ("json", "ndjson", "csv", "tsv", "npy", "npz", "parquet", "arrow")  # also `--from`'s
_EXTENSIONS = {f".{name}": name for name in FORMATS} | {".jsonl": "ndjson"}
EXTENSIONS = (*_EXTENSIONS, ".gz")
SEPARATORS = {"csv": ",", "tsv": "\t"}


def format_of(name: str) -> str | None:
    """The format that a name's extension tells, in front of `.gz`; None for any other."""
    base, extension = os.path.splitext(name.lower())
    if extension == ".gz":
        extension = os.path.splitext(base)[1]
    return _EXTENSIONS.get(extension)


def is_packed(name: str) -> bool:
    """Whether a name says that its file is packed by gzip."""
    return name.lower().endswith(".gz")


def is_stream(name: str) -> bool:
    """Whether a name is that of standard input, a pipe or a device, which has no extension."""
    import stat

    if name == "-" or name.startswith("/dev/"):
        return True
    try:
        return not stat.S_ISREG(os.stat(name).st_mode)
    except OSError:
        return False


def input_format(name: str, given: str | None, stream: str = "json") -> str:
    """What an input is in: what is given, or its extension tells, or `stream` if it has none.

    Raises DataError.
    """
    found = given or format_of(name)
    if found is not None:
        return found
    if is_stream(name):
        return stream
    raise DataError(
        f"{name}: what is in a file is told by its extension, or by --from",
        help="extensions are " + ", ".join(EXTENSIONS),
    )


def stem(name: str) -> str:
    """The name of a file without its folder and extensions."""
    base = os.path.basename(name)
    if is_packed(base):
        base = base[:-3]
    return os.path.splitext(base)[0]
