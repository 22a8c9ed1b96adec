"""Parquet and Arrow: columns in and columns out."""

import io
import math
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.io.arrow import groups, read, writer
from gradcli.io.errors import DataError
from gradcli.io.results import Filled
from gradcli.io.source import Source, opened
from gradcli.streams import function

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from process import COMMAND, environment, gradcli, ndjson, ok, records

FORMS = ("parquet", "arrow")
ROWS = [{"id": f"r{i}", "x": i / 7, "y": [1.5, -i]} for i in range(40)]


def written(table, form, path):
    if form == "parquet":
        pq.write_table(table, path)
    elif form == "arrow":
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    else:
        with pa.ipc.new_stream(path, table.schema) as file:
            file.write_table(table)
    return str(path)


def back(data, form):
    if form == "parquet":
        return pq.read_table(io.BytesIO(data))
    return pa.ipc.open_stream(data).read_all()


def source_of(data):
    stream = io.BytesIO(data)
    return Source(-1, "test", lambda descriptor, size: stream.read(min(size, 1000)))


@settings(deadline=None)
@given(
    st.sampled_from(FORMS),
    st.lists(st.integers(1, 30), min_size=1, max_size=4),
    st.sampled_from(["float64", "float32", "float16", "int64", "int8", "bool", "complex128"]),
    st.sampled_from([(), (1,), (3,), (2, 2)]),
    st.data(),
)
def test_columns_read_back_as_they_were(form, counts, name, shape, data):
    file = io.BytesIO()
    sink = writer(file, form)
    parts = [data.draw(arrays.arrays(name, (count, *shape))) for count in counts]
    words = [data.draw(st.lists(st.text(), min_size=n, max_size=n)) for n in counts]
    for part, text, count in zip(parts, words, counts, strict=True):
        sink.add([Filled("id", text), Filled("value", part)], count)
    sink.close()
    found = read(source_of(file.getvalue()), form)
    value = np.concatenate(parts)
    assert found["id"] == [text for part in words for text in part]
    assert found["value"].dtype == value.dtype
    assert found["value"].tobytes() == value.tobytes() or np.array_equal(
        found["value"], value, equal_nan=name.startswith(("float", "complex"))
    )


@pytest.mark.parametrize("form", FORMS)
def test_results_are_columns_with_the_numbers_of_json(tmp_path, form):
    words = ("grad", "(x*y).sum()", "--each", "--copy", "id")
    expected = records(ok(*words, stdin=ndjson(ROWS)))
    out = tmp_path / f"out.{form}"
    ok(*words, "-o", str(out), stdin=ndjson(ROWS))
    table = back(out.read_bytes(), form)
    assert table.column_names == ["id", "value", "grads.x", "grads.y"]
    for row, result in zip(table.to_pylist(), expected, strict=True):
        assert row == {
            "id": result["id"],
            "value": result["value"],
            "grads.x": result["grads"]["x"],
            "grads.y": result["grads"]["y"],
        }
    piped = gradcli(*words, "--to", form, stdin=ndjson(ROWS)).stdout
    assert back(piped, form).equals(table)
    again = records(ok("grad", "x*2", "--each", "--input", str(out), "--map", "x=value"))
    assert again[1]["value"] == 2 * expected[1]["value"]


@pytest.mark.parametrize("form", FORMS)
def test_failed_records_are_null(tmp_path, form):
    rows = [{"id": 1}, {"id": 2, "x": 1.0}, {"id": 3, "x": [1, 2]}, {"id": 4, "x": 2.0}]
    out = tmp_path / f"out.{form}"
    done = gradcli("grad", "x", "--each", "--copy", "id", "-o", str(out), stdin=ndjson(rows))
    assert done.returncode == 2
    table = back(out.read_bytes(), form).to_pylist()
    assert [row["value"] for row in table] == [None, 1.0, None, 2.0]
    assert [row["id"] for row in table] == [1, 2, 3, 4]


