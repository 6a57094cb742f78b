"""Rigify's faces of both generations follow a performance, measured on the evaluated rig."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.performance.characters.mapping import JointTarget, Mapping, SurfaceTarget
from flame_extension.backend.contract.performance.transfer.arkit_head import arkit_head
from flame_extension.blender_flame_tracker.retarget.surface.working_copy import working_copy
from flame_extension.blender_flame_tracker.retarget.writing.apply import prepare
from flame_extension.blender_flame_tracker.scene import keyframes
from mathutils import Matrix, Vector
from performances import make_performance
from performed_tracks import imported, performed
from rigify_faces import REPLACE, TALKING, constraints_of, make_rig, mapping_of, play, stored_rig

UP = np.array([0.0, 0.0, 1.0])
PERSON_TO_RIG = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""The meta-rig looks along -Y."""


@pytest.fixture(params=[False, True], ids=["super_face", "modular"])
def rig(addon: Any, request: pytest.FixtureRequest) -> Any:
    rig = stored_rig(modular=request.param)
    bpy.context.scene.render.fps = 24
    return rig


def points(rig: Any, frame: int) -> dict[str, np.ndarray]:
    """Heads of the evaluated bones on a frame, in the space of the armature, as if the head had not turned."""
    bpy.context.scene.frame_set(frame)
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    head = evaluated.pose.bones["head"]
    back = rig.data.bones["head"].matrix_local @ head.matrix.inverted()
    return {bone.name: np.array(back @ bone.head) for bone in evaluated.pose.bones}


def corner(rig: Any) -> str:
    return "lips.L" if "lips.L" in rig.pose.bones else "lip_end.L.001"


def test_both_generations_are_recognised_by_their_own_names(rig: Any) -> None:
    mapping = mapping_of(rig)
    modular = "eye_common" in rig.pose.bones
    assert mapping.kind == ("Rigify face (modular)" if modular else "Rigify face (super_face)")
    assert len(mapping.surface) == (74 if modular else 66)
    assert {each.bone for each in mapping.surface} <= set(rig.pose.bones.keys())
    assert {each.joint: each.bone for each in mapping.joints}["jaw"] == "jaw_master"


def test_lip_corners_follow_the_tracked_face_within_a_millimetre(rig: Any) -> None:
    performance = make_performance(TALKING)
    play(rig, performance)
    head = arkit_head()
    landmarks, neutral = head.landmarks_of(performance.weights), head.neutral[head.landmark_vertices]
    rest = {name: np.array(rig.data.bones[name].head_local) for name in ("lid.T.L", "lid.T.R", corner(rig))}
    scale = np.linalg.norm(rest["lid.T.L"] - rest["lid.T.R"]) / np.linalg.norm(neutral[263] - neutral[33])
    ways = (landmarks[:, [291, 308]] - neutral[[291, 308]]).mean(axis=1)
    for frame in range(4):
        went = points(rig, frame + 1)[corner(rig)] - rest[corner(rig)]
        assert np.linalg.norm(went / scale - PERSON_TO_RIG @ ways[frame]) < 0.001
    assert np.linalg.norm(ways, axis=1).max() > 0.01


def test_lids_are_as_open_as_the_persons(rig: Any) -> None:
    performance = make_performance(TALKING)
    play(rig, performance)
    head = arkit_head()
    landmarks = head.landmarks_of(performance.weights)
    opened = landmarks[:, 386, 1] - landmarks[:, 374, 1]
    rest = points(rig, 1)
    resting = (rest["lid.T.L.002"] - rest["lid.B.L.002"]) @ UP
    for frame in range(1, 4):
        lids = points(rig, frame + 1)
        gap = (lids["lid.T.L.002"] - lids["lid.B.L.002"]) @ UP / resting * opened[0]
        assert gap == pytest.approx(opened[frame], abs=0.0005)
    assert opened[2] < 0.001 < 0.006 < opened[0]


