"""Settings of a render over the footage, made in one go: footage, what the head does, and true colours."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .fitting_scene import use_standard_view
from .over_footage import lay_over_footage
from .parts import Parts

HEADS: Final = {
    "rendered": ("Rendered", "The head is seen over the footage"),
    "holdout": ("Holdout", "The head is not seen, and hides what is behind it: hair, glasses and hats sit on the face"),
    "shadow": ("Shadow Catcher", "Of the head only the shadows are seen that fall on it; needs Cycles"),
}
"""What the head does in the render -> name and description."""


def set_up_render(scene: bpy.types.Scene, parts: Parts, head: str) -> bool:
    """Let the scene be rendered over the footage of a track, through its camera.

    Args:
        scene: To set up.
        parts: Of the track.
        head: Key of `HEADS`.

    Returns:
        Whether there is footage to lay behind.
    """
    parts.head.is_holdout = head == "holdout"
    parts.head.is_shadow_catcher = head == "shadow"
    render: Any = scene.render
    if head != "rendered" and (head == "shadow" or render.engine == "BLENDER_WORKBENCH"):
        render.engine = "CYCLES"
    scene.render.film_transparent = True
    scene.camera = parts.camera
    use_standard_view(scene)
    picture = next((each for each in parts.lens.background_images if _is_footage(each)), None)
    if picture is None or picture.clip is None:
        return False
    lay_over_footage(scene, picture.clip, picture.rotation)
    return True


def _is_footage(picture: bpy.types.CameraBackgroundImage) -> bool:
    return picture.source == "MOVIE_CLIP" and picture.clip is not None and picture.display_depth == "BACK"
