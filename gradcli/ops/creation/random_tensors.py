"""Random tensors: `rand`, `randn`, `randint`, `normal`, `bernoulli` and the in-place draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kernels import random, trials
from ...kernels.random import Generator
from ...kernels.strides import allocate, contiguous_strides, formatted_strides, strides_of
from ...table.dtype_rules import is_batched
from ...table.entry import op
from ...table.levels.randomness import over_batch, per_example, same_for_all, whole_batch
from ...table.lookup import get_op
from ...table.memory.inplace import check_writable, copy_, run_inplace
from ...table.memory.meta import draws_like, empty, is_meta, needs_data
from ...table.public.plain_functions import OPTIONS, function
from ...table.shape_rules import broadcast_shape, check_expand
from ...tensor import dtypes
from ...tensor.device import preserve_format
from ...tensor.dtypes import Array, DType
from ...tensor.runtime import runtime
from ...tensor.tensor import META, Tensor, make, numel, own_memory, shape_of, version_of
from .tensors import check_options, check_size, made

_RANDOM = f"Generator? generator=None, {OPTIONS}"
_LIKE = f"{_RANDOM}, MemoryFormat? memory_format=None"

op(
    "_drawn(Tensor self, Tensor values, str name, Tensor? other=None)",
    kernel=lambda self, values, name, other: values,
    result=lambda self, values, name, other: values.dtype,
    vjp={
        "self": lambda F, g, self_shape: F.zeros_like_shape(g, self_shape),
        "values": lambda F, g: g,
        "other": lambda F, g, other_shape: F.zeros_like_shape(g, other_shape),
    },
    jvp={
        "self": lambda F, t, values_shape: F.zeros_like_shape(t, values_shape),
        "values": lambda F, t: t,
        "other": lambda F, t, values_shape: F.zeros_like_shape(t, values_shape),
    },
    node=lambda self, values, name, other: name,
    where=(),
    inplace=True,
    doc="Random values in place of a tensor: nothing flows back to it.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3), "NormalBackward0")],
)


def check_generator(name: str, generator: Any) -> Generator | None:
    """The generator to draw from. Raises TypeError for anything else."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(
            f"{name}(): argument 'generator' must be torch.Generator, "
            f"not {type(generator).__name__}"
        )
    return generator


def _made(name: str, draw: Callable[[tuple[int, ...], DType, Any], Array], default: Any) -> Any:
    """A function of the arguments that every drawing function ends with."""

    def call(
        size: Sequence[int],
        generator: Any,
        dtype: DType | None,
        layout: Any,
        device: Any,
        pin_memory: bool,
        requires_grad: bool,
    ) -> Tensor:
        check_options(name, layout, device, pin_memory)
        check_generator(name, generator)
        dtype = dtype or default()
        shape = check_size(size, dtype)
        return per_example(
            shape, lambda full: made(draw(full, dtype, generator), dtype, requires_grad)
        )

    return call


def _floating() -> DType:
    return dtypes.default.dtype


def _uniform(shape: tuple[int, ...], dtype: DType, generator: Any) -> Array:
    return random.rand(shape, dtype, generator=generator)


def _normal(shape: tuple[int, ...], dtype: DType, generator: Any) -> Array:
    return random.randn(shape, dtype, generator=generator)


function(
    f"rand(int[]... size, *, {_RANDOM})",
    where=("torch",),
    forms=1,
    mapped="draws",
    doc="Uniform random numbers between 0 and 1.",
)(_made("rand", _uniform, _floating))
function(
    f"randn(int[]... size, *, {_RANDOM})",
    where=("torch",),
    forms=1,
    mapped="draws",
    doc="Random numbers of the standard normal distribution.",
)(_made("randn", _normal, _floating))


@function(
    f"randint(int high, Shape size, *, {_RANDOM})",
    where=("torch",),
    mapped="draws",
    doc="Random integers from 0 up to, not including, `high`.",
)
def randint(high: int, size: Sequence[int], *options: Any) -> Tensor:
    return randint_low(0, high, size, *options)  # type: ignore[no-any-return]