def test_lips_close_where_the_persons_do(rig: Any) -> None:
    """Rolled in, or taken through each other by a sum of weights: the inner edges of the lips say how far apart."""
    performance = make_performance(
        {
            "jawOpen": [0, 0, 0.3, 0],
            "mouthRollLower": [0, 0.8, 0, 0],
            "mouthRollUpper": [0, 0.8, 0, 0],
            "mouthClose": [0, 0, 0, 0.2],
        }
    )
    play(rig, performance)
    head = arkit_head()
    landmarks, neutral = head.landmarks_of(performance.weights), head.neutral[head.landmark_vertices]
    rest = points(rig, 1)
    scale = np.linalg.norm(rest["lid.T.L"] - rest["lid.T.R"]) / np.linalg.norm(neutral[263] - neutral[33])
    for upper, lower, above, below in ((13, 14, "lip.T", "lip.B"), (311, 402, "lip.T.L.001", "lip.B.L.001")):
        apart = (landmarks[:, upper] - landmarks[:, lower])[:, 1]
        assert apart[2] > 0.005 and apart[3] < -0.001
        for frame, wanted in enumerate(np.maximum(apart, 0)):
            lips = points(rig, frame + 1)
            opened = ((lips[above] - lips[below]) - (rest[above] - rest[below])) @ UP
            assert opened / scale == pytest.approx(wanted, abs=1e-4)


def test_lids_glide_on_the_eyeball(rig: Any) -> None:
    play(rig, make_performance({"eyeBlinkLeft": [0, 0.5, 1.0]}))
    centre = np.array(rig.data.bones["ORG-eye.L"].head_local)
    far = [np.linalg.norm(points(rig, frame)["lid.T.L.002"] - centre) for frame in (1, 2, 3)]
    assert np.ptp(far) < 0.002 and min(far) > 0.02


def test_signs_are_those_of_a_face(rig: Any) -> None:
    """Closing the eye lowers the upper lid, opening the jaw the chin; smiling lifts the corner; eyes go to the left."""
    frames = {"eyeBlinkLeft": [0, 1, 0, 0, 0], "jawOpen": [0, 0, 1, 0, 0], "mouthSmileLeft": [0, 0, 0, 1, 0]}
    looks = {"eyeLookOutLeft": [0, 0, 0, 0, 1], "eyeLookInRight": [0, 0, 0, 0, 1]}
    play(rig, make_performance({**frames, **looks}))
    rest, blink, jaw, smile, look = (points(rig, frame) for frame in range(1, 6))
    assert (blink["lid.T.L.002"] - rest["lid.T.L.002"]) @ UP < -0.008
    assert (jaw["chin"] - rest["chin"]) @ UP < -0.03
    assert (smile[corner(rig)] - rest[corner(rig)]) @ UP > 0.004
    assert (look["eye.L"] - rest["eye.L"])[0] > 0.03 and (look["eye.R"] - rest["eye.R"])[0] > 0.03


def test_the_jaw_is_not_doubled(rig: Any) -> None:
    """What the jaw carries, no control below it carries again: the chin goes as far as the person's."""
    performance = make_performance({"jawOpen": [0.0, 1.0]})
    play(rig, performance)
    head = arkit_head()
    way = head.landmarks_of(performance.weights)[1, 152] - head.landmarks_of(performance.weights)[0, 152]
    rest = points(rig, 1)
    scale = np.linalg.norm(rest["lid.T.L"] - rest["lid.T.R"]) / np.linalg.norm(
        np.subtract(*head.neutral[head.landmark_vertices[[263, 33]]])
    )
    assert (points(rig, 2)["chin"] - rest["chin"]) / scale == pytest.approx(PERSON_TO_RIG @ way, abs=0.001)
    turned = rig.pose.bones["jaw_master"].rotation_quaternion.angle
    assert np.degrees(turned) == pytest.approx(25.0, abs=0.1)


