"""Text and values that are refused, with the position."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.io.errors import DataError
from gradcli.io.parse import decode, parse
from gradcli.io.values import to_array
from gradcli.tensor import dtypes


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "no JSON value", 1, 1),
        ("  \n ", "no JSON value", 2, 2),
        ('{"x": NaN}', "NaN is not JSON", 1, 7),
        ('{"NaN": -Infinity}', "-Infinity is not JSON", 1, 9),
        ('{"x": 1, "x": 2}', 'the key "x" appears twice', 1, 10),
        ('{"a": {"b": 1, "b": 2}}', 'the key "b" appears twice', 1, 16),
        ('{"x": 1}\n{"x": 2}', "something after", 2, 1),
        ('{"x": 01}', "expected ',' delimiter", 1, 8),
        ('{"x": .5}', "'.5' is not JSON", 1, 7),
        ("{'x': 1}", "in double quotes", 1, 2),
        ("[1, 2", "delimiter", 1, 6),
        ('{"x": ', "incomplete", 1, 7),
        ('{"x": None}', "'None' is not JSON", 1, 7),
        ('"a\tb"', "control character", 1, 3),
        ('"\0"', "control character", 1, 2),
        ("\0", "is not JSON", 1, 1),
        ("\ufeff1", "is not JSON", 1, 1),
        ("1\xa0", "something after", 1, 2),
    ],
)
def test_text(text, message, line, column):
    with pytest.raises(DataError, match=message.replace("(", r"\(")) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_depth_digits_and_bytes():
    with pytest.raises(DataError, match="nested too deeply"):
        parse("[" * 200_000)
    with pytest.raises(DataError, match="more digits"):
        parse("1" * 5000)
    with pytest.raises(DataError, match="not UTF-8") as caught:
        decode(b'{"x": 1}\n{"\xff": 1}')
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert decode(b"\xef\xbb\xbf1") == "1"


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ([[1, 2], [3]], "x[1]", r"expected sequence of length 2 at dim 1 \(got 1\)"),
        ([[1, 2], 3], "x[1]", "expected sequence of length 2 at dim 1"),
        ([1, [2]], "x[1]", "expected a number at dim 1, but got a list"),
        ([[1], [None]], "x[1][0]", "expected a number, but got null"),
        (["1"], "x[0]", 'expected a number, but got the string "1"'),
        ("nan", "x", "expected a number"),
        ({"real": 1}, "x", "an object"),
        ({"re": 1, "im": "2"}, "x.im", "expected a number"),
        ({"re": True, "im": 1}, "x", "an object"),
        (float("inf"), "x", "beyond the range of float64"),
        ([1.0, float("inf")], "x", "beyond the range of float64"),
        (10**400, "x", "beyond the range of float64"),
        ({"dtype": "float32", "shape": [2]}, "x", '"data" is missing'),
        ({"dtype": "f4", "shape": [], "data": 1}, "x.dtype", "is not a dtype"),
        ({"dtype": "float32", "shape": [-1], "data": []}, "x.shape", "from 0 up"),
        ({"dtype": "float32", "shape": [True], "data": [1]}, "x.shape", "from 0 up"),
        ({"dtype": "float32", "shape": [3], "data": [1]}, "x.data", "shape says"),
        ({"dtype": "uint8", "shape": [], "data": 256}, "x.data", "beyond the range of uint8"),
        ({"dtype": "int64", "shape": [], "data": 2**63}, "x.data", "range of|are integers"),
        ({"dtype": "int8", "shape": [], "data": 1.5}, "x.data", "are integers"),
        ({"dtype": "bool", "shape": [], "data": 1}, "x.data", "true and false"),
        ({"dtype": "float32", "shape": [], "data": True}, "x.data", "booleans"),
        ({"dtype": "float16", "shape": [], "data": 1e6}, "x.data", "range of float16"),
    ],
)
def test_values(value, path, message):
    with pytest.raises(DataError, match=message) as caught:
        to_array(value, dtypes.float64, path="x")
    assert caught.value.path == path


def test_kinds():
    def kinds(value, **how):
        array, dtype = to_array(value, dtypes.float32, **how)
        assert array.dtype == dtype.array
        return dtype.name, np.asarray(array).tolist()

    assert kinds(1) == ("float32", 1.0)
    assert kinds(1, infer=True) == ("int64", 1)
    assert kinds([1, 2.5]) == ("float32", [1.0, 2.5])
    assert kinds([True, False]) == ("bool", [True, False])
    assert kinds(["Infinity", 1], infer=True) == ("float32", [float("inf"), 1.0])
    assert kinds([{"re": 1, "im": 2}, 3]) == ("complex64", [1 + 2j, 3 + 0j])
    assert kinds([]) == ("float32", [])
    assert kinds([[], []]) == ("float32", [[], []])
    assert kinds(2**70) == ("float32", 2.0**70)
    with pytest.raises(DataError, match="int64"):
        kinds(2**70, infer=True)
    with pytest.raises(DataError, match="range of float32"):
        kinds(1e39)


def test_lists_deeper_than_numpy():
    value = 1.0
    for _ in range(70):
        value = [value]
    with pytest.raises(DataError, match="deeper than 64"):
        to_array(value, dtypes.float64)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]":,0123456789.eE+-ntrfalsuN \n\t\\x\0é', max_size=40))
def test_never_more_lenient_than_strict_json(text):
    def refuse(name):
        raise ValueError(name)

    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("duplicate")
        return dict(pairs)

    try:
        expected = json.loads(text, parse_constant=refuse, object_pairs_hook=unique)
    except ValueError:
        with pytest.raises(DataError):
            parse(text)
    else:
        assert repr(parse(text)) == repr(expected)
