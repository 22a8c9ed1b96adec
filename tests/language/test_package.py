"""The parser as it is installed: what it imports, and where grammar and tables come from."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gradcli.language.syntax import grammar_tables

ROOT = Path(__file__).parent.parent.parent
PARSE = """
import sys
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.errors.diagnostics import from_syntax_error
source = Source("x = (1 + 2\\ny = 3\\n", "a.grad")
try:
    parse(source)
except GradSyntaxError as error:
    print(from_syntax_error(error, source))
print(len(parse(Source("x = 1\\ny = f'{x}'\\n")).body))
heavy = ("numpy", "lark", "typing", "dataclasses", "inspect", "rich", "prompt_toolkit", "hashlib")
print([name for name in heavy if name in sys.modules])
"""
PRINTED = """\
error: SyntaxError: '(' was never closed
 --> a.grad:1:5
  |
1 | x = (1 + 2
  |     ^
  |
  = help: add the missing ')'
2
[]
"""


def run(code: str, path: Path, *options: str) -> str:
    """Runs Python with nothing but `path` and its own library."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    code = f"import sys; sys.path.insert(0, {str(path)!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", *options, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy(to: Path) -> Path:
    """A checkout: the package and the grammar, without prepared tables."""
    ignore = shutil.ignore_patterns("__pycache__", "grad.tables*")
    shutil.copytree(ROOT / "gradcli", to / "gradcli", ignore=ignore)
    shutil.copytree(ROOT / "grammar", to / "grammar")
    return to


def test_the_parser_imports_nothing_heavy() -> None:
    grammar_tables.load()  # an editable install prepares the tables at first use
    assert run(PARSE, ROOT) == PRINTED


def test_the_wheel(tmp_path: Path) -> None:
    tree = copy(tmp_path / "checkout")
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "README.md").write_text("gradcli\n")
    (tree / "LICENSE").write_text("MIT\n")
    build = "from setuptools import build_meta as b; print(b.build_wheel('dist'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tree / "dist").glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(installed)
    assert "gradcli/grammar/grad.lark" in names
    assert "gradcli/language/syntax/grad.tables" in names
    files = (path.relative_to(tree) for path in (tree / "gradcli").rglob("*") if path.is_file())
    ours = {path.as_posix() for path in files if path.suffix not in (".md", ".pyc")}
    assert "gradcli/py.typed" in ours
    assert ours <= set(names)
    # No Lark in this environment: the tables are those that the wheel brought.
    assert run(PARSE, installed) == PRINTED


def test_the_source_distribution_has_the_grammar(tmp_path: Path) -> None:
    tree = copy(tmp_path / "checkout")
    shutil.copy(ROOT / "pyproject.toml", tree)
    (tree / "README.md").write_text("gradcli\n")
    (tree / "LICENSE").write_text("MIT\n")
    build = "from setuptools import build_meta as b; print(b.build_sdist('dist'))"
    subprocess.run([sys.executable, "-c", build], cwd=tree, capture_output=True, check=True)
    (archive,) = (tree / "dist").glob("*.tar.gz")
    shutil.unpack_archive(archive, tmp_path, filter="data")
    assert list(tmp_path.glob("gradcli-*/grammar/grad.lark"))


@pytest.fixture(scope="module")
def built() -> grammar_tables.Tables:
    return grammar_tables.build(grammar_tables.read_grammar())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: grammar_tables.Tables) -> Path:
    """A folder that stands for the one of the module, with tables that are quickly built."""
    monkeypatch.setattr(grammar_tables, "build", lambda _grammar: built)
    monkeypatch.setattr(grammar_tables, "_here", str(tmp_path))
    monkeypatch.setattr(grammar_tables, "PREPARED", str(tmp_path / "grad.tables"))
    os.chmod(tmp_path, 0o755)
    return tmp_path / "grad.tables"


def forbid_building(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_grammar: str) -> grammar_tables.Tables:
        raise AssertionError("built again")

    monkeypatch.setattr(grammar_tables, "build", refuse)


def test_first_use_prepares_the_tables(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = grammar_tables.load()
    assert place.exists()
    assert [path.name for path in place.parent.iterdir()] == ["grad.tables"]
    forbid_building(monkeypatch)
    assert grammar_tables.load() == first


@pytest.mark.parametrize("damage", ["grammar", "format", "cut", "other", "empty"])
def test_stale_or_broken_tables_are_made_again(place: Path, damage: str) -> None:
    good = grammar_tables.load()
    if damage in ("grammar", "format"):
        place.write_bytes(marshal.dumps({**good, damage: "another"}, 4))
    elif damage == "cut":
        place.write_bytes(place.read_bytes()[:1000])
    else:
        place.write_bytes(marshal.dumps([1, 2], 4) if damage == "other" else b"")
    assert grammar_tables.load()["grammar"] == good["grammar"]
    assert marshal.loads(place.read_bytes())["grammar"] == good["grammar"]


def test_a_place_that_everyone_can_write_is_not_used(place: Path) -> None:
    os.chmod(place.parent, 0o777)
    grammar_tables.load()
    assert not place.exists()
    os.chmod(place.parent, 0o755)
    grammar_tables.load()
    evil = {**marshal.loads(place.read_bytes()), "rules": ()}
    place.write_bytes(marshal.dumps(evil, 4))
    os.chmod(place, 0o666)
    assert grammar_tables.load()["rules"] != ()


def test_a_place_that_cannot_be_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar_tables, "PREPARED", str(place.parent / "missing" / "grad.tables"))
    assert grammar_tables.load()["rules"]