def test_head_and_neck_share_the_turn(rig: Any) -> None:
    turn = np.radians([[0, 0, 0], [0, 40, 0]])
    play(rig, make_performance({"jawOpen": [0, 0]}, head_rotation=turn), replace(REPLACE, neck_share=0.25))
    bpy.context.scene.frame_set(2)
    pose = rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones

    def turned(name: str) -> Any:
        return (pose[name].matrix @ rig.data.bones[name].matrix_local.inverted()).to_quaternion()

    # To the subject's left is about the armature's z axis.
    assert np.degrees(turned("head").angle) == pytest.approx(40, abs=0.5)
    assert turned("head").axis.dot(Vector((0, 0, 1))) == pytest.approx(1, abs=1e-3)
    assert np.degrees(rig.pose.bones["neck"].rotation_quaternion.angle) == pytest.approx(10, abs=0.1)


def test_constraints_and_everything_else_are_left_as_found(rig: Any) -> None:
    before = constraints_of(rig), len(bpy.data.objects), len(bpy.data.scenes), len(bpy.data.armatures)
    actions = set(bpy.data.actions)
    modes = [bone.rotation_mode for bone in rig.pose.bones]
    play(rig, make_performance(TALKING))
    assert (constraints_of(rig), len(bpy.data.objects), len(bpy.data.scenes), len(bpy.data.armatures)) == before
    assert [bone.rotation_mode for bone in rig.pose.bones] == modes
    assert set(bpy.data.actions) - actions == {rig.animation_data.action}


@pytest.mark.parametrize("modular", [False, True], ids=["super_face", "modular"])
def test_poses_that_are_played_are_those_that_are_set(addon: Any, modular: bool) -> None:
    rig = stored_rig(modular=modular)
    mapping = mapping_of(rig)
    controls, joints = [each.bone for each in mapping.surface], ["jaw_master", "head"]
    random = np.random.default_rng(3)
    locations = random.normal(0, 0.003, (3, len(controls), 3))
    turns = np.array([1.0, 0, 0, 0]) + random.normal(0, 0.1, (3, 2, 4))
    turns /= np.linalg.norm(turns, axis=2, keepdims=True)
    with working_copy(rig, [*controls, *joints]) as copy:
        moved = np.array([copy.index[name] for name in controls])
        turned = np.array([copy.index[name] for name in joints])
        # What was tried last, and taken back, is not to be seen in what is played.
        copy.set_rotations(turned, turns[0])
        copy.evaluate()
        copy.set_rotations(turned, np.tile([1.0, 0, 0, 0], (2, 1)))
        assert next(copy.play(moved[:1], np.zeros((1, 1, 3)))) == pytest.approx(copy.rest, abs=1e-6)
        played = [matrices[moved] for matrices in copy.play(moved, locations, turned, turns)]
        for pose, matrices in enumerate(played):
            copy.set_locations(moved, locations[pose])
            copy.set_rotations(turned, turns[pose])
            assert matrices == pytest.approx(copy.evaluate()[moved], abs=1e-6)
            assert np.abs(matrices - copy.rest[moved]).max() > 0.001


def values_of(rig: Any) -> dict[tuple[str, int], list[float]]:
    return {
        (curve.data_path, curve.array_index): keyframes.key_values(curve).tolist() for curve in keyframes.curves_of(rig)
    }


def test_a_second_transfer_changes_nothing(rig: Any) -> None:
    play(rig, make_performance(TALKING))
    first = values_of(rig)
    play(rig, make_performance(TALKING))
    assert values_of(rig) == first and len(first) > 200


def test_the_armature_may_be_scaled_and_turned(rig: Any) -> None:
    play(rig, make_performance(TALKING))
    first = values_of(rig)
    rig.matrix_world = Matrix.LocRotScale(Vector((3, 1, -2)), Matrix.Rotation(2.0, 3, Vector((1, 2, 3))), [0.1] * 3)
    bpy.context.view_layer.update()
    play(rig, make_performance(TALKING))
    again = values_of(rig)
    assert again.keys() == first.keys()
    assert max(np.abs(np.subtract(again[key], first[key])).max() for key in first) < 1e-3


