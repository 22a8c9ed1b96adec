"""Reading graphs after a backward pass has freed what they had saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gradcli.autograd.freed_values import reachable, thawed
from gradcli.autograd.leaf import fresh_edge
from gradcli.tensor.tensor import Tensor


@contextmanager
def readable(*results: Tensor) -> Iterator[None]:
    """Have the graphs of some results hold what they had saved.

    Raises Dropped when it is not kept any more, RuntimeError when it was changed.
    """
    with thawed(reachable(fresh_edge(result) for result in results)):
        yield
