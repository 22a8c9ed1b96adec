"""Imports point down the layers only, and no two modules import each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gradcli"

# What a layer may import besides itself, from the top down.
ALLOWED: dict[str, set[str]] = {
    "cli": {"repl", "render", "io", "language", "torch", "func", "ops", "autograd", "tensor"},
    "repl": {"render", "io", "language", "torch", "func", "ops", "autograd", "tensor"},
    "render": {"language", "torch", "func", "ops", "autograd", "tensor"},
    "io": {"language", "torch", "func", "ops", "autograd", "tensor"},
    "language": {"torch", "func", "ops", "autograd", "tensor"},
    "torch": {"func", "ops", "autograd", "tensor"},
    "func": {"ops", "autograd", "tensor"},
    "ops": {"autograd", "tensor"},
    "autograd": {"tensor"},
    "tensor": set(),
}


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


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_down(name: str) -> None:
    parts = name.split(".")
    if len(parts) < 2 or parts[1] not in ALLOWED:
        return
    layer = parts[1]
    for target in imports(name, top_level_only=False):
        words = target.split(".")
        if len(words) > 1 and words[1] in ALLOWED:
            assert words[1] == layer or words[1] in ALLOWED[layer], f"{name} imports {target}"


def test_every_layer_is_known() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == set(ALLOWED)


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
