"""Any command line, program and records: no traceback, no invalid JSON, a status of the list.

GRADCLI_FUZZ sets the number of examples.
"""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from process import gradcli, records

from gradcli.cli.table import COMMANDS, FLAG, OPTIONS

EXAMPLES = int(os.environ.get("GRADCLI_FUZZ", "15"))
STATUSES = {0, 1, 2, 3, 4, 5, 6}

expressions = st.sampled_from(
    [
        *("x", "x * y", "sin(x) / y", "x @ y", "x.sum()", "x[0]", "[x, y]", "x if x > 0 else y"),
        *("1 / 0", "x +", "print(x)", "relu(x).sum()", "'text'", "None", "f(x)", "x.nope", "nan"),
        *("ones(3) + ones(2)", "x ** 0.5", "log(x)", "-x", "x.backward()", "emit(a=x)", "randn(2)"),
    ]
)
texts = st.one_of(
    st.sampled_from(["1", "[1, 2]", "NaN", '"NaN"', "[]", "[[]]", "{", "true", "x", "1e999", "-0"]),
    st.text(max_size=6),
)
lines = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *('{"x": 1, "y": 2}', '{"x": [1, 2], "y": 3}', '{"x": "NaN", "y": 0}', "", "{}"),
                *('{"x": 1}', "[1]", "null", '{"x": null, "y": 1}', '{"x": 1, "x": 2}', "{"),
            ]
        ).map(str.encode),
        st.binary(max_size=8).map(lambda line: line.replace(b"\n", b"")),
    ),
    max_size=6,
)
numbers = st.one_of(
    st.sampled_from([o for o in OPTIONS.values() if o.name not in ("output", "help", "version")]),
)


@st.composite
def command_lines(draw):
    name = draw(st.sampled_from(["eval", "grad", "vjp", "jvp", "jacobian", "hessian", "hvp"]))
    words = [name]
    if name == "eval":
        words += ["-e", draw(expressions)]
    else:
        words += ["--", draw(expressions)]
    before = []
    for option in draw(st.lists(numbers, max_size=4)):
        if not COMMANDS[name].takes(option) and draw(st.integers(0, 9)):
            continue
        word = f"--{option.name}"
        if option.kind == FLAG:
            before.append(word)
        elif option.choices:
            before.append(f"{word}={draw(st.sampled_from(option.choices))}")
        elif option.argument.endswith("=VALUE"):
            before.append(f"{word}={draw(st.sampled_from('xyz'))}={draw(texts)}")
        elif option.name in ("file", "input"):
            before.append(f"{word}=/dev/null")
        elif option.name in ("max-memory", "max-steps", "max-depth", "timeout"):
            before.append(f"{word}={draw(st.sampled_from(['100', '1G', 'x']))}")
        else:
            before.append(f"{word}={draw(texts)}")
    variables = draw(st.sets(st.sampled_from("xy")))
    before += [f"--set={variable}={draw(texts)}" for variable in sorted(variables)]
    words = [words[0], *before, *words[1:]]
    return [word.replace("\0", "") for word in words if word]


def writable(word):
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(command_lines(), lines)
def test_any_command_line(words, rows):
    if not all(map(writable, words)):
        return
    done = gradcli(*words, stdin=b"\n".join(rows))
    where = (words, rows, done.stderr.decode(errors="replace"))
    assert done.returncode in STATUSES, where
    assert b"Traceback" not in done.stderr, where
    if "--each" in words and done.returncode != 2 and "--seq" not in words:
        found = records(done.stdout)
        assert len(found) <= len(rows) + rows.count(b"") + 3, where
    if done.returncode in (2, 3, 5, 6):
        assert done.stderr, where
