"""Operators on a character: check, edit, remember, save and load its mapping, as a user does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest
from flame_extension.backend.contract.performance.characters.report import GREEN
from flame_extension.blender_flame_tracker.retarget.checking.check_panel import draw_check
from flame_extension.blender_flame_tracker.retarget.checking.check_report import report_of
from flame_extension.blender_flame_tracker.retarget.mapping import mapping_files
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_group import group_of
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_list import FLAME_UL_mapping
from flame_extension.blender_flame_tracker.retarget.mapping.mapping_store import stored_mapping
from makehuman import make_character, needs_makehuman
from recording_layout import RecordingLayout

pytestmark = needs_makehuman


@pytest.fixture
def character(addon: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(mapping_files, "character_folder", lambda: tmp_path / "characters")
    return make_character(parts=("Body", "Teeth"))


def drawn(thing: bpy.types.Object, *panels: str) -> RecordingLayout:
    layout = RecordingLayout(open_panels=panels)
    draw_check(layout, thing)
    return layout


def test_a_check_stores_the_mapping_and_shows_the_report_and_the_table(character: Any) -> None:
    body, rig = character.meshes["Body"], character.armature
    assert [each.text for each in drawn(body).items] == ["Check Character"] and report_of(rig) is None
    assert bpy.ops.flame.check_character(character=body.name) == {"FINISHED"}
    report, mapping = report_of(rig), stored_mapping(rig)
    assert report is not None and mapping is not None and report.level == GREEN
    assert len(mapping.shapes) == 51 + 5 and len(group_of(rig).rows) == 51 + 5 + 2
    texts = " ".join(each.text for each in drawn(body, "flame_character_mapping").items)
    assert "51 of 52" in texts and "Looks along -Y" in texts and "Mapping: ARKit shapes" in texts


def test_edits_of_the_table_stay_until_it_is_made_anew(character: Any) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    group_of(rig).rows[0].use = False
    bpy.ops.flame.check_character(character=rig.name)
    assert not group_of(rig).rows[0].use
    bpy.ops.flame.check_character(character=rig.name, anew=True)
    assert group_of(rig).rows[0].use


def test_rows_and_channels_are_added_and_removed(character: Any) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    group = group_of(rig)
    count = len(group.rows)
    bpy.ops.flame.add_mapping_row(holder=rig.name)
    assert len(group.rows) == count + 1 and group.active == 1
    row = group.rows[1]
    row.target = "jawOpen"
    row.parts[0].channel, row.parts[0].factor = "mouthFunnel", 0.5
    bpy.ops.flame.add_mapping_channel(holder=rig.name)
    row.parts[1].channel = "cheekPuff"
    mapping = stored_mapping(rig)
    assert mapping is not None and mapping.shapes[1].parts == {"mouthFunnel": 0.5, "cheekPuff": 1.0}
    assert row.name == "Character Body: jawOpen", "the list is filtered by this name"
    bpy.ops.flame.remove_mapping_channel(holder=rig.name, index=0)
    mapping = stored_mapping(rig)
    assert mapping is not None and mapping.shapes[1].parts == {"cheekPuff": 1.0}
    bpy.ops.flame.remove_mapping_row(holder=rig.name)
    assert len(group.rows) == count and group.active == 0


def test_a_mapping_goes_by_file_to_a_character_that_lacks_some_of_it(character: Any, tmp_path: Path) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    group_of(rig).rows[0].gain = 0.5
    file = tmp_path / "mapping"
    assert bpy.ops.flame.save_mapping(holder=rig.name, filepath=str(file)) == {"FINISHED"}
    saved = json.loads(file.with_suffix(".json").read_text("utf-8"))
    assert list(saved["shapes"][0]["parts"].values()) == [0.5]
    other = make_character(name="Other", parts=("Body",)).armature
    assert bpy.ops.flame.load_mapping(holder=other.name, filepath=str(file.with_suffix(".json"))) == {"FINISHED"}
    loaded = stored_mapping(other)
    assert loaded is not None and len(loaded.shapes) == 51 and 0.5 in loaded.shapes[0].parts.values()
    assert {each.mesh for each in loaded.shapes} == {"Other Body"} and report_of(other) is not None


def test_a_remembered_mapping_is_taken_for_the_next_character_of_that_kind(character: Any) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    group_of(rig).rows[3].use = False
    assert bpy.ops.flame.remember_mapping(holder=rig.name) == {"FINISHED"}
    other = make_character(name="Other", parts=("Body", "Teeth")).armature
    bpy.ops.flame.check_character(character=other.name)
    assert [row.use for row in group_of(other).rows].count(False) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("[]", "not valid JSON"), ('{"schema": 99}', "another version"), ('{"schema": 1}', "has none of")],
)
def test_a_file_that_is_no_mapping_for_it_changes_nothing(character: Any, tmp_path: Path, text: str, said: str) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    before = stored_mapping(rig)
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.flame.load_mapping(holder=rig.name, filepath=str(tmp_path / "bad.json"))
    assert stored_mapping(rig) == before


def test_nothing_selected_and_nothing_recognised_are_said(addon: Any) -> None:
    with pytest.raises(RuntimeError, match="No character is selected"):
        bpy.ops.flame.check_character()
    bpy.ops.mesh.primitive_cube_add()
    with pytest.raises(RuntimeError, match="names that are known"):
        bpy.ops.flame.check_character()
    with pytest.raises(RuntimeError, match="no mapping yet"):
        bpy.ops.flame.remember_mapping()


@pytest.mark.parametrize(("text", "shown"), [("", 58), ("jawopen", 2), ("brows", 5), ("eye*left", 7), ("head", 1)])
def test_the_table_is_searched_by_names_channels_and_regions(character: Any, text: str, shown: int) -> None:
    rig = character.armature
    bpy.ops.flame.check_character(character=rig.name)
    searched = SimpleNamespace(filter_name=text, bitflag_filter_item=1 << 30)
    flags, order = FLAME_UL_mapping.filter_items(searched, bpy.context, group_of(rig), "rows")
    assert order == [] and (sum(map(bool, flags)) if text else len(group_of(rig).rows)) == shown
