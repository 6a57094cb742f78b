"""Running trees by the node editor's operators, with the stand-in for the engine."""

import itertools

import bpy
import pytest
from flame_extension.blender_flame_tracker.nodes import run_registry, state
from flame_extension.blender_flame_tracker.tracking import runs
from node_helpers import states
from run_helpers import behave, heads


def stages_of_run(tree):
    return {stage.name for stage in run_registry.run_of(tree).job.stages}


def test_run_makes_what_the_tree_leads_to_and_the_scene(tree):
    assert bpy.ops.flame.run_tree() == {"FINISHED"}
    assert stages_of_run(tree) == {node.name for node in tree.nodes} - {"Scene"}
    assert heads() == ["take one head"]
    assert states(tree)["Scene"] == "DONE" and state.status_of(tree.nodes["Scene"]).text == "Imported"


def test_run_to_here_makes_what_that_node_needs(tree):
    assert bpy.ops.flame.run_to_node(node="Camera") == {"FINISHED"}
    assert stages_of_run(tree) == {"Video", "Camera"} and heads() == []


def test_run_to_here_takes_the_active_node(tree):
    tree.nodes.active = tree.nodes["Head Model"]
    assert bpy.ops.flame.run_to_node() == {"FINISHED"}
    assert stages_of_run(tree) == {"Head Model"}
    tree.nodes.active = None
    with pytest.raises(RuntimeError, match="No node is chosen"):
        bpy.ops.flame.run_to_node()


def test_what_is_wrong_is_said_before_anything_starts(tree):
    tree.nodes["Fit"].label = "My Fit"
    tree.links.remove(next(link for link in tree.links if link.to_socket.name == "Head"))
    with pytest.raises(
        RuntimeError, match=r"My Fit: nothing is linked to its input Head\. Link a Head Model node to it\."
    ):
        bpy.ops.flame.run_tree()
    tree.links.new(tree.nodes["Fit"].outputs[0], tree.nodes["Smooth"].inputs[0])
    with pytest.raises(RuntimeError, match="is muted"):
        tree.nodes["Video"].mute = True
        bpy.ops.flame.run_to_node(node="Camera")
    assert run_registry.run_of(tree) is None


def test_a_circle_is_named_before_anything_starts(tree):
    second = tree.nodes.new("FlameNodeSmooth")
    tree.links.new(tree.nodes["Smooth"].outputs[0], second.inputs[0])
    tree.links.new(second.outputs[0], tree.nodes["Smooth"].inputs[0])
    with pytest.raises(RuntimeError, match=r"wait for each other: Smooth → Smooth\.001 → Smooth"):
        bpy.ops.flame.run_tree()


def test_a_running_tree_is_not_started_again(tree, engine):
    behave(engine.root, "patient")
    runs.start(tree, bpy.context.scene)
    assert not bpy.ops.flame.run_tree.poll() and not bpy.ops.flame.run_to_node.poll()


def test_without_a_tree_there_is_nothing_to_run(engine):
    assert not bpy.ops.flame.run_tree.poll() and not bpy.ops.flame.run_to_node.poll()


def test_two_smoothings_become_two_tracks_and_two_heads(tree, tmp_path):
    nodes = [tree.nodes.new(f"FlameNode{kind}") for kind in ("Smooth", "TrackFile", "Scene")]
    tree.links.new(tree.nodes["Fit"].outputs[0], nodes[0].inputs[0])
    for source, taker in itertools.pairwise(nodes):
        tree.links.new(source.outputs[0], taker.inputs[0])
    nodes[0].pose, nodes[1].path = 0.3, "soft.npz"
    tree.nodes["Report"].mute = True
    bpy.ops.flame.run_tree()
    assert {"track.npz", "soft.npz"} <= {path.name for path in (tmp_path / "clips" / "take one_flame").iterdir()}
    assert states(tree)["Scene"] == states(tree)["Scene.001"] == "DONE"
