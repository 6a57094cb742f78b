"""The node Photographs: pictures of one person in place of a video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.options import joined_paths, split_paths
from ....backend.contract.settings import PhotographSettings
from ... import paths
from ...properties import settings_from
from ..base import Group, StageNode, absolute
from ..reading import downstream, name_of

_COPIES: Final = "photographs"
"""Folder beside the track for the upright copies, which stand behind the head."""


class PhotographsNode(StageNode, bpy.types.Node):
    """One or several photographs of one person, each of which becomes a frame"""

    kind = "photographs"
    group = Group.INPUT
    bl_icon = "IMAGE_DATA"

    def clip(self: Any) -> Path | None:
        """Return the first photograph, None where none is chosen."""
        return next(iter(files_of(self.path, self.id_data.library)), None)

    def frames(self: Any, _scene: bpy.types.Scene) -> str:
        """All photographs are taken."""
        return ""

    def settings(self: Any, scene: bpy.types.Scene) -> PhotographSettings | Failure:
        """Return the settings with absolute paths; copies lie beside the track file."""
        settings = settings_from(self, PhotographSettings)
        chosen = files_of(settings.path, self.id_data.library)
        if not chosen:
            return Failure(
                "photo-not-given", f"{name_of(self)}: no photograph is chosen.", "Choose pictures of one person."
            )
        track = downstream(self, "track")
        shot = paths.shot_folder(chosen[0]) if track is None else Path(track.settings(scene).path).parent
        folder = absolute(self, settings.folder) or str(shot / _COPIES)
        return replace(settings, path=joined_paths(map(str, chosen)), folder=folder)

    def read(self, settings: PhotographSettings) -> tuple[Path, ...]:
        """Return the photographs."""
        return tuple(files_of(settings.path))

    def draw_settings(self: Any, layout: Any) -> None:
        """Draw the photographs by their names, and the button that chooses others."""
        draw_names(layout, self.path)
        layout.operator("flame.choose_photographs", text="Choose...", icon="FILEBROWSER").node = self.name
        super().draw_settings(layout)

    def matters(self, name: str) -> bool:
        """The photographs are chosen together in the file browser: their paths make no readable line."""
        return name != "path"


def files_of(text: str, library: bpy.types.Library | None = None) -> list[Path]:
    """Return the photographs that a setting names, absolute."""
    return [paths.absolute(part, library) for part in split_paths(text)]


def draw_names(layout: Any, text: str, most: int = 6) -> None:
    """Draw the names of the photographs, of many only the first."""
    names = [path.replace("\\", "/").rpartition("/")[2] for path in split_paths(text)]
    column = layout.column(align=True)
    column.scale_y = 0.85
    for name in names[: most if len(names) <= most else most - 1]:
        column.label(text=name, icon="IMAGE_DATA", translate=False)
    if len(names) > most:
        column.label(text=f"and {len(names) - most + 1} more", icon="BLANK1")
    if not names:
        column.label(text="No photograph is chosen", icon="INFO")


CLASSES: Final = (PhotographsNode,)
