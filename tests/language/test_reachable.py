"""The table of all that programs reach is complete, and nothing of ours shows in any of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reachable import reachable

from gradcli.language.library import prelude, torch_names
from gradcli.language.library.modules import MODULES, find_module
from gradcli.language.values.attributes import load_attribute
from gradcli.language.values.text import text_repr
from gradcli.torch import namespaces

TABLE = Path(__file__).parent / "reachable.txt"
COLUMNS = 6


def rows() -> list[list[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.split("|")]
        for line in lines
        if line and not line.startswith("#")
    ]


def test_every_name_has_one_row() -> None:
    listed = [f"{row[0]}: {name}" for row in rows() for name in row[1].split()]
    assert len(set(listed)) == len(listed)
    assert set(listed) == reachable()


def test_every_cell_says_something() -> None:
    assert not [row for row in rows() if len(row) != COLUMNS or not all(row)]


def values() -> Iterator[tuple[str, Any]]:
    for name in prelude.python().all():
        yield name, prelude.python()[name]
    for name in MODULES:
        module = find_module(name)
        for entry in module.all_names():
            yield f"{name}.{entry}", module.get(entry)
    for name in namespaces.MODULES:
        for entry in namespaces.names(name):
            yield f"{name}.{entry}", torch_names.torch_name(name, entry)


@pytest.mark.parametrize("special", ["__doc__", "__name__", "__qualname__", "repr"])
def test_nothing_of_ours_shows(special: str) -> None:
    shown = {}
    for name, value in values():
        if isinstance(value, namespaces.Module):
            continue  # a module says which program it is of
        try:
            text = text_repr(value) if special == "repr" else load_attribute(value, special)
        except AttributeError:
            continue
        ours = isinstance(text, str) and ("gradcli" in text or "<locals>" in text)
        if ours and not getattr(value, "__module__", "").startswith(("builtins", "numpy")):
            shown[name] = text
    assert not shown
