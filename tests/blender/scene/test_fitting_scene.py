"""Rate, range, picture, camera and colours are set where the scene is as Blender starts it, else kept and told."""

import json
from fractions import Fraction

import bpy
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene import fitting_scene
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.record import RECORD, read_record
from run_helpers import make_tree
from synthetic_tracks import make_track

ALONE = SceneSettings(plate=False)


@pytest.fixture
def scene():
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    return bpy.context.scene


def values(scene):
    """All that could be changed."""
    parts = fitting_scene.scene_parts(scene)
    return parts["rate"], parts["range"], parts["picture"], scene.camera, scene.view_settings.view_transform


def keyed_object(scene):
    thing = bpy.data.objects.new("animated by hand", None)
    scene.collection.objects.link(thing)
    thing.keyframe_insert("location", frame=240)
    return thing


def codes(made):
    return [notice.code for notice in made.notices]


def test_the_scene_of_a_fresh_blender_becomes_that_of_the_clip(scene):
    made = import_track(make_track(10, rate=Fraction(30)), ALONE)
    assert values(scene) == ([30.0], [1, 10], [640, 480, 100, 1.0, 1.0], made.parts.camera, "Standard")
    assert codes(made) == []


def test_a_scene_with_animation_keeps_all_and_one_line_says_so(scene):
    scene.frame_start, scene.frame_end = 1, 240
    keyed_object(scene)
    before = values(scene)
    made = import_track(make_track(10, rate=Fraction(30)), ALONE)
    assert values(scene) == before and scene.frame_current == 1
    (notice,) = made.notices
    assert notice.sentence == (
        "The scene keeps its frame rate (24, the clip has 30), frame range, resolution and camera."
    )


@pytest.mark.parametrize("content", ["object", "moved camera", "strip", "other track"])
def test_what_somebody_put_into_the_scene_keeps_it_as_it_is(scene, tmp_path, content):
    if content == "object":
        scene.collection.objects.link(bpy.data.objects.new("set", bpy.data.meshes.new("set")))
    elif content == "moved camera":
        scene.camera.location.x += 1
    elif content == "strip":
        editor = scene.sequence_editor_create()
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        strips.new_effect("title", "COLOR", 1, 1, **{"length" if bpy.app.version >= (5, 0) else "frame_end": 20})
    else:
        write_track(tmp_path / "first.npz", make_track(5, rate=Fraction(25)))
        import_track(tmp_path / "first.npz", ALONE)
    before = values(scene)
    made = import_track(make_track(10, rate=Fraction(30), intrinsics=Intrinsics.centred(320, 320, 300.0)), ALONE)
    assert values(scene) == before and codes(made) == ["scene-kept"]


def test_a_photograph_changes_no_scene_that_holds_something(scene):
    keyed_object(scene)
    before = values(scene)
    import_track(make_track(1, intrinsics=Intrinsics.centred(115, 115, 150.0)), ALONE)
    assert values(scene) == before


def test_what_the_user_chose_in_an_empty_scene_stays_and_the_rest_is_set(scene):
    scene.render.fps, scene.render.fps_base = 24, 1.001
    scene.view_settings.view_transform = "Raw"
    made = import_track(make_track(10, rate=Fraction(30)), ALONE)
    # A third of a second has eight frames and a bit there.
    assert values(scene)[1:] == ([1, 9], [640, 480, 100, 1.0, 1.0], made.parts.camera, "Raw")
    assert "frame rate (23.976, the clip has 30)" in made.notices[0].sentence


def test_an_update_follows_the_clip_as_long_as_nobody_has_changed_what_the_import_set(scene):
    import_track(make_track(10), ALONE)
    import_track(make_track(16), ALONE)
    assert (scene.frame_start, scene.frame_end) == (1, 16)
    scene.frame_end = 12
    made = import_track(make_track(20), ALONE)
    assert (scene.frame_start, scene.frame_end) == (1, 12)
    assert made.notices[0].sentence == "The scene keeps its frame range."


def test_when_the_import_is_deleted_the_scene_is_free_for_the_next_one(scene, tmp_path):
    write_track(tmp_path / "first.npz", make_track(5, rate=Fraction(25)))
    first = import_track(tmp_path / "first.npz", ALONE).parts
    for thing in list(first.collection.objects):
        bpy.data.objects.remove(thing)
    bpy.data.collections.remove(first.collection)
    made = import_track(make_track(10, rate=Fraction(30)), ALONE)
    assert values(scene)[:2] == ([30.0], [1, 10]) and scene.camera == made.parts.camera and codes(made) == []


def test_always_sets_everything_and_never_nothing(scene):
    keyed_object(scene)
    before = values(scene)
    import_track(make_track(10), SceneSettings(plate=False, fit_scene="never"))
    assert values(scene) == before
    made = import_track(make_track(10), SceneSettings(plate=False, fit_scene="always"))
    assert values(scene)[:4] == ([25.0], [1, 10], [640, 480, 100, 1.0, 1.0], made.parts.camera)


def test_a_button_fits_the_scene_afterwards(scene, engine, tmp_path):
    keyed_object(scene)
    write_track(tmp_path / "track.npz", make_track(10, rate=Fraction(30)))
    camera = import_track(tmp_path / "track.npz", ALONE).parts.camera
    assert bpy.ops.flame.fit_scene() == {"FINISHED"}
    assert values(scene)[:4] == ([30.0], [1, 10], [640, 480, 100, 1.0, 1.0], camera)
    assert not bpy.ops.flame.fit_scene.poll()


def test_a_button_shows_the_colours_of_the_footage(scene, engine):
    scene.view_settings.view_transform = "AgX"
    assert bpy.ops.flame.use_standard_view() == {"FINISHED"}
    assert scene.view_settings.view_transform == "Standard" and not bpy.ops.flame.use_standard_view.poll()


def test_scripts_and_files_of_older_versions_mean_what_they_meant(scene, engine, tmp_path):
    write_track(tmp_path / "track.npz", make_track(10, rate=Fraction(30)))
    before = values(scene)
    bpy.ops.import_scene.flame_track(filepath=str(tmp_path / "track.npz"), set_scene=False)
    assert values(scene) == before
    node = make_tree(scene, tmp_path / "clip.mp4").nodes["Scene"]
    node.set_scene = False
    assert node.fit_scene == "never"
    node.set_scene = True
    assert node.fit_scene == "always"
    assert read_record_of({"set_scene": False}).fit_scene == "never"
    assert read_record_of({"set_scene": True}).fit_scene == "auto"


def read_record_of(settings):
    """Settings as an import of an older version has them on its collection."""
    collection = bpy.data.collections.new("older")
    collection[RECORD] = json.dumps({"settings": settings})
    return read_record(collection).settings


def test_a_scene_without_a_camera_gets_the_clips_whatever_it_holds(scene):
    keyed_object(scene)
    bpy.data.objects.remove(scene.camera)
    assert import_track(make_track(4), ALONE).parts.camera == scene.camera
