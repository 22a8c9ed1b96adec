"""Orthogonal polynomials of `torch.special`; PyTorch has no derivatives of them."""

from __future__ import annotations

from typing import Any

from ...kernels.special import polynomials
from ...table.dtype_rules import supports
from ...table.entry import ELEMENTWISE, op


def _define(name: str, kernel: Any, doc: str) -> None:
    op(
        f"{name}(Tensor x, Tensor n)",
        kernel=kernel,
        promote="float",
        batching=ELEMENTWISE,
        numbers="either",
        where=("special",),
        check=supports(complex=f"{name}_cpu", numbers=True),
        doc=doc,
        samples=_samples,
    )


def _samples(S: Any) -> Any:
    if S.dtype.is_complex:
        return [S(S.normal(2), S.integers(0, 3, 2))]
    return [
        S(S.uniform(-1.5, 1.5, 2, 3), S.integers(-1, 12, 3)),
        S(S.uniform(-1, 1, 4), 3),
        S(S.tensor([-1.0, 0.0, 0.5, 1.0, 2.0]), S.integers(0, 12, 1)),
        S(S.tensor([[-1.0], [0.0], [1.0]]), S.tensor([0.0, 1.5, 2.0, 7.0, 10.0])),
    ]


for _kind, _word in (("t", "first"), ("u", "second"), ("v", "third"), ("w", "fourth")):
    for _shifted in (False, True):
        _define(
            f"{'shifted_' * _shifted}chebyshev_polynomial_{_kind}",
            polynomials.chebyshev(_kind, _shifted),
            f"The {'shifted ' * _shifted}Chebyshev polynomial of the {_word} kind and degree `n`.",
        )

_define("hermite_polynomial_h", polynomials.hermite_h, "The physicists' Hermite polynomial.")
_define("hermite_polynomial_he", polynomials.hermite_he, "The probabilists' Hermite polynomial.")
_define("laguerre_polynomial_l", polynomials.laguerre, "The Laguerre polynomial of degree `n`.")
_define("legendre_polynomial_p", polynomials.legendre, "The Legendre polynomial of degree `n`.")
