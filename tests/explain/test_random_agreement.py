"""What explanations say of random programs agrees with the gradients that the engine executes.

    PYTHONPATH=.:tests/ops:tests/explain python tests/explain/test_random_agreement.py COUNT [FIRST]

compares as many programs as are asked for.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
from derived import close
from random_texts import program

from gradcli.explain.explanation import Explanation
from gradcli.explain.norms import gradient_norms
from gradcli.explain.told import Told
from gradcli.func import recorded
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor


def agree(number: int) -> str:
    """What disagrees in the explanation of a random program; "" for nothing."""
    case = program(number)
    y, inputs = case.recorded()
    executed = dict(zip(inputs, recorded.gradients([y], list(inputs.values())), strict=True))
    told = Explanation("", y, inputs, inputs, [], "", all=True).tell()
    return "; ".join([*_gradients(told, executed), *_sums(told), *_norms(told, y)])


def _gradients(told: Told, executed: dict[str, Tensor | None]) -> list[str]:
    found = []
    for total in told.totals:
        wanted = executed[total.name]
        if (total.grad is None) != (wanted is None):
            found.append(f"whether there is a gradient of {total.name}")
        elif wanted is None or total.grad is None:
            continue
        elif not close(total.grad.array, np.asarray(wanted.array), 1e-9):
            found.append(f"the gradient of {total.name}")
    return found


def _sums(told: Told) -> list[str]:
    """What the steps pass on to an input adds up to its gradient."""
    found = []
    for total in told.totals:
        if total.grad is None:
            continue
        given = [p.grad.array for s in told.steps for p in s.passings if p.to == total.name]
        if given and not close(np.asarray(sum(given)), np.asarray(total.grad.array), 1e-9):
            found.append(f"what steps pass on to {total.name}")
        shares = [source.share for source in total.sources if source.share is not None]
        if shares and abs(sum(shares) - 1) > 1e-6:
            found.append(f"the shares of {total.name}")
    return found


def _norms(told: Told, y: Tensor) -> list[str]:
    """The norms on edges are those of what steps pass on; they are there after a pass only."""
    if gradient_norms([y]):
        return ["norms before a pass"]
    y.backward(retain_graph=True)
    edges = sorted(gradient_norms([y]).values())
    said = sorted(float(np.linalg.norm(p.grad.array)) for s in told.steps for p in s.passings)
    same = len(edges) == len(said) and np.allclose(edges, said, rtol=1e-9, atol=1e-12)
    return [] if same else ["the norms on edges"]


@pytest.mark.parametrize("number", range(40))
def test_explanations_agree_with_executed_gradients(number: int) -> None:
    assert agree(number) == "", program(number).text


if __name__ == "__main__":
    dtypes.default.dtype = dtypes.float64
    count, first = [*map(int, sys.argv[1:]), *(200, 0)[len(sys.argv) - 1 :]]
    wrong = {n: said for n in range(first, first + count) if (said := agree(n))}
    print(f"{count - len(wrong)} of {count} programs agree")
    for number, said in wrong.items():
        print(number, said)
    sys.exit(bool(wrong))
