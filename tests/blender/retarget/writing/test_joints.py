"""Turns of head, neck, jaw and eyes on bones whose axes lie anyhow, on rigs that stand anyhow."""

from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.retarget_settings import RetargetSettings
from flame_extension.blender_flame_tracker.retarget.checking.doubling import without_doubling
from flame_extension.blender_flame_tracker.retarget.writing.apply import carry_out, prepare
from flame_extension.blender_flame_tracker.retarget.writing.face_axes import face_axes
from mathutils import Euler, Matrix, Vector
from performances import arkit_mapping, make_performance

JOINTS = {"head": "head", "neck": "neck", "jaw": "jaw", "left_eye": "eye.L", "right_eye": "eye.R"}
LEFT, UP, OUT = Vector((1, 0, 0)), Vector((0, 0, 1)), Vector((0, -1, 0))


def apply(character, performance, joints=JOINTS, **settings):
    made = RetargetSettings(**settings)
    mapping = arkit_mapping(character, joints)
    return carry_out(prepare(performance, 1, Fraction(24), mapping, made, bpy.context.scene), made, bpy.context.scene)


def turned(character, bone, direction, frame=2):
    """A direction of the face, in the armature, that a bone has turned on a frame from where it rests."""
    bpy.context.scene.frame_set(frame)
    pose = character.armature.pose.bones[bone]
    return (pose.matrix @ pose.bone.matrix_local.inverted()).to_3x3() @ direction


def gaze(yaw, pitch):
    return np.array([np.zeros((2, 2)), [[yaw, pitch]] * 2])


def test_eye_bones_look_where_the_gaze_looks(character):
    apply(character, make_performance({"jawOpen": [0, 0]}, gaze=gaze(0.5, 0.4)))
    for bone in ("eye.L", "eye.R"):
        look = turned(character, bone, OUT)
        assert np.arctan2(-look.x, -look.y) == pytest.approx(0.5, abs=1e-3), "to the subject's right, which is -x"
        assert look.z == pytest.approx(-np.sin(0.4), abs=1e-3), "down"


def test_without_gaze_the_look_weights_turn_the_eyes(character):
    right = {"eyeLookOutRight": [0, 0.5], "eyeLookInLeft": [0, 0.5], "eyeLookUpLeft": [0, 0.2]}
    apply(character, make_performance(right))
    assert turned(character, "eye.R", OUT).x < -0.2 and turned(character, "eye.L", OUT).x < -0.2
    assert turned(character, "eye.L", OUT).z > 0.05 and turned(character, "eye.R", OUT).z == pytest.approx(0, abs=1e-3)


def test_opening_the_jaw_takes_the_chin_down(character):
    apply(character, make_performance({"jawOpen": [0, 1]}))
    bpy.context.scene.frame_set(1)
    closed = character.armature.pose.bones["jaw"].tail.z
    bpy.context.scene.frame_set(2)
    assert character.armature.pose.bones["jaw"].tail.z < closed - 0.01
    assert turned(character, "jaw", OUT).angle(OUT) == pytest.approx(np.radians(25), abs=1e-3)


def test_a_jaw_moves_to_its_own_left(character):
    apply(character, make_performance({"jawLeft": [0, 1]}))
    assert turned(character, "jaw", OUT).x > 0.1


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_head_and_neck_share_the_turn(character, share):
    turn = np.array([[0, 0, 0], [0.1, 0.4, -0.2]])
    apply(character, make_performance({"jawOpen": [0, 0]}, head_rotation=turn), neck_share=share)
    vector = LEFT * 0.1 + UP * 0.4 - OUT * 0.2
    whole = Matrix.Rotation(vector.length, 3, vector)
    assert (turned(character, "head", OUT) - whole @ OUT).length < 1e-4
    part = Matrix.Rotation(share * vector.length, 3, vector)
    assert (turned(character, "neck", OUT) - part @ OUT).length < 1e-4


def test_the_head_turns_no_farther_than_its_limit_and_rests_at_its_average_if_wanted(character):
    turn = np.array([[0, 0.2, 0], [0, 1.8, 0], [0, 1.0, 0]])
    performance = make_performance({"jawOpen": [0, 0, 0]}, head_rotation=turn)
    apply(character, performance, head_limit=40.0)
    assert turned(character, "head", OUT, 2).angle(OUT) == pytest.approx(np.radians(40), abs=1e-3)
    apply(character, performance, head_rest="average")
    assert turned(character, "head", OUT, 3).angle(OUT) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "AXIS_ANGLE", "QUATERNION"])
