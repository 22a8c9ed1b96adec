"""`--each`: records in, results out, in order, whatever happens to one of them."""

import contextlib
import io
import json
import math
import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from process import gradcli, ndjson, ok, popen, records

GRAD = ("grad", "sin(x*y)", "--each")


def test_gradients_against_the_closed_form():
    rows = [{"x": i / 7 - 3, "y": 2 - i / 11} for i in range(2000)]
    found = records(ok(*GRAD, stdin=ndjson(rows)))
    assert len(found) == len(rows)
    for row, result in zip(rows, found, strict=True):
        x, y = row["x"], row["y"]
        assert math.isclose(result["value"], math.sin(x * y), rel_tol=1e-14, abs_tol=1e-15)
        assert math.isclose(result["grads"]["x"], y * math.cos(x * y), abs_tol=1e-14)
        assert math.isclose(result["grads"]["y"], x * math.cos(x * y), abs_tol=1e-14)


def test_one_bad_record_does_not_stop_the_others():
    lines = b'{"x": 1, "y": 1}\n{"x": \n{"x": 1}\n{"x": [1, 2], "y": 1}\n{"x": 0, "y": 3}\n'
    done = gradcli(*GRAD, stdin=lines)
    found = records(done.stdout)
    assert [result.get("error", {}).get("record") for result in found] == [None, 2, 3, 4, None]
    assert [result.get("error", {}).get("code") for result in found][1:4] == [
        "data",
        "data",
        "error",
    ]
    assert done.returncode == 2
    assert "3 of 5 records failed; record 2" in done.stderr.decode()
    done = gradcli(*GRAD, "--fail-fast", stdin=lines)
    assert len(records(done.stdout)) == 2
    done = gradcli(*GRAD, "--errors", "json", stdin=lines)
    assert [json.loads(line)["error"]["record"] for line in done.stderr.splitlines()] == [2, 3, 4]


def test_a_raising_record_gives_status_5():
    done = gradcli("eval", "-e", "x[2]", "--each", stdin=b'{"x": [1,2,3]}\n{"x": [1]}\n')
    assert (done.returncode, records(done.stdout)[0]) == (5, 3.0)
    error = records(done.stdout)[1]["error"]
    assert (error["type"], error["record"], error["span"]["line"]) == ("IndexError", 2, 1)


def test_shapes_may_differ_and_names_may_come_in_any_order():
    rows = [{"x": [1, 2], "y": 3}, {"y": 2, "x": [1]}, {"x": 5, "y": 1}, {"x": [[1], [2]], "y": 0}]
    found = records(ok("grad", "(x * y).sum()", "--each", stdin=ndjson(rows)))
    assert [list(result["grads"]) for result in found] == [
        ["x", "y"],
        ["y", "x"],
        ["x", "y"],
        ["x", "y"],
    ]
    assert [result["grads"]["x"] for result in found] == [[3.0, 3.0], [2.0], 1.0, [[0.0], [0.0]]]
    assert [result["grads"]["y"] for result in found] == [3.0, 1.0, 5.0, 3.0]


def test_constants_and_shared_inputs():
    rows = ndjson([{"x": 1}, {"x": 2}])
    found = records(ok("grad", "w * x + c", "--each", "--set", "w=3", "--const", "c=1", stdin=rows))
    assert found == [
        {"value": 4.0, "grads": {"x": 3.0, "w": 1.0}},
        {"value": 7.0, "grads": {"x": 3.0, "w": 2.0}},
    ]


def test_state_and_prints_stay_with_their_record(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        "n = 0\nn = n + 1\nprint('x is', x.item())\nif x > 1:\n    x * n\nx * n * 2\n"
    )
    done = gradcli("grad", "-f", str(program), "--each", stdin=ndjson([{"x": 1}, {"x": 2}]))
    assert [r["value"] for r in records(done.stdout)] == [2.0, 4.0]
    assert done.stderr == b"x is 1.0\nx is 2.0\n"


def test_branches_on_values():
    rows = [{"x": value} for value in (-1.0, 2.0, -3.0)]
    found = records(ok("grad", "x * 2 if x > 0 else x * 5", "--each", stdin=ndjson(rows)))
    assert [result["grads"]["x"] for result in found] == [5.0, 2.0, 5.0]


def test_eval_each():
    rows = ndjson([{"x": 1}, {"x": [1, 2]}])
    assert ok("eval", "-e", "x * 2", "--each", stdin=rows) == "2.0\n[2.0,4.0]\n"


def test_slurp_null_input_seq_and_blank_lines():
    rows = b'\n{"x": 1}\n  \n{"x": 2}\r\n'
    found = records(ok("grad", "(x**2).sum()", "-c", "--slurp", stdin=rows))
    assert found == [{"value": 5.0, "grads": {"x": [2.0, 4.0]}}]
    assert len(records(ok("grad", "x", "--each", stdin=rows))) == 2
    assert records(ok("grad", "x", "-nc", "--set", "x=1", stdin=b"ignored"))[0]["value"] == 1.0
    text = ok("grad", "x", "--each", "--seq", stdin=b'\x1e{"x":\n1}\n\x1e{"x": 2}\n')
    parts = text.split("\x1e")
    assert [json.loads(part)["value"] for part in parts[1:]] == [1.0, 2.0]
    done = gradcli("grad", "x.sum()", "--slurp", stdin=b'{"x": 1}\n{"y": 2}\n')
    assert done.returncode == 2


