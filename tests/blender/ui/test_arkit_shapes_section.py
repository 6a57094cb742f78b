"""The way from a head without shapes to one with ARKit's, in the panel's part Character."""

from __future__ import annotations

import bpy
import makehuman
import pytest
from flame_extension.blender_flame_tracker.scene.head.face_points import place_point
from panel_helpers import drawn

pytestmark = makehuman.needs_makehuman


@pytest.fixture
def head(addon):
    """A mesh that has neither keys nor bones, the active one."""
    bpy.ops.mesh.primitive_uv_sphere_add()
    return bpy.context.active_object


def test_a_mesh_without_shapes_is_offered_them_where_a_character_is_missing(head):
    shown = drawn()
    assert shown.find("flame.place_face_points").usable and shown.find("flame.pick_face_points").usable
    assert not shown.find("flame.make_arkit_shapes").usable


def test_shapes_can_be_made_once_there_are_points_and_a_point_may_be_the_active_object(head):
    point = place_point(head, 1, (0.0, -1.0, 0.0), 1.0)
    assert drawn().find("flame.make_arkit_shapes").usable
    bpy.context.view_layer.objects.active = point
    assert drawn().find("flame.make_arkit_shapes").usable


def test_neither_the_cube_of_a_new_scene_nor_a_tracked_head_is_taken_for_a_face_without_shapes(head):
    assert "Or give 'Sphere' the shapes that it lacks" in drawn().text()
    head.users_collection[0]["flame_track"] = "//track.npz"
    assert drawn().find("flame.place_face_points") is None
    bpy.ops.object.delete()
    bpy.ops.mesh.primitive_cube_add()
    assert drawn().find("flame.place_face_points") is None


def test_without_a_mesh_nothing_is_offered(addon):
    assert drawn().find("flame.place_face_points") is None


def test_beside_a_character_a_mesh_without_shapes_is_offered_them_too(head):
    makehuman.make_character(parts=())
    bpy.context.view_layer.objects.active = head
    assert "Head without Shapes" in drawn().text()
    assert drawn("flame_arkit_shapes").find("flame.place_face_points").usable
    bpy.context.view_layer.objects.active = bpy.data.objects["Character Body"]
    assert "Head without Shapes" not in drawn().text()
