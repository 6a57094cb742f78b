"""Calibration in the scene: what is told of its changes, saved with the file, undone and kept as presets."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.performance.calibration import PRESETS, Calibration, Response, calibrated
from flame_extension.backend.contract.performance.channels import CHANNELS, region_of
from flame_extension.blender_flame_tracker.calibration import live, presets, takes
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from performed_tracks import imported, performed

RAMP = np.linspace(0, 0.8, 30)


@pytest.fixture
def holder(addon, tmp_path):
    return imported(tmp_path, performed(mouthSmileLeft=RAMP, mouthSmileRight=RAMP, browInnerUp=0.2))


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr(live, "on_calibration_changed", [lambda holder, channels: heard.append((holder, channels))])
    return heard


def test_a_slider_tells_at_once_which_channels_changed(holder, told):
    properties = of_holder(holder)
    properties.channel("jawOpen").gain = 1.4
    properties.region("brows").curve = 2.0
    properties.master = 0.5
    brows = frozenset(name for name in CHANNELS if region_of(name) == "brows")
    assert told == [(holder, frozenset({"jawOpen", "mouthClose"})), (holder, brows), (holder, None)]
    answers = properties.calibration()
    assert answers == Calibration((), 0.5, {"brows": Response(curve=2.0)}, {"jawOpen": Response(gain=1.4)})


def test_both_sides_go_together_unless_they_are_told_apart(holder, told):
    properties = of_holder(holder)
    properties.channel("mouthSmileLeft").gain = 0.7
    assert properties.channel("mouthSmileRight").gain == pytest.approx(0.7)
    assert told == [(holder, frozenset({"mouthSmileLeft", "mouthSmileRight"}))]
    properties.both_sides = False
    properties.channel("mouthSmileLeft").gain = 1.2
    assert properties.channel("mouthSmileRight").gain == pytest.approx(0.7)


def test_a_preset_tells_once_and_leaves_the_neutral_frame(holder, told):
    properties = of_holder(holder)
    properties.take_neutral((4,))
    told.clear()
    for name, preset in PRESETS.items():
        assert bpy.ops.flame.use_calibration_preset(name=name) == {"FINISHED"}
        answers = properties.calibration()
        assert all(answers.response_of(channel) == preset.response_of(channel) for channel in CHANNELS)
    assert told == [(holder, None)] * len(PRESETS) and properties.neutral_frames() == (4,)


def test_it_is_saved_with_the_file(holder, tmp_path):
    properties = of_holder(holder)
    properties.master, properties.region("mouth").gain = 1.3, 0.8
    properties.take_neutral((4, 7))
    before = properties.calibration()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    again = of_holder(next(each for each in bpy.data.collections if "flame_track" in each))
    assert again.calibration() == before and again.neutral_frames() == (4, 7)


def test_own_presets_are_files_that_can_be_used_and_removed(holder):
    properties = of_holder(holder)
    properties.region("brows").gain = 1.5
    properties.take_neutral((4,))
    assert bpy.ops.flame.save_calibration_preset(name="Big brows: é") == {"FINISHED"}
    (name,) = presets.names()
    kept = presets.read(name)
    assert isinstance(kept, Calibration) and kept.neutral == () and kept.regions["brows"].gain == 1.5
    bpy.ops.flame.reset_calibration()
    assert properties.calibration() == Calibration()
    bpy.ops.flame.use_calibration_preset(name=name)
    assert properties.region("brows").gain == pytest.approx(1.5)
    bpy.ops.flame.remove_calibration_preset(name=name)
    assert presets.names() == [] and isinstance(presets.read(name), Failure)


def test_a_preset_that_is_damaged_or_not_named_is_refused(holder):
    presets.folder().mkdir(parents=True, exist_ok=True)
    (presets.folder() / "broken.json").write_text('{"schema": 1, "master": "loud"}')
    with pytest.raises(RuntimeError, match=r"'master' of the calibration is of another kind or size\."):
        bpy.ops.flame.use_calibration_preset(name="broken")
    with pytest.raises(RuntimeError, match=r"Give a name\."):
        bpy.ops.flame.save_calibration_preset(name="  ")
    with pytest.raises(RuntimeError, match=r"'Subtle' comes with the program"):
        bpy.ops.flame.save_calibration_preset(name="Subtle")
    presets.remove("broken")


def test_resetting_a_region_leaves_the_others(holder, told):
    properties = of_holder(holder)
    properties.channel("jawOpen").gain, properties.channel("mouthFunnel").gain = 1.4, 1.4
    told.clear()
    bpy.ops.flame.reset_calibration(region="jaw")
    assert properties.channel("jawOpen").gain == 1.0 and properties.channel("mouthFunnel").gain == pytest.approx(1.4)
    assert told[0][1] == {"jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose"}


# The neutral frame.


def test_this_frame_is_the_one_of_the_clip_that_the_scene_shows(addon, tmp_path, told):
    holder = imported(tmp_path, performed(first_frame=100, mouthSmileLeft=RAMP))
    bpy.context.scene.frame_set(6)
    assert bpy.ops.flame.set_neutral(how="CURRENT") == {"FINISHED"}
    properties, take = of_holder(holder), takes.take_of(holder)
    assert not isinstance(take, Failure)
    assert properties.neutral_frames() == (105,) and told == [(holder, None)]
    calibration = takes.calibration_of(holder, take)
    assert calibration.neutral == (5,)
    smile = calibrated(take.performance, calibration).weights[:, CHANNELS.index("mouthSmileLeft")]
    assert smile[5] == 0 and smile[24] == pytest.approx(RAMP[24] - RAMP[5], abs=1e-6)


def test_several_frames_can_be_neutral_and_none(holder):
    properties = of_holder(holder)
    for scene_frame, how in ((3, "CURRENT"), (8, "ADD"), (8, "ADD")):
        bpy.context.scene.frame_set(scene_frame)
        bpy.ops.flame.set_neutral(how=how)
    assert properties.neutral_frames() == (2, 7)
    bpy.ops.flame.set_neutral(how="NONE")
    assert properties.neutral_frames() == ()


def test_the_proposed_frame_is_one_with_a_face_that_does_little(holder):
    assert bpy.ops.flame.set_neutral(how="PROPOSED") == {"FINISHED"}
    (frame,) = of_holder(holder).neutral_frames()
    assert frame < 12  # The smile grows.


@pytest.mark.parametrize(
    ("scene_frame", "words"),
    [(26, "The neutral frame shows no face"), (500, "This frame of the scene shows no frame of the clip")],
)
def test_a_frame_without_a_face_is_refused_and_nothing_changes(holder, told, scene_frame, words):
    bpy.context.scene.frame_set(scene_frame)
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.flame.set_neutral(how="CURRENT")
    assert not told and of_holder(holder).neutral_frames() == ()


def test_without_an_import_the_buttons_say_why(addon):
    assert not bpy.ops.flame.set_neutral.poll() and not bpy.ops.flame.use_calibration_preset.poll()
