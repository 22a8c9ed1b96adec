"""The module `os`: paths as text. Nothing here looks at a disk.

Folders that a program makes exist for itself, as long as it runs.
"""

from __future__ import annotations

import errno
import posixpath as host
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from gradcli.language.library.memory_files import key_of
from gradcli.language.machine.sizes import check_key
from gradcli.language.machine.state import feed, machine
from gradcli.language.values.attributes import Module


def absolute(path: Any) -> str:
    """The path from the root, without dots."""
    return host.normpath(host.join("/", _text(path)))


def _text(path: Any) -> str:
    if not isinstance(path, str):
        raise TypeError(f"expected str, bytes or os.PathLike object, not {type(path).__name__}")
    machine.reserve(8 * len(path))
    machine.spend(len(path) >> 6)
    return path


def _failed(number: int, words: str, path: Any) -> OSError:
    return OSError(number, words, path)


def _on_text(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        total = 0
        for path in args:
            if isinstance(path, str):
                total += len(_text(path))
        machine.spend(len(args) * (1 + (total >> 10)))
        return function(*args)

    return call


def _exists(path: Any, /) -> bool:
    return _isdir(path) or _isfile(path)


def _isfile(path: Any, /) -> bool:
    return _key(path) in machine.files


def _isdir(path: Any, /) -> bool:
    return _text(path) != "" and _key(path) in machine.files.folders


def _key(path: Any) -> str:
    return key_of(_text(path))


def _makedirs(name: Any, mode: Any = 0o777, exist_ok: Any = False) -> None:
    folders = machine.files.folders
    key = _key(name)
    if not name:
        raise _failed(errno.ENOENT, "No such file or directory", name)
    if key in machine.files or (key in folders and not exist_ok):
        raise _failed(errno.EEXIST, "File exists", name)
    made = []
    while key not in folders:
        if key in machine.files:
            raise _failed(errno.ENOTDIR, "Not a directory", name)
        machine.reserve(256 + len(key))
        machine.spend(1 + (len(key) >> 6))
        made.append(key)
        key = key.rpartition("/")[0]
    folders.update(made)


def _mkdir(path: Any, mode: Any = 0o777) -> None:
    key = _key(path)
    if path and (key in machine.files.folders or key in machine.files):
        raise _failed(errno.EEXIST, "File exists", path)
    if not path or key.rpartition("/")[0] not in machine.files.folders:
        raise _failed(errno.ENOENT, "No such file or directory", path)
    machine.reserve(256 + len(key))
    machine.files.folders.add(key)


def _listdir(path: Any = ".") -> list[str]:
    key = _key(path)
    if key not in machine.files.folders:
        raise _failed(errno.ENOENT, "No such file or directory", path)
    found = {*machine.files.folders, *machine.files} - {""}
    machine.spend(len(found))
    machine.reserve(64 * len(found))
    parts = [name.rpartition("/") for name in found]
    return sorted(last for folder, _, last in parts if folder == key)


def _remove(path: Any) -> None:
    if machine.files.pop(_key(path), None) is None:
        raise _failed(errno.ENOENT, "No such file or directory", path)


def _rmdir(path: Any) -> None:
    key = _key(path)
    if key not in machine.files.folders or not key:
        raise _failed(errno.ENOENT, "No such file or directory", path)
    if _listdir(path):
        raise _failed(errno.ENOTEMPTY, "Directory not empty", path)
    machine.files.folders.discard(key)


def _common_prefix(m: Any) -> str:
    names = list(map(_text, feed(m)))
    low, high = min(names, default=""), max(names, default="")
    machine.spend(len(low) >> 6)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    return low[: sum(1 for _ in same)]


def module() -> Module:
    """The module `os`."""
    names = ("basename", "dirname", "isabs", "join", "normpath", "split", "splitext")
    path = {name: _on_text(vars(host)[name]) for name in names}
    paths = Module(
        "posixpath",
        {
            **path,
            "abspath": absolute,
            "realpath": absolute,
            "expanduser": lambda path: _text(path),
            "exists": _exists,
            "isfile": _isfile,
            "isdir": _isdir,
            "commonprefix": _common_prefix,
            "sep": "/",
        },
    )
    environment: dict[str, str] = {}

    def get_variable(key: Any, default: Any = None) -> Any:
        check_key(key)
        return environment.get(key, default)

    return Module(
        "os",
        {
            "path": paths,
            "environ": environment,
            "getenv": get_variable,
            "getcwd": lambda: "/",
            "getpid": lambda: 1,
            "cpu_count": lambda: 1,
            "listdir": _listdir,
            "makedirs": _makedirs,
            "mkdir": _mkdir,
            "remove": _remove,
            "unlink": _remove,
            "rmdir": _rmdir,
            "sep": "/",
            "linesep": "\n",
            "name": "posix",
        },
    )
