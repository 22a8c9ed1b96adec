"""Imports point down the floors and down the folders of a floor, and none goes in a circle.

Every import counts: inside of functions, under TYPE_CHECKING, and modules named in a text, as
`import_module` is given them. Two registers are excepted: the table finds a family of operations by
the name in its index, and the table of magics names the modules of its magics.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "gradcli"

# The floors from the bottom up; those of one line stand beside each other and do not meet.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("tensor",),
    ("kernels",),
    ("autograd",),
    ("table",),
    ("ops", "func", "io", "plot"),
    ("nn", "data"),
    ("optim", "distributions"),
    ("torch",),
    ("language",),
    ("render", "streams", "calculus"),
    ("explain",),
    ("repl",),
    ("jupyter",),
    ("cli",),
)
HEIGHT = {floor: height for height, line in enumerate(FLOORS) for floor in line}

# Folders and files of a floor from the bottom up; "*" are the files that are not named.
ROOMS: dict[str, tuple[tuple[str, ...], ...]] = {
    "table": (("*",), ("call",), ("memory",), ("levels", "public"), ("generate",)),
    "language": (
        ("syntax",),
        ("machine",),
        ("values",),
        ("library",),
        ("errors",),
        ("compile",),
        ("interpreter",),
    ),
    "repl": (
        ("files",),
        ("session",),
        ("names",),
        ("magics",),
        ("prompt",),
        ("resume",),
        ("main",),
    ),
    "cli": (
        ("usage",),
        ("process",),
        ("programs",),
        ("results",),
        ("records",),
        ("commands",),
        ("main",),
    ),
}

# What loads a family of operations by the name that the generated index has for it.
REGISTERS = {
    "gradcli.table.lookup",
    "gradcli.table.public.plain_functions",
    "gradcli.table.generate",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def nodes(name: str) -> tuple[ast.AST, ...]:
    """The imports and texts of a module, wherever they stand."""
    wanted = (ast.Import, ast.ImportFrom, ast.Constant, ast.JoinedStr)
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, wanted))


def imported_from(name: str, node: ast.ImportFrom) -> str:
    """The module that a `from … import` of the module `name` means."""
    if node.level == 0:
        return node.module or ""
    parts = name.split(".")
    keep = len(parts) - node.level + (MODULES[name].name == "__init__.py")
    return ".".join(parts[:keep] + ([node.module] if node.module else []))


def named(text: str) -> str | None:
    """The name of ours that a text is: `gradcli.x.y`, also as `gradcli.x.y:attribute`."""
    found = re.fullmatch(r"(gradcli(?:\.[a-z_]\w*)+)(?::\w+)?", text)
    return found[1] if found else None


def mentions(name: str) -> Iterator[str]:
    """What a module imports or names, as it is written, with what is not ours."""
    for node in nodes(name):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = imported_from(name, node)
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = named(node.value)
            if text is not None:
                yield text
        elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            package = named(str(node.values[0].value).removesuffix("."))
            if package is not None and name not in REGISTERS:
                yield from (found for found in MODULES if found.startswith(f"{package}."))


@cache
def imports(name: str) -> frozenset[str]:
    """The modules of the package that a module imports or names."""
    return frozenset(target for target in mentions(name) if target in MODULES and target != name)


def floor_of(name: str) -> str:
    """The folder below the package that a module stands in, or ""."""
    words = name.split(".")
    return words[1] if len(words) > 1 and words[1] in HEIGHT else ""


def room_of(name: str) -> str:
    """The folder or file below its floor that a module stands in, or ""."""
    words = name.split(".")
    rooms = ROOMS.get(floor_of(name))
    if rooms is None or len(words) < 3:
        return ""
    known = {room for line in rooms for room in line}
    if words[2] not in known and "*" in known and len(words) == 3:
        return "*"
    return words[2]


@pytest.mark.parametrize("floor", HEIGHT)
def test_imports_point_down(floor: str) -> None:
    for name in MODULES:
        if floor_of(name) != floor:
            continue
        for target in imports(name):
            below = floor_of(target)
            if below and floor != below:
                assert HEIGHT[below] < HEIGHT[floor], f"{name} imports {target}"


@pytest.mark.parametrize("floor", ROOMS)
def test_imports_point_down_within_a_floor(floor: str) -> None:
    height = {room: at for at, line in enumerate(ROOMS[floor]) for room in line}
    for name in MODULES:
        if floor_of(name) != floor or not room_of(name):
            continue
        room = room_of(name)
        assert room in height, f"{name} stands in no known folder"
        for target in imports(name):
            below = room_of(target) if floor_of(target) == floor else ""
            if below and below != room:
                assert height[below] < height[room], f"{name} imports {target}"


def test_every_floor_is_known() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= set(HEIGHT)


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done:
            return
        for target in sorted(imports(name)):
            visit(target, (*trail, name))
        done.add(name)

    for name in MODULES:
        visit(name, ())


def test_what_is_named_in_a_text_exists() -> None:
    """What `import_module` and `sys.modules` are asked for by name fails late, or never."""
    known = set(MODULES) | {name.rpartition(".")[0] for name in MODULES}
    for name in MODULES:
        for target in mentions(name):
            if target.startswith("gradcli.") and floor_of(target):
                assert target in known, f"{name} names {target}"


def test_imported_names_have_no_leading_underscore() -> None:
    for name in MODULES:
        for node in nodes(name):
            if isinstance(node, ast.ImportFrom) and imported_from(name, node).startswith("gradcli"):
                for alias in node.names:
                    private = alias.name.startswith("_") and not alias.name.endswith("__")
                    assert not private, f"{name} imports {alias.name}"


def test_imports_are_written_in_one_way() -> None:
    """Relative up to `torch`; above it absolute, but for neighbours in the same folder."""
    for name in MODULES:
        floor = floor_of(name)
        relative = floor and HEIGHT[floor] <= HEIGHT["torch"]
        folder = MODULES[name].parent
        for node in nodes(name):
            if not isinstance(node, ast.ImportFrom) or not floor:
                continue
            if relative:
                assert node.level or not (node.module or "").startswith("gradcli"), name
            elif node.level:
                subfolder = (folder / (node.module or "")).is_dir() if node.module else False
                assert node.level == 1 and not subfolder, f"{name} imports .{node.module}"
            else:
                base = imported_from(name, node)
                neighbour = MODULES.get(base, PACKAGE).parent == folder
                neighbour = neighbour and MODULES[base].name != "__init__.py"
                assert not neighbour, f"{name} imports {base}"


def test_folders_hold_nothing_but_their_files() -> None:
    """An `__init__.py` is one line; four say more, and what is in them is theirs."""
    own = {"gradcli", "gradcli.torch", "gradcli.kernels.special", "gradcli.streams"}
    for name, path in MODULES.items():
        if path.name == "__init__.py" and name not in own:
            assert len(path.read_text(encoding="utf-8").splitlines()) == 1, name


@pytest.mark.parametrize("command", ["grad", "eval"])
def test_explanations_cost_nothing_where_none_is_asked_for(command: str) -> None:
    """Numbers are computed without the modules of formulas, explanations and drawings."""
    words = [command, "sum(x ** 2)", "--set", "x=[1, 2]"]
    words[1:1] = ["-e"] if command == "eval" else []
    script = "from gradcli.cli.main import main; main()"

    def loaded(*more: str) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", script, *words, *more],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return set(re.findall(r"\| +(gradcli[\w.]*)$", done.stderr, re.MULTILINE))

    drawn = ("gradcli.explain", "gradcli.plot", "gradcli.render.graph", "gradcli.render.drawing")
    found = loaded()
    assert "gradcli.autograd" in found
    assert [name for name in sorted(found) if name.startswith(drawn)] == []
    if command == "grad":
        assert "gradcli.explain.formula.formulas" in loaded("--formula")
