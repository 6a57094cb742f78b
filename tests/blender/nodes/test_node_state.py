"""States that nodes show: before, during and after runs, after changes, undo, and in files."""

import os

import bpy
import flame_extension
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.nodes import run_registry, state
from flame_extension.blender_flame_tracker.results.first_view import import_and_show
from node_helpers import begin, compiled, finish, say, states
from synthetic_tracks import make_track

pytestmark = pytest.mark.usefixtures("addon")


BEFORE_FIT = ("Video", "Face", "Head Model", "Camera", "Landmarks")
FROM_FIT_ON = ("Fit", "Smooth", "Track File", "Report")


@pytest.fixture
def tracked(tree, tmp_path):
    finish(tree, begin(tree, tmp_path))
    return tree


def status(tree, name):
    return state.status_of(tree.nodes[name])


def stale(tree):
    return {name for name, each in states(tree).items() if each == "STALE"}


def test_a_new_tree_was_not_run(tree):
    assert set(states(tree).values()) == {"NOT_RUN"}


def test_states_during_a_run(tree, tmp_path):
    run = begin(tree, tmp_path)
    assert {name for name, each in states(tree).items() if each == "WAITING"} == set(BEFORE_FIT + FROM_FIT_ON)
    assert states(tree)["Scene"] == "NOT_RUN"
    say(run, "stage", name="Video", state="cached", summary="90 frames")
    say(run, "stage", name="Landmarks", state="running")
    say(run, "progress", name="Landmarks", done=30, total=90, seconds_left=12.0)
    assert status(tree, "Video") == state.Status(state.NodeState.CACHED, 1.0, "90 frames")
    assert status(tree, "Landmarks") == state.Status(state.NodeState.RUNNING, pytest.approx(1 / 3), "", 12.0)
    say(run, "stage", name="Landmarks", state="done", seconds=20.0, summary="90 of 90 frames")
    assert status(tree, "Landmarks") == state.Status(state.NodeState.DONE, 1.0, "90 of 90 frames", 20.0)
    assert states(tree)["Fit"] == "WAITING"


def test_states_after_a_run(tracked):
    assert {states(tracked)[name] for name in BEFORE_FIT + FROM_FIT_ON} == {"DONE"}
    assert status(tracked, "Fit").text == "Fit is good" and status(tracked, "Fit").seconds == 2.0


@pytest.mark.parametrize(
    ("node", "setting", "value", "changed"),
    [
        ("Smooth", "pose", 0.2, {"Smooth", "Track File", "Report"}),
        ("Fit", "smoothness", 2.0, set(FROM_FIT_ON)),
        ("Camera", "focal_mode", "estimate", {"Camera", *FROM_FIT_ON}),
        ("Report", "sheet", False, {"Report"}),
        ("Video", "range", "custom", {"Video", "Camera", "Landmarks", *FROM_FIT_ON}),
    ],
)
def test_a_change_makes_stale_what_depends_on_it_and_taking_it_back_makes_it_true_again(
    tracked, node, setting, value, changed
):
    tracked.nodes["Video"].last_frame = 50
    before = getattr(tracked.nodes[node], setting)
    setattr(tracked.nodes[node], setting, value)
    assert stale(tracked) == changed
    assert status(tracked, node).text == f"{node} is good", "what was found last is still told"
    setattr(tracked.nodes[node], setting, before)
    assert stale(tracked) == set() and states(tracked)[node] == "DONE"


