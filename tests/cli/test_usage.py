"""The command line itself: conventions, mistakes, help, completions and the manual."""

import json
import os
import shlex
import shutil
import subprocess

import pytest
from process import COMMAND, gradcli, ok

from gradcli.cli.usage.help import screen
from gradcli.cli.usage.parse import UsageError, parse
from gradcli.cli.usage.table import COMMANDS, FLAG, MAIN, OPTIONS, SHELLS


@pytest.mark.parametrize("command", [MAIN, *COMMANDS.values()], ids=lambda command: command.name)
def test_help_fits_a_screen_and_has_three_examples(command):
    text = screen(command)
    lines = text.splitlines()
    assert len(lines) <= 32
    assert max(map(len, lines)) <= 80
    assert len(command.examples) == 3
    assert all(example in text for example, _ in command.examples)


EXAMPLES = [
    example
    for command in (MAIN, *COMMANDS.values())
    for example, _ in command.examples
    if command.name not in ("completions", "kernel") or "bash" in example
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_run_as_they_stand(example, tmp_path):
    """In a folder without a file; what other shells read, or would install a kernel, is left."""
    done = subprocess.run(
        ["bash", "-c", example],
        cwd=tmp_path,
        env=on_path(tmp_path) | {"HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    written = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    assert done.stdout or any(written) or example == "gradcli" or "source" in example


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_option_of_a_command_is_in_its_help(command):
    text = screen(command)
    for name in command.options:
        option = OPTIONS[name]
        short = f"-{option.short}"
        shown = f"--{name}" in text or (option.short and short in text.replace(",", " ").split())
        assert shown or name == "version", name


def test_gnu_conventions():
    options = parse(["grad", "--set", "x=1", "x*2", "--set=y=a=b", "-cofile.json", "--indent=0"])
    assert options.set == [("x", "1"), ("y", "a=b")]
    assert options.operands == ["x*2"]
    assert (options.compact_output, options.output, options.indent) == (True, "file.json", 0)
    assert parse(["grad", "--", "-x"]).operands == ["-x"]
    assert parse(["eval", "-"]).operands == ["-"]
    assert parse(["eval", "-e", "1", "-e2"]).expression == ["1", "2"]
    assert parse(["--color", "never", "grad", "x"]).command.name == "grad"
    assert parse(["grad", "x", "--wrt", "a,b", "--wrt", "c"]).wrt == ["a", "b", "c"]
    assert parse(["eval", "x", "--max-memory", "1.5GiB"]).max_memory == 3 << 29
    assert parse(["eval", "x", "--fail-fast", "--keep-going"]).fail_fast is False
    assert parse(["help", "grad"]).help


@pytest.mark.parametrize("text", ["-0.5*x", "-(x*y)", "-[1]", "-3", "-_x"])
def test_expressions_may_begin_with_a_sign(text):
    assert parse(["grad", text, "--set", "x=1"]).operands == [text]


@pytest.mark.parametrize(
    ("words", "message", "help"),
    [
        (["grad", "--wtr", "x"], "no option --wtr", "--wrt"),
        (["grad", "--slur"], "no option --slur", "--slurp"),
        (["jvp", "--tange", "x"], "no option --tange", "--tangent"),
        (["grad", "-x**2"], "no option -x", "goes after --"),
        (["jvp", "--cotangent", "1"], "does not belong to `gradcli jvp`", "grad, vjp"),
        (["ops", "--each"], "does not belong to `gradcli ops`", "eval, grad"),
        (["grad", "--each=yes"], "takes no value", ""),
        (["grad", "--set"], "needs a value", ""),
        (["grad", "--set", "x"], "no = in it", "NAME=VALUE"),
        (["grad", "--set", "1x=2"], "is not a name", ""),
        (["grad", "--dtype", "float"], "it is one of", "float64"),
        (["grad", "--timeout", "0"], "above 0", ""),
        (["grad", "--seed", "1.5"], "an integer", ""),
        (["grad", "--max-memory", "lots"], "number of bytes", ""),
        (["grda"], "no command `grda`", "gradcli grad"),
        (["x.grad"], "no command `x.grad`", "gradcli eval x.grad"),
        (["-e", "1"], "does not belong to `gradcli` without a command", "eval"),
    ],
)
def test_mistakes(words, message, help):
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert message in caught.value.message
    assert help in caught.value.help


def test_mistakes_have_status_2():
    done = gradcli("grad", "--wtr", "x")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.decode() == (
        "error: there is no option --wtr\n   = help: did you mean --wrt?\n"
    )
    done = gradcli("--errors", "json", "grad", "--wtr")
    (line,) = done.stderr.decode().splitlines()
    assert json.loads(line)["error"] == {
        "code": "usage",
        "message": "there is no option --wtr",
        "help": "did you mean --wrt?",
    }


def test_help_and_version_import_nothing_heavy():
    check = (
        "import sys; from gradcli.cli.main import run; sys.stdout = open('/dev/null', 'w');"
        "run({}); heavy = {{'numpy', 'lark', 'argparse', 're', 'typing'}} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    for words in (["--help"], ["grad", "--help"], ["--version"], ["completions", "zsh"]):
        done = subprocess.run(
            [COMMAND[0], "-S", "-c", check.format(words)], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_completions():
    for shell in SHELLS:
        script = ok("completions", shell)
        for name in COMMANDS:
            assert name in script
        for name in OPTIONS:
            assert name in script
    assert gradcli("completions", "fisch").returncode == 2
    script = ok("completions", "bash") + (
        "COMP_WORDS=(gradcli grad --wr); COMP_CWORD=2; _gradcli; echo ${COMPREPLY[@]};"
        "COMP_WORDS=(gradcli gra); COMP_CWORD=1; _gradcli; echo ${COMPREPLY[@]};"
        "COMP_WORDS=(gradcli grad --dtype bf); COMP_CWORD=3; _gradcli; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run(["bash"], input=script.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split() == ["--wrt", "grad", "graph", "bfloat16"]


def on_path(folder):
    """An environment in which `gradcli` is on the path."""
    program = folder / "bin" / "gradcli"
    program.parent.mkdir(exist_ok=True)
    command = shlex.join(COMMAND)
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}


def completed(words, folder):
    """What bash offers for the last word; `gradcli` is on the path."""
    line = " ".join(map(shlex.quote, words))
    script = ok("completions", "bash") + (
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _gradcli gradcli; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash"],
        input=script.encode(),
        capture_output=True,
        check=True,
        cwd=folder / "here",
        env=on_path(folder),
    )
    assert done.stderr == b""
    return sorted(filter(None, done.stdout.decode().split("\n")))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ops", "matrix_e"], ["matrix_exp"]),
        (["schema", "mi"], ["minimize"]),
        (["kernel", ""], ["install", "remove"]),
        (["man", "hv"], ["hvp"]),
        (["grad", "--engine", ""], ["dask"]),
        (["grad", "--input", ""], ["a.csv", "b c.ndjson.gz", "d.PARQUET", "folder"]),
        (["minimize", "x", "--table", "a"], ["a.csv"]),
        (["grad", "--file", ""], ["folder", "p.grad", "q.py"]),
        (["eval", ""], ["folder", "p.grad", "q.py"]),
        (["eval", "--plots", ""], ["folder"]),
        (["grad", "-o", "n"], ["notes.txt"]),
        (["grad", ""], None),
    ],
)
def test_completion_of_names_and_of_the_right_kind_of_files(words, found, tmp_path):
    here = tmp_path / "here"
    (here / "folder").mkdir(parents=True)
    for name in ("a.csv", "b c.ndjson.gz", "d.PARQUET", "p.grad", "q.py", "notes.txt"):
        (here / name).touch()
    got = completed(["gradcli", *words], tmp_path)
    if found is None:  # an expression stands there, and no file
        assert not {"p.grad", "notes.txt"} & set(got)
    else:
        assert got == found


def test_manual():
    page = ok("man")
    assert page.startswith(".TH GRADCLI 1")
    for name in OPTIONS:
        assert name.replace("-", "\\-") in page
    assert ".TH GRADCLI-GRAD 1" in ok("man", "grad")
    assert "did you mean `grad`?" in gradcli("man", "grda").stderr.decode()


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_is_roff_without_warnings():
    words = ["groff", "-man", "-ww", "-Tutf8"]
    done = subprocess.run(words, input=ok("man").encode(), capture_output=True, check=True)
    assert done.stderr == b""


def test_the_manual_says_defaults():
    page = ok("man")
    for option in OPTIONS.values():
        if option.usual:
            assert f"; {option.usual} by default".replace("-", "\\-") in page, option.name


@pytest.mark.parametrize("command", [MAIN, *COMMANDS.values()], ids=lambda command: command.name)
def test_help_says_what_holds_without_an_option(command):
    text = " ".join(screen(command).split())
    for option in (OPTIONS[name] for name in command.options):
        if option.kind == FLAG or option.default is None:
            continue
        shown = text[text.index(f"--{option.name} ") :].partition("--")[2].partition(" --")[0]
        assert f"({command.usually(option)}" in shown, option.name
    if "wrt" in command.options:
        assert "a list, a,b" in text


def test_a_locale_that_is_not_utf8():
    env = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert ok("eval", "-e", "'Δ→'", env=env) == "Δ→\n"
    assert ok("grad", "α*2", "--set", "α=1", "-c", env=env) == '{"value":2.0,"grads":{"α":2.0}}\n'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-e", "x * 2", "--of", "y"), "an expression has none"),
        (("-e", "x * 2", "--wrt", "x"), "an expression has none"),
        (("-e", "x * 2", "--of", "y", "--each"), "an expression has none"),
        (("-", "--of", "y"), "chooses from what --json writes"),
        (("-", "--wrt", "x"), "chooses from what --json writes"),
    ],
)
def test_names_are_chosen_where_there_are_some(words, message):
    done = gradcli("eval", *words, "--set", "x=1", stdin=b"y = x * 2\nz = y\n")
    assert (done.returncode, done.stdout) == (2, b"")
    assert message in done.stderr.decode()


def test_chosen_names_are_all_that_is_answered():
    words = ("eval", "-", "--json", "--of", "y", "--set", "x=1", "-c")
    assert ok(*words, stdin=b"y = x * 2\nz = y\n").startswith('{"values":{"y":2.0},')
