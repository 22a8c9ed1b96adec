"""What may be written into a tensor given as `out=`: the field `out` of an entry.

PyTorch's functions differ in the dtypes that they accept and in the sentence of the refusal: most
cast the result where that loses no category, others want its very dtype.
"""

from __future__ import annotations

from ..tensor import dtypes
from ..tensor.dtypes import DType, c_name

RESIZED = (
    "An output with one or more elements was resized since it had shape {old}, which does not "
    "match the required output shape {new}. This behavior is deprecated, and in a future PyTorch "
    "release outputs will not be resized unless they have zero elements. You can explicitly reuse "
    "an out tensor t by resizing it, inplace, to zero elements with t.resize_(0)."
)


class Rule:
    """The sentence of a refused dtype, and whether only the result's own dtype fits.

    A sentence may name the dtypes, as `{result}` and `{out}`, or their C++ types, as `{c_result}`
    and `{c_out}`, and say whether the result is an `{int32}`.

    resized: the warning when a tensor with elements gets another shape, if there is one.
    fills: a tensor of the right number of elements keeps its shape.
    typed: the function computes in the dtype of its `out`, where no other is asked for.
    """

    __slots__ = ("error", "exact", "fills", "resized", "sentence", "typed")

    def __init__(
        self,
        sentence: str,
        exact: bool = True,
        error: type[Exception] = RuntimeError,
        *,
        resized: str = RESIZED,
        fills: bool = False,
        typed: bool = False,
    ) -> None:
        self.sentence = sentence
        self.exact = exact
        self.error = error
        self.resized = resized
        self.fills = fills
        self.typed = typed

    def check(self, result: DType, out: DType) -> None:
        """Raise the refusal unless a result of one dtype may go to a tensor of the other."""
        if out is result or (not self.exact and dtypes.can_cast(result, out)):
            return
        raise self.error(
            self.sentence.format(
                result=result.scalar_name,
                out=out.scalar_name,
                c_result=c_name(result),
                c_out=c_name(out),
                int32=result is dtypes.int32,
            )
        )


_EXPECTED = "Expected out tensor to have dtype {c_result}, but got {c_out} instead"

CAST = Rule("result type {result} can't be cast to the desired output type {out}", exact=False)
EXACT = Rule(_EXPECTED)
TYPED = Rule(_EXPECTED, typed=True)
FOUND = Rule("Found dtype {out} but expected {result}")
COUNTED = Rule(
    "torch.histogram: input tensor and hist tensor should have the same dtype, but got input "
    "{c_result} and hist {c_out}"
)
CONTRACTED = Rule(
    "tensordot: Expected the output tensor to have dtype {result}, but got an output tensor with "
    "dtype {out}"
)


def safely(name: str, what: str = "result") -> Rule:
    """The rule of functions that cast and say so."""
    return Rule(
        f"{name}: Expected {what} to be safely castable from {{result}} dtype, but got {what} "
        "with dtype {out}",
        exact=False,
    )
