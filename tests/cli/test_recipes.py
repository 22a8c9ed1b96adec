"""The recipes of examples/recipes run and print what they say."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RECIPES = Path(__file__).parents[2] / "examples" / "recipes"

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


@pytest.fixture
def recipe(tmp_path):
    command = tmp_path / "gradcli"
    command.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from gradcli.cli.main import main; main()' \"$@\"\n"
    )
    command.chmod(0o755)

    def run(name, check=True):
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(RECIPES / name)],
            capture_output=True,
            text=True,
            timeout=60,
            check=check,
            env={**os.environ, "PATH": path},
        ).stdout

    return run


def test_loss_over_a_csv_file(recipe):
    found = json.loads(recipe("csv_loss.sh"))
    assert found["grads"] == pytest.approx({"w": -9372.0, "b": -90.666667})


@needs_jq
def test_sensitivities_over_a_grid(recipe):
    header, *rows = recipe("sensitivities.sh").splitlines()
    assert header == "price\tdelta\tvega"
    assert len(rows) == 6
    # At the money with 20 % volatility: N(0.2) for the delta.
    assert rows[3].split("\t") == ["8.916", "0.5793", "39.1043"]


@needs_jq
def test_gradient_descent_in_the_shell(recipe):
    found = json.loads(recipe("descent.sh"))
    assert found["loss"] < 0.05
    assert found["x"] == pytest.approx(1, abs=0.2)


@needs_jq
def test_a_derivation_is_checked(recipe):
    assert recipe("check_derivation.sh") == "d y / d x at [0]: 0.1554, and should be 0.2689\n"


def test_gradients_of_records(recipe):
    *lines, last = recipe("scores.sh").splitlines()
    found = [json.loads(line) for line in lines]
    assert [result.get("error", {}).get("record") for result in found] == [None, None, 3, None]
    assert last == "status 2"


def shown(path):
    """What a recipe says that it prints."""
    return [line[3:] for line in path.read_text().splitlines() if line.startswith("#> ")]


SHOWN = sorted(path.name for path in RECIPES.glob("*.sh") if shown(path))


@needs_jq
@pytest.mark.parametrize("name", SHOWN)
def test_a_recipe_prints_what_it_says(recipe, name):
    assert recipe(name, check=False).splitlines() == shown(RECIPES / name)


@pytest.mark.parametrize("name", SHOWN)
def test_a_recipe_is_short(name):
    text = (RECIPES / name).read_text()
    head, _, rest = text.partition('cd "$(dirname "$0")"\n')
    assert head.splitlines()[1].startswith("# ")
    assert 1 <= len([line for line in rest.splitlines() if line and line[0] != "#"]) <= 5


def test_there_are_recipes_enough():
    assert len(SHOWN) >= 25


def test_every_recipe_has_a_test():
    text = Path(__file__).read_text()
    for path in RECIPES.glob("*.sh"):
        assert path.name in SHOWN or f'"{path.name}"' in text
