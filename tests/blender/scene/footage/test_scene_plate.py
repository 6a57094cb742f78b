"""The footage behind the head: the right frame of it on every frame of the scene, in every kind of file."""

from fractions import Fraction
from pathlib import Path

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.footage.plate import background_of
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import footage_picture
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)


def shown_frames(made, tmp_path):
    """{scene frame: number of the footage's frame that Blender shows there} over the scene's range."""
    scene = bpy.context.scene
    return {
        frame: film.number_in(footage_picture(made.parts.clip, frame, tmp_path))
        for frame in range(scene.frame_start, scene.frame_end + 1)
    }


def keyed_frames(made, track):
    """{scene frame: frame of the footage whose head is there}, for the whole frames that have a key."""
    timeline = made.timeline
    return {
        int(frame): int(track.frame_index[row])
        for frame, row in zip(timeline.frame, timeline.row, strict=True)
        if frame == int(frame)
    }


@pytest.mark.parametrize(
    ("rate", "index", "start_at"),
    [
        (Fraction(25), np.arange(12), 1),
        (Fraction(30000, 1001), np.arange(12), 1),
        (Fraction(25, 2), np.arange(12), 100),
        (Fraction(25), np.arange(5, 17), 1),
        (Fraction(24), np.arange(3, 15), 50),
    ],
)
def test_constant_rate(tmp_path, rate, index, start_at):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / float(rate), float(rate))
    track = make_track(12, rate=rate, frame_index=index, intrinsics=SIZE, video={"name": "clip.mkv", "path": str(path)})
    made = import_track(track, SceneSettings(start_at=start_at))
    assert made.notices == ()
    shown = shown_frames(made, tmp_path)
    assert shown == keyed_frames(made, track) == {start_at + k: int(index[k]) for k in range(12)}
    render = bpy.context.scene.render
    assert render.fps / render.fps_base == pytest.approx(float(rate), rel=1e-7)


@pytest.mark.parametrize("late", [0.4, 2.0])
def test_a_clip_whose_first_picture_is_shown_late_begins_with_it(tmp_path, late):
    path = film.write_film(tmp_path / "late.mkv", late + np.arange(12) / 25, 25)
    track = make_track(12, intrinsics=SIZE, video={"name": "late.mkv", "path": str(path)})
    made = import_track(track, SceneSettings())
    assert shown_frames(made, tmp_path) == keyed_frames(made, track)


def test_variable_rate(tmp_path):
    # A phone's clip: frames dropped, others early and late.
    time = np.array([0, 1, 2.1, 3, 5, 6, 6.9, 8, 11, 12, 13.3, 14, 14.4, 15, 16, 19, 20]) / 30
    time = np.round(time, 3)
    path = film.write_film(tmp_path / "phone.mkv", time, 30)
    track = make_track(
        len(time), rate=Fraction(30), time=time, intrinsics=SIZE, video={"name": "phone.mkv", "path": str(path)}
    )
    made = import_track(track, SceneSettings())
    assert not made.timeline.steady
    shown, keyed = shown_frames(made, tmp_path), keyed_frames(made, track)
    assert len(set(shown.values())) > 12
    assert {frame: shown[frame] for frame in keyed} == keyed
    # Between two keys of the same frame of the footage, and nowhere else, there are frames without a key.
    assert all(shown[frame] == shown[frame - 1] == shown[frame + 1] for frame in set(shown) - set(keyed))


def test_a_stride_shows_the_footage_at_its_own_rate(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 30, 30)
    index = np.arange(0, 20, 4)
    track = make_track(
        5, rate=Fraction(15, 2), frame_index=index, time=index / 30, intrinsics=SIZE, video={"path": str(path)}
    )
    made = import_track(track, SceneSettings())
    assert bpy.context.scene.render.fps == 30
    shown = shown_frames(made, tmp_path)
    assert list(shown.values()) == list(range(17))
    assert {frame: shown[frame] for frame in keyed_frames(made, track)} == keyed_frames(made, track)


