"""Results and records in every format, over files, pipes and streams."""

import csv
import gzip
import io
import json
import os
import subprocess
import threading

import numpy as np
import pytest
from process import COMMAND, environment, gradcli, ndjson, ok, popen, records

ROWS = [{"id": f"r{i}", "x": i / 7, "y": [1.5, -i]} for i in range(40)]
EXPRESSION = "(x*y).sum()"


def table(text, separator=","):
    return list(csv.reader(io.StringIO(text), delimiter=separator))


@pytest.mark.parametrize(("form", "separator"), [("csv", ","), ("tsv", "\t")])
def test_rows_have_the_digits_of_json(form, separator):
    words = ("grad", EXPRESSION, "--each", "--copy", "id")
    header, *rows = table(ok(*words, "--to", form, stdin=ndjson(ROWS)), separator)
    assert header == ["id", "value", "grads.x", "grads.y.0", "grads.y.1"]
    expected = ok(*words, stdin=ndjson(ROWS)).splitlines()
    for row, line in zip(rows, expected, strict=True):
        result = json.loads(line, parse_float=str)
        grads = result["grads"]
        assert row == [result["id"], result["value"], grads["x"], *grads["y"]]


def test_every_command_writes_a_table():
    row = ndjson([{"x": [1.0, 2.0]}])
    assert ok("jacobian", "x**2", "--each", "--to", "csv", stdin=row).splitlines()[0] == (
        "value.0,value.1,jacobian.x.0.0,jacobian.x.0.1,jacobian.x.1.0,jacobian.x.1.1"
    )
    assert ok("eval", "-e", "[x.sum(), 3, 'a,b', None]", "--each", "--to", "csv", stdin=row) == (
        'value\n"[3.0,3,""a,b"",null]"\n'
    )
    assert ok("eval", "-e", "torch.complex(x, x)", "--each", "--to", "tsv", stdin=row) == (
        "value.0.re\tvalue.0.im\tvalue.1.re\tvalue.1.im\n1.0\t1.0\t2.0\t2.0\n"
    )
    assert ok("grad", "x*2", "--set", "x=3", "--to", "csv") == "value,grads.x\n6.0,2.0\n"
    assert ok("grad", "log(x)", "--set", "x=-1", "--to", "csv") == "value,grads.x\nNaN,-1.0\n"


def test_failed_records_are_rows_without_results():
    lines = b'{"x": \n{"x":1}\n{"x":"?"}\n{"x":[1,2]}\n{"x":2}\n'
    done = gradcli("grad", "x*2", "--each", "--to", "csv", stdin=lines)
    assert done.stdout == b"value,grads.x\n,\n2.0,2.0\n,\n,\n4.0,2.0\n"
    assert (done.returncode, "3 of 5 records failed" in done.stderr.decode()) == (2, True)
    done = gradcli("grad", "x", "--each", "--to", "csv", "--copy", "id", stdin=b'{"id":5}\n')
    assert done.stdout == b"id,value\n5,\n"
    done = gradcli("eval", "-e", "x", "--each", "--to", "csv", stdin=b'{"x":1}\n{}\n')
    assert table(done.stdout.decode()) == [["value"], ["1.0"], [""]]


def test_npz_has_a_column_for_each_member(tmp_path):
    out = str(tmp_path / "out.npz")
    ok("grad", EXPRESSION, "--each", "--copy", "id", "-o", out, stdin=ndjson(ROWS))
    with np.load(out) as found:
        assert found.files == ["id", "value", "grads.x", "grads.y"]
        assert found["id"].tolist() == [row["id"] for row in ROWS]
        assert found["grads.y"].shape == (40, 2)
        x = np.array([row["x"] for row in ROWS])
        assert (found["grads.y"] == x[:, None]).all()
    bad = [{"x": 1, "y": [1, 2]}, {"x": 1}, {"x": 2, "y": [1, 2, 3]}, {"x": 3, "y": [1, 2]}]
    done = gradcli("grad", EXPRESSION, "--each", "-o", out, stdin=ndjson(bad))
    assert done.returncode == 2
    with np.load(out) as found:
        assert found["error"].tolist() == [False, True, True, False]
        assert np.isnan(found["value"]).tolist() == [False, True, True, False]
    again = records(ok("eval", "-e", "x*2", "--each", "--input", out, "--map", "x=value"))
    assert again == [6.0, "NaN", "NaN", 18.0]


@pytest.mark.parametrize("form", ["csv", "tsv", "ndjson", "npz"])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_a_file_is_read_back_by_its_extension(tmp_path, form, packed):
    if packed and form == "npz":
        packed = ""
    out = str(tmp_path / f"out.{form}{packed}")
    rows = ndjson([{"x": i / 3} for i in range(30)])
    ok("grad", "x", "--each", "-o", out, stdin=rows)
    with open(out, "rb") as file:
        assert (file.read(2) == b"\x1f\x8b") == bool(packed)
    found = ok("eval", "-e", "v*3", "--each", "--input", out, "--map", "v=value")
    assert found == ok("eval", "-e", "x*3", "--each", stdin=rows)
    with open(out, "rb") as file:
        streamed = ok(
            *("eval", "-e", "v*3", "--each", "--from", form, "--map", "v=value"), stdin=file
        )
    assert streamed == found


def test_the_same_bytes_each_time(tmp_path):
    for name in ("a.ndjson.gz", "b.csv.gz"):
        outs = []
        for _ in range(2):
            ok("grad", "x", "--each", "-o", str(tmp_path / name), stdin=b'{"x":1}\n')
            outs.append((tmp_path / name).read_bytes())
        assert outs[0] == outs[1]


