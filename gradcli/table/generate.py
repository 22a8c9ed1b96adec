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
        f"FAMILIES: dict[str, str] = {_families(OPS)}\n\n"
        "# namespace -> public name -> ids of the entries behind it, tried in this order\n"
        f"PUBLIC: dict[str, dict[str, tuple[str, ...]]] = {_names(OPS)}\n\n"
        "# The same for plain functions\n"
        f"FUNCTION_FAMILIES: dict[str, str] = {_families(FUNCTIONS)}\n\n"
        f"FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {_names(FUNCTIONS)}\n"
    )


def _families(table: Mapping[str, Op]) -> str:
    lines = [f'    "{identifier}": "{op.family}",' for identifier, op in table.items()]
    return "\n".join(["{", *sorted(lines), "}"])


def _names(table: Mapping[str, Op]) -> str:
    public: dict[str, dict[str, list[str]]] = {}
    for op in table.values():
        for where in op.where:
            for name in (op.name, *op.aliases):
                names = public.setdefault(where, {})
                names.setdefault(name, []).append(op.id)
                if op.has_inplace(name, where):
                    names.setdefault(f"{name}_", []).append(op.id)
    lines = ["{"]
    for where, names in sorted(public.items()):
        lines.append(f'    "{where}": {{')
        for name, ids in sorted(names.items()):
            listed = ", ".join(f'"{identifier}"' for identifier in ids)
            comma = "," if len(ids) == 1 else ""
            line = f'        "{name}": ({listed}{comma}),'
            if len(line) > _WIDTH:
                indent = " " * 12
                inner = "".join(f'{indent}"{identifier}",\n' for identifier in ids)
                line = f'        "{name}": (\n{inner}        ),'
            lines.append(line)
        lines.append("    },")
    return "\n".join([*lines, "}"])


def main() -> None:
    """Write the index."""
    Path(__file__).with_name("index.py").write_text(index_text())


if __name__ == "__main__":
    from .call import fast_paths  # noqa: F401  (gives entries their calls)

    main()
