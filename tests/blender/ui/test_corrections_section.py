"""The part Corrections of the panel: what is pinned, and buttons that do something."""

import bpy
import pytest
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.ui.sections import corrections
from pin_helpers import pin_frame, write_posable
from recording_layout import RecordingLayout


@pytest.fixture
def take(addon, tmp_path, monkeypatch):
    # Without a window there are no letters to measure.
    monkeypatch.setattr(corrections, "paragraph", lambda layout, _context, text, icon="": layout.label(text=text))
    assert bpy.ops.flame.import_result(filepath=str(write_posable(tmp_path / "take one_flame"))) == {"FINISHED"}
    return bpy.data.collections["take one"]


def drawn():
    """The part with the file looked at, as it is in a window after a moment."""
    selection.facts_now(selection.chosen(bpy.context))
    layout = RecordingLayout()
    corrections.draw(layout, bpy.context)
    return layout


def pressed(shown, text):
    return shown.find(text).options.get("depress")


def test_without_an_import_it_says_what_to_do(addon):
    assert corrections.missing(bpy.context) == "Import a track first"


def test_at_first_there_is_the_tool_and_nothing_to_take_back(take):
    shown = drawn()
    assert corrections.missing(bpy.context) == ""
    assert shown.find("flame.pin_head").usable and "No pinned frames" in shown.text()
    assert shown.find("flame.clear_all_pins") is None


def test_a_pinned_frame_shows_how_it_counts(take, scene):
    pin_frame(5)
    shown = drawn()
    assert "1 pinned frame" in shown.text() and "Reach: automatic, " in shown.text()
    assert pressed(shown, "Hard") and not pressed(shown, "Soft") and shown.find("Remove").usable
    bpy.ops.flame.set_pinned_frame(hardness="soft", reach=3)
    shown = drawn()
    assert pressed(shown, "Soft") and "Reach: 3 frames, 2 to 8" in shown.text()


def test_beside_it_the_same_buttons_stand_and_cannot_be_pressed(take, scene):
    pin_frame(5)
    on_it = len(drawn()._root.items)
    scene.frame_set(7)
    shown = drawn()
    assert len(shown._root.items) == on_it and not shown.find("Remove").usable
    assert "This Frame Is Not Pinned" in shown.text() and shown.find("Clear All").usable


def test_pins_that_are_not_in_what_is_shown_are_offered(take):
    pin_frame(5)
    assert drawn().find("flame.apply_pins") is None
    bpy.ops.flame.activate_version(name="Whole Clip")
    assert drawn().find("flame.apply_pins").usable
