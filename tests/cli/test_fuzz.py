"""Any command line, program and records: no traceback, no invalid JSON, a status of the list.

GRADCLI_FUZZ sets the number of examples.
"""

import json
import os

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from process import gradcli, refuse

from gradcli.cli.usage.table import COMMANDS, FLAG, OPTIONS

EXAMPLES = int(os.environ.get("GRADCLI_FUZZ", "15"))
STATUSES = {0, 1, 2, 3, 4, 5, 6}
DERIVATIVES = ("grad", "vjp", "jvp", "jacobian", "hessian", "hvp")

expressions = st.sampled_from(
    [
        *("x", "x * y", "sin(x) / y", "x @ y", "x.sum()", "x[0]", "[x, y]", "x if x > 0 else y"),
        *("1 / 0", "x +", "print(x)", "relu(x).sum()", "'text'", "None", "f(x)", "x.nope", "nan"),
        *("ones(3) + ones(2)", "x ** 0.5", "log(x)", "-x", "x.backward()", "emit(a=x)", "randn(2)"),
        *("(x * y).sum()", "x.item() * y", "x + 1j * y", "x.tolist()", "zeros(2, 0) * x", "10**30"),
        *("where(x > 0, x, y).sum()", "x.detach() * y", "x.int()", "{'a': x}", "x.mul_(2)"),
        *("cat([x, y]).sum()", "float('nan') * x", "sum(i * x for i in range(3))", "x.max()"),
        *("hessian(lambda t: t**3, x)", "x * 3 if y.sum() > 0 else x * 4", "lambda: x", "(x := 3)"),
    ]
)
programs = st.sampled_from(
    [
        "y = x * 2\ny\n",
        "import torch\ny = torch.ones(2)\nprint(y)\n",
        "def f(t):\n    return t**2\nf(x).sum()\n",
        "w = param([1., 2.])\n(w * x).sum()\n",
        "z = (x * y).sum()\nz.backward()\nz\n",
        "try:\n    x.nope\nexcept AttributeError as e:\n    print(e)\nx * 1\n",
        "raise ValueError('no')\n",
        "while True:\n    pass\n",
        "s = 'é\\u2028'\nprint(s)\nx\n",
        "x = 5\nx\n",
        "del x\n",
        "import os\n",
    ]
)
texts = st.one_of(
    st.sampled_from(
        [
            *("1", "[1, 2]", "NaN", '"NaN"', "[]", "[[]]", "{", "true", "x", "1e999", "-0", "null"),
            *("linspace(0, 1, 3)", "range(3)", "[1, [2]]", '{"re": 1, "im": 2}', "ones(10**9, 9)"),
            '{"dtype": "float16", "shape": [2], "data": [1, 2]}',
        ]
    ),
    st.text(max_size=6),
)
numbers = st.one_of(
    st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["NaN", "-Infinity", "a", None, True, 10**400, 2**63, {"re": 1, "im": 2}]),
)
values = st.one_of(
    numbers,
    st.lists(numbers, max_size=3),
    st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), max_size=2),
)
lines = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("xxyyz"), values).map(
            lambda row: json.dumps(row, ensure_ascii=False).encode()
        ),
        st.sampled_from(
            [
                *('{"x": 1, "y": 2}', '{"x": [1, 2], "y": 3}', '{"x": "NaN", "y": 0}', "", "{}"),
                *('{"x": 1}', "[1]", "null", '{"x": null, "y": 1}', '{"x": 1, "x": 2}', "{", "  "),
                *('{"x": 1, "y": 2}\r', "\ufeff{}", '{"x": NaN}', "[" * 3000, '{"x": 1}\0', "\x0c"),
            ]
        ).map(str.encode),
        st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")),
    ),
    max_size=8,
)
options = st.sampled_from([o for o in OPTIONS.values() if o.name not in ("help", "version")])


