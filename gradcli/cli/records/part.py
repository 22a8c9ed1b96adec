"""One part of many files of records, done by a process of its own wherever a cluster wants it.

What is sent is text and options. The worker's own process is left as it is: no signal handler,
limit or variable of the environment is set in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from gradcli import __version__
from gradcli.io.files import write_file

_COMMAND = (sys.executable, "-c", "from gradcli.cli.main import main; main()")
_MOST = 2000  # characters of a message that are sent back


def record_of(output: str) -> str:
    """The file that says what an output was made of."""
    folder, name = os.path.split(output)
    return os.path.join(folder, f".{name}.gradcli.json")


def read_record(output: str) -> dict[str, Any] | None:
    """What an output was made of, or None where nothing is known of it."""
    try:
        with open(record_of(output), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def run_part(
    version: str, arguments: list[str], program: str, source: str, output: str, digest: str
) -> tuple[int, str, bool]:
    """Make `output` of the records of `source`: status, message, and whether it is there.

    `arguments` are those of the command line; `program` is what it reads from standard input. The
    record that the output is being made comes first, and that it is done comes last, so that a run
    that is ended in between is known. Raises RuntimeError where gradcli has another version.
    """
    if version != __version__:
        raise RuntimeError(
            f"this worker has gradcli {__version__}, and the tasks are of gradcli {version}"
        )
    os.makedirs(os.path.dirname(output), exist_ok=True)
    _note(output, digest, None)
    before = _identity(output)
    words = [*_COMMAND, *arguments, "--input", source, "-o", output]
    done = subprocess.run(words, input=program.encode(), capture_output=True, check=False)
    message = done.stderr.decode(errors="replace")[-_MOST:]
    if done.returncode < 0:
        raise ChildProcessError(f"the process of a part was ended by signal {-done.returncode}")
    written = _identity(output) not in (None, before)
    if written:
        _note(output, digest, done.returncode)
    return done.returncode, message, written


def _identity(name: str) -> tuple[int, int] | None:
    try:
        status = os.stat(name)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _note(output: str, digest: str, status: int | None) -> None:
    text = json.dumps({"digest": digest, "version": __version__, "status": status})
    write_file(record_of(output), lambda file: file.write(text.encode()))
