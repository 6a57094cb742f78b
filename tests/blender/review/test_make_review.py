"""Review: one film with the footage, what was made of it, words and sound; the scene is as before."""

from pathlib import Path

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.headless.track_review import review_track
from flame_extension.blender_flame_tracker.review.making import Review, make_review, size_of
from flame_extension.blender_flame_tracker.review.pictures import rendered_as_set_up
from flame_extension.blender_flame_tracker.review.review_settings import ReviewSettings
from flame_extension.blender_flame_tracker.review.wires import Wires
from flame_extension.blender_flame_tracker.scene.footage.sound import sound_file
from flame_extension.blender_flame_tracker.scene.importer import import_track
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 130.0)
GAP = 4


@pytest.fixture
def track(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(6) / 25, 25, sound=np.zeros(2000, dtype=np.int16))
    made = make_track(6, intrinsics=SIZE, video={"name": "clip.mkv", "path": str(path)})
    write_track(tmp_path / "track.npz", made)
    return tmp_path / "track.npz"


@pytest.fixture
def made(track):
    return import_track(track, SceneSettings()).parts


def first_picture(path):
    """First frame (H, W, 3) of a film, as Blender reads it."""
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1, :, :3]


def length(path):
    clip = bpy.data.movieclips.load(str(path))
    frames = clip.frame_duration
    bpy.data.movieclips.remove(clip)
    return frames


def reviewed(parts, folder, **wanted):
    path = folder / "review.mp4"
    assert make_review(bpy.context.scene, parts, ReviewSettings(**wanted), path) is None
    return path


def halves(picture):
    return picture[:, : film.WIDTH], picture[:, film.WIDTH + GAP :]


def test_the_footage_stands_at_the_left_and_its_wires_at_the_right_frame_by_frame(made, tmp_path):
    bpy.context.scene.frame_start = 4
    path = reviewed(made, tmp_path, words=False)
    left, right = halves(first_picture(path))
    assert left.shape == right.shape == (film.HEIGHT, film.WIDTH, 3)
    assert film.number_in(left) == 3 and length(path) == 3
    difference = np.abs(left - right).max(axis=2)
    assert difference[:, 40:90].max() > 0.2 and difference[:, :8].max() < 0.06


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender was built without sound")
def test_the_film_is_heard(made, tmp_path):
    path = reviewed(made, tmp_path)
    assert sound_file((path,)) == path


def test_words_are_in_the_picture_where_they_are_wanted(made, tmp_path):
    plain = first_picture(reviewed(made, tmp_path, words=False))
    words = first_picture(reviewed(made, tmp_path, words=True, version="v003"))
    assert np.abs(words - plain)[:14, :60].max() > 0.2
    assert np.abs(words - plain)[24:36].mean() < 0.02


def test_the_footage_can_be_left_out(made, tmp_path):
    picture = first_picture(reviewed(made, tmp_path, layout_of_film="alone", words=False))
    assert picture.shape == (film.HEIGHT, film.WIDTH, 3)


@pytest.mark.parametrize("shown", ["head", "solid", "scene"])
def test_head_and_scene_are_shown_as_they_are_and_nothing_of_the_users_is_changed(made, tmp_path, shown):
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 1, "CPU"
    scene.cycles.use_denoising = False
    scene.render.film_transparent = True
    scene.frame_end = 2
    scene.frame_set(2)
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.parent, lamp.data.energy = made.camera, 4.0
    scene.collection.objects.link(lamp)
    made.head.is_holdout = shown == "head"  # What it does in the user's render is nothing to the review of the head.

    def all_there_is():
        render = scene.render
        settings = (render.engine, render.filepath, render.resolution_x, render.image_settings.file_format)
        blocks = ("scenes", "objects", "images", "worlds", "node_groups", "sounds", "cameras", "meshes")
        names = tuple(sorted(each.name for each in getattr(bpy.data, kind)) for kind in blocks if kind != "images")
        images = [each.name for each in bpy.data.images if each.type not in ("RENDER_RESULT", "COMPOSITING")]
        return (*settings, scene.frame_current, scene.display.shading.color_type, names, images)

    before = all_there_is()
    _, right = halves(first_picture(reviewed(made, tmp_path, shown=shown, words=False)))
    assert all_there_is() == before
    middle, corner = right[20:44, 50:78], right[:6, -6:]
    assert np.abs(middle - corner.mean(axis=(0, 1))).max() > 0.02


