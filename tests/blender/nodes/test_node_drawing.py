"""Drawing of nodes, the header, the Add menu and the sidebar, into a layout that writes down what it is told."""

from types import SimpleNamespace

import bpy
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.names import TREE
from flame_extension.blender_flame_tracker.nodes import drawing, run_registry, stages, state
from flame_extension.blender_flame_tracker.nodes.state import NodeState, Status
from flame_extension.blender_flame_tracker.ui import node_menus, node_sidebar
from node_helpers import begin, finish, say

pytestmark = pytest.mark.usefixtures("addon")


class Layout:
    """Stands in for Blender's layout, of which there is none without a window."""

    def __init__(self, told=None):
        self.told = [] if told is None else told
        self.use_property_split = False

    def row(self, **_options):
        return self._part()

    column = box = split = row

    def _part(self):
        part = Layout(self.told)
        part.use_property_split = self.use_property_split
        return part

    def separator(self, **_options):
        pass

    def label(self, text="", **_options):
        self.told.append(("label", text))

    def progress(self, factor, text):
        self.told.append(("progress", round(factor, 3), text))

    def prop(self, owner, name, **_options):
        assert name in owner.bl_rna.properties
        self.told.append(("prop", name))

    def operator(self, name, **_options):
        self.told.append(("operator", name))
        return SimpleNamespace()

    def named(self, kind):
        return [each[1] for each in self.told if each[0] == kind]


def context(tree, tree_type=TREE, active=None):
    space = SimpleNamespace(type="NODE_EDITOR", tree_type=tree_type, edit_tree=tree)
    region = SimpleNamespace(type="UI", width=300)
    return SimpleNamespace(
        space_data=space,
        active_node=active,
        region=region,
        preferences=bpy.context.preferences,
        scene=bpy.context.scene,
    )


def shown(node):
    layout = Layout()
    node.draw_settings(layout)
    return layout.named("prop")


def test_every_node_draws_its_settings_once_in_the_node_and_in_the_panel(tree):
    for node in tree.nodes:
        narrow, wide = Layout(), Layout()
        wide.use_property_split = True
        node.draw_settings(narrow)
        node.draw_settings(wide)
        assert narrow.named("prop") == wide.named("prop")
        assert len(set(shown(node))) == len(shown(node)) > 0


@pytest.mark.parametrize(
    ("name", "setting", "value", "appear"),
    [
        ("Video", "range", "custom", {"first_frame", "last_frame"}),
        ("Video", "path", "//frames/0001.png", {"sequence_rate"}),
        ("Face", "choose", "number", {"face"}),
        ("Face", "choose", "nearest", {"point_x", "point_y", "point_frame"}),
        ("Head Model", "source", "file", {"file"}),
        ("Camera", "focal_mode", "pixels", {"focal_pixels"}),
        ("Camera", "focal_mode", "millimetres", {"focal_millimetres", "sensor_width"}),
        ("Camera", "focal_mode", "angle", {"angle_of_view"}),
        ("Camera", "focal_mode", "blender_camera", {"blender_camera"}),
        ("Fit", "show_advanced", True, {"identity_spread", "expression_spread", "landmark_offsets", "key_frames"}),
    ],
)
def test_a_setting_is_shown_when_it_matters(tree, name, setting, value, appear):
    before = set(shown(tree.nodes[name]))
    setattr(tree.nodes[name], setting, value)
    after = set(shown(tree.nodes[name]))
    # A camera of Blender's brings its own principal point.
    assert after - before == appear and before - after <= {"principal_point"}


def test_the_overlays_height_is_shown_for_an_overlay_alone(tree):
    report = tree.nodes["Report"]
    report.show_advanced = True
    assert "overlay_height" in shown(report)
    report.overlay = False
    assert "overlay_height" not in shown(report)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(NodeState.NOT_RUN), "Not run yet"),
        (Status(NodeState.CACHED, 1.0, "90 frames"), "Up to date"),
        (Status(NodeState.STALE), "Changed since it ran"),
        (Status(NodeState.WAITING), "Waiting"),
        (Status(NodeState.RUNNING), "Running"),
        (Status(NodeState.RUNNING, 0.3, seconds=72.0), "30 %, 1 min 12 s left"),
        (Status(NodeState.DONE, 1.0, "90 frames", 14.2), "Done in 14 s"),
        (Status(NodeState.DONE, 1.0, "90 frames", 0.2), "Done in a moment"),
        (Status(NodeState.DONE, 1.0, "Imported"), "Done"),
        (Status(NodeState.FAILED, text="No face."), "Failed"),
    ],
)
def test_every_state_has_its_words(status, words):
    assert drawing.words(status) == words


