"""Roles of the head in a render: rendered, held out of it, catching shadows, or a guide for the animator."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ....backend.contract.failure import Notice
from ..parts import Parts
from ..stored import stored
from . import render_settings as settings
from .shadow_layers import catch_no_shadows, catch_shadows

_GUIDE: Final = "flame_guide"
"""Custom property of the head: it was taken out of the render here, and comes back with another role."""


def give_role(scene: bpy.types.Scene, parts: Parts, role: str) -> list[Notice]:
    """Let the head do what is asked, and take back what an earlier role needed.

    A shadow catcher of Cycles hides what is behind it as a holdout does (compared pixel by pixel in 4.2, 4.5 and 5.0);
    with both switches on it would catch nothing. Other engines have none, and get view layers for it.

    Args:
        scene: With the engine, the camera and the lights of the render.
        parts: Of the track.
        role: Key of `render_settings.HEADS`.

    Returns:
        What the user should know.
    """
    head: Any = parts.head
    in_cycles = scene.render.engine == "CYCLES"
    head.is_holdout = role == settings.HOLDOUT
    head.is_shadow_catcher = role == settings.SHADOW and in_cycles
    if role == settings.GUIDE and not head.hide_render:
        head.hide_render, head[_GUIDE] = True, True
    elif role != settings.GUIDE and stored(head, _GUIDE, bool):
        head.hide_render = False
        del head[_GUIDE]
    if role == settings.SHADOW and not in_cycles:
        return catch_shadows(scene, parts)
    catch_no_shadows(scene, parts)
    return []
