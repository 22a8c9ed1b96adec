"""The sentence for arguments that no overload takes."""

from __future__ import annotations

import json
from pathlib import Path

import replayed

import gradcli.table.call
from gradcli.table.names import all_names


def test_sentences_are_pytorchs() -> None:
    wrong = replayed.differences("arguments")
    assert not wrong, "\n".join(wrong)


def test_signatures_are_of_names_that_exist() -> None:
    path = Path(gradcli.table.call.__file__).with_name("signatures.json")
    for space, recorded in json.loads(path.read_text()).items():
        assert set(recorded) <= all_names(space), space
        assert all(len(found) > 1 for found in recorded.values())
