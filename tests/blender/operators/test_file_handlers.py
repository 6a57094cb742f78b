"""A dropped video is taken where the panel is seen."""

from types import SimpleNamespace

import pytest
from flame_extension.blender_flame_tracker.operators.file_handlers import FLAME_FH_video

PATH = "/home/josé/a_very_long_folder_name_without_any_blank/another_folder_of_that_kind/take.npz"
TEXT = f"The track {PATH} cannot be read. Track the video again."


@pytest.mark.parametrize("width", [60, 140, 300])
def editor(kind="VIEW_3D", shown=True, tab="FLAME"):
    regions = [SimpleNamespace(type="WINDOW"), SimpleNamespace(type="UI", active_panel_category=tab)]
    spaces = SimpleNamespace(active=SimpleNamespace(show_region_ui=shown))
    return SimpleNamespace(area=SimpleNamespace(type=kind, spaces=spaces, regions=regions))


def test_a_video_is_taken_where_the_panel_is_seen_and_left_to_blender_elsewhere(addon):
    assert FLAME_FH_video.poll_drop(editor())
    assert not FLAME_FH_video.poll_drop(editor(tab="Item"))
    assert not FLAME_FH_video.poll_drop(editor(shown=False))
    assert not FLAME_FH_video.poll_drop(editor("SEQUENCE_EDITOR"))
    assert not FLAME_FH_video.poll_drop(SimpleNamespace(area=None))
    assert FLAME_FH_video.bl_import_operator == "flame.choose_video"
    assert {".mp4", ".mov", ".mkv"} <= set(FLAME_FH_video.bl_file_extensions.split(";"))
