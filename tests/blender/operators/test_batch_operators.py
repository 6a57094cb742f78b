"""A batch started from Blender, with the stand-in for the engine: its settings, its progress, its end, its results."""

import json
import os
import sys
import time

import bpy
import pytest
from flame_extension.blender_flame_tracker import paths
from flame_extension.blender_flame_tracker.engine.batch_run import LIST
from flame_extension.blender_flame_tracker.tracking import batch
from panel_helpers import drawn
from run_helpers import behave, heads


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "day 1"
    folder.mkdir()
    for name in ("anna", "broken"):
        (folder / f"{name}.mp4").touch()
    return folder


@pytest.fixture
def able(engine):
    """The stand-in, which goes through the shots of a batch."""
    behave(engine.root, "batch")
    return engine


def files(*names):
    return [{"name": name} for name in names]


def asked(folder_of_runs=None):
    """What the latest batch asked the engine for: its list of shots, and its arguments."""
    folder = max((folder_of_runs or paths.user_folder("runs")).iterdir())
    arguments = json.loads((folder / "seen.json").read_text())["arguments"]
    return json.loads((folder / LIST).read_text())["shots"], arguments


def start_without_waiting(clips, *names):
    """Start as with a window: Blender goes on meanwhile."""
    made = batch.settings_of(None, bpy.context.scene)
    return batch.start(batch.BatchRequest([clips / name for name in names], clips / "results", *made))


def poll_until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        batch.POLLER.poll_now()
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_all_clips_get_the_settings_of_the_tree_that_hold_for_any_clip(able, tree, clips):
    tree.nodes["Video"].range = "custom"
    tree.nodes["Video"].first_frame = 7
    tree.nodes["Video"].stride = 2
    tree.nodes["Smooth"].pose = 0.5
    bpy.ops.flame.switch_stage(kind="arkit")
    done = bpy.ops.flame.batch(directory=str(clips), files=files("anna.mp4"), workers=2, person="Anna")
    assert done == {"FINISHED"}
    shots, arguments = asked()
    assert [(shot["input"], shot["person"], shot["add"]) for shot in shots] == [
        (str(clips / "anna.mp4"), "Anna", ["arkit"])
    ]
    settings = shots[0]["settings"]
    assert settings["smooth"]["pose"] == 0.5 and settings["video"]["stride"] == 2
    assert not {"first_frame", "last_frame", "path"} & set(settings["video"]), "the range is that of one clip"
    assert "face" not in settings and "track" not in settings and "folder" not in settings["report"]
    assert arguments[arguments.index("--out") + 1] == str(clips / "flame_batch")
    assert arguments[arguments.index("--workers") + 1] == "2" and "--retry-failed" in arguments


def test_without_a_choice_the_whole_folder_is_tracked_with_the_usual_settings(able, scene, clips):
    assert bpy.ops.flame.batch(directory=str(clips), all_faces=True, person="Anna") == {"FINISHED"}
    shots, _ = asked()
    assert [shot["input"] for shot in shots] == [str(clips)]
    assert shots[0]["all_faces"] and shots[0]["person"] == "", "everyone is not one person"
    assert shots[0]["settings"] == {}


def test_shots_that_failed_do_not_make_the_batch_a_failure(able, scene, clips):
    done = bpy.ops.flame.batch(directory=str(clips), files=files("anna.mp4", "broken.mp4"))
    assert done == {"FINISHED"}
    run = batch.current()
    assert batch.outcome(run) == "1 of 2 shots tracked, 1 failed: the page says why."
    assert run.page.is_file() and batch.can_resume()
    scene.flame.show_batch = True
    texts = [item.text for item in drawn("flame_batch_shots").items]
    assert "broken: No face was found." in texts and "anna: 8 of 8 frames, 0.20 px" in texts
    assert texts.index("broken: No face was found.") < texts.index("anna: 8 of 8 frames, 0.20 px")


def test_the_result_of_a_chosen_shot_comes_into_the_scene_and_goes_with_undo(able, scene, clips):
    bpy.ops.flame.batch(directory=str(clips), files=files("anna.mp4", "broken.mp4"))
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.flame.import_batch_shot(shot="anna") == {"FINISHED"}
    assert len(heads()) == 1
    bpy.ops.ed.undo_push(message="import")
    bpy.ops.ed.undo()
    assert heads() == [] and batch.current() is not None, "the batch is not part of the file"
    for name in ("broken", "nobody", ""):
        with pytest.raises(RuntimeError, match="There is no track of"):
            bpy.ops.flame.import_batch_shot(shot=name)


def test_progress_is_drawn_and_cancelling_leaves_what_can_be_resumed(able, scene, clips):
    behave(able.root, "batch that goes on")
    run = start_without_waiting(clips, "anna.mp4", "other.mp4")
    poll_until(lambda: run.fraction > 0)
    scene.flame.show_batch = True
    shown = [(item.kind, item.text) for item in drawn().items]
    assert ("progress", "25 %, about 1 min 30 s left") in shown and ("progress", "anna: Fit") in shown
    assert not bpy.ops.flame.batch.poll()
    assert bpy.ops.flame.cancel_batch() == {"FINISHED"}
    poll_until(lambda: not run.supervisor.busy)
    assert batch.outcome(run) == "Stopped with 0 of 2 shots done. Resume goes on from there."
    behave(able.root, "batch")
    assert bpy.ops.flame.resume_batch() == {"FINISHED"}
    assert batch.outcome(batch.current()) == "All 2 shots tracked."
    assert not bpy.ops.flame.resume_batch.poll() and not bpy.ops.flame.cancel_batch.poll()


@pytest.mark.skipif(sys.platform == "win32", reason="asks for a process by its number as POSIX does")
def test_the_engine_ends_with_the_add_on(able, scene, clips, addon):
    behave(able.root, "batch that goes on")
    run = start_without_waiting(clips, "anna.mp4")
    poll_until(lambda: run.fraction > 0)
    number = run.supervisor.pid
    batch.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert run.over


def test_an_engine_that_crashes_is_said_and_can_be_resumed(able, scene, clips):
    behave(able.root, "crash")
    with pytest.raises(RuntimeError, match="ended in the middle of the batch"):
        bpy.ops.flame.batch(directory=str(clips))
    assert batch.can_resume()


def test_what_cannot_be_begun_is_one_sentence(able, scene, clips):
    with pytest.raises(RuntimeError, match="No folder was chosen"):
        bpy.ops.flame.batch()
    with pytest.raises(RuntimeError, match="is a file"):
        bpy.ops.flame.batch(directory=str(clips), results=str(clips / "anna.mp4"))
    assert not bpy.ops.flame.open_batch_page.poll() and not bpy.ops.flame.import_batch_shot.poll()
