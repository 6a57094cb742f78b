"""Review of a track without a window: the scene is made, filmed and forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ..review.making import make_review
from ..review.review_settings import ReviewSettings
from ..scene.importer import import_track


def review_track(track: Path, film: Path, shown: str, height: int, version: str) -> dict[str, Any] | str:
    """Import a track into an empty file and write its review; return what was written, or why not.

    Args:
        track: Track file, whose footage is found as for an import.
        film: MP4 to write; replaced where it exists.
        shown: Key of what stands beside the footage, see `ReviewSettings`.
        height: Of the film, pixels.
        version: Words beside the name of the clip.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    made = import_track(track, SceneSettings())
    if isinstance(made, Failure):
        return str(made)
    notices = [f"{notice.sentence} {notice.advice}".strip() for notice in made.notices]
    if made.parts.clip is None:
        return " ".join(notices) or "There is no footage behind the head."
    settings = ReviewSettings(shown=shown, height=height, version=version)
    failure = make_review(bpy.context.scene, made.parts, settings, film)
    if failure is not None:
        return str(failure)
    return {"film": str(film), "frames": [made.timeline.first, made.timeline.last], "notices": notices}
