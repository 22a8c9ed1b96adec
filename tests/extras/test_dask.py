"""Many files of records over a cluster of two workers, one of which dies."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster

from gradcli.cli.records.part import run_part
from gradcli.io.schemas import schema
from gradcli.streams import function

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "recipes"))

from process import COMMAND, environment, ok

EXPRESSION = "sin(x*y)"
PARTS = 6


@pytest.fixture(scope="module")
def cluster():
    how = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**how) as made, Client(made) as client:
        yield client


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for part in range(PARTS):
        rows = [json.dumps({"x": i / 7, "y": part}) for i in range(3000)]
        (folder / f"p{part}.ndjson").write_text("\n".join(rows) + "\n")
    return folder


def start(cluster, folder, *options, program=EXPRESSION, pattern="*"):
    address = cluster.scheduler.address
    words = ["grad", program, "--each", "--engine", f"dask={address}", *options]
    words += ["--input", str(folder / pattern), "-o", str(folder.parent / "out")]
    return subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )


def run(*arguments, **how):
    process = start(*arguments, **how)
    _, messages = process.communicate(timeout=90)
    return process.returncode, messages.decode()


def whole(folder, program=EXPRESSION):
    """Every output is what one process writes; nothing else is there."""
    out = folder.parent / "out"
    visible = sorted(path.name for path in out.iterdir() if path.name[0] != ".")
    assert visible == sorted(path.name for path in folder.iterdir())
    assert not list(out.glob("*.tmp"))
    for path in folder.iterdir():
        alone = ok("grad", program, "--each", "--input", str(path))
        assert (out / path.name).read_text() == alone


def test_a_file_of_results_for_each_file_and_only_once(cluster, data):
    assert run(cluster, data) == (0, f"note: {PARTS} parts done, 0 were there\n")
    whole(data)
    assert run(cluster, data) == (0, f"note: 0 parts done, {PARTS} were there\n")
    (data.parent / "out" / "p3.ndjson").unlink()
    (data / "p4.ndjson").write_text('{"x": 1, "y": 2}\n')
    status, message = run(cluster, data)
    assert status == 2
    assert "p4.ndjson is there" in message and "--force" in message
    assert run(cluster, data, "--force") == (0, f"note: 2 parts done, {PARTS - 2} were there\n")
    whole(data)


def test_a_worker_that_dies_costs_no_record(cluster, data):
    slow = "sum([sin(x*y) for i in range(20)])"
    process = start(cluster, data, program=slow)
    out = data.parent / "out"
    patience = time.monotonic() + 60
    while not list(out.glob(".*.json")) and time.monotonic() < patience:
        time.sleep(0.02)
    first, *_ = cluster.run(os.getpid).values()
    os.kill(first, signal.SIGKILL)
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 0, messages
    whole(data, slow)
    cluster.wait_for_workers(2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_goes_on_where_it_was(cluster, data, number):
    process = start(cluster, data)
    out = data.parent / "out"
    patience = time.monotonic() + 60
    while not list(out.glob("p*")) and time.monotonic() < patience:
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=30)
    status, messages = run(cluster, data)
    assert status == 0, messages
    whole(data)


def test_a_part_of_garbage_fails_alone(cluster, data):
    (data / "p2.ndjson").rename(data / "p2.csv")
    (data / "p2.csv").write_bytes(b"x,x\n1,2\n")
    status, messages = run(cluster, data)
    assert status == 2
    assert "p2.csv" in messages and "two columns are named x" in messages
    assert not (data.parent / "out" / "p2.csv").exists()
    (data / "p1.ndjson").write_text('{"x": 1, "y": 2}\n{"x": "?", "y": 2}\n')
    for options in ("--force",), ():  # the second run only knows of it
        status, messages = run(cluster, data, *options)
        assert status == 2
        assert f"2 of the {PARTS} failed" in messages and str(data / "p1.ndjson") in messages
    (data / "p2.csv").unlink()
    os.utime(data / "p1.ndjson")
    status, messages = run(cluster, data, "--force", "--errors", "json")
    (line,) = messages.splitlines()
    error = json.loads(line)["error"]
    assert (error["file"], error["record"]) == (str(data / "p1.ndjson"), 2)
    jsonschema.validate(json.loads(line), schema("error"))
    (data / "p1.ndjson").write_text('{"x": 1, "y": 2}\n')
    (data.parent / "out" / "p1.ndjson").unlink()
    assert run(cluster, data)[0] == 0
    whole(data)


def test_a_full_disk_costs_no_more_than_the_parts_it_cuts(data):
    size = max(path.stat().st_size for path in data.iterdir())

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # of any one file

    out = data.parent / "out"
    (data / "p0.ndjson").write_text('{"x": 1, "y": 2}\n')
    words = ["grad", EXPRESSION, "--each", "--engine", "dask", "--jobs", "2"]
    words += ["--input", str(data / "*"), "-o", str(out)]
    for preexec, status in (small, 2), (None, 0):
        done = subprocess.run(
            [*COMMAND, *words],
            capture_output=True,
            env=environment(),
            preexec_fn=preexec,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stderr
        if status:
            assert b"File too large" in done.stderr
            assert b"Traceback" not in done.stderr
            assert [path.name for path in out.iterdir() if path.name[0] != "."] == ["p0.ndjson"]
            assert not list(out.glob("*.tmp"))
    whole(data)


def test_outputs_are_not_shared(cluster, data):
    (data / "p0.csv").write_text("x,y\n1,2\n")
    status, messages = run(cluster, data, "--to", "csv")
    assert status == 2
    assert "would share" in messages


def test_columns_go_into_columns(cluster, data):
    for path in data.iterdir():
        path.unlink()
    x = np.linspace(0, 3, 5000)
    for part in range(2):
        pq.write_table(pa.table({"x": x, "y": x * part}), data / f"p{part}.parquet")
    assert run(cluster, data, pattern="*.parquet")[0] == 0
    found = pq.read_table(data.parent / "out" / "p1.parquet")
    np.testing.assert_allclose(found["value"].to_numpy(), np.sin(x * x), atol=1e-12)


def test_another_version_is_refused(cluster, tmp_path):
    task = ("0.0.0", ["grad", "x", "--each"], "", "in.csv", str(tmp_path / "out.csv"), "digest")
    with pytest.raises(RuntimeError, match=r"tasks are of gradcli 0\.0\.0"):
        cluster.submit(run_part, *task).result()


def test_the_recipe_for_frames(cluster):
    import dask.dataframe as dd
    from dask_frame import slopes

    frame = pd.DataFrame({"x": np.linspace(0, 1, 400), "y": np.arange(400) % 7})
    found = slopes(dd.from_pandas(frame, npartitions=4)).compute()
    np.testing.assert_allclose(found["grads.x"], frame.y * np.cos(frame.x * frame.y))
    assert list(found.index) == list(frame.index)


def test_arrow_tables_and_batches():
    table = pa.table({"id": ["a", "b"], "x": [1.0, 2.0]})
    double = function("x**2")
    assert double(table).to_pydict() == {"value": [1.0, 4.0], "grads.x": [2.0, 4.0]}
    (batch,) = table.to_batches()
    assert double(batch).to_pydict() == double(table).to_pydict()
