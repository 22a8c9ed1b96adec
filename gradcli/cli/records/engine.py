"""`--engine dask`: many files of records into as many files of results, over a Dask cluster.

Files are seen by all workers under the same names. Every output is written whole or not at all and
has a record of what it was made of, so that a second run does what is left. A worker that is lost
costs a retry: the part is made again.
"""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any

from gradcli import __version__
from gradcli.cli.process.progress import Progress
from gradcli.cli.process.report import USAGE, Failure, show
from gradcli.cli.process.signals import waiting
from gradcli.cli.programs.sources import Text
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.cli.usage.table import FLAG, OPTIONS
from gradcli.io.formats import EXTENSIONS, format_of

from .part import read_record, run_part

RETRIES = 3  # of a part whose worker is lost
_OURS = {"engine", "input", "output", "force", "jobs", "quiet", "file", "expression", "color"}


def run(text: Text, options: Options) -> int:
    """Do all parts that are not done; the exit status is that of the first one that failed."""
    if not options.each or not options.input:
        raise UsageError("--engine goes over files of records", "add --each --input 'data/*.csv'")
    if not options.output or options.output == "-":
        raise UsageError("--engine writes a file for each input", "name their folder with -o out/")
    arguments = _arguments(text, options)
    parts = _parts(options)
    todo, statuses = [], {}
    for source, output in parts:
        digest = _digest(text, arguments, options, source)
        known = read_record(output)
        same = known is not None and known.get("digest") == digest
        if same and known is not None and known.get("status") is not None:
            if os.path.exists(output):
                statuses[source] = int(known["status"])
                continue
        elif not same and not options.force and os.path.exists(output):
            raise UsageError(
                f"{output} is there, and was made of something else", "--force replaces it"
            )
        todo.append((source, output, digest))
    if todo:
        statuses |= _compute(arguments, text.source.text, todo, options)
    if not options.quiet and options.errors == "text":
        failed = [source for source, _ in parts if statuses[source]]
        sys.stderr.write(f"note: {_told(len(todo), len(parts), failed)}\n")
    return next((statuses[source] for source, _ in parts if statuses[source]), 0)


def _told(tried: int, count: int, failed: list[str]) -> str:
    """What was done of `count` parts, and in which of them something is wrong."""
    told = f"{tried} parts done, {count - tried} were there"
    if not failed:
        return told
    shown = ", ".join(failed[:3]) + (", …" if len(failed) > 3 else "")
    return f"{told}; {len(failed)} of the {count} failed, or have records that did: {shown}"


def _parts(options: Options) -> list[tuple[str, str]]:
    """Every input and its output. Raises UsageError."""
    pattern = options.input[-1]
    if os.path.isdir(pattern):
        pattern = os.path.join(pattern, "*")
    found = sorted(glob.glob(pattern, recursive=True)) or [pattern]
    sources = [os.path.abspath(name) for name in found if format_of(name) or options.from_]
    if not sources or not all(map(os.path.isfile, sources)):
        raise UsageError(
            f"--input {options.input[-1]}: there is no such file of records",
            f"extensions are {', '.join(EXTENSIONS)}",
        )
    root = os.path.commonpath([os.path.dirname(name) for name in sources])
    folder = os.path.abspath(str(options.output))
    made: dict[str, str] = {}
    for source in sources:
        name = os.path.relpath(source, root)
        if options.to is not None:
            base = name.removesuffix(".gz")
            name = f"{os.path.splitext(base)[0]}.{options.to}"
        output = os.path.join(folder, name)
        if output in made:
            raise UsageError(
                f"{made[output]} and {source} would share the output {output}",
                "give one of them another name",
            )
        if output in sources:
            raise UsageError(f"{output} is an input, too", "name another folder with -o")
        made[output] = source
    return [(source, output) for output, source in made.items()]


