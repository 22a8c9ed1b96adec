"""Which of equal elements selections take, and a few values at the edges."""

from __future__ import annotations

import pytest
import replayed

from gradcli.kernels import selection_order


def test_choices_are_pytorchs() -> None:
    wrong = replayed.differences("ties")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("length", [1, 2, 5, 17, 40, 300])
def test_selections_are_those_of_a_sort(length: int) -> None:
    values = [place * 7919 % length for place in range(length)]
    for k in {1, length // 2 or 1, length}:
        pairs = [(value, place) for place, value in enumerate(values)]
        selection_order.top(pairs, k, True, lambda a, b: a[0] < b[0])
        assert [value for value, _ in pairs[:k]] == sorted(values)[:k]
        pairs = [(value, place) for place, value in enumerate(values)]
        selection_order.quickselect(pairs, k - 1, lambda a, b: a[0] > b[0])
        assert pairs[k - 1][0] == sorted(values)[k - 1]
