"""A stage of later is one new file on this side: proved with one that is made up, in a copy of the add-on."""

import importlib
import importlib.util
import shutil
import sys

import bpy
import pytest
from project import ROOT

PACKAGE = "flame_of_later"

SETTINGS = '''

@dataclass(frozen=True)
class FreckleSettings:
    """How freckles are found."""

    amount: int = option(5, "Most freckles to find", minimum=0, maximum=99)
    palette: str = option("", "Picture with the colours of freckles", path=True)
    patience: float = option(1.0, "How long to look", unit="s", minimum=0.0, maximum=9.0, advanced=True)
'''
SPEC = """
STAGES["freckles"] = StageSpec(  # type: ignore[index]
    stage_settings.FreckleSettings, {"fit": "fit", "video": "video"}, "freckles", "Freckles"
)
STAGES["sun"] = StageSpec(stage_settings.FaceSettings, {"freckles": "freckles"}, "sun", "Sun")  # type: ignore[index]
"""
NODE = '''
"""The nodes Freckles and Sun."""

from typing import Final

import bpy

from ..base import Group, StageNode


class FrecklesNode(StageNode, bpy.types.Node):
    """Find the freckles"""

    kind = "freckles"
    bl_icon = "STICKY_UVS_DISABLE"


class SunNode(StageNode, bpy.types.Node):
    """Make more of them"""

    kind = "sun"
    group = Group.OUTPUT


CLASSES: Final = (FrecklesNode, SunNode)
'''


@pytest.fixture
def later(tmp_path):
    """The add-on with a new stage in the contract and one new file in `nodes/stages`; registered."""
    root = tmp_path / "addon"
    ignored = shutil.ignore_patterns("__pycache__")
    for part in ("backend/contract", "blender_flame_tracker"):
        shutil.copytree(ROOT / part, root / part, ignore=ignored)
    for name in ("__init__.py", "backend/__init__.py"):
        shutil.copy(ROOT / name, root / name)
    for name, text in (("settings.py", SETTINGS), ("job.py", SPEC)):
        with (root / "backend" / "contract" / name).open("a", encoding="utf-8") as stream:
            stream.write(text)
    (root / "blender_flame_tracker" / "nodes" / "stages" / "freckles.py").write_text(NODE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)])
    module = sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.register()
    yield module
    module.unregister()
    for name in [each for each in sys.modules if each.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def of_later(name):
    return importlib.import_module(f"{PACKAGE}.blender_flame_tracker.{name}")


def test_a_new_stage_is_one_new_file(later, tmp_path):
    bpy.ops.flame.new_tree()
    tree = bpy.context.scene.flame.tree
    assert [each.kind for each in tree.nodes if each.name in ("Freckles", "Sun")] == ["freckles", "sun"]
    for name in ("Freckles", "Sun"):
        tree.nodes.remove(tree.nodes[name])
    tree.nodes["Video"].path = str(tmp_path / "take.mp4")
    node = tree.nodes.new("FlameNodeFreckles")
    assert [(each.name, each.type_name) for each in node.inputs] == [("Fit", "fit"), ("Video", "video")]
    assert [(each.name, each.type_name) for each in node.outputs] == [("Freckles", "freckles")]
    assert node.amount == 5 and node.bl_rna.properties["amount"].hard_max == 99
    assert node.bl_rna.properties["amount"].description == "Most freckles to find"
    assert not tree.nodes.new("FlameNodeSun").outputs, "nothing takes what it gives"

    tree.links.new(tree.nodes["Smooth"].outputs[0], node.inputs["Fit"])
    tree.links.new(tree.nodes["Video"].outputs[0], node.inputs["Video"])
    node.amount, node.palette = 7, str(tmp_path / "palette.png")
    compile_tree = of_later("nodes.compile").compile_tree
    stage = compile_tree(tree, bpy.context.scene, "Freckles").job.stage("Freckles")
    assert (stage.kind, stage.settings.amount) == ("freckles", 7)
    assert stage.inputs == {"fit": "Smooth", "video": "Video"}
    assert "Freckles" not in [each.name for each in compile_tree(tree, bpy.context.scene).job.stages], "leads nowhere"


def test_its_state_follows_its_settings_and_the_files_that_it_reads(later, tmp_path):
    bpy.ops.flame.new_tree()
    tree = bpy.context.scene.flame.tree
    node = tree.nodes["Freckles"]
    state = of_later("nodes.state")
    palette = tmp_path / "palette.png"
    seen = []
    for change in (lambda: None, lambda: setattr(node, "palette", str(palette)), palette.touch):
        change()
        state.refresh(tree)
        seen.append(state._known[tree.session_uid]["Freckles"].fingerprint)
    assert len(set(seen)) == 3
