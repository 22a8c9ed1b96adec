"""The line on a terminal while records are evaluated, and what comes through beside it."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios

import numpy as np
import pytest
from process import COMMAND, environment

COUNT = 180
SLOW = "import time\ntime.sleep(0.01)\nx * 2\n"
ROWS = [{"x": i / 2} for i in range(COUNT)]
NDJSON = "".join(f"{json.dumps(row)}\n" for row in ROWS).encode()
STEPS = re.compile(r"([\d,]+) records · ([\d,.]+) a second(?: · (\d+) % · (\d+):(\d\d) left)?")


@pytest.fixture
def slow(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.grad").write_text(SLOW)
    (tmp_path / "rows.ndjson").write_bytes(NDJSON)
    (tmp_path / "rows.csv").write_text("x\n" + "".join(f"{row['x']}\n" for row in ROWS))
    np.savez(tmp_path / "rows.npz", x=[row["x"] for row in ROWS])


def watched(*words, stdin=b"", stdout=subprocess.PIPE, **variables):
    """What a command wrote to stdout, and to the terminal that its stderr is."""
    handle, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.PIPE,
        stdout=there if stdout is None else stdout,
        stderr=there,
        env=environment(**variables),
    ) as process:
        os.close(there)
        process.stdin.write(stdin)
        process.stdin.close()
        shown = b""
        while True:
            try:
                data = os.read(handle, 1 << 16)
            except OSError:  # how Linux says that nobody has the other end
                break
            if not data:
                break
            shown += data
        written = process.stdout.read() if stdout is subprocess.PIPE else b""
    os.close(handle)
    assert process.returncode in (0, 2, 5)
    return written, shown.decode()


GRAD = ("grad", "-f", "slow.grad")


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("--each", "--input", "rows.ndjson"), True),
        (("--each", "--input", "rows.csv"), True),
        (("--each", "--input", "rows.npz"), True),
        (("--grid", "--set", f"x=linspace(0, {(COUNT - 1) / 2}, {COUNT})"), True),
        (("--each",), False),
    ],
)
def test_records_rate_and_time_left(words, known, slow):
    written, shown = watched(*GRAD, *words, stdin=NDJSON if not known else b"")
    assert [json.loads(line)["value"] for line in written.splitlines()] == pytest.approx(
        [2 * row["x"] for row in ROWS]
    )
    steps = STEPS.findall(shown)
    assert steps
    for records, rate, share, minutes, seconds in steps:
        assert 0 < float(rate) <= 100
        if known:
            assert abs(int(share) - 100 * int(records) / COUNT) <= 2
            assert abs(int(records) + 60 * int(minutes) * float(rate) - COUNT) <= COUNT
            assert int(seconds) <= 2 + (COUNT - int(records)) / float(rate)
        else:
            assert share == ""
    assert shown.endswith("\x1b[2K")  # and the line is gone


@pytest.mark.parametrize(
    ("words", "variables"),
    [(("--quiet",), {}), ((), {"TERM": "dumb"}), (("-o", "out.ndjson", "--quiet"), {})],
)
def test_nothing_where_it_is_not_wanted(words, variables, slow):
    _, shown = watched(*GRAD, "--each", "--input", "rows.ndjson", *words, **variables)
    assert shown == ""


def test_nothing_in_a_pipe(slow):
    done = subprocess.run(
        [*COMMAND, *GRAD, "--each", "--input", "rows.ndjson"],
        capture_output=True,
        check=True,
        env=environment(FORCE_COLOR="1"),
    )
    assert done.stderr == b""
    assert len(done.stdout.splitlines()) == COUNT


def test_nothing_between_results_on_the_same_terminal(slow):
    _, shown = watched(*GRAD, "--each", "--input", "rows.ndjson", stdout=None)
    assert shown.count("\n") == COUNT
    assert "a second" not in shown


def test_messages_stand_above_it_as_they_are(slow):
    long = "n" * 150
    rows = [row if i % 20 else {long: 1} for i, row in enumerate(ROWS)]
    text = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    written, shown = watched(*GRAD, "--each", "--errors", "json", "--wrt", "x", stdin=text)
    assert len(written.splitlines()) == COUNT
    assert STEPS.search(shown)
    lines = re.findall(r'\{"error".*?\}\r\n', shown)
    assert [json.loads(line)["error"]["record"] for line in lines] == list(range(1, COUNT + 1, 20))


SEARCHES = {
    "minimize": ("((x - 1) ** 4).sum()", "x=[5, 3]", r"value [\d.e+-]+ · gradient norm [\d.e+-]+"),
    "solve": ("exp(x) - 2", "x=20", r"norm of the value [\d.e+-]+"),
}


@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("quiet", [False, True])
@pytest.mark.parametrize("stdout", [subprocess.PIPE, None])
def test_a_search_says_how_far_it_has_come(kind, quiet, stdout, tmp_path):
    expression, start, reached = SEARCHES[kind]
    program = tmp_path / "search.grad"
    program.write_text(f"import time\ntime.sleep(0.1)\n{expression}\n")
    words = (kind, "-f", str(program), "--set", start, *(["--quiet"] if quiet else []))
    written, shown = watched(*words, stdout=stdout)
    steps = [int(step) for step in re.findall(rf"(\d+) steps? · {reached} · 0:\d\d", shown)]
    if quiet:
        assert steps == []
    else:
        assert len(steps) >= 2
        assert steps == sorted(steps)
    text = written.decode() if stdout is not None else shown[shown.index("{\r\n") :]
    assert json.loads(text)["converged"]
    done = subprocess.run([*COMMAND, *words], capture_output=True, check=True, env=environment())
    assert done.stderr == b""


def test_no_line_between_steps_on_the_same_terminal(tmp_path):
    program = tmp_path / "search.grad"
    program.write_text("import time\ntime.sleep(0.1)\n((x - 1) ** 4).sum()\n")
    _, shown = watched("minimize", "-f", str(program), "--set", "x=[5]", "--trace", stdout=None)
    assert all(line[:1] == "{" for line in shown.splitlines())