@pytest.mark.parametrize("way", ["/dev/stdin", "-", "fifo", "<()"])
def test_streams_have_no_extension(tmp_path, way):
    text = "id,x\n1,2\n2,3\n"
    words = ("grad", "x**2", "--each", "--from", "csv", "--copy", "id", "--to", "csv")
    expected = "id,value,grads.x\n1,4.0,4.0\n2,9.0,6.0\n"
    if way == "fifo":
        path = tmp_path / "pipe"
        os.mkfifo(path)
        writer = threading.Thread(target=lambda: path.write_text(text))
        writer.start()
        assert ok(*words, "--input", str(path)) == expected
        writer.join()
    elif way == "<()":
        command = " ".join(["exec", '"$@"', "--input", f"<(printf '{text}')"]).replace("\n", "\\n")
        done = subprocess.run(
            ["bash", "-c", command, "bash", *COMMAND, *words],
            capture_output=True,
            env=environment(),
            check=True,
        )
        assert done.stdout.decode() == expected
    else:
        assert ok(*words, "--input", way, stdin=text.encode()) == expected


def test_rows_are_answered_as_they_come():
    with popen("grad", "x", "--each", "--from", "csv", "--to", "csv") as process:
        process.stdin.write(b"x\n1\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"value,grads.x\n"
        assert process.stdout.readline() == b"1.0,1.0\n"
        process.stdin.write(b"2\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"2.0,1.0\n"
        process.stdin.close()
        assert process.wait(10) == 0


def test_files_before_the_last_tell_their_own_format(tmp_path):
    np.save(tmp_path / "w.npy", np.array([1.0, 2.0]))
    words = ("--input", str(tmp_path / "w.npy"), "--input", "-", "--from", "csv")
    found = records(ok("grad", "(w*x).sum()", "--each", *words, stdin=b"x\n3\n"))
    assert found[0]["value"] == 9.0
    data = gzip.compress(b'{"x": 2}')
    (tmp_path / "in.json.gz").write_bytes(data)
    assert json.loads(ok("grad", "x", "--input", str(tmp_path / "in.json.gz")))["value"] == 2.0
    assert json.loads(ok("grad", "x", "--input", "-", stdin=data))["value"] == 2.0


def test_what_cannot_be_read_or_written_is_said(tmp_path):
    (tmp_path / "points.txt").write_text("x\n1\n")
    done = gradcli("grad", "x", "--each", "--input", str(tmp_path / "points.txt"))
    assert (done.returncode, b"or by --from" in done.stderr) == (2, True)
    assert ok("grad", "x", "--each", "--input", str(tmp_path / "points.txt"), "--from", "csv")
    done = gradcli("grad", "x", "--set", "x=1", "-o", str(tmp_path / "out.txt"))
    assert (done.returncode, b"or by --to" in done.stderr) == (2, True)
    done = gradcli("grad", "x", "--each", "--from", "npz", stdin=b"junk")
    assert (done.returncode, b"is not a .npz file" in done.stderr) == (2, True)
    assert os.listdir(tmp_path) == ["points.txt"]


@pytest.mark.parametrize("words", [("--to", "parquet"), ("--from", "arrow"), ("-o", "a.arrow")])
def test_without_pyarrow_it_is_named(words):
    script = "import sys; sys.modules['pyarrow'] = None; from gradcli.cli.main import main; main()"
    done = subprocess.run(
        [COMMAND[0], "-c", script, "grad", "x", "--each", *words],
        capture_output=True,
        env=environment(),
        input=b'{"x":1}',
        check=False,
    )
    assert done.returncode == 2
    assert b"pip install pyarrow" in done.stderr
    assert done.stdout == b""


def test_one_result_is_one_row():
    assert ok("eval", "-e", "[x, 1]", "--set", "x=2", "--to", "ndjson") == "[2.0,1]\n"
    assert (
        ok("eval", "-e", "x*2", "--set", "x=[2, 3]", "--to", "csv") == "value.0,value.1\n4.0,6.0\n"
    )
    done = gradcli("grad", "x*2", "--set", "x=[2, 3]", "--cotangent", "[1, 1]", "--to", "npy")
    assert np.load(io.BytesIO(done.stdout)).tolist() == [2.0, 2.0]
    done = gradcli("grad", "x*y", "--set", "x=2", "--set", "y=3", "--to", "npz")
    with np.load(io.BytesIO(done.stdout)) as found:
        assert {name: float(found[name]) for name in found.files} == {"x": 3.0, "y": 2.0}


def test_unpacking_a_stream_stays_below_the_limit():
    bomb = gzip.compress(bytes(300 << 20), 1)
    done = gradcli("grad", "x", "--input", "-", "--max-memory", "100M", stdin=bomb)
    assert done.returncode in (2, 6)
    assert b"memory" in done.stderr


@pytest.mark.parametrize("form", ["csv", "npz"])
def test_memory_is_flat_in_the_number_of_records(tmp_path, form):
    def peak(count):
        script = (
            "import resource, sys\nfrom gradcli.cli.main import run\nrun(sys.argv[1:])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        (tmp_path / "in.csv").write_text("x,y\n" + "1.5,2\n" * count)
        words = ("grad", "x*y", "--each", "--input", str(tmp_path / "in.csv"))
        done = subprocess.run(
            [COMMAND[0], "-c", script, *words, "-o", str(tmp_path / f"out.{form}")],
            capture_output=True,
            env=environment(),
            check=True,
        )
        return int(done.stderr)

    assert peak(200_000) < peak(20_000) + (16 << 10)


@pytest.mark.parametrize("form", ["ndjson", "csv", "tsv", "npz"])
def test_results_of_no_records_are_read_as_no_records(form, tmp_path):
    name = str(tmp_path / f"none.{form}")
    assert ok("grad", "x * 2", "--each", "-o", name, stdin=b"") == ""
    assert ok("grad", "value", "--each", "--input", name) == ""
