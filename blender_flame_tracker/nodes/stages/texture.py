"""The node Texture: the colour of the head from the footage."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.options import split_paths
from ....backend.contract.outputs import TEXTURE, texture_files
from ..base import Group, StageNode
from ..reading import folder_of_track


class TextureNode(StageNode, bpy.types.Node):
    """Bake the colour of the head from the footage"""

    kind = "texture"
    group = Group.OUTPUT
    bl_icon = "TEXTURE"

    def read(self, settings: Any) -> tuple[Path, ...]:
        """Return the tracks of other shots."""
        return tuple(map(Path, split_paths(settings.tracks)))

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the picture and what is known of the light, in the chosen place or beside the track."""
        settings, beside = self.settings(scene), folder_of_track(self, scene)
        path = Path(settings.path) if settings.path else beside and beside / TEXTURE
        return () if path is None else texture_files(path)


CLASSES: Final = (TextureNode,)