def test_controls_that_are_not_there_are_left_out_and_named(rig: Any) -> None:
    mapping = mapping_of(rig)
    mapping = replace(mapping, surface=(*mapping.surface, SurfaceTarget(rig.name, "whisker", (50,))))
    applied = play(rig, make_performance(TALKING), mapping=mapping)
    assert any("whisker" in each for each in applied.plan.missing)
    assert any(f'"{corner(rig)}"' in path for path, _ in values_of(rig))


def test_a_region_that_is_off_gets_no_keys(rig: Any) -> None:
    play(rig, make_performance(TALKING), replace(REPLACE, use_mouth=False))
    assert not any('"lip' in path for path, _ in values_of(rig))
    assert any('"lid.T.L.002"' in path for path, _ in values_of(rig))


def test_nothing_is_written_where_no_control_is_there(rig: Any) -> None:
    mapping = Mapping("table", surface=(SurfaceTarget(rig.name, "whisker", (50,)),))
    before = len(bpy.data.objects)
    found = prepare(make_performance(TALKING), 1, Fraction(24), mapping, REPLACE, bpy.context.scene)
    assert isinstance(found, Failure) and found.code == "surface-missing"
    assert rig.animation_data.action is None and len(bpy.data.objects) == before


def test_a_character_modelled_in_another_direction_and_size(addon: Any) -> None:
    """A face along +X, of a tenth of the size: its own bones tell its axes."""
    bpy.context.scene.render.fps = 24
    rig = make_rig(modular=False, transform=Matrix.Rotation(np.pi / 2, 4, "Z") @ Matrix.Scale(0.5, 4))
    play(rig, make_performance({"jawOpen": [0, 1, 0], "eyeLookOutLeft": [0, 0, 1], "eyeLookInRight": [0, 0, 1]}))
    rest, jaw, look = (points(rig, frame) for frame in (1, 2, 3))
    assert (jaw["chin"] - rest["chin"]) @ UP < -0.015
    # Its left is +Y.
    assert (look["eye.L"] - rest["eye.L"])[1] > 0.015


def test_any_armature_follows_a_table_of_the_user(addon: Any) -> None:
    """Bones with names that nobody knows, with odd rolls, one below the jaw."""
    bpy.context.scene.render.fps = 24
    thing = bpy.data.objects.new("Puppet", bpy.data.armatures.new("Puppet"))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    bones = {
        "skull": (None, (0, 0, 0), (0, 0, 1), 0.3),
        "mandible": ("skull", (0, -0.1, 0.3), (0, -0.8, -0.1), 1.0),
        "corner_l": ("mandible", (0.3, -0.9, 0.1), (0.3, -1.0, 0.1), 2.0),
        "corner_r": ("mandible", (-0.3, -0.9, 0.1), (-0.3, -1.0, 0.1), -1.0),
        "lid_l": ("skull", (0.45, -0.8, 0.6), (0.45, -0.9, 0.6), 0.0),
        "lid_r": ("skull", (-0.45, -0.8, 0.6), (-0.45, -0.9, 0.6), 0.0),
    }
    for name, (parent, head, tail, roll) in bones.items():
        bone = thing.data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = head, tail, roll
        bone.parent = thing.data.edit_bones[parent] if parent else None
    bpy.ops.object.mode_set(mode="OBJECT")
    mapping = Mapping(
        "table",
        joints=(JointTarget("Puppet", "skull", "head"), JointTarget("Puppet", "mandible", "jaw")),
        surface=tuple(
            SurfaceTarget("Puppet", name, (landmark,))
            for name, landmark in (("corner_l", 291), ("corner_r", 61), ("lid_l", 263), ("lid_r", 33))
        ),
    )
    performance = make_performance({"jawOpen": [0, 0.8], "mouthSmileLeft": [0, 1.0]})
    play(thing, performance, mapping=mapping)
    head = arkit_head()
    neutral = head.neutral[head.landmark_vertices]
    way = (head.landmarks_of(performance.weights) - neutral)[1, 291]
    scale = 0.9 / np.linalg.norm(neutral[263] - neutral[33])
    bpy.context.scene.frame_set(2)
    went = np.array(thing.pose.bones["corner_l"].head) - bones["corner_l"][1]
    assert went == pytest.approx(scale * PERSON_TO_RIG @ way, abs=1e-4 * scale)
    assert np.degrees(thing.pose.bones["mandible"].rotation_quaternion.angle) == pytest.approx(20, abs=0.1)


