"""Imports point down the floors only, and no two modules import each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gradcli"

# The floors from the bottom up; those of one line stand beside each other and do not meet.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("tensor",),
    ("kernels",),
    ("autograd",),
    ("table",),
    ("ops", "func", "io"),
    ("torch",),
    ("language",),
    ("render",),
    ("explain",),
    ("repl",),
    ("cli",),
)
HEIGHT = {floor: height for height, line in enumerate(FLOORS) for floor in line}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def resolved(base: str, node: ast.ImportFrom, is_package: bool) -> str:
    if node.level == 0:
        return node.module or ""
    parts = base.split(".")
    keep = len(parts) - node.level + (1 if is_package else 0)
    return ".".join(parts[:keep] + ([node.module] if node.module else []))


def imports(name: str, top_level_only: bool) -> set[str]:
    """The modules of the package that a module imports."""
    path = MODULES[name]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if not top_level_only else iter(tree.body)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolved(name, node, path.name == "__init__.py")
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.add(full if full in MODULES else base)
    return {target for target in found if target in MODULES and target != name}


def floor_of(name: str) -> str:
    """The folder below the package that a module stands in, or ""."""
    words = name.split(".")
    return words[1] if len(words) > 1 and words[1] in HEIGHT else ""


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    floor = floor_of(name)
    for target in imports(name, top_level_only=False):
        below = floor_of(target)
        if floor and below and floor != below:
            assert HEIGHT[below] < HEIGHT[floor], f"{name} imports {target}"


def test_every_floor_is_known() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(HEIGHT)


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = {name: imports(name, top_level_only=True) for name in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for target in graph[name]:
            visit(target, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())
