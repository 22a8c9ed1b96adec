"""Records over several processes: the bytes of one process, whatever happens."""

import os
import signal
import subprocess
import time

import pytest
from process import COMMAND, environment, gradcli, ndjson

from gradcli.cli.records.jobs import processes
from gradcli.cli.usage.parse import parse

EXPRESSION = "sin(x*y)"
ROWS = ndjson([{"id": f"r{i}", "x": i / 7, "y": -i} for i in range(60_000)])
CSV = b"id,x,y\n" + b"".join(b"r%d,%d,%d.5\n" % (i, i % 11, i % 7) for i in range(60_000))
FEW = b"".join(ROWS.splitlines(keepends=True)[:9000])
BROKEN = ROWS[:100_000].rpartition(b"\n")[0] + b"\n"


def both(*arguments, stdin, jobs=2):
    one, many = (gradcli(*arguments, "--jobs", str(n), stdin=stdin) for n in (1, jobs))
    assert many.returncode == one.returncode
    assert many.stderr == one.stderr
    assert many.stdout == one.stdout
    return many


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--copy", "id"),
        ("--copy", "all", "--wrt", "x"),
        ("--to", "csv"),
        ("--to", "npz"),
        ("--exit-status",),
        ("--map", "y=x"),
        ("--full",),
    ],
)
def test_the_bytes_are_those_of_one_process(options):
    done = both("grad", EXPRESSION, "--each", *options, stdin=ROWS)
    assert done.returncode == 0
    assert len(done.stdout) > 1_000_000


@pytest.mark.parametrize("jobs", [0, 3])
def test_any_number_of_processes(jobs):
    both("grad", EXPRESSION, "--each", stdin=ROWS, jobs=jobs)


def test_tables_and_lines_with_quotes():
    quoted = CSV.replace(b"r777,", b'"a ""b""\nc",').replace(b"r40000,", b"r40000,,,")
    for text in (CSV, quoted, CSV.replace(b"\n", b"\r\n"), CSV.replace(b"r55,", b"\n\xff,")):
        both("grad", EXPRESSION, "--each", "--from", "csv", "--copy", "id", stdin=text)


ODD = [
    b'{"x": 1\n',
    b'{"x": 1, "y": 2} {"x": 3, "y": 4}\n',
    b'{"x": {"a": 1}\n{"y": 3}}\n',
    b'{\n  "x": 1,\n  "y": 2\n}\n',
    b"\n\n",
    b'[{"x": 1, "y": 2}, {"x": 3}]\n',
    b'{"x": "much", "y": 1}\n',
]


@pytest.mark.parametrize("options", [(), ("--errors", "json"), ("--fail-fast",), ("--to", "csv")])
def test_odd_lines_keep_numbers_and_places(options):
    lines = ROWS.splitlines(keepends=True)
    for place, odd in enumerate(ODD):
        lines.insert(7000 * (place + 1), odd)
    done = both("grad", EXPRESSION, "--each", *options, stdin=b"".join(lines))
    assert done.returncode == 2


def test_values_that_stay_open():
    both("grad", EXPRESSION, "--each", stdin=BROKEN + b'{"x": [1,\n' + ROWS)
    both("grad", EXPRESSION, "--each", stdin=b"[" + b",\n".join(ROWS.splitlines()) + b"]")


def test_a_record_draws_by_its_number():
    both("eval", "-e", "rand(2) * x", "--each", "--seed", "4", stdin=FEW)


def test_a_grid():
    ranges = ("--set", "x=linspace(0,1,300)", "--set", "y=linspace(0,1,90)")
    both("grad", EXPRESSION, "--grid", *ranges, stdin=b"")


def test_prints_warnings_and_emitted_records(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("if x > 8570:\n    print('large', x)\nemit(x=x)\nz = x.T\n")
    done = both("eval", str(program), "--each", "--emit-only", stdin=ROWS)
    assert done.stderr.count(b"large") > 1


def test_records_that_fail_decide_the_status():
    done = both("eval", "-e", "1 // int(x - 5000)", "--each", stdin=ROWS)
    assert done.returncode == 5


def test_the_time_limit():
    done = gradcli("eval", "-e", "x", "--each", "--jobs", "2", "--timeout", "0.3", stdin=slow())
    assert done.returncode == 6
    assert b"time limit" in done.stderr


def slow():
    """A pipe into which nothing more comes."""
    read, write = os.pipe()
    os.write(write, b'{"x": 1}\n')
    return os.fdopen(read, "rb")


def test_jobs_need_records():
    done = gradcli("grad", "x", "--set", "x=1", "--jobs", "2")
    assert done.returncode == 2
    assert b"--jobs" in done.stderr


# Processes that die


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def running(stdout):
    """A run that waits for more records, and its two processes."""
    process = subprocess.Popen(
        [*COMMAND, "grad", EXPRESSION, "--each", "--jobs", "2"],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    process.stdin.write(ROWS)
    process.stdin.flush()
    patience = time.monotonic() + 30
    while len(workers := children(process.pid)) < 2 and time.monotonic() < patience:
        time.sleep(0.02)
    assert len(workers) == 2
    return process, workers


def gone(pids):
    patience = time.monotonic() + 20
    while time.monotonic() < patience:
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


linux = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="asks Linux for children")


@linux
def test_a_process_that_is_killed_costs_no_record(tmp_path):
    with open(tmp_path / "out", "wb") as out:
        process, workers = running(out)
        os.kill(workers[0], signal.SIGKILL)
        _, messages = process.communicate(ROWS, timeout=60)
    assert process.returncode == 0, messages
    found = (tmp_path / "out").read_bytes()
    assert found == gradcli("grad", EXPRESSION, "--each", stdin=ROWS + ROWS).stdout


@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_ended(number):
    process, workers = running(subprocess.DEVNULL)
    process.send_signal(number)
    assert process.wait(20) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    assert gone(workers)


def test_a_closed_pipe():
    piped = 'set -o pipefail; "$@" | head -n 1'
    done = subprocess.run(
        ["bash", "-c", piped, "bash", *COMMAND, "grad", EXPRESSION, "--each", "--jobs", "2"],
        input=ROWS,
        capture_output=True,
        env=environment(),
    )
    assert done.returncode == 141
    assert done.stdout.count(b"\n") == 1
    assert not done.stderr


def test_a_full_disk_leaves_no_file(tmp_path):
    words = ("grad", EXPRESSION, "--each", "--jobs", "2", "-o", str(tmp_path / "out.ndjson"))
    limited = 'ulimit -f 100; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", limited, "bash", *COMMAND, *words],
        input=ROWS,
        capture_output=True,
        env=environment(),
    )
    assert done.returncode in (2, -signal.SIGXFSZ)
    assert not (tmp_path / "out.ndjson").exists()


@pytest.mark.parametrize(
    ("words", "count"),
    [((), 1), (("--jobs", "1"), 1), (("--jobs", "3"), 3), (("--jobs", "0"), None)],
)
def test_one_process_unless_more_are_asked_for(words, count):
    found = processes(parse(["grad", "x", "--each", *words]))
    assert found == (len(os.sched_getaffinity(0)) if count is None else count)
