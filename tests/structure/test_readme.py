"""What the README shows is what its commands print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown() -> list[tuple[str, str]]:
    """Each command of the README's consoles with the output under it."""
    pairs = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            pairs.append((command, output))
    return pairs


@pytest.fixture(scope="session")
def path_with_gradcli(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "gradcli"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nfrom gradcli.cli.main import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(("command", "output"), shown())
def test_command_prints_what_the_readme_shows(
    command: str, output: str, path_with_gradcli: str
) -> None:
    environment = {**os.environ, "PATH": path_with_gradcli, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.stdout == output


def test_the_readme_has_two_commands_for_a_fresh_machine() -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2
    assert "examples/" in lines[0]
    assert "pytest" in lines[1]


def test_linked_examples_exist() -> None:
    for name in re.findall(r"examples/\w+\.grad", README):
        assert (ROOT / name).exists()
