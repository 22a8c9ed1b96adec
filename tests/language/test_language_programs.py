"""Programs without tensors print in gradcli what CPython prints, errors included."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import cpython, run, without_addresses

CORPUS = Path(__file__).parent / "corpus"
ERRORS = (CORPUS / "errors.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.grad")), ids=lambda path: path.stem)
def test_corpus(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    printed, error = run(text)
    expected, expected_error = cpython(text)
    assert without_addresses(printed).split("\n") == without_addresses(expected).split("\n")
    assert error == expected_error


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text: str) -> None:
    printed, error = run(text)
    expected, expected_error = cpython(text)
    assert without_addresses(printed) == without_addresses(expected)
    assert without_addresses(error) == without_addresses(expected_error)


def test_block_that_raises_keeps_what_was_done() -> None:
    from gradcli.language.errors.program_error import ProgramError
    from gradcli.language.interpreter import Session, compile_program

    session = Session(stdout=lambda text: None)
    with pytest.raises(ProgramError, match="ZeroDivisionError"):
        session.run(compile_program("a = 1\nb = 1 / 0\nc = 2", mode="python"))
    assert list(session.globals) == ["a"]
    assert session.run(compile_program("a + 1", mode="interactive")).value == 2
