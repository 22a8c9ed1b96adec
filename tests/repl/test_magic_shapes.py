"""A vector of a wrong shape is refused in PyTorch's words by whatever multiplies with it."""

from __future__ import annotations

import pytest
from test_magics import Talk, talk  # noqa: F401  (a fixture)

SHAPES = {"1": [], "[1]": [1], "[1, 2]": [2], "[[1, 1, 1]]": [1, 3], "ones(4)": [4], "ones(0)": [0]}


def cotangent(shape: list[int], wanted: list[int]) -> str:
    return (
        f"RuntimeError: Mismatch in shape: grad_output[0] has a shape of torch.Size({shape}) and "
        f"output[0] has a shape of torch.Size({wanted})."
    )


def tangent(shape: list[int], wanted: list[int]) -> str:
    return (
        "RuntimeError: Trying to set a forward gradient that has a different size than that of the "
        f"original Tensor, this is not supported. Tensor is of size {wanted} while the given "
        f"forward gradient is of size {shape}."
    )


@pytest.mark.parametrize("text", SHAPES)
def test_magics_refuse_a_wrong_shape(talk: Talk, text: str) -> None:  # noqa: F811
    shape = SHAPES[text]
    talk("x = param([1., 2., 3.]); y = x * 2; s = param(2.); m = ones(2, 3) * s")
    for magic, wanted, sentence in (
        ("%vjp x*2 x", [3], cotangent),
        ("%vjp y x", [3], cotangent),
        ("%backward y", [3], cotangent),
        ("%jvp y x", [3], tangent),
        ("%vjp m s", [2, 3], cotangent),
        ("%backward m", [2, 3], cotangent),
    ):
        shown = " ".join(talk(f"{magic} {text}").split())
        assert sentence(shape, wanted) in shown, magic
        assert f"needs the shape of `{magic.split()[1 if 'jvp' not in magic else 2]}`" in shown
        assert f": {wanted}, such as ones_like(" in shown
    assert "None" in talk("print(x.grad)")
    for magic in ("%backward s*s", "%vjp s*s s", "%jvp s*s s"):
        shown = talk(f"{magic} {text}")
        assert ("needs the shape" in shown) == (shape != [])


@pytest.mark.parametrize("magic", ["%grad y x", "%grad y", "%grad"])
def test_a_gradient_starts_from_one_number(talk: Talk, magic: str) -> None:  # noqa: F811
    talk("x = param([1., 2., 3.])", "y = x * 2")
    shown = " ".join(talk(magic).split())
    assert (
        "grad can be implicitly created only for scalar outputs = help: `y` has the shape" in shown
    )
    assert "[3]: %vjp y x v takes a cotangent v, %jacobian all elements" in shown


def test_the_right_shape_is_taken(talk: Talk) -> None:  # noqa: F811
    talk("x = param([1., 2., 3.]); y = x * 2")
    assert "[2., 4., 6.]" in talk("%vjp y x [1, 2, 3]").replace("tensor(", "")
    assert "[2., 2., 2.]" in talk("%vjp y x")
    assert "[2., 2., 2.]" in talk("%jvp y x")
    assert "x.grad = tensor([2., 0., 0.])" in talk("%backward y [1, 0, 0]")
