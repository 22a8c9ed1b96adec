"""Programs as Python functions of columns, in a process that is not ours."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from gradcli.streams import function
from gradcli.streams.functions import _made
from gradcli.tensor.runtime import LimitExceeded

X = np.linspace(0.1, 2, 5000)
Y = np.arange(5000.0) % 17


def test_gradients_of_columns():
    found = function("sin(x*y)", kind="grad", wrt=["x"])(
        {"x": X, "y": Y, "id": np.array(["a"] * 5000)}
    )
    assert list(found) == ["value", "grads.x"]
    np.testing.assert_allclose(found["value"], np.sin(X * Y), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["grads.x"], Y * np.cos(X * Y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 40])
def test_any_number_of_rows(count):
    found = function("x**2")({"x": X[:count]})
    assert list(found) == ["value", "grads.x"]
    assert [len(column) for column in found.values()] == [count] * len(found)
    if count:
        np.testing.assert_allclose(found["grads.x"], 2 * X[:count])


def test_other_kinds():
    points = np.stack([X, X**2], 1)
    columns = {"x": points}
    hessian = function("(x**3).sum()", kind="hessian")(columns)["hessian.x.x"]
    np.testing.assert_allclose(hessian, 6 * points[:, :, None] * np.eye(2), atol=1e-12)
    jacobian = function("x**2 * k", kind="jacobian", const={"k": 3})(columns)["jacobian.x"]
    np.testing.assert_allclose(jacobian, 6 * points[:, :, None] * np.eye(2))
    assert list(function("x*2", kind="eval", dtype="float32")(columns)) == ["value"]


def test_a_part_draws_what_the_whole_draws():
    draw = function("rand(1) * x", kind="eval", seed=3)
    whole = draw({"x": X[:100]})["value"]
    parts = [draw({"x": X[a : a + 25]}, start=a)["value"] for a in range(0, 100, 25)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_record_that_fails():
    x = np.where(np.arange(50) == 33, -1.0, 1.0)
    with pytest.raises(ValueError, match="record 34: ZeroDivisionError"):
        function("x if x > 0 else 1 // 0")({"x": x})
    found = function("x if x > 0 else 1 // 0", errors="nan")({"x": x})
    assert np.flatnonzero(np.isnan(found["value"])).tolist() == [33]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": X}, "no column `x`"),
        ({"x": np.array(["a", "b"])}, "other things than numbers"),
        ({"x": X, "y": X[:3]}, "first axis"),
    ],
)
def test_columns_that_do_not_fit(columns, message):
    with pytest.raises(ValueError, match=message):
        function("x * y" if "x" in columns and "y" in columns else "x")(columns)


@pytest.mark.parametrize("wrong", [{"kind": "gard"}, {"errors": "no"}, {"dtype": "f8"}])
def test_options_that_are_none(wrong):
    with pytest.raises(ValueError):
        function("x", **wrong)


def test_a_limit_ends_the_call_and_not_the_process():
    with pytest.raises(LimitExceeded):
        function("sum([x for i in range(10**9)])", max_steps=1000)({"x": X[:1]})


def test_it_is_sent_as_text_and_options():
    sent = pickle.dumps(function("sin(x*y)", wrt=["x"]))
    assert len(sent) < 400
    found = pickle.loads(sent)({"x": X, "y": Y})
    np.testing.assert_allclose(found["grads.x"], Y * np.cos(X * Y), rtol=1e-12, atol=1e-12)


def test_another_version_is_refused():
    _, (_, options) = function("x").__reduce__()
    with pytest.raises(RuntimeError, match=r"made by gradcli 0\.0\.0"):
        _made("0.0.0", options)


def surroundings():
    import resource

    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    which = (resource.RLIMIT_DATA, resource.RLIMIT_AS, resource.RLIMIT_STACK)
    limits = [*map(resource.getrlimit, which), sys.getrecursionlimit(), np.geterr()]
    collector = (gc.get_threshold(), gc.isenabled(), gc.get_freeze_count())
    hooks = (sys.excepthook, sys.unraisablehook, signal.set_wakeup_fd(-1))
    return handlers, limits, collector, hooks, dict(os.environ)


def test_the_process_is_left_as_it_was():
    before = surroundings()
    function("sin(x) + rand(1).sum()")({"x": X[:20]})
    assert surroundings() == before


FRESH = """
import resource, sys, threading
import numpy as np
def state():
    return resource.getrlimit(resource.RLIMIT_STACK), sys.getrecursionlimit(), np.geterr()
before = state()
from gradcli.streams import function
f = function({program!r}, max_steps=100_000)
def call():
    try:
        f({{"x": np.ones(3)}})
    except Exception as error:
        print(error)
call()
assert state() == before
thread = threading.Thread(target=call)
thread.start()
thread.join()
assert state() == before
"""
DEEP = (  # calls inside of calls, of the host's too
    "(lambda f: f(f))(lambda f: f(f)) + x",
    "(lambda f: f(f))(lambda f: max([1, 2], key=lambda a: f(f))) + x",
    "(lambda f: f(f))(lambda f: list(map(lambda a: f(f), [1]))) + x",
    "(lambda f: f(f))(lambda f: sorted([1, 2], key=lambda a: f(f))) + x",
    "(lambda f: f(f))(lambda f: functools.reduce(lambda a, b: f(f), [1, 2])) + x",
)


@pytest.mark.parametrize("program", DEEP)
def test_a_fresh_process_is_left_as_it_was_and_deep_calls_end(program):
    text = FRESH.format(program=program)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 2


def test_threads_take_turns():
    found = []

    def work(number):
        dtype = ("float32", "float64")[number % 2]
        f = function("sin(x*y) if x > 1 else cos(x)*y", dtype=dtype)
        x = X[:400] + number
        for _ in range(4):
            result = f({"x": x, "y": Y[:400]})
            wanted = np.where(x > 1, np.sin(x * Y[:400]), np.cos(x) * Y[:400])
            found.append((result["value"].dtype == dtype, np.abs(result["value"] - wanted).max()))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert len(found) == 16
    assert all(right for right, _ in found)
    assert max(error for _, error in found) < 1e-4


def test_a_row_for_each_record_that_is_not_read():
    found = function("2 + rand(1).sum() * 0")({"id": np.array(["a", "b", "c"])})
    assert found["value"].tolist() == [2.0, 2.0, 2.0]
