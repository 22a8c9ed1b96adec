"""Ends the process when the interpreter cannot: no lock of Python's is needed for it.

A program may hold the interpreter's lock for minutes inside one call of the host (a sort, a power
of integers), and no thread of Python's runs then, nor does a signal handler. A watchdog is a thread
that has left the interpreter. It runs a short list of steps, each the call of a C function that
takes one argument, and the last one ends the process with the status that is wanted.

Note: the steps are the destructors of the thread's own values (POSIX, `pthread_key_create`), which
the C library calls when the thread ends; in the order of the keys in glibc, musl and macOS. A byte
in a pipe is taken before the fatal end; `cancel` takes it first. A thread that is to go on after
that ends the process by writing to a file whose write function is `_exit`: without what waits to be
written it does nothing. Where there is no ctypes, or no such threads, one of Python's runs the
steps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from .threads import start

Step = tuple[str, Any]  # ("sleep", seconds), ("byte", file descriptor), ("write", text to stderr)

_PIECE = 2000.0  # seconds that one call of usleep can sleep, whose argument has 32 bits
_SPARE = 512  # glibc writes at once what would fill a small buffer
_FUNCTIONS = {
    "sleep": "usleep",
    "byte": "getc_unlocked",
    "write": "fflush",
    "exit": "_exit",
    "end": "fflush",
    "close": "fclose",
}

_keys: dict[tuple[str, ...], list[int]] = {}  # for each list of functions, its keys
_kept: list[Any] = []  # memory that threads use which have left the interpreter


class Watchdog:
    """Runs `steps`, then ends the process with `status`, unless `cancel` came before.

    `pipes` are those that the steps read bytes from, as (reader, writer): with them a watchdog can
    be released.
    """

    __slots__ = ("_end", "_token", "_writers")

    def __init__(
        self, steps: list[Step], status: int, pipes: Sequence[tuple[int, int]] = ()
    ) -> None:
        self._token, writer = os.pipe()
        os.write(writer, b"!")
        self._writers = [writer, *(writer for _, writer in pipes)]
        self._end = End(status)
        last: list[Step] = [("exit", status)]
        if pipes:
            last = [("end", self._end), ("close", self._end), ("close", self._token)]
            last += [("close", reader) for reader, _ in pipes]
        # The byte is taken before the message, which a cancelled watchdog must not write.
        place = next((n for n, step in enumerate(steps) if step[0] == "write"), len(steps))
        steps = [*steps[:place], ("byte", self._token), *steps[place:], *last]
        if sys.platform not in ("linux", "darwin") or not _run_in_c(_pieces(steps)):
            start(_run_in_python, steps)

    def cancel(self) -> bool:
        """Let the process live; False when it is ending already."""
        import select

        waiting = bool(select.select([self._token], [], [], 0)[0])
        return waiting and os.read(self._token, 1) == b"!"

    def release(self) -> None:
        """After `cancel`: let the thread run to its end, which closes the pipes."""
        self._end.call_off()
        for writer in self._writers:
            os.close(writer)


class End:
    """The end of the process, which can be called off."""

    __slots__ = ("_purge", "file", "off", "status")

    def __init__(self, status: int) -> None:
        self.status = status
        self.off = False
        self.file: Any = None  # of the C library, which has _exit write what waits
        self._purge: Any = None

    def make(self, ctypes: Any, c: Any) -> Any:
        """The file, in which something waits."""
        if self.file is not None:
            return self.file
        ends = ctypes.cast(c._exit, ctypes.c_void_p)
        status = ctypes.c_void_p(self.status)
        if sys.platform == "darwin":
            c.funopen.restype = ctypes.c_void_p
            file = c.funopen(status, None, ends, None, None)
        else:
            functions = (ctypes.c_void_p * 4)(None, ends.value, None, None)

            class Functions(ctypes.Structure):  # type: ignore[misc]
                """The C library's `cookie_io_functions_t`: read, write, seek, close."""

                _fields_ = (("of", ctypes.c_void_p * 4),)

            c.fopencookie.restype = ctypes.c_void_p
            file = c.fopencookie(status, b"w", Functions(functions))
        self.file = ctypes.c_void_p(file)
        self._purge = _purge_of(c)
        c.setvbuf(self.file, None, 0, ctypes.c_size_t(64))
        if not _waiting:
            import atexit

            atexit.register(_call_all_off)  # an ordinary end would write it
        _waiting.add(self)
        c.fputc(ord("!"), self.file)
        return self.file

    def call_off(self) -> None:
        """Have nothing happen when it comes."""
        self.off = True
        _waiting.discard(self)
        if self.file is not None:
            self._purge(self.file)


