"""States of a rig for a moment: edit mode, the only way in which Blender makes bones, and seen, to be evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from ....backend.contract.failure import Failure


def mode_problem() -> Failure | None:
    """Return why no bones can be made at the moment, or None."""
    if bpy.context.mode == "OBJECT":
        return None
    return Failure("not-in-object-mode", "A rig can only be made in Object Mode.", "Leave the mode you are in first.")


@contextmanager
def edit_bones(rig: bpy.types.Object) -> Iterator[Any]:
    """Give the bones of an armature to edit; selection and active object are as before afterwards.

    It is made visible in the current view layer meanwhile, wherever its collections are excluded or hidden.
    """
    scene, layer = bpy.context.scene, bpy.context.view_layer
    assert scene is not None and layer is not None
    active, selected = layer.objects.active, list(layer.objects.selected)
    linked = rig.name not in scene.collection.objects
    if linked:
        scene.collection.objects.link(rig)
    layer.update()
    hidden, rig.hide_viewport = rig.hide_viewport, False
    put_away = rig.hide_get()
    rig.hide_set(False)
    layer.objects.active = rig
    armature: Any = rig.data
    mirrored, armature.use_mirror_x = armature.use_mirror_x, False
    bpy.ops.object.mode_set(mode="EDIT")
    try:
        yield armature.edit_bones
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
        armature.use_mirror_x = mirrored
        rig.hide_viewport = hidden
        rig.hide_set(put_away)
        if linked:
            scene.collection.objects.unlink(rig)
        layer.update()
        for thing in layer.objects:
            thing.select_set(thing in selected)
        layer.objects.active = active


@contextmanager
def shown(*things: bpy.types.Object) -> Iterator[None]:
    """Let objects be evaluated meanwhile: Blender leaves out those whose screen in the Outliner is off."""
    hidden = [each for each in things if each.hide_viewport]
    for each in hidden:
        each.hide_viewport = False
    try:
        yield
    finally:
        for each in hidden:
            each.hide_viewport = True
