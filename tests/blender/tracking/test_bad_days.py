"""Everything that can go wrong with the engine and its files, seen from Blender: said in a sentence, nothing lost."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import bpy
import flame_extension
import pytest
from alive import gone_within, is_alive
from flame_extension.backend.contract import track as track_files
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.supervision.process import Engine
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.engine import environment
from flame_extension.blender_flame_tracker.engine import session as sessions
from flame_extension.blender_flame_tracker.engine.session import RunState
from flame_extension.blender_flame_tracker.nodes import run_registry
from flame_extension.blender_flame_tracker.preferences import preferences
from flame_extension.blender_flame_tracker.tracking import runs
from project import HELPERS, ROOT
from run_helpers import behave, heads, look_until, make_engine, make_tree
from synthetic_tracks import make_track

posix = pytest.mark.skipif(os.name != "posix", reason="looks at processes by POSIX signals")


@pytest.fixture
def clip(tmp_path):
    return tmp_path / "clips" / "take.mp4"


def begin(tree, engine, behaviour):
    """Start a run that does not end by itself, and return it with the number of its process."""
    behave(engine.root, behaviour)
    run = runs.start(tree, bpy.context.scene)
    look_until(lambda: run.answered)
    return run, runs.session().supervisor.pid


def finished(run):
    return lambda: run.state.final and not runs.session().busy


def track_fails(tree, code):
    """Track, and return the failure, which the operator must have said and whose log must be known."""
    with pytest.raises(RuntimeError) as said:
        bpy.ops.flame.track()
    run = run_registry.run_of(tree)
    assert run.state is RunState.FAILED and run.failure.code == code
    assert run.failure.sentence in str(said.value) and run.failure.advice in str(said.value)
    assert run.log.parent == run.folder
    assert not heads()
    return run


# The engine.


def hurry(monkeypatch, **seconds):
    """Give the engine less time than users do."""
    monkeypatch.setattr(runs.session().supervisor, "timeouts", replace(sessions.TIMEOUTS, **seconds))


def test_engine_missing(tree, monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "engine_override", None)
    monkeypatch.setattr(preferences, "engine_folder", lambda: tmp_path / "nothing here")
    with pytest.raises(RuntimeError, match=r"not installed yet\. Press Install Engine in the preferences"):
        bpy.ops.flame.track()
    assert run_registry.run_of(tree) is None and not runs.session().busy


def test_engine_gone_between_the_check_and_the_start(tree, engine, monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "engine_override", Engine(tmp_path / "gone" / "python", engine.root))
    run = track_fails(tree, "engine-missing")
    assert "preferences" in run.failure.advice


def test_engine_of_another_version(tree, engine, monkeypatch):
    hurry(monkeypatch, final_event=0.1)
    behave(engine.root, "other version")
    run = track_fails(tree, "engine-other-version")
    assert "9.9" in run.failure.sentence and "preferences" in run.failure.advice


def test_engine_deleted_while_running(tree, engine):
    run, _ = begin(tree, engine, "needs its files")
    shutil.rmtree(engine.root / "backend")
    look_until(finished(run))
    assert run.failure.code == "engine-missing" and "removed while it worked" in run.failure.sentence
    assert "ModuleNotFoundError" in run.log.read_text()


@posix
def test_engine_killed_from_outside_and_resumed(tree, engine):
    run, pid = begin(tree, engine, "patient")
    os.kill(pid, signal.SIGKILL)
    look_until(finished(run))
    assert run.failure.code == "engine-died" and "it was killed" in run.failure.sentence
    behave(engine.root, "track")
    assert bpy.ops.flame.resume() == {"FINISHED"} and heads()


def test_engine_prints_garbage_half_lines_and_megabytes(tree, engine):
    behave(engine.root, "garbage")
    assert bpy.ops.flame.track() == {"FINISHED"}
    run = run_registry.run_of(tree)
    assert run.state is RunState.DONE and run.log.stat().st_size < 100_000


def test_engine_ends_in_the_middle_of_a_line(tree, engine):
    behave(engine.root, "half line")
    track_fails(tree, "engine-died")


def test_engine_prints_without_end_and_can_be_cancelled(tree, engine, monkeypatch):
    hurry(monkeypatch, cancel=0.1)
    run, pid = begin(tree, engine, "endless")
    runs.cancel(tree)
    look_until(finished(run))
    assert run.state is RunState.CANCELLED and not is_alive(pid)


def test_engine_hangs_is_said_and_cancel_is_quick(tree, engine, monkeypatch):
    run, pid = begin(tree, engine, "silent")
    assert runs.silence_of(run) == ""
    monkeypatch.setattr(runs.session().supervisor, "clock", lambda: time.monotonic() + sessions.SILENCE + 12)
    assert runs.silence_of(run) == "No sign of life from the engine for 42 s."
    monkeypatch.setattr(sessions, "SILENT_CANCEL_TIMEOUT", 0.1)
    assert bpy.ops.flame.cancel() == {"FINISHED"}
    look_until(finished(run), seconds=5)
    assert run.state is RunState.CANCELLED and not is_alive(pid)


def test_disk_full_as_the_engine_says_it(tree, engine):
    behave(engine.root, "disk full")
    track_fails(tree, "disk-full")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_disk_full_where_the_job_is_written(tree, monkeypatch, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "job.json").symlink_to("/dev/full")
    monkeypatch.setattr(runs, "new_run_folder", lambda _owner: folder)
    run = track_fails(tree, "job-not-written")
    assert "No space left" in run.failure.sentence


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_disk_full_where_the_log_is_written(tree, engine, monkeypatch, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "engine.log").symlink_to("/dev/full")
    monkeypatch.setattr(runs, "new_run_folder", lambda _owner: folder)
    behave(engine.root, "garbage")
    assert bpy.ops.flame.track() == {"FINISHED"}


def test_engine_path_is_a_random_program(tree, engine, monkeypatch):
    behave(engine.root, "stranger")
    run = track_fails(tree, "engine-not-ours")
    assert "did not answer as the engine does" in run.failure.sentence
    assert "Usage: something else entirely" in run.log.read_text()


@pytest.mark.parametrize("behaviour", ["stranger that stays", "speechless"])
def test_engine_path_is_a_random_program_that_stays(tree, engine, monkeypatch, behaviour):
    hurry(monkeypatch, hello_after_noise=0.2, hello=1.0)
    behave(engine.root, behaviour)
    track_fails(tree, "engine-not-ours")


@posix
def test_engine_path_is_a_program_of_the_system(tree, engine, monkeypatch):
    monkeypatch.setattr(runs, "engine_override", Engine(Path(shutil.which("ls")), engine.root))
    track_fails(tree, "engine-not-ours")


def test_engine_folder_is_some_folder(tree, monkeypatch, tmp_path):
    (tmp_path / "holiday pictures").mkdir()
    (tmp_path / "holiday pictures" / "beach.jpg").touch()
    found = environment.engine_in(tmp_path / "holiday pictures")
    assert isinstance(found, Failure) and "preferences" in found.advice


# Blender.


@posix
def test_add_on_disabled_during_a_run(tmp_path, monkeypatch):
    flame_extension.register()
    engine = make_engine(tmp_path / "engine")
    monkeypatch.setattr(runs, "engine_override", engine)
    tree = make_tree(bpy.context.scene, tmp_path / "take.mp4")
    run, pid = begin(tree, engine, "deaf")
    child = int((run.folder / "child").read_text())
    flame_extension.unregister()
    assert gone_within(5, pid, child)
    assert run.state is RunState.CANCELLED and not runs.POLLER.running


@posix
def test_second_file_opened_during_a_run(tree, engine, tmp_path):
    other = tmp_path / "other.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(other), copy=True)
    run, pid = begin(tree, engine, "patient")
    bpy.ops.wm.open_mainfile(filepath=str(other))
    assert gone_within(5, pid) and run.state is RunState.CANCELLED
    tree_now = bpy.context.scene.flame.tree
    assert tree_now is not None and run_registry.run_of(tree_now) is None
    assert runs.POLLER.poll_now() is None


def test_file_that_cannot_be_opened_during_a_run_leaves_the_run_to_be_resumed(tree, engine, tmp_path):
    (tmp_path / "broken.blend").write_bytes(b"no")
    run, _ = begin(tree, engine, "patient")
    with pytest.raises(RuntimeError):
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "broken.blend"))
    assert run_registry.run_of(bpy.context.scene.flame.tree) in (run, None)
    assert not runs.session().busy or run.state is RunState.RUNNING


@posix
def test_blender_killed_and_the_real_engine_is_gone_in_five_seconds(tmp_path):
    pytest.importorskip("torch", reason="the engine is not installed in this environment")
    video = ROOT.parent / "shared" / "data" / "videos" / "grid_bbaf2n.mpg"
    if not video.is_file():
        pytest.skip("the clip is not here")
    parent = subprocess.Popen(
        [sys.executable, str(HELPERS / "orphan_parent.py"), str(ROOT), str(tmp_path / "rün"), video],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    assert gone_within(5, pid), "the engine outlived Blender"


# Files.


def test_video_moved_and_found_again(tree, engine, tmp_path):
    video = tmp_path / "clips" / "take.mp4"
    moved = tmp_path / "elsewhere" / "take.mp4"
    moved.parent.mkdir()
    video.rename(moved)
    with pytest.raises(RuntimeError, match=r"take\.mp4 is not where it was.*Choose it again"):
        bpy.ops.flame.track()
    assert bpy.ops.flame.find_video(filepath=str(moved)) == {"FINISHED"}
    assert tree.nodes["Video"].path == str(moved) and run_registry.run_of(tree).state is RunState.DONE


def test_video_moved_after_tracking(tree, engine, tmp_path):
    bpy.ops.flame.track()
    file = tmp_path / "shot.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    shutil.rmtree(tmp_path / "clips")
    bpy.ops.wm.open_mainfile(filepath=str(file))
    assert heads() == ["take one head"]
    with pytest.raises(RuntimeError, match=r"take\.mp4 is not where it was"):
        bpy.ops.flame.track()
    assert heads() == ["take one head"]


def test_video_moved_after_tracking_and_imported_again(tree, engine, tmp_path):
    bpy.ops.flame.track()
    kept = tmp_path / "kept.npz"
    shutil.copy(run_registry.run_of(tree).outputs["track"], kept)
    shutil.rmtree(tmp_path / "clips")
    assert bpy.ops.flame.import_result(filepath=str(kept)) == {"FINISHED"}
    assert "take one head.001" in bpy.data.objects


def test_track_file_of_a_newer_version(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(track_files, "SCHEMA", track_files.SCHEMA + 1)
    newer = make_track(4)
    write_track(tmp_path / "newer.npz", replace(newer, header={**newer.header, "schema": track_files.SCHEMA}))
    monkeypatch.undo()
    for operator in (bpy.ops.flame.import_result, bpy.ops.import_scene.flame_track):
        with pytest.raises(RuntimeError, match=r"newer\.npz.*newer"):
            operator(filepath=str(tmp_path / "newer.npz"))
    assert not heads()


def test_blend_moved_to_another_machine(tree, engine, tmp_path):
    project, copy = tmp_path / "project", tmp_path / "another machine" / "pröject"
    shutil.move(tmp_path / "clips", project / "clips")
    bpy.ops.wm.save_as_mainfile(filepath=str(project / "shot.blend"))
    tree = bpy.context.scene.flame.tree
    tree.nodes["Video"].path = "//clips/take.mp4"
    bpy.ops.wm.save_mainfile()
    copy.parent.mkdir()
    project.rename(copy)
    bpy.ops.wm.open_mainfile(filepath=str(copy / "shot.blend"))
    assert bpy.ops.flame.track() == {"FINISHED"}
    run = run_registry.run_of(bpy.context.scene.flame.tree)
    assert run.job.stage("Video").settings.path == str(copy / "clips" / "take.mp4")
    assert run.outputs["track"] == copy / "take_flame" / "track.npz"


def test_blend_moved_to_another_machine_without_its_files(tree, engine, tmp_path):
    bpy.ops.flame.track()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    alone = tmp_path / "alone"
    alone.mkdir()
    (tmp_path / "shot.blend").rename(alone / "shot.blend")
    shutil.rmtree(tmp_path / "clips")
    bpy.ops.wm.open_mainfile(filepath=str(alone / "shot.blend"))
    assert heads() == ["take one head"]
    with pytest.raises(RuntimeError, match=r"track"):
        bpy.ops.flame.import_result()


def test_read_only_project_folder_asks_for_another_and_loses_nothing(tree, engine, tmp_path):
    # A file in the place of the folder: nothing can be written there, not even by the superuser.
    (tmp_path / "clips" / "take_flame").write_text("in the way")
    tree.nodes["Landmarks"].quality = "draft"
    with pytest.raises(RuntimeError, match=r"Nothing can be written to .*take_flame.*Choose another folder"):
        bpy.ops.flame.track()
    chosen = tmp_path / "my own földer"
    chosen.mkdir()
    assert bpy.ops.flame.choose_result_folder(directory=str(chosen)) == {"FINISHED"}
    run = run_registry.run_of(tree)
    assert run.outputs["track"] == chosen / "take_flame" / "track.npz"
    assert run.job.stage("Landmarks").settings.quality == "draft"
    assert heads() == ["take one head"]
    assert (tmp_path / "clips" / "take_flame").read_text() == "in the way"


def test_two_clips_of_one_name_do_not_replace_each_other(tree, engine, tmp_path):
    other, folder = tmp_path / "second unit" / "take.mp4", tmp_path / "clips" / "take_flame"
    other.parent.mkdir()
    other.write_bytes(b"another clip")
    folder.mkdir()
    write_track(folder / "track.npz", make_track(4, video={"name": "take.mp4", "path": str(other)}))
    before = (folder / "track.npz").read_bytes()
    with pytest.raises(RuntimeError, match=r"holds the results of another clip, .*second unit"):
        bpy.ops.flame.track()
    assert (folder / "track.npz").read_bytes() == before
    assert bpy.ops.flame.choose_result_folder(directory=str(tmp_path)) == {"FINISHED"}
    assert run_registry.run_of(tree).outputs["track"] == tmp_path / "take_flame" / "track.npz"
    # A clip that was only moved is still the same.
    other.unlink()
    tree.nodes["Track File"].path = str(folder / "track.npz")
    assert bpy.ops.flame.track() == {"FINISHED"}


def test_user_name_with_spaces_and_accents(monkeypatch, tmp_path):
    home = tmp_path / "José Ünï 名 O'Neil & Söhne"
    flame_extension.register()
    try:
        engine = make_engine(home / "engine (1)")
        monkeypatch.setattr(runs, "engine_override", engine)
        monkeypatch.setattr(runs, "new_run_folder", lambda owner: _made(home / "runs" / owner))
        tree = make_tree(bpy.context.scene, home / "Vidéos" / "prise 100% #1.mp4")
        bpy.ops.wm.save_as_mainfile(filepath=str(home / "projet été.blend"))
        tree = bpy.context.scene.flame.tree
        assert bpy.ops.flame.track() == {"FINISHED"}
        assert run_registry.run_of(tree).outputs["track"] == home / "prise 100% #1_flame" / "track.npz"
        assert heads()
    finally:
        flame_extension.unregister()


def _made(folder):
    folder.mkdir(parents=True)
    return folder
