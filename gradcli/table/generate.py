"""Writes index.py, from which names are resolved without importing their families.

Run `python -m gradcli.table.generate` after adding or renaming an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from .entry import OPS, Op
from .public.plain_functions import FUNCTIONS

_WIDTH = 100  # of a line

OPERATIONS = Path(__file__).parent.parent / "ops"


def family_names() -> list[str]:
    """The modules below `ops`: each defines entries."""
    paths = [path.relative_to(OPERATIONS) for path in OPERATIONS.rglob("*.py")]
    return sorted(".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__")


def index_text() -> str:
    """The text that index.py has to have."""
    for family in family_names():
        import_module(f"gradcli.ops.{family}")
    return (
        '"""Where every operation is defined; made by `python -m gradcli.table.generate`."""\n\n'
        "# id -> family, the namespaces that have it alone under its id, and marks; see names.py\n"
        f"ROWS: dict[str, tuple[str, ...]] = {_rows(OPS)}\n\n"
        "# namespace -> other public name -> ids of the entries behind it, tried in this order\n"
        f"PUBLIC: dict[str, dict[str, tuple[str, ...]]] = {_names(OPS)}\n\n"
        "# The same for plain functions\n"
        f"FUNCTION_ROWS: dict[str, tuple[str, ...]] = {_rows(FUNCTIONS)}\n\n"
        f"FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {_names(FUNCTIONS)}\n"
    )


def _public(table: Mapping[str, Op]) -> dict[str, dict[str, list[str]]]:
    """Namespace -> public name -> ids."""
    public: dict[str, dict[str, list[str]]] = {}
    for op in table.values():
        for where in op.where:
            for name in (op.name, *op.aliases):
                names = public.setdefault(where, {})
                names.setdefault(name, []).append(op.id)
                if op.has_inplace(name, where):
                    names.setdefault(f"{name}_", []).append(op.id)
    return public


def _rows(table: Mapping[str, Op]) -> str:
    public = _public(table)
    lines = []
    for identifier, op in table.items():
        own = " ".join(w for w in op.where if public[w].get(identifier) == [identifier])
        row = ", ".join(f'"{word}"' for word in (op.family, own, *_marks(op)))
        lines.append(_line(f'    "{identifier}": ', row))
    return "\n".join(["{", *sorted(lines), "}"])


def _marks(op: Op) -> list[str]:
    """What is asked of an entry before its family is loaded."""
    marks = [f"written:{space}" for space in op.written.split()]
    if ("torch" if op.prelude == "" else op.prelude) in op.where and op.prelude != "torch":
        marks.append(f"prelude:{op.prelude}")
    if op.mapped:
        marks.append(f"mapped:{op.mapped}")
    return marks


def _names(table: Mapping[str, Op]) -> str:
    lines = ["{"]
    for where, names in sorted(_public(table).items()):
        others = {name: ids for name, ids in sorted(names.items()) if ids != [name]}
        if not others:
            lines.append(f'    "{where}": {{}},')
            continue
        lines.append(f'    "{where}": {{')
        for name, ids in others.items():
            listed = ", ".join(f'"{identifier}"' for identifier in ids)
            lines.append(_line(f'        "{name}": ', listed + "," * (len(ids) == 1)))
        lines.append("    },")
    return "\n".join([*lines, "}"])


def _line(start: str, words: str) -> str:
    """A key and its tuple; one word a line where they do not fit on one."""
    line = f"{start}({words}),"
    if len(line) <= _WIDTH:
        return line
    indent = " " * (len(start) - len(start.lstrip()) + 4)
    inner = "".join(f"{indent}{word},\n" for word in words.split(", "))
    return f"{start}(\n{inner}{indent[4:]}),"


def main() -> None:
    """Write the index."""
    Path(__file__).with_name("index.py").write_text(index_text())


if __name__ == "__main__":
    from .call import compiled  # noqa: F401  (gives entries their calls)

    main()
