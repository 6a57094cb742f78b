"""The node Scene: what becomes of a track in Blender."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.options import title_case
from ....backend.contract.settings import SceneSettings
from ... import paths
from ...properties import settings_from
from ...scene.parts import Parts, find_collection, origin_of, parts_of
from .. import older_settings, take_files
from ..base import Group, StageNode
from ..reading import all_upstream, upstream

_OF_CAMERA: Final = ("motion", "plate", "sound", "place", "speed")
"""Settings of the import whose camera is shared, where one is."""


class SceneNode(StageNode, bpy.types.Node):
    """Bring the track into the scene"""

    kind = "scene"
    group = Group.OUTPUT
    bl_icon = "SCENE_DATA"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "automatic": bpy.props.BoolProperty(
            name="Import Automatically",
            description="Import as soon as the track is finished. Turn it off to press Import yourself",
            default=True,
        ),
        older_settings.SWITCH: older_settings.switch_property(older_settings.switched),
    }
    order = ("automatic",)

    def settings(self: Any, scene: bpy.types.Scene) -> SceneSettings:
        """Return how the track is imported. One that was made of the scene's range comes back to that range."""
        settings = settings_from(self, SceneSettings)
        above = all_upstream(self)
        baking = above.get("texture") if not settings.texture else None
        if baking is not None:
            settings = replace(settings, texture=str(baking.written(scene)[0]) if baking.written(scene) else "")
        settings = replace(settings, same_camera=settings.same_camera or _shared_camera(above.get("track"), scene))
        video = above.get("video")
        if video is None or video.range != "scene":
            return settings
        return replace(settings, start_at=max(settings.start_at, scene.frame_start))

    def read(self: Any, _settings: SceneSettings) -> tuple[Path, ...]:
        """Return the picture that is named for the texture. One that is linked counts with its node."""
        return (paths.absolute(self.texture, self.id_data.library),) if self.texture else ()

    def matters(self: Any, name: str) -> bool:
        """What a shared camera decides is no matter of this node; a file for the texture where none is linked."""
        if name == older_settings.SWITCH or (self.same_camera and name in _OF_CAMERA):
            return False
        frames = self.form != "rig"
        needed = {
            "shape_keys": frames,
            "key_kind": frames and self.shape_keys,
            "key_error": self.form != "keys",
            "sound": self.plate,
            "rate": self.fit_scene != "always",
        }
        if name != "texture":
            return bool(needed.get(name, True))
        socket = self.inputs.get(title_case("texture"))
        return self.material == "texture" and (socket is None or not socket.is_linked)

    def is_there(self: Any, scene: bpy.types.Scene) -> bool:
        """Whether the track's import was not undone or deleted."""
        track = upstream(self, "track")
        origin = origin_of(Path(track.settings(scene).path), "") if track is not None else ""
        return find_collection(scene, origin) is not None


def _shared_camera(track: Any | None, scene: bpy.types.Scene) -> str:
    """Return the import whose camera is shared by a person that was tracked together with others; empty for none.

    One whose head or camera somebody has deleted has none to share.
    """
    first = take_files.first_of(track, scene) if track is not None else None
    collection = find_collection(scene, origin_of(first, "")) if first is not None else None
    return collection.name if collection is not None and isinstance(parts_of(collection), Parts) else ""


CLASSES: Final = (SceneNode,)