def test_a_folder_that_may_not_be_entered_makes_stale_and_raises_nothing(tracked, tmp_path, monkeypatch):
    closed, ask = tmp_path / "clips", os.stat

    def refusing(path, *arguments, **options):
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(f"{closed}{os.sep}"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return ask(path, *arguments, **options)

    monkeypatch.setattr(os, "stat", refusing)
    state.refresh(tracked)
    assert status(tracked, "Video").state == state.NodeState.STALE


def test_a_changed_video_makes_stale_what_was_made_of_it(tracked, tmp_path):
    video = tmp_path / "clips" / "take one.mp4"
    os.utime(video, (1, 1))
    state.refresh(tracked)
    assert not stale(tracked), "only its content counts"
    video.write_bytes(b"another video")
    state.refresh(tracked)
    assert {"Video", "Landmarks", "Fit", "Track File"} <= stale(tracked)
    assert not {"Face", "Head Model"} & stale(tracked)


def test_a_track_file_that_is_gone_is_no_result(tracked):
    compiled(tracked).tracks["Track File"].unlink()
    state.refresh(tracked)
    assert stale(tracked) == {"Track File"}


def test_a_file_that_another_run_wrote_in_its_place_is_no_result_either(tracked, tmp_path):
    """Undoing the change that led to the second run shows the first one's settings, but the file is the second's."""
    tracked.nodes["Smooth"].pose = 0.5
    finish(tracked, begin(tracked, tmp_path / "second run"))
    assert stale(tracked) == set()
    tracked.nodes["Smooth"].pose = 0.0
    assert stale(tracked) == {"Track File", "Report"} and states(tracked)["Smooth"] == "DONE"


def test_links_and_mutes_count(tracked):
    tracked.nodes["Smooth"].mute = True
    assert stale(tracked) == {"Track File", "Report"}
    tracked.nodes["Smooth"].mute = False
    tracked.links.remove(next(link for link in tracked.links if link.to_node.name == "Camera"))
    assert stale(tracked) == {"Camera", *FROM_FIT_ON}


def test_names_and_labels_do_not_count(tracked):
    fit = tracked.nodes["Fit"]
    fit.label = fit.name = "Best Fit"
    state.refresh(tracked)
    assert states(tracked)["Best Fit"] == "DONE" and stale(tracked) == set()


def test_a_change_during_a_run_is_not_called_done(tree, tmp_path):
    run = begin(tree, tmp_path)
    say(run, "stage", name="Face", state="done", seconds=1.0, summary="one face")
    tree.nodes["Face"].choose = "number"
    assert states(tree)["Face"] == "NOT_RUN"
    finish(tree, run)
    assert status(tree, "Face") == state.Status(state.NodeState.STALE, text="one face")
    assert states(tree)["Head Model"] == "DONE" and states(tree)["Fit"] == "STALE"
    tree.nodes["Face"].choose = "largest"
    assert states(tree)["Face"] == "DONE" and states(tree)["Fit"] == "DONE"


def test_a_failure_is_told_by_the_node_that_failed_until_something_changes(tree, tmp_path):
    run = begin(tree, tmp_path)
    say(run, "stage", name="Landmarks", state="running")
    run.fail(Failure("no-face", "No face was found.", "Choose another range."))
    state.remember(tree, run_registry.compiled_of(tree), run)
    assert status(tree, "Landmarks") == state.Status(
        state.NodeState.FAILED, 0.0, "No face was found.", None, "Choose another range."
    )
    assert states(tree)["Fit"] == "NOT_RUN"
    tree.nodes["Landmarks"].quality = "best"
    assert states(tree)["Landmarks"] == "STALE"


def test_what_a_cancelled_run_has_finished_is_kept(tree, tmp_path):
    run = begin(tree, tmp_path)
    say(run, "stage", name="Video", state="done", seconds=1.0, summary="90 frames")
    say(run, "stage", name="Landmarks", state="running")
    say(run, "cancelled")
    state.remember(tree, run_registry.compiled_of(tree), run)
    assert (states(tree)["Video"], states(tree)["Landmarks"]) == ("DONE", "NOT_RUN")


def test_run_to_here_says_nothing_about_the_others(tree, tmp_path):
    run = begin(tree, tmp_path, "Camera")
    assert (states(tree)["Camera"], states(tree)["Fit"]) == ("WAITING", "NOT_RUN")
    finish(tree, run)
    assert (states(tree)["Camera"], states(tree)["Fit"]) == ("DONE", "NOT_RUN")


def bring_in(tree):
    """Import the track of a tree with its Scene node's settings, as the panel's button does."""
    (wanted,) = compiled(tree).imports
    wanted.track.unlink(missing_ok=True)
    write_track(wanted.track, make_track(4))
    result = import_and_show(wanted.track, wanted.settings, bpy.context.scene)
    assert not isinstance(result, Failure), result
    return result.parts


def test_an_import_is_the_result_of_the_scene_node(tracked):
    parts = bring_in(tracked)
    assert status(tracked, "Scene").text == "Imported" and states(tracked)["Scene"] == "DONE"
    tracked.nodes["Scene"].motion = "head"
    assert states(tracked)["Scene"] == "STALE"
    bring_in(tracked)
    assert states(tracked)["Scene"] == "DONE"
    bpy.data.collections.remove(parts.collection)
    state.refresh(tracked)
    assert states(tracked)["Scene"] == "STALE"


def test_an_import_that_was_undone_is_none(tracked):
    bpy.ops.ed.undo_push(message="tracked")
    bring_in(tracked)
    bpy.ops.ed.undo_push(message="imported")
    bpy.ops.ed.undo()
    assert states(bpy.context.scene.flame.tree)["Scene"] == "NOT_RUN"
    bpy.ops.ed.redo()
    assert states(bpy.context.scene.flame.tree)["Scene"] == "DONE"


def test_an_import_that_failed_says_why(tracked):
    failure = Failure("track-gone", "The track is gone.", "Track again.")
    state.remember_import(tracked, run_registry.compiled_of(tracked), "Scene", failure)
    assert states(tracked)["Scene"] == "FAILED" and status(tracked, "Scene").text == "The track is gone."


def test_results_are_saved_with_the_file_and_true_in_the_next_session(tracked, tmp_path):
    tracked.nodes["Report"].sheet = False
    file = str(tmp_path / "clips" / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    flame_extension.unregister()  # Forgets all that only the session knew.
    flame_extension.register()
    bpy.ops.wm.open_mainfile(filepath=file)
    opened = bpy.context.scene.flame.tree
    assert status(opened, "Fit") == state.Status(state.NodeState.CACHED, 1.0, "Fit is good")
    assert stale(opened) == {"Report"}
    opened.nodes["Fit"].smoothness = 3.0
    assert {"Fit", "Smooth", "Track File"} <= stale(opened)
    opened.nodes["Fit"].smoothness = 1.0
    assert states(opened)["Fit"] == "CACHED"


def test_undo_and_redo_show_the_truth(tracked):
    bpy.ops.ed.undo_push(message="tracked")
    tracked.nodes["Fit"].smoothness = 3.0
    bpy.ops.ed.undo_push(message="changed")
    assert "Fit" in stale(bpy.context.scene.flame.tree)
    bpy.ops.ed.undo()
    assert stale(bpy.context.scene.flame.tree) == set()
    bpy.ops.ed.redo()
    assert "Fit" in stale(bpy.context.scene.flame.tree)


def test_undoing_to_before_a_run_does_not_lose_its_results(tree, tmp_path):
    bpy.ops.ed.undo_push(message="before")
    finish(tree, begin(tree, tmp_path))
    bpy.ops.ed.undo_push(message="tracked")
    bpy.ops.ed.undo()
    tree = bpy.context.scene.flame.tree
    assert tree.nodes["Fit"].result_text == "" and status(tree, "Fit").text == "Fit is good"


def test_a_copy_of_a_tree_knows_that_the_same_was_done_already(tracked):
    copy = tracked.copy()
    state.refresh(copy)
    assert states(copy)["Fit"] == "DONE"
    copy.nodes["Fit"].smoothness = 4.0
    assert states(copy)["Fit"] == "NOT_RUN" and states(tracked)["Fit"] == "DONE"


def test_other_trees_and_linked_trees_can_be_looked_through(tracked, tmp_path):
    file = str(tmp_path / "clips" / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(file, link=True) as (there, here):
        here.node_groups = there.node_groups
    (linked,) = here.node_groups
    state.refresh_all()
    assert states(linked)["Landmarks"] == "DONE"
    finish(linked, begin(linked, tmp_path))
    assert {states(linked)[name] for name in BEFORE_FIT + FROM_FIT_ON} == {"DONE"}


def test_renaming_the_shots_folder_by_saving_elsewhere_makes_the_track_stale(tracked, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere" / "shot.blend"), relative_remap=False)
    assert {"Track File", "Report"} <= stale(tracked) and "Fit" not in stale(tracked)


def test_an_edit_only_marks_and_many_edits_are_looked_through_once(tree, monkeypatch):
    """With a window there are timers; this is what happens then."""
    looked = []
    monkeypatch.setattr(state, "refresh", lambda each: looked.append(each.name))
    monkeypatch.setattr(state, "_HEADLESS", False)
    for value in range(20):
        tree.nodes["Fit"].smoothness = value
        tree.nodes["Smooth"].mute = not tree.nodes["Smooth"].mute
    assert looked == [] and state.POLLER.running
    state.POLLER.poll_now()
    assert looked == ["FLAME"]
    state.POLLER.poll_now()
    assert looked == ["FLAME"]


def test_a_tree_that_is_gone_before_it_is_looked_through_does_no_harm(tree, monkeypatch):
    monkeypatch.setattr(state, "_HEADLESS", False)
    tree.nodes["Fit"].smoothness = 2.0
    bpy.data.node_groups.remove(tree)
    state.POLLER.poll_now()
    state.refresh_all()
    assert state._known == {}


def test_links_of_the_wrong_type_are_drawn_so(tree):
    link = tree.links.new(tree.nodes["Camera"].outputs[0], tree.nodes["Fit"].inputs["Head"])
    state.refresh(tree)
    assert not link.is_valid and all(each.is_valid for each in tree.links if each != link)


def test_drawing_asks_no_file_and_computes_nothing(tracked, monkeypatch):
    def forbidden(*_arguments, **_named):
        raise AssertionError("this is no work for drawing")

    monkeypatch.setattr(os, "stat", forbidden)
    monkeypatch.setattr(state, "fingerprints", forbidden)
    assert states(tracked)["Fit"] == "DONE"