_waiting: set[End] = set()


def _call_all_off() -> None:
    for end in list(_waiting):
        end.call_off()


def _purge_of(c: Any) -> Any:
    return c.fpurge if sys.platform == "darwin" else c.__fpurge


def _run_in_python(steps: list[Step]) -> None:
    import time

    actions: dict[str, Callable[[Any], Any]] = {
        "sleep": time.sleep,
        "byte": lambda fd: os.read(fd, 1),
        "write": lambda text: os.write(2, text.encode()),
        "exit": os._exit,
        "end": lambda end: None if end.off else os._exit(end.status),
        "close": lambda what: None if type(what) is End else os.close(what),
    }
    for name, argument in steps:
        actions[name](argument)


def _pieces(steps: list[Step]) -> list[Step]:
    """The same steps, long sleeps in pieces."""
    found: list[Step] = []
    for name, argument in steps:
        while name == "sleep" and argument > _PIECE:
            found.append((name, _PIECE))
            argument -= _PIECE
        found.append((name, argument))
    return found


def _run_in_c(steps: list[Step]) -> bool:
    """Start the steps in a thread that leaves the interpreter, if there can be one."""
    try:
        import ctypes

        c: Any = ctypes.CDLL(None)
        keys = _keys_of(ctypes, c, tuple(_FUNCTIONS[name] for name, _ in steps))
    except (ImportError, OSError, AttributeError):
        return False
    if not keys:
        return False
    import _signal  # type: ignore[import-not-found]  # (`signal` itself imports much more)
    import _thread
    import time
    from _weakref import ref

    files: dict[int, Any] = {}  # one for each descriptor
    arguments = [_made(ctypes, c, step, files) for step in steps]
    local: Any = _thread._local()
    ready = _thread.allocate_lock()
    ready.acquire()
    inside: Any = None

    def leave() -> None:
        nonlocal inside
        local.presence = presence = _Presence()  # lives as long as Python knows this thread
        inside = ref(presence)
        _signal.pthread_sigmask(_signal.SIG_BLOCK, range(1, 32))
        for key, argument in zip(keys, arguments, strict=True):
            c.pthread_setspecific(ctypes.c_ulong(key), argument)
        ready.release()

    start(leave)
    ready.acquire()
    while inside() is not None:  # before it has left, a call that holds the lock would stop it
        time.sleep(0.0001)
    return True


class _Presence:
    __slots__ = ("__weakref__",)


def _keys_of(ctypes: Any, c: Any, functions: tuple[str, ...]) -> list[int]:
    """A key for each function, in the order in which they are called; empty if there are none."""
    found = _keys.get(functions)
    if found is None:
        found = []
        for name in functions:
            key = ctypes.c_ulong(0)
            if c.pthread_key_create(ctypes.byref(key), getattr(c, name)) == 0:
                found.append(key.value)
        if len(found) < len(functions) or found != sorted(found):
            found = []
        _keys[functions] = found
    return found


def _made(ctypes: Any, c: Any, step: Step, files: dict[int, Any]) -> Any:
    name, argument = step
    if type(argument) is End:
        return argument.make(ctypes, c)
    if name == "close":
        return files[argument]
    if name != "byte":
        return argument_of(ctypes, c, name, argument)
    if argument not in files:
        files[argument] = argument_of(ctypes, c, name, argument)
    return files[argument]


def argument_of(ctypes: Any, c: Any, name: str, argument: Any) -> Any:
    """The argument of a step's C function."""
    if name == "sleep":
        return ctypes.c_void_p(max(1, round(argument * 1e6)))
    if name == "exit":
        return ctypes.c_void_p(argument)
    c.fdopen.restype = ctypes.c_void_p
    if name == "byte":
        file = ctypes.c_void_p(c.fdopen(argument, b"r"))
        c.setvbuf(file, None, 2, ctypes.c_size_t(0))
        return file
    data = argument.encode()
    size = ctypes.c_size_t(len(data) + _SPARE)
    buffer = ctypes.create_string_buffer(size.value)
    _kept.append(buffer)
    file = ctypes.c_void_p(c.fdopen(2, b"w"))
    c.setvbuf(file, buffer, 0, size)
    c.fwrite(data, ctypes.c_size_t(1), ctypes.c_size_t(len(data)), file)
    import atexit

    atexit.register(_purge_of(c), file)  # an ordinary end would write it
    return file
