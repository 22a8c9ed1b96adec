"""Tables and files of columns read back as what was written."""

import io
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gradcli.io.arrays import NpzWriter, read_npz, rows
from gradcli.io.csv import groups
from gradcli.io.errors import DataError
from gradcli.io.results import Filled
from gradcli.io.source import Source
from gradcli.io.tables import TableWriter
from gradcli.io.write import Typed, Writer
from gradcli.tensor import dtypes

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
SHAPES = st.sampled_from([(), (1,), (3,), (2, 2)])
FLOATS = st.sampled_from(["float64", "float32"])


def source_of(data):
    stream = io.BytesIO(data)
    return Source(-1, "test", lambda descriptor, size: stream.read(100))


def csv_records(text, separator):
    found = []
    for group in groups(source_of(text.encode()), separator):
        batch = group.records()
        found += [(record, batch.fields(place)) for place, record in enumerate(batch)]
    return found


@settings(deadline=None)
@given(st.data(), SHAPES, FLOATS, st.sampled_from([",", "\t"]))
def test_numbers_of_a_table_read_back(data, shape, name, separator):
    elements = {"allow_subnormal": True, "width": 32 if name == "float32" else 64}
    values = data.draw(
        st.lists(arrays.arrays(name, shape, elements=st.floats(**elements)), min_size=1, max_size=4)
    )
    dtype = dtypes.NAMES[name]
    writer = TableWriter(separator, "string")
    texts = [
        writer.text({"value": Typed(v, dtype), "grads": {"x": Typed(v, dtype)}}) for v in values
    ]
    found = csv_records("\n".join([writer.header([]), *texts]) + "\n", separator)
    json_writer = Writer()
    for value, (record, fields) in zip(values, found, strict=True):
        flat = value.ravel()
        names = list(record)
        assert names[0] == "value" + ".0" * len(shape)
        assert names[len(flat)] == "grads.x" + ".0" * len(shape)
        for number, field in zip(flat, list(fields.values())[: len(flat)], strict=True):
            text = json_writer.text(Typed(np.asarray(number), dtype))
            assert field == text.strip('"')  # the digits are JSON's
            back = np.dtype(name).type(float(field))
            assert back == number or (math.isnan(back) and math.isnan(number))
            assert np.signbit(back) == np.signbit(number) or math.isnan(number)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), st.sampled_from([",", "\t"]))
def test_texts_of_a_table_read_back(pairs, separator):
    writer = TableWriter(separator, "string")
    lines = []
    for first, second in pairs:
        names, cells = writer.cells({"a": first, "b": second})
        lines.append(separator.join([*cells, writer.text({"value": 1.5})]))
    found = csv_records("\n".join([writer.header(names), *lines]) + "\n", separator)
    assert [(f["a"], f["b"]) for _, f in found] == pairs


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("start", ["", "\n\n"])
def test_a_header_tells_its_separator(separator, start):
    text = f'{start}"a,b;c"{separator}x\n1{separator}"2,5;\t"\n'
    (record, fields) = csv_records(text, ",")[0]
    assert record == {"a,b;c": 1.0, "x": "2,5;\t"}
    assert fields == {"a,b;c": "1", "x": "2,5;\t"}
    assert csv_records("x\n1\n", ",")[0][0] == {"x": 1.0}


def test_a_result_of_other_columns_is_refused():
    writer = TableWriter(",", "string")
    writer.text({"value": 1.0})
    with pytest.raises(DataError, match="not those of the first"):
        writer.text({"value": 1.0, "grads": {"x": 2.0}})
    assert TableWriter(",", "null").text({"value": math.nan, "g": None}) == ","
    with pytest.raises(DataError, match="NaN"):
        TableWriter(",", "error").text({"value": math.nan})


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from(["float64", "float32", "int64", "bool", "complex128"]),
    SHAPES,
    st.data(),
)
def test_columns_of_npz_read_back(counts, name, shape, data):
    file = io.BytesIO()
    writer = NpzWriter(file)
    wanted, valid, words = [], [], []
    for count in counts:
        part = data.draw(arrays.arrays(name, (count, *shape)))
        good = data.draw(arrays.arrays(bool, count))
        text = data.draw(
            st.lists(TEXT.map(lambda t: t.rstrip("\0")), min_size=count, max_size=count)
        )
        writer.add([Filled("id", text, result=False), Filled("value", part, good)], count)
        wanted.append(part)
        valid.append(good)
        words += text
    writer.close()
    with np.load(io.BytesIO(file.getvalue())) as found:
        good, value = np.concatenate(valid), np.concatenate(wanted)
        assert found["id"].tolist() == words
        assert found["value"].dtype == value.dtype
        assert np.array_equal(
            found["value"][good], value[good], equal_nan=name not in ("bool", "int64")
        )
        if good.all():
            assert "error" not in found.files
        else:
            assert (found["error"] == ~good).all()
            if value.dtype.kind in "fc":
                assert np.isnan(found["value"][~good]).all()


def test_npz_members_are_weighed_before_they_are_read():
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, archive.open("x.npy", "w") as member:
        header = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
        np.lib.format.write_array_header_1_0(member, header)
    from gradcli.tensor.runtime import LimitExceeded

    with pytest.raises(LimitExceeded):
        read_npz(source_of(file.getvalue()))


def test_arrays_without_a_common_axis_are_no_records():
    assert [
        group.count
        for group in rows({"x": np.zeros(5000), "y": np.zeros((5000, 2))}, Source(-1, "a"))
    ] == [
        4096,
        904,
    ]
    with pytest.raises(DataError, match="common first axis"):
        list(rows({"x": np.zeros(3), "y": np.zeros(2)}, Source(-1, "a")))


ROW = st.text(st.sampled_from("0123456789.,-e \u00e9;x"), min_size=1, max_size=9)


@settings(deadline=None)
@given(st.lists(ROW, min_size=1, max_size=30))
def test_rows_without_quotes_are_read_as_any_others(lines):
    """Blocks of plain rows are read at once; one quote anywhere has all rows go one by one."""
    plain = "a,b\n0,0\n" + "\n".join(lines) + "\n"
    quoted = plain.replace("0,0", '"0",0', 1)
    found = [[(str(r), dict(f)) for r, f in csv_records(text, ",")] for text in (plain, quoted)]
    assert found[0] == found[1]
