"""A range of a tracked clip is tracked again and joined into its track, as a version that takes nothing away."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.distortion import Distortion
from flame_extension.backend.contract.track import read_track, write_track
from flame_extension.blender_flame_tracker.nodes import run_registry, take_files
from flame_extension.blender_flame_tracker.nodes.retake import compile_retake
from flame_extension.blender_flame_tracker.nodes.state import NodeState, status_of
from flame_extension.blender_flame_tracker.pinning.files import MADE_FROM, sources_of
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.scene.version_list import versions_of
from flame_extension.blender_flame_tracker.tracking import retaking, runs
from flame_extension.blender_flame_tracker.versions import activation
from run_helpers import behave, heads, look_until, unchanged
from version_helpers import first_point, labels, make_version, shown

FRAMES = 20


@pytest.fixture
def tracked(tree, engine, scene):
    """A tree whose clip is tracked, and an engine that gives another head from now on."""
    assert write_track(engine.root / "track.npz", make_version(0, FRAMES)) is None
    assert bpy.ops.flame.track() == {"FINISHED"}
    again = make_version(1, FRAMES)
    part = make_version(1, FRAMES, frame_index=np.arange(FRAMES))
    assert write_track(engine.root / "track.npz", part) is None
    assert len(again) == FRAMES
    scene.flame.blend_frames = 2
    return tree


def take():
    return bpy.data.collections["take one"]


def track_range(first, last, **options):
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = first, last
    assert bpy.ops.flame.track_range(**options) == {"FINISHED"}
    return run_registry.run_of(bpy.context.scene.flame.tree)


def settings_of(run, kind):
    (stage,) = (each for each in json.loads(run.job.to_json())["stages"] if each["kind"] == kind)
    return stage["settings"]


def test_the_range_is_solved_with_the_identity_and_the_lens_of_the_track(tracked):
    file = Path(take()["flame_track"])
    run = track_range(8, 12)
    assert settings_of(run, "head")["identity_track"] == str(file)
    camera, video = settings_of(run, "camera"), settings_of(run, "video")
    assert (camera["focal_mode"], camera["focal_pixels"]) == ("pixels", 700.0)
    assert (video["first_frame"], video["last_frame"]) == (5, 13)  # The range with its blends, from 0.
    assert {each.kind for each in run.stages.values()}.isdisjoint({"report", "texture"})


def test_the_range_is_not_asked_anew_how_its_lens_bends(tracked, scene, tmp_path):
    scene.frame_start, scene.frame_end = 8, 12
    tracked.nodes["Camera"].distortion = "estimate"
    track = read_track(Path(take()["flame_track"]))
    curved = replace(track, header={**track.header, "distortion": asdict(Distortion(k1=-0.1))})
    assert write_track(tmp_path / "curved.npz", curved) is None
    for file, known in ((Path(take()["flame_track"]), ("none", 0.0)), (tmp_path / "curved.npz", ("known", -0.1))):
        compiled = compile_retake(tracked, scene, tracked.nodes["Track File"], file, 2)
        (camera,) = (stage.settings for stage in compiled.job.stages if stage.kind == "camera")
        assert (camera.distortion, camera.k1) == known


def test_the_range_is_solved_with_the_principal_point_of_the_track_and_no_other_lens(tracked, clip, scene, tmp_path):
    scene.frame_start, scene.frame_end = 8, 12
    clip.with_suffix(".lens.json").write_text("{}")
    track = read_track(Path(take()["flame_track"]))
    intrinsics = {**track.header["intrinsics"], "centre_x": 100.0}
    assert (
        write_track(tmp_path / "beside.npz", replace(track, header={**track.header, "intrinsics": intrinsics})) is None
    )
    compiled = compile_retake(tracked, scene, tracked.nodes["Track File"], tmp_path / "beside.npz", 2)
    (camera,) = (stage.settings for stage in compiled.job.stages if stage.kind == "camera")
    assert (camera.focal_mode, camera.lens_file) == ("pixels", "")
    assert (camera.principal_point, camera.centre_x) == ("known", 100.5)


def test_the_joined_track_is_a_version_of_its_own_and_the_former_one_is_as_it_was(tracked, clip):
    whole = Path(take()["flame_track"])
    content, before = whole.read_bytes(), first_point(10)
    run = track_range(8, 12)
    assert labels(take()) == ["Whole Clip", "Frames 8-12 Again"] and shown(take()) == "track_frames_8-12_again.npz"
    assert whole.read_bytes() == content and heads() == ["take one head"]
    assert np.linalg.norm(first_point(10) - before) > 0.015
    assert any(each.code == "range-joined" for each in run.notices)
    assert sorted(each.name for each in whole.parent.iterdir()) == ["track.npz", "track_frames_8-12_again.npz"]


def test_the_nodes_stand_as_the_whole_clip_has_left_them(tracked):
    before, kept = unchanged(tracked), take_files.take_files_of(tracked.nodes["Track File"])
    track_range(8, 12)
    assert unchanged(tracked) == before and "Track File" in before
    assert take_files.take_files_of(tracked.nodes["Track File"]) == kept
    assert tracked.nodes["Video"].range == "clip" and tracked.nodes["Head Model"].identity_track == ""
    assert selection.chosen(bpy.context).file.name == "track_frames_8-12_again.npz"
    assert selection.chosen(bpy.context).node == tracked.nodes["Scene"]


def test_another_range_is_joined_into_the_version_that_is_shown(tracked):
    track_range(8, 12)
    first = Path(take()["flame_track"])
    run = track_range(14, 15)
    assert settings_of(run, "head")["identity_track"] == str(first)
    assert labels(take()) == ["Whole Clip", "Frames 8-12 Again", "Frames 14-15 Again"]
    assert versions_of(take())[2].made_from == str(first)
    track_range(14, 15)
    assert labels(take())[3] == "Frames 14-15 Again 2"


def test_a_range_of_a_clip_that_is_not_tracked_is_a_take_of_its_own(tree, clip):
    run = track_range(3, 5)
    assert run.outputs["track"] == clip.parent / "take one_flame" / "3-5" / "track_3-5.npz"
    assert labels(bpy.data.collections["take one 3-5"]) == ["Frames 3-5"]


@pytest.mark.parametrize("how", ["operator", "panel"])
def test_a_range_of_a_tracked_clip_can_still_be_a_take_of_its_own(tracked, scene, clip, how):
    scene.flame.join_range = how == "operator"
    run = track_range(3, 5, separate=how == "operator")
    assert run.outputs["track"] == clip.parent / "take one_flame" / "3-5" / "track_3-5.npz"
    assert labels(take()) == ["Whole Clip"]


def test_another_scene_gets_the_joined_track_and_the_first_stays_as_it_is(tracked):
    second = bpy.data.scenes.new("Second")
    second.flame.tree, second.frame_start, second.frame_end = tracked, 8, 12
    run = runs.begin(
        tracked, second, compile_retake(tracked, second, tracked.nodes["Track File"], Path(take()["flame_track"]), 2)
    )
    runs.wait(run)
    assert labels(take()) == ["Whole Clip"] and shown(take()) == "track.npz"
    (other,) = second.collection.children
    assert labels(other) == ["Whole Clip", "Frames 8-12 Again"] and shown(other) == "track_frames_8-12_again.npz"


def test_a_range_outside_of_the_clip_is_refused_with_a_sentence(tracked, scene):
    scene.frame_start, scene.frame_end = 100, 120
    with pytest.raises(RuntimeError, match="no frame of the track"):
        bpy.ops.flame.track_range()
    assert labels(take()) == ["Whole Clip"]


def test_undo_brings_the_former_version_back(tracked):
    bpy.ops.ed.undo_push(message="Tracked")
    track_range(8, 12)
    bpy.ops.ed.undo()
    assert shown(take()) == "track.npz" and labels(take()) == ["Whole Clip"]
    assert bpy.ops.ed.redo() == {"FINISHED"}
    assert shown(take()) == "track_frames_8-12_again.npz"


def test_a_retake_that_was_cancelled_is_resumed_as_one(tracked, engine, scene):
    behave(engine.root, "track, but halt at fit")
    scene.frame_start, scene.frame_end = 8, 12
    run = runs.begin(tracked, scene, retaking.retake_of(bpy.context, retaking.base_of(bpy.context)))
    look_until(lambda: any(each.state == "running" and each.kind == "fit" for each in run.stages.values()))
    runs.cancel(tracked)
    look_until(lambda: run.state.final)
    behave(engine.root, "track")
    assert bpy.ops.flame.resume() == {"FINISHED"}
    assert labels(take()) == ["Whole Clip", "Frames 8-12 Again"]


def test_the_person_of_the_track_is_followed_where_there_are_several(tracked, engine):
    file = Path(take()["flame_track"])
    track = read_track(file)
    track.header["report"]["others"] = [{}]
    landmarks = np.full((FRAMES, 478, 2), np.nan, dtype=np.float32)
    landmarks[9] = (160.0, 120.0)
    track.landmarks[:] = landmarks
    file.unlink()
    assert write_track(file, track) is None
    face = settings_of(track_range(8, 12), "face")
    assert face == {"choose": "nearest", "number": 0, "point_x": 0.25, "point_y": 0.25, "point_frame": 9}


def test_a_clip_whose_head_was_deleted_gets_it_back_with_both_versions(tracked):
    bpy.data.collections.remove(take())
    track_range(8, 12)
    assert labels(take()) == ["Whole Clip", "Frames 8-12 Again"]


def test_pins_on_a_joined_track_go_on_from_it(tracked):
    whole = Path(take()["flame_track"])
    track = read_track(whole)
    pinned = whole.with_name("track_pinned.npz")
    header = {**track.header, MADE_FROM: [whole.name, [0, 0]]}
    assert write_track(pinned, replace(track, header=header)) is None
    activation.show_new(bpy.context.scene, take(), pinned, "Pinned", whole)
    track_range(8, 12)
    joined = Path(take()["flame_track"])
    assert sources_of(joined).uncorrected == joined and sources_of(pinned).uncorrected == whole


def test_tracking_the_whole_clip_shows_that_version_again(tracked):
    track_range(8, 12)
    assert bpy.ops.flame.track() == {"FINISHED"}
    assert shown(take()) == "track.npz" and labels(take()) == ["Whole Clip", "Frames 8-12 Again"]
    assert status_of(tracked.nodes["Scene"]).state is NodeState.DONE and heads() == ["take one head"]


def test_a_project_is_opened_with_all_versions_of_its_ranges(tracked, tmp_path):
    track_range(8, 12)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name} copy", ignore=shutil.ignore_patterns("*engine*"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path.parent / f"{tmp_path.name} copy" / "shot.blend"))
    assert bpy.ops.flame.activate_version(name="Whole Clip") == {"FINISHED"}
    assert labels(take()) == ["Whole Clip", "Frames 8-12 Again"]
