"""Indexing: against PyTorch's answers, and against NumPy for generated indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import replayed
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import gradcli.torch as torch


def test_index_calls_are_pytorchs() -> None:
    wrong = replayed.differences("indexing")
    assert not wrong, "\n".join(wrong)


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def positive(index: Any) -> bool:
    """Whether every slice goes forward, as PyTorch demands."""
    items = index if isinstance(index, tuple) else (index,)
    return all(item.step is None or item.step > 0 for item in items if isinstance(item, slice))


@st.composite
def basic(draw: Any) -> tuple[tuple[int, ...], Any]:
    shape = draw(shapes)
    index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    assume(positive(index))
    return shape, index


def arrays(shape: tuple[int, ...]) -> tuple[Any, Any]:
    array = np.arange(float(np.prod(shape))).reshape(shape)
    return array, torch.tensor(array)


@settings(max_examples=150, deadline=None)
@given(basic())
def test_basic_indices_are_views_of_numpys_elements(case) -> None:
    shape, index = case
    array, tensor = arrays(shape)
    expected = array[index]
    found = tensor[index]
    assert found.tolist() == expected.tolist()
    if np.ndim(expected):
        assert found._base is tensor
        assert [s for s, n in zip(found.stride(), found.shape, strict=True) if n > 1] == [
            s // 8 for s, n in zip(expected.strides, expected.shape, strict=True) if n > 1
        ] or not expected.size


@settings(max_examples=150, deadline=None)
@given(basic())
def test_assignment_through_basic_indices(case) -> None:
    shape, index = case
    array, tensor = arrays(shape)
    array[index] = -1
    tensor[index] = -1
    assert tensor.tolist() == array.tolist()


@st.composite
def advanced(draw: Any) -> tuple[tuple[int, ...], tuple[Any, ...]]:
    """Slices, index arrays and masks; no ints, which NumPy counts among the arrays."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
    length = draw(st.integers(0, 3))
    index: list[Any] = []
    for size in shape:
        kind = draw(st.sampled_from(["slice", "array", "mask", "stop"]))
        if kind == "stop":
            break
        if kind == "slice":
            index.append(slice(draw(st.integers(0, size)), None))
        elif kind == "array":
            values = draw(st.lists(st.integers(-size, size - 1), min_size=length, max_size=length))
            index.append(np.array(values, np.int64))
        else:
            mask = np.zeros(size, bool)
            count = min(length, size)
            assume(count == length)
            mask[draw(st.permutations(range(size)))[:count]] = True
            index.append(mask)
    assume(any(not isinstance(item, slice) for item in index))
    return shape, tuple(index)


def as_tensors(index: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(torch.tensor(i) if isinstance(i, np.ndarray) else i for i in index)


@settings(max_examples=150, deadline=None)
@given(advanced())
def test_advanced_indices_are_numpys(case) -> None:
    shape, index = case
    array, tensor = arrays(shape)
    found = tensor[as_tensors(index)]
    expected = array[index]
    assert tuple(found.shape) == expected.shape
    assert found.tolist() == expected.tolist()
    assert found.is_contiguous()


@settings(max_examples=100, deadline=None)
@given(advanced())
def test_the_gradient_counts_how_often_an_element_was_read(case) -> None:
    shape, index = case
    _, tensor = arrays(shape)
    tensor.requires_grad_()
    tensor[as_tensors(index)].sum().backward()
    counts = np.zeros(shape)
    np.add.at(counts, index, 1)
    assert tensor.grad.tolist() == counts.tolist()


@settings(max_examples=100, deadline=None)
@given(advanced())
def test_assignment_through_advanced_indices(case) -> None:
    shape, index = case
    array, tensor = arrays(shape)
    leaf = tensor.clone().requires_grad_()
    target = leaf * 1
    target[as_tensors(index)] = -1.0
    array[index] = -1
    assert target.detach().tolist() == array.tolist()
    target.sum().backward()
    assert leaf.grad.tolist() == (array != -1).astype(float).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 1), st.data())
def test_gather_and_scatter_add_are_transposes(rows, columns, dim, data) -> None:
    shape = (rows, columns)
    other = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    index_shape = tuple(
        other[axis] if axis == dim else min(other[axis], shape[axis]) for axis in (0, 1)
    )
    index = data.draw(hnp.arrays(np.int64, index_shape, elements=st.integers(0, shape[dim] - 1)))
    rng = np.random.default_rng(0)
    x, y = torch.tensor(rng.normal(size=shape)), torch.tensor(rng.normal(size=index_shape))
    places = torch.tensor(index)
    one = (x.gather(dim, places) * y).sum()
    two = (x * torch.zeros(shape, dtype=torch.float64).scatter_add(dim, places, y)).sum()
    assert abs(float(one - two)) < 1e-9