@function(
    f"randint_low(int low, int high, Shape size, *, {_RANDOM})",
    name="randint",
    where=("torch",),
    mapped="draws",
    doc="Random integers from `low` up to, not including, `high`.",
)
def randint_low(low: int, high: int, size: Sequence[int], *options: Any) -> Tensor:
    def draw(shape: tuple[int, ...], dtype: DType, generator: Any) -> Array:
        return random.randint(low, high, shape, dtype, generator=generator)

    return _made("randint", draw, lambda: dtypes.int64)(size, *options)  # type: ignore[no-any-return]


@function(
    f"randperm(int n, *, {_RANDOM})",
    where=("torch",),
    forms=1,
    mapped="draws",
    doc="The integers from 0 to `n` - 1 in random order.",
)
def randperm(n: int, *options: Any) -> Tensor:
    def draw(shape: tuple[int, ...], dtype: DType, generator: Any) -> Array:
        if shape == (n,):
            return random.randperm(n, dtype, generator=generator)
        rows = [random.randperm(n, dtype, generator=generator) for _ in range(numel(shape[:-1]))]
        return np.stack(rows).reshape(shape)

    return _made("randperm", draw, lambda: dtypes.int64)((n,), *options)  # type: ignore[no-any-return]


def _like(
    name: str, source: Tensor, draw: Callable[..., Array], options: tuple[Any, ...]
) -> Tensor:
    """Draw in the shape and layout of `source`, in the order of memory."""
    generator, dtype, layout, device, pin_memory, requires_grad, memory_format = options
    check_options(name, layout, device, pin_memory, source)
    check_generator(name, generator)
    dtype = dtype or source.dtype
    shape = check_size(shape_of(source), dtype)
    strides = contiguous_strides(shape)
    if source.level is None:
        memory_format = memory_format or preserve_format
        strides = formatted_strides(shape, memory_format, strides_of(source.array))
    if strides == contiguous_strides(shape):
        return per_example(
            shape, lambda full: made(draw(full, dtype, generator, True), dtype, requires_grad)
        )
    array = allocate(shape, strides, dtype.array)
    random.fill(array, np.asarray(draw(shape, dtype, generator, False)))
    return made(array, dtype, requires_grad)


@function(
    f"rand_like(Tensor self, *, {_LIKE})",
    where=("torch",),
    mapped="draws",
    doc="Uniform random numbers in the shape and dtype of `self`.",
)
def rand_like(self: Tensor, *options: Any) -> Tensor:
    return _like(
        "rand_like",
        self,
        lambda shape, dtype, generator, _: random.rand(shape, dtype, generator=generator),
        options,
    )


@function(
    f"randn_like(Tensor self, *, {_LIKE})",
    where=("torch",),
    mapped="draws",
    doc="Normal random numbers in the shape and dtype of `self`.",
)
def randn_like(self: Tensor, *options: Any) -> Tensor:
    return _like(
        "randn_like",
        self,
        lambda shape, dtype, generator, contiguous: random.randn(
            shape, dtype, generator=generator, contiguous=contiguous
        ),
        options,
    )


@function(
    f"randint_like(Tensor self, int high, *, {_LIKE})",
    where=("torch",),
    mapped="draws",
    doc="Random integers below `high` in the shape and dtype of `self`.",
)
def randint_like(self: Tensor, high: int, *options: Any) -> Tensor:
    return randint_like_low(self, 0, high, *options)  # type: ignore[no-any-return]


@function(
    f"randint_like_low(Tensor self, int low, int high, *, {_LIKE})",
    name="randint_like",
    where=("torch",),
    mapped="draws",
    doc="Random integers from `low` up to `high` in the shape and dtype of `self`.",
)
def randint_like_low(self: Tensor, low: int, high: int, *options: Any) -> Tensor:
    return _like(
        "randint_like",
        self,
        lambda shape, dtype, generator, _: random.randint(
            low, high, shape, dtype, generator=generator
        ),
        options,
    )


