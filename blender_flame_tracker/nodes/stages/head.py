"""The node Head Model: which head is fitted, and whose identity it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.model_files import files_of_head
from ....backend.contract.options import split_paths
from ...preferences import preferences
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
        """Return the model files that count, as for the engine, and what the identity comes from."""
        paths = (settings.identity_track, *split_paths(settings.identity_clips))
        files = tuple(Path(path) for path in paths if path)
        return (*files, *files_of_head(settings.source, settings.file, preferences.models_folder()))


CLASSES: Final = (HeadNode,)
