"""Fixtures of the tests of putting a performance onto a character."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest

FACE = {
    "eyeBlinkLeft": ((1, -1, 6), (0, 0, -1)),
    "eyeBlinkRight": ((-1, -1, 6), (0, 0, -1)),
    "mouthSmileLeft": ((1, -1, 2), (0.5, 0, 0.5)),
    "mouthSmileRight": ((-1, -1, 2), (-0.5, 0, 0.5)),
    "jawOpen": ((0, -1, 1), (0, 0, -1)),
    "browInnerUp": ((0, -1, 7), (0, 0, 1)),
}
"""Channel -> the point of the face, in centimetres, that its key moves, and which way: z up, the face along -y."""


class SmallCharacter:
    """A face of six points with the keys that move them, and teeth, on an armature with head, neck, jaw and eyes.

    Attributes:
        face, teeth: Meshes; the teeth have `jawOpen` alone.
        armature: The rig, its bones with odd rolls.
        meshes: Both meshes by name, as `makehuman.Character` has them.
    """

    def __init__(self) -> None:
        self.armature = _make_rig()
        self.face = _make_mesh("Face", FACE)
        self.teeth = _make_mesh("Teeth", {"jawOpen": FACE["jawOpen"]})
        self.meshes = {"Face": self.face, "Teeth": self.teeth}
        bpy.context.view_layer.update()


def _make_mesh(name: str, keys: dict[str, Any]) -> Any:
    points = 0.01 * np.array([point for point, _ in FACE.values()], dtype=np.float64)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], [])
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    thing.shape_key_add(name="Basis", from_mix=False)
    for channel, (_, way) in keys.items():
        block = thing.shape_key_add(name=channel, from_mix=False)
        block.value = 0.0
        index = list(FACE).index(channel)
        block.points[index].co = points[index] + 0.01 * np.array(way)
    return thing


def _make_rig() -> Any:
    armature = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = {
        "spine": (None, (0, 0, -0.2), (0, 0, -0.1), 0.3),
        "neck": ("spine", (0, 0, -0.1), (0, 0, 0), 1.1),
        "head": ("neck", (0, 0, 0), (0.01, 0.02, 0.1), -0.7),
        "jaw": ("head", (0, 0.02, 0.03), (0, -0.04, 0.0), 2.0),
        "eye.L": ("head", (0.01, 0, 0.06), (0.03, 0.01, 0.07), 0.4),
        "eye.R": ("head", (-0.01, 0, 0.06), (-0.01, -0.02, 0.06), 0.0),
    }
    for name, (parent, head, tail, roll) in bones.items():
        bone = armature.data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = head, tail, roll
        bone.parent = armature.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


@pytest.fixture
def character() -> SmallCharacter:
    """A character of a few points, and a scene of 24 frames a second."""
    bpy.context.scene.render.fps = 24
    return SmallCharacter()
