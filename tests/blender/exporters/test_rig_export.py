"""Rigs in other programs: bones, weights and named shapes with their correctives come back and move as here."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.blender_flame_tracker.exporters.export import export
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.scene.rig.layers import new_layer
from rig_probes import bring_in, open_jaw_on_top
from rig_tracks import make_flame_track
from test_targets_read_back import FRAMES, read_back, shapes, worst_distance


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.what == "take"])
@pytest.mark.parametrize("layered", [False, True])
def test_a_rig_moves_as_here_when_it_is_read_back(tmp_path, name, layered):
    made = bring_in(make_flame_track(len(FRAMES)), form="both", motion="head")
    if layered:
        new_layer(made.parts.rig, made.parts.mesh.shape_keys)
        open_jaw_on_top(made.parts.rig)
    wanted = shapes(made.parts.head)
    written = export(bpy.context, name, made.parts, tmp_path / f"take{PRESETS[name].ending}")
    assert not isinstance(written, Failure), written
    # Blender 5.0's own reader of FBX loses where bones are moved to; the older one is there too.
    scene = read_back(written.path, bpy.ops.import_scene.fbx if written.path.suffix == ".fbx" else None)
    # Blender's reader of glTF makes a mesh of its own that stands for bones.
    (head,) = [thing for thing in scene.objects if thing.type == "MESH" and len(thing.data.vertices) > 100]
    key = head.data.shape_keys
    for block in () if key is None else key.key_blocks[1:]:  # Its readers cut off what is below 0 and above 1.
        block.slider_min, block.slider_max = -10, 10
    distances = [worst_distance(one, other) for one, other in zip(wanted, shapes(head), strict=True)]
    assert max(distances) < 2e-4, np.round(distances, 5)
