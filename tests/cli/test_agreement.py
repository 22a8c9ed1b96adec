"""Every command gives the same answer to the same question."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from process import document, environment, gradcli, ndjson, ok, records

COUNT = os.environ.get("GRADCLI_AGREEMENT", "25")


def test_random_programs():
    """eval, grad -f, explain, why, graph and check show the same values and gradients."""
    script = Path(__file__).with_name("agreement.py")
    done = subprocess.run(
        [sys.executable, str(script), COUNT, "5000"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=50 + int(COUNT),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{COUNT} programs, 0 on which commands do not agree; they had " in done.stdout


SINGLE = "import torch\nx = torch.tensor(0.1, requires_grad=True)\ny = torch.exp(x) / 3\n"
SCRIPT = "x = param(0.1)\ny = exp(x) / 3\n"


@pytest.mark.parametrize(
    ("text", "more", "value"),
    [
        (SINGLE, (), 0.36839035),
        (SINGLE, ("--dtype", "float64"), 0.3683903060252159),
        (SCRIPT, (), 0.3683903060252159),
        (SCRIPT, ("--dtype", "float32"), 0.36839032),
    ],
)
def test_the_program_decides_what_it_computes_in(text, more, value, tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(text)
    found = document("eval", "--json", str(program), *more)["values"]["y"]
    assert found == pytest.approx(value, rel=1e-7)
    once = document("grad", "-f", str(program), "--of", "y", *more)
    assert (once["value"], once["grads"]["x"]) == (found, found)
    for command in (("eval", str(program)), ("grad", "-f", str(program), "--of", "y")):
        (row,) = records(ok(*command, "--each", *more, stdin=ndjson([{}])))
        assert row.get("value", row.get("values", {}).get("y")) == found
    single = len(str(found)) < 13
    nodes = document("graph", "--format", "json", str(program), *more)["nodes"]
    assert {out["dtype"] for node in nodes for out in node["outputs"]} == {
        "float32" if single else "float64"
    }
    entry = document("check", "--json", str(program), *more)["checks"][0]
    assert entry["worst"]["analytic"] == pytest.approx(found, rel=1e-9 if not single else 1e-7)


@pytest.mark.parametrize("expression", ["x / 3", "exp(x) * y", "x @ x", "where(x > y, x, y)"])
def test_an_expression_is_one_question(expression):
    inputs = {"x": [0.1, 0.7]} | ({"y": 0.3} if "y" in expression else {})
    given = [word for name, v in inputs.items() for word in ("--set", f"{name}={v}")]
    row = ndjson([inputs])
    value = document("eval", "--json", "-e", expression, *given)
    ones = ("--cotangent", "[1, 1]") if isinstance(value, list) else ()
    once = document("vjp", expression, *given, *ones)
    assert once["value"] == value
    assert records(ok("eval", "-e", expression, "--each", stdin=row)) == [value]
    (each,) = records(ok("vjp", expression, "--each", *ones, stdin=row))
    assert each == once


def test_a_program_may_change_its_default_dtype(tmp_path):
    """Every record, and every run of check, starts with the default that is the text's."""
    program = tmp_path / "p.grad"
    program.write_text(
        "import torch\nk = torch.tensor(0.1)\ntorch.set_default_dtype(torch.float64)\ny = k * x\n"
    )
    rows = records(ok("eval", str(program), "--each", stdin=ndjson([{"x": 1}, {"x": 1}])))
    assert rows[0] == rows[1]
    done = gradcli("check", "--json", str(program), "--set", "x=1")
    assert json.loads(done.stdout)["ok"]


@pytest.mark.parametrize("words", [("--help",), ("man",)])
def test_the_rule_of_what_a_program_computes_in_is_written_down(words):
    """That it is the program that decides, and how it is changed."""
    text = " ".join(ok(*words).split()).replace("\\", "")
    if words == ("man",):
        assert "What a program computes in is decided by the program, not by the command" in text
    else:
        assert "--dtype DTYPE (float32 with `import torch`, else float64)" in text
