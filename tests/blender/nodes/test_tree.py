"""Node trees as data: sockets, links, copies, mutes, files, undo."""

import os
import subprocess
import sys
from types import SimpleNamespace

import bpy
import flame_extension
import pytest
from flame_extension.backend.contract.job import STAGES, default_job
from flame_extension.backend.contract.options import options_of
from flame_extension.blender_flame_tracker.names import TREE
from flame_extension.blender_flame_tracker.nodes import following, sockets, stages
from flame_extension.blender_flame_tracker.nodes.compile import compile_tree
from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree
from flame_extension.blender_flame_tracker.nodes.reading import graph_of, wrong_links
from flame_extension.blender_flame_tracker.nodes.specs import BLENDER_STAGES, spec_of
from node_helpers import compiled, make_tree
from project import TESTS

pytestmark = pytest.mark.usefixtures("addon")


def drawn_links(tree):
    return {
        (link.from_node.name, link.from_socket.identifier, link.to_node.name, link.to_socket.identifier)
        for link in tree.links
    }


def test_every_socket_says_in_its_tooltip_what_it_hands_on(tree):
    told = {socket.description for node in tree.nodes for socket in (*node.inputs, *node.outputs)}
    assert "" not in told and told <= set(sockets.DESCRIPTIONS.values())


def test_every_stage_of_the_contract_has_a_node_with_its_sockets_and_settings():
    tree = make_tree()
    classes = {each.kind: each for each in stages.CLASSES}
    assert set(classes) == set(STAGES) | set(BLENDER_STAGES)
    for kind, node_class in classes.items():
        node = next((node for node in tree.nodes if node.kind == kind), None) or tree.nodes.new(node_class.bl_idname)
        spec = spec_of(kind)
        assert node.bl_label == spec.label and node.bl_description
        assert {each.identifier: each.type_name for each in node.inputs} == dict(spec.inputs)
        for option in options_of(spec.settings):
            assert getattr(node, option.name) == pytest.approx(option.default)
            assert node.bl_rna.properties[option.name].description.startswith(option.help)


def test_sockets_have_a_type_and_a_colour_each_and_no_output_leads_nowhere(tree):
    colours = {each.draw_color_simple() for each in sockets.CLASSES}
    assert len(colours) == len(sockets.CLASSES) == 8
    taken = {each.type_name for node in tree.nodes for each in node.inputs}
    given = {each.type_name for node in tree.nodes for each in node.outputs}
    assert given == {"video", "face", "head", "camera", "landmarks", "fit", "track"}
    assert taken == {*given, "texture"}, "the Texture node is not in the default tree, but its socket waits for it"
    assert sockets.colour("a type of later") == sockets.colour("a type of later")


def test_the_default_tree_is_the_engines_default_job_with_a_scene_node(tree):
    job, default = compiled(tree).job, default_job({})
    kinds = {stage.name: stage.kind for stage in job.stages}
    links = {(kinds[source], stage.kind, name) for stage in job.stages for name, source in stage.inputs.items()}
    assert links == {(source, stage.kind, name) for stage in default.stages for name, source in stage.inputs.items()}
    assert [(each.node, each.track_node) for each in compiled(tree).imports] == [("Scene", "Track File")]


def test_our_nodes_belong_into_our_trees_alone(tree):
    other = bpy.data.node_groups.new("Shader", "ShaderNodeTree")
    with pytest.raises(RuntimeError):
        other.nodes.new("FlameNodeFit")
    assert tree.bl_idname == TREE and tree.nodes.new("NodeReroute") and tree.nodes.new("NodeFrame")


def test_links_of_the_wrong_type_are_found_also_behind_a_reroute_and_refused(tree):
    fit = tree.nodes["Fit"]
    link = tree.links.new(tree.nodes["Camera"].outputs[0], fit.inputs["Head"])
    assert list(wrong_links(tree)) == [link]
    assert compile_tree(tree, bpy.context.scene).sentence == "Fit: its input Head can't take what Camera gives."
    reroute = tree.nodes.new("NodeReroute")
    tree.links.new(tree.nodes["Face"].outputs[0], reroute.inputs[0])
    tree.links.new(reroute.outputs[0], fit.inputs["Head"])
    assert [each.from_node for each in wrong_links(tree)] == [reroute]
    tree.links.new(tree.nodes["Head Model"].outputs[0], reroute.inputs[0])
    assert list(wrong_links(tree)) == [] and compiled(tree).job.stage("Fit").inputs["head"] == "Head Model"


def test_reroutes_frames_and_labels(tree):
    frame, reroute = tree.nodes.new("NodeFrame"), tree.nodes.new("NodeReroute")
    for node in tree.nodes:
        if node is not frame:
            node.parent = frame
    tree.links.new(tree.nodes["Fit"].outputs[0], reroute.inputs[0])
    tree.links.new(reroute.outputs[0], tree.nodes["Smooth"].inputs[0])
    assert compiled(tree).job.stage("Smooth").inputs == {"fit": "Fit"}
    assert frame.name not in graph_of(tree)
    tree.nodes["Smooth"].label = "Soften a little"
    tree.links.remove(next(link for link in tree.links if link.to_node == reroute))
    assert compile_tree(tree, bpy.context.scene).sentence == "Soften a little: nothing is linked to its input Fit."


def test_muted_nodes_and_muted_links(tree):
    tree.nodes["Smooth"].mute = tree.nodes["Report"].mute = True
    job = compiled(tree).job
    assert {"Smooth", "Report"}.isdisjoint({stage.name for stage in job.stages})
    assert job.stage("Track File").inputs == {"fit": "Fit"}
    next(link for link in tree.links if link.to_node.name == "Track File").is_muted = True
    assert compile_tree(tree, bpy.context.scene).sentence == "Track File: nothing is linked to its input Fit."