# --- distributions with parameters -----------------------------------------------------------


def _recorded(
    draw: Callable[[], Array], shape: Any, node: str, self: Any, other: Any = None
) -> Tensor:
    """What is drawn as a tensor, on the graph of the parameters it is drawn with.

    It has the dtype of the first; for meta tensors nothing is drawn.
    """
    if is_meta(self) or is_meta(other):
        drawn = empty(shape, self.dtype)
    else:
        drawn = make(draw()[()], self.dtype)
    if self is None:
        self, other = other, None
    if type(self) is not Tensor:
        return drawn
    return get_op("_drawn").call(self, drawn, node, other)  # type: ignore[no-any-return]


@function(
    "normal(Tensor mean, Tensor std, *, Generator? generator=None)",
    where=("torch",),
    mapped="draws",
    doc="Normal random numbers with a mean and a standard deviation for each.",
)
def normal(mean: Tensor, std: Tensor, generator: Any) -> Tensor:
    check_generator("normal", generator)
    shape = broadcast_shape([shape_of(mean), shape_of(std)])

    def draw() -> Array:
        return random.normal_like(mean.array, std.array, mean.dtype, generator=generator)

    return _recorded(draw, shape, "NormalBackward3", mean, std)


@function(
    "normal_mean(Tensor mean, float std=1.0, *, Generator? generator=None)",
    name="normal",
    where=("torch",),
    mapped="draws",
    doc="Normal random numbers with a mean for each.",
)
@over_batch
def normal_mean(mean: Tensor, std: float, generator: Any) -> Tensor:
    check_generator("normal", generator)

    def draw() -> Array:
        return random.normal_like(mean.array, float(std), mean.dtype, generator=generator)

    return _recorded(draw, shape_of(mean), "NormalBackward1", mean)


@function(
    "normal_std(float mean, Tensor std, *, Generator? generator=None)",
    name="normal",
    where=("torch",),
    mapped="draws",
    doc="Normal random numbers with a standard deviation for each.",
)
def normal_std(mean: float, std: Tensor, generator: Any) -> Tensor:
    check_generator("normal", generator)

    def draw() -> Array:
        return random.normal_like(float(mean), std.array, std.dtype, generator=generator)

    return _recorded(draw, shape_of(std), "NormalBackward2", std)


@function(
    f"normal_size(float mean, float std, Shape size, *, {_RANDOM})",
    name="normal",
    where=("torch",),
    mapped="draws",
    doc="Normal random numbers of one mean and standard deviation.",
)
def normal_size(mean: float, std: float, size: Sequence[int], *options: Any) -> Tensor:
    def draw(shape: tuple[int, ...], dtype: DType, generator: Any) -> Array:
        return random.normal(shape, dtype, float(mean), float(std), generator=generator)

    return _made("normal", draw, _floating)(size, *options)  # type: ignore[no-any-return]


@function(
    "bernoulli(Tensor self, *, Generator? generator=None)",
    where=("torch", "Tensor"),
    mapped="draws",
    doc="Ones with the given probabilities, else zeros.",
)
@draws_like
@over_batch
def bernoulli(self: Tensor, generator: Any) -> Tensor:
    check_generator("bernoulli", generator)

    def draw() -> Array:
        return trials.bernoulli_like(self.array, self.dtype, self.dtype, generator=generator)

    return _recorded(draw, shape_of(self), "BernoulliBackward0", self)


@function(
    "bernoulli_p(Tensor self, float p, *, Generator? generator=None)",
    name="bernoulli",
    where=("torch", "Tensor"),
    mapped="draws",
    doc="Ones with probability `p`, else zeros, in the shape of `self`.",
)
@draws_like
@over_batch
def bernoulli_p(self: Tensor, p: float, generator: Any) -> Tensor:
    check_generator("bernoulli", generator)

    def draw() -> Array:
        return trials.bernoulli(shape_of(self), self.dtype, float(p), generator=generator)

    return _recorded(draw, shape_of(self), "BernoulliBackward2", self)


