"""The random numbers against the record of PyTorch's, `goldens/random.json`."""

from __future__ import annotations

import collections
import json
import math
import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

from gradcli.kernels import random, trials
from gradcli.kernels.generator import Uniforms
from gradcli.kernels.random import Generator
from gradcli.tensor import dtypes

RECORD = json.loads(
    (pathlib.Path(__file__).parent.parent / "goldens" / "random.json").read_text(encoding="utf-8")
)

CASES: dict[tuple[str, str], list[dict[str, Any]]] = collections.defaultdict(list)
for _case in RECORD["cases"]:
    CASES[_case["op"], _case["dtype"]].append(_case)


def numbers(value: Any) -> Any:
    """A recorded value with its NaN and infinities."""
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return float(value) if isinstance(value, str) and value[-3:] in ("nan", "inf") else value


def stored(data: Any, dtype: dtypes.DType) -> Any:
    return dtype.cast(np.asarray(data, np.float64))


def draw(case: dict[str, Any], generator: Generator) -> Any:
    op, shape = case["op"], case["shape"]
    args = [arg if op == "bernoulli_like" else numbers(arg) for arg in case["args"]]
    dtype = dtypes.NAMES[case["dtype"]]
    if op == "randperm":
        return random.randperm(args[0], dtype, generator=generator)
    if op == "bernoulli_like":
        p_dtype = dtypes.NAMES[args[1]]
        return trials.bernoulli_like(stored(args[0], p_dtype), p_dtype, dtype, generator=generator)
    if op == "normal_like":
        std = stored(args[1], dtypes.NAMES[args[2]])
        return random.normal_like(stored(args[0], dtype), std, dtype, generator=generator)
    if op == "normal_permuted":
        target = np.empty(shape, dtype.array).transpose(args[0])
        contiguous = target.flags.c_contiguous
        values = random.normal(target.shape, dtype, generator=generator, contiguous=contiguous)
        random.fill(target, values)
        return target
    if op == "multinomial":
        weights = stored(args[0], dtype)
        return trials.multinomial(weights, dtype, args[1], args[2], generator=generator)
    if op == "poisson":
        return trials.poisson(stored(args[0], dtype), dtype, generator=generator)
    if op == "binomial":
        counts, p = (stored(arg, dtype) for arg in args)
        return trials.binomial(counts, p, dtype, dtype, generator=generator)
    if op == "bernoulli":
        return trials.bernoulli(shape, dtype, *args, generator=generator)
    function = random.random_bits if op == "random" else getattr(random, op)
    return function(shape, dtype, *args, generator=generator)


def recorded(array: Any) -> Any:
    flat = np.asarray(array).reshape(-1)
    if flat.dtype.kind == "c":
        flat = flat.view(np.float32 if flat.dtype == np.complex64 else np.float64)
    return flat if flat.size <= 48 else np.concatenate((flat[:4], flat[-24:]))


