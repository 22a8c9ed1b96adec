"""Running gradcli as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]


def environment(**variables):
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**kept, "TERM": "xterm", **variables}


def gradcli(*arguments, stdin=b"", env=None, **how):
    """The finished process; `stdin` are bytes or a file."""
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