def test_records_from_files(tmp_path):
    (tmp_path / "t.csv").write_text('x,name\n1,"a\nb"\n2,c\n')
    (tmp_path / "t.ndjson").write_text('{"x": 1}\n{"x": 2}')
    (tmp_path / "t.json").write_text('[{"x": 1},\n {"x": 2}]')
    np.save(tmp_path / "x.npy", np.array([1.0, 2.0]))
    for name in ("t.csv", "t.ndjson", "t.json", "x.npy"):
        found = records(ok("grad", "x**2", "--each", "--input", str(tmp_path / name)))
        assert [result["grads"]["x"] for result in found] == [2.0, 4.0], name


def test_bytes_that_are_not_text():
    lines = b'{"x": 1}\n{"x": "\xff"}\n{"x": 2}\n\0\n{"\0": 3}\n\xef\xbb\xbf{"x": 4}\n{"x": 3}'
    done = gradcli("grad", "x**2", "--each", stdin=lines)
    found = records(done.stdout)
    assert [result.get("value") for result in found] == [1.0, None, 4.0, None, None, None, 9.0]
    assert "not UTF-8" in found[1]["error"]["message"]
    assert done.returncode == 2


@pytest.mark.parametrize("first", [b"a\xff,1", b'"a\xff",1'], ids=["plain", "quoted"])
@pytest.mark.parametrize("to", ["ndjson", "csv"])
def test_a_row_that_is_not_text_is_copied_as_text(first, to):
    rows = b"id,x\n" + first + b"\n\xc3\xa9,2\n"
    done = gradcli("grad", "x", "--each", "--from", "csv", "--copy", "id", "--to", to, stdin=rows)
    assert done.returncode == 2
    assert "a\ufffd" in done.stdout.decode()
    if to == "ndjson":
        bad, good = records(done.stdout)
        assert (bad["id"], good["id"]) == ("a\ufffd", "\u00e9")
        assert bad["error"]["message"] == "standard input: this is not UTF-8 (line 2, column 1)"


@pytest.mark.parametrize("form", ["csv", "npy", "npz", "parquet", "json", "ndjson"])
def test_what_is_wrong_with_standard_input_is_said_of_it(form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    done = gradcli("grad", "x", "--from", form, "--input", "-", stdin=b"\xff\n")
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input")


def test_lines_that_only_together_are_json():
    lines = b'{"x":1},{"x":2}\n{"x":[1\n2]}\n{"a":{"x":1}\n"b":{"x":1}}\n{"x":5}\n'
    found = records(gradcli("grad", "x", "--each", stdin=lines).stdout)
    assert ["error" in result for result in found] == [False, True, True, True, False]


def test_a_result_comes_before_the_next_record():
    with popen(*GRAD) as process:
        for x in (1.0, 2.0):
            process.stdin.write(ndjson([{"x": x, "y": 1}]))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == math.sin(x)
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_slow_writer_may_split_a_record_anywhere():
    data = ndjson([{"x": 1, "y": 2}, {"x": 3, "y": 0.5}])
    with popen(*GRAD) as process:
        for start in range(0, len(data), 5):
            process.stdin.write(data[start : start + 5])
            process.stdin.flush()
            time.sleep(0.005)
        out, _ = process.communicate(timeout=20)
    assert [round(r["value"], 3) for r in records(out)] == [0.909, 0.997]


def test_a_reader_that_goes_away():
    with popen(*GRAD) as process:
        process.stdout.close()
        try:
            for _ in range(200):
                process.stdin.write(ndjson([{"x": 1, "y": 2}] * 100))
                process.stdin.flush()
        except BrokenPipeError:
            pass
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""
    with popen("eval", "-e", "print('a' * 80) or 1", *["-e", "print('a' * 80)"] * 300) as process:
        process.stdout.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk():
    for words in (GRAD, ("grad", "x", "--set", "x=1"), ("eval", "-e", "1"), ("--help",), ("ops",)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*popen_command(), *words],
                stdout=full,
                stderr=subprocess.PIPE,
                input=ndjson([{"x": 1, "y": 2}]),
                check=False,
                timeout=20,
            )
        assert done.returncode == 2, words
        assert b"No space left on device" in done.stderr
        assert b"Traceback" not in done.stderr


def popen_command():
    from process import COMMAND

    return COMMAND


def test_interrupt_leaves_complete_lines():
    with popen(*GRAD) as process:
        process.stdin.write(ndjson([{"x": 1, "y": 2}] * 3))
        process.stdin.flush()
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert all(line.endswith(b"\n") for line in lines)
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""
    with popen("eval", "-e", "[i for i in range(10**9)]") as process:
        time.sleep(0.6)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


