"""A file and a still without a window, the footage behind the head."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.rendering.render import StillSettings, build_scene
from scene_probes import footage_picture, pixels_by_engine, read_picture
from synthetic_tracks import make_track

QUICK = StillSettings(engine="BLENDER_WORKBENCH", frame=4)
SIZE = Intrinsics.centred(320, 160, 250.0)


@pytest.fixture
def track_file(tmp_path):
    film.write_film(tmp_path / "clip.mkv", np.arange(8) / 25, 25)
    track = make_track(6, intrinsics=SIZE, frame_index=np.arange(1, 7), video={"name": "clip.mkv"})
    assert write_track(tmp_path / "track.npz", track) is None
    return tmp_path / "track.npz"


def test_the_still_shows_the_head_where_it_is_and_the_footage_around_it(tmp_path, track_file):
    made = build_scene(track_file, tmp_path / "scene.blend", tmp_path / "scene.png", SceneSettings(), QUICK)
    assert not isinstance(made, Failure) and made.notices == ()
    picture = read_picture(tmp_path / "scene.png")
    assert picture.shape == (160, 320, 3)
    # Scene frame 4 shows frame 4 of the footage. Its bars, away from the head, are those of the film.
    expected = film.picture(4, 320, 160) / 255
    points = pixels_by_engine(make_track(6, intrinsics=SIZE, frame_index=np.arange(1, 7)), 3)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    difference = np.abs(picture - expected).max(axis=2)
    y, x = np.mgrid[0:160, 0:320]
    outside = (x < left - 2) | (x > right + 2) | (y < top - 2) | (y > bottom + 2)
    inner = np.hypot(x - (left + right) / 2, y - (top + bottom) / 2) < 0.4 * (right - left)
    edges = np.abs((x + 0.5) % 40 - 20) > 14  # Blurred, for the film is enlarged.
    border = (x < 3) | (x > 316) | (y < 3) | (y > 156)
    assert difference[outside & ~edges & ~border].max() < 0.03
    assert np.median(difference[inner]) > 0.1


def test_the_saved_file_opens_with_the_same_scene(tmp_path, track_file):
    build_scene(track_file, tmp_path / "säve d.blend", None, SceneSettings(motion="head"), QUICK)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "säve d.blend"))
    scene = bpy.context.scene
    assert scene.camera.name == "clip camera" and (scene.frame_start, scene.frame_end) == (1, 6)
    assert film.number_in(footage_picture(bpy.data.movieclips[0], 3, tmp_path)) == 3
    lights = {thing.name for thing in bpy.data.objects if thing.type == "LIGHT"}
    assert lights == {thing.name for thing in bpy.data.collections["clip"].objects if thing.type == "LIGHT"} != set()


def test_a_folder_that_cannot_be_written_is_said(tmp_path, track_file):
    (tmp_path / "file").write_text("in the way")
    made = build_scene(track_file, tmp_path / "file" / "scene.blend", None, SceneSettings(), QUICK)
    assert isinstance(made, Failure) and made.code == "scene-not-written"


@pytest.mark.skipif(bpy.app.version >= (4, 4), reason="Blender turns such a clip itself since 4.4")
def test_a_lying_phone_clip_is_turned_upright_in_the_still(tmp_path):
    path = film.write_film(tmp_path / "phone.mkv", np.arange(4) / 25, 25)
    upright = Intrinsics.centred(film.HEIGHT, film.WIDTH, 150.0)
    track = make_track(4, intrinsics=upright, video={"path": str(path), "rotation": 90})
    track.head_translation[:, 0] += 40.0  # Out of the picture.
    write_track(tmp_path / "track.npz", track)
    build_scene(tmp_path / "track.npz", tmp_path / "scene.blend", tmp_path / "scene.png", SceneSettings(), QUICK)
    picture = read_picture(tmp_path / "scene.png")
    # The film's left side, the least bit, comes to the top.
    expected = np.rot90(film.picture(3), -1) / 255
    assert picture.shape == expected.shape and np.median(np.abs(picture - expected)) < 0.03
