"""Runs commands over records and tells what they wrote: `python both_ways.py together|alone`.

Standard input has a JSON list of [words, text of the records]; the answer is a list of [stdout,
number of records that went by themselves, runs of the program]. `alone` has no passes over many.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile

from gradcli.cli.main import run
from gradcli.cli.records import each
from gradcli.language.interpreter import Session
from gradcli.streams import batch

counts = {"alone": 0, "runs": 0}
single, session_run = each.Stream._single, Session.run


def counted_single(self, member, batch, place):
    counts["alone"] += 1
    return single(self, member, batch, place)


def counted_run(self, *arguments, **keywords):
    counts["runs"] += 1
    return session_run(self, *arguments, **keywords)


def answer(words, records):
    counts.update(alone=0, runs=0)
    source, target, program = "in.ndjson", "out.ndjson", "program.grad"
    if os.path.exists(target):
        os.remove(target)
    with open(source, "w", encoding="utf-8") as file:
        file.write(records)
    for place, word in enumerate(words):
        if "\n" in word:  # a program's text
            with open(program, "w", encoding="utf-8") as file:
                file.write(word)
            words[place] = program
    given = [] if "--grid" in words else ["--input", source]
    with contextlib.redirect_stderr(io.TextIOWrapper(io.BytesIO())) as errors:
        run([*words, *given, "-o", target])
    if not os.path.exists(target):
        errors.seek(0)
        raise SystemExit(f"{words}: {errors.read()}")
    with open(target, encoding="utf-8") as file:
        return [file.read(), counts["alone"], counts["runs"]]


if __name__ == "__main__":
    each.Stream._single = counted_single
    Session.run = counted_run
    if sys.argv[1] == "alone":
        batch.FEWEST = 1 << 60
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)  # errors name the program by the same path, wherever it is
        print(json.dumps([answer(words, records) for words, records in json.load(sys.stdin)]))