def test_time_limit():
    start = time.monotonic()
    done = gradcli("eval", "--timeout", "0.5", "-e", "[i for i in range(10**9)]")
    assert done.returncode == 6
    assert b"--timeout" in done.stderr
    assert time.monotonic() - start < 5


def test_a_large_record():
    count = 400_000
    buffer = io.StringIO()
    buffer.write('{"x": [')
    buffer.write(",".join(["0.123456789"] * count))
    buffer.write("]}\n")
    (found,) = records(ok("grad", "(x * 2).sum()", "--each", stdin=buffer.getvalue().encode()))
    assert len(found["grads"]["x"]) == count
    assert set(found["grads"]["x"]) == {2.0}


@pytest.mark.parametrize("count", [int(os.environ.get("GRADCLI_TEST_RECORDS", "60000"))])
def test_memory_is_constant(count):
    """At most 64 MiB over the process that waits, whatever the number of records."""

    def peak(rows):
        script = (
            "import resource, sys; from gradcli.cli.main import run;"
            "status = run(['grad', 'sin(x*y)', '--each']);"
            "sys.stderr.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))"
        )
        from process import COMMAND

        done = subprocess.run(
            [COMMAND[0], "-c", script], input=rows, capture_output=True, check=True
        )
        assert done.stdout.count(b"\n") == rows.count(b"\n")
        return int(done.stderr)

    idle = peak(ndjson([{"x": 1, "y": 2}]))
    assert peak(ndjson([{"x": 1, "y": 2}]) * count) < idle + 64 * 1024


values = st.one_of(
    st.floats(-10, 10),
    st.integers(-5, 5),
    st.lists(st.floats(-3, 3), max_size=3),
    st.sampled_from(["NaN", "Infinity", "text", None, True, {"re": 1, "im": 2}, 10**400]),
)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from("xyz"), values), max_size=12), st.data())
def test_batched_and_single_agree(rows, data):
    expression = data.draw(st.sampled_from(["sin(x) * y", "(x * y).sum()", "x + y", "x ** 2"]))
    name = data.draw(st.sampled_from(["grad", "jvp", "vjp", "jacobian", "hessian", "hvp"]))
    command = (name, expression, "--each")
    if name in ("jvp", "hvp"):
        command += ("--tangent", "x=1")
    together = gradcli(*command, stdin=ndjson(rows))
    assert b"Traceback" not in together.stderr
    found = records(together.stdout)
    assert len(found) == len(rows)
    alone = records(gradcli(*command, "--full", stdin=ndjson(rows)).stdout)
    for one, other in zip(found, alone, strict=True):
        assert_close(one, other)
    failed = any("error" in result for result in found)
    assert together.returncode in ((2, 5) if failed else (0,))


def assert_close(one, full):
    """A bare result against the lossless one of the same record."""
    if isinstance(full, dict) and "data" in full:
        if isinstance(one, dict) and "data" in one:
            one = one["data"]
        full = full["data"]
    if isinstance(one, dict):
        assert one.keys() == full.keys()
        for key in one:
            assert_close(one[key], full[key])
    elif isinstance(one, list):
        assert len(one) == len(full)
        for a, b in zip(one, full, strict=True):
            assert_close(a, b)
    elif isinstance(one, float):
        assert math.isclose(one, full, rel_tol=1e-14, abs_tol=1e-300)
    else:
        assert one == full


def test_limits_of_records():
    rows = ndjson([{"x": 1, "n": 3}, {"x": 2, "n": 300}, {"x": 3, "n": 4}])
    program = "[x * i for i in range(int(n))][2]"
    done = gradcli("grad", program, "--each", "--max-steps", "100", stdin=rows)
    assert done.returncode == 6
    found = records(done.stdout)
    assert [result.get("value") for result in found] == [2.0, None, 6.0]
    assert found[1]["error"]["code"] == "limit"
    done = gradcli("grad", "x", "--each", "--max-steps", "1", stdin=rows)
    assert len(records(done.stdout)) == 3
    rows = ndjson([{"x": 1, "n": 10**9}] * 3)
    done = gradcli("grad", program, "--each", "--timeout", "0.7", stdin=rows)
    assert done.returncode == 6
    assert b"--timeout" in done.stderr


EXPRESSIONS = ["x @ y", "erf(x) @ y", "F.gelu(x).sum() * y[0]", "((x**2 + 1) ** y).sum()"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_digits_do_not_depend_on_other_records(expression, dtype, tmp_path):
    """A program that catches exceptions goes through its records one by one."""
    by_one = tmp_path / "by_one.grad"
    by_one.write_text(f"try:\n    pass\nexcept ValueError:\n    pass\n{expression}\n")
    generator = random.Random(7)
    rows = [{name: [generator.gauss(0, 1) for _ in range(17)] for name in "xy"} for _ in range(40)]
    options = ("--each", "--dtype", dtype)
    together = ok("grad", expression, *options, stdin=ndjson(rows))
    assert together == ok("grad", "-f", str(by_one), *options, stdin=ndjson(rows))
