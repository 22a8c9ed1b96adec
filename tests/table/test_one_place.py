"""An operation is one entry: all that a user sees of it, and its tests, are made from there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAMILY = Path("gradcli", "ops", "elementwise", "elementary.py")

ENTRY = """
op(
    "cubed(Tensor self)",
    kernel=lambda self: self * self * self,
    vjp={"self": lambda F, g, self: g * 3 * F.conj(self) * F.conj(self)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("cubic",),
    doc="The third power of each element.",
    samples=lambda S: S.each(-2, 2),
)
"""

PROGRAM = """
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.cubed(x)
print(y, x.cubed().sum(), torch.cubic(x).sum())
y.sum().backward()
print(x.grad)
out = torch.zeros(2)
print(torch.cubed(torch.tensor([3.0, -1.0]), out=out) is out, out)
print(torch.tensor([2.0]).cubed_())
print(torch.vmap(torch.cubed)(torch.ones(2, 3)).shape)
print(torch.func.jvp(torch.cubed, (torch.tensor(2.0),), (torch.tensor(1.0),)))
try:
    torch.cubed("2")
except TypeError as error:
    print(error)
"""

PRINTED = """\
tensor([1., 8.], grad_fn=<CubedBackward0>) tensor(9., grad_fn=<SumBackward0>) \
tensor(9., grad_fn=<SumBackward0>)
tensor([ 3., 12.])
True tensor([27., -1.])
tensor([8.])
torch.Size([2, 3])
(tensor(8.), tensor(12.))
cubed(): argument 'input' (position 1) must be Tensor, not str
"""

COMPLETIONS = """
from gradcli.repl.prompt.complete import plain_names
from gradcli.torch.namespaces import names, tensor_names

print("cubed" in plain_names(), "cubed" in names("torch"), "cubed_" in tensor_names())
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which one family has one entry more."""
    place = tmp_path_factory.mktemp("project")
    unwritten = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("gradcli", "grammar", "tests/ops", "tests/table"):
        shutil.copytree(ROOT / name, place / name, ignore=unwritten)
    for path in ("tests/goldens/ops.json", "pyproject.toml"):
        target = place / path
        target.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, target)
    with (place / FAMILY).open("a", encoding="utf-8") as family:
        family.write(ENTRY)
    run(place, "-m", "gradcli.table.generate")
    return place


def run(place: Path, *arguments: str, stdin: str = "") -> str:
    """What a Python whose gradcli is the copy prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def gradcli(place: Path, *arguments: str, stdin: str = "") -> str:
    main = "from gradcli.cli.main import main; main()"
    return run(place, "-c", main, *arguments, stdin=stdin)


def test_programs_have_it_as_function_method_and_in_place(copy: Path) -> None:
    assert gradcli(copy, "eval", "-", stdin=PROGRAM) == PRINTED


def test_calculators_start_with_it_and_records_run_together(copy: Path) -> None:
    one = json.loads(gradcli(copy, "grad", "cubed(x)", "--set", "x=2"))
    assert one == {"value": 8.0, "grads": {"x": 12.0}}
    records = "".join(f'{{"x": {n}}}\n' for n in range(3))
    lines = gradcli(copy, "grad", "cubed(x)", "--each", stdin=records).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"value": float(n**3), "grads": {"x": float(3 * n**2)}} for n in range(3)
    ]


def test_help_and_completion_know_it(copy: Path) -> None:
    shown = gradcli(copy, "ops", "cubed")
    assert "The third power of each element." in shown
    assert "CubedBackward0" in shown
    assert run(copy, "-c", COMPLETIONS) == "True True True\n"


def test_its_tests_run(copy: Path) -> None:
    """Every test of the table that asks no record, which the recorder adds."""
    unrecorded = "cubed and not test_values_and_gradients_are_pytorchs"
    shown = run(copy, "-m", "pytest", "-q", "-rA", "tests/table/test_table.py", "-k", unrecorded)
    for name in (
        "test_an_entry_is_complete",
        "test_gradients_agree_with_differences",
        "test_second_gradients_agree_with_differences",
        "test_tangents_agree_with_gradients",
        "test_batching_agrees_with_a_loop",
        "test_in_place_twins_agree",
    ):
        assert f"PASSED tests/table/test_table.py::{name}[cubed]" in shown, shown
