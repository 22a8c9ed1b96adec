"""What is found by a name or a place in the tree is there: nothing raises where it is not."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

import gradcli
from gradcli.cli.usage import install_files
from gradcli.cli.usage.table import COMMANDS
from gradcli.io import schemas
from gradcli.language.errors import program_error
from gradcli.repl.files.config import Config
from gradcli.repl.main import show_help
from gradcli.repl.session.shell import Shell
from gradcli.table import entry, generate, names
from gradcli.table.lookup import load_all
from gradcli.table.public.plain_functions import FUNCTIONS

SOURCE = Path(gradcli.__file__).parent


def test_folders_and_files_are_where_they_are_looked_for() -> None:
    for folder in (install_files.DIRECTORY, schemas.DIRECTORY, generate.OPERATIONS):
        assert Path(folder).is_dir(), folder
    for file in program_error.CLOSURES:
        assert Path(file).parent == SOURCE / "language" / "compile"
        assert Path(file).is_file(), file


def test_commands_are_modules() -> None:
    for command in COMMANDS.values():
        if command.module:
            assert find_spec(f"gradcli.cli.commands.{command.module}") is not None, command


def test_families_are_the_files_that_define_them() -> None:
    entries = {**load_all(), **FUNCTIONS}
    for family in {*names.OPERATIONS.families(), *names.FUNCTIONS.families()}:
        assert (generate.OPERATIONS / f"{family.replace('.', '/')}.py").is_file(), family
    assert {op.family for op in entries.values()} <= set(generate.family_names())
    assert entry.family_of("gradcli.ops.nn.pooling") == "nn.pooling"


@pytest.mark.parametrize(
    ("file", "ours"),
    [("repl/names/facts.py", True), ("explain/chain.py", True), ("ops/losses/ctc.py", False)],
)
def test_faults_of_the_session_are_bugs(file: str, ours: bool) -> None:
    """An exception from our own code is ours; one of the core is the program's."""
    said: list[str] = []
    code = compile("def fail(shell, line):\n    raise ValueError('odd')\n", SOURCE / file, "exec")
    space: dict[str, object] = {}
    exec(code, space)
    shell = Shell(Config(), space["fail"], show_help, write=said.append)  # type: ignore[arg-type]
    try:
        shell.run("%vars")
    finally:
        shell.keeper.close()
    assert ("this is a bug in gradcli" in "".join(said)) == ours
    assert "odd" in "".join(said)


def test_fields_of_entries_are_known() -> None:
    """An entry takes its fields by name and would pass over one that it does not know."""
    known = set(entry.Op.__slots__)
    for path in generate.OPERATIONS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("op", "function"):
                given = {keyword.arg for keyword in node.keywords if keyword.arg}
                assert given <= known, f"{path.name}:{node.lineno} {given - known}"
