"""The button that writes head and camera: what the file browser is opened with, in every Blender."""

import bpy
import pytest
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.operators.export_take import ExportTake
from synthetic_tracks import make_track

pytestmark = pytest.mark.usefixtures("addon")


class InTheWindow:
    """The context, with a file browser that remembers what it was opened for; there is no window in the tests."""

    def __init__(self, context):
        self._context = context
        self.window_manager = self
        self.opened = []

    def __getattr__(self, name):
        return getattr(self._context, name)

    def fileselect_add(self, operator):
        self.opened.append((operator.filepath, operator.filter_glob))


class AskedToExport(ExportTake):
    """Export Take as a click starts it"""

    bl_idname = "flame.asked_to_export_take"
    opened = ()

    def execute(self, context):
        seen = InTheWindow(context)
        assert self.invoke(seen, None) == {"RUNNING_MODAL"}
        AskedToExport.opened = tuple(seen.opened)
        return {"FINISHED"}


@pytest.fixture
def asked(tmp_path):
    assert write_track(tmp_path / "track.npz", make_track(3, video={"name": "take one.mp4"})) is None
    assert bpy.ops.flame.import_result(filepath=str(tmp_path / "track.npz")) == {"FINISHED"}
    bpy.utils.register_class(AskedToExport)
    yield bpy.ops.flame.asked_to_export_take
    bpy.utils.unregister_class(AskedToExport)


def test_the_file_browser_opens_beside_the_track_and_shows_files_of_the_target(asked, tmp_path):
    for name, preset in PRESETS.items():
        assert asked(target=name) == {"FINISHED"}
        ((path, pattern),) = AskedToExport.opened
        assert path.startswith(str(tmp_path / "take one")) and path.endswith(preset.ending)
        assert pattern == f"*{preset.ending}"
