"""The node Texture: the colour of the head from the footage."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import bpy

from ..base import Group, StageNode
from ..reading import folder_of_track

_NAME: Final = "texture.png"


class TextureNode(StageNode, bpy.types.Node):
    """Bake the colour of the head from the footage"""

    kind = "texture"
    group = Group.OUTPUT
    bl_icon = "TEXTURE"

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the picture and what is known of the light, in the chosen place or beside the track."""
        settings, beside = self.settings(scene), folder_of_track(self, scene)
        path = Path(settings.path) if settings.path else beside and beside / _NAME
        if path is None:
            return ()
        return (path, path.with_name(f"{path.stem}_light.json"))


CLASSES: Final = (TextureNode,)
