"""Sentences fit the panel; a dropped video is taken where the panel is seen."""

from types import SimpleNamespace

import blf
import flame_extension
import pytest
from flame_extension.blender_flame_tracker.operators.file_handlers import FLAME_FH_video
from flame_extension.blender_flame_tracker.text import duration, wrapped

PATH = "/home/josé/a_very_long_folder_name_without_any_blank/another_folder_of_that_kind/take.npz"
TEXT = f"The track {PATH} cannot be read. Track the video again."


@pytest.mark.parametrize("width", [60, 140, 300])
def test_lines_fit_and_no_letter_is_lost(width):
    lines = wrapped(TEXT, width, 11.0)
    blf.size(0, 11.0)
    assert all(blf.dimensions(0, line)[0] <= width for line in lines)
    assert "".join(lines).replace(" ", "") == TEXT.replace(" ", "")
    assert len(lines) > 1


def test_line_breaks_stay():
    assert wrapped("One.\nTwo.", 500, 11.0) == ("One.", "Two.")


def test_durations_as_people_say_them():
    assert [duration(seconds) for seconds in (0, 7.6, 65, 3700)] == ["0 s", "8 s", "1 min 05 s", "1 h 01 min"]
    assert [duration(seconds, tenths_below=10.0) for seconds in (0.44, 9.94, 12.3)] == ["0.4 s", "9.9 s", "12 s"]


def editor(kind="VIEW_3D", shown=True, tab="FLAME"):
    regions = [SimpleNamespace(type="WINDOW"), SimpleNamespace(type="UI", active_panel_category=tab)]
    spaces = SimpleNamespace(active=SimpleNamespace(show_region_ui=shown))
    return SimpleNamespace(area=SimpleNamespace(type=kind, spaces=spaces, regions=regions))


def test_a_video_is_taken_where_the_panel_is_seen_and_left_to_blender_elsewhere():
    flame_extension.register()
    try:
        assert FLAME_FH_video.poll_drop(editor())
        assert not FLAME_FH_video.poll_drop(editor(tab="Item"))
        assert not FLAME_FH_video.poll_drop(editor(shown=False))
        assert not FLAME_FH_video.poll_drop(editor("SEQUENCE_EDITOR"))
        assert not FLAME_FH_video.poll_drop(SimpleNamespace(area=None))
        assert FLAME_FH_video.bl_import_operator == "flame.choose_video"
        assert {".mp4", ".mov", ".mkv"} <= set(FLAME_FH_video.bl_file_extensions.split(";"))
    finally:
        flame_extension.unregister()
