"""Record the public names of torch.distributions, nn, optim, utils.data and around them.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_names.py
"""

from __future__ import annotations

import importlib
import json
import pathlib
import sys
import types

FILES = """activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold
instancenorm lazy linear loss module normalization padding pixelshuffle pooling rnn sparse
transformer upsampling utils"""
FAMILIES = """bernoulli beta binomial categorical cauchy chi2 constraint_registry constraints
continuous_bernoulli dirichlet distribution exp_family exponential fishersnedecor gamma
generalized_pareto geometric gumbel half_cauchy half_normal independent inverse_gamma kl kumaraswamy
laplace lkj_cholesky log_normal logistic_normal lowrank_multivariate_normal mixture_same_family
multinomial multivariate_normal negative_binomial normal one_hot_categorical pareto poisson
relaxed_bernoulli relaxed_categorical studentT transformed_distribution transforms uniform utils
von_mises weibull wishart"""
MODULES = (
    "torch.distributions",
    *(f"torch.distributions.{file}" for file in FAMILIES.split()),
    "torch.nn",
    "torch.nn.init",
    *(f"torch.nn.modules.{file}" for file in FILES.split()),
    "torch.nn.parallel",
    "torch.nn.parameter",
    "torch.nn.utils",
    "torch.nn.utils.clip_grad",
    "torch.nn.utils.convert_parameters",
    "torch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize",
    "torch.nn.utils.prune",
    "torch.nn.utils.rnn",
    "torch.nn.utils.stateless",
    "torch.optim",
    "torch.optim.lr_scheduler",
    "torch.optim.swa_utils",
    "torch.utils.data",
)
OWN = ("torch.distributions", "torch.nn", "torch.optim", "torch.utils.data")
TARGET = pathlib.Path(__file__).resolve().parent / "module_names.json"


def names(module: str) -> list[str]:
    """The names of a module that are its own: no modules, no names of typing or Python."""
    space = vars(importlib.import_module(module))
    listed = space.get("__all__") or [name for name in space if not name.startswith("_")]
    own = [
        name
        for name in listed
        if not name.startswith("_")
        and not isinstance(space[name], types.ModuleType)
        and str(getattr(space[name], "__module__", "")).startswith(OWN)
    ]
    return sorted(own)


def main() -> None:
    """Write the names of every module."""
    import torch

    if not torch.__version__.startswith("2.13.0"):
        sys.exit(f"needs PyTorch 2.13.0, found {torch.__version__}")
    found = {module: names(module) for module in MODULES}
    TARGET.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print({module: len(listed) for module, listed in found.items()})


if __name__ == "__main__":
    main()
