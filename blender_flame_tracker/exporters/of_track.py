"""Files of a track for several targets, by a Blender that shows nothing else: what both commands do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ..scene.importer import ImportResult, import_track
from .export import Exported, export
from .presets import CAMERA, PRESETS


def import_alone(track: Path, settings: SceneSettings) -> ImportResult | Failure:
    """Import a track into an empty scene, without footage and sound."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=False)
    return import_track(track.absolute(), replace(settings, plate=False, sound=False))


def export_each(
    track: Path, targets: Mapping[str, Path], settings: SceneSettings
) -> Iterator[tuple[str, Exported | Failure]]:
    """Write a track for each target and yield its name with what was written; a failure is the last.

    Cameras alone move around the head whatever the settings say, as one that stands still would tell nothing.

    Args:
        track: Track file.
        targets: Key of `PRESETS` -> file to write.
        settings: For the import of head and camera.
    """
    cameras = {name: path for name, path in targets.items() if PRESETS[name].what == CAMERA}
    takes = {name: path for name, path in targets.items() if name not in cameras}
    moving_camera = SceneSettings(motion="camera", shape_keys=False)
    for group, wanted in ((takes, settings), (cameras, moving_camera)):
        if not group:
            continue
        imported = import_alone(track, wanted)
        for name, path in group.items():
            if isinstance(imported, Failure):
                yield name, imported
                return
            written = export(bpy.context, name, imported.parts, path)
            yield name, written
            if isinstance(written, Failure):
                return
