"""Appearance and Texture can be switched on and off in a tree, and the texture is wired to the Scene node."""

from pathlib import Path

import bpy
import pytest
from flame_extension.backend.contract.corrections.corrections import Corrections
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of
from flame_extension.blender_flame_tracker.operators.stages import is_on
from panel_helpers import drawn, make_video


@pytest.fixture
def tree(engine, tmp_path):
    bpy.ops.flame.choose_video(filepath=str(make_video(tmp_path)))
    return bpy.context.scene.flame.tree


def node(kind):
    return node_of(bpy.context.scene.flame.tree, kind, bpy.context.scene)


def job(tree):
    compiled = compile_tree(tree, bpy.context.scene)
    assert not isinstance(compiled, Failure), compiled
    return compiled


def inputs(tree):
    return {stage.kind: dict(stage.inputs) for stage in job(tree).job.stages}


def overlap(tree):
    """Pairs of nodes that stand in one place."""
    places = [tuple(each.location) for each in tree.nodes]
    return len(places) - len(set(places))


def test_appearance_steps_between_fit_and_what_follows(tree):
    bpy.ops.flame.switch_stage(kind="appearance")
    assert inputs(tree)["appearance"] == {"fit": "Fit", "head": "Head Model", "video": "Video"}
    assert inputs(tree)["smooth"] == {"fit": "Appearance"} and not overlap(tree)


def test_arkit_weights_are_solved_of_the_finished_fit_whatever_is_switched_on_later(tree):
    bpy.ops.flame.switch_stage(kind="arkit")
    assert inputs(tree)["arkit"] == {"fit": "Smooth", "head": "Head Model"} and not overlap(tree)
    bpy.ops.flame.switch_stage(kind="appearance")
    assert inputs(tree)["smooth"] == {"fit": "Appearance"} and inputs(tree)["track"] == {"fit": "ARKit Weights"}
    bpy.ops.flame.switch_stage(kind="arkit")
    assert inputs(tree)["track"] == {"fit": "Smooth"} and not overlap(tree)


def test_what_is_left_out_comes_before_the_fit_and_pins_come_after_smoothing(tree):
    for kind in ("arkit", "pins", "exclude"):
        bpy.ops.flame.switch_stage(kind=kind)
    found = inputs(tree)
    assert found["exclude"] == {"landmarks": "Landmarks", "video": "Video"}
    assert found["fit"]["landmarks"] == "Exclude"
    assert found["pins"] == {"fit": "Smooth", "head": "Head Model"} and found["arkit"]["fit"] == "Pins"
    assert found["track"] == {"fit": "ARKit Weights"} and not overlap(tree)
    for kind in ("pins", "exclude"):
        bpy.ops.flame.switch_stage(kind=kind)
    assert inputs(tree)["arkit"]["fit"] == "Smooth" and inputs(tree)["fit"]["landmarks"] == "Landmarks"


def test_the_pins_node_takes_the_corrections_beside_its_track(tree):
    bpy.ops.flame.switch_stage(kind="pins")
    before = next(each.settings.corrections for each in job(tree).job.stages if each.kind == "pins")
    track = job(tree).tracks["Track File"]
    track.parent.mkdir(parents=True)
    track.with_name("track.corrections.json").write_text(Corrections().to_json())
    after = next(each.settings.corrections for each in job(tree).job.stages if each.kind == "pins")
    assert before == "" and after == str(track.with_name("track.corrections.json"))


def test_a_texture_is_baked_of_the_track_and_goes_to_the_scene_node(tree):
    bpy.ops.flame.switch_stage(kind="texture")
    assert inputs(tree)["texture"] == {"track": "Track File", "video": "Video"} and not overlap(tree)
    (wanted,) = job(tree).imports
    assert Path(wanted.settings.texture) == wanted.track.parent / "texture.png"


def test_switching_off_passes_the_node_by_and_keeps_its_settings(tree):
    bpy.ops.flame.switch_stage(kind="appearance")
    bpy.ops.flame.switch_stage(kind="texture")
    node("texture").size = "2048"
    usual = set(inputs(tree)) - {"appearance", "texture"}
    for kind in ("appearance", "texture"):
        bpy.ops.flame.switch_stage(kind=kind)
        assert not is_on(bpy.context, kind)
    assert set(inputs(tree)) == usual and inputs(tree)["smooth"] == {"fit": "Fit"}
    assert job(tree).imports[0].settings.texture == ""
    bpy.ops.flame.switch_stage(kind="texture")
    assert node("texture").size == "2048" and is_on(bpy.context, "texture")


def test_a_file_of_the_scene_node_comes_before_the_linked_texture(tree, tmp_path):
    bpy.ops.flame.switch_stage(kind="texture")
    node("scene").texture = str(tmp_path / "painted.png")
    assert job(tree).imports[0].settings.texture == str(tmp_path / "painted.png")


def test_the_panel_has_a_switch_for_each(tree):
    bpy.ops.flame.switch_stage(kind="texture")
    shown = [item for item in drawn().all("operator") if item.name == "flame.switch_stage"]
    assert [item.text for item in shown] == ["Appearance", "Texture", "ARKit Weights", "Exclude"]


@pytest.mark.parametrize(
    "added",
    [
        ("appearance",),
        ("texture",),
        ("appearance", "texture"),
        ("arkit",),
        ("appearance", "arkit", "texture"),
        ("exclude",),
        ("pins", "arkit"),
        ("exclude", "appearance", "pins", "arkit", "texture"),
        ("photographs",),
    ],
)
def test_the_default_tree_has_room_for_what_is_added(engine, added):
    tree = new_default_tree("more", added)
    assert not overlap(tree) and {*added} <= {each.kind for each in tree.nodes}
    assert ("texture" in added) == next(each for each in tree.nodes if each.kind == "scene").inputs["Texture"].is_linked
