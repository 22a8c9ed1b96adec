"""Names of torch that are plain values or trivial functions."""

from __future__ import annotations

import math

version = "2.13.0+cpu"
inf = math.inf
nan = math.nan
pi = math.pi
e = math.e
newaxis = None
nothing = None
debug = False
git_version = "cf30153c4c131c8164ee7798e5022d810682e2cb"


def never() -> bool:
    """False: there is one device, the CPU."""
    return False


def always() -> bool:
    """True."""
    return True


def one() -> int:
    """1: there is one such device."""
    return 1


def accept(*_: object, **__: object) -> None:
    """Accepted; there is nothing to do."""


def cpu_name() -> str:
    """The name of the only device."""
    return "cpu"


def zero() -> int:
    """0: there are no such devices."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None: there is no accelerator."""


def get_num_threads() -> int:
    """1: operations run on one thread."""
    return 1


def set_num_threads(count: int) -> None:
    """Accepted; operations run on one thread."""
    if not isinstance(count, int):
        raise RuntimeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count <= 0:
        raise RuntimeError("expected a positive number of threads, but got " + str(count))
