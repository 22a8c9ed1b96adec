"""Making tensors and drawing random ones, against what PyTorch answered."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import replayed
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcli.torch as torch
from gradcli.table.index import FUNCTION_ROWS
from gradcli.table.public.plain_functions import FUNCTIONS, get_function


def test_creation_calls_are_pytorchs() -> None:
    wrong = replayed.differences("creation")
    assert not wrong, "\n".join(wrong)


def test_random_calls_are_pytorchs() -> None:
    wrong = replayed.differences("random")
    assert not wrong, "\n".join(wrong)


numbers = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6))
def test_a_list_takes_the_largest_category(values) -> None:
    found = torch.tensor(values)
    kinds = {type(value) for value in values}
    if float in kinds:
        assert found.dtype is torch.float32
        expected = np.array([float(value) for value in values]).astype(np.float32)
        assert np.array_equal(found.numpy(), expected, equal_nan=True)
    elif int in kinds:
        assert found.dtype is torch.int64
        assert found.tolist() == [int(value) for value in values]
    else:
        assert found.dtype is torch.bool
        assert found.tolist() == values


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.integers(0, 9), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12
    )
)
def test_nested_lists_are_taken_or_refused_as_numpy_sees_them(data) -> None:
    try:
        expected = np.array(data, np.int64)
    except ValueError:
        with pytest.raises((ValueError, TypeError)):
            torch.tensor(data, dtype=torch.int64)
        return
    found = torch.tensor(data, dtype=torch.int64)
    assert found.tolist() == expected.tolist()


def test_a_tensor_is_a_copy_of_its_data_and_from_numpy_is_not() -> None:
    array = np.zeros(3)
    copied, shared = torch.tensor(array), torch.from_numpy(array)
    array[0] = 5
    assert copied.tolist() == [0, 0, 0]
    assert shared.tolist() == [5, 0, 0]
    assert torch.as_tensor(array).data_ptr() == shared.data_ptr()


def test_copying_a_tensor_by_tensor_warns() -> None:
    with pytest.warns(UserWarning, match="To copy construct from a tensor, it is recommended"):
        torch.tensor(torch.ones(2))


def test_odd_indices_warn() -> None:
    x = torch.ones(2, 2)
    with pytest.warns(UserWarning, match="Using a non-tuple sequence"):
        x[[0, None]]
    with pytest.warns(UserWarning, match="indexing with dtype torch.uint8"):
        x[torch.tensor([1, 0], dtype=torch.uint8)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x[0, None]


def test_every_function_is_documented_and_found_through_the_index() -> None:
    for identifier in FUNCTION_ROWS:
        entry = get_function(identifier)
        assert entry.doc.endswith("."), identifier
        assert entry.where, identifier
        assert entry is FUNCTIONS[identifier]


def test_the_index_is_up_to_date() -> None:
    from pathlib import Path

    from gradcli.table import generate

    written = Path(generate.__file__).with_name("index.py").read_text()
    assert generate.index_text() == written, "run python -m gradcli.table.generate"


def test_seeds_restart_the_stream() -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = torch.rand(3).tolist()
    torch.set_rng_state(state)
    assert torch.rand(3).tolist() == first
    assert torch.initial_seed() == 5