def test_every_rotation_mode_is_kept_and_turns_alike(character, mode):
    character.armature.pose.bones["head"].rotation_mode = mode
    turn = np.array([[0, 0, 0], [0.3, 0.4, -0.2]])
    apply(character, make_performance({"jawOpen": [0, 0]}, head_rotation=turn))
    vector = LEFT * 0.3 + UP * 0.4 - OUT * 0.2
    assert character.armature.pose.bones["head"].rotation_mode == mode
    assert (turned(character, "head", OUT) - Matrix.Rotation(vector.length, 3, vector) @ OUT).length < 1e-4


def stand_anyhow(*things):
    place = Matrix.LocRotScale(Vector((3, 2, 1)), Euler((0.4, -1.2, 2.2)), Vector((2, 2, 2)))
    for thing in things:
        thing.matrix_world = place @ thing.matrix_world
    bpy.context.view_layer.update()


def test_a_turned_and_scaled_character_does_the_same(character):
    stand_anyhow(character.armature, character.face, character.teeth)
    test_eye_bones_look_where_the_gaze_looks(character)
    test_opening_the_jaw_takes_the_chin_down(character)


def test_a_rig_made_for_another_front_is_followed(character):
    """Y up, the face along z, as rigs that came from elsewhere keep their bones."""
    turn = Matrix(((1, 0, 0), (0, 0, 1), (0, -1, 0))).to_4x4()
    character.armature.data.transform(turn)
    for thing in (character.face, character.teeth):
        thing.data.transform(turn, shape_keys=True)
    axes = face_axes(character.armature, arkit_mapping(character, JOINTS))
    assert np.allclose(axes.matrix, np.eye(3)) and axes.source == "shape keys"


def test_without_keys_the_eye_bones_tell_the_front_and_without_them_pairs_of_bones(character):
    mapping = arkit_mapping(type("Bare", (), {"meshes": {}, "armature": character.armature}), JOINTS)
    front = np.array([LEFT, UP, OUT]).T
    assert np.allclose(face_axes(character.armature, mapping).matrix, front)
    mapping = arkit_mapping(type("Bare", (), {"meshes": {}, "armature": character.armature}), {"head": "head"})
    assert np.allclose(face_axes(character.armature, mapping).matrix, front)


def test_where_nothing_tells_the_front_that_is_said(character):
    for name in ("eye.L", "eye.R"):
        character.armature.data.bones[name].name = name.replace(".", "")
    mapping = arkit_mapping(type("Bare", (), {"meshes": {}, "armature": character.armature}), {"head": "head"})
    axes = face_axes(character.armature, mapping)
    assert axes.notice is not None and np.allclose(axes.matrix, np.array([LEFT, UP, OUT]).T)


def weigh(thing, armature, bone):
    thing.vertex_groups.new(name=bone).add(range(len(thing.data.vertices)), 1.0, "REPLACE")
    thing.modifiers.new("Armature", "ARMATURE").object = armature


@pytest.mark.parametrize("share", [1.0, 0.6])
def test_a_jaw_that_a_bone_and_a_key_open_is_shared_out(character, share):
    weigh(character.teeth, character.armature, "jaw")
    mapping = arkit_mapping(character, JOINTS)
    joints = tuple(
        type(each)(each.armature, each.bone, each.joint, share if each.joint == "jaw" else 1.0)
        for each in mapping.joints
    )
    mapping = type(mapping)(mapping.kind, mapping.shapes, joints=joints)
    settings = RetargetSettings()
    mapping, notices = without_doubling(mapping)
    made = prepare(make_performance({"jawOpen": [0, 1]}), 1, Fraction(24), mapping, settings, bpy.context.scene)
    carry_out(made, settings, bpy.context.scene)
    value = {each.name: each.data.shape_keys.key_blocks["jawOpen"].value for each in (character.face, character.teeth)}
    assert value["Face"] == pytest.approx(1.0), "the bone does not move the face"
    assert value["Teeth"] == pytest.approx(1 - share)
    assert turned(character, "jaw", OUT).angle(OUT) == pytest.approx(share * np.radians(25), abs=1e-3)
    assert any("jaw" in each.sentence and "jawOpen of 'Teeth'" in each.sentence for each in notices)


def test_where_gaze_is_lost_for_a_frame_the_look_weights_tell_it(character):
    lost = gaze(0.3, 0.2)
    lost[0] = np.nan
    apply(character, make_performance({"eyeLookDownLeft": [0, 0.5], "eyeLookDownRight": [0, 0.5]}, gaze=lost))
    assert turned(character, "eye.L", OUT).z < -0.2


def test_through_frames_without_a_face_a_bone_goes_evenly_on(character):
    wave = {"jawOpen": np.linspace(0, 1, 9)}
    apply(character, make_performance(wave, without_face=(3, 4, 5)))
    assert turned(character, "jaw", OUT, 5).angle(OUT) == pytest.approx(np.radians(12.5), abs=2e-3)