def test_sliders_of_the_calibration_are_followed(addon: Any, tmp_path: Path) -> None:
    rig = stored_rig(modular=False)
    bpy.context.scene.render.fps = 25
    collection = imported(tmp_path, performed(jawOpen=np.linspace(0, 0.8, 30), mouthSmileLeft=np.linspace(0, 0.6, 30)))
    assert bpy.ops.flame.retarget(character=rig.name, existing="replace") == {"FINISHED"}
    before = values_of(rig)
    jaw = [key for key in before if '"jaw_master"' in key[0]]
    assert jaw and np.ptp(before[jaw[0]]) > 0
    collection.flame_calibration.master = 0.5
    after = values_of(rig)
    corner_path = ('pose.bones["lips.L"].location', 2)
    assert np.ptp(after[corner_path]) == pytest.approx(0.5 * np.ptp(before[corner_path]), rel=0.2)
    assert np.ptp(after[jaw[1]]) == pytest.approx(0.5 * np.ptp(before[jaw[1]]), rel=0.05)


def test_eyes_of_a_face_with_shape_keys_look_at_their_targets(addon: Any) -> None:
    """Its keys play the face; head, neck and gaze are Rigify's, and the head turns as far as the person's."""
    rig = stored_rig(modular=False)
    bpy.context.scene.render.fps = 24
    mesh = bpy.data.meshes.new("Face")
    moved = {
        "jawOpen": (0, -0.15, 1.78),
        "mouthSmileLeft": (0.03, -0.15, 1.8),
        "mouthSmileRight": (-0.03, -0.15, 1.8),
        "eyeBlinkLeft": (0.05, -0.14, 1.9),
        "eyeBlinkRight": (-0.05, -0.14, 1.9),
        "browInnerUp": (0, -0.15, 1.92),
    }
    mesh.from_pydata(list(moved.values()), [], [])
    face = bpy.data.objects.new("Face", mesh)
    bpy.context.scene.collection.objects.link(face)
    face.modifiers.new("Armature", "ARMATURE").object = rig
    face.vertex_groups.new(name="DEF-spine.006").add(list(range(6)), 1.0, "REPLACE")
    face.shape_key_add(name="Basis")
    for index, name in enumerate(moved):
        face.shape_key_add(name=name).points[index].co.z += 0.01
    mapping = mapping_of(rig)
    assert mapping.shapes and not mapping.surface
    values = {"eyeLookOutLeft": [0, 1.0], "eyeLookInRight": [0, 1.0], "jawOpen": [0, 1.0]}
    play(rig, make_performance(values, head_rotation=np.radians([[0, 0, 0], [0, 30, 0]])), mapping=mapping)
    rest, look = points(rig, 1), points(rig, 2)
    assert (look["eye.L"] - rest["eye.L"])[0] > 0.03
    turned = rig.pose.bones["head"].matrix @ rig.data.bones["head"].matrix_local.inverted()
    assert np.degrees(turned.to_quaternion().angle) == pytest.approx(30, abs=0.5)
    assert mesh.shape_keys.key_blocks["jawOpen"].value == pytest.approx(1.0)
    # The key opens the mouth: the jaw bone would open it once more.
    assert rig.pose.bones["jaw_master"].rotation_quaternion.angle == pytest.approx(0.0)
    assert not any('"lips.L"' in path for path, _ in values_of(rig))
