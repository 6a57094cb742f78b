"""Photographs in place of a video: chosen, in the panel and the tree, and as the job that the engine gets."""

from pathlib import Path

import bpy
import pytest
from film import write_picture
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of, source_of
from flame_extension.blender_flame_tracker.tracking import preflight
from panel_helpers import drawn, make_video


@pytest.fixture
def photographs(engine, tmp_path):
    return [write_picture(tmp_path / f"José {name}.png", (0.5, 0.5, 0.5)) for name in ("one", "two", "three")]


def choose(paths):
    files = [{"name": path.name} for path in paths]
    return bpy.ops.flame.choose_photographs(directory=str(paths[0].parent), files=files)


def node(kind):
    return node_of(bpy.context.scene.flame.tree, kind, bpy.context.scene)


def test_chosen_photographs_make_a_tree_in_which_they_stand_for_the_video(photographs):
    assert choose(photographs) == {"FINISHED"}
    compiled = compile_tree(bpy.context.scene.flame.tree, bpy.context.scene)
    assert not isinstance(compiled, Failure), compiled
    stage = next(each for each in compiled.job.stages if each.kind == "photographs")
    assert stage.settings.path.split("|") == sorted(str(path) for path in photographs)
    assert Path(stage.settings.folder) == photographs[0].parent / "José one_flame" / "photographs"
    assert {each.kind for each in compiled.job.stages if stage.name in each.inputs.values()} == {
        "camera",
        "landmarks",
        "report",
    }
    assert preflight.problem_of(compiled.job) is None


def test_the_panel_says_what_it_works_with(photographs):
    choose(photographs)
    shown = drawn().text()
    assert "Photographs" in shown and "José two.png" in shown and "Each becomes a frame" in shown
    assert drawn().find("flame.track_range") is None


def test_a_video_and_photographs_take_each_others_place_and_what_follows_stays(photographs, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    tree = bpy.context.scene.flame.tree
    node("fit").smoothness, links = 2.0, len(tree.links)
    choose(photographs)
    assert node("video") is None and source_of(tree, bpy.context.scene).kind == "photographs"
    assert node("fit").smoothness == 2.0 and len(tree.links) == links
    bpy.ops.flame.choose_video(filepath=str(tmp_path / "täke one.mkv"))
    assert node("photographs") is None and len(tree.links) == links
    assert not isinstance(compile_tree(tree, bpy.context.scene), Failure)


def test_paths_are_relative_in_a_saved_file(photographs, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    choose(photographs[:2])
    assert node("photographs").path == "//José one.png|//José two.png"


def test_a_photograph_that_is_gone_or_none_is_named(photographs, tmp_path):
    choose(photographs)
    photographs[1].unlink()
    compiled = compile_tree(bpy.context.scene.flame.tree, bpy.context.scene)
    problem = preflight.problem_of(compiled.job)
    assert problem.code == "photo-not-found" and "José two.png" in problem.sentence
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    with pytest.raises(RuntimeError, match=r"notes\.txt is not a picture"):
        choose([photographs[0], text])
    with pytest.raises(RuntimeError, match="No file was chosen"):
        bpy.ops.flame.choose_photographs()


def test_a_node_without_photographs_says_so(engine):
    bpy.ops.flame.choose_video(filepath=str(make_video(Path(bpy.app.tempdir))))
    tree = bpy.context.scene.flame.tree
    added = tree.nodes.new("FlameNodePhotographs")
    tree.links.new(added.outputs[0], node("camera").inputs["Video"])
    compiled = compile_tree(tree, bpy.context.scene)
    assert isinstance(compiled, Failure) and compiled.code == "photo-not-given"