def _arguments(text: Text, options: Options) -> list[str]:
    """The command line of a part, which reads its program from standard input if it has one."""
    words = [options.command.name]
    for name in sorted(options.given - _OURS):
        option = OPTIONS[name]
        value = getattr(options, option.dest)
        if option.kind == FLAG:
            words.append(f"--{name}")
            continue
        values = value if isinstance(value, list) else [value]
        words += [f"--{name}={_word(item)}" for item in values]
    words += ["--color=never", "--quiet"]
    for name in options.input[:-1]:
        words += ["--input", os.path.abspath(name)]
    if text.kind == "program":
        return [*words, "-"] if options.command.name == "eval" else [*words, "-f", "-"]
    if options.command.name == "eval":
        return [*words, "-e", text.source.text]
    return [*words, "--", text.source.text]


def _word(item: Any) -> str:
    if isinstance(item, tuple):
        return "=".join(str(part) for part in item if part)
    return str(item)


def _digest(text: Text, arguments: list[str], options: Options, source: str) -> str:
    """What a part is made of: version, program, options, and its inputs' sizes and times."""
    names = [os.path.abspath(name) for name in options.input[:-1]]
    files = [(name, (s := os.stat(name)).st_size, s.st_mtime_ns) for name in [*names, source]]
    said = [word for word in arguments if not word.startswith("--errors=")]  # changes no result
    made_of = [__version__, text.source.text, said, files]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _compute(
    arguments: list[str], program: str, todo: list[tuple[str, str, str]], options: Options
) -> dict[str, int]:
    distributed = _distributed()
    statuses: dict[str, int] = {}
    with (
        closing(Progress(options, "parts", False)) as progress,
        _client(distributed, options) as client,
    ):
        futures = {}
        for source, output, digest in todo:
            future = client.submit(
                run_part,
                *(__version__, _before_operands(arguments), program, source, output, digest),
                pure=False,
                retries=RETRIES,
            )
            futures[future] = source
        done = distributed.as_completed(futures)
        progress.show(0, 0.0)
        with waiting():
            for future in done:
                source = futures[future]
                try:
                    status, message, _ = future.result()
                except Exception as error:
                    status, message = USAGE, ""
                    show(Failure(USAGE, f"{source}: {error}"), options.errors, options.color)
                statuses[source] = status
                sys.stderr.writelines(_of_part(source, message, options.errors))
                progress.show(len(statuses), len(statuses) / len(todo))
    return statuses


def _of_part(source: str, message: str, form: str) -> list[str]:
    """The lines of a part's messages, which say whose they are."""
    if form != "json":
        return [f"{source}: {line}\n" for line in message.splitlines()]
    found = []
    for line in message.splitlines():
        try:
            error = json.loads(line)["error"]
        except (ValueError, LookupError, TypeError):  # a line that was cut
            continue
        found.append(json.dumps({"error": error | {"file": source}}, ensure_ascii=False) + "\n")
    return found


def _before_operands(arguments: list[str]) -> list[str]:
    """The arguments with the expression in front, so that options may follow."""
    if "--" not in arguments:
        return arguments
    place = arguments.index("--")
    expression = arguments[place + 1]
    if expression.startswith("-"):
        expression = f" {expression}"
    return [arguments[0], expression, *arguments[1:place]]


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise UsageError(
            "--engine dask: dask is not installed",
            "pip install 'dask[distributed]', or gradcli with its extra: pip install '.[dask]'",
        ) from None


@contextmanager
def _client(distributed: Any, options: Options) -> Iterator[Any]:
    """A client of the cluster that `--engine` names, or of one on this machine."""
    name, _, address = str(options.engine).partition("=")
    if name != "dask":
        raise UsageError(f"--engine {options.engine}: there is no such engine", "--engine dask")
    if address:
        try:
            client = distributed.Client(address, timeout=10)
        except OSError as error:
            raise Failure(USAGE, f"--engine {options.engine}: {error}", code="io") from None
        with client:
            yield client
        return
    count = options.jobs or os.cpu_count() or 1
    # What Dask logs of workers that come and go is no message of gradcli's.
    how = {"n_workers": count, "threads_per_worker": 1, "dashboard_address": None}
    how["silence_logs"] = logging.CRITICAL
    with distributed.LocalCluster(**how) as cluster, distributed.Client(cluster) as client:
        yield client
