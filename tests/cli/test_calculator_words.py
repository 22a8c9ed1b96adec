"""What is written by habit: numbers in functions, words of other languages, lists of results."""

import re

import pytest
from process import document, gradcli, records

from gradcli.language.interpreter import Session, compile_program
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor


@pytest.mark.parametrize("torch", ["", "import torch\n"])
@pytest.mark.parametrize("name", ["sinn", "tensr"])
def test_a_misspelt_function_is_a_name_error_however_it_is_found(torch, name):
    done = gradcli("eval", "-", stdin=f"{torch}y = {name}(1.0)\n".encode())
    assert done.returncode == 5
    assert done.stderr.startswith(f"error: NameError: name '{name}' is not defined".encode())


@pytest.fixture(autouse=True)
def double():
    before, dtypes.default.dtype = dtypes.default.dtype, dtypes.float64
    yield
    dtypes.default.dtype = before


def value(text, mode="calculator"):
    return Session().run(compile_program(text, kind="expression", mode=mode)).value


# Functions of every kind of entry that works element by element, and their arguments.
CALLS = {
    "sqrt": ("2 * pi",),
    "exp": ("-0.5",),
    "sin": ("30 * pi / 180",),
    "log": ("2",),
    "atan2": ("1", "2.5"),
    "hypot": ("3.0", "4.0"),
    "floor": ("2.5",),
    "sign": ("-2",),
    "relu": ("-0.5",),
    "sigmoid": ("0",),
    "maximum": ("1.5", "2"),
    "fmod": ("7", "3"),
    "clamp": ("2.5", "0", "1"),
    "lerp": ("0.0", "2.0", "0.25"),
    "erf": ("0.3",),
    "special.ndtr": ("0.3",),
    "special.i0": ("1",),
    "F.softplus": ("1.0",),
    "F.gelu": ("1.0",),
    "sinc": ("0.5",),
    "sqrt ": ("2 + 1j",),
    "cos": ("True",),
}


@pytest.mark.parametrize("name", CALLS)
def test_elementary_functions_take_numbers(name):
    """The answer is that of tensors of the same numbers."""
    arguments = CALLS[name]
    got = value(f"{name.strip()}({', '.join(arguments)})")
    tensors = [f"tensor({text})" for text in arguments]
    if name == "clamp":
        tensors[1:] = arguments[1:]
    wanted = value(f"{name.strip()}({', '.join(tensors)})")
    assert type(got) is Tensor
    assert (got.dtype, got.array) == (wanted.dtype, wanted.array)


@pytest.mark.parametrize(
    "text",
    ["hypot(3, 4)", "logaddexp(1, 2)", "F.softplus(2)", "special.xlog1py(2, 3)"],
)
def test_integers_are_numbers_too(text):
    """Where a function has no kernel for integers, they are the floats of the same value."""
    got, wanted = value(text), value(re.sub(r"(?<=[(, ])(\d)", r"\1.0", text))
    assert (got.dtype, got.array) == (dtypes.float64, wanted.array)


@pytest.mark.parametrize("text", ["sqrt('4')", "sqrt([4.0])", "softmax(2.0, 0)", "matmul(2, 3)"])
def test_nothing_else_takes_numbers(text):
    from gradcli.language.errors.program_error import ProgramError

    with pytest.raises(ProgramError):
        value(text)


