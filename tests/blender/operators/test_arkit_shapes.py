"""Place Face Points and Make ARKit Shapes: a head without shapes gets them, in one step each."""

from __future__ import annotations

import bpy
import makehuman
import numpy as np
import pytest
from flame_extension.backend.contract.performance.channels import CHANNELS
from flame_extension.blender_flame_tracker.scene.head.face_points import place_point, points_of
from makehuman_landmarks import picked_landmarks

pytestmark = makehuman.needs_makehuman


@pytest.fixture
def character(addon):
    """MakeHuman's head with all its parts, without its keys, somewhere in the scene."""
    made = makehuman.make_character()
    for thing in made.meshes.values():
        thing.shape_key_clear()
    body = made.meshes["Body"]
    body.shape_key_add(name="Basis", from_mix=False)
    body.shape_key_add(name="Own", from_mix=False)
    made.armature.location, made.armature.scale = (3.0, -2.0, 1.0), (10.0, 10.0, 10.0)
    made.armature.rotation_euler = (0.0, 0.0, 0.6)
    bpy.context.view_layer.update()
    select(*made.meshes.values(), active=body)
    return made


def select(*things, active):
    for thing in bpy.context.view_layer.objects:
        thing.select_set(thing in things)
    bpy.context.view_layer.objects.active = active


def pick(character):
    """Points where a person would put them."""
    body = character.meshes["Body"]
    matrix = np.array(body.matrix_world)
    for number, (_, position) in picked_landmarks(makehuman.read_makehuman()).items():
        place_point(body, number, matrix[:3, :3] @ makehuman.blender_axes(position) + matrix[:3, 3], 1.5)
    return body


def offsets(thing, key):
    """How far a key moves the vertices of a mesh (V, 3), in its own axes."""
    both = []
    for block in (thing.data.shape_keys.reference_key, thing.data.shape_keys.key_blocks[key]):
        flat = np.empty(3 * len(block.points), np.float32)
        block.points.foreach_get("co", flat)
        both.append(flat.reshape(-1, 3))
    return both[1] - both[0]


def test_the_face_gets_arkits_keys_beside_its_own_and_the_other_parts_those_that_move_them(character):
    body = pick(character)
    assert bpy.ops.flame.make_arkit_shapes() == {"FINISHED"}
    keys = body.data.shape_keys.key_blocks
    assert keys[0].name == "Basis" and keys[1].name == "Own"
    assert {block.name for block in keys[2:]} == set(CHANNELS)
    assert all(block.value == 0 and block.relative_key == keys[0] for block in keys[2:])
    names = {part: set(thing.data.shape_keys.key_blocks.keys()) for part, thing in character.meshes.items()}
    assert {"jawOpen", "jawLeft"} <= names["Teeth"] and "mouthSmileLeft" not in names["Teeth"]
    assert {"jawOpen", "tongueOut"} <= names["Tongue"]
    assert names["Eyes"] == {"Basis", *(name for name in CHANNELS if name.startswith("eyeLook"))}
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= names["Lashes"]
    lashes = np.linalg.norm(offsets(character.meshes["Lashes"], "eyeBlinkLeft"), axis=1)
    assert lashes.max() > 0.004


@pytest.mark.parametrize("key", ["jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp", "mouthPucker"])
def test_keys_move_the_head_as_those_of_another_sculptor_do(character, key):
    body = pick(character)
    bpy.ops.flame.make_arkit_shapes()
    ours = offsets(body, key)
    true = makehuman.blender_axes(makehuman.read_makehuman().offsets(key)[character.index["Body"]])
    assert (ours * true).sum() / np.linalg.norm(ours) / np.linalg.norm(true) > 0.6
    assert 0.3 < np.linalg.norm(ours) / np.linalg.norm(true) < 1.6


def test_proposed_points_stand_on_the_face_and_make_shapes_without_being_touched(character):
    body = character.meshes["Body"]
    assert bpy.ops.flame.place_face_points() == {"FINISHED"}
    points = points_of(body)
    assert len(points) == 24
    bpy.context.view_layer.update()
    chin, nose = points[152].matrix_world.translation, points[1].matrix_world.translation
    assert nose.z - chin.z > 0.4  # the head is ten times as large as life
    assert bpy.ops.flame.make_arkit_shapes(keep_points=False) == {"FINISHED"}
    assert not points_of(body)
    assert np.linalg.norm(offsets(body, "jawOpen"), axis=1).max() > 0.02


def test_points_are_found_again_and_moved_when_they_are_placed_again(character):
    body = character.meshes["Body"]
    bpy.ops.flame.place_face_points()
    before = len(bpy.data.objects)
    points_of(body)[1].location.x += 1.0
    bpy.ops.flame.place_face_points()
    assert len(bpy.data.objects) == before


