"""Runs in Blender: from the Track button to the head in the scene, and all that a user does meanwhile."""

import re
from pathlib import Path
from types import SimpleNamespace

import bpy
import flame_extension
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker import paths
from flame_extension.blender_flame_tracker.engine.session import RunState
from flame_extension.blender_flame_tracker.nodes import run_registry
from flame_extension.blender_flame_tracker.operators import track as track_operators
from flame_extension.blender_flame_tracker.scene.footage.plate import lacks_copy
from flame_extension.blender_flame_tracker.tracking import runs
from run_helpers import behave, heads, look_until, make_tree
from synthetic_tracks import make_track


@pytest.fixture
def clip(tmp_path):
    return tmp_path / "José Ünï clips" / "täke one.mp4"


def test_track_waits_in_a_script_and_the_head_is_in_the_scene(tree, tmp_path):
    assert bpy.ops.flame.track() == {"FINISHED"}
    run = run_registry.run_of(tree)
    assert run.state is RunState.DONE
    assert run.outputs["track"] == tmp_path / "José Ünï clips" / "täke one_flame" / "track.npz"
    assert heads() == ["take one head"]
    assert bpy.context.scene.camera.name == "take one camera"
    level, text = runs.outcome(run)[-1]
    assert level == "INFO" and re.fullmatch(r"Tracked 8 frames in \d+(\.\d)? s\.", text)


def test_a_started_run_leaves_blender_free_and_is_watched_by_a_timer_only_while_there_is_work(tree, engine):
    behave(engine.root, "track slowly")
    run = runs.start(tree, bpy.context.scene)
    assert run.state is RunState.WAITING and runs.POLLER.running
    assert runs.POLLER.poll_now() == runs.INTERVAL and run.state is RunState.RUNNING
    assert not bpy.ops.flame.track.poll() and bpy.ops.flame.cancel.poll() and not bpy.ops.flame.resume.poll()
    look_until(lambda: run.state.final and not runs.session().busy)
    assert runs.POLLER.poll_now() is None
    assert heads() == ["take one head"]
    assert bpy.ops.flame.track.poll() and not bpy.ops.flame.cancel.poll()


def test_the_head_is_in_the_scene_as_soon_as_its_track_is_written_while_the_report_is_still_made(tree, engine):
    behave(engine.root, "track, but halt at report")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: heads() and run.stages["Report"].state == "running")
    assert run.state is RunState.RUNNING
    runs.cancel(tree)
    look_until(lambda: run.state.final and not runs.session().busy)
    assert run.state is RunState.CANCELLED and heads() == ["take one head"]
    assert runs.POLLER.poll_now() is None


def test_a_head_that_gets_a_texture_waits_for_it_and_not_for_the_report(tree, engine):
    bpy.ops.flame.switch_stage(kind="texture")
    behave(engine.root, "track, but halt at texture")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.stages["Texture"].state == "running")
    assert run.stages["Track File"].state == "done" and not heads()
    runs.cancel(tree)
    look_until(lambda: run.state.final and not runs.session().busy)
    assert not heads() and runs.POLLER.poll_now() is None
    behave(engine.root, "track, but halt at report")
    runs.start(tree, bpy.context.scene)
    look_until(heads)


def test_a_head_over_footage_that_blender_shows_wrongly_waits_for_the_copy_and_for_nothing_else(engine, tmp_path):
    tree = make_tree(bpy.context.scene, tmp_path / "take.mpg")
    about = {"name": "take.mpg", "path": "../take.mpg"}
    write_track(engine.root / "track.npz", make_track(8, video=about))
    behave(engine.root, "track, but halt at report")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.stages["Report"].state == "running")
    runs.POLLER.poll_now()
    assert not heads()
    runs.cancel(tree)  # Nobody writes the copy any more: better the original than no head.
    look_until(lambda: run.state.final and not runs.session().busy)
    assert heads() == ["take head"]


