"""Which line of its file a record that failed begins on."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest
from process import cold, gradcli, popen, records

BAD = '"word"'  # a value that is no number

SOURCES = {
    "lines": ("in.ndjson", '{"x":1}\n{"x":BAD}\n{"x":2}\n{"x":BAD}\n', [2, 4]),
    "blank lines": ("in.ndjson", '\n\n{"x":1}\n  \n{"x":BAD}\r\n\r\n{"x":BAD}', [5, 7]),
    "syntax": ("in.ndjson", '{"x":1}\n\n{"x":oops}\n{"x" 1}\n', [3, 4]),
    "no object": ("in.ndjson", '\n{"x":1}\n\n5\n[1]\n', [4, 5]),
    "not UTF-8": ("in.ndjson", '{"x":1}\n\n{"x":"\udcff"}\n', [3]),
    "a name is missing": ("in.ndjson", '{"x":1}\n\n{"y":1}\n', [3]),
    "lines in .json": ("in.json", '{"x":1}\n\n{"x":BAD}\n{"x" 1}\n', [3, 4]),
    "a list": ("in.json", '[{"x":1},{"x":BAD}]', [1]),
    "a pretty list": (
        "in.json",
        '\n[\n  {"x": 1},\n  {\n    "x":\n      BAD\n  },\n\n  5, {"x": 2}, {"y": 3}\n]\n',
        [4, 9, 9],
    ),
    "a pretty record": ("in.json", '\n\n{\n  "x": BAD\n}\n', [3]),
    "rows": ("in.csv", "x\n1\nBAD\n2\nBAD\n", [3, 5]),
    "rows and blank lines": ("in.csv", "\nx,y\n\n1,2\n\n\nBAD,3\n4\n", [7, 8]),
    "rows of several lines": ("in.csv", 'x,y\n1,"a\nb"\nBAD,"c\n\nd"\nBAD,2\n', [4, 7]),
    "records with separators": ("-", '\x1e{"x":1}\n\x1e\n\n{"x":\nBAD}\n\x1e{"x" 1}', [4, 6]),
}


# Many good records before, which are taken in more than one group.
MANY = 5000
SOURCES |= {
    f"many before {title}": (name, '{"x":1}\n' * MANY + text, [line + MANY for line in lines])
    for title, (name, text, lines) in SOURCES.items()
    if name == "in.ndjson"
}
SOURCES["many rows"] = ("in.csv", "x\n" + "1\n" * MANY + "\nBAD\n", [MANY + 3])


@pytest.mark.parametrize(("name", "text", "lines"), SOURCES.values(), ids=SOURCES)
def test_lines_of_bad_records(tmp_path, name, text, lines):
    data = text.replace("BAD", BAD).encode("utf-8", "surrogateescape")
    expression = "x * 2"
    if name == "-":
        done = gradcli("grad", expression, "--each", "--seq", "-c", stdin=data)
        out = done.stdout.decode().replace("\x1e", "")
    else:
        (tmp_path / name).write_bytes(data)
        done = gradcli("grad", expression, "--each", "--input", str(tmp_path / name))
        out = done.stdout
    failed = [row["error"] for row in records(out) if "error" in row]
    assert [error["line"] for error in failed] == lines
    for error in failed:
        span = error.get("span", {})
        assert "file" in span or span.get("line", error["line"]) in range(
            error["line"], error["line"] + 3
        )
    assert f"line {lines[0]}" in done.stderr.decode()


def test_a_record_that_raises_names_its_line():
    done = gradcli("eval", "-e", "[1, 2][int(k)]", "--each", stdin=b'{"k":1}\n\n{"k":5}\n')
    error = records(done.stdout)[1]["error"]
    assert (error["record"], error["line"]) == (2, 3)
    assert "record 2 (line 3): " in done.stderr.decode()


def test_finding_lines_is_linear(tmp_path):
    def seconds(count):
        (tmp_path / "in.json").write_text(json.dumps([{"x": "word"}] * count, indent=1))
        start = time.process_time(), os.times().children_user
        assert cold("grad", "x", "--each", "--input", str(tmp_path / "in.json")).returncode == 2
        return os.times().children_user - start[1]

    seconds(10)
    assert seconds(20_000) < 12 * seconds(4_000)


def test_a_killed_run_leaves_nothing_behind_the_next(tmp_path):
    out = tmp_path / "out.ndjson"
    process = popen("grad", "x", "--each", "-o", str(out))
    process.stdin.write(b'{"x":1}\n')
    process.stdin.flush()
    while not (left := list(tmp_path.iterdir())):
        time.sleep(0.01)
    mine = tmp_path / "out.ndjson.7.tmp"
    mine.write_text("somebody's own")
    other = gradcli("grad", "x", "--each", "-o", str(out), stdin=b'{"x":2}\n')
    assert other.returncode == 0
    assert left[0].exists()  # its writer lives
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert left[0].exists()
    assert gradcli("grad", "x", "--each", "-o", str(out), stdin=b'{"x":3}\n').returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {out.name, mine.name}
    assert json.loads(out.read_text())["value"] == 3.0
