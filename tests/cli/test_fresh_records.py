"""What a record sets for the whole process: the next record knows nothing of it."""

from __future__ import annotations

import ast

import pytest
from process import gradcli, ndjson

from gradcli.language.interpreter import Session, compile_program

READ = """
import torch
import numpy as np

torch.nn.Linear(1, 1)(torch.ones(1))
torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1).step()
normal, laplace = torch.distributions.Normal(0.0, 1.0), torch.distributions.Laplace(0.0, 1.0)
try:
    checks = torch.distributions.Normal(0.0, -1.0).scale
except ValueError:
    checks = True
print([
    torch.is_grad_enabled(), torch.is_anomaly_enabled(), torch.tensor(1 / 3), np.array(1 / 3),
    torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision(),
    torch.is_warn_always_enabled(), torch.backends.cudnn.benchmark, torch.get_default_dtype(),
    torch.distributions.kl_divergence(normal, laplace), checks,
    torch.distributions.biject_to(torch.distributions.constraints.positive),
])
"""
WRITES = {
    "grad mode": "torch.set_grad_enabled(False)",
    "anomaly": "torch.autograd.set_detect_anomaly(True)",
    "texts": "torch.set_printoptions(precision=10)",
    "texts of arrays": "np.set_printoptions(precision=3)",
    "determinism": "torch.use_deterministic_algorithms(True)",
    "precision": "torch.set_float32_matmul_precision('medium')",
    "warnings": "torch.set_warn_always(True)",
    "backends": "torch.backends.cudnn.benchmark = True",
    "hooks": "torch.nn.modules.module.register_module_forward_hook(lambda *a: print('hook'))",
    "optimizers": "torch.optim.optimizer.register_optimizer_step_pre_hook(\n"
    "    lambda *a: print('hook'))",
    "divergences": "torch.distributions.register_kl(type(normal), type(laplace))(lambda p, q: 1)",
    "checks": "torch.distributions.Distribution.set_default_validate_args(False)",
    "bijections": "torch.distributions.biject_to.register(\n"
    "    torch.distributions.constraints.positive, lambda c: 5)",
}


@pytest.mark.parametrize("name", WRITES)
def test_a_setting_ends_with_its_program(name):
    written: list[str] = []
    session = Session(stdout=written.append)

    def printed(text):
        written.clear()
        session.run(compile_program(text, mode="python"), fresh=True)
        return "".join(written)

    before = printed(READ)
    changed = printed(f"import torch\nimport numpy as np\n{READ}\n{WRITES[name]}\n{READ}")
    assert changed != 2 * before, "the setting does something"
    assert printed(READ) == before


DRAWS = b"""import numpy as np
import random
import torch
print([float(np.random.rand()), random.random(), float(torch.rand(()))])
np.random.seed(0)
random.seed(0)
torch.manual_seed(0)
y = x * 2
"""


@pytest.mark.parametrize("seed", [(), ("--seed", "1")])
def test_random_numbers_begin_anew(tmp_path, seed):
    (tmp_path / "rows.ndjson").write_bytes(ndjson([{"x": 1}, {"x": 2}, {"x": 3}]))
    rows = str(tmp_path / "rows.ndjson")
    printed = [
        gradcli("eval", "-", "--each", "--input", rows, *seed, stdin=DRAWS).stderr.decode()
        for _ in range(2)
    ]
    assert (printed[0] == printed[1]) == bool(seed)
    numbers = [n for line in printed[0].splitlines() for n in ast.literal_eval(line)]
    assert len(numbers) == len(set(numbers)) == 9
