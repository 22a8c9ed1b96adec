"""Sentences of Python's own that differ between its versions.

PyTorch's programs run under some Python, and what that one says of a mistake is what gradcli says
under the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable


def unexpected_keyword(called: str, name: str, accepted: Iterable[str]) -> str:
    """What a call of a Python function says of a keyword that it does not know."""
    text = f"{called}() got an unexpected keyword argument '{name}'"
    if sys.version_info >= (3, 13):
        from _suggestions import _generate_suggestions

        near = _generate_suggestions(list(accepted), name)
        if near is not None:
            text += f". Did you mean '{near}'?"
    return text


def no_attribute_to_write(title: str, name: str) -> str:
    """What setting or deleting an attribute says where the class has no place for it."""
    text = f"'{title}' object has no attribute '{name}'"
    if sys.version_info >= (3, 13):
        text += " and no __dict__ for setting new attributes"
    return text


def not_an_instance(value: object, after: type) -> str:
    """What `super(after, value)` says of a value of another class."""
    if sys.version_info < (3, 13):
        return "super(type, obj): obj must be an instance or subtype of type"
    kind = f"type {value.__name__}" if isinstance(value, type) else None
    given = kind or f"instance of {type(value).__name__}"
    return (
        f"super(type, obj): obj ({given}) is not an instance or subtype of type ({after.__name__})."
    )
