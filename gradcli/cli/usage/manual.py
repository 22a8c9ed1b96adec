"""The manual, as roff for man(1) and as plain text, from the table."""

from __future__ import annotations

from gradcli import __version__

from .help import usage
from .table import (
    BINDING,
    COMMANDS,
    DIRECTION,
    FIELDS,
    FILES,
    GROUPS,
    MAIN,
    NAMES,
    OPTIONS,
    STATUSES,
    Command,
    Option,
)

_ENVIRONMENT = (
    ("NO_COLOR", "when set and not empty, no colour is used"),
    ("FORCE_COLOR", "when set and not empty, colour is used even where stderr is no terminal"),
    ("TERM", "when dumb, no colour is used"),
    ("OPENBLAS_NUM_THREADS", "threads of the linear algebra library; gradcli uses 1"),
)

_DATA = (
    "A value given by --set, a record or a file is JSON: numbers, true and false, lists of equal "
    'length, "NaN", "Infinity", "-Infinity", complex numbers as {"re": 1, "im": 2}, or the '
    'lossless form {"dtype": "float32", "shape": [2], "data": [1, 2]}. --set and --const also '
    "take an expression of literals, such as linspace(-3, 3, 61). Inputs become floating-point "
    "tensors of the default dtype that require grad; --const follows torch.tensor.",
    "Numbers are written with the fewest digits that read back to the same value of their dtype.",
    "An input file is read by its extension: .json holds one object of inputs, .npz an array for "
    "each name, .csv and .tsv a column for each name in the header, .parquet and .arrow columns "
    "(with pyarrow, an extra), .npy one array that is named after the file, .ndjson a record a "
    "line. --from FORM says what a stream is in (--input -, /dev/stdin, a FIFO, <(...)), which has "
    "no extension. What gzip packed is unpacked. Later files win over earlier ones, --set and "
    "--const over all.",
    "--map NAME=FIELD reads an input from a field of another name: a column (--map 'length=Length "
    "(m)'), or a path into nested JSON as jq writes it (--map x=.pos.x, --map 'y=.v[0].\"b c\"').",
    "Results are written by the extension of -o, or by --to FORM. In a .csv or .tsv table the "
    "first result decides the columns: value, grads.x, grads.w.0 ...; a record that failed is a "
    "row without results. In .npz, .parquet and .arrow there is a column for each member; of a "
    "record that failed it is NaN, or null. -o FILE.gz packs.",
    "gradcli schema NAME writes the JSON Schema of an output.",
)

_NUMBERS = (
    "What a program computes in is decided by the program, not by the command: one that imports "
    "torch, and the calculator at the prompt, have PyTorch's default, float32; an expression and a "
    "script that does not import torch compute in float64. --dtype changes either.",
    "check compares the gradients that the program computes with central differences. For a "
    "float32 program these are taken in float64: the same program is run again with its inputs, "
    "leaves, constants and default dtype widened and with the same random numbers. Where that does "
    "not give the same results, or the program narrows its values itself, the differences are in "
    "the program's own precision, which check says. An element where the function is not finite or "
    "has no slope on a side is undefined: it is shown, and is neither right nor wrong.",
)

_SEARCHES = (
    "minimize and solve vary the --set values, or those of them that --wrt names, within --bounds "
    "NAME=LOW,HIGH, of which either side may be left out; everything else stays as it is. --table "
    "reads constants from a file as --input reads inputs, so that a fit is one line: gradcli "
    "minimize 'mean((y - a*exp(-b*t))**2)' --set a=1 --set b=1 --table decay.csv. The answer is "
    '{"at": {"x": ...}, "value", "gradient_norm", "steps", "converged"}: the best point, the '
    "result there, the norm of its gradient within the bounds (for solve, of the gradient of half "
    "the square of the result's norm), the steps taken, and whether that is a minimum or a root. "
    "If it is none the status is 1. --trace writes a line for each step before the answer. The "
    "search ends where the gradient's norm is at most --tolerance times one and the size of the "
    "result (for solve, where the result is at most --tolerance times what it was at the start, or "
    "one), or after --iterations steps.",
    "--sigma NAME=VALUE, or --sigma NAME=.FIELD from each record, is the standard deviation of an "
    "input; grad then adds sigma, that of the result to first order for independent errors, and "
    "shares, the part of each input in its square. --elasticity adds x / y * dy/dx for each input: "
    "by how many per cent the result grows with one per cent of it. --taylor N adds the "
    "coefficients of the powers 0 to N of a step along each input of one element, or along "
    "--tangent.",
)

