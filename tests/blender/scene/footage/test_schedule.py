"""In a scene that keeps another rate the clip lasts as long as it was filmed: head and footage go in its time."""

from fractions import Fraction

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics, blender_points
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import evaluated_vertices, footage_picture, pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)


@pytest.fixture
def busy_scene():
    """A scene in which somebody animates at 24 frames per second."""
    scene = bpy.context.scene
    thing = bpy.data.objects.new("animated by hand", None)
    scene.collection.objects.link(thing)
    thing.keyframe_insert("location", frame=240)
    scene.render.resolution_x, scene.render.resolution_y = film.WIDTH, film.HEIGHT
    return scene


def filmed(folder, time, rate, **others):
    """A track of a film with a picture at each time."""
    path = film.write_film(folder / "clip.mkv", time, rate)
    video = {"name": "clip.mkv", "path": str(path)}
    return make_track(len(time), rate=Fraction(rate), time=time, intrinsics=SIZE, video=video, **others)


def shown(made, frame, folder):
    """Number of the footage's frame that Blender shows."""
    return film.number_in(footage_picture(made.parts.clip, frame, folder))


@pytest.mark.parametrize("rate", [12, 30, 50])
def test_head_and_footage_show_the_frame_that_was_filmed_at_that_moment(busy_scene, tmp_path, rate):
    track = filmed(tmp_path, np.arange(16) / rate, rate)
    made = import_track(track, SceneSettings(start_at=101))
    assert busy_scene.render.fps == 24
    keyed = dict(zip(made.timeline.frame, made.timeline.row, strict=True))
    assert made.timeline.last == 101 + int(np.ceil(15 * 24 / rate - 1e-6))
    for frame in range(101, made.timeline.last + 1):
        filmed_then = min(int((frame - 101) / 24 * rate + 1e-6), 15)
        busy_scene.frame_set(frame)
        if frame in keyed:
            assert keyed[frame] == filmed_then
            vertices = blender_points(track.vertices[filmed_then])
            assert np.allclose(evaluated_vertices(made.parts.head), vertices, atol=1e-6)
            seen = pixels_by_matrix(made.parts.head, made.parts.camera, SIZE)
            assert np.abs(seen - pixels_by_engine(track, filmed_then)).max() <= 0.05
        assert shown(made, frame, tmp_path) == filmed_then


def test_a_variable_rate_goes_in_the_time_of_the_scene_too(busy_scene, tmp_path):
    time = np.round(np.array([0, 1, 2.1, 3, 5, 6, 6.9, 8, 11, 12, 13.3, 14]) / 30, 3)
    made = import_track(filmed(tmp_path, time, 30), SceneSettings())
    for frame, row in zip(made.timeline.frame, made.timeline.row, strict=True):
        # Blender shows no frame of a movie that begins and ends between two of its even steps.
        if frame == int(frame) and row not in (2, 10):
            assert shown(made, int(frame), tmp_path) == row
            assert (frame - 1) / 24 >= time[row] - 1e-3


def test_frame_by_frame_where_that_is_asked(busy_scene, tmp_path):
    made = import_track(filmed(tmp_path, np.arange(8) / 30, 30), SceneSettings(rate="clip"))
    assert list(made.timeline.frame) == list(range(1, 9))
    assert [shown(made, frame, tmp_path) for frame in range(1, 9)] == list(range(8))
    assert keyframes.find_curve(made.parts.clip, "frame_offset") is None


def test_the_scene_fitted_afterwards_shows_the_clip_frame_by_frame(busy_scene, engine, tmp_path):
    write_track(tmp_path / "track.npz", filmed(tmp_path, np.arange(8) / 30, 30))
    made = import_track(tmp_path / "track.npz", SceneSettings())
    assert keyframes.find_curve(made.parts.clip, "frame_offset") is not None
    assert bpy.ops.flame.fit_scene() == {"FINISHED"}
    assert (busy_scene.render.fps, busy_scene.frame_start, busy_scene.frame_end) == (30, 1, 8)
    assert [shown(made, frame, tmp_path) for frame in range(1, 9)] == list(range(8))
    assert keyframes.find_curve(made.parts.clip, "frame_offset") is None and made.parts.clip.frame_offset == 0


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_at_another_speed_head_and_footage_stay_together(tmp_path, speed):
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = film.WIDTH, film.HEIGHT
    track = filmed(tmp_path, np.arange(12) / 25, 25)
    made = import_track(track, SceneSettings(start_at=11, speed=speed))
    assert scene.render.fps == 25 and scene.frame_end == 11 + int(np.ceil(11 / speed))
    for row in range(0, 12, 2):
        frame = 11 + round(row / speed)
        scene.frame_set(frame)
        assert np.allclose(evaluated_vertices(made.parts.head), blender_points(track.vertices[row]), atol=1e-6)
        assert shown(made, frame, tmp_path) == row


def test_in_slow_motion_the_head_glides_between_the_frames_of_the_footage():
    track = make_track(6, rate=Fraction(25))
    made = import_track(track, SceneSettings(speed=0.25, plate=False))
    assert made.timeline.frame.tolist() == [1, 5, 9, 13, 17, 21]
    bpy.context.scene.frame_set(7)
    middle = (track.vertices[1] + track.vertices[2]) / 2
    assert np.allclose(evaluated_vertices(made.parts.head), blender_points(middle), atol=1e-5)


def test_the_review_knows_where_the_frames_of_a_retimed_clip_lie(addon, tmp_path):
    from flame_extension.blender_flame_tracker.results import selection

    assert write_track(tmp_path / "track.npz", make_track(6)) is None
    made = import_track(tmp_path / "track.npz", SceneSettings(speed=0.5, plate=False))
    found = selection.result_of(tmp_path / "track.npz", bpy.context)
    assert found.collection == made.parts.collection and found.placement.played == 50
