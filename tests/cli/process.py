"""Running gradcli as a process."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys

from warm import Warm

COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]


def environment(**variables):
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**kept, "TERM": "xterm", **variables}


def gradcli(*arguments, stdin=b"", env=None, cwd=None, **how):
    """The finished process; `stdin` are bytes or a file."""
    if not how and hasattr(os, "fork") and not any(map(at_start, env or {})):
        return warm().run(arguments, stdin, environment(**(env or {})), cwd, 60)
    return cold(*arguments, stdin=stdin, env=env, cwd=cwd, **how)


def at_start(variable):
    """Whether Python itself reads a variable of the environment, and reads it once."""
    return variable.startswith(("PYTHON", "LANG", "LC_"))


@functools.cache
def warm():
    made = Warm()
    atexit.register(made.close)
    return made


def cold(*arguments, stdin=b"", env=None, **how):
    """The finished process, which began as Python does."""
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        env=environment(**(env or {})),
        timeout=60,
        check=False,
        **given,
        **how,
    )


def ok(*arguments, **how):
    """What a successful run wrote to stdout."""
    done = gradcli(*arguments, **how)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def document(*arguments, **how):
    """The JSON document that a successful run wrote."""
    return json.loads(ok(*arguments, **how), parse_constant=refuse)


def records(text):
    """The JSON lines of a text."""
    if isinstance(text, bytes):
        text = text.decode()
    assert text == "" or text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


def ndjson(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def popen(*arguments, env=None, **how):
    """A running process with pipes."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**(env or {})),
        **how,
    )