@pytest.mark.parametrize("shown", ["wires", "scene"])
def test_a_head_keeps_its_shape_where_pixels_are_twice_as_wide_as_high(tmp_path, shown):
    size, focal = (2 * film.WIDTH, film.HEIGHT), 130.0
    square = Intrinsics(*size, focal, focal, film.WIDTH + 11.5, film.HEIGHT / 2 + 8.5)
    wide = Intrinsics(film.WIDTH, film.HEIGHT, focal / 2, focal, film.WIDTH / 2 + 5.5, film.HEIGHT / 2 + 8.5)

    def head_of(lens):
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        parts, scene = import_track(make_track(2, intrinsics=lens), SceneSettings()).parts, bpy.context.scene
        assert size_of(scene, film.HEIGHT) == size
        if shown == "wires":
            graph = scene.view_layers[0].depsgraph
            graph.update()
            black = np.zeros((*size[::-1], 4), dtype=np.float32)
            return Wires(parts.head, parts.camera, size).draw(black, graph)[..., 1]
        lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
        lamp.parent, lamp.data.energy = parts.camera, 4.0
        scene.collection.objects.link(lamp)
        scene.render.engine, scene.cycles.samples, scene.cycles.device = "CYCLES", 16, "CPU"
        scene.cycles.use_denoising = False
        return rendered_as_set_up(scene, size, 1, tmp_path / "picture.png", solid=False)[..., 1]

    expected, found = head_of(square), head_of(wide)
    assert expected.shape == found.shape == size[::-1]
    assert np.abs(found - expected).mean() < 0.1 * expected.mean()


def test_a_film_is_even_and_never_larger_than_the_scene():
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = 1921, 1081
    assert size_of(bpy.context.scene, 4000) == (1920, 1080)
    assert size_of(bpy.context.scene, 480) == (852, 480)
    render.resolution_x, render.resolution_y, render.pixel_aspect_x = 720, 576, 16 / 15
    assert size_of(bpy.context.scene, 576) == (768, 576)


def test_a_folder_that_cannot_be_made_is_said_before_any_picture_is(made, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(Review, "step", None)
    failure = make_review(bpy.context.scene, made, ReviewSettings(), tmp_path / "file" / "review.mp4")
    assert failure is not None and failure.code == "folder-not-writable"
    assert len(bpy.data.scenes) == 1


def test_the_operator_writes_the_film(made, engine, tmp_path):
    bpy.context.scene.frame_end = 1
    assert bpy.ops.flame.make_review(filepath=str(tmp_path / "by operator")) == {"FINISHED"}
    assert (tmp_path / "by operator.mp4").stat().st_size > 1000


def test_a_track_is_reviewed_without_a_window(track, tmp_path):
    answer = review_track(track, tmp_path / "film.mp4", "wires", 480, "v001")
    assert answer["frames"] == [1, 6] and (tmp_path / "film.mp4").is_file()


def test_a_film_is_written_where_the_terminal_is(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bpy.context.scene.frame_end = 1
    assert make_review(bpy.context.scene, made, ReviewSettings(), Path("here.mp4")) is None
    assert (tmp_path / "here.mp4").stat().st_size > 1000


def test_without_footage_there_is_no_review(made, engine):
    parts = made
    assert bpy.ops.flame.make_review.poll()
    del parts.collection["flame_clip"]
    assert not bpy.ops.flame.make_review.poll()
