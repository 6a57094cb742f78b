"""A clip that the user has opened, at its own place in time, is the footage of the import: there is no second copy."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import footage_picture
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)


@pytest.fixture
def video(tmp_path):
    return film.write_film(tmp_path / "clip.mkv", np.arange(12) / 25, 25)


@pytest.fixture
def clip(video):
    """The user's clip: the shot begins at frame 101."""
    opened = bpy.data.movieclips.load(str(video))
    opened.frame_start = 101
    scene = bpy.context.scene
    scene.active_clip, scene.frame_start, scene.frame_end = opened, 101, 110
    return opened


def bring(video, **settings):
    track = make_track(8, intrinsics=SIZE, frame_index=np.arange(2, 10), video={"path": str(video)})
    return import_track(track, SceneSettings(**settings))


def test_the_users_clip_is_shown_and_stays_as_it_is(video, clip, tmp_path):
    path = clip.filepath
    made = bring(video, start_at=103)
    assert made.parts.clip == clip and len(bpy.data.movieclips) == 1
    assert (clip.frame_start, clip.frame_offset, clip.filepath) == (101, 0, path)
    assert {each.clip for each in made.parts.camera.data.background_images} == {clip}
    assert film.number_in(footage_picture(clip, 105, tmp_path)) == int(made.timeline.row[2]) + 2


def test_the_range_of_the_shot_stays(video, clip):
    bring(video, start_at=103)
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (101, 110)


def test_in_a_scene_of_another_rate_the_users_clip_still_goes_as_the_user_sees_it(video, clip, tmp_path):
    scene = bpy.context.scene
    scene.collection.objects.link(bpy.data.objects.new("set", None))
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = film.WIDTH, film.HEIGHT
    made = bring(video, start_at=103)
    assert made.parts.clip == clip and list(made.timeline.frame) == list(range(103, 111))
    assert film.number_in(footage_picture(clip, 105, tmp_path)) == 4


def test_importing_again_and_without_footage_never_removes_it(video, clip):
    bring(video, start_at=103)
    assert bring(video, start_at=103).parts.clip == clip and len(bpy.data.movieclips) == 1
    bpy.context.scene.active_clip = None
    made = bring(video, start_at=103, plate=False)
    assert made.parts.clip is None and list(bpy.data.movieclips) == [clip]
    assert len(made.parts.camera.data.background_images) == 0


@pytest.mark.parametrize("change", ["other place", "other shape", "other file"])
def test_a_clip_that_shows_something_else_gets_company(video, clip, tmp_path, change):
    if change == "other place":
        clip.frame_start = 50
    elif change == "other shape":
        clip.display_aspect = (4, 3)
    else:
        clip.filepath = str(film.write_film(tmp_path / "other.mkv", np.arange(12) / 25, 25))
    before = (clip.frame_start, tuple(clip.display_aspect), clip.filepath)
    made = bring(video, start_at=103)
    assert made.parts.clip != clip and made.parts.clip.frame_start == 101
    assert (clip.frame_start, tuple(clip.display_aspect), clip.filepath) == before


def test_when_the_clip_is_moved_the_next_import_has_its_own_copy_and_takes_the_clip_when_it_is_back(video, clip):
    bring(video, start_at=103)
    clip.frame_start = 20
    own = bring(video, start_at=103).parts
    assert own.clip != clip and clip.frame_start == 20
    assert {each.clip for each in own.camera.data.background_images} == {own.clip}
    clip.frame_start = 101
    made = bring(video, start_at=103)
    assert made.parts.clip == clip and list(bpy.data.movieclips) == [clip]


def test_two_imports_of_one_clip_have_a_copy_each_as_none_is_the_users(video, tmp_path):
    first = bring(video)
    second = import_track(
        make_track(8, intrinsics=SIZE, frame_index=np.arange(2, 10), video={"name": "b.mkv", "path": str(video)}),
        SceneSettings(),
    )
    assert first.parts.clip != second.parts.clip


def test_use_active_clip_lets_the_head_start_where_the_clip_does(clip, engine):
    assert bpy.ops.flame.use_active_clip() == {"FINISHED"}
    assert bpy.context.scene.flame.tree.nodes["Scene"].start_at == 101
