"""Roles of the head in a render: rendered, held out of it, catching shadows, or a guide for the animator."""

from __future__ import annotations

from typing import Any, Final

from ..parts import Parts
from ..stored import stored
from . import render_settings as settings

_GUIDE: Final = "flame_guide"
"""Custom property of the head: it was taken out of the render here, and comes back with another role."""


def give_role(parts: Parts, role: str) -> None:
    """Let the head do what is asked, and take back what an earlier role needed.

    A shadow catcher of Cycles hides what is behind it as a holdout does (compared pixel by pixel in 4.2, 4.5 and 5.0);
    with both switches on it would catch nothing.

    Args:
        parts: Of the track.
        role: Key of `render_settings.HEADS`.
    """
    head: Any = parts.head
    head.is_holdout = role == settings.HOLDOUT
    head.is_shadow_catcher = role == settings.SHADOW
    if role == settings.GUIDE and not head.hide_render:
        head.hide_render, head[_GUIDE] = True, True
    elif role != settings.GUIDE and stored(head, _GUIDE, bool):
        head.hide_render = False
        del head[_GUIDE]