@function(
    "poisson(Tensor self, Generator? generator=None)",
    where=("torch",),
    mapped="draws",
    doc="Poisson random counts with the given rates.",
)
@draws_like
@over_batch
def poisson(self: Tensor, generator: Any) -> Tensor:
    check_generator("poisson", generator)

    def draw() -> Array:
        return trials.poisson(self.array, self.dtype, generator=generator)

    return _recorded(draw, shape_of(self), "PoissonBackward0", self)


@function(
    "binomial(Tensor count, Tensor prob, Generator? generator=None)",
    where=("torch",),
    mapped="draws",
    doc="Binomial random counts of successes in `count` trials of probability `prob`.",
)
@needs_data("aten::binomial")
def binomial(count: Tensor, prob: Tensor, generator: Any) -> Tensor:
    check_generator("binomial", generator)
    shape = broadcast_shape((shape_of(count), shape_of(prob)))

    def draw() -> Array:
        return trials.binomial(
            count.array, prob.array, count.dtype, prob.dtype, generator=generator
        )

    return _recorded(draw, shape, "BinomialBackward0", count, prob)


@function(
    "multinomial(Tensor self, int num_samples, bool replacement=False, *, "
    "Generator? generator=None)",
    where=("torch", "Tensor"),
    mapped="draws",
    doc="Indices drawn from rows of weights.",
)
def multinomial(self: Tensor, num_samples: int, replacement: bool, generator: Any) -> Tensor:
    check_generator("multinomial", generator)
    if is_meta(self):
        if len(shape_of(self)) not in (1, 2):
            raise RuntimeError(
                "The probability distributions dimensions must be 1 or 2, but got "
                f"{len(shape_of(self))}"
            )
        return empty((*shape_of(self)[:-1], num_samples), dtypes.int64)
    if is_batched(self):
        return _multinomial(self, num_samples, replacement, generator)
    weights = np.asarray(self.array)

    def draw(sizes: tuple[int, ...]) -> Tensor:
        rows = weights
        if sizes:
            rows = np.broadcast_to(weights, (*sizes, *weights.shape)).reshape(-1, weights.shape[-1])
        indices = trials.multinomial(
            rows, self.dtype, num_samples, replacement, generator=generator
        )
        return make(indices.reshape(*sizes, *weights.shape[:-1], num_samples), dtypes.int64)

    return per_example((), draw)


@over_batch
def _multinomial(self: Tensor, num_samples: int, replacement: bool, generator: Any) -> Tensor:
    indices = trials.multinomial(
        np.asarray(self.array), self.dtype, num_samples, replacement, generator=generator
    )
    return make(indices, dtypes.int64)


# --- in place --------------------------------------------------------------------------------


def _inplace(
    name: str, parameters: str, node: str, draw: Callable[..., Array], doc: str, id: str = ""
) -> None:
    """Publish the method that fills a tensor with draws; `draw(shape, dtype, *parameters)`."""

    def fill(self: Tensor, *args: Any) -> Tensor:
        generator = check_generator(name, args[-1])
        if same_for_all(self):
            shape = shape_of(self)
            shared = make(np.zeros(shape, self.dtype.array)[()], self.dtype)
            return copy_(self, fill_whole(shared, generator, args))
        return fill_whole(self, generator, args)

    def fill_whole(self: Tensor, generator: Any, args: Sequence[Any]) -> Tensor:
        """The tensor and every batch in it, filled with one draw."""
        whole = whole_batch(self)
        if whole is not None:
            fill_whole(whole, generator, args)
            return self
        check_writable(self)
        if self.level is META:
            version_of(self).bump(runtime.where)
            return self
        array = own_memory(self)
        contiguous = bool(array.flags.c_contiguous)
        values = draw(shape_of(self), self.dtype, contiguous, *args[:-1], generator=generator)
        if not contiguous:
            ordered = np.empty_like(array)
            random.fill(ordered, np.asarray(values))
            values = ordered
        drawn = make(values[()], self.dtype)
        return run_inplace(get_op("_drawn"), (self, drawn, node, None))

    comma = ", " if parameters else ""
    function(
        f"{id or name}(Tensor self{comma}{parameters}, *, Generator? generator=None)",
        name=name,
        where=("Tensor",),
        doc=doc,
    )(fill)


