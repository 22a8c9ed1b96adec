"""LAPACK says nothing on its own: what it complains of would stand among a command's data."""

from __future__ import annotations

import warnings

import pytest
from programs import run

NAMES = """cholesky inv svd svdvals eigh eigvalsh eig eigvals qr pinv det slogdet matrix_rank cond
matrix_norm norm lstsq solve matrix_power"""
MORE = {
    "torch": "lu lu_factor ldl_factor matrix_exp cholesky_ex inv_ex tensorinv",
    "np": "tensorinv tensorsolve",
}
VALUES = ("nan", "inf", "1e308", "5e-324")
SHAPES = ((3, 3), (3, 2), (2, 3), (2, 2, 2))
FURTHER = {
    "matrix_power": ("2",),
    "norm": ("2", "'nuc'", "-2"),
    "matrix_norm": ("2", "'nuc'", "-2"),
}


@pytest.mark.parametrize("module", ["torch", "np"])
@pytest.mark.parametrize("value", VALUES)
def test_of_any_matrix(module: str, value: str, capfd: pytest.CaptureFixture[str]) -> None:
    full = f"torch.full({{}}, float('{value}'), dtype=torch.float64)"
    if module == "np":
        full = f"np.full({{}}, float('{value}'))"
    for name in f"{NAMES} {MORE[module]}".split():
        for shape in SHAPES:
            right = full.format((shape[-2], 1))
            others = {"lstsq": (right,), "solve": (right,), "tensorsolve": (right,)}
            for other in (*FURTHER.get(name, others.get(name, ())), ""):
                given = f", {other}" if other else ""
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    run(
                        "import torch\nimport numpy as np\n"
                        f"{module}.linalg.{name}({full.format(shape)}{given})"
                    )
                assert capfd.readouterr() == ("", ""), (name, shape, other)
