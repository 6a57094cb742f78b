"""The script that a page shows for Blender does what the page says."""

from pathlib import Path

import bpy
import numpy as np
from film import write_film
from run_helpers import heads

from tests.install.pages import ROOT, blocks


def test_the_script_of_the_page_tracks_and_imports(engine, tmp_path: Path):
    script = next(block.text for block in blocks(ROOT / "docs" / "usage.md") if "bpy" in block.text)
    write_film(tmp_path / "interview.mp4", np.arange(8) / 25, 25.0)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "interview.blend"))
    exec(script, {"bpy": bpy})
    assert len(heads()) == 1
    assert bpy.context.scene.camera.animation_data is None  # the head moves after `switch_motion`
