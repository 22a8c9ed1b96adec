"""The module `os`: paths as text. Nothing here looks at a disk.

Folders that a program makes exist for itself, as long as it runs.
"""

from __future__ import annotations

import errno
import posixpath as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import check_key
from gradcli.language.machine.state import machine
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


def _files() -> set[str]:
    return {absolute(name) for name in machine.files}


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


class _Folders:
    """The folders that a program made."""

    def __init__(self) -> None:
        self.known = {"/"}

    def exists(self, path: Any, /) -> bool:
        return self.isdir(path) or self.isfile(path)

    def isfile(self, path: Any, /) -> bool:
        return absolute(path) in _files()

    def isdir(self, path: Any, /) -> bool:
        return absolute(path) in self.known

    def makedirs(self, name: Any, mode: Any = 0o777, exist_ok: Any = False) -> None:
        path = absolute(name)
        if path in self.known and not exist_ok:
            raise _failed(errno.EEXIST, "File exists", name)
        while path not in self.known:
            machine.reserve(256 + len(path))
            machine.spend(1 + (len(path) >> 6))
            self.known.add(path)
            path = host.dirname(path)

    def mkdir(self, path: Any, mode: Any = 0o777) -> None:
        whole = absolute(path)
        if whole in self.known or whole in _files():
            raise _failed(errno.EEXIST, "File exists", path)
        if host.dirname(whole) not in self.known:
            raise _failed(errno.ENOENT, "No such file or directory", path)
        self.known.add(whole)

    def listdir(self, path: Any = ".") -> list[str]:
        whole = absolute(path)
        if whole not in self.known:
            raise _failed(errno.ENOENT, "No such file or directory", path)
        found = {*self.known, *_files()} - {"/"}
        machine.spend(len(found))
        return sorted(host.basename(name) for name in found if host.dirname(name) == whole)

    def remove(self, path: Any) -> None:
        whole = absolute(path)
        if whole not in _files():
            raise _failed(errno.ENOENT, "No such file or directory", path)
        for name in [name for name in machine.files if absolute(name) == whole]:
            del machine.files[name]

    def rmdir(self, path: Any) -> None:
        whole = absolute(path)
        if whole not in self.known or whole == "/":
            raise _failed(errno.ENOENT, "No such file or directory", path)
        if self.listdir(path):
            raise _failed(errno.ENOTEMPTY, "Directory not empty", path)
        self.known.discard(whole)


def _function(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as a function that shows nothing of its object."""
    return lambda *args, **kwargs: method(*args, **kwargs)


def module() -> Module:
    """The module `os`."""
    folders = _Folders()
    names = ("basename", "dirname", "isabs", "join", "normpath", "split", "splitext")
    path = {name: _on_text(vars(host)[name]) for name in names}
    paths = Module(
        "posixpath",
        {
            **path,
            "abspath": absolute,
            "realpath": absolute,
            "expanduser": lambda path: _text(path),
            "exists": _function(folders.exists),
            "isfile": _function(folders.isfile),
            "isdir": _function(folders.isdir),
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
            "listdir": _function(folders.listdir),
            "makedirs": _function(folders.makedirs),
            "mkdir": _function(folders.mkdir),
            "remove": _function(folders.remove),
            "unlink": _function(folders.remove),
            "rmdir": _function(folders.rmdir),
            "sep": "/",
            "linesep": "\n",
            "name": "posix",
        },
    )
