"""Edits by hand survive another import: on a layer, in the track's own curves, or when a rig goes."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import blender_points
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.camera.motion import HEAD_MOVES
from flame_extension.blender_flame_tracker.scene.keyframes import Channel
from flame_extension.blender_flame_tracker.scene.rig.layers import has_layers, new_layer
from rig_probes import BOUND, JAW, bring_in, largest_distance, open_jaw_on_top
from rig_tracks import make_flame_track
from scene_probes import evaluated_vertices

SMILE = 'key_blocks["mouthSmileLeft"].value'


def jaw_of(rig, frame):
    bpy.context.scene.frame_set(frame)
    return np.array(rig.pose.bones["Jaw"].matrix_basis.to_quaternion())


def test_a_new_layer_changes_nothing_until_something_is_keyed():
    track = make_flame_track()
    made = bring_in(track)
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    below = rig.animation_data.action
    edits = new_layer(rig, key)
    assert has_layers(rig) and rig.animation_data.action == edits != below
    for owner in (rig, key):
        strip = keyframes.strip_below(owner)
        assert (strip.frame_start, strip.frame_end, strip.blend_type) == (1, 20, "REPLACE")
    assert rig.animation_data.action_blend_type == "COMBINE" and key.animation_data.action_blend_type == "ADD"
    assert largest_distance(made, track) < BOUND


def test_a_layer_adds_to_values_and_turns_after_the_track():
    track = make_flame_track()
    made = bring_in(track)
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    before = jaw_of(rig, 6)
    new_layer(rig, key)
    open_jaw_on_top(rig)
    keyframes.write_channels_on_top(key, [Channel(SMILE, 0, np.array([1.0]), np.array([0.25]))])
    after = jaw_of(rig, 6)
    assert key.key_blocks["mouthSmileLeft"].value == pytest.approx(track.expression[5, 2] + 0.25, abs=1e-5)
    w, x = np.cos(0.1), np.sin(0.1)
    a, b, c, d = before
    assert np.allclose(after, (a * w - b * x, b * w + a * x, c * w + d * x, d * w - c * x), atol=1e-5)


def test_importing_again_renews_the_track_below_and_leaves_the_edits():
    made = bring_in(make_flame_track())
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    edits = new_layer(rig, key)
    open_jaw_on_top(rig)
    track = make_flame_track(26, seed=9)
    again = bring_in(track, motion=HEAD_MOVES)
    assert rig.animation_data.action == edits and keyframes.strip_below(rig).frame_end == 26
    assert not [each for each in again.notices if each.code.startswith("edits")]
    assert not np.allclose(jaw_of(rig, 24), 0)
    rig.animation_data.action_influence = 0.0
    assert largest_distance(again, track) < BOUND
    # The head's motion went into the track's action, too.
    assert keyframes.find_curve(rig, "location") is not None
    assert not [each for each in keyframes._top_bag(rig, ensure=False).fcurves if each.data_path == "location"]


def test_layers_can_be_laid_on_layers():
    track = make_flame_track()
    made = bring_in(track)
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    new_layer(rig, key)
    open_jaw_on_top(rig)
    once = jaw_of(rig, 6)
    new_layer(rig, key)
    assert np.allclose(jaw_of(rig, 6), once, atol=1e-6) and len(rig.animation_data.nla_tracks) == 2
    assert keyframes.strip_below(rig).name == "Track"


def test_curves_of_the_track_that_were_edited_become_a_layer_above_the_new_one():
    track = make_flame_track(lids=False)
    made = bring_in(track)
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    curve = keyframes.find_curve(key, SMILE)
    curve.keyframe_points[8].co.y += 0.5
    curve.update()
    for index, value in enumerate((np.cos(0.2), np.sin(0.2), 0, 0)):
        keyframes.find_curve(rig, JAW, index).keyframe_points[3].co.y = value
    again = bring_in(track)
    assert [each.code for each in again.notices] == ["edits-above"] and has_layers(rig)
    bpy.context.scene.frame_set(9)
    assert key.key_blocks["mouthSmileLeft"].value == pytest.approx(track.expression[8, 2] + 0.5, abs=1e-5)
    assert np.allclose(np.abs(jaw_of(rig, 4)), (np.cos(0.2), np.sin(0.2), 0, 0), atol=1e-5)
    bpy.context.scene.frame_set(12)
    assert (
        np.linalg.norm(evaluated_vertices(again.parts.head) - blender_points(track.vertices[11]), axis=1).max() < BOUND
    )
    # Once is enough.
    assert not [each for each in bring_in(track).notices if each.code == "edits-above"]


def test_reduced_curves_that_nobody_edited_are_not_taken_for_edited():
    track = make_flame_track(40)
    bring_in(track, key_error=0.2)
    again = bring_in(track, key_error=0.2)
    assert [each.code for each in again.notices] == ["keys-reduced"] and not has_layers(again.parts.rig)
    curve = keyframes.find_curve(again.parts.mesh.shape_keys, SMILE)
    curve.keyframe_points[1].handle_right.y += 0.3
    curve.update()
    assert "edits-above" in [each.code for each in bring_in(track, key_error=0.2).notices]


def test_a_rig_with_edits_is_put_aside_when_shape_keys_are_imported_in_its_place():
    track = make_flame_track(8, lids=False)
    made = bring_in(track)
    rig = made.parts.rig
    new_layer(rig, made.parts.mesh.shape_keys)
    open_jaw_on_top(rig)
    bpy.context.scene.frame_set(5)
    edited = evaluated_vertices(made.parts.head).copy()
    plain = bring_in(track, form="keys")
    assert [each.code for each in plain.notices] == ["edits-kept"] and plain.parts.rig is None
    assert rig.name.endswith("edited") and rig.hide_viewport
    for row in range(8):
        bpy.context.scene.frame_set(1 + row)
        assert np.array_equal(evaluated_vertices(plain.parts.head), blender_points(track.vertices[row]))
    copy = next(each for each in bpy.data.objects if each.name.endswith("head edited"))
    copy.hide_viewport = rig.hide_viewport = False
    bpy.context.scene.frame_set(5)
    assert np.abs(evaluated_vertices(copy) - edited).max() < 1e-6


def test_slots_hold_bones_and_face_in_one_action():
    made = bring_in(make_flame_track())
    of_rig, of_face = made.parts.rig.animation_data, made.parts.mesh.shape_keys.animation_data
    if bpy.app.version < (4, 4):
        assert of_rig.action != of_face.action
        return
    assert of_rig.action == of_face.action and of_rig.action_slot != of_face.action_slot
    assert len(of_rig.action.slots) == 2


@pytest.mark.parametrize("frames", [20, 26, 14])
def test_a_strip_that_was_moved_and_stretched_stays_there_when_the_track_is_imported_again(frames):
    made = bring_in(make_flame_track(lids=False))
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    new_layer(rig, key)
    for owner in (rig, key):
        strip = keyframes.strip_below(owner)
        strip.scale = 2.0
        strip.frame_start_ui = 31
    track = make_flame_track(frames, lids=False, seed=4)
    bring_in(track)
    for owner in (rig, key):
        strip = keyframes.strip_below(owner)
        assert strip.frame_start == 31 and strip.scale == pytest.approx(2.0)
        assert (strip.action_frame_start, strip.action_frame_end) == (1, frames)
        assert strip.frame_end == pytest.approx(31 + 2 * (frames - 1))
    for row in (0, 5, frames - 1):
        bpy.context.scene.frame_set(31 + 2 * row)
        away = evaluated_vertices(made.parts.head) - blender_points(track.vertices[row])
        assert np.linalg.norm(away, axis=1).max() < BOUND


def test_edits_whose_track_was_deleted_are_kept_as_an_action_and_the_track_comes_back():
    track = make_flame_track(8)
    made = bring_in(track)
    rig, key = made.parts.rig, made.parts.mesh.shape_keys
    edits = new_layer(rig, key)
    open_jaw_on_top(rig)
    for owner in (rig, key):
        owner.animation_data.nla_tracks.remove(owner.animation_data.nla_tracks[0])
    again = bring_in(track)
    assert [each.code for each in again.notices] == ["edits-aside"] and edits.use_fake_user
    assert len(keyframes.curves_of(rig)) == 6 * 7 and largest_distance(again, track) < BOUND
