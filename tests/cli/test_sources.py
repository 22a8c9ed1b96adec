"""Where inputs, records and results come from and go to, and what is said when that fails."""

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from process import COMMAND, environment, gradcli, ndjson, ok, popen, records


def message(*words, status=2, **how):
    done = gradcli(*words, **how)
    assert done.returncode == status, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stderr.decode()


def test_a_missing_input_is_told_with_what_is_given(tmp_path):
    np.save(tmp_path / "height.npy", np.ones(2))
    path = str(tmp_path / "height.npy")
    assert "did you mean `height`? It is given." in message("grad", "heigth", "--input", path)
    assert "given and not read: height" in message("grad", "x", "--input", path)
    assert "did you mean `X`?" in message("grad", "x", "--set", "X=1")
    assert "did you mean" not in message("grad", "q")
    done = gradcli("grad", "x * z", "--each", stdin=b'{"x": 1, "other": 2}\n')
    assert "not read: other" in records(done.stdout)[0]["error"]["help"]


def test_a_file_in_the_place_of_an_expression(tmp_path):
    (tmp_path / "model.grad").write_text("x * 2\n")
    found = message("grad", "model.grad", cwd=tmp_path)
    assert "gradcli grad -f model.grad" in found


def test_a_result_that_is_no_scalar_is_shown_where_it_is_made(tmp_path):
    (tmp_path / "m.grad").write_text("y = x * 2\ny\n")
    words = ("grad", "-f", str(tmp_path / "m.grad"), "--set", "x=[1, 2]")
    found = message(*words, status=5)
    assert found.startswith("error: RuntimeError: grad can be implicitly created only for scalar")
    assert "m.grad:1:5" in found and "^^^^^ float64 [2]" in found and "--cotangent" in found
    error = json.loads(message(*words, "--errors", "json", status=5))["error"]
    assert (error["span"]["line"], error["span"]["column"]) == (1, 5)
    assert ".real" in message("grad", "x * 1j", "--set", "x=1", status=5)
    assert "is None" in message("grad", "print(x)", "--set", "x=1", status=5)


def test_files_before_the_last_are_shared_by_all_records(tmp_path):
    np.save(tmp_path / "w.npy", np.array([2.0, 3.0]))
    (tmp_path / "r.ndjson").write_bytes(ndjson([{"x": 1}, {"x": 2}]))
    first, last = str(tmp_path / "w.npy"), str(tmp_path / "r.ndjson")
    expected = [
        {"value": 5.0, "grads": {"x": 5.0, "w": [1.0, 1.0]}},
        {"value": 10.0, "grads": {"x": 5.0, "w": [2.0, 2.0]}},
    ]
    words = ("grad", "(w * x).sum()", "--input", first)
    assert records(ok(*words, "--each", "--input", last)) == expected
    found = ok(*words, "--each", "--input", "-", stdin=ndjson([{"x": 1}, {"x": 2}]))
    assert records(found) == expected
    assert [r["value"] for r in records(ok(*words, "--grid", "--set", "x=[1, 2]"))] == [5.0, 10.0]
    assert json.loads(ok(*words, "-n", "--set", "x=2")) == expected[1]


def test_slurp_and_null_input_are_one_document(tmp_path):
    rows = ndjson([{"x": 1}, {"x": 2}])
    found = ok("grad", "(x**2).sum()", "-s", stdin=rows)
    assert found == '{\n  "value": 5.0,\n  "grads": {\n    "x": [2.0, 4.0]\n  }\n}\n'
    assert ok("grad", "x**2", "-n", "-c", "--set", "x=1") == '{"value":1.0,"grads":{"x":2.0}}\n'
    assert ok("eval", "-e", "'a'", "-n", "-r") == "a\n"
    assert "error: the input `y` is missing" in message("grad", "y", "-s", stdin=rows)
    path = tmp_path / "g.npy"
    assert ok("grad", "(x**2).sum()", "-s", "-o", str(path), stdin=rows) == ""
    assert np.load(path).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["grad", "x", "--each", "--grid", "--set", "x=[1]"], "--grid and --each"),
        (["eval", "-s", "-e", "1", "-e", "2"], "records take one expression"),
        (["eval", "-", "-s"], "cannot both come from standard input"),
        (["grad", "-f", "-", "--each"], "cannot both come from standard input"),
    ],
)
def test_two_things_from_one_place(words, said):
    assert said in message(*words)


