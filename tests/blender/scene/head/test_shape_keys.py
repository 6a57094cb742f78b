"""One absolute shape key per frame: exact on every frame, refused before anything where there would be too many."""

from dataclasses import replace
from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import INTERPOLATED, MISSING, TRACKED
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.head import shape_keys
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import evaluated_vertices
from synthetic_tracks import make_track


@pytest.mark.parametrize("start_at", [1, 0, 1001])
def test_every_frame_is_exact_to_the_last_bit(start_at):
    track = make_track(60, full_size=True)
    made = import_track(track, SceneSettings(start_at=start_at))
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (start_at, start_at + 59)
    for row in (*range(60), 31, 7, 59, 0):
        bpy.context.scene.frame_set(start_at + row)
        assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[row]))


def test_a_thousand_frames_are_exact():
    track = make_track(1000)
    made = import_track(track, SceneSettings())
    for row in range(0, 1000, 37):
        bpy.context.scene.frame_set(1 + row)
        assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[row]))


def test_keys_are_named_after_the_footage_and_two_key_frames_drive_them():
    track = make_track(30, frame_index=np.arange(100, 130))
    made = import_track(track, SceneSettings())
    key = made.parts.head.data.shape_keys
    assert not key.use_relative
    assert [block.name for block in key.key_blocks][:3] == ["Neutral", "Frame 100", "Frame 101"]
    curve = keyframes.find_curve(key, "eval_time")
    assert keyframes.key_frames(curve).tolist() == [1, 30]
    assert keyframes.key_values(curve).tolist() == [1, 30]


def test_before_and_after_the_clip_its_ends_are_held():
    track = make_track(5)
    made = import_track(track, SceneSettings(start_at=10))
    for frame, row in ((1, 0), (9, 0), (15, 4), (99, 4)):
        bpy.context.scene.frame_set(frame)
        assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[row]))


def test_the_head_is_hidden_where_no_face_was_found_and_exact_elsewhere():
    status = np.array([MISSING, TRACKED, TRACKED, MISSING, MISSING, MISSING, INTERPOLATED, TRACKED, MISSING])
    track = make_track(9, status=status)
    track.vertices[status == MISSING] = np.nan
    track.head_translation[status == MISSING] = np.nan
    made = import_track(track, SceneSettings())
    assert len(made.parts.head.data.shape_keys.key_blocks) == 1 + 4
    for row in range(9):
        bpy.context.scene.frame_set(1 + row)
        assert made.parts.head.hide_render == made.parts.head.hide_viewport == (status[row] == MISSING)
        if status[row] != MISSING:
            assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[row]))


def test_a_track_that_became_whole_again_is_not_hidden():
    track = make_track(4, status=[MISSING, TRACKED, TRACKED, TRACKED])
    import_track(track, SceneSettings())
    made = import_track(make_track(4), SceneSettings())
    bpy.context.scene.frame_set(1)
    assert not made.parts.head.hide_viewport
    assert keyframes.find_curve(made.parts.head, "hide_viewport") is None


def test_one_single_frame():
    track = make_track(1)
    made = import_track(track, SceneSettings())
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (1, 1)
    bpy.context.scene.frame_set(1)
    assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[0]))


def test_without_shape_keys_the_neutral_head_moves():
    track = make_track(5)
    made = import_track(track, SceneSettings(shape_keys=False))
    assert made.parts.head.data.shape_keys is None
    bpy.context.scene.frame_set(4)
    assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.neutral_vertices))


def test_too_many_keys_are_refused_before_anything_and_a_range_is_offered(monkeypatch):
    track = make_track(30, frame_index=np.arange(500, 530))
    monkeypatch.setattr(shape_keys, "MEMORY_LIMIT", shape_keys.memory_of_keys(len(track.neutral_vertices), 20))
    refusal = import_track(track, SceneSettings())
    assert isinstance(refusal, Failure) and refusal.code == "too-many-shape-keys"
    assert "30 frames" in refusal.sentence and "500 to 519" in refusal.advice
    assert len(bpy.data.objects) == len(bpy.data.meshes) == len(bpy.data.collections) == 0
    made = import_track(track, SceneSettings(first_frame=500, last_frame=519))
    assert len(made.parts.head.data.shape_keys.key_blocks) == 21
    assert not isinstance(import_track(track, SceneSettings(shape_keys=False)), Failure)


def test_the_limit_is_a_gigabyte_and_five_minutes_of_flame_are_too_long():
    assert shape_keys.too_many_keys(5023, np.arange(4 * 60 * 30)) is None
    assert isinstance(shape_keys.too_many_keys(5023, np.arange(5 * 60 * 30)), Failure)


def test_a_range_starts_where_the_clip_should_start():
    track = make_track(30, rate=Fraction(30))
    made = import_track(track, SceneSettings(first_frame=10, last_frame=14, start_at=50))
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (50, 54)
    bpy.context.scene.frame_set(52)
    assert np.array_equal(evaluated_vertices(made.parts.head), blender_points(track.vertices[12]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"first_frame": 40, "last_frame": 50}, "no-frames-in-range"),
        ({"first_frame": 3, "last_frame": 4}, "no-face-in-range"),
    ],
)
def test_a_range_with_nothing_in_it_is_refused(changes, code):
    track = make_track(10, status=np.where(np.isin(np.arange(10), (3, 4)), MISSING, TRACKED))
    refusal = import_track(track, replace(SceneSettings(), **changes))
    assert isinstance(refusal, Failure) and refusal.code == code
    assert len(bpy.data.collections) == 0
