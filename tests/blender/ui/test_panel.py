"""The panel in every state: what it shows, what is grey, and why."""

import time
from fractions import Fraction
from pathlib import Path

import bpy
import pytest
from flame_extension.backend.contract.failure import Notice
from flame_extension.backend.contract.supervision import run_state
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of
from flame_extension.blender_flame_tracker.tracking import availability, footage, runs
from flame_extension.blender_flame_tracker.ui import thumbnails
from flame_extension.blender_flame_tracker.ui.sections import track
from panel_helpers import drawn, make_video, work_until
from run_helpers import behave, look_until, make_tree


@pytest.fixture
def tree(engine, tmp_path):
    availability.check()
    return make_tree(bpy.context.scene, tmp_path / "take.mp4")


def node(kind):
    return node_of(bpy.context.scene.flame.tree, kind, bpy.context.scene)


# Nothing chosen, and things that are missing.


def test_a_tree_that_is_in_the_file_can_be_chosen_before_there_is_a_video(addon):
    assert drawn().find("tree") is None
    new_default_tree("appended")
    assert drawn()._root.items[0].kind == "tree", "at the top"


def test_an_empty_scene_shows_one_thing_to_do_and_why_the_rest_must_wait(addon):
    shown = drawn()
    titles = [item.text for item in shown.all("label")]
    assert [t for t in titles if t in ("Video", "Head and Camera", "Track", "Result")] == [
        "Video",
        "Head and Camera",
        "Track",
        "Result",
    ]
    assert shown.find("flame.choose_video").usable
    assert not shown.find("flame.use_active_clip").usable
    assert shown.text().count("Choose a video first") == 2
    assert "Track a video, or import a track file" in shown.text()
    assert all(not shown.find(title).usable for title in ("Head and Camera", "Track", "Result"))
    assert {item.name for item in shown.all("operator")} == {
        "flame.choose_video",
        "flame.use_active_clip",
        "flame.choose_photographs",
    }


