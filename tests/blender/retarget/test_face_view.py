"""View Face: the character's face is found in the scene, and a 3D view shows it from the front."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.retarget.face_view import FaceInScene, face_in_scene, show_face
from flame_extension.blender_flame_tracker.retarget.recognising.recognise import recognise_character
from mathutils import Euler, Vector
from rigify_faces import stored_rig

FRONT = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]).T
"""Left, up and out of a face that looks along -Y."""


def face_of(thing: Any) -> FaceInScene:
    bpy.context.view_layer.update()
    recognised = recognise_character(bpy.context, [thing])
    assert not isinstance(recognised, Failure)
    face = face_in_scene(recognised)
    assert isinstance(face, FaceInScene)
    return face


def test_the_face_of_shape_keys_is_what_they_move(addon: Any, character: Any) -> None:
    face = face_of(character.face)
    assert face.axes == pytest.approx(FRONT, abs=1e-3)
    assert face.centre[2] == pytest.approx(0.04, abs=0.01) and face.radius == pytest.approx(0.03, abs=0.01)


def test_it_goes_with_the_character(addon: Any, character: Any) -> None:
    character.face.parent = character.teeth.parent = character.armature
    before = face_of(character.face)
    character.armature.rotation_euler, character.armature.scale = (0, 0, np.pi / 2), (10, 10, 10)
    character.armature.location = (1, 2, 3)
    face = face_of(character.face)
    turn = np.array(Euler((0, 0, np.pi / 2)).to_matrix())
    assert face.axes == pytest.approx(turn @ before.axes, abs=1e-3)
    assert face.centre == pytest.approx(10 * turn @ before.centre + [1, 2, 3], abs=1e-3)
    assert face.radius == pytest.approx(10 * before.radius, rel=1e-3)


def test_a_head_that_turns_is_seen_turning_and_a_body_from_its_front(addon: Any, character: Any) -> None:
    character.face.modifiers.new("Armature", "ARMATURE").object = character.armature
    bones = character.armature.pose.bones
    for name, turned in (("head", False), ("neck", False), ("spine", True)):
        bones[name].rotation_mode = "XYZ"
        bones[name].rotation_euler = (0.5, 0.6, 0.7)
        out = face_of(character.face).axes[:, 2]
        assert (out @ FRONT[:, 2] < 0.9) == turned
        bones[name].rotation_euler = (0, 0, 0)


def test_controls_of_bones_tell_where_the_face_is(addon: Any) -> None:
    rig = stored_rig(modular=False)
    face = face_of(rig)
    assert face.axes == pytest.approx(FRONT, abs=1e-3)
    assert rig.data.bones["nose"].head_local.z == pytest.approx(face.centre[2], abs=0.1) and 0.05 < face.radius < 0.2


@pytest.mark.parametrize("size", [(1600, 900), (400, 900)])
def test_a_view_shows_all_of_it_from_the_front(addon: Any, size: tuple[int, int]) -> None:
    view, region = SimpleNamespace(), SimpleNamespace(width=size[0], height=size[1])
    show_face(SimpleNamespace(region_3d=view, lens=50.0), region, FaceInScene(np.array([1.0, 2, 3]), 0.1, FRONT))
    assert view.view_perspective == "PERSP" and view.view_location == [1.0, 2.0, 3.0]
    # It looks along +Y, and the subject's left is on the right.
    assert view.view_rotation @ Vector((0, 0, -1)) == Vector((0, 1, 0))
    assert view.view_rotation @ Vector((1, 0, 0)) == Vector((1, 0, 0))
    shown = view.view_distance * 36 / 50 * min(size) / max(size)
    assert shown == pytest.approx(0.16)


def test_the_button_needs_a_character_and_says_what_it_cannot_find(addon: Any, character: Any) -> None:
    bpy.context.view_layer.objects.active = character.face
    assert bpy.ops.flame.view_face.poll()
    for thing in (character.face, character.teeth, character.armature):
        bpy.data.objects.remove(thing)
    assert not bpy.ops.flame.view_face.poll()