@pytest.mark.parametrize("form", [*FORMS, "stream"])
def test_every_kind_of_column(tmp_path, form):
    count = 5
    table = pa.table(
        {
            "id": pa.array([f"s{i}" for i in range(count)]).dictionary_encode(),
            "x": np.arange(count) * 0.5,
            "i": pa.array(range(count), pa.uint64()),
            "h": pa.array(np.arange(count), pa.float16()),
            "b": pa.array([True, False] * 2 + [True]),
            "v": pa.array([[1.0 * i, 2.0] for i in range(count)]),
            "r": pa.array([[1.0] * i for i in range(count)]),
            "n": pa.array([1.0, None, 3.0, math.nan, math.inf]),
            "d": pa.array([Decimal(f"{i}.25") for i in range(count)]),
            "t": pa.array([date(2020, 1, 1 + i) for i in range(count)]),
            "pos": pa.array([{"x": 1.0 * i, "w": "q"} for i in range(count)]),
            "z": pa.array([{"re": 1.0 * i, "im": 2.0} for i in range(count)]),
        }
    )
    path = written(table, form, tmp_path / "t")
    words = ("--each", "--input", path, "--from", "parquet" if form == "parquet" else "arrow")

    def values(expression, *more):
        return records(gradcli("eval", "-e", expression, *words, *more).stdout)

    assert values("x*i") == [i * i * 0.5 for i in range(count)]
    assert values("h") == [float(i) for i in range(count)]
    assert values("b") == [True, False, True, False, True]
    assert values("v") == [[1.0 * i, 2.0] for i in range(count)]
    assert values("r.sum()") == [float(i) for i in range(count)]
    assert values("d") == [i + 0.25 for i in range(count)]
    assert values("z")[1] == {"re": 1.0, "im": 2.0}
    assert values("p", "--map", "p=.pos.x") == [float(i) for i in range(count)]
    nulls = values("n")
    assert nulls[0] == 1.0
    assert "expected a number, but got null" in nulls[1]["error"]["message"]
    assert nulls[3:] == ["NaN", "Infinity"]
    copied = records(ok("eval", "-e", "x", *words, "--copy", "id,t,pos,r,n"))[1]
    assert copied == {
        "id": "s1",
        "t": "2020-01-02",
        "pos": {"x": 1.0, "w": "q"},
        "r": [1.0],
        "n": None,
        "value": 0.5,
    }
    whole = ("eval", "--json", "-e", "(x*i).sum()", "--input", path, "--from", words[-1])
    assert float(ok(*whole)) == sum(i * i * 0.5 for i in range(count))


@pytest.mark.parametrize("form", [*FORMS, "npz"])
def test_what_is_copied_may_be_anything(tmp_path, form):
    rows = [
        {"id": 1, "b": True, "big": 10**30, "n": None, "v": [1, 2], "x": 1},
        {"id": "two", "b": False, "big": 2, "n": 2.5, "v": {"a": None}, "x": 2},
        {"b": True, "x": "?"},
    ]
    out = tmp_path / f"out.{form}"
    words = ("grad", "x", "--each", "--copy", "id,b,big,n,v", "-o", str(out))
    assert gradcli(*words, stdin=ndjson(rows)).returncode == 2
    if form == "npz":
        with np.load(out) as found:
            assert found["id"].tolist() == ["1", "two", ""]
            assert found["error"].tolist() == [False, False, True]
            assert np.isnan(found["n"]).tolist() == [True, False, True]
        return
    table = back(out.read_bytes(), form).to_pydict()
    assert table["id"] == ["1", "two", None]
    assert table["b"] == [True, False, True]
    assert table["big"] == ["1" + "0" * 30, "2", None]
    assert table["n"] == [None, 2.5, None]
    assert table["v"] == ["[1,2]", '{"a":null}', None]
    assert table["value"] == [1.0, 2.0, None]


def test_packed_and_piped_tables(tmp_path):
    table = pa.table({"x": [1.0, 2.0]})
    for form in (*FORMS, "stream"):
        path = written(table, form, tmp_path / "t")
        with open(path, "rb") as file:
            given = "parquet" if form == "parquet" else "arrow"
            found = ok("grad", "x**2", "--each", "--from", given, stdin=file)
        assert [row["value"] for row in records(found)] == [1.0, 4.0]


class Label(pa.ExtensionType):
    def __init__(self):
        super().__init__(pa.float64(), "test.label")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, data):
        return cls()