def test_a_head_waits_for_no_copy_where_none_is_written_or_it_is_there_already(engine, tmp_path):
    tree = make_tree(bpy.context.scene, tmp_path / "take.mpg")
    tree.nodes["Report"].plate = False
    write_track(engine.root / "track.npz", make_track(8, video={"name": "take.mpg", "path": "../take.mpg"}))
    behave(engine.root, "track, but halt at report")
    run = runs.start(tree, bpy.context.scene)
    look_until(heads)
    runs.cancel(tree)
    look_until(lambda: run.state.final and not runs.session().busy)
    track = run.job.stages[[stage.kind for stage in run.job.stages].index("track")].settings.path
    assert lacks_copy(Path(track))
    Path(track).with_name("take.mp4").touch()
    assert not lacks_copy(Path(track))


def test_a_tree_cannot_be_started_twice(tree, engine):
    behave(engine.root, "patient")
    runs.start(tree, bpy.context.scene)
    again = runs.start(tree, bpy.context.scene)
    assert isinstance(again, Failure) and again.code == "already-running"


def test_cancel_and_resume(tree, engine):
    behave(engine.root, "patient")
    first = runs.start(tree, bpy.context.scene)
    look_until(lambda: first.answered)
    assert bpy.ops.flame.cancel() == {"FINISHED"}
    look_until(lambda: first.state.final and not runs.session().busy)
    assert first.state is RunState.CANCELLED and not heads()
    assert runs.outcome(first) == [("INFO", "Cancelled. What was finished is kept: Resume goes on from there.")]
    behave(engine.root, "track")
    assert bpy.ops.flame.resume() == {"FINISHED"}
    assert run_registry.run_of(tree) is not first and heads() == ["take one head"]
    assert not bpy.ops.flame.resume.poll()


def test_scenes_have_runs_of_their_own_one_after_the_other(tree, engine, tmp_path):
    behave(engine.root, "track slowly")
    other_scene = bpy.data.scenes.new("Second")
    other_tree = make_tree(other_scene, tmp_path / "other" / "other.mp4")
    first = runs.start(tree, bpy.context.scene)
    second = runs.start(other_tree, other_scene)
    look_until(lambda: first.state is RunState.RUNNING)
    assert second.state is RunState.WAITING and runs.session().queue == (second,)
    look_until(lambda: second.state.final and not runs.session().busy)
    assert (first.state, second.state) == (RunState.DONE, RunState.DONE)
    assert run_registry.run_of(tree) is first and run_registry.run_of(other_tree) is second
    for scene in (bpy.data.scenes["Scene"], other_scene):
        assert len([thing for thing in scene.objects if thing.type == "CAMERA"]) == 1


def test_track_range_tracks_the_scenes_frames(tree, engine):
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 3, 6
    assert bpy.ops.flame.track_range() == {"FINISHED"}
    video = run_registry.run_of(tree).job.stage("Video").settings
    assert (video.first_frame, video.last_frame) == (2, 5)
    assert tree.nodes["Video"].range == "scene"


def test_nothing_is_imported_while_something_is_edited(tree):
    thing = bpy.data.objects.new("edited", bpy.data.meshes.new("edited"))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    assert bpy.ops.flame.track() == {"FINISHED"}
    assert not heads() and "Object Mode" in runs.waiting_import(tree)
    assert runs.POLLER.poll_now() == runs.OBSTACLE_INTERVAL
    bpy.ops.object.mode_set(mode="OBJECT")
    assert runs.POLLER.poll_now() is None
    assert heads() == ["take one head"] and not runs.waiting_import(tree)


def test_the_import_is_one_step_of_undo(tree):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.flame.track()
    assert heads()
    bpy.ops.ed.undo()
    assert not heads()
    bpy.ops.ed.redo()
    assert heads()


def test_undo_during_a_run_loses_nothing(tree, engine):
    behave(engine.root, "track slowly")
    bpy.ops.ed.undo_push(message="before")
    bpy.context.scene.name = "Renamed"
    bpy.ops.ed.undo_push(message="renamed")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.answered)
    bpy.ops.ed.undo()
    tree_now = bpy.context.scene.flame.tree
    assert run_registry.run_of(tree_now) is run and run.state is RunState.RUNNING
    look_until(lambda: run.state.final and not runs.session().busy)
    assert run.state is RunState.DONE and heads() == ["take one head"]


