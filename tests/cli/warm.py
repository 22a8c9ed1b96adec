"""A process that has imported gradcli and makes of itself the processes that the tests ask for.

Starting Python and importing NumPy take four fifths of a short command; a fork has done that. It is
a process like any other: with the arguments, the environment, the directory and the streams it is
given, it runs the console script and ends with its status. What depends on the start itself
(imports, closed streams, signals, limits of the system) is tested with `process.popen`.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from typing import Any, TextIO

LOADED = (
    "gradcli.cli.main",
    "gradcli.cli.usage.parse",
    "gradcli.cli.process.limits",
    "gradcli.cli.process.signals",
    "gradcli.cli.records.one_record",
    "gradcli.cli.results.answers",
    "gradcli.language.interpreter",
    "gradcli.language.syntax.parser",
    "gradcli.ops.elementwise.arithmetic",
    "gradcli.ops.elementwise.elementary",
    "gradcli.torch.methods",
)
LENGTH = struct.Struct("!I")


class Warm:
    """The side of the tests: asks for processes, one at a time."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.server = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()

    def run(
        self, arguments: list[str], stdin: Any, env: dict[str, str], cwd: Any, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """What `subprocess.run` gives; `stdin` are bytes or a file."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            feeder = None
            if isinstance(stdin, bytes):
                read, write = os.pipe()
                feeder = threading.Thread(target=feed, args=(write, stdin))
                feeder.start()
            else:
                read = os.dup(stdin if isinstance(stdin, int) else stdin.fileno())
            request = {"arguments": arguments, "env": env, "cwd": os.fspath(cwd or os.getcwd())}
            try:
                status = self.ask(request, [read, out.fileno(), err.fileno()], timeout)
            finally:
                os.close(read)
                if feeder is not None:
                    feeder.join()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(arguments, status, out.read(), err.read())

    def ask(self, request: dict[str, Any], files: list[int], timeout: float) -> int:
        text = json.dumps(request).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
        self.socket.sendmsg([LENGTH.pack(len(text))], rights)
        self.socket.sendall(text)
        self.socket.settimeout(timeout)
        try:
            return int(LENGTH.unpack(received(self.socket, LENGTH.size))[0]) - 256
        except TimeoutError:
            self.close()
            raise subprocess.TimeoutExpired(request["arguments"], timeout) from None

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        self.socket.close()


def feed(pipe: int, data: bytes) -> None:
    """Write all into a pipe; a reader that went away is no error."""
    with open(pipe, "wb", buffering=0) as file:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except BrokenPipeError:
            pass


def received(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def serve(connection: socket.socket) -> None:
    """Make the processes that are asked for, until nobody asks any more."""
    while True:
        head, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
        if not head:
            return
        request = json.loads(received(connection, LENGTH.unpack(head)[0]))
        child = os.fork()
        if not child:
            connection.close()
            become(request, files)
        for file in files:
            os.close(file)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.sendall(LENGTH.pack(status + 256))


def stream(file: int) -> TextIO:
    """The stream of a descriptor as Python opens it at its start."""
    buffering = 1 if file == 2 else -1
    return open(file, "w" if file else "r", buffering=buffering, encoding="utf-8")


def become(request: dict[str, Any], files: list[int]) -> None:
    """Be the console script with these arguments and streams."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (stream(file) for file in range(3))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["gradcli", *request["arguments"]]
    try:
        sys.modules["gradcli.cli.main"].main()
    finally:
        os._exit(99)


if __name__ == "__main__":
    import importlib

    from gradcli.cli.process.limits import single_thread

    single_thread()  # before NumPy is imported
    for name in LOADED:
        importlib.import_module(name)
    sys.path.pop(0)
    serve(socket.socket(fileno=int(sys.argv[1])))
