"""Result section of the panel in each state, drawn into a layout that notes what is written on it."""

import bpy
import pytest
from flame_extension.blender_flame_tracker.results import selection
from flame_extension.blender_flame_tracker.ui.sections import result as section
from review_helpers import make_bad_track, make_good_track, write_file


class Layout:
    """Takes everything, and notes texts, buttons and fields."""

    def __init__(self, notes=None):
        self.notes = [] if notes is None else notes

    def _inner(self, *_positional, **_named):
        return Layout(self.notes)

    row = column = box = _inner

    def panel(self, *_positional, **_named):
        return Layout(self.notes), Layout(self.notes)

    def label(self, text="", **_named):
        self.notes.append(text)

    def progress(self, factor, text):
        self.notes.append(f"{text} at {factor:.2f}")

    def operator(self, name, text="", **_named):
        self.notes.append(name if getattr(bpy.ops.flame, name.partition(".")[2]).poll() else f"({name})")
        return Layout()

    def operator_menu_enum(self, name, choice, **named):
        assert choice in getattr(bpy.ops.flame, name.partition(".")[2]).get_rna_type().properties
        return self.operator(name, **named)

    def prop(self, owner, name, **_named):
        assert hasattr(owner, name)
        self.notes.append(name)

    def template_list(self, kind, _name, owner, name, active_owner, active_name, **_named):
        assert hasattr(bpy.types, kind) and hasattr(owner, name) and hasattr(active_owner, active_name)

    def template_icon(self, **_named):
        pass


@pytest.fixture(autouse=True)
def _unwrapped(addon, monkeypatch):
    # Without a window there are no letters to measure.
    monkeypatch.setattr(section, "paragraph", lambda layout, _context, text, icon="": layout.label(text=text))


def drawn():
    """All that is written, with the file looked at, as it is in a window after a moment."""
    assert section.missing(bpy.context) == ""
    selection.facts_now(selection.chosen(bpy.context))
    layout = Layout()
    section.draw(layout, bpy.context)
    return layout.notes


def bring(path):
    bpy.ops.flame.import_result(filepath=str(path))


def test_it_says_what_to_do_before_there_is_anything():
    assert "Import" in section.missing(bpy.context)


def test_a_result_shows_where_to_look(tmp_path):
    bring(write_file(tmp_path, make_bad_track()))
    bpy.context.scene.frame_set(16)
    notes = drawn()
    assert "take one" in notes
    assert "Frame 16: error 9.00 px, confidence 100 % at 1.00" in notes, "the bar is the confidence"
    assert "3 bad ranges, 7 of 30 frames" in notes
    assert "Error 1.00 px, largest 9.00 px" in notes
    assert notes.count("flame.jump_to_bad_frame") == 2
    assert "flame.update_result" in notes and "flame.switch_motion" in notes
    # Nothing that cannot work can be clicked.
    assert "(flame.show_report)" in notes and "(flame.play_overlay)" in notes


def test_a_good_result_has_nowhere_to_jump_to(tmp_path):
    bring(write_file(tmp_path, make_good_track(12)))
    notes = drawn()
    assert "No bad frames among 12" in notes and notes.count("(flame.jump_to_bad_frame)") == 2


def test_a_photograph_has_neither_a_graph_nor_frames_to_jump_to(tmp_path):
    bring(write_file(tmp_path, make_good_track(1)))
    notes = drawn()
    assert "Nothing looks wrong" in notes and any(note.startswith("Frame 1: error") for note in notes)
    assert "Confidence" not in notes and not any("jump_to_bad_frame" in note for note in notes)


def test_a_newer_file_is_said(tmp_path):
    bring(write_file(tmp_path, make_good_track(12)))
    write_file(tmp_path, make_good_track(14))
    assert "The track is newer than what is in the scene." in " ".join(drawn())


def test_a_lost_file_is_said_with_the_way_to_find_it(tmp_path):
    path = write_file(tmp_path, make_good_track(12))
    bring(path)
    path.unlink()
    notes = drawn()
    assert "The track file is no longer there" in " ".join(notes)
    assert "flame.find_track" in notes and "(flame.update_result)" in notes


def test_a_lost_head_is_said(tmp_path):
    bring(write_file(tmp_path, make_good_track(12)))
    bpy.data.objects.remove(selection.chosen(bpy.context).parts.head)
    notes = drawn()
    assert "have been deleted" in " ".join(notes) and "flame.update_result" in notes


def test_a_lost_video_is_said_as_long_as_it_is_missing(tmp_path):
    bring(write_file(tmp_path, make_good_track(12, video={"path": "/nowhere/gone.mp4", "name": "gone.mp4"})))
    assert "gone.mp4 was not found" in " ".join(drawn())


def test_what_the_scene_keeps_is_said_until_it_is_fitted(tmp_path):
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("set", None))
    bring(write_file(tmp_path, make_good_track(12)))
    assert any(note.startswith("The scene keeps its") for note in drawn()) and "flame.fit_scene" in drawn()
    bpy.ops.flame.fit_scene()
    assert not any(note.startswith("The scene keeps its") for note in drawn()) and "flame.fit_scene" not in drawn()


def test_a_head_can_become_a_rig_and_a_rig_has_layers_and_sliders(tmp_path):
    bring(write_file(tmp_path, make_good_track(6)))
    assert "flame.convert_to_rig" in drawn()
    assert bpy.ops.flame.convert_to_rig() == {"FINISHED"}
    notes = drawn()
    assert {"flame.new_edit_layer", "flame.convert_to_shape_keys", "flame.save_shot_actions"} <= set(notes)
    # A slider for the only expression of this head, none for what follows bones.
    assert notes.count("value") == 1 and "flame.convert_to_rig" not in notes
    bpy.ops.flame.new_edit_layer()
    assert "Edits: take one edits" in drawn()
