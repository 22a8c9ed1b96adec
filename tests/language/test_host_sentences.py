"""What NumPy says of arrays is not said of tensors; of NumPy's own arrays it is."""

from __future__ import annotations

import pytest
from programs import run

MANY = """
import torch
x = torch.ones(1)
s = (1,) * 65
"""
CALLS = """
torch.ones(s)
torch.zeros(s)
torch.full(s, 2.0)
torch.randn(s)
torch.randint(3, s)
x.view(s)
x.reshape(s)
x.expand(s)
x.repeat(s)
torch.tile(x, s)
x[(None,) * 65]
torch.stack([torch.ones(s[1:])])
torch.ones(s[1:]).unsqueeze(0)
torch.tensordot(torch.ones(s[:33]), torch.ones(s[:33]), dims=0)
x.as_strided(s, s)
x.unflatten(0, s)
torch.meshgrid(*[x] * 65, indexing='ij')
torch.nn.functional.one_hot(torch.zeros(s[1:], dtype=torch.int64))
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_many_dimensions(call: str) -> None:
    _, error = run(f"{MANY}{call}\n")
    assert "a tensor has at most 64 dimensions here" in error, error
    caught = "".join(f"    {line}\n" for line in call.splitlines())
    text, error = run(f"{MANY}try:\n{caught}except ValueError as e:\n    print(e)\n")
    assert error == ""
    assert text.startswith("a tensor has at most 64 dimensions here"), text


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("torch.zeros(0, 2**62, 2**62)", "numel: integer multiplication overflow"),
        ("torch.ones(1).expand(2**62)", "numel: integer multiplication overflow"),
        ("torch.arange(0, 2**63)", "value cannot be converted to type int64_t without overflow"),
        ("torch.combinations(torch.arange(5), 2**40)", "numel: integer multiplication overflow"),
        ("torch.combinations(torch.arange(1), 2**40, True)", "limit: max-memory"),
        ("torch.nn.functional.interpolate(torch.ones(1, 1, 4), scale_factor=1e18)", "limit: max"),
        ("torch.nn.functional.interpolate(torch.ones(1, 1, 4), size=2**62)", "limit: max-memory"),
        ("torch.nn.functional.adaptive_avg_pool1d(torch.ones(1, 1, 4), 2**40)", "limit: max-mem"),
    ],
)
def test_large_sizes(call: str, said: str) -> None:
    _, error = run(f"import torch\n{call}\n")
    assert said in error
    assert "array" not in error


@pytest.mark.parametrize("targets", ["[[1, 9], [1, 2]]", "[[1, 2], [-1, 2]]", "[1, 4, 1, 2]"])
def test_labels_that_are_no_class(targets: str) -> None:
    _, error = run(
        f"import torch\np = torch.zeros(5, 2, 4).log_softmax(2)\nn = torch.tensor([5, 5])\n"
        f"torch.nn.functional.ctc_loss(p, torch.tensor({targets}), n, torch.tensor([2, 2]))\n"
    )
    assert error.startswith("IndexError: Target ")
    assert error.rstrip().endswith(" is out of bounds.")


def test_labels_behind_the_length_do_not_count() -> None:
    _, error = run(
        "import torch\np = torch.zeros(5, 2, 4).log_softmax(2)\nn = torch.tensor([5, 5])\n"
        "torch.nn.functional.ctc_loss(p, torch.tensor([[1, 9], [1, 2]]), n, torch.tensor([1, 2]))\n"
    )
    assert error == ""


def test_numpy_and_python_keep_their_words() -> None:
    _, error = run("import numpy as np\nnp.arange(3)[7]\n")
    assert "index 7 is out of bounds for axis 0 with size 3" in error
    _, error = run("len(range(2**64))\n")
    assert "Python int too large to convert to C ssize_t" in error
    _, error = run("raise ValueError('array is too big; said by a program')\n")
    assert "array is too big; said by a program" in error
