"""JSON that is written holds no character that steers a terminal or reorders a line."""

from __future__ import annotations

import json
import unicodedata

import pytest
from process import gradcli

# Unicode's own properties: what is a control, and what changes the direction of a text.
STEERS = [
    chr(code)
    for code in range(0x3000)
    if unicodedata.category(chr(code)) == "Cc"
    or chr(code) in "\u061c\u200e\u200f"
    or unicodedata.bidirectional(chr(code))
    in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
]
TEXT = "".join(STEERS)
WORD = "a\u202eb\x9bc\x7f"
NAMED = 'x = tensor(1.)\nx_ = {"KEY": 1.5, "k": ["KEY"]}\nemit(**{"KEY": 1.0})\nemit(t="KEY")\n'

RUNS = {
    "value": (["eval", "--json", "-e", repr(TEXT)], b""),
    "names": (["eval", "--json", "-e", f"{{{TEXT!r}: 1.0}}"], b""),
    "indented": (["eval", "--json", "--indent", "2", "-e", f"[{TEXT!r}, {{{TEXT!r}: 1}}]"], b""),
    "emit": (["eval", "-", "--json"], NAMED.replace("KEY", WORD.encode("unicode_escape").decode())),
    "record": (["grad", "x", "--each"], json.dumps({"x": TEXT}).encode()),
    "key": (["grad", "x", "--each"], json.dumps({TEXT: 1}).encode()),
    "raised": (["eval", "--each", "-e", f"{{}}[{TEXT!r}]"], b"{}\n"),
    "errors": (["eval", "--errors", "json", "-e", f"{{}}[{TEXT!r}]"], b""),
    "usage": (["grad", f"--set=x={WORD}", "x", "--errors", "json"], b""),
    "graph": (["graph", "--format", "json", "-e", f"param(2.) * len({TEXT!r})"], b""),
}


@pytest.mark.parametrize(("arguments", "stdin"), RUNS.values(), ids=RUNS)
def test_strings(arguments, stdin):
    done = gradcli(*arguments, stdin=stdin if isinstance(stdin, bytes) else stdin.encode())
    wrote = []
    for stream in (done.stdout.decode(), done.stderr.decode()):
        if stream.startswith(("{", "[", '"')):
            wrote.append(stream)
            assert not (set(stream) - {"\n"}) & set(STEERS)
            if arguments[-1] != "--json":
                json.loads(stream)
    assert wrote


def test_strings_come_back():
    done = gradcli("eval", "--json", "-e", repr(TEXT))
    assert json.loads(done.stdout) == TEXT
    assert (
        "\u00e9\u05d0\U0001f600"
        in gradcli("eval", "--json", "-e", repr("\u00e9\u05d0\U0001f600")).stdout.decode()
    )
