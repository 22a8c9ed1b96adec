"""What a terminal shows of names and values that are not ours: nothing in them steers it."""

from __future__ import annotations

import json

import pytest
from process import gradcli

STEER = "\x1b[31m\x9b2J\x07"
LINES = [
    ("eval", STEER),
    ("eval", f"/nowhere/{STEER}.grad"),
    ("grad", "x", "--set", f"{STEER}=1"),
    ("grad", "x", "--set", f"x={STEER}"),
    ("grad", "x", "--set", "x=1", "--of", STEER),
    ("grad", "x", "--set", "x=1", "--wrt", STEER),
    ("grad", "x", "--input", f"{STEER}.npy"),
    ("grad", "x", "--dtype", STEER),
    ("grad", f"x + {STEER}"),
    ("grad", "x", f"--{STEER}"),
    ("ops", STEER),
    ("completions", STEER),
    (STEER,),
]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("words", LINES, ids=lambda words: words[0].encode().hex()[:8])
def test_words_of_the_command_line(words, form):
    done = gradcli(*words, "--errors", form)
    assert done.returncode in (2, 3)
    shown = done.stderr.decode()
    assert shown
    assert not set(shown) & {chr(c) for c in (*range(9), *range(11, 32), *range(127, 160))}


@pytest.mark.parametrize("program", ["raise ValueError('{}')", "x = '{}' + 1", "1 / 0  # {}"])
def test_no_message_is_read_in_another_order_than_it_has(program):
    directions = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    done = gradcli("eval", "-", stdin=program.format(f"a{directions}b").encode())
    assert done.returncode == 5
    shown = done.stderr.decode()
    assert "a" in shown
    assert not set(shown) & set(directions)


def test_a_name_without_end_is_cut():
    source = b"import torch\nprint(" + b"x" * 3_000_000 + b")\n"
    done = gradcli("eval", "-", "--errors", "json", stdin=source)
    assert done.returncode == 5
    assert len(done.stderr) < 10_000
    assert "characters" in json.loads(done.stderr)["error"]["message"]
    assert len(gradcli("eval", "-", stdin=source).stderr) < 20_000
