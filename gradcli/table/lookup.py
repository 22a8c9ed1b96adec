"""Which family defines an operation; families are imported at the first use of a name."""

from __future__ import annotations

from importlib import import_module

from .entry import OPS, Op
from .names import OPERATIONS


def get_op(identifier: str) -> Op:
    """The entry with this id. Raises KeyError when there is none."""
    found = OPS.get(identifier)
    if found is None:
        import_module(f"gradcli.ops.{OPERATIONS.family(identifier)}")
        found = OPS[identifier]
    return found


def load_all() -> dict[str, Op]:
    """Every entry of the table, by id."""
    for family in OPERATIONS.families():
        import_module(f"gradcli.ops.{family}")
    return OPS