def test_a_program_that_imports_torch_has_pytorchs_error(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("import torch\nprint(torch.sqrt(2.0))\n")
    done = gradcli("eval", str(program))
    assert done.returncode == 5
    assert b"sqrt(): argument 'input' (position 1) must be Tensor, not float" in done.stderr


def test_numbers_are_differentiated_around():
    found = document("grad", "sin(30 * pi / 180) * x * sqrt(2)", "--set", "x=2")
    assert found["value"] == pytest.approx(2**0.5)
    assert found["grads"]["x"] == pytest.approx(2**0.5 / 2)


@pytest.mark.parametrize(
    ("expression", "help"),
    [
        ("x^2", "x**2"),
        ("2^x", "x**2"),
        ("2.0^3 * x", "x**2"),
        ("ln(x)", "it is written log(x)"),
        ("cbrt(x)", "it is written x**(1/3)"),
        ("Phi(x)", "it is written special.ndtr(x)"),
        ("min(x, 0)", "clamp(x, max=0)"),
        ("max(x, 0.5)", "clamp(x, max=0)"),
        ("min(0, x)", "clamp(x, max=0)"),
        ("lambda * x", "`lambda` is a keyword of the language"),
        ("x * in", "`in` is a keyword of the language, not a name: write in_"),
        ("from + x", "`from` is a keyword of the language"),
        ("exp(is)", "`is` is a keyword of the language"),
        ("class", "`class` is a keyword of the language"),
        ("del x", "an expression is wanted here, not a statement"),
        ("x!", "math.factorial(n)"),
        ("!x", "write not"),
        ("sin x", "`sin(x)` is a call, `sin * x` a product"),
    ],
)
def test_advice(expression, help):
    done = gradcli("grad", expression, "--set", "x=1.5")
    assert done.returncode in (3, 5)
    assert help in done.stderr.decode()


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("import torch\nln(torch.ones(1))", "it is written torch.log(x)"),
        ("import torch\ntorch.ln(torch.ones(1))", "it is written torch.log(x)"),
        ("import torch\ncbrt(torch.ones(1))", "it is written x**(1/3)"),
        ("import torch\ndef f(): return Phi(1)\nf()", "it is written torch.special.ndtr(x)"),
    ],
)
def test_words_of_other_languages_in_a_program(text, help):
    done = gradcli("eval", "-", stdin=text.encode())
    assert (done.returncode, help in done.stderr.decode()) == (5, True)


def test_a_keyword_is_no_name_of_an_input():
    done = gradcli("grad", "x", "--set", "lambda=2")
    assert (done.returncode, b"`lambda` is a keyword of the language" in done.stderr) == (2, True)


POLAR = ("--set", "r=2", "--set", "t=0.5")


@pytest.mark.parametrize("command", ["jacobian", "jvp", "vjp"])
def test_lists_and_tuples_are_stacked(command):
    more = {"jvp": ("--tangent", "t=1"), "vjp": ("--cotangent", "[1, 2]")}.get(command, ())
    wanted = document(command, "stack([r*cos(t), r*sin(t)])", *POLAR, *more)
    for text in ("[r*cos(t), r*sin(t)]", "(r*cos(t), r*sin(t))"):
        assert document(command, text, *POLAR, *more) == wanted


@pytest.mark.parametrize(
    "copy",
    [
        "tensor([r*cos(t), r*sin(t)])",
        "tensor(data=[r*cos(t), r*sin(t)])",
        "as_tensor([r*cos(t), r*sin(t)])",
        "torch.asarray((r, t))",
        "torch.Tensor([r, t])",
        "torch.FloatTensor([r, t])",
        "ones(1).new_tensor([r*t])",
    ],
)
def test_a_copy_of_numbers_is_not_answered_with_zeros(copy):
    name = copy.partition("(")[0].removeprefix("torch.") if "new" not in copy else "new_tensor"
    for command in (("jacobian",), ("jvp", "--tangent", "t=1")):
        done = gradcli(command[0], copy, *POLAR, *command[1:])
        said = done.stderr.decode()
        assert done.returncode == 5, said
        assert f"{name}(…) copies numbers, without the graph" in said
        assert "stack([…]) keeps the graph" in said


def test_what_is_meant_to_be_constant_has_the_derivative_zero():
    meant = document("jacobian", "r.detach() * t", *POLAR)
    assert meant["jacobian"] == {"r": 0.0, "t": 2.0}


def test_a_sigma_is_read_by_a_path():
    stdin = b'{"L": 2, "e": {"L": [0.1]}}\n{"L": 2}\n'
    done = gradcli("grad", "L**2", "--each", "--sigma", "L=.e.L[0]", stdin=stdin)
    first, second = records(done.stdout)
    assert first["sigma"] == pytest.approx(0.4)
    assert second["error"]["message"] == "--sigma L: there is no field `.e.L[0]`"