@pytest.mark.parametrize(("op", "dtype"), CASES, ids=lambda name: str(name))
def test_draws_are_pytorchs(op: str, dtype: str) -> None:
    for case in CASES[op, dtype]:
        label = f"{op} {dtype} {case['shape']} {case['args']}"
        generator = Generator().manual_seed(case["seed"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if "error" in case:
                with pytest.raises(Exception) as raised:
                    draw(case, generator)
                assert f"{type(raised.value).__name__}: {raised.value}" == case["error"], label
                continue
            draws = [draw(case, generator) for _ in range(3)]
        for ours, theirs in zip(draws, case["draws"], strict=True):
            assert list(np.shape(ours)) == case["size"], label
            expected = "int64" if op == "multinomial" else dtypes.NAMES[dtype].array
            assert np.asarray(ours).dtype == expected, label
            np.testing.assert_array_equal(
                recorded(ours), np.array(numbers(theirs), recorded(ours).dtype), err_msg=label
            )
        after = random.randint(0, 2**16, (1,), dtypes.int64, generator=generator)
        assert after[0] == case["next"], label


@pytest.mark.parametrize("case", RECORD["states"], ids=lambda case: str(case["seed"]))
def test_state_has_pytorchs_bytes(case: dict[str, Any]) -> None:
    generator = Generator().manual_seed(case["seed"])
    random.rand((case["drawn"],), dtypes.float32, generator=generator)
    random.randn((case["normals"],), dtypes.float64, generator=generator)
    state = generator.save()
    assert state.shape == (5056,)
    assert state[:32].tobytes().hex() == case["head"]
    assert state[5008:].tobytes().hex() == case["tail"]
    assert generator.initial_seed() == case["initial_seed"]
    again = Generator().restore(state)
    assert (again.save() == state).all()
    for dtype in (dtypes.float64, dtypes.float32):
        assert (
            random.randn((5,), dtype, generator=again)
            == random.randn((5,), dtype, generator=generator)
        ).all()


def test_manual_seed_drops_the_kept_normal() -> None:
    generator = Generator().manual_seed(0)
    first = random.randn((3,), dtypes.float32, generator=generator)
    assert random.randn((2,), dtypes.float32, generator=generator)[0] == np.float32(0.56843126)
    generator.manual_seed(0)
    assert (random.randn((3,), dtypes.float32, generator=generator) == first).all()
    generator.manual_seed(0)
    assert (random.randn((3,), dtypes.float32, generator=generator) == first).all()


def test_words_do_not_depend_on_the_size_of_the_draws() -> None:
    whole = Generator().manual_seed(3).words(40_000)
    generator = Generator().manual_seed(3)
    sizes = (1, 0, 622, 1, 1, 625, 3000, 5, 20_000, 7, 9000, 1)
    parts = np.concatenate([generator.words(size) for size in sizes])
    assert (parts == whole[: parts.size]).all()


def test_uniforms_leave_the_generator_after_the_last_one_taken() -> None:
    generator, other = Generator().manual_seed(1), Generator().manual_seed(1)
    uniforms = Uniforms(generator)
    taken = [next(uniforms) for _ in range(70)]
    uniforms.close()
    assert taken == other.doubles(70).tolist()
    assert (generator.save() == other.save()).all()


def test_unseeded_generators() -> None:
    assert Generator().initial_seed() == 67280421310721
    seeds = {Generator(entropy=True).initial_seed() for _ in range(3)}
    assert len(seeds) == 3
    generator = Generator()
    assert generator.seed() == generator.initial_seed()
    clone = generator.clone_state()
    assert (clone.words(5) == generator.words(5)).all()


@pytest.mark.parametrize(
    ("seed", "error", "sentence"),
    [
        (1.7, RuntimeError, "manual_seed expected a long, but got float"),
        (True, RuntimeError, "manual_seed expected a long, but got bool"),
        (2**64, ValueError, "Overflow when unpacking long long"),
        (-(2**63) - 1, ValueError, "Overflow when unpacking long long"),
    ],
)
def test_seeds_that_are_refused(seed: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=f"^{sentence}$"):
        Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("state", "error", "sentence"),
    [
        (np.zeros(3), TypeError, "RNG state must be a torch.ByteTensor"),
        (
            np.zeros(3, np.uint8),
            RuntimeError,
            "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size "
            "to be 3",
        ),
        (np.zeros(5056, np.uint8), RuntimeError, "Invalid mt19937 state"),
    ],
)
def test_states_that_are_refused(state: Any, error: type[Exception], sentence: str) -> None:
    generator = Generator().manual_seed(4)
    before = generator.save()
    with pytest.raises(error) as raised:
        generator.restore(state)
    assert str(raised.value) == sentence
    assert (generator.save() == before).all()
    with pytest.raises(TypeError, match=r"^expected a torch\.ByteTensor, but got int$"):
        generator.set_state(5)


def test_bounds_beyond_the_digits_warn() -> None:
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^24\), 2\^24\]"):
        random.randint(0, 2**30, (2,), dtypes.float32)


def test_memory_order() -> None:
    values = np.arange(24.0)
    for axes in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        base = np.zeros((2, 3, 4))
        random.fill(base.transpose(axes), values)
        assert (base.ravel() == values).all()
    every_other = np.zeros((2, 6))[:, ::2]
    random.fill(every_other, values[:6])
    assert every_other.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_large_draws_keep_the_distribution() -> None:
    generator = Generator().manual_seed(11)
    sample = random.randn((200_000,), dtypes.float64, generator=generator)
    assert abs(sample.mean()) < 0.01
    assert abs(sample.std() - 1.0) < 0.01
    permuted = np.empty((400, 500)).T
    random.fill(
        permuted,
        random.randn(permuted.shape, dtypes.float32, generator=generator, contiguous=False),
    )
    assert abs(permuted.mean()) < 0.01
    assert math.isfinite(permuted.sum())