def test_keys_that_are_there_stay_unless_they_are_to_be_replaced(character):
    body = pick(character)
    body.shape_key_add(name="jawOpen", from_mix=False)
    bpy.ops.flame.make_arkit_shapes()
    assert not offsets(body, "jawOpen").any()
    assert offsets(body, "mouthClose").any()
    with pytest.raises(RuntimeError, match="already"):
        bpy.ops.flame.make_arkit_shapes()
    bpy.ops.flame.make_arkit_shapes(replace=True)
    assert offsets(body, "jawOpen").any()


def test_a_face_without_points_is_told_what_to_do(character):
    with pytest.raises(RuntimeError, match="Place Face Points"):
        bpy.ops.flame.make_arkit_shapes()
    assert len(character.meshes["Body"].data.shape_keys.key_blocks) == 2


def test_a_point_that_is_not_on_the_mesh_is_named(character):
    body = pick(character)
    points_of(body)[1].location.y -= 0.2
    with pytest.raises(RuntimeError, match="Nose Tip is not on"):
        bpy.ops.flame.make_arkit_shapes()
    assert len(body.data.shape_keys.key_blocks) == 2


def test_exchanged_sides_are_refused_and_nothing_is_written(character):
    body = pick(character)
    for one, other in ((33, 263), (133, 362), (78, 308), (129, 358), (105, 334), (159, 386), (145, 374), (234, 454)):
        points = points_of(body)
        points[one].location, points[other].location = points[other].location.copy(), points[one].location.copy()
    with pytest.raises(RuntimeError, match="do not form a face"):
        bpy.ops.flame.make_arkit_shapes()
    assert len(body.data.shape_keys.key_blocks) == 2


def test_a_box_has_no_face(addon):
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.modifier_add(type="SUBSURF")
    with pytest.raises(RuntimeError, match="No face was recognised"):
        bpy.ops.flame.place_face_points()


def test_absolute_keys_are_refused(character):
    body = pick(character)
    body.data.shape_keys.use_relative = False
    with pytest.raises(RuntimeError, match="absolute"):
        bpy.ops.flame.make_arkit_shapes()


def test_both_ask_for_object_mode(character):
    pick(character)
    bpy.ops.object.mode_set(mode="EDIT")
    assert not bpy.ops.flame.make_arkit_shapes.poll()
    assert not bpy.ops.flame.place_face_points.poll()
    bpy.ops.object.mode_set(mode="OBJECT")


def test_the_new_keys_are_recognised_as_a_character(character):
    from flame_extension.blender_flame_tracker.retarget.recognising.candidates import can_be

    body = pick(character)
    bpy.ops.flame.make_arkit_shapes()
    assert can_be(body)
    assert set(CHANNELS) <= set(body.data.shape_keys.key_blocks.keys())


def test_points_are_picked_one_after_the_other_by_rays(character):
    from flame_extension.backend.contract.performance.transfer.points import POINTS
    from flame_extension.blender_flame_tracker.scene.head.face_picking import Picking

    body = character.meshes["Body"]
    matrix = np.array(body.matrix_world)
    towards = -matrix[:3, :3] @ np.array([0.0, -1.0, 0.0])
    picking = Picking(body)
    first = next(iter(POINTS))
    assert POINTS[first] in picking.prompt
    wanted = {}
    for number, (_, position) in sorted(
        picked_landmarks(makehuman.read_makehuman()).items(), key=lambda each: list(POINTS).index(each[0])
    ):
        at = matrix[:3, :3] @ makehuman.blender_axes(position) + matrix[:3, 3]
        if number in (234, 454):
            picking.skip()
            continue
        assert picking.clicked(at - 3 * towards, towards)
        wanted[number] = at
    assert picking.done
    bpy.context.view_layer.update()
    for number, at in wanted.items():
        np.testing.assert_allclose(points_of(body)[number].matrix_world.translation, at, atol=2e-3)
    assert bpy.ops.flame.make_arkit_shapes() == {"FINISHED"}


def test_picking_beside_the_head_places_nothing_and_cancelling_takes_all_back(character):
    from flame_extension.blender_flame_tracker.scene.head.face_picking import Picking

    body = character.meshes["Body"]
    picking = Picking(body)
    assert not picking.clicked(np.array([100.0, 100.0, 100.0]), np.array([1.0, 0.0, 0.0]))
    assert not points_of(body)
    place_point(body, 1, np.zeros(3), 1.0)
    again = Picking(body)
    middle = np.array(body.matrix_world) @ np.array([0.0, 0.0, 0.69, 1.0])
    front = np.array(body.matrix_world)[:3, :3] @ np.array([0.0, -1.0, 0.0])
    assert again.clicked(middle[:3] + 0.5 * front, -front)
    again.back()
    again.cancel()
    assert list(points_of(body)) == [1]


def test_picking_knows_when_its_head_is_gone(character):
    from flame_extension.blender_flame_tracker.scene.head.face_picking import Picking

    picking = Picking(character.meshes["Body"])
    bpy.data.objects.remove(character.meshes["Body"])
    assert picking.head is None
