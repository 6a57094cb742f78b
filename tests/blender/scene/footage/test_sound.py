"""The sound of the footage is heard under it, and goes with the import."""

from fractions import Fraction
from pathlib import Path

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.footage.strips import strips_of
from flame_extension.blender_flame_tracker.scene.importer import import_track
from synthetic_tracks import make_track

pytestmark = pytest.mark.skipif(
    not bpy.app.build_options.audaspace, reason="this Blender module was built without sound"
)
SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)
TONE = (8000 * np.sin(np.arange(film.SOUND_RATE) / 3)).astype(np.int16)


@pytest.fixture
def bring(tmp_path):
    """Import a clip of a second with sound."""
    video = film.write_film(tmp_path / "clip.mkv", np.arange(25) / 25, 25, sound=TONE)
    track = make_track(
        12, intrinsics=SIZE, frame_index=np.arange(3, 15), video={"name": "clip.mkv", "path": str(video)}
    )
    write_track(tmp_path / "track.npz", track)
    return lambda **settings: import_track(tmp_path / "track.npz", SceneSettings(**settings))


def place(strip):
    return strip.frame_final_start, strip.frame_final_duration


def test_the_sound_begins_where_the_footage_does(bring):
    made = bring(start_at=20)
    (strip,) = strips_of(bpy.context.scene)
    assert strip.type == "SOUND" and place(strip) == (17, 25) and made.parts.clip.frame_start == 17


def test_importing_again_moves_it_and_a_cut_that_somebody_made_stays(bring):
    bring(start_at=20)
    (strip,) = strips_of(bpy.context.scene)
    strip.frame_offset_end = 5
    bring(start_at=30)
    assert [place(each) for each in strips_of(bpy.context.scene)] == [(27, 20)] and len(bpy.data.sounds) == 1


def test_without_sound_nothing_is_left(bring):
    bring()
    bring(sound=False)
    assert not strips_of(bpy.context.scene) and not bpy.data.sounds


def test_it_goes_with_the_collection_and_strips_of_the_user_stay(bring, engine):
    made = bring()
    kept = bpy.data.sounds.load(bpy.data.sounds[0].filepath)
    editor = bpy.context.scene.sequence_editor
    (editor.strips if hasattr(editor, "strips") else editor.sequences).new_sound("mine", kept.filepath, 7, 1)
    bpy.data.collections.remove(made.parts.collection)
    bpy.context.view_layer.update()
    assert [each.name for each in strips_of(bpy.context.scene)] == ["mine"]


def test_in_a_scene_of_another_rate_it_lasts_as_long_as_the_footage_and_frame_by_frame_it_is_left_out(bring):
    scene = bpy.context.scene
    scene.collection.objects.link(bpy.data.objects.new("set", None))
    scene.render.fps = 50
    bring()
    (strip,) = strips_of(scene)
    assert place(strip) == (1 - 6, 50)
    made = bring(rate="clip")
    assert not strips_of(scene) and "sound-left-out" in [notice.code for notice in made.notices]


def test_where_a_silent_copy_is_shown_the_film_that_the_track_names_is_heard(tmp_path):
    for folder in ("footage", "take"):
        (tmp_path / folder).mkdir()
    heard = film.write_film(tmp_path / "footage" / "clip.mpg", np.arange(25) / 25, 25, sound=TONE)
    film.write_film(tmp_path / "take" / "clip.mp4", np.arange(25) / 25, 25)
    track = make_track(12, intrinsics=SIZE, video={"name": "clip.mpg", "path": "../footage/clip.mpg"})
    write_track(tmp_path / "take" / "track.npz", track)
    made = import_track(tmp_path / "take" / "track.npz", SceneSettings())
    assert made.parts.clip.filepath.endswith("clip.mp4")
    assert [Path(bpy.path.abspath(sound.filepath)) for sound in bpy.data.sounds] == [heard.resolve()]


def test_a_film_without_sound_makes_no_strip(tmp_path):
    video = film.write_film(tmp_path / "mute.mkv", np.arange(12) / 25, 25)
    import_track(make_track(12, rate=Fraction(25), intrinsics=SIZE, video={"path": str(video)}), SceneSettings())
    assert not strips_of(bpy.context.scene) and not bpy.data.sounds


def test_one_undo_takes_it_back_with_the_import(bring, engine, tmp_path):
    bpy.ops.ed.undo_push(message="before")
    bring()
    bpy.ops.ed.undo_push(message="import")
    bpy.ops.ed.undo()
    assert not strips_of(bpy.context.scene)
