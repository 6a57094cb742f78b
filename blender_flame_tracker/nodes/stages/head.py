"""The node Head Model: which head is fitted, and whose identity it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ... import preferences
from ..base import Group, StageNode


class HeadNode(StageNode, bpy.types.Node):
    """Which head model is fitted"""

    kind = "head"
    group = Group.INPUT
    bl_icon = "MESH_MONKEY"

    def matters(self: Any, name: str) -> bool:
        """Show the file where one is asked for."""
        return name != "file" or self.source == "file"

    def read(self, settings: Any) -> tuple[Path, ...]:
        """Return the files; the folder of models counts where the head is looked for in it."""
        files = tuple(Path(path) for path in (settings.identity_track,) if path)
        if settings.source == "file":
            return (*files, Path(settings.file))
        return (*files, preferences.models_folder()) if settings.source == "auto" else files


CLASSES: Final = (HeadNode,)
