"""A second person of one clip: its head moves in the space of the camera that the first import has made."""

from dataclasses import replace

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from run_helpers import make_tree
from scene_probes import pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track

LENS = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)
OTHER_LENS = Intrinsics(film.WIDTH, film.HEIGHT, 173.0, 173.0, 60.0, 35.0)


@pytest.fixture
def shared(tmp_path):
    """Import two people of one clip, the second fitted with a lens of its own; what was made and the second's track."""

    def bring(lens=LENS, first=None, second=None, first_lens=LENS):
        video = {"name": "two.mkv", "path": str(film.write_film(tmp_path / "two.mkv", np.arange(12) / 25, 25))}
        one = make_track(12, intrinsics=first_lens, video=video)
        two = make_track(8, intrinsics=lens, seed=9, frame_index=np.arange(3, 11), video=video)
        write_track(tmp_path / "one.npz", one)
        write_track(tmp_path / "two.npz", two)
        left = import_track(tmp_path / "one.npz", first or SceneSettings(start_at=20))
        settings = replace(second or SceneSettings(), same_camera=left.parts.collection.name)
        return left, import_track(tmp_path / "two.npz", settings), two

    return bring


def worst_pixel(made, track, lens=LENS):
    """Largest distance between Blender's projection and the engine's on any frame; scene frame 20 is frame 0."""
    worst = 0.0
    for row, index in enumerate(track.frame_index):
        bpy.context.scene.frame_set(20 + int(index))
        seen = pixels_by_matrix(made.parts.head, made.parts.camera, lens)
        worst = max(worst, np.abs(seen - pixels_by_engine(track, row)).max())
    return worst


@pytest.mark.parametrize("motion", ["camera", "head"])
@pytest.mark.parametrize("lens", [LENS, OTHER_LENS])
def test_the_second_head_lies_on_the_footage_to_a_pixel_whatever_moves_and_with_whatever_lens_it_was_fitted(
    shared, motion, lens
):
    left, made, track = shared(lens, first=SceneSettings(start_at=20, motion=motion))
    assert made.parts.camera == left.parts.camera and made.parts.shares_camera
    assert worst_pixel(made, track) <= 0.05
    left.parts.root.location, left.parts.root.scale = (1, 2, 3), (10, 10, 10)
    assert worst_pixel(made, track) <= 0.05


def test_with_the_same_lens_the_head_keeps_its_shape_and_with_another_one_that_is_told(shared):
    _, made, _ = shared()
    assert "other-lens" not in [notice.code for notice in made.notices]
    bpy.context.view_layer.update()
    scale = np.linalg.norm(np.array(made.parts.head.matrix_world)[:3, :3], axis=0)
    assert scale == pytest.approx([1, 1, 1], abs=1e-5)


def test_another_lens_is_told_with_the_one_to_track_with(shared):
    _, made, _ = shared(OTHER_LENS)
    (notice,) = [notice for notice in made.notices if notice.code == "other-lens"]
    assert "13.3 % flatter" in notice.sentence and notice.advice.startswith("Track it with Focal Length: Pixels, 150.0")


def test_of_pixels_that_are_not_square_the_lens_is_told_in_square_ones(shared):
    wide = film.WIDTH * 4 // 3
    seen, fitted = (Intrinsics.centred(wide, film.HEIGHT, each).resized(film.WIDTH, film.HEIGHT) for each in (150, 173))
    _, made, _ = shared(fitted, first_lens=seen)
    (notice,) = [notice for notice in made.notices if notice.code == "other-lens"]
    assert "(173 px)" in notice.sentence
    assert notice.advice.startswith("Track it with Focal Length: Pixels, 150.0")


def test_one_camera_one_footage_and_nothing_of_the_first_is_changed(shared):
    left, made, _ = shared()
    cameras = [thing for thing in bpy.context.scene.objects if thing.type == "CAMERA"]
    assert cameras == [left.parts.camera] and len(bpy.data.movieclips) == 1
    assert made.parts.camera not in list(made.parts.collection.all_objects)
    assert len(left.parts.camera.data.background_images) == 2
    assert made.timeline.footage_start == 20 and made.timeline.first == 23


def test_importing_again_gives_it_a_camera_of_its_own_and_back(shared, tmp_path):
    left, _, track = shared()
    name = left.parts.collection.name
    alone = import_track(tmp_path / "two.npz", SceneSettings(start_at=23))
    assert alone.parts.camera != left.parts.camera and not alone.parts.shares_camera
    assert worst_pixel(alone, track) <= 0.05
    again = import_track(tmp_path / "two.npz", SceneSettings(same_camera=name))
    assert again.parts.camera == left.parts.camera and len(bpy.data.cameras) == 1
    assert worst_pixel(again, track) <= 0.05


def test_footage_that_both_show_stays_behind_the_first_when_the_second_takes_its_camera(shared, tmp_path):
    clip = bpy.data.movieclips.load(str(film.write_film(tmp_path / "two.mkv", np.arange(12) / 25, 25)))
    clip.frame_start = 20
    left, _, _ = shared()
    alone = import_track(tmp_path / "two.npz", SceneSettings(start_at=23)).parts
    assert left.parts.clip == alone.clip == clip
    import_track(tmp_path / "two.npz", SceneSettings(same_camera=left.parts.collection.name))
    assert {each.clip for each in left.parts.camera.data.background_images} == {clip}


def test_a_node_that_shares_a_camera_does_not_ask_what_that_decides(engine, tmp_path):
    node = make_tree(bpy.context.scene, tmp_path / "clip.mp4").nodes["Scene"]
    asked = ("motion", "plate", "sound", "place")
    assert all(node.matters(name) for name in asked)
    node.same_camera = "somebody"
    assert not any(node.matters(name) for name in asked) and node.matters("fit_scene")


def test_a_renamed_import_is_found_as_long_as_its_camera_is_shared(shared, tmp_path):
    left, _, track = shared()
    name = left.parts.collection.name
    left.parts.collection.name = "renamed"
    again = import_track(tmp_path / "two.npz", SceneSettings(same_camera=name))
    assert again.parts.camera == left.parts.camera and worst_pixel(again, track) <= 0.05


def test_a_name_that_is_no_import_is_refused_before_anything_is_made():
    refusal = import_track(make_track(4), SceneSettings(same_camera="nobody"))
    assert isinstance(refusal, Failure) and refusal.code == "no-shared-camera" and not bpy.data.objects


def test_two_imports_cannot_hang_on_each_other(shared, tmp_path):
    left, made, _ = shared()
    refusal = import_track(tmp_path / "one.npz", SceneSettings(same_camera=made.parts.collection.name))
    assert isinstance(refusal, Failure) and not parts_of(left.parts.collection).shares_camera
