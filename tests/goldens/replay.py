"""Run a recorded program through gradcli, block by block, as the recorder ran it in PyTorch."""

from __future__ import annotations

import json
import pathlib
import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from gradcli.kernels.random import default_generator
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Session, compile_program
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.tensor.dtypes import default, float32
from gradcli.tensor.print_options import set_printoptions
from gradcli.tensor.runtime import runtime

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
INSTALLED_AT = re.compile(r" \((?:unknown location|/[^()]*)\)$")
OVERLOADS = "but expected one of:\n"
VERSIONS = json.loads((pathlib.Path(__file__).parent / "versions.json").read_text("utf-8"))

Block = dict[str, Any]


def normalise(text: str) -> str:
    """Text with memory addresses replaced, which differ from run to run."""
    return ADDRESS.sub("0x…", text)


def sentence(error: ProgramError | GradSyntaxError) -> str:
    """`TypeName: sentence`, as the recorder writes it."""
    title = error.title if isinstance(error, ProgramError) else f"SyntaxError: {error}"
    text = normalise(title)
    head, found, _ = text.partition(OVERLOADS)
    return (head + found).rstrip("\n") if found else INSTALLED_AT.sub("", text)


def reset() -> None:
    """Put every option that a program can set back to what a fresh process has."""
    runtime.grad_enabled = True
    runtime.inference = False
    runtime.stop = None
    default.dtype = float32
    set_printoptions(profile="default")
    default_generator.manual_seed(0)


def replay(sources: Iterable[str]) -> list[Block]:
    """`out` and `error` of each block, in one namespace after `torch.manual_seed(0)`."""
    reset()
    out: list[str] = []
    session = Session(stdout=out.append)
    blocks: list[Block] = []
    for source in sources:
        out.clear()
        error = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                session.run(compile_program(source, mode="python"))
            except (ProgramError, GradSyntaxError) as raised:
                error = sentence(raised)
        blocks.append({"out": normalise("".join(out)), "error": error})
    return blocks


def said_here(name: str, block: Block) -> Block:
    """A record as the Python that runs says it. The records are those of 3.11, and `versions.json`
    has, by program and a part of the block, what later versions say in the place of what."""
    for change in VERSIONS:
        if (
            change["program"] == name
            and change["block"] in block["src"]
            and sys.version_info >= tuple(map(int, change["since"].split(".")))
        ):
            texts = {key: block[key] for key in ("out", "error") if block[key]}
            new = {k: v.replace(change["was"], change["now"]) for k, v in texts.items()}
            block = {**block, **new}
    return block


def read(path: pathlib.Path) -> dict[str, list[Block]]:
    """The records of generated programs by seed."""
    found: dict[str, list[Block]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def differences(blocks: list[str], record: list[Block]) -> list[tuple[int, str, str]]:
    """The number of every block that differs, and what PyTorch and gradcli say."""
    return [
        (
            number,
            (theirs["out"] or "") + (theirs["error"] or ""),
            mine["out"] + str(mine["error"] or ""),
        )
        for number, (theirs, mine) in enumerate(zip(record, replay(blocks), strict=True))
        if (theirs["out"], theirs["error"]) != (mine["out"], mine["error"])
    ]


def compare(name: str, record: list[Block]) -> None:
    """Assert that gradcli prints and raises what the record says, block by block."""
    found = replay(block["src"] for block in record)
    for number, (block, ours) in enumerate(zip(record, found, strict=True)):
        where = f"{name}, block {number}:\n{block['src']}"
        expected = said_here(name, block)
        assert ours["out"] == expected["out"], where
        assert ours["error"] == expected["error"], where