def test_standard_output_by_name():
    words = ("grad", "x**2", "--set", "x=1", "-c")
    assert ok(*words, "-o", "-") == ok(*words)


def test_files_are_named_in_what_is_wrong_with_them(tmp_path):
    for name, data in (("e.json", b""), ("e.csv", b"x\n\xff\n"), ("b.json", b"{\n")):
        path = tmp_path / name
        path.write_bytes(data)
        assert message("grad", "x", "--input", str(path)).startswith(f"error: {path}: "), name
    nowhere = str(tmp_path / "no" / "out.json")
    found = message("grad", "x", "--set", "x=1", "-o", nowhere)
    assert found == f"error: {nowhere}: No such file or directory\n"


def test_bad_rows_of_a_table_are_bad_records(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"x,y\n1,2\n1\n\xff,1\n,2\n1e999,1\n1_0,1\nnan,1\n3,4\n")
    done = gradcli("grad", "x*y", "--each", "--input", str(path))
    found = records(done.stdout)
    assert [r.get("value") for r in found] == [2.0, None, None, None, None, None, "NaN", 12.0]
    assert [r["error"]["span"]["line"] for r in found[1:3]] == [3, 4]
    assert "beyond the range" in found[4]["error"]["help"]
    assert done.returncode == 2
    for field in ("1e999", "1_0", ""):
        path.write_text(f"x,y\n{field},1\n2,3\n")
        assert "x[0]" in message("grad", "(x*y).sum()", "--input", str(path))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_program_cannot_catch_a_full_disk(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        "for i in range(9999):\n    try:\n        emit(i=i)\n    except OSError:\n        pass\n"
    )
    for more in ((), ("--json",), ("--each",)):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*COMMAND, "eval", str(program), *more],
                input=b"{}\n",
                stdout=full,
                stderr=subprocess.PIPE,
                env=environment(),
                check=False,
            )
        assert done.returncode == 2
        assert done.stderr.decode() == "error: writing output: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="descriptors")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["eval", "-e", "nope"], 2),
        (["eval", "-e", "1 +"], 3),
        (["eval", "-e", "ones(2) + ones(3)"], 5),
        (["grda"], 2),
        (["eval", "--json", "-e", "print(1)"], 0),
    ],
)
def test_closed_standard_error(words, status):
    done = subprocess.run(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.close(2),
        env=environment(),
        check=False,
    )
    assert done.returncode == status


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    "module",
    [
        "gradcli.cli.usage.parse",
        "gradcli.cli.commands.derive",
        "gradcli.language.syntax.parser",
        "numpy",
    ],
)
def test_ctrl_c_while_modules_are_loaded(module):
    interrupting = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(name, *_):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder)\n"
        "from gradcli.cli.main import main; main()"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", interrupting, "grad", "x", "--set", "x=1"],
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_kill_leaves_no_temporary_file(tmp_path):
    (tmp_path / "out.ndjson").write_text("old\n")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        process = popen("eval", "-e", "x", "--each", "-o", "out.ndjson", cwd=tmp_path)
        while len(list(tmp_path.iterdir())) < 2:
            assert process.poll() is None
            time.sleep(0.001)
        process.stdin.write(b'{"x": 1}\n')
        process.stdin.flush()
        process.send_signal(number)
        process.communicate()
        assert process.returncode == (130 if number == signal.SIGINT else -number)
        assert [path.name for path in tmp_path.iterdir()] == ["out.ndjson"]
    assert (tmp_path / "out.ndjson").read_text() == "old\n"