def test_a_node_shows_its_main_result_and_a_button_to_run_to_it(tree, tmp_path):
    finish(tree, begin(tree, tmp_path))
    layout = Layout()
    tree.nodes["Fit"].draw_buttons(context(tree), layout)
    assert layout.told[-3:] == [("label", "Done in 2 s"), ("operator", "flame.run_to_node"), ("label", "Fit is good")]


def test_a_running_node_shows_a_bar(tree, tmp_path):
    say(begin(tree, tmp_path), "progress", name="Fit", done=1, total=4, seconds_left=9.0)
    layout = Layout()
    tree.nodes["Fit"].draw_buttons(context(tree), layout)
    assert layout.told[-1] == ("progress", 0.25, "25 %, 9 s left")


def test_a_failure_is_broken_to_the_nodes_width_and_the_sidebar_says_what_to_do(tree, tmp_path):
    run = begin(tree, tmp_path)
    say(run, "stage", name="Fit", state="running")
    sentence = "The fit found no pose that explains the landmarks of frame 57, where two faces overlap."
    run.fail(Failure("no-pose", sentence, "Choose the face by number."))
    state.remember(tree, run_registry.compiled_of(tree), run)
    lines = {}
    for width in (160, 400):
        tree.nodes["Fit"].width = width
        layout = Layout()
        tree.nodes["Fit"].draw_buttons(context(tree), layout)
        lines[width] = layout.named("label")[layout.named("label").index("Failed") + 1 :]
        assert " ".join(lines[width]) == sentence
    assert len(lines[160]) > len(lines[400]) > 1
    layout = Layout()
    node_sidebar.FLAME_PT_node.draw(SimpleNamespace(layout=layout), context(tree, active=tree.nodes["Fit"]))
    assert " ".join(layout.named("label")).endswith("Choose the face by number.")


def test_the_add_menu_has_our_nodes_in_our_editor_alone(tree):
    ours, others, empty = Layout(), Layout(), Layout()
    node_menus.draw_add(SimpleNamespace(layout=ours), context(tree))
    node_menus.draw_add(SimpleNamespace(layout=others), context(None, "ShaderNodeTree"))
    node_menus.draw_add(SimpleNamespace(layout=empty), context(None))
    assert ours.named("operator") == ["node.add_node"] * (len(stages.CLASSES) + 2)
    assert others.told == [] and empty.named("operator") == ["flame.new_tree"]
    assert [each.kind for each in stages.CLASSES][:4] == ["video", "photographs", "face", "head"]


def test_the_header_has_run_or_cancel(tree, tmp_path):
    def header(of, tree_type=TREE):
        layout = Layout()
        node_menus.draw_header(SimpleNamespace(layout=layout), context(of, tree_type))
        return layout

    assert header(None, "ShaderNodeTree").told == []
    assert header(None).named("operator") == ["flame.new_tree"]
    assert header(tree).named("operator") == ["flame.run_tree", "flame.new_tree"]
    run = begin(tree, tmp_path)
    assert header(tree).told == [("operator", "flame.cancel"), ("progress", 0.0, "Starting")]
    say(run, "job", stages=[{"name": "Fit", "kind": "fit", "label": "Fit"}])
    say(run, "progress", name="Fit", done=1, total=4)
    assert header(tree).told[-1] == ("progress", 0.25, "Fit: 25 %")


def test_the_sidebar_says_how_the_last_run_ended(tree, tmp_path):
    def told(of):
        layout = Layout()
        node_sidebar.FLAME_PT_tree.draw(SimpleNamespace(layout=layout), context(of))
        return layout

    assert told(None).named("operator") == ["flame.new_tree"]
    assert told(tree).named("operator") == ["flame.run_tree", "flame.run_to_node", "flame.new_tree"]
    run = begin(tree, tmp_path)
    assert told(tree).named("operator") == ["flame.cancel"]
    run.fail(Failure("engine-died", "The engine ended.", "Start it again."))
    assert " ".join(told(tree).named("label")) == "The engine ended. Start it again."
