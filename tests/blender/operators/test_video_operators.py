"""Choosing the video, and whose face is followed."""

from pathlib import Path

import bpy
import flame_extension
import pytest
from alive import gone_within
from film import write_sequence
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of
from flame_extension.blender_flame_tracker.operators import identity
from flame_extension.blender_flame_tracker.operators.video import folder_to_open
from flame_extension.blender_flame_tracker.tracking import footage, runs
from panel_helpers import make_video, work_until


@pytest.fixture
def video(looker, tmp_path):
    return make_video(tmp_path / "José Ünï clips")


def node(kind):
    return node_of(bpy.context.scene.flame.tree, kind, bpy.context.scene)


def test_a_script_chooses_a_video_and_has_the_default_tree(video):
    assert bpy.ops.flame.choose_video(filepath=str(video)) == {"FINISHED"}
    tree = bpy.context.scene.flame.tree
    assert tree.name == "täke one"
    kinds = {"video", "face", "head", "camera", "landmarks", "fit", "smooth", "track", "report", "scene"}
    assert {getattr(each, "kind", "") for each in tree.nodes} == kinds
    assert Path(node("video").path) == video
    assert footage.facts_of(video) == footage.VideoFacts(128, 64, 5, 25.0)


def test_the_file_browser_opens_where_the_last_clip_came_from(video, tmp_path):
    assert folder_to_open(bpy.context) == Path.home()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert folder_to_open(bpy.context) == tmp_path
    bpy.ops.flame.choose_video(filepath=str(video))
    assert folder_to_open(bpy.context) == video.parent


