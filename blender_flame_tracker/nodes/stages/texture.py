"""The node Texture: the colour of the head from the footage."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ..base import Group, StageNode
from ..reading import upstream

_NAME: Final = "texture.png"


class TextureNode(StageNode, bpy.types.Node):
    """Bake the colour of the head from the footage"""

    kind = "texture"
    group = Group.OUTPUT
    bl_icon = "TEXTURE"

    def read(self, _settings: Any) -> tuple[Path, ...]:
        """Return nothing: its picture is written."""
        return ()

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the picture and what is known of the light, in the chosen place or beside the track."""
        settings, track = self.settings(scene), upstream(self, "track")
        if not settings.path and track is None:
            return ()
        path = Path(settings.path) if settings.path else Path(track.settings(scene).path).with_name(_NAME)
        return (path, path.with_name(f"{path.stem}_light.json"))


CLASSES: Final = (TextureNode,)
