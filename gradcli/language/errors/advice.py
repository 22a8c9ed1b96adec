"""What to do about the errors that users meet most, as data: patterns of sentences, and the help.

The first pattern that is found in the sentence wins; `{0}`, `{1}` … stand for its groups. Sentences
that say themselves what to do have no entry.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gradcli.language.library.modules import REASONS

_LEAF = "write under `with torch.no_grad():`, or make a new tensor instead of changing the leaf"
_ONE_DEVICE = "there is one device, the CPU: leave the device out, or ask torch.cuda.is_available()"
_SHAPES = "sizes are compared from the last dimension on, and a size of 1 fits any other"

_POWER = "a power is written x**2; ^ is the exclusive or of integers"

BY_SENTENCE: tuple[tuple[str, str], ...] = (
    (
        r"Only Tensors of floating point and complex dtype can require gradients",
        "write the numbers with a point (1.), or give dtype=torch.float32",
    ),
    (
        r"grad can be implicitly created only for scalar outputs",
        "make it a scalar with .sum() or .mean(), or give weights of its shape: "
        "y.backward(torch.ones_like(y))",
    ),
    (
        r"implicitly created only for real scalar outputs",
        "make it real with .real or .abs()",
    ),
    (
        r"does not require grad and does not have a grad_fn",
        "nothing leads from it to a tensor with requires_grad=True: look for a missing "
        "requires_grad, for detach(), no_grad(), .item(), and for a gradient taken without "
        "create_graph=True",
    ),
    (r"a (?:view of a )?leaf Variable that requires grad is being used in an in-place", _LEAF),
    (
        r"\((\d+)x(\d+) and (\d+)x(\d+)\)",
        "the columns of the first ({1}) are to be the rows of the second ({2}); .T turns one",
    ),
    (
        r"mat \(\d+x(\d+)\), vec \((\d+)\)",
        "the columns of the matrix ({0}) are to be as many as the elements of the vector ({1})",
    ),
    (r"size of tensor a \(\d+\) must match the size of tensor b", f"{_SHAPES}; [:, None] adds one"),
    (
        r"has no attribute '__dict__'|must have __dict__ attribute",
        "objects of the program's own plain classes have it; read and write attributes by their "
        "names",
    ),
    (r"before Module\.__init__\(\) call", "begin __init__ with super().__init__()"),
    (r"Missing key\(s\) in state_dict", "load_state_dict(…, strict=False) takes what is there"),
    (r"Boolean value of Tensor with more than one value", "use .any(), .all() or torch.where"),
    (
        r"only one element tensors can be converted|elements cannot be converted to Scalar",
        "take one element with an index, or all with .tolist()",
    ),
    (r"have the same dtype, but got: (\w+) != (\w+)", "convert one of them: a.to(b.dtype)"),
    (
        r"'dtype'.* must be torch\.dtype, not str",
        "a dtype is written without quotes: torch.float32",
    ),
    (r"must be tuple of Tensors, not Tensor", "put the tensors in a list: torch.cat([a, b])"),
    (r"must be Tensor, not (?:float|int|list|bool)", "make a tensor of it with torch.tensor(…)"),
    (
        r"'(?:float|int|list|bool)' object has no attribute '(?:size|dim|shape|dtype)'",
        "make a tensor of it with torch.tensor(…)",
    ),
    (r"not compiled with CUDA|not linked with support for", _ONE_DEVICE),
    (r"expected target dtype to be Long", "classes are integers: target.long()"),
    (r"Target \S+ is out of bounds", "classes count from 0 to the size of dimension 1, less one"),
    (r"could not infer output dtype", "convert it first: x.float()"),
    (r"can't be cast to the desired output type", "convert it first, or do not write in place"),
    (r"condition to be a boolean tensor", "compare it with something: x > 0"),
    (r"Expected f\(\*args\) to return a scalar", "sum the result, or use torch.func.jacrev"),
    (r"is singular\.$", "torch.linalg.pinv and torch.linalg.lstsq take singular matrices"),
    (
        r"Output \d+ of Unbind\w* is a view",
        "iterating over a tensor unbinds it: write through an index, y[i] *= 2 in "
        "`for i in range(len(y))`, or make new rows with torch.stack([row * 2 for row in y])",
    ),
    (
        r"Weights only load failed",
        "save model.state_dict(), or load what you saved yourself with weights_only=False",
    ),
    (
        r"No such file or directory",
        "open and torch.load know the files that the program wrote; others come with --input FILE",
    ),
    (
        r"save_for_backward can only save variables",
        "what is no tensor is kept as an attribute: ctx.k = k, and read as ctx.k in backward",
    ),
    (
        r"'str' object is not callable",
        "a function is wanted here, not its text: write lambda x: x**2",
    ),
    (r"incorrect number of gradients", "backward returns one gradient for each input of forward"),
    (
        r"invalid gradient at index",
        "a gradient has the shape of its input: leave out what sums or reshapes it in backward",
    ),
    (
        r"Mismatch in shape: grad_output",
        "it has a weight for each element of the result: torch.ones_like(y) for equal ones",
    ),
    (
        r"Legacy autograd function with non-static forward",
        "call apply of the class itself: Name.apply(x), not Name()(x)",
    ),
    (r"has changed the size of value", "a hook returns None, or a gradient of the shape it got"),
    (
        r"can't optimize a non-leaf Tensor",
        "it is a result of other tensors: make a leaf of it, w = w.detach().requires_grad_()",
    ),
    (r"support the deepcopy protocol", "y.detach().clone() copies the values of a result"),
    (
        r"unsupported format string passed to Tensor",
        "take the number with .item(), or print the tensor as it is",
    ),
    (r"method' object is not subscriptable", "call it with parentheses: x.size(0)"),
    (r"'torch\.Size' object is not callable", "brackets take one size: x.shape[0]"),
    (r"'type' object does not support the context manager", "write the parentheses: no_grad()"),
    (r"\"bitwise_xor_cpu\" not implemented|unsupported operand type\(s\) for \^", _POWER),
    (
        r"torch\.return_types\.(?:min|max)\b|"
        r"\b(?:min|max)\(\)(?: received an invalid|: argument 'in| looks along)",
        "clamp(x, max=0) is the smaller of x and 0, clamp(x, min=0) the larger; minimum(x, y) and "
        "maximum(x, y) compare two tensors",
    ),
    (
        r"type 'Tensor' is not an acceptable base type",
        "hold the tensor in an attribute of a class, or write a torch.nn.Module around it",
    ),
    (
        r"cannot import name 'make_functional(?:_with_buffers)?' from 'functorch'",
        "torch.func.functional_call(module, parameters, args) runs a module with other parameters",
    ),
    (r"subcommands are not", "write the options of one command, with their defaults"),
    (r"maximum recursion depth exceeded", "the depth of calls can be set with --max-depth"),
    (r"missing 1 required positional arguments?: [\"']dim[\"']", "dim=-1 is the last dimension"),
)

FOREIGN = {
    "true": "write True",
    "false": "write False",
    "null": "write None",
    "none": "write None",
    "nil": "write None",
    "np": "import numpy as np",
    "F": "import torch.nn.functional as F",
    "nn": "import torch.nn.functional as F",
    "torch": "import torch",
    "math": "import math",
}

# Names of functions from other languages and from textbooks, and what they are here.
FUNCTIONS = {
    "Phi": "special.ndtr(x)",
    "arccot": "atan(1 / x)",
    "cbrt": "x**(1/3)",
    "ceiling": "ceil(x)",
    "cot": "1 / tan(x)",
    "csc": "1 / sin(x)",
    "erfcx": "special.erfcx(x)",
    "expit": "sigmoid(x)",
    "fabs": "abs(x)",
    "factorial": "math.factorial(n), or exp(special.gammaln(n + 1))",
    "gamma": "exp(special.gammaln(x))",
    "gammaln": "special.gammaln(x)",
    "lg": "log10(x)",
    "ln": "log(x)",
    "logistic": "sigmoid(x)",
    "mod": "x % y",
    "ndtr": "special.ndtr(x)",
    "normcdf": "special.ndtr(x)",
    "pnorm": "special.ndtr(x)",
    "power": "x**y",
    "sec": "1 / cos(x)",
    "sqr": "x**2",
    "tg": "tan(x)",
}

ATTRIBUTES = {
    **dict.fromkeys(
        (
            "torch.sparse_coo_tensor",
            "torch.sparse_csr_tensor",
            "torch.sparse_compressed_tensor",
            "torch.nested",
        ),
        "tensors are dense: masks and torch.masked leave elements out",
    ),
    **dict.fromkeys(
        ("torch.quantize_per_tensor", "torch.quantize_per_channel"),
        "tensors have the dtypes of torch that hold numbers",
    ),
    "torch.ops": "its functions have names in torch",
    "numpy.save": "results are written with -o FILE or --json",
    "numpy.savez": "results are written with -o FILE or --json",
    "numpy.savez_compressed": "results are written with -o FILE or --json",
    "numpy.savetxt": "results are written with -o FILE or --json",
    **dict.fromkeys(
        ("numpy.matrix", "numpy.mat", "numpy.asmatrix", "numpy.bmat"),
        "np.array has rows and columns, and @ multiplies",
    ),
    **dict.fromkeys(
        ("numpy.datetime64", "numpy.timedelta64"), "datetime has moments and durations"
    ),
    **dict.fromkeys(
        ("numpy.str_", "numpy.object_", "numpy.char", "numpy.recarray", "numpy.void"),
        "arrays hold numbers and booleans; lists hold anything",
    ),
    "numpy.load": "files are given with --input FILE",
    "numpy.loadtxt": "files are given with --input FILE.csv",
    "numpy.genfromtxt": "files are given with --input FILE.csv",
    **dict.fromkeys(
        ("os.system", "os.popen", "os.fork", "os.kill"), "a program cannot start processes"
    ),
    **dict.fromkeys(
        ("os.walk", "os.rename", "os.scandir", "os.stat", "posixpath.getsize"),
        "files that a program writes live in memory: open, os.listdir and os.remove know them",
    ),
    "sys.getsizeof": "x.element_size() * x.nelement() are a tensor's bytes",
    "sys.modules": "a program cannot look into the interpreter",
    "json.JSONEncoder": "json.dumps(x, default=f) asks f for what JSON has no form of",
    "torch.utils": "data is given with --input FILE",
}


def for_function(name: str, python: bool) -> str:
    """How a function of `FUNCTIONS` is written, with `python` in a program that imports torch."""
    return f"it is written {_of_torch(FUNCTIONS[name]) if python else FUNCTIONS[name]}"


def _of_torch(call: str) -> str:
    """What `FUNCTIONS` says, in a program that imports torch."""
    return f"torch.{call}" if re.match(r"[a-z]\w*[.(]", call) and "math." not in call else call


# What is to be said instead where a layer of torch.nn made the operands.
IN_LAYER: tuple[tuple[str, str], ...] = (
    (
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
        "the last dimension of its input ({0}) is to be what the layer was made for ({1})",
    ),
)


@lru_cache(256)  # the records of a stream fail with few sentences
def for_sentence(sentence: str, in_layer: bool = False) -> str | None:
    """The help for an error's sentence, if there is one."""
    for pattern, help in (*IN_LAYER, *BY_SENTENCE) if in_layer else BY_SENTENCE:
        match = re.search(pattern, sentence)
        if match:
            return help.format(*match.groups()) if match.groups() else help
    return None


def for_attribute(sentence: str) -> str | None:
    """The help for an attribute that a module does not have, if there is one."""
    match = re.match(r"module '([\w.]+)' has no attribute '(\w+)'", sentence)
    if match is None:
        return None
    module, name = match.groups()
    if module == "torch" and name in FUNCTIONS:
        return for_function(name, True)
    return ATTRIBUTES.get(f"{module}.{name}") or REASONS.get(f"{module}.{name}")