@st.composite
def command_lines(draw):
    """The words of a command line, and the program for its `-f FILE`."""
    name = draw(st.sampled_from(["eval", *DERIVATIVES, "check", "explain", "graph"]))
    program = draw(st.one_of(st.none(), programs))
    words = [name, *draw(st.lists(st.just("--each"), max_size=1))]
    if not COMMANDS[name].takes(OPTIONS["each"]):
        words = [name]
    for option in draw(st.lists(options, max_size=3)):
        if not COMMANDS[name].takes(option) and draw(st.integers(0, 9)):
            continue
        words += _word(draw, option)
    variables = draw(st.sets(st.sampled_from("xy")))
    words += [f"--set={variable}={draw(texts)}" for variable in sorted(variables)]
    words.append("--max-steps=20000")
    if program is not None:
        words += ["p.grad"] if name not in DERIVATIVES else ["-f", "p.grad"]
    else:
        words += ["--", draw(expressions)] if name in DERIVATIVES else ["-e", draw(expressions)]
    return [word.replace("\0", "") for word in words if word], program


def _word(draw, option):
    word = f"--{option.name}"
    if option.kind == FLAG:
        return [word]
    if option.choices:
        return [f"{word}={draw(st.sampled_from(option.choices))}"]
    if option.argument.endswith("=VALUE"):
        return [f"{word}={draw(st.sampled_from('xyz'))}={draw(texts)}"]
    if option.name in ("file", "input"):
        return [f"{word}=/dev/null"]
    if option.name == "output":
        return [f"{word}=out{draw(st.sampled_from(['.json', '.npy', '.npz', '.ndjson', '']))}"]
    if option.name in ("max-memory", "max-steps", "max-depth", "timeout"):
        return [f"{word}={draw(st.sampled_from(['100', '1G', 'x']))}"]
    return [f"{word}={draw(texts)}"]


def writable(word):
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def documents(text):
    """The JSON texts that follow one another, strictly."""
    decoder = json.JSONDecoder(parse_constant=refuse)
    found, place = [], 0
    while True:
        while place < len(text) and text[place] in " \n\x1e":
            place += 1
        if place == len(text):
            return found
        value, place = decoder.raw_decode(text, place)
        found.append(value)


def is_open_list(rows):
    """Whether records begin with a list that their first line does not close."""
    first = rows[0].removeprefix(b"\xef\xbb\xbf").lstrip() if rows else b""
    return first.startswith(b"[") and first.count(b"[") > first.count(b"]")


def is_json(words):
    """Whether stdout holds JSON texts and nothing else."""
    if "--raw-output" in words:
        return False
    if words[0] in DERIVATIVES or "--format=json" in words:
        return True
    return any(flag in words for flag in ("--json", "--each", "--slurp", "--null-input"))


def is_plain_stream(words, program):
    """Whether there is a line out for every line in."""
    special = ("--seq", "--slurp", "--null-input", "--grid", "--fail-fast", "--raw-output")
    special += ("--output", "--input", "--help")
    emits = "emit" in words[-1] or "emit" in (program or "")
    return "--each" in words and not emits and not any(w.startswith(special) for w in words)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(command_lines(), lines)
@example((["grad", "--each", "--", "sin(x) / y"], None), [b'{"x": 1, "y": 2}', b"{", b'{"x": [1]}'])
@example((["eval", "--each", "p.grad"], "x = 5\nx\n"), [b"{}", b"", b"\xff"])
@example((["eval", "--each", "p.grad"], "y = x * 2\ny\n"), [b"[" * 3000, b"{}"])
@example((["check", "--json", "-e", "10**30"], None), [])
def test_any_command_line(tmp_path, command, rows):
    words, program = command
    if not all(map(writable, words)):
        return
    (tmp_path / "p.grad").write_text(program or "", "utf-8")
    done = gradcli(*words, stdin=b"\n".join(rows), cwd=tmp_path)
    where = (words, program, rows, done.stdout, done.stderr.decode(errors="replace"))
    assert done.returncode in STATUSES, where
    assert b"Traceback" not in done.stderr, where
    assert b"bug in gradcli" not in done.stderr + done.stdout, where
    if done.returncode in (2, 3, 5, 6):
        assert done.stderr, where
    assert not list(tmp_path.glob("*.tmp")), where
    if is_json(words):
        found = documents(done.stdout.decode())
        if is_plain_stream(words, program) and (found or done.returncode == 0):
            given = [row for row in rows if row.removeprefix(b"\xef\xbb\xbf").strip()]
            if is_open_list(given):  # which everything else belongs to
                given = given[:1]
            assert len(found) >= len(given), where  # a line may hold a value and what is none
            for number, result in enumerate(found, 1):
                if isinstance(result, dict) and "error" in result:
                    assert result["error"]["record"] == number, where
