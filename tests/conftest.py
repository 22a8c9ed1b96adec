"""What every test finds: Ctrl-C works, also when the shell that started the tests turned it off."""

import signal
from collections.abc import Iterator

import pytest

from gradcli.autograd import engine, node

# A shell without job control has what it starts behind itself ignore SIGINT, and so would every
# process that a test starts, interrupts and waits for.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _nobody_listens() -> Iterator[None]:
    """Who looks at passes and writes, which slows them, is gone with its module."""
    yield
    left = [*engine.keeper, *node.before_write]
    engine.keeper.clear()
    node.before_write.clear()
    assert not left