def test_a_copy_of_a_node_has_its_settings_a_name_of_its_own_and_no_result(tree):
    smooth = tree.nodes["Smooth"]
    smooth.pose, smooth.result_fingerprint, smooth.result_text = 0.25, "f", "good"
    copy = tree.copy().nodes["Smooth"]
    assert (copy.pose, copy.result_fingerprint, copy.result_text) == (0.25, "", "")
    assert smooth.result_text == "good"
    added = [tree.nodes.new("FlameNodeTrackFile").name for _ in range(2)]
    assert added == ["Track File.001", "Track File.002"]


def test_a_tree_survives_saving_and_opening(tree, tmp_path):
    tree.nodes["Fit"].smoothness = 3.0
    tree.nodes["Camera"].focal_mode = "blender_camera"
    before = drawn_links(tree)
    file = str(tmp_path / "shöt.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=file)
    opened = bpy.context.scene.flame.tree
    assert drawn_links(opened) == before and opened.nodes["Fit"].smoothness == 3.0
    assert opened.nodes["Camera"].focal_mode == "blender_camera" and opened.use_fake_user


@pytest.mark.parametrize("link", [False, True])
def test_a_tree_can_be_appended_and_linked_from_another_file(tree, tmp_path, link):
    before = drawn_links(tree)
    tree.nodes["Smooth"].jaw = 0.5
    file = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(file, link=link) as (there, here):
        here.node_groups = there.node_groups
    (got,) = here.node_groups
    assert drawn_links(got) == before and got.nodes["Smooth"].jaw == 0.5
    assert compiled(got).job.stage("Smooth").settings.jaw == 0.5


def test_what_was_made_survives_the_add_on_being_off(tree):
    before = drawn_links(tree)
    tree.nodes["Fit"].smoothness = 3.0
    flame_extension.unregister()
    flame_extension.register()
    (back,) = bpy.data.node_groups
    assert drawn_links(back) == before and back.nodes["Fit"].smoothness == 3.0 and compiled(back)


def test_blender_lives_on_when_the_add_on_goes_while_a_scene_has_a_tree(tree, tmp_path):
    """Before 4.5 it did not: the evaluated scene holds a copy of the tree, which was freed without its classes."""
    file = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file)
    bpy.ops.wm.open_mainfile(filepath=file)
    flame_extension.unregister()
    assert [each.bl_idname for each in bpy.data.node_groups] == ["NodeTreeUndefined"]
    bpy.ops.wm.open_mainfile(filepath=file)
    flame_extension.register()
    bpy.context.view_layer.update()
    assert bpy.context.scene.flame.tree == bpy.data.node_groups[0]


def test_undo_brings_back_a_deleted_node_with_its_links():
    bpy.ops.flame.new_tree()
    tree = bpy.context.scene.flame.tree
    before = drawn_links(tree)
    bpy.ops.ed.undo_push(message="made")
    tree.nodes.remove(tree.nodes["Fit"])
    bpy.ops.ed.undo_push(message="removed")
    bpy.ops.ed.undo()
    assert drawn_links(bpy.context.scene.flame.tree) == before


def test_the_operator_makes_a_tree_and_gives_it_to_the_scene_and_the_earlier_one_stays_in_the_file():
    assert bpy.ops.flame.new_tree() == {"FINISHED"}
    first = bpy.context.scene.flame.tree
    assert first.bl_idname == TREE and first.name == "Scene Track"
    bpy.ops.flame.new_tree()
    assert bpy.context.scene.flame.tree != first and first.use_fake_user and len(bpy.data.node_groups) == 2


def test_enabling_the_add_on_again_with_a_tree_in_the_file_does_not_crash():
    """Blender then updates the tree with a class that is gone; freed memory is overwritten, to leave out luck."""
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "import conftest, bpy, flame_extension\n"
        "from flame_extension.blender_flame_tracker.nodes.default_tree import new_default_tree\n"
        "flame_extension.register()\n"
        "bpy.context.scene.flame.tree = new_default_tree('again')\n"
        "for _ in range(4):\n"
        "    flame_extension.unregister()\n"
        "    flame_extension.register()\n"
        "os._exit(7)\n"
    )
    command = [sys.executable, "-c", script, str(TESTS)]
    environment = {**os.environ, "MALLOC_PERTURB_": "165"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7, done.stderr


def _editor(tree=None):
    return SimpleNamespace(type="NODE_EDITOR", node_tree=tree, as_pointer=lambda: 77)


def test_an_editor_that_is_not_pinned_shows_the_scene_s_tree_and_gives_the_scene_what_is_chosen_in_it():
    scene, editor = bpy.context.scene, _editor()
    context = SimpleNamespace(scene=scene, space_data=editor)
    following.unregister()
    assert following.shown_tree(context) == (None, None, None)
    first, second = (new_default_tree(name) for name in ("first", "second"))
    scene.flame.tree = first
    assert following.shown_tree(context) == (first, scene, scene)
    editor.node_tree = first
    scene.flame.tree = second  # In the panel.
    assert following.shown_tree(context)[0] == second
    editor.node_tree = first  # In the header of the editor, after it showed the second.
    assert following.shown_tree(context)[0] == first and scene.flame.tree == second
    following.POLLER.poll_now()
    assert scene.flame.tree == first and following.shown_tree(context)[0] == first


def test_an_editor_of_a_file_whose_scene_has_no_tree_keeps_its_own_and_changes_nothing():
    tree = new_default_tree("alone")
    context = SimpleNamespace(scene=bpy.context.scene, space_data=_editor(tree))
    following.unregister()
    assert [following.shown_tree(context)[0] for _ in range(2)] == [tree, tree]
    following.POLLER.poll_now()
    assert bpy.context.scene.flame.tree is None
