"""Reading back: a performance that was written and does not move the character says why."""

from dataclasses import replace
from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.performance.channels import REGIONS
from flame_extension.backend.contract.retarget_settings import RetargetSettings
from flame_extension.blender_flame_tracker.retarget.checking.report import BAD, report_of
from flame_extension.blender_flame_tracker.retarget.checking.verify import read_back
from flame_extension.blender_flame_tracker.retarget.writing.apply import carry_out, prepare
from flame_extension.blender_flame_tracker.scene import keyframes
from mathutils import Vector
from performances import arkit_mapping, make_performance

OPENING = {"jawOpen": np.linspace(0, 1, 11)}


@pytest.fixture
def applied(character):
    """The character with a performance, and what was written."""
    settings = RetargetSettings()
    turn = np.outer(np.linspace(0, 1, 11), [0, 0.4, 0])
    performance = make_performance(OPENING, head_rotation=turn)
    prepared = prepare(
        performance, 1, Fraction(24), arkit_mapping(character, {"head": "head"}), settings, bpy.context.scene
    )
    return carry_out(prepared, settings, bpy.context.scene)


def again(applied):
    return read_back(bpy.context.scene, applied.written, applied.plan)


def curve(thing):
    return keyframes.find_curve(thing.data.shape_keys, 'key_blocks["jawOpen"].value')


def test_it_stands_at_the_frame_of_greatest_motion_and_says_how_far_everything_moved(applied):
    assert applied.reading.frame == bpy.context.scene.frame_current == 11
    moved = {each.name: each for each in applied.reading.moved}
    assert moved["Face"].unit == "mm" and moved["Face"].distance == pytest.approx(10, abs=0.01), (
        "without the turn of the head"
    )
    assert moved["head"].distance == pytest.approx(np.degrees(0.4), abs=0.01) and moved["head"].unit == "°"
    assert applied.reading.still == ()


def test_a_bone_that_a_constraint_turns_otherwise_is_named_though_it_moves(applied, character):
    """Kept upright it turns against its neck, and not as it was keyed."""
    bone = character.armature.pose.bones["head"]
    constraint = bone.constraints.new("COPY_ROTATION")
    constraint.target, constraint.subtarget = character.armature, "spine"
    character.armature.pose.bones["neck"].rotation_mode = "XYZ"
    character.armature.pose.bones["neck"].rotation_euler[0] = 0.3
    assert again(applied).still == (("Rig: head", "its constraint Copy Rotation holds the bone"),)
    constraint.influence = 0.0
    assert again(applied).still == ()


def test_a_face_of_which_only_bones_turn_is_not_called_good(character):
    performance = make_performance(OPENING, head_rotation=np.outer(np.linspace(0, 1, 11), [0, 0.4, 0]))
    mapping = replace(arkit_mapping(character, {"head": "head"}), shapes=())
    scene, made = bpy.context.scene, {}
    for use in (True, False):
        settings = RetargetSettings(**{f"use_{region}": use for region in REGIONS})
        prepared = prepare(performance, 1, Fraction(24), mapping, settings, scene)
        made[use] = report_of("shot", carry_out(prepared, settings, scene))
    assert [line.text for line in made[True].lines if line.level == BAD] == [
        "Of the face nothing moves: none of its shape keys or controls is known."
    ]
    assert made[False].is_good, "nobody asked for the face"


def mute(character):
    curve(character.face).mute = True


def pin(character):
    character.face.show_only_shape_key = True
    character.face.active_shape_key_index = 0


def mute_key(character):
    character.face.data.shape_keys.key_blocks["jawOpen"].mute = True


def take_slot_or_action(character):
    animation = character.face.data.shape_keys.animation_data
    if hasattr(animation, "action_slot"):
        animation.action_slot = None
    else:
        animation.action = None


def play_another_track_solo(character):
    animation = character.face.data.shape_keys.animation_data
    track = animation.nla_tracks.new()
    track.strips.new("other", 1, bpy.data.actions.new("other"))
    track.is_solo = True


def hide(character):
    character.face.hide_viewport = True


def drive(character):
    character.face.data.shape_keys.key_blocks["jawOpen"].driver_add("value").driver.expression = "0"


def rest(character):
    character.armature.data.pose_position = "REST"


def hold(character):
    target = bpy.data.objects.new("target", None)
    bpy.context.scene.collection.objects.link(target)
    constraint = character.armature.pose.bones["head"].constraints.new("COPY_ROTATION")
    constraint.target = target


@pytest.mark.parametrize(
    ("harm", "name", "why"),
    [
        (mute, "Face: jawOpen", "muted in the Graph editor"),
        (pin, "Face", "active shape key alone"),
        (mute_key, "Face: jawOpen", "check box"),
        (take_slot_or_action, "Face: jawOpen", "slot" if bpy.app.version >= (4, 4) else "lost its action"),
        (play_another_track_solo, "Face: jawOpen", "solo in the NLA"),
        (hide, "Face", "hidden"),
        (drive, "Face: jawOpen", "a driver sets it"),
        (rest, "Rig: head", "rest position"),
        (hold, "Rig: head", "Copy Rotation"),
    ],
)
def test_what_does_not_move_is_named_with_the_cause(character, applied, harm, name, why):
    harm(character)
    bpy.context.view_layer.update()
    still = dict(again(applied).still)
    assert name in still and why in still[name], still


def test_a_mesh_that_its_keys_move_as_a_whole_moves(character, applied):
    """As a tongue goes down with the jaw."""
    points = character.teeth.data.shape_keys.key_blocks["jawOpen"].points
    for point, rest in zip(points, character.teeth.data.shape_keys.key_blocks["Basis"].points, strict=True):
        point.co = rest.co + Vector((0, 0, -0.02))
    reading = again(applied)
    assert {each.name: each.distance for each in reading.moved}["Teeth"] == pytest.approx(20, abs=0.01)
    assert reading.still == () and not character.teeth.show_only_shape_key
