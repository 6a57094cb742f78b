"""Clips from which the identity is to come are chosen in the panel."""

from pathlib import Path

import bpy
from flame_extension.backend.contract.options import split_paths
from node_helpers import make_tree, settings


def choose(folder, *names):
    return bpy.ops.flame.choose_identity_clips(directory=str(folder), files=[{"name": name} for name in names])


def test_several_clips_are_chosen_and_the_engine_gets_absolute_paths(addon, clip, tmp_path):
    tree = make_tree(clip)
    assert choose(tmp_path, "b.mp4", "c.mp4") == {"FINISHED"}
    chosen = split_paths(settings(tree, "Head Model").identity_clips)
    assert [Path(each) for each in chosen] == [tmp_path / "b.mp4", tmp_path / "c.mp4"]


def test_a_track_and_clips_take_the_place_of_each_other(addon, clip, tmp_path):
    head = make_tree(clip).nodes["Head Model"]
    (tmp_path / "other.npz").write_bytes(b"")
    assert choose(tmp_path, "b.mp4") == {"FINISHED"}
    assert bpy.ops.flame.use_identity(filepath=str(tmp_path / "other.npz")) == {"FINISHED"}
    assert (bool(head.identity_track), head.identity_clips) == (True, "")
    assert choose(tmp_path, "b.mp4") == {"FINISHED"}
    assert (head.identity_track, bool(head.identity_clips)) == ("", True)
    assert bpy.ops.flame.use_identity(filepath="") == {"FINISHED"}
    assert (head.identity_track, head.identity_clips) == ("", "")


def test_paths_of_clips_follow_the_blend(addon, clip, tmp_path):
    head = make_tree(clip).nodes["Head Model"]
    choose(tmp_path, "b.mp4", "c.mp4")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert split_paths(head.identity_clips) == ["//b.mp4", "//c.mp4"]
