"""What ends a process that is inside one call of the host, where no thread of Python's runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from process import gradcli

HOLD = "pow(3, 10**9)"  # hours, all of them with the interpreter's lock held


def script(*lines):
    """A process that runs these lines with what the commands use imported."""
    code = "\n".join(
        [
            "import os, sys, time",
            "from gradcli.cli.process.signals import watch_kernels, watch_signals, watch_time",
            "from gradcli.language.machine.watchdog import Watchdog",
            *lines,
        ]
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_time_ends_a_call_that_holds_the_lock(form):
    with script(f"watch_time(0.3, {form!r})", HOLD) as process:
        start = time.monotonic()
        _, err = process.communicate(timeout=20)
        assert time.monotonic() - start < 0.3 + 2
    assert process.returncode == 6
    if form == "json":
        failure = json.loads(err)["error"]
        assert (failure["code"], failure["type"]) == ("limit", "LimitExceeded")
        assert "0.3 s" in failure["message"]
    else:
        assert err.decode().startswith("error: the time limit of 0.3 s was reached\n")
        assert "--timeout" in err.decode()


def test_what_was_printed_before_the_end_is_written():
    with script("print('before')", "watch_time(0.2, 'text')", "time.sleep(60)") as process:
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (6, b"before\n")


def test_the_second_interrupt_ends_a_call_that_holds_the_lock():
    lines = ("watch_signals()", "watch_kernels()", "print('go', flush=True)", HOLD)
    with script(*lines) as process:
        assert process.stdout.readline() == b"go\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.4)
        assert process.poll() is None
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert time.monotonic() - start < 2
        assert process.stderr.read() == b""


def test_a_cancelled_watchdog_lets_the_process_live():
    lines = (
        "dog = Watchdog([('sleep', 0.2), ('write', 'never')], 6)",
        "first, second = dog.cancel(), dog.cancel()",
        "time.sleep(0.5)",
        "print(first, second)",
    )
    with script(*lines, "sys.stdout.flush(); os._exit(0)") as process:
        assert process.communicate(timeout=20) == (b"True False\n", b"")
    assert process.returncode == 0


def test_steps_are_the_same_without_a_list_of_the_c_library():
    lines = (
        "from gradcli.language.machine import watchdog",
        "watchdog._run_in_c = lambda steps: False",
        "reader, writer = os.pipe()",
        "Watchdog([('byte', reader), ('sleep', 0.1), ('write', 'the end\\n')], 6)",
        "os.write(writer, b'x')",
        "time.sleep(20)",
    )
    with script(*lines) as process:
        assert process.communicate(timeout=20) == (b"", b"the end\n")
    assert process.returncode == 6


def test_an_ordinary_end_waits_for_no_watchdog_and_writes_no_message():
    lines = ("watch_signals()", "watch_kernels()", "watch_time(60, 'text')", "print('done')")
    with script(*lines) as process:
        assert process.communicate(timeout=20) == (b"done\n", b"")
    assert process.returncode == 0


PRESSES = """
from gradcli.repl.session.interrupts import Interrupts
from gradcli.tensor.runtime import runtime
import signal

def held():
    return [len(os.listdir(f"/proc/self/{what}")) for what in ("fd", "task")]

interrupts = Interrupts()

def press(times):
    for _ in range(times):
        with interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            assert runtime.stop is not None
    time.sleep(0.5)
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts what Linux lists")
def test_an_interrupt_that_was_handled_leaves_no_thread_and_no_file():
    with script(PRESSES, "press(1)", "first = held()", "press(30)", "print(first == held())") as it:
        assert it.communicate(timeout=20) == (b"True\n", b"")
    assert it.returncode == 0


def test_the_second_interrupt_ends_a_call_also_after_many_that_were_handled():
    lines = ("press(10)", "interrupts.__enter__()", "print('go', flush=True)", HOLD)
    with script(PRESSES, *lines) as process:
        assert process.stdout.readline() == b"go\n"
        for _ in range(2):
            time.sleep(0.2)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


@pytest.mark.parametrize("in_c", [True, False])
def test_a_released_watchdog_ends_itself_and_not_the_process(in_c):
    lines = (
        "from gradcli.language.machine import watchdog",
        "" if in_c else "watchdog._run_in_c = lambda steps: False",
        "pipe = os.pipe()",
        "dog = Watchdog([('byte', pipe[0]), ('sleep', 0.01)], 6, [pipe])",
        "print(dog.cancel())",
        "dog.release()",
        "time.sleep(0.3)",
    )
    with script(*lines) as process:
        assert process.communicate(timeout=20) == (b"True\n", b"")
    assert process.returncode == 0


LONG = (
    "n = 2500 if {} else 2\ntorch.linalg.eigvals(torch.rand(n, n)).abs().sum() * 0 + x.sum() * 2\n"
)


@pytest.mark.parametrize("options", [(), ("--jobs", "2"), ("--to", "csv"), ("--copy", "x")])
@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("x == 5", [{"x": place} for place in range(8)]),
        ("x.ndim == 1", [{"x": place} for place in range(40)] + [{"x": [1]}] * 5),
    ],
)
def test_records_before_one_that_time_ends_are_written(condition, rows, options, tmp_path):
    program = tmp_path / "long.grad"
    program.write_text("import torch\n" + LONG.format(condition))
    stdin = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    done = gradcli(
        *("grad", "-f", str(program), "--each", "--timeout", "0.5", *options), stdin=stdin
    )
    assert done.returncode == 6
    whole = 5 if condition == "x == 5" else 40
    lines = done.stdout.decode().splitlines()
    if "csv" in options:
        assert lines == ["value,grads.x", *(f"{2.0 * place},2.0" for place in range(whole))]
    else:
        assert [json.loads(line)["value"] for line in lines] == [2 * p for p in range(whole)]


@pytest.mark.parametrize("options", [(), ("--copy", "id"), ("--to", "csv"), ("--exit-status",)])
def test_a_limit_of_time_changes_no_byte(options):
    kinds = ({"x": 2.0}, {"x": [1, 2]}, {"x": -1.0}, {"y": 0}, {"x": "?"})
    rows = [{"id": place, **kinds[place % 3 if place < 300 else place % 5]} for place in range(600)]
    words = ("grad", "sqrt(x).sum()", "--each", *options)
    rows = [{**row, "id": place} for place, row in enumerate(rows)]
    if "csv" in options:
        rows = [{"id": place, "x": place / 7} for place in range(600)]
    stdin = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    free = gradcli(*words, stdin=stdin)
    bound = gradcli(*words, "--timeout", "60", stdin=stdin)
    assert (bound.stdout, bound.returncode) == (free.stdout, free.returncode)
    assert len(free.stdout.splitlines()) >= 600