_inplace(
    "uniform_",
    "float from_=0.0, float to=1.0",
    "UniformBackward0",
    lambda shape, dtype, _, low, high, generator: random.uniform(
        shape, dtype, low, high, generator=generator
    ),
    "Fills with uniform random numbers of an interval.",
)
_inplace(
    "normal_",
    "float mean=0.0, float std=1.0",
    "NormalBackward0",
    lambda shape, dtype, contiguous, mean, std, generator: random.normal(
        shape, dtype, mean, std, generator=generator, contiguous=contiguous
    ),
    "Fills with normal random numbers.",
)
_inplace(
    "exponential_",
    "float lambd=1.0",
    "ExponentialBackward0",
    lambda shape, dtype, _, rate, generator: random.exponential(
        shape, dtype, rate, generator=generator
    ),
    "Fills with exponentially distributed random numbers.",
)
_inplace(
    "log_normal_",
    "float mean=1.0, float std=2.0",
    "LogNormalBackward0",
    lambda shape, dtype, _, mean, std, generator: random.log_normal(
        shape, dtype, mean, std, generator=generator
    ),
    "Fills with exponentials of normal random numbers.",
)
_inplace(
    "cauchy_",
    "float median=0.0, float sigma=1.0",
    "CauchyBackward0",
    lambda shape, dtype, _, median, sigma, generator: random.cauchy(
        shape, dtype, median, sigma, generator=generator
    ),
    "Fills with random numbers of a Cauchy distribution.",
)
_inplace(
    "geometric_",
    "float p",
    "GeometricBackward0",
    lambda shape, dtype, _, p, generator: random.geometric(shape, dtype, p, generator=generator),
    "Fills with the numbers of first successes in trials of probability `p`.",
)


def _spread(p: Tensor, shape: tuple[int, ...]) -> Array:
    check_expand(shape_of(p), shape, p.dtype.backend_name)
    return np.broadcast_to(p.array, shape)


_inplace(
    "bernoulli_",
    "Tensor p",
    "BernoulliBackward1",
    lambda shape, dtype, _, p, generator: trials.bernoulli_like(
        _spread(p, shape), p.dtype, dtype, generator=generator
    ),
    "Fills with ones, with the probabilities in `p`, and zeros.",
    "bernoulli_tensor_",
)
_inplace(
    "bernoulli_",
    "float p=0.5",
    "BernoulliBackward2",
    lambda shape, dtype, _, p, generator: trials.bernoulli(shape, dtype, p, generator=generator),
    "Fills with ones, with probability `p`, and zeros.",
)
_inplace(
    "random_",
    "",
    "RandomBackward2",
    lambda shape, dtype, _, generator: random.random_bits(shape, dtype, generator=generator),
    "Fills with random integers over all that the dtype represents exactly.",
)
_inplace(
    "random_",
    "int to",
    "RandomBackward1",
    lambda shape, dtype, _, high, generator: random.random_from_to(
        shape, dtype, 0, high, generator=generator
    ),
    "Fills with random integers from 0 up to, not including, `to`.",
    "random_to_",
)
_inplace(
    "random_",
    "int from_, int? to",
    "RandomBackward0",
    lambda shape, dtype, _, low, high, generator: random.random_from_to(
        shape, dtype, low, high, generator=generator
    ),
    "Fills with random integers from `from` up to, not including, `to`.",
    "random_from_",
)
