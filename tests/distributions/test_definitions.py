"""What holds by definition: gradients of quantiles, densities of mass 1, and who is recorded."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.distributions import kl
from gradcli.kernels import reparameterized, special
from gradcli.torch import namespaces

PROGRAMS = Path(__file__).parents[1] / "goldens" / "programs" / "distributions"


def family(name: str) -> Any:
    return namespaces.lookup("torch.distributions", name)


def test_gamma_numbers_move_with_their_quantiles() -> None:
    """dx/dα = -(∂F/∂α) / p, by differences, in every region that has a formula of its own."""
    alpha, x = np.meshgrid(
        np.array([0.05, 0.3, 1.0, 2.5, 7.0, 9.0, 20.0]), np.array([0.05, 0.5, 1.0, 3.0, 9.0, 19.0])
    )
    step = 1e-5 * alpha
    by_alpha = (special.gammainc(alpha + step, x) - special.gammainc(alpha - step, x)) / (2 * step)
    density = np.exp((alpha - 1) * np.log(x) - x - special.lgamma(alpha))
    expected = -by_alpha / density
    found = reparameterized.standard_gamma_grad(alpha, x)
    kept = special.gammaincc(alpha, x) > 1e-6  # elsewhere the difference is of rounded numbers
    assert kept.sum() > 25
    np.testing.assert_allclose(found[kept], expected[kept], rtol=2e-2)


@pytest.mark.parametrize("region", [(0.3, 0.8), (2.0, 3.0), (5.0, 9.0), (8.0, 12.0), (0.5, 20.0)])
def test_beta_numbers_move_with_their_quantiles(region: tuple[float, float]) -> None:
    """(dx/dα) / (1 - x) = -(∂F/∂α) / p / (1 - x), F by quadrature."""
    alpha, beta = region

    def cdf(a: float, points: Any) -> Any:
        # Gauss' rule in v, t = x v⁴, which makes t^(a - 1) dt smooth at 0.
        nodes, weights = np.polynomial.legendre.leggauss(200)
        v = (nodes + 1.0) / 2.0
        t = points[:, None] * v**4
        values = t ** (a - 1.0) * (1.0 - t) ** (beta - 1.0) * 4.0 * points[:, None] * v**3
        area = values @ (weights / 2.0)
        return area / math.exp(math.lgamma(a) + math.lgamma(beta) - math.lgamma(a + beta))

    x = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.9])
    step = 1e-4 * alpha
    by_alpha = (cdf(alpha + step, x) - cdf(alpha - step, x)) / (2 * step)
    log_beta = math.lgamma(alpha) + math.lgamma(beta) - math.lgamma(alpha + beta)
    density = np.exp((alpha - 1) * np.log(x) + (beta - 1) * np.log1p(-x) - log_beta)
    expected = -by_alpha / density / (1.0 - x)
    kept = density > 1e-2
    found = reparameterized.dirichlet_grad(x, alpha, alpha + beta)
    np.testing.assert_allclose(found[kept], expected[kept], rtol=2e-2)


ON_A_LINE = {
    "Normal": ((0.3, 1.2), -12, 12),
    "Laplace": ((0.3, 1.2), -30, 30),
    "Gumbel": ((0.3, 1.2), -12, 40),
    "LogNormal": ((0.1, 0.5), 1e-6, 40),
    "Gamma": ((2.5, 1.5), 1e-6, 40),
    "InverseGamma": ((3.5, 1.5), 1e-4, 400),
    "Beta": ((2.5, 1.5), 1e-6, 1 - 1e-6),
    "Kumaraswamy": ((2.5, 1.5), 1e-6, 1 - 1e-6),
    "HalfNormal": ((1.5,), 0.0, 20),
    "Weibull": ((1.5, 2.5), 1e-6, 20),
    "VonMises": ((0.5, 2.5), -np.pi, np.pi),
    "ContinuousBernoulli": ((0.3,), 0.0, 1.0),
    "GeneralizedPareto": ((0.0, 1.0, -0.5), 0.0, 2.0),
    "FisherSnedecor": ((5.0, 12.0), 1e-6, 400),
    "StudentT": ((6.0, 0.3, 1.2), -200, 200),
}


@pytest.mark.parametrize("name", ON_A_LINE)
def test_a_density_has_mass_1_and_its_mean(name: str) -> None:
    arguments, low, high = ON_A_LINE[name]
    tensors = [torch.tensor(argument, dtype=torch.float64) for argument in arguments]
    found = family(name)(*tensors)
    x = torch.linspace(low, high, 400001, dtype=torch.float64)
    density = found.log_prob(x).exp().numpy()
    assert np.trapezoid(density, x.numpy()) == pytest.approx(1.0, abs=1e-4)
    if name != "VonMises":
        mean = np.trapezoid(density * x.numpy(), x.numpy())
        assert found.mean.item() == pytest.approx(mean, rel=1e-3)


def test_every_divergence_is_recorded() -> None:
    text = (PROGRAMS / "divergences.grad").read_text("utf-8")
    recorded = set(re.findall(r'^attempt\("(\w+) (\w+)"', text, re.MULTILINE))
    own = {pair for pair in kl._formulas if all(isinstance(name, str) for name in pair)}
    assert len(own) == 87
    assert own <= recorded


def test_every_family_is_recorded() -> None:
    text = "".join(path.read_text("utf-8") for path in PROGRAMS.glob("*variate.grad"))
    text += (PROGRAMS / "discrete.grad").read_text("utf-8")
    base = family("Distribution")
    families = {
        name
        for name in namespaces.NAMES["torch.distributions"]
        if isinstance(family(name), type) and issubclass(family(name), base)
    }
    assert len(families) == 43
    for name in families - {"Distribution", "ExponentialFamily"}:
        assert f"D.{name}(" in text, name
