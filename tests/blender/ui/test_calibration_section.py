"""The panel's part Calibration: regions, channels, their source and trust, and what is not tracked."""

from dataclasses import replace

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.performance.performance import NOT_TRACKED, SOURCES
from flame_extension.blender_flame_tracker.calibration import takes
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from flame_extension.blender_flame_tracker.ui.sections.calibration import SOURCE_WORDS, channel_label, neutral_words
from panel_helpers import drawn
from performed_tracks import imported, performed

OPEN = ("flame_calibration_mouth", "flame_calibration_mouthSmileLeft", "flame_calibration_tongue")


@pytest.fixture
def holder(addon, tmp_path):
    holder = imported(tmp_path, performed(mouthSmileLeft=np.linspace(0, 0.8, 30)))
    bpy.context.scene.flame.show_calibration = True
    return holder


def test_it_is_folded_away_at_first_and_grey_without_a_track(addon, tmp_path):
    assert "Import a track first" in drawn().text()
    imported(tmp_path, performed())
    assert "Resting face" not in drawn().text()


def test_regions_have_a_gain_and_channels_their_source_and_trust(holder):
    takes.take_of(holder)
    shown = drawn(*OPEN)
    assert "Resting face: as tracked." in shown.text()
    assert "Solved from the shape of the face, trust 80 %" in shown.text()
    assert "Mouth smile" in shown.text() and "Mouth smile right" not in shown.text()
    assert [item.name for item in shown.all("prop")].count("gain") >= 8 + 14
    assert "not tracked" in shown.text()


def test_every_source_has_words():
    assert {*SOURCE_WORDS, NOT_TRACKED} == set(SOURCES)


def test_it_says_so_where_nothing_would_follow(holder):
    assert "No character plays it yet." in drawn().text()


def test_both_sides_are_listed_where_they_are_told_apart(holder):
    of_holder(holder).both_sides = False
    assert "Mouth smile right" in drawn(*OPEN).text()
    assert channel_label("eyeLookInLeft", False) == "Eye look in left"


def test_the_neutral_frame_is_named_and_can_be_taken_back(holder):
    bpy.context.scene.frame_set(5)
    assert not [item for item in drawn().all("operator") if item.options.get("icon") == "X"]
    bpy.ops.flame.set_neutral(how="CURRENT")
    shown = drawn()
    assert "Resting face: frame 4 of the clip, from 0." in shown.text()
    assert [item for item in shown.all("operator") if item.options.get("icon") == "X"]
    take = takes.take_of(holder)
    assert neutral_words((), replace(take, neutral_frame=7)) == "Resting face: as tracked, frame 7 of the clip, from 0."
    assert neutral_words((4, 77), take).endswith("Not all of them are in the track any more.")


def test_a_channel_to_both_sides_is_not_called_as_its_whole_region():
    assert channel_label("mouthLeft", both=True) == "Mouth aside"
    assert channel_label("jawRight", both=True) == "Jaw aside"
    assert channel_label("mouthSmileLeft", both=True) == "Mouth smile"