@pytest.mark.parametrize("first", [0, 1, 1001])
def test_image_sequence(tmp_path, first):
    path = film.write_sequence(tmp_path / "sequence", 10, first=first)
    track = make_track(
        6, rate=Fraction(24), frame_index=np.arange(2, 8), intrinsics=SIZE, video={"name": path.name, "path": str(path)}
    )
    made = import_track(track, SceneSettings(start_at=30))
    assert made.parts.clip.source == "SEQUENCE"
    assert shown_frames(made, tmp_path) == keyed_frames(made, track) == {30 + k: 2 + k for k in range(6)}


def test_a_sequence_with_holes_shows_every_picture_on_its_own_frame(tmp_path):
    path = film.write_sequence(tmp_path / "sequence", 10)
    for missing in (3, 6, 7):
        (path.parent / f"shot_{missing:04d}.png").unlink()
    made = import_track(make_track(10, intrinsics=SIZE, video={"name": path.name, "path": str(path)}), SceneSettings())
    shown = shown_frames(made, tmp_path)
    assert {frame: shown[frame] for frame in (1, 2, 4, 5, 8, 9, 10)} == {1: 0, 2: 1, 4: 3, 5: 4, 8: 7, 9: 8, 10: 9}


def test_the_camera_shows_the_footage_behind_everything(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    made = import_track(make_track(5, intrinsics=SIZE, video={"path": str(path)}), SceneSettings())
    camera = made.parts.camera.data
    background, front = camera.background_images
    assert camera.show_background_images and background.show_background_image
    assert (background.source, background.clip) == ("MOVIE_CLIP", made.parts.clip)
    assert (background.alpha, background.display_depth, background.frame_method) == (1.0, "BACK", "CROP")
    # The one before the head is there to look through the head, when somebody wants that.
    assert (front.clip, front.display_depth, front.frame_method) == (made.parts.clip, "FRONT", "CROP")
    assert not front.show_background_image


def test_how_the_footage_is_laid_over_the_head_stays_when_importing_again(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    track = make_track(5, intrinsics=SIZE, video={"path": str(path)})
    first = import_track(track, SceneSettings()).parts
    front = background_of(first.camera.data, first.clip, "FRONT")
    front.show_background_image, front.alpha = True, 0.25
    camera = import_track(track, SceneSettings()).parts.camera.data
    assert len(camera.background_images) == 2
    assert [(each.show_background_image, each.alpha) for each in camera.background_images] == [
        (True, 1.0),
        (True, 0.25),
    ]


@pytest.mark.parametrize(("size", "method"), [((1000, 200), "CROP"), ((300, 300), "FIT"), ((640, 320), "CROP")])
def test_a_scene_of_another_shape_shows_the_footage_as_wide_as_its_picture(tmp_path, size, method):
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.fps = 25
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    made = import_track(make_track(5, intrinsics=SIZE, video={"path": str(path)}), SceneSettings(fit_scene="never"))
    assert made.parts.camera.data.background_images[0].frame_method == method
    assert [notice.code for notice in made.notices] == ["scene-kept"]


def test_the_footage_keeps_its_shape_when_the_resolution_is_changed_afterwards(addon, tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    made = import_track(make_track(5, intrinsics=SIZE, video={"path": str(path)}), SceneSettings())
    methods = set()
    for size in ((1000, 200), (300, 300), (640, 320)):
        bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y = size
        bpy.context.view_layer.update()
        methods.add(tuple(each.frame_method for each in made.parts.camera.data.background_images))
    assert methods == {("CROP", "CROP"), ("FIT", "FIT")}


def test_a_missing_video_is_said_and_the_rest_is_built():
    made = import_track(make_track(4, video={"name": "gone.mp4", "path": "/nowhere/gone.mp4"}), SceneSettings())
    (notice,) = made.notices
    assert notice.code == "plate-missing" and "gone.mp4" in notice.sentence
    assert made.parts.clip is None and len(made.parts.camera.data.background_images) == 0
    assert len(made.parts.head.data.shape_keys.key_blocks) == 5


def test_a_file_that_is_no_video_is_said_and_the_rest_is_built(tmp_path):
    (tmp_path / "text.mp4").write_text("not a film")
    made = import_track(make_track(4, video={"path": str(tmp_path / "text.mp4")}), SceneSettings())
    assert [notice.code for notice in made.notices] == ["plate-unreadable"]
    assert len(bpy.data.movieclips) == 0


def test_a_video_is_found_from_the_folder_of_its_track_or_as_a_clip_of_the_scene(tmp_path):
    (tmp_path / "shots").mkdir()
    (tmp_path / "tracks").mkdir()
    path = film.write_film(tmp_path / "shots" / "clip.mkv", np.arange(5) / 25, 25)
    place = tmp_path / "tracks" / "track.npz"
    write_track(place, make_track(5, intrinsics=SIZE, video={"name": "clip.mkv", "path": "../shots/clip.mkv"}))
    made = import_track(place, SceneSettings())
    assert Path(made.parts.clip.filepath) == path.resolve()
    # A track that lies on another drive than its video knows the name alone.
    other = tmp_path / "tracks" / "far.npz"
    write_track(other, make_track(5, intrinsics=SIZE, video={"name": "clip.mkv", "path": "clip.mkv"}))
    found = import_track(other, SceneSettings())
    assert Path(found.parts.clip.filepath) == path.resolve()
    for clip in list(bpy.data.movieclips):
        bpy.data.movieclips.remove(clip)
    missing = import_track(other, SceneSettings()).notices
    assert "plate-missing" in [notice.code for notice in missing]


def test_a_video_that_moved_with_its_track_is_found_again(tmp_path):
    folder = tmp_path / "pröject näme"
    film.write_film(folder / "clip.mkv", np.arange(5) / 25, 25)
    track = make_track(5, intrinsics=SIZE, video={"name": "clip.mkv", "path": "/old/computer/clip.mkv"})
    assert write_track(folder / "track.npz", track) is None
    made = import_track(folder / "track.npz", SceneSettings())
    assert made.notices == () and Path(bpy.path.abspath(made.parts.clip.filepath)).parent == folder


def test_in_a_saved_project_the_path_of_the_footage_is_relative(tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "project.blend"))
    path = film.write_film(tmp_path / "footage" / "clip.mkv", np.arange(5) / 25, 25)
    made = import_track(make_track(5, intrinsics=SIZE, video={"path": str(path)}), SceneSettings())
    assert made.parts.clip.filepath.startswith("//") and tuple(made.parts.clip.size) == (film.WIDTH, film.HEIGHT)


def test_program_streams_are_warned_of_and_a_converted_copy_is_preferred(tmp_path):
    (tmp_path / "clip.mpg").write_bytes(film.write_film(tmp_path / "other.mkv", np.arange(5) / 25, 25).read_bytes())
    track = make_track(5, intrinsics=SIZE, video={"name": "clip.mpg", "path": str(tmp_path / "clip.mpg")})
    assert [notice.code for notice in import_track(track, SceneSettings()).notices] == ["plate-mpeg-stream"]
    (tmp_path / "other.mkv").rename(tmp_path / "clip.mkv")
    made = import_track(track, SceneSettings())
    assert made.notices == () and made.parts.clip.filepath.endswith("clip.mkv")


def test_the_engines_copy_beside_the_track_is_preferred_to_anything_beside_the_program_stream(tmp_path):
    source, folder = tmp_path / "camera", tmp_path / "out"
    film.write_film(source / "clip.mkv", np.arange(5) / 25, 25).rename(source / "clip.mpg")
    (source / "clip.mp4").write_bytes(b"another clip that happens to have this name")
    film.write_film(folder / "clip.mkv", np.arange(5) / 25, 25).rename(folder / "clip.mp4")
    track = make_track(5, intrinsics=SIZE, video={"name": "clip.mpg", "path": str(source / "clip.mpg")})
    assert write_track(folder / "track.npz", track) is None
    made = import_track(folder / "track.npz", SceneSettings())
    assert made.notices == () and Path(bpy.path.abspath(made.parts.clip.filepath)) == folder / "clip.mp4"
    assert shown_frames(made, tmp_path) == keyed_frames(made, track)


def test_where_blender_would_show_a_cover_picture_it_is_warned_of_and_the_engines_copy_is_preferred(tmp_path):
    source, folder = tmp_path / "camera", tmp_path / "out"
    about = {"path": str(film.write_film(source / "clip.mkv", np.arange(5) / 25, 25)), "rotation": 90}
    about |= {"name": "clip.mkv", "copy_for_blender": "other-picture"}
    upright = Intrinsics.centred(film.HEIGHT, film.WIDTH, 150.0)
    track = make_track(5, intrinsics=upright, video=about)
    assert write_track(folder / "track.npz", track) is None
    assert [notice.code for notice in import_track(folder / "track.npz", SceneSettings()).notices] == [
        "plate-other-picture"
    ]
    film.write_film(folder / "clip.mkv", np.arange(5) / 25, 25).rename(folder / "clip footage.mp4")
    made = import_track(folder / "track.npz", SceneSettings())
    assert made.notices == ()
    assert made.parts.clip.filepath.endswith("clip footage.mp4")
    assert made.parts.camera.data.background_images[0].rotation == 0, "the copy is upright"


def test_colours_of_high_range_are_warned_of_where_blender_does_not_know_them(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    about = {"path": str(path), "copy_for_blender": "high-range"}
    made = import_track(make_track(5, intrinsics=SIZE, video=about), SceneSettings())
    expected = [] if bpy.app.version >= (5, 0) else ["plate-high-range"]
    assert [notice.code for notice in made.notices] == expected


def test_the_clip_and_the_scene_have_the_shape_of_the_footages_pixels(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    wide = Intrinsics.centred(film.WIDTH * 4 // 3, film.HEIGHT, 160.0).resized(film.WIDTH, film.HEIGHT)
    made = import_track(make_track(5, intrinsics=wide, video={"path": str(path)}), SceneSettings())
    render = bpy.context.scene.render
    assert (render.resolution_x, render.resolution_y) == (film.WIDTH, film.HEIGHT)
    assert render.pixel_aspect_x / render.pixel_aspect_y == pytest.approx(film.WIDTH * 4 // 3 / film.WIDTH)
    shown = made.parts.clip.display_aspect
    assert shown[0] / shown[1] == pytest.approx(render.pixel_aspect_x / render.pixel_aspect_y)


def test_a_phone_clip_that_blender_does_not_turn_is_turned_in_the_background(tmp_path):
    # The film lies on its side; the track says that its frames are to be turned by a quarter clockwise.
    path = film.write_film(tmp_path / "phone.mkv", np.arange(5) / 25, 25)
    upright = Intrinsics.centred(film.HEIGHT, film.WIDTH, 150.0)
    track = make_track(5, intrinsics=upright, video={"path": str(path), "rotation": 90})
    background = import_track(track, SceneSettings()).parts.camera.data.background_images[0]
    assert abs(abs(background.rotation) - np.pi / 2) < 1e-6
    assert background.frame_method == "FIT" and background.scale == pytest.approx(film.WIDTH / film.HEIGHT)


def test_no_plate_where_none_is_asked_for(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(5) / 25, 25)
    track = make_track(5, intrinsics=SIZE, video={"path": str(path)})
    import_track(track, SceneSettings())
    assert len(bpy.data.movieclips) == 1
    made = import_track(track, SceneSettings(plate=False))
    assert made.parts.clip is None and len(bpy.data.movieclips) == 0
    assert len(made.parts.camera.data.background_images) == 0
