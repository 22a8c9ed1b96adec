"""Operations that the engine itself performs on tensors.

They are recorded operations and therefore live a floor above; `gradcli.ops` fills this in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..tensor.tensor import Tensor


class Operations:
    """What the engine needs of the op table."""

    add: Callable[[Tensor, Tensor], Tensor]
    clone: Callable[[Tensor], Tensor]
    copy: Callable[[Tensor], Tensor]
    sum_to: Callable[[Tensor, tuple[int, ...]], Tensor]
    cast: Callable[[Tensor, Any], Tensor]
    as_strided: Callable[..., Tensor]
    refresh_view: Callable[[Tensor], None]
    check_target: Callable[[tuple[int, ...], tuple[int, ...]], None]
    check_view: Callable[[Tensor], None]
    refuse_view: Callable[[Any, int], None]
    detach_leveled: Callable[[Tensor], Tensor]
    ones_like: Callable[[Tensor], Tensor]
    zeros_like: Callable[[Tensor], Tensor]
    reshape: Callable[[Tensor, tuple[int, ...]], Tensor]
    view_as: Callable[[Tensor], Tensor]
    view: Callable[[Tensor], Tensor]
    identity: Callable[[Tensor], Tensor]
    run_leveled: Callable[..., Any]
    run_leveled_inplace: Callable[..., Tensor]
    arguments: Mapping[Any, int]
    shown_edge: Callable[[Tensor], Any]
    shown_node: Callable[[Tensor], Any]
    is_foreign: Callable[[Tensor], bool]
    level_stack: Callable[[], list[str]]
    enter_level: Callable[[str], int]
    leave_level: Callable[[], None]
    with_tangent: Callable[[Tensor, Tensor, int], Tensor]
    split_dual: Callable[[Tensor, int], tuple[Tensor, Tensor | None]]
    rebase: Callable[..., None]
    batched_pass: Callable[..., list[Any]]
    add_in_place: Callable[[Tensor, Tensor], Any]
    note_views: Callable[[Tensor, Any], None] | None = None  # while forward mode runs


operations = Operations()
