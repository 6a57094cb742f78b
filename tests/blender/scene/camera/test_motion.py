"""Camera moves or head moves: the same picture, and switching loses nothing."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.camera.motion import (
    CAMERA_MOVES,
    HEAD_MOVES,
    motion_of,
    read_motion,
    switch_motion,
)
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track

PATHS = (("location", 3), ("rotation_quaternion", 4))


def all_keys(thing):
    """Every key of an object's motion, as written."""
    found = []
    for path, length in PATHS:
        for index in range(length):
            curve = keyframes.find_curve(thing, path, index)
            if curve is not None:
                found.append(np.stack([keyframes.key_frames(curve), keyframes.key_values(curve)]))
    return np.array(found)


def assert_aligned(made, track, tolerance=0.05):
    for row in range(len(track)):
        bpy.context.scene.frame_set(1 + row)
        seen = pixels_by_matrix(made.parts.head, made.parts.camera, track.intrinsics)
        assert np.abs(seen - pixels_by_engine(track, row)).max() <= tolerance


@pytest.mark.parametrize("first", [CAMERA_MOVES, HEAD_MOVES])
def test_switching_there_and_back_gives_the_same_keys_to_the_last_bit(first):
    track = make_track(20)
    made = import_track(track, SceneSettings(motion=first))
    head, camera = made.parts.head, made.parts.camera
    other = HEAD_MOVES if first == CAMERA_MOVES else CAMERA_MOVES
    before = all_keys(camera if first == CAMERA_MOVES else head)
    assert before.shape == (7, 2, 20)
    for _ in range(5):
        switch_motion(head, camera, other)
        assert motion_of(camera) == other
        assert_aligned(made, track)
        switch_motion(head, camera, first)
    assert motion_of(camera) == first
    assert np.array_equal(all_keys(camera if first == CAMERA_MOVES else head), before)
    assert_aligned(made, track)


def test_only_what_moves_has_keys_and_the_other_rests():
    made = import_track(make_track(6), SceneSettings(motion="camera"))
    head, camera = made.parts.head, made.parts.camera
    assert head.animation_data is None or len(all_keys(head)) == 0
    assert head.matrix_basis.is_identity
    switch_motion(head, camera, HEAD_MOVES)
    assert len(all_keys(camera)) == 0 and len(all_keys(head)) == 7
    # The still camera is level: its picture's x axis is horizontal, its y axis upright.
    assert np.allclose(np.array(camera.matrix_basis.to_3x3()), [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-6)


def test_edits_are_carried_along_when_switching():
    track = make_track(8)
    made = import_track(track, SceneSettings(motion="camera"))
    head, camera = made.parts.head, made.parts.camera
    curve = keyframes.find_curve(camera, "location", 2)
    curve.keyframe_points[3].co.y += 0.05
    curve.keyframe_points.insert(3.5, 0.0)
    curve.update()
    edited = {}
    for frame in (1, 4, 5, 8):
        bpy.context.scene.frame_set(frame)
        edited[frame] = pixels_by_matrix(head, camera, track.intrinsics)
    switch_motion(head, camera, HEAD_MOVES)
    for frame, expected in edited.items():
        bpy.context.scene.frame_set(frame)
        assert np.abs(pixels_by_matrix(head, camera, track.intrinsics) - expected).max() < 0.05
    assert np.abs(edited[4] - pixels_by_engine(track, 3)).max() > 5
    assert 3.5 in keyframes.key_frames(keyframes.find_curve(head, "location", 0))


def test_a_moved_head_keeps_its_place_before_the_camera_when_switching():
    track = make_track(4)
    made = import_track(track, SceneSettings(motion="camera"))
    head, camera = made.parts.head, made.parts.camera
    head.rotation_mode = "XYZ"
    head.rotation_euler = (0.0, 0.3, 0.1)
    head.location = (0.02, 0.0, 0.01)
    bpy.context.scene.frame_set(3)
    before = pixels_by_matrix(head, camera, track.intrinsics)
    switch_motion(head, camera, HEAD_MOVES)
    bpy.context.scene.frame_set(3)
    assert np.abs(pixels_by_matrix(head, camera, track.intrinsics) - before).max() < 0.05


def test_quaternions_never_jump_and_take_the_short_way_between_frames():
    track = make_track(40)
    # A head that nods through half a turn, where the sign of a quaternion flips.
    track.head_rotation[:] = np.stack([np.linspace(2.6, 3.7, 40), np.zeros(40), np.zeros(40)], axis=1)
    for motion, which in ((CAMERA_MOVES, "camera"), (HEAD_MOVES, "head")):
        made = import_track(track, SceneSettings(motion=motion))
        keys = all_keys(getattr(made.parts, which))[3:, 1].T
        assert (np.einsum("ki,ki->k", keys[1:], keys[:-1]) > 0.99).all()
        assert np.allclose(np.linalg.norm(keys, axis=1), 1, atol=1e-6)


def test_switching_survives_saving_and_opening(tmp_path):
    track = make_track(6)
    made = import_track(track, SceneSettings(motion="camera"))
    before = all_keys(made.parts.camera)
    names = made.parts.head.name, made.parts.camera.name
    switch_motion(made.parts.head, made.parts.camera, HEAD_MOVES)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "säve d.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "säve d.blend"))
    head, camera = (bpy.data.objects[name] for name in names)
    assert motion_of(camera) == HEAD_MOVES
    switch_motion(head, camera, CAMERA_MOVES)
    assert np.array_equal(all_keys(camera), before)


def test_a_file_of_an_older_version_switches_without_loss_too():
    made = import_track(make_track(6), SceneSettings(motion="head", plate=False))
    head, camera = made.parts.head, made.parts.camera
    before = read_motion(head, camera)
    table = np.concatenate([before.frame[:, None], before.rotation.reshape(-1, 9), before.translation], axis=1)
    camera["flame_motion"] = [1.0, *table.ravel().tolist()]
    assert motion_of(camera) == "head"
    switch_motion(head, camera, "camera")
    switch_motion(head, camera, "head")
    after = read_motion(head, camera)
    assert np.array_equal(before.translation, after.translation) and np.array_equal(before.rotation, after.rotation)
