"""Views, copies, joining and rearranging, against what PyTorch answered."""

from __future__ import annotations

import numpy as np
import pytest
import replayed
from hypothesis import given, settings
from hypothesis import strategies as st

import gradcli.torch as torch
from gradcli.kernels.strides import preserved_strides, view_strides


def test_shape_calls_are_pytorchs() -> None:
    wrong = replayed.differences("shape")
    assert not wrong, "\n".join(wrong)


def test_shared_memory_is_pytorchs() -> None:
    wrong = replayed.differences("memory")
    assert not wrong, "\n".join(wrong)


shapes = st.lists(st.integers(1, 3), min_size=0, max_size=4).map(tuple)


@settings(max_examples=60, deadline=None)
@given(shapes, st.randoms(use_true_random=False), st.data())
def test_a_view_exists_exactly_where_no_copy_is_needed(shape, random, data) -> None:
    order = list(range(len(shape)))
    random.shuffle(order)
    array = np.arange(int(np.prod(shape))).reshape(shape).transpose(order)
    splits = data.draw(st.permutations(array.shape))
    new = tuple(splits) if data.draw(st.booleans()) else (array.size,)
    strides = view_strides(array.shape, tuple(s // 8 for s in array.strides), new)
    copied = array.reshape(new)
    if strides is None:
        assert not np.shares_memory(copied, array)
        return
    seen = np.lib.stride_tricks.as_strided(array, new, tuple(8 * s for s in strides))
    assert (seen == copied).all()


@settings(max_examples=60, deadline=None)
@given(shapes, st.randoms(use_true_random=False))
def test_preserved_strides_keep_a_dense_layout(shape, random) -> None:
    order = list(range(len(shape)))
    random.shuffle(order)
    array = np.zeros(shape).transpose(order)
    strides = tuple(s // 8 for s in array.strides)
    assert preserved_strides(array.shape, strides) == strides
    assert torch.zeros(array.shape).clone().stride() == torch.zeros(array.shape).stride()


def test_a_write_through_any_view_reaches_the_base() -> None:
    base = torch.zeros(2, 3, 2)
    for view in (
        base.transpose(0, 1),
        base.permute(2, 0, 1),
        base.view(6, 2),
        base.reshape(-1),
        base.flatten(),
        base.unsqueeze(1),
        base.select(1, 1),
        base.narrow(1, 0, 2),
        base.diagonal(0, 0, 2),
        base.unfold(1, 2, 1),
        base.as_strided((2, 2), (6, 1)),
        base[..., 1],
        base[:, 1:],
        base[None],
        base.mT,
    ):
        base.zero_()
        view.fill_(1)
        assert view.sum() > 0
        assert base.sum() > 0, view.shape
        assert view._base is base


def test_copies_share_nothing() -> None:
    base = torch.zeros(2, 3)
    for copy in (
        base.clone(),
        base.repeat(1, 1),
        base.flip(0),
        base.tril(),
        base.roll(1),
        torch.cat([base]),
        base.t().contiguous(),
        base.t().reshape(6),
        base[[0, 1]],
    ):
        copy.fill_(1)
        assert base.sum() == 0


def test_memory_is_asked_for_before_it_is_needed() -> None:
    from gradcli.tensor.runtime import LimitExceeded

    one = torch.ones(1000)
    for grow in (
        lambda: one.repeat(10**6, 10**6),
        lambda: one.repeat_interleave(10**12),
        lambda: torch.combinations(torch.arange(10**4), 4),
        lambda: torch.nn.functional.pad(one, (10**13, 0)),
        lambda: torch.diag_embed(torch.ones(10**6)),
        lambda: torch.zeros(10**6, 10**6),
        lambda: torch.eye(10**7),
        lambda: torch.arange(10**14),
        lambda: torch.linspace(0, 1, 10**14),
        lambda: torch.rand(10**7, 10**7),
    ):
        with pytest.raises(LimitExceeded):
            grow()


def test_an_expanded_input_is_measured_before_a_kernel_writes_it_out() -> None:
    from gradcli.tensor.runtime import LimitExceeded

    big = torch.ones(1).expand(10**12)
    for grow in (
        lambda: big.exp(),
        lambda: big + 1.0,
        lambda: big * big,
        lambda: big.detach() * big.detach(),
        lambda: torch.ones(1, 1).expand(10**6, 10**6).sin(),
        lambda: torch.ones(2000, 1) * torch.ones(1, 10**6),
    ):
        with pytest.raises(LimitExceeded):
            grow()
        with torch.inference_mode(), pytest.raises(LimitExceeded):
            grow()


@pytest.mark.parametrize("largest", [True, False])
def test_few_of_many_are_those_that_sorting_finds(largest: bool) -> None:
    torch.manual_seed(0)
    distinct = torch.randn(4, 5, 40)
    ties = torch.randint(0, 9, (6, 40)).float()
    ties[0, 3] = float("nan")
    for x in (distinct, ties, distinct.transpose(0, 2).contiguous().transpose(0, 2)):
        values, indices = x.topk(5, largest=largest)
        expected = x.sort(dim=-1, descending=largest, stable=True)
        if x is not ties:  # which of equal elements it is, test_selection_order asks
            assert torch.equal(indices, expected[1][..., :5])
        found = x.gather(-1, indices).nan_to_num(99.0)
        assert torch.equal(found, values.nan_to_num(99.0))
        assert torch.equal(values.nan_to_num(99.0), expected[0][..., :5].nan_to_num(99.0))
