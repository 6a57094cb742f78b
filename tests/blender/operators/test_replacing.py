"""Blender asks before a run replaces files that the add-on did not write."""

import bpy
import pytest
from flame_extension.backend.contract.marks import is_marked
from flame_extension.blender_flame_tracker.nodes import run_registry
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.tracking import preflight


@pytest.fixture
def clip(tmp_path):
    return tmp_path / "clips" / "take.mp4"


@pytest.fixture
def holiday(tree, tmp_path):
    place = tmp_path / "clips" / "take_flame" / "overlay.mp4"
    place.parent.mkdir()
    place.write_text("of our holidays")
    return place


def test_a_strangers_file_is_named_and_nothing_is_run(tree, holiday):
    with pytest.raises(RuntimeError, match=r"overlay\.mp4 already exists and was not written by this program"):
        bpy.ops.flame.track()
    assert run_registry.run_of(tree) is None
    assert holiday.read_text() == "of our holidays"
    job = compile_tree(tree, bpy.context.scene).job
    assert preflight.files_taken(job) == [holiday]


def test_the_answer_starts_the_run(tree, holiday):
    assert bpy.ops.flame.replace_files() == {"FINISHED"}
    run = run_registry.run_of(tree)
    assert run.job.overwrite
    assert is_marked(run.outputs["track"])


def test_results_of_ours_are_replaced_without_a_question(tree):
    assert bpy.ops.flame.track() == {"FINISHED"}
    assert not run_registry.run_of(tree).job.overwrite
    assert bpy.ops.flame.track() == {"FINISHED"}


def test_the_video_itself_is_refused_even_then(tree):
    tree.nodes["Track File"].path = tree.nodes["Video"].path
    with pytest.raises(RuntimeError, match=r"take\.mp4"):
        bpy.ops.flame.replace_files()
    assert run_registry.run_of(tree) is None


def test_a_tree_that_was_removed_while_it_was_asked_is_said_to_be_gone(addon, scene):
    scene.flame.tree = None
    with pytest.raises(RuntimeError, match=r"The node tree is not there any more\."):
        bpy.ops.flame.replace_files()
