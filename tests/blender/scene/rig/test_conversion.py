"""A rig becomes a shape key per frame with all that was edited."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.scene.camera.motion import CAMERA_MOVES, HEAD_MOVES
from flame_extension.blender_flame_tracker.scene.head import shape_keys
from flame_extension.blender_flame_tracker.scene.rig.conversion import rig_to_keys
from flame_extension.blender_flame_tracker.scene.rig.layers import new_layer
from rig_probes import bring_in, open_jaw_on_top
from rig_tracks import make_flame_track
from scene_probes import evaluated_vertices, pixels_by_matrix


def converted(made, kind="absolute"):
    parts = rig_to_keys(bpy.context.scene, made.parts, kind)
    assert not isinstance(parts, Failure), parts
    return parts


@pytest.mark.parametrize("motion", [CAMERA_MOVES, HEAD_MOVES])
@pytest.mark.parametrize("kind", ["absolute", "relative"])
def test_what_is_seen_stays_on_every_frame(motion, kind):
    track = make_flame_track(8)
    made = bring_in(track, motion=motion)
    new_layer(made.parts.rig, made.parts.mesh.shape_keys)
    open_jaw_on_top(made.parts.rig)
    made.parts.head.modifiers.new("Subdivision", "SUBSURF")
    made.parts.head.modifiers["Subdivision"].show_viewport = False
    before = []
    for frame in range(1, 9):
        bpy.context.scene.frame_set(frame)
        pixels = pixels_by_matrix(made.parts.head, made.parts.camera, track.intrinsics)
        before.append((evaluated_vertices(made.parts.head), pixels))
    parts = converted(made, kind)
    assert parts.rig is None and not bpy.data.armatures and "Subdivision" in parts.head.modifiers
    assert parts.mesh.shape_keys.key_blocks[1].name == "Frame 0"
    for frame, (vertices, pixels) in enumerate(before, start=1):
        bpy.context.scene.frame_set(frame)
        assert np.abs(evaluated_vertices(parts.head) - vertices).max() < 1e-6
        assert np.abs(pixels_by_matrix(parts.head, parts.camera, track.intrinsics) - pixels).max() < 0.05


def test_edits_are_kept_on_a_copy_when_the_track_is_imported_again_and_nothing_else_is():
    track = make_flame_track(6)
    converted(bring_in(track))
    assert not bring_in(track, form="keys").notices
    made = bring_in(track)
    new_layer(made.parts.rig, made.parts.mesh.shape_keys)
    converted(made)
    assert [each.code for each in bring_in(track, form="keys").notices] == ["edits-kept"]


def test_too_many_frames_are_refused_before_anything(monkeypatch):
    made = bring_in(make_flame_track(8))
    monkeypatch.setattr(shape_keys, "MEMORY_LIMIT", shape_keys.memory_of_keys(len(made.parts.mesh.vertices), 7))
    refusal = rig_to_keys(bpy.context.scene, made.parts, "absolute")
    assert isinstance(refusal, Failure) and refusal.code == "too-many-shape-keys"
    assert made.parts.rig.name in bpy.data.objects


@pytest.mark.parametrize("hide", ["hide_viewport", "by eye"])
def test_a_hidden_head_is_converted_as_it_would_be_seen(hide):
    made = bring_in(make_flame_track(6))
    before = []
    for frame in range(1, 7):
        bpy.context.scene.frame_set(frame)
        before.append(evaluated_vertices(made.parts.head))
    if hide == "hide_viewport":
        made.parts.head.hide_viewport = True
    else:
        made.parts.head.hide_set(True)
    parts = converted(made)
    assert parts.head.hide_viewport is (hide == "hide_viewport")
    assert parts.head.hide_get() is (hide == "by eye")
    parts.head.hide_viewport = False
    parts.head.hide_set(False)
    for frame, vertices in enumerate(before, start=1):
        bpy.context.scene.frame_set(frame)
        assert np.abs(evaluated_vertices(parts.head) - vertices).max() < 1e-6


def test_an_armature_that_shares_the_rigs_bones_stays():
    made = bring_in(make_flame_track(4))
    copy = made.parts.rig.copy()
    bpy.context.scene.collection.objects.link(copy)
    converted(made)
    assert copy.name in bpy.data.objects and len(copy.data.bones) > 0
