"""Many numbers at once: the texts are those of one at a time, and lines are read as records are."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.io.columns import parse_columns
from gradcli.io.errors import DataError
from gradcli.io.lines import lines
from gradcli.io.parse import parse
from gradcli.io.shortest import texts
from gradcli.tensor import dtypes

POWERS = 2.0 ** np.arange(-1074, 1024)
SPECIAL = [0.0, -0.0, 5e-324, 1.7976931348623157e308, 1e22, 1e23, 9007199254740993.0, 1e15, 1e16]
SPECIAL += [1e17, 123456789012345680.0, 0.0001, 0.00001, 0.00012345, 2.2250738585072014e-308]


def float64s() -> np.ndarray:
    rng = np.random.default_rng(7)
    bits = rng.integers(0, 2**64, 100_000, dtype=np.uint64).view(np.float64)
    decimals = np.round(rng.normal(size=20_000), 3)
    wholes = rng.integers(-(10**18), 10**18, 10_000).astype(float)
    tens = np.array([float(f"1e{power}") for power in range(-323, 309)])
    neighbours = [np.nextafter(POWERS, 0), np.nextafter(POWERS, np.inf)]
    found = np.concatenate(
        [bits, decimals, wholes, tens, POWERS, -POWERS, *neighbours, rng.normal(size=20_000)]
    )
    return np.concatenate([found[np.isfinite(found)], SPECIAL])


def test_float64_is_written_as_by_repr() -> None:
    values = float64s()
    assert texts(values) == list(map(repr, values.tolist()))


def test_float32_has_the_fewest_digits_that_read_back() -> None:
    rng = np.random.default_rng(8)
    values = rng.integers(0, 2**32, 100_000, dtype=np.uint32).view(np.float32)
    values = np.concatenate([values[np.isfinite(values)], (2.0 ** np.arange(-149, 128))])
    values = np.concatenate([values, np.round(rng.normal(size=10_000), 2)]).astype(np.float32)
    found = texts(values)
    assert (np.array(found, float).astype(np.float32) == values).all()
    for text, value in zip(found, values, strict=True):
        digits = Decimal(text).normalize().as_tuple().digits
        shortest = Decimal(str(value)).normalize().as_tuple().digits
        assert digits == shortest, (text, value)
        assert text == repr(float(text))


def test_lines_are_what_json_writes() -> None:
    rng = np.random.default_rng(9)
    value, matrix = rng.normal(size=700), rng.normal(size=(700, 2, 3)).astype(np.float32)
    value[5], value[6] = np.nan, -np.inf
    form = [b'{"v":', (value, dtypes.float64), b',"m":', (matrix, dtypes.float32), b"}\n"]
    found = lines(form, 700, "string")
    assert found is not None
    records = [json.loads(line) for line in found.splitlines()]
    assert records[5]["v"] == "NaN" and records[6]["v"] == "-Infinity"
    for index, record in enumerate(records):
        assert (np.array(record["m"]).astype(np.float32) == matrix[index]).all()
        assert index in (5, 6) or record["v"] == value[index]
    with pytest.raises(DataError):
        lines(form, 700, "error")
    assert lines([(np.arange(700), dtypes.int64)], 700, "string") is None


GOOD = ["0", "1", "-1", "12", "0.5", "-0.25", "1e5", "1E+5", "2.5e-3", "-0.0", "9007199254740991"]
EVIL = ["+1", ".5", "5.", "00", "01", "-01", "1e", "1-2", "--1", "", "-", "1.2.3", "1e5.5", "NaN"]
EVIL += ["1_0", "0x1", "-.5", "1.e5", "-0", "9007199254740993", "1e400", "1 2", '"a"', "[1]"]
EVIL += ["null", "1}", "{1", '1,"y":2', '1}\n{"x":2', "\u0661", "1e\u0661"]
KEYS = [["x", "y"], ["x1", "1x"], ["theta", "e"], ["a"], ["α", "b"], ["e1", "1e"]]


def spoilt(line: str, how: int) -> str:
    return [line, "1" + line, line + "1", line + " ", line + "\r", "", line.replace('"', "", 1)][
        how
    ]


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_columns_are_read_as_records_are(data: st.DataObject) -> None:
    keys = data.draw(st.sampled_from(KEYS))
    comma, colon = data.draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    number = st.one_of(*[st.sampled_from(GOOD)] * 6, st.sampled_from(EVIL))
    rows = []
    for _ in range(data.draw(st.integers(1, 4))):
        names = data.draw(st.one_of(*[st.just(keys)] * 9, st.permutations(keys)))
        line = comma.join(f'"{name}"{colon}{data.draw(number)}' for name in names)
        rows.append(
            spoilt("{" + line + "}", data.draw(st.integers(-60, 6).map(lambda i: max(i, 0))))
        )
    text = "\n".join(rows)
    found = parse_columns(text.encode())
    if found is None:
        return
    records = [parse(line) for line in text.split("\n")]
    count, columns = found
    assert count == len(records)
    for index, record in enumerate(records):
        assert list(record) == list(columns)
        for name, value in record.items():
            assert columns[name][index] == value
            assert math.copysign(1, columns[name][index]) == math.copysign(1, float(value))


def test_plain_lines_become_columns() -> None:
    for block in (
        b'{"x":1,"y":-2.5}\n{"x":0.1,"y":3e2}',
        b'{"x": 1, "y": -2.5}\n{"x": 0.1, "y": 300}',
    ):
        count, columns = parse_columns(block) or (0, {})
        assert count == 2
        assert columns["x"].tolist() == [1, 0.1] and columns["y"].tolist() == [-2.5, 300]
