"""The sequencer's strips, which were called sequences before Blender 4.4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy


def strips_of(scene: bpy.types.Scene) -> list[Any]:
    """Return the strips of a scene; none where it has no sequencer yet. Those within meta strips are left out."""
    editor = scene.sequence_editor
    return [] if editor is None else list(_collection(editor))


def new_sound_strip(scene: bpy.types.Scene, name: str, path: Path, start: int) -> Any:
    """Return a new strip with the sound of a file, in a channel above all others."""
    channel = min(1 + max((each.channel for each in strips_of(scene)), default=0), 128)
    strip = _collection(scene.sequence_editor_create()).new_sound(name, str(path), channel, start)
    if bpy.data.filepath and Path(bpy.data.filepath).drive == path.drive:
        # Relative, so that the project can be moved as a whole.
        strip.sound.filepath = bpy.path.relpath(str(path))
    return strip


def remove_strip(scene: bpy.types.Scene, strip: bpy.types.Strip) -> None:
    """Remove a strip of a scene."""
    _collection(scene.sequence_editor).remove(strip)


def _collection(editor: Any) -> Any:
    return editor.strips if hasattr(editor, "strips") else editor.sequences
