"""The sequencer's strips, which were called sequences before Blender 4.4."""

from __future__ import annotations

from typing import Any

import bpy


def strips_of(scene: bpy.types.Scene) -> list[bpy.types.Strip]:
    """Return the strips of a scene; none where it has no sequencer yet. Those within meta strips are left out."""
    editor = scene.sequence_editor
    return [] if editor is None else list(_collection(editor))


def _collection(editor: Any) -> Any:
    return editor.strips if hasattr(editor, "strips") else editor.sequences
