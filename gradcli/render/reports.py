"""What a user is told beside the answer: warnings while a program runs, and a bug of ours.

Nothing is imported before there is something to say.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcli.language.errors.diagnostics import Diagnostic


def quiet() -> None:
    """Ignore the warnings that are about Python and NumPy, not about the program."""
    for category in (
        RuntimeWarning,
        DeprecationWarning,
        PendingDeprecationWarning,
        ResourceWarning,
    ):
        warnings.simplefilter("ignore", category)


def watch_warnings(show: Callable[[Diagnostic], None]) -> None:
    """Have `show` called for Python's warnings and for changes behind a version counter."""
    from gradcli.autograd.node import warn_behind
    from gradcli.tensor import notices

    def warned(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
        if any(heard(category, message) for heard in notices.listeners):
            return
        from .diagnostics import warning_of

        show(warning_of(category, message))

    def behind(node: Any, version: Any) -> None:
        from .diagnostics import behind_of

        show(behind_of(node, version))

    warnings.simplefilter("always")
    quiet()
    warnings.showwarning = warned
    warn_behind[:] = [behind]


def bug_text(error: BaseException) -> str:
    """What is said of an exception that must not happen, with the last place in our own code."""
    traceback = error.__traceback__
    place = ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        place = f"{code.co_filename.rpartition('gradcli/')[2]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"this is a bug in gradcli: {type(error).__name__}: {error} ({place})"
