"""What is written is strict JSON and reads back to the same bits, for every dtype."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from gradcli.io.errors import DataError
from gradcli.io.parse import parse
from gradcli.io.values import to_array
from gradcli.io.write import Typed, Writer
from gradcli.tensor import dtypes


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


def stored(dtype, shape):
    """Arrays of any bits, as a tensor of `dtype` stores them."""
    if dtype is dtypes.bfloat16:
        return npst.arrays(np.uint16, shape).map(
            lambda bits: (bits.astype(np.uint32) << 16).view(np.float32)
        )
    if dtype.is_floating_point:
        bits = {2: np.uint16, 4: np.uint32, 8: np.uint64}[dtype.itemsize]
        return npst.arrays(bits, shape).map(lambda array: array.view(dtype.array))
    if dtype.is_complex:
        bits = {8: np.uint32, 16: np.uint64}[dtype.itemsize]
        return npst.arrays(bits, (*shape, 2)).map(
            lambda array: np.ascontiguousarray(array).view(dtype.array)[..., 0]
        )
    return npst.arrays(dtype.array, shape)


def parts(array):
    return np.stack([array.real, array.imag]) if array.dtype.kind == "c" else array


def same_bits(a, b):
    a, b = parts(np.asarray(a)), parts(np.asarray(b))
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    if a.dtype.kind == "f":
        assert np.array_equal(np.isnan(a), np.isnan(b))
        assert np.array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))
    assert np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


shapes = npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda dtype: dtype.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_lossless_form_reads_back(dtype, data):
    array = data.draw(stored(dtype, data.draw(shapes)))
    indent = data.draw(st.sampled_from([None, 0, 2]))
    text = Writer(indent=indent, full=True).text(Typed(array, dtype))
    json.loads(text, parse_constant=refuse)
    back, back_dtype = to_array(parse(text), dtypes.float32)
    assert back_dtype is dtype
    same_bits(back, array)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=lambda dtype: dtype.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bare_form_reads_back_as_its_own_dtype(dtype, data):
    array = data.draw(stored(dtype, data.draw(shapes)))
    value = parse(Writer().text(Typed(array, dtype)))
    floating = dtype.to_real() if dtype.differentiable else dtypes.float32
    if dtype is dtypes.uint64 and (array >= 1 << 63).any():
        with pytest.raises(DataError):  # as in torch.tensor
            to_array(value, floating, infer=True)
        return
    back, back_dtype = to_array(value, floating, infer=True)
    if array.size and dtype.category in (dtypes.BOOL, dtypes.COMPLEX, dtypes.FLOATING):
        assert back_dtype is dtype
        same_bits(back, array)
    elif array.size:
        assert back_dtype is dtypes.int64
        assert np.array_equal(back, array)
    else:
        assert np.asarray(back).shape == array.shape


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_every_half_precision_value_has_the_fewest_digits(name):
    from decimal import Decimal

    from gradcli.io.digits import elements

    dtype = dtypes.NAMES[name]
    bits = np.arange(1 << 15, dtype=np.uint16)
    if name == "float16":
        values = bits.view(np.float16)
    else:
        values = (bits.astype(np.uint32) << 16).view(np.float32)
    values = values[np.isfinite(values) & (values > 0)]
    texts = elements(values, dtype, "error")
    with np.errstate(over="ignore"):
        back = dtype.cast(np.array(list(map(float, texts))))
        assert np.array_equal(back, values)
        shorter, owners = [], []
        for value, text in zip(values.tolist(), texts, strict=True):
            digits = len(text.split("e")[0].replace(".", "").strip("0"))
            if digits == 1:
                continue
            near = f"{value:.{digits - 2}e}"
            unit = Decimal(1).scaleb(int(near.split("e")[1]) - digits + 2)
            for step in (-1, 0, 1):
                shorter.append(float(Decimal(near) + step * unit))
                owners.append(value)
        read = dtype.cast(np.array(shorter)).astype(np.float64)
    assert not np.any(read == np.array(owners))


def test_float32_tenth_is_tenth():
    assert Writer().text(Typed(np.float32(0.1), dtypes.float32)) == "0.1"
    assert Writer().text(0.1) == "0.1"


def test_zero_keeps_its_sign():
    assert Writer().text(Typed(np.array([-0.0, 0.0]), dtypes.float64)) == "[-0.0,0.0]"
    back, _ = to_array([-0.0, 1], dtypes.float64)
    assert math.copysign(1, back[0]) == -1


def test_integers_in_full():
    array = np.array([2**63 - 1, -(2**63)])
    assert Writer().text(Typed(array, dtypes.int64)) == f"[{2**63 - 1},{-(2**63)}]"
    assert Writer().text(10**40) == "1" + "0" * 40


def test_styles_of_nonfinite_numbers():

    value = Typed(np.array([np.nan, np.inf, -np.inf, 1.0]), dtypes.float64)
    assert Writer().text(value) == '["NaN","Infinity","-Infinity",1.0]'
    assert Writer(style="null").text(value) == "[null,null,null,1.0]"
    with pytest.raises(DataError, match="contains NaN"):
        Writer(style="error").text(value)
    assert Writer().text({"a": float("inf")}) == '{"a":"Infinity"}'


def test_empty_shapes():
    assert Writer().text(Typed(np.zeros(0), dtypes.float64)) == "[]"
    text = Writer().text(Typed(np.zeros((2, 0), np.float32), dtypes.float32))
    assert text == '{"dtype":"float32","shape":[2,0],"data":[]}'


def test_rows_stay_on_one_line_with_an_indent():
    document = {"value": 1.0, "grads": {"x": Typed(np.eye(2), dtypes.float64)}, "none": {}}
    assert Writer(indent=2).text(document) == (
        '{\n  "value": 1.0,\n  "grads": {\n    "x": [\n      [1.0, 0.0],\n      [0.0, 1.0]\n'
        '    ]\n  },\n  "none": {}\n}'
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(value=json_values, indent=st.sampled_from([None, 0, 3]))
def test_documents_read_back(value, indent):
    text = Writer(indent=indent).text(value)
    assert "\n" not in text or indent is not None
    assert json.loads(text) == value
    assert parse(text) == value
    assert repr(parse(text)) == repr(value)
