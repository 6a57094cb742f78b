"""The engine solves around pinned frames through the scene's own node tree."""

from pathlib import Path

import bpy
import pytest
from flame_extension.backend.contract.corrections.corrections import read_corrections
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.nodes.scene_state import node_of
from pin_helpers import FRAMES, pin_frame, pinned_frames, take_of
from rig_tracks import make_flame_track
from run_helpers import heads


@pytest.fixture
def pinned(tree, engine, scene):
    """A clip that the tree has tracked, with frames 3 and 9 pinned; the collection of its import."""
    write_track(engine.root / "track.npz", make_flame_track(FRAMES, strength=0.3))
    assert bpy.ops.flame.track() == {"FINISHED"}
    file = Path(next(each for each in bpy.data.collections if each.get("flame_track"))["flame_track"])
    take = take_of(file)
    pin_frame(3)
    pin_frame(9, by=(-5.0, 2.0))
    assert pinned_frames(take) == [2, 8]
    return take


def test_the_tree_gets_a_node_with_the_corrections_beside_the_track(pinned, tree, scene):
    scene.frame_set(5)
    assert bpy.ops.flame.refine_pins() == {"FINISHED"}
    node = node_of(tree, "pins", scene)
    settings = node.settings(scene)
    assert settings.refine and (settings.first_frame, settings.last_frame) == (-1, -1)
    assert [each.frame for each in read_corrections(Path(settings.corrections)).pinned] == [2, 8]
    assert len(heads()) == 1, "what is solved comes into the import that is there"


def test_between_two_pinned_frames(pinned, tree, scene):
    for frame, wanted in ((5, (2, 8)), (1, (0, 2)), (11, (8, FRAMES - 1))):
        bpy.ops.flame.apply_pins()
        scene.frame_set(frame)
        assert bpy.ops.flame.refine_pins(between=True) == {"FINISHED"}
        node = node_of(tree, "pins", scene)
        assert (node.first_frame, node.last_frame) == wanted


def test_it_says_why_it_cannot(pinned, scene):
    scene.flame.tree = None
    with pytest.raises(RuntimeError, match="not tracked by"):
        bpy.ops.flame.refine_pins()
    bpy.ops.flame.clear_all_pins()
    with pytest.raises(RuntimeError, match="No frame is pinned"):
        bpy.ops.flame.refine_pins()