@pytest.mark.parametrize("form", [*FORMS, "stream"])
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("inside", [True, False])
def test_extension_types_are_refused(tmp_path, form, registered, inside):
    column = pa.ExtensionArray.from_storage(Label(), pa.array([1.0]))
    if inside:
        column = pa.StructArray.from_arrays([column], names=["inner"])
    path = written(pa.table({"x": column}), form, tmp_path / "t")
    if registered:
        pa.register_extension_type(Label())
    try:
        with opened(path) as source, pytest.raises(DataError, match="extension type"):
            list(groups(source, "parquet" if form == "parquet" else "arrow"))
    finally:
        if registered:
            pa.unregister_extension_type("test.label")


@pytest.mark.parametrize("form", FORMS)
def test_junk_and_damage_are_errors(tmp_path, form):
    path = written(pa.table({"x": np.arange(1000.0)}), form, tmp_path / "t")
    good = Path(path).read_bytes()
    half, torn = good[: len(good) // 2], good[:100] + b"\xff" * 200 + good[300:]
    for bad in (b"", b"junk" * 10, good[:-20], half, torn):
        done = gradcli("grad", "x", "--each", "--from", form, stdin=bad)
        assert done.returncode in (0, 2), done.stderr
        assert b"Traceback" not in done.stderr
        assert b"bug" not in done.stderr


def test_pages_are_unpacked_below_the_limit(tmp_path):
    path = tmp_path / "bomb.parquet"
    zeros = pa.table({"x": np.zeros(40_000_000)})
    pq.write_table(zeros, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 1 << 20
    done = gradcli("grad", "x.sum()", "--input", str(path), "--max-memory", "200M")
    assert (done.returncode in (2, 6), b"memory" in done.stderr) == (True, True)


@pytest.mark.parametrize("form", FORMS)
def test_memory_is_flat(tmp_path, form):
    def peak(count):
        path = tmp_path / "in.parquet"
        table = pa.table({"x": np.arange(count) / 7, "y": np.ones(count)})
        pq.write_table(table, path, row_group_size=1 << 16)
        script = (
            "import resource, sys\nfrom gradcli.cli.main import run\nrun(sys.argv[1:])\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        words = ("grad", "x*y", "--each", "--input", str(path), "-o", str(tmp_path / f"out.{form}"))
        done = subprocess.run(
            [COMMAND[0], "-c", script, *words], capture_output=True, env=environment(), check=True
        )
        return int(done.stderr)

    assert peak(1_000_000) < peak(200_000) + (48 << 10)


def test_rows_come_before_the_next_ones():
    reader, feeder = os.pipe()
    schema = pa.schema([("x", pa.float64())])
    with os.fdopen(feeder, "wb", 0) as pipe, pa.ipc.new_stream(pipe, schema) as stream:
        stream.write_batch(pa.record_batch([[1.0, 2.0]], schema=schema))
        found = groups(Source(reader, "test"), "arrow")
        assert next(found).arrays["x"].tolist() == [1.0, 2.0]
        stream.write_batch(pa.record_batch([[3.0]], schema=schema))
        assert next(found).arrays["x"].tolist() == [3.0]


@pytest.mark.parametrize("container", [pa.table, pa.RecordBatch.from_pydict])
def test_no_rows_have_the_columns_of_some(container):
    """Partitions without a row are common, and engines want the same schema of all."""
    slopes = function("sin(x*y)", wrt=["x"])
    some, none = (
        slopes(container({name: pa.array(values, pa.float64()) for name in "xy"}))
        for values in ([1.0, 2.0], [])
    )
    assert type(none) is type(some)
    assert none.schema == some.schema
    assert (some.num_rows, none.num_rows) == (2, 0)


@pytest.mark.parametrize("container", [pa.table, pa.RecordBatch.from_pydict])
@pytest.mark.parametrize("kind", [pa.float64(), pa.int32()])
def test_a_null_is_a_record_that_fails(container, kind):
    columns = {"x": pa.array([1, None, 3], kind), "y": pa.array([2, 5, 6], kind)}
    with pytest.raises(ValueError, match="record 2: `x` is null"):
        function("x*y")(container(columns))
    found = function("x*y", errors="nan")(container(columns)).to_pydict()
    assert [found["value"][0], found["grads.x"][2]] == [2, 6]
    assert all(math.isnan(column[1]) for column in found.values())