def test_undoing_the_tree_away_ends_its_run(engine, tmp_path):
    behave(engine.root, "patient")
    bpy.ops.ed.undo_push(message="before the tree")
    tree = make_tree(bpy.context.scene, tmp_path / "clip.mp4")
    bpy.ops.ed.undo_push(message="tree")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.answered)
    bpy.ops.ed.undo()
    assert bpy.context.scene.flame.tree is None
    look_until(lambda: run.state.final and not runs.session().busy)
    assert run.state is RunState.CANCELLED


def test_a_tree_that_was_removed_during_its_run_gets_no_result(tree, engine):
    behave(engine.root, "track slowly")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.answered)
    bpy.data.node_groups.remove(tree)
    look_until(lambda: run.state.final and not runs.session().busy)
    assert run.state is RunState.DONE and not heads()


def test_saving_during_a_run_disturbs_nothing(tree, engine, tmp_path):
    behave(engine.root, "track slowly")
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.answered)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert run_registry.run_of(bpy.context.scene.flame.tree) is run
    look_until(lambda: run.state.final and not runs.session().busy)
    assert heads() == ["take one head"]


def test_only_the_latest_runs_are_kept(engine, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "user_folder", lambda name: tmp_path / name)
    folders = [paths.new_run_folder(f'Scene "{number}": näme / 1') for number in range(paths.RUNS_KEPT + 5)]
    kept = sorted((tmp_path / "runs").iterdir())
    assert kept == folders[-paths.RUNS_KEPT :]
    assert len(set(folders)) == len(folders)


def test_a_run_writes_its_log_below_the_users_folder(tree):
    bpy.ops.flame.track()
    run = run_registry.run_of(tree)
    assert run.log.is_file() and run.log.parent.parent == paths.user_folder("runs")
    assert Path(run.folder / "job.json").is_file()


def test_enabling_the_add_on_again_keeps_the_trees_of_the_file_and_is_quiet(tree, capfd):
    flame_extension.unregister()
    capfd.readouterr()
    flame_extension.register()
    assert "Traceback" not in "".join(capfd.readouterr())
    assert len(bpy.context.scene.flame.tree.nodes) == 10
    assert bpy.ops.flame.track() == {"FINISHED"}


@pytest.mark.parametrize(
    ("space", "temporary", "meant"),
    [
        ("VIEW_3D", False, {"FINISHED"}),
        ("FILE_BROWSER", True, {"PASS_THROUGH"}),
        ("PREFERENCES", True, {"PASS_THROUGH"}),
    ],
)
def test_esc_cancels_unless_it_is_meant_for_a_window_that_it_closes(tree, monkeypatch, space, temporary, meant):
    asked = []
    monkeypatch.setattr(runs, "cancel", asked.append)
    context = SimpleNamespace(
        space_data=SimpleNamespace(type=space), screen=SimpleNamespace(is_temporary=temporary), scene=bpy.context.scene
    )
    assert track_operators.Cancel.invoke(SimpleNamespace(execute=_executed(context)), context, None) == meant
    assert asked == ([tree] if meant == {"FINISHED"} else [])


def _executed(context):
    return lambda _context: track_operators.Cancel.execute(None, context)


def test_nothing_that_chooses_something_can_be_adjusted_later_and_take_back_what_was_done_since(engine):
    names = (
        "choose_video",
        "choose_photographs",
        "use_active_clip",
        "choose_face",
        "use_identity",
        "switch_stage",
        "new_tree",
    )
    for name in names:
        shown = bpy.types.Operator.bl_rna_get_subclass_py(f"FLAME_OT_{name}").bl_options
        assert "UNDO" in shown and "REGISTER" not in shown, name
    for name in ("import_finished", "import_result"):
        assert {"UNDO", "REGISTER"} <= bpy.types.Operator.bl_rna_get_subclass_py(f"FLAME_OT_{name}").bl_options


def test_tracking_is_a_step_of_undo(engine):
    for name in ("track", "track_range", "resume"):
        assert "UNDO" in bpy.types.Operator.bl_rna_get_subclass_py(f"FLAME_OT_{name}").bl_options