def test_without_an_engine_the_way_to_it_stands_where_the_track_button_would(addon, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    availability.check()
    shown = drawn()
    assert "The tracking engine is not installed yet." in shown.text()
    assert shown.find("preferences.addon_show").options["properties"].module
    assert shown.find("Set Up Engine...").usable
    assert shown.find("flame.track") is None
    assert not shown.find("flame.find_faces").usable


def test_a_video_that_is_gone_is_red_and_comes_back_by_itself(looker, tmp_path, monkeypatch):
    video = make_video(tmp_path)
    bpy.ops.flame.choose_video(filepath=str(video))
    video.rename(tmp_path / "moved.mkv")
    footage.read(video)
    shown = drawn()
    assert any(item.alert and "is not there" in item.text for item in shown.all("label"))
    assert shown.find("path").usable, "another one can be chosen"
    (tmp_path / "moved.mkv").rename(video)
    monkeypatch.setattr(footage, "RETRY", 0.0)
    time.sleep(0.001)
    drawn()
    footage.POLLER.poll_now()
    assert "5 frames" in drawn().text()


# A video.


def test_a_video_is_described_by_blender_first_and_by_the_engine_when_it_has_looked(looker, tmp_path):
    video = make_video(tmp_path)
    (looker.root / "look").write_text("slow")
    bpy.ops.flame.choose_video(filepath=str(video))
    shown = drawn()
    for words in ("128 × 64", "25 fps", "5 frames", "0.2 s", "Looking for faces"):  # noqa: RUF001
        assert words in shown.text()
    footage.stop_looking()
    (looker.root / "look").write_text("2")
    bpy.ops.flame.find_faces()
    shown = drawn()
    assert "64 × 128" in shown.text()  # noqa: RUF001
    assert "The file says 26 mm" in shown.text()
    faces = [item for item in shown.all("operator") if item.name == "flame.choose_face"]
    assert [item.text for item in faces] == ["Face 1", "Face 2"]
    assert [item.options["depress"] for item in faces] == [True, False], "the largest is followed"
    bpy.ops.flame.choose_face(number=1)
    assert [i.options["depress"] for i in drawn().all("operator") if i.name == "flame.choose_face"] == [False, True]
    node("face").point_x = 0.1
    shown = drawn()
    assert not any(i.options["depress"] for i in shown.all("operator") if i.name == "flame.choose_face")
    assert shown.find("point_x"), "what the node says instead is shown"


def test_a_video_without_faces_says_what_may_still_be_done(looker, tmp_path):
    (looker.root / "look").write_text("0")
    video = make_video(tmp_path)
    bpy.ops.flame.choose_video(filepath=str(video))
    footage.wait_for_faces(video)
    assert "No face was seen in the frames that were looked at" in drawn().text()


def test_what_is_set_in_the_panel_is_set_on_the_nodes(looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    assert drawn().find("first_frame") is None
    node("video").range = "custom"
    assert drawn().find("first_frame") and drawn().find("last_frame")
    assert drawn().find("focal_millimetres") is None
    node("camera").focal_mode = "millimetres"
    assert drawn().find("focal_millimetres") and drawn().find("sensor_width")
    node("camera").focal_mode = "blender_camera"
    assert drawn().find("blender_camera") and drawn().find("sensor_width") is None
    node("head").source = "file"
    assert drawn().find("file")
    bpy.context.scene.flame.show_more = True
    settings = [f"flame_settings_{kind}" for kind in track.MORE]
    closed, shown = drawn(), drawn(*settings)
    assert closed.find("smoothness") is None and shown.find("smoothness") and shown.find("longest_gap")


def test_parts_are_closed_by_hand(looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    bpy.context.scene.flame.show_track = bpy.context.scene.flame.show_video = False
    shown = drawn()
    assert shown.find("flame.track") is None and shown.find("path") is None and shown.find("focal_mode")


# While it runs, and afterwards.


def test_a_run_shows_bars_with_the_time_left_and_a_cancel_button(tree, engine):
    behave(engine.root, "patient")
    assert drawn().find("flame.track").usable
    going = runs.start(tree, bpy.context.scene)
    look_until(lambda: going.answered)
    going.take(
        {"event": "job", "stages": [{"name": n, "kind": n, "label": n.title()} for n in ("video", "fit", "track")]}
    )
    going.take({"event": "stage", "name": "video", "state": "cached"})
    going.take({"event": "progress", "name": "fit", "done": 30, "total": 120, "seconds_left": 65})
    brief = drawn()
    assert [(bar.text, bar.options) for bar in brief.all("progress")] == [("20 %, about 1 min 05 s left", 0.2)]
    assert "Fit: 25 %, 1 min 05 s left" in brief.text(), "what is done just now stands beside the fold"
    shown = drawn("flame_stages")
    assert [(bar.text, bar.options, bar.usable) for bar in shown.all("progress")][1:] == [
        ("Video: up to date", 1.0, True),
        ("Fit: 25 %, 1 min 05 s left", 0.25, True),
        ("Track", 0.0, False),
    ]
    assert shown.find("flame.track") is None and shown.find("flame.cancel").usable
    assert not shown.find("quality").usable
    runs.cancel(tree)
    shown = drawn()
    assert shown.find("Cancelling...") and not shown.find("flame.cancel").usable
    look_until(lambda: going.state.final)
    shown = drawn()
    assert "Cancelled. What was finished is kept" in shown.text()
    assert shown.find("flame.resume").usable and shown.find("flame.track").usable


def test_a_second_run_says_that_it_waits(tree, engine):
    behave(engine.root, "patient")
    other = new_default_tree("other")
    other.nodes["Video"].path = tree.nodes["Video"].path
    first = runs.start(other, bpy.context.scene)
    look_until(lambda: first.answered)
    runs.start(tree, bpy.context.scene)
    assert "Waits until the engine has finished another run." in drawn().text()


def test_an_engine_that_is_silent_is_told_of_and_its_log_can_be_opened(tree, engine, monkeypatch):
    behave(engine.root, "silent")
    going = runs.start(tree, bpy.context.scene)
    look_until(lambda: going.answered)
    monkeypatch.setattr(runs, "SILENCE", -1.0)
    shown = drawn()
    assert any(item.alert and "No sign of life" in item.text for item in shown.all("label"))
    assert shown.find("flame.open_log").usable and shown.find("flame.cancel").usable


def test_a_failure_is_said_with_what_to_do_and_can_be_copied(tree, engine):
    behave(engine.root, "error")
    with pytest.raises(RuntimeError, match="No face"):
        bpy.ops.flame.track()
    shown = drawn()
    red = [item.text for item in shown.all("label") if item.alert]
    assert red == ["No face."] and "Film one." in shown.text()
    assert shown.find("flame.track").usable and shown.find("flame.resume").usable
    assert shown.find("flame.open_log").usable and shown.find("flame.copy_log").usable


def test_messages_are_said_in_full_and_fold_away(tree, engine):
    done = runs.start(tree, bpy.context.scene)
    runs.wait(done)
    done.notices[:] = [
        Notice("gap", "The face is hidden in frames 3 to 5.", "Look at them."),
        Notice("dark", "It is dark."),
    ]
    shown = drawn()
    assert "Track (2 messages)" in shown.text() and "Messages (2)" in shown.text() and "hidden" not in shown.text()
    bpy.context.scene.flame.show_messages = True
    assert "hidden in frames 3 to 5. Look at them." in drawn().text()


def test_what_head_and_camera_says_already_is_no_message(tree, engine):
    done = runs.start(tree, bpy.context.scene)
    runs.wait(done)
    done.notices[:] = [Notice("focal-unknown", "The clip does not say which lens filmed it.")]
    assert "message" not in drawn().text().lower()


def test_a_finished_run_says_so_until_a_setting_is_changed(tree, engine):
    runs.wait(runs.start(tree, bpy.context.scene))
    assert "Tracked 8 frames" in drawn().text()
    tree.nodes["Fit"].smoothness = 3.0
    assert "Settings were changed since this was tracked." in drawn().text()


def test_the_words_of_a_bar():
    stage = run_state.StageProgress("fit", "fit", "Fit")
    assert track.stage_words(stage) == "Fit"
    stage.state, stage.seconds = "done", 83.0
    assert track.stage_words(stage) == "Fit: 1 min 23 s"
    stage.seconds = 0.1
    assert track.stage_words(stage) == "Fit", "what took no time has no time"


def test_the_preview_shows_the_face_that_is_followed(looker, tmp_path):
    video = make_video(tmp_path)
    bpy.ops.flame.choose_video(filepath=str(video))
    assert track._around_face(bpy.context) is None
    footage.wait_for_faces(video)
    left, top, width, height = track._around_face(bpy.context)
    face = footage.faces_of(video).found.faces[0]
    assert left < face.box[0] and top < face.box[1]
    assert left + width > face.box[0] + face.box[2] and top + height > face.box[1] + face.box[3]
    assert Fraction(width).limit_denominator(100) == 1, "an upright picture is shown in its full width"
    assert left >= 0.0 and left + width <= 1.0 and top >= 0.0 and top + height <= 1.0


def test_pictures_are_read_aside_and_shown_when_they_are_there(looker, tmp_path):
    video = make_video(tmp_path)
    bpy.ops.flame.choose_video(filepath=str(video))
    footage.wait_for_faces(video)
    picture = footage.faces_of(video).found.faces[0].picture
    assert thumbnails.icon_of(picture) == 0
    work_until(lambda: thumbnails.load_some() or thumbnails._pictures[str(picture)].shown is not None)
    shown = thumbnails._collection[str(picture)]
    assert tuple(shown.image_size) == (8, 8)
    assert [value & 255 for value in shown.image_pixels[:2]] == [200, 200]
    assert thumbnails.icon_of(tmp_path / "gone.png") == 0
    work_until(lambda: thumbnails.load_some() or thumbnails._pictures[str(tmp_path / "gone.png")].failed > 0)
    assert not bpy.data.images, "Blender's own data are not touched"


def test_drawing_makes_no_data_and_no_files(looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    before = {(kind, len(getattr(bpy.data, kind))) for kind in ("images", "movieclips", "node_groups", "objects")}
    files = sorted(tmp_path.rglob("*.*"))
    drawn()
    assert {(kind, len(getattr(bpy.data, kind))) for kind, _ in before} == before
    assert sorted(tmp_path.rglob("*.*")) == files


# Presets, and several tracks in a tree.


def test_own_presets_keep_what_is_about_tracking_and_leave_the_shot_alone(looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    node("landmarks").quality, node("fit").smoothness, node("camera").focal_mode = "best", 2.5, "millimetres"
    node("head").file = "/mine.npz"
    assert bpy.ops.flame.add_preset(name="My Way") == {"FINISHED"}
    file = Path(bpy.utils.preset_paths("flame_head_tracker")[0]) / "My_Way.py"
    text = file.read_text()
    assert "mine.npz" not in text and ".path" not in text and "start_at" not in text
    node("landmarks").quality, node("fit").smoothness, node("camera").focal_mode = "draft", 1.0, "estimate"
    flame = "bpy.context.scene.flame"
    # A name of its own would be lost on the way in Blender before 4.5 with Python 3.13.
    assert all(line.startswith((flame, "import bpy")) for line in text.splitlines() if line)
    file.write_text(f"{text}{flame}.settings_of('fit').gone_in_this_version = 7\n{flame}.settings_of('nobody').x = 1\n")
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="FLAME_PT_presets")
    assert (node("landmarks").quality, node("fit").smoothness, node("camera").focal_mode) == (
        "best",
        2.5,
        "millimetres",
    )
    bpy.ops.flame.add_preset(name="My Way", remove_active=False, remove_name=True)
    assert not file.exists()


def test_of_two_tracks_in_a_tree_the_panel_shows_the_one_that_is_chosen(looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    tree = bpy.context.scene.flame.tree
    assert drawn().find("track_node") is None
    video, face, landmarks, fit, track_file = (
        tree.nodes.new(f"FlameNode{name}") for name in ("Video", "Face", "Landmarks", "Fit", "TrackFile")
    )
    for source, target in ((video, landmarks), (face, landmarks), (landmarks, fit), (fit, track_file)):
        socket = next(s for s in target.inputs if s.type_name == source.outputs[0].type_name)
        tree.links.new(source.outputs[0], socket)
    tree.nodes.active = None
    availability.check()
    assert drawn().find("track_node")
    assert node("video") != video
    bpy.context.scene.flame.track_node = track_file.name
    assert node("video") == video and node("fit") == fit
