"""JSON records: a line each, over several lines, one after the other, or in a list."""

import gc
import json
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.io.errors import DataError
from gradcli.io.json_records import groups
from gradcli.io.source import Source

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(-1e9, 1e9, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=8)
LAYOUTS = ("lines", "indented", "unindented", "together", "list", "indented list", "blank lines")


def source_of(data, size=1 << 20):
    """A source that gives `size` bytes a read."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return Source(-1, "test", lambda descriptor, wanted: pieces.pop(0) if pieces else b"")


def read(data, size=1 << 20):
    """All records with their lines; messages in the place of bad ones."""
    found = []
    for group in groups(source_of(data, size)):
        batch = group.records()
        for place, record in enumerate(batch):
            shown = record if isinstance(record, dict) else record.message
            found.append((batch.line(place), shown))
    return found


def written(records, layout):
    """The text of records, and the lines on which they begin."""
    indent = {"indented": 2, "unindented": 0, "indented list": 1}.get(layout)
    texts = [json.dumps(record, indent=indent, ensure_ascii=False) for record in records]
    if layout == "together":
        return "".join(texts), [1] * len(texts)
    if layout == "list":
        return f"[{','.join(texts)}]", [1] * len(texts)
    between = ",\n" if layout == "indented list" else "\n\n" if layout == "blank lines" else "\n"
    line = 2 if layout == "indented list" else 1
    lines = []
    for text in texts:
        lines.append(line)
        line += text.count("\n") + between.count("\n")
    body = between.join(texts)
    return (f"[\n{body}\n]\n" if layout == "indented list" else f"{body}\n"), lines


@settings(max_examples=200, deadline=None)
@given(RECORDS, st.sampled_from(LAYOUTS), st.sampled_from([1, 2, 7, 64, 1 << 20]))
def test_records_in_any_layout_and_any_pieces(records, layout, size):
    text, lines = written(records, layout)
    found = read(text.encode("utf-8", "surrogatepass"), size)
    assert found == list(zip(lines, records, strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"x":1}\n{"x":\n{"x":2}\n', [1, "the JSON value is incomplete", 2]),
        ('{"x":\n{"x":\n{"x":\n{"x":2}\n', ["the JSON value is incomplete"] * 3 + [2]),
        ('{"x":1},{"x":2}\n{"x":3}\n', [1, "expected a value, not ','", 3]),
        ('{"x":[1\n2]}\n{"x":3}\n', ["expected ',' delimiter", 3]),
        ('{"x":1} 5 {"x":2}\n', [1, "a record is an object, not 5", 2]),
        ('{"x":1}\n[{"x":2},{"x":3}]\n{"x":4}\n', [1, 2, 3, 4]),
        ('[{"x":1}]\n[{"x":2}]{"x":3}\n', [1, 2, 3]),
        ('[{"x":1},{"x":NaN},{"x":3}]', [1, "NaN is not JSON", 3]),
        ('[{"x":1} {"x":2}]', [1, "expected ',' or ']'"]),
        ('[{"x":1},', [1, "the list is not closed"]),
        ('[{"x":1},{"x":', [1, "the JSON value is incomplete"]),
        ("[]", []),
        ('{"x":[1,\n{"x":2}\n{"x":3}\n', ["the JSON value is incomplete", 2, 3]),
        ('{"x":[\n{"y":1},\n{"y":2}\n]}\n', [[{"y": 1}, {"y": 2}]]),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_what_is_wrong_is_wrong_in_its_place(text, expected, size):
    found = [
        shown["x"] if isinstance(shown, dict) else shown for _, shown in read(text.encode(), size)
    ]
    if expected is not None:
        assert found == expected
    else:
        assert found


def test_bytes_that_are_not_text_are_one_record():
    found = read(b'{"x":1}\n{"x":"\xff"}\n{"x":2}\n')
    assert [shown if isinstance(shown, str) else shown["x"] for _, shown in found] == [
        1,
        "this is not UTF-8 (byte 0xff)",
        2,
    ]
    assert read(b'[{"x":1},\n{"x":"\xff"}]')[-1][1].startswith("this is not UTF-8")


def test_lines_are_given_before_the_next_ones_are_there():
    reader, writer = os.pipe()
    found = groups(Source(reader, "test"))
    for number in range(3):
        os.write(writer, b'{"x": %d}\n' % number)
        assert next(found).records() == [{"x": number}]
    os.write(writer, b'{"x":\n')
    assert next(found).records() == []
    os.write(writer, b"7}\n")
    assert next(found).records() == [{"x": 7}]
    os.close(writer)
    assert list(found) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"x": \n',
        '{"x": [1,\n',
        "[1,\n",
        '{"x": {"y": [\n{\n',
        '{"x": 1}{"x": 2}\n',
        '{"x":\n{"x": 1}\n',
        '"\n',
        "}\n",
    ],
)
def test_time_is_linear_whatever_comes(text):
    def seconds(count):
        gc.collect()
        gc.disable()  # it looks at everything that other tests have left
        try:
            start = time.process_time()
            for group in groups(source_of((text * count).encode(), 1 << 14)):
                group.records()
            return time.process_time() - start
        finally:
            gc.enable()

    few, many = (min(seconds(count) for _ in range(2)) for count in (1_000, 8_000))
    assert many < 30 * few + 1  # squared it was 64 times the few, and 8 seconds and more


def test_a_list_is_read_in_flat_memory():
    import tracemalloc

    item = json.dumps({"x": list(range(100))})

    def peak(count):
        pieces = iter([b"[", *[item.encode() + b"," for _ in range(count)], b"{}]"])
        source = Source(-1, "test", lambda descriptor, size: next(pieces, b""))
        tracemalloc.start()
        for group in groups(source):
            group.records()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(8000) < 2 * peak(1000) + 1_000_000


def test_a_deep_value_is_an_error():
    found = read(b'{"x":1}\n' + b"[" * 100_000 + b"\n")
    assert found[0] == (1, {"x": 1})
    assert isinstance(found[1][1], str)
    assert isinstance(next(iter(groups(source_of(b"[" * 100_000)))).records()[0], DataError)