_RECORDS = (
    "--jobs 4 spreads records over four processes, --jobs 0 over as many as there are cores; the "
    "results, their order, errors and the status are those of one process. Each process may use "
    "--max-memory.",
    "--engine dask takes every file that --input names (--input 'data/*.parquet') and writes a "
    "file of the same name below the folder of -o, over the cores of this machine, or with "
    "--engine dask=ADDRESS over the workers of a Dask cluster, which see the same files. A part "
    "that is done is not done again; one that was made of something else is an error without "
    "--force. Whoever can reach a scheduler can run code on its workers: it is to be trusted.",
    "With --each the records come from the last --input, or from standard input. A table, .npy or "
    ".npz file has a record a row. JSON is read as jq reads it: a record a line, or values over "
    "several lines, one after the other; the items of a list are records. What other --input files "
    "and --set give is shared by all records. With --grid there is a record for each point of the "
    "product of the --set ranges, the last one running fastest, and its result begins with the "
    'point: {"at": {"x": -1.0}, …}.',
    "--copy id,site puts these fields of a record in front of its result, whatever they hold, and "
    "--copy all every field; --copy name=FIELD copies one under another name, and FIELD may be a "
    "path. A text of a table is copied as it stands: 007 stays 007.",
    "Results are lines, in the order of the records, each written before the next record is waited "
    'for. A record that fails has {"error": {"code", "message", "span", "help", "record"}} in its '
    "place, the others go on, and the exit status is that of the first that failed. Every record "
    "begins with fresh names. With --slurp all records are one, with --null-input none is read, "
    "and there is one result.",
    "Records that have the same names, dtypes and shapes are computed together, wherever they "
    "stand and however the program is written; a record's answer is the same to the last digit "
    "as alone. A program goes through its records one by one, some ten times as slowly, where it "
    "branches on a value of a tensor or asks for it (if x > 0, float(x), .item()), draws random "
    "numbers, makes tensors whose shape depends on values (x[x > 0], unique), prints, emits or "
    "formats, catches exceptions (try), has leaves of its own (param, requires_grad), takes "
    "derivatives itself (backward, grad), or imports other modules than torch, math and those of "
    "Python's that only compute. where(x > 0, a, b) stands for a branch. So do records of which "
    "there is one of a kind, and those that fail. A record draws its random numbers from a "
    "generator of its own, which --seed and the record's number alone decide.",
)


_CHAPTERS = {
    "DATA": _DATA,
    "NUMBERS": _NUMBERS,
    "SEARCHES, ERRORS AND SERIES": _SEARCHES,
    "RECORDS": _RECORDS,
}


def _commands(only: Command) -> list[Command]:
    return list(COMMANDS.values()) if only is MAIN else [only]


def _options(commands: list[Command]) -> list[tuple[str, list[Option]]]:
    groups = []
    for group in GROUPS:
        options = [
            option
            for option in OPTIONS.values()
            if option.group == group and any(command.takes(option) for command in commands)
        ]
        if options:
            groups.append((group, options))
    return groups


def plain(only: Command = MAIN) -> str:
    """The manual as text for a terminal."""
    commands = _commands(only)
    lines = [f"gradcli {only.name}".rstrip() + f" {__version__}: {only.about}", "", "COMMANDS"]
    if only is MAIN:
        lines.append("    gradcli [OPTIONS]: calculate interactively, or run a script from stdin")
    for command in commands:
        lines += [f"    {usage(command)}", f"        {command.about}"]
        lines += [f"            {example}" for example, _ in command.examples]
    for group, options in _options([*commands, only]):
        lines += ["", f"OPTIONS: {group.upper()}"]
        for option in options:
            lines += [f"    {option.spelled}", f"        {_about(option)}"]
    for title, paragraphs in _CHAPTERS.items():
        lines += ["", title]
        for paragraph in paragraphs:
            lines += _filled(paragraph)
    lines += ["", "EXIT STATUS"]
    lines += [f"    {status:<5}{meaning}" for status, meaning in STATUSES]
    lines += ["", "ENVIRONMENT"]
    lines += [f"    {name}: {meaning}" for name, meaning in _ENVIRONMENT]
    return "\n".join(lines) + "\n"


def _about(option: Option) -> str:
    about = option.help
    if option.choices:
        about += f" ({', '.join(option.choices)})"
    if option.usual:
        about += f"; {option.usual} by default"
    return about + _syntax(option)


def _syntax(option: Option) -> str:
    """How several values are given."""
    if option.kind in (NAMES, FIELDS):
        return ". Several have commas between them, or the option is repeated"
    if option.kind in (BINDING, DIRECTION, FILES):
        return ". May be repeated"
    return ""


def _filled(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 76, initial_indent="    ", subsequent_indent="    ")


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join([c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text])
    return "\\&" + text if text[:1] in (".", "'") else text


def roff(only: Command = MAIN) -> str:
    """The manual in the man macros."""
    commands = _commands(only)
    title = f"gradcli-{only.name}" if only.name else "gradcli"
    lines = [
        f'.TH {title.upper()} 1 "" "gradcli {__version__}" "User Commands"',
        ".SH NAME",
        f"{title} \\- {_escaped(only.summary)}",
        ".SH SYNOPSIS",
    ]
    for command in [*([only] if only is MAIN else []), *commands]:
        lines += [".PP", f"\\fB{_escaped(usage(command))}\\fR"]
    lines.append(".SH DESCRIPTION")
    for command in commands:
        lines += [".SS " + _escaped(command.name), _escaped(command.about)]
        for example, meaning in command.examples:
            lines += [".PP", _escaped(meaning) + ":", ".PP", ".RS 4", ".nf"]
            lines += [_escaped(example), ".fi", ".RE"]
    lines.append(".SH OPTIONS")
    for group, options in _options([*commands, only]):
        lines.append(f".SS {group}")
        for option in options:
            lines += [".TP", f"\\fB{_escaped(option.spelled)}\\fR", _escaped(_about(option))]
    for title, paragraphs in _CHAPTERS.items():
        lines.append(f".SH {title}")
        for paragraph in paragraphs:
            lines += [".PP", _escaped(paragraph)]
    lines.append(".SH EXIT STATUS")
    for status, meaning in STATUSES:
        lines += [".TP", f"\\fB{status}\\fR", _escaped(meaning)]
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _ENVIRONMENT:
        lines += [".TP", f"\\fB{name}\\fR", _escaped(meaning)]
    return "\n".join(lines) + "\n"