def test_what_is_no_video_is_refused_in_one_sentence_and_changes_nothing(looker, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no video")
    wrong = {text: "notes.txt is not a video", tmp_path / "gone.mp4": "gone.mp4 is not there", tmp_path: "is a folder"}
    for path, sentence in wrong.items():
        with pytest.raises(RuntimeError, match=sentence):
            bpy.ops.flame.choose_video(filepath=str(path))
    with pytest.raises(RuntimeError, match="No file was chosen"):
        bpy.ops.flame.choose_video()
    assert bpy.context.scene.flame.tree is None and not bpy.data.node_groups and not bpy.data.movieclips


def test_another_video_keeps_the_tree_but_not_the_face_and_the_range(video, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(video))
    tree = bpy.context.scene.flame.tree
    node("video").range, node("face").choose, node("fit").smoothness = "custom", "number", 2.0
    bpy.ops.flame.choose_video(filepath=str(video))
    assert node("video").range == "custom", "the same video again changes nothing"
    other = make_video(tmp_path, "other.mkv", frames=3)
    bpy.ops.flame.choose_video(filepath=str(other))
    assert bpy.context.scene.flame.tree == tree and node("fit").smoothness == 2.0
    assert (node("video").range, node("face").choose) == ("clip", "largest")


def test_the_path_is_relative_in_a_saved_file_and_follows_it(video):
    bpy.ops.wm.save_as_mainfile(filepath=str(video.parent / "shot.blend"))
    bpy.ops.flame.choose_video(filepath=str(video))
    assert node("video").path == "//täke one.mkv"
    assert footage.path_of(bpy.context) == video


def test_the_active_clip_is_used_and_a_sequence_has_the_rate_of_the_scene(looker, tmp_path):
    assert not bpy.ops.flame.use_active_clip.poll()
    first = write_sequence(tmp_path / "shot", 4)
    bpy.context.scene.active_clip = bpy.data.movieclips.load(str(first))
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 30, 1.001
    assert bpy.ops.flame.use_active_clip() == {"FINISHED"}
    assert Path(node("video").path) == first
    assert node("video").sequence_rate == pytest.approx(30 / 1.001)
    assert footage.facts_of(first) == footage.VideoFacts(128, 64, 4, None)


def test_a_sequence_with_a_hole_is_as_long_as_its_numbers_say(tmp_path):
    first = write_sequence(tmp_path / "shot", 6)
    (first.parent / "shot_0003.png").unlink()
    assert footage.read(first) == footage.VideoFacts(128, 64, 6, None)


def test_faces_are_found_beside_the_work_and_a_click_follows_one_by_its_place(video, looker):
    bpy.ops.flame.choose_video(filepath=str(video))
    assert footage.faces_of(video).going and not bpy.ops.flame.find_faces.poll()
    work_until(lambda: footage.faces_of(video).found is not None)
    assert [face.number for face in footage.faces_of(video).found.faces] == [0, 1]
    assert footage.facts_of(video) == footage.VideoFacts(64, 128, 5, 25.0), "the engine knows which way is up"
    assert bpy.ops.flame.choose_face(number=1) == {"FINISHED"}
    face = node("face")
    assert (face.choose, face.point_frame) == ("nearest", 4)
    assert (face.point_x, face.point_y) == pytest.approx((0.7, 0.45))
    settings = face.settings(bpy.context.scene)
    assert (settings.choose, settings.point_frame) == ("nearest", 4)


def test_faces_that_were_found_once_are_known_in_another_session(video, looker):
    bpy.ops.flame.choose_video(filepath=str(video))
    footage.wait_for_faces(video)
    flame_extension.unregister()
    flame_extension.register()
    assert footage.facts_of(video) is None
    footage.POLLER.poll_now()
    assert footage.facts_of(video).frames == 5 and len(footage.faces_of(video).found.faces) == 2
    bpy.ops.flame.choose_video(filepath=str(video))
    assert len(footage.faces_of(video).found.faces) == 2 and not footage.faces_of(video).going
    assert len((looker.root / "looks").read_text().splitlines()) == 1
    assert bpy.ops.flame.find_faces() == {"FINISHED"}
    assert len((looker.root / "looks").read_text().splitlines()) == 2, "the button looks again"


def test_faces_of_a_video_that_was_moved_need_not_be_found_again(video, looker, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(video))
    footage.wait_for_faces(video)
    moved = tmp_path / "elsewhere" / video.name
    moved.parent.mkdir()
    video.rename(moved)
    bpy.ops.flame.choose_video(filepath=str(moved))
    assert len(footage.faces_of(moved).found.faces) == 2 and not footage.faces_of(moved).going


@pytest.mark.parametrize(("behaviour", "sentence"), [("error", "It is damaged"), ("crash", "exit status 3")])
def test_a_look_that_fails_says_so(video, looker, behaviour, sentence):
    (looker.root / "look").write_text(behaviour)
    bpy.ops.flame.choose_video(filepath=str(video))
    work_until(lambda: not footage.faces_of(video).going)
    assert sentence in str(footage.faces_of(video).failure)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.flame.find_faces()


def test_nobody_looks_on_when_another_video_is_chosen_or_the_add_on_is_disabled(video, looker, tmp_path):
    (looker.root / "look").write_text("slow")
    bpy.ops.flame.choose_video(filepath=str(video))
    first = footage._searches[video].supervisor.pid
    other = make_video(tmp_path, "other.mkv")
    bpy.ops.flame.choose_video(filepath=str(other))
    assert not footage.faces_of(video).going and footage.faces_of(other).going
    second = footage._searches[other].supervisor.pid
    footage.unregister()
    assert gone_within(5, first, second)


def test_without_an_engine_a_video_is_chosen_all_the_same(video, monkeypatch):
    monkeypatch.setattr(runs, "engine_override", None)
    assert bpy.ops.flame.choose_video(filepath=str(video)) == {"FINISHED"}
    assert not footage.faces_of(video).going
    with pytest.raises(RuntimeError, match="not installed"):
        bpy.ops.flame.find_faces()


def test_the_identity_of_another_shot_is_taken_over(video, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(video))
    assert identity.other_tracks(bpy.context) == []
    with pytest.raises(RuntimeError, match="is not there"):
        bpy.ops.flame.use_identity(filepath=str(tmp_path / "gone.npz"))
    (tmp_path / "shot one.npz").touch()
    bpy.ops.flame.use_identity(filepath=str(tmp_path / "shot one.npz"))
    assert node("head").settings(bpy.context.scene).identity_track == str(tmp_path / "shot one.npz")
    bpy.ops.flame.use_identity(filepath="")
    assert node("head").identity_track == ""
