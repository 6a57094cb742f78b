"""The one place where animation is written: plain actions and slots alike."""

import bpy
import numpy as np
import pytest
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.keyframes import CONSTANT, Channel, vector_channels


@pytest.fixture
def thing():
    thing = bpy.data.objects.new("thing", bpy.data.cameras.new("thing"))
    bpy.context.scene.collection.objects.link(thing)
    return thing


FRAMES = np.array([1.0, 2.5, 10.0])


def test_keys_move_the_object(thing):
    keyframes.write_channels(thing, vector_channels("location", FRAMES, np.arange(9.0).reshape(3, 3)))
    bpy.context.scene.frame_set(10)
    assert tuple(thing.location) == (6, 7, 8)
    bpy.context.scene.frame_set(2, subframe=0.5)
    assert tuple(thing.location) == (3, 4, 5)
    bpy.context.scene.frame_set(100)
    assert tuple(thing.location) == (6, 7, 8)


def test_every_kind_of_owner_can_be_animated(thing):
    head = bpy.data.objects.new("head", bpy.data.meshes.new("head"))
    bpy.context.scene.collection.objects.link(head)
    head.shape_key_add(name="Neutral")
    for owner, path in ((thing, "location"), (thing.data, "lens"), (head.data.shape_keys, "eval_time")):
        keyframes.write_channels(owner, [Channel(path, 0, FRAMES, FRAMES + 20)])
    bpy.context.scene.frame_set(10)
    assert thing.location.x == thing.data.lens == head.data.shape_keys.eval_time == 30


def test_values_and_frames_come_back_as_written(thing):
    values = np.array([0.1, -5.0, 1e6], dtype=np.float32)
    keyframes.write_channels(thing, [Channel("location", 1, FRAMES, values)])
    curve = keyframes.find_curve(thing, "location", 1)
    assert np.array_equal(keyframes.key_frames(curve), FRAMES.astype(np.float32))
    assert np.array_equal(keyframes.key_values(curve), values)
    assert keyframes.find_curve(thing, "location", 0) is None
    assert keyframes.find_curve(thing.data, "lens") is None


def test_constant_keys_jump(thing):
    keyframes.write_channels(thing, [Channel("hide_render", 0, np.array([1, 10]), np.array([0, 1]), CONSTANT)])
    curve = keyframes.find_curve(thing, "hide_render")
    assert {point.interpolation for point in curve.keyframe_points} == {"CONSTANT"}
    assert curve.evaluate(9.99) == 0 and curve.evaluate(10) == 1


def test_writing_again_replaces_a_channel_and_leaves_the_others(thing):
    keyframes.write_channels(thing, vector_channels("location", FRAMES, np.zeros((3, 3))))
    keyframes.write_channels(thing, [Channel("location", 2, FRAMES[:2], np.ones(2))])
    assert [len(keyframes.find_curve(thing, "location", index).keyframe_points) for index in range(3)] == [3, 3, 2]
    assert len(bpy.data.actions) == 1


def test_removing_takes_the_paths_named_and_an_empty_action(thing):
    keyframes.write_channels(thing, vector_channels("location", FRAMES, np.zeros((3, 3))))
    keyframes.write_channels(thing, [Channel("rotation_euler", 0, FRAMES, FRAMES)])
    keyframes.remove_channels(thing, ["location"])
    assert keyframes.find_curve(thing, "location") is None
    assert keyframes.find_curve(thing, "rotation_euler") is not None
    keyframes.remove_channels(thing, ["rotation_euler"])
    assert len(bpy.data.actions) == 0 and thing.animation_data is None


def test_an_action_that_others_use_is_not_deleted(thing):
    keyframes.write_channels(thing, [Channel("location", 0, FRAMES, FRAMES)])
    other = bpy.data.objects.new("other", None)
    other.animation_data_create().action = thing.animation_data.action
    keyframes.remove_animation(thing)
    assert len(bpy.data.actions) == 1


def test_drivers_stay_when_animation_goes(thing):
    thing.driver_add("location", 0)
    keyframes.write_channels(thing, [Channel("location", 1, FRAMES, FRAMES)])
    keyframes.remove_channels(thing, ["location"])
    assert len(thing.animation_data.drivers) == 1


def test_removing_from_what_was_never_animated_does_nothing(thing):
    keyframes.remove_channels(thing, ["location"])
    keyframes.remove_animation(thing)
    assert thing.animation_data is None


def test_keys_written_by_hand_are_found_and_replaced(thing):
    thing.location.x = 3
    thing.keyframe_insert("location", frame=5)
    assert keyframes.key_values(keyframes.find_curve(thing, "location", 0)).tolist() == [3]
    keyframes.write_channels(thing, vector_channels("location", FRAMES, np.ones((3, 3))))
    assert len(keyframes.find_curve(thing, "location", 0).keyframe_points) == 3
    assert len(bpy.data.actions) == 1
