"""Sliders of the calibration: a character that plays the performance follows at once, also after a restart."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.performance.formats.column_names import HEADER
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from flame_extension.blender_flame_tracker.calibration.subject import subject_of
from flame_extension.blender_flame_tracker.retarget import playing
from flame_extension.blender_flame_tracker.scene import keyframes
from performed_tracks import imported, performed

RAMP = np.linspace(0, 0.8, 30)
SMILE = "mouthSmileLeft"


def values(thing, key):
    """Scene frame -> value of a shape key."""
    curve = keyframes.find_curve(thing.data.shape_keys, f'key_blocks["{key}"].value')
    assert curve is not None, key
    return dict(zip(keyframes.key_frames(curve).tolist(), keyframes.key_values(curve).tolist(), strict=True))


def kept(thing, key, factor=1.0):
    return {frame: pytest.approx(factor * value, abs=1e-6) for frame, value in values(thing, key).items()}


@pytest.fixture
def holder(addon, character, tmp_path):
    """The import whose performance the character plays, at the rate of the scene."""
    bpy.context.scene.render.fps = 25
    track = performed(jawOpen=RAMP, mouthSmileLeft=RAMP, mouthSmileRight=RAMP, browInnerUp=0.3)
    collection = imported(tmp_path, track)
    assert bpy.ops.flame.retarget(character=character.face.name) == {"FINISHED"}
    return collection


def test_a_slider_changes_what_follows_it_and_nothing_else(character, holder):
    wanted, brow = kept(character.face, "jawOpen", 0.5), kept(character.face, "browInnerUp")
    of_holder(holder).channel("jawOpen").gain = 0.5
    assert values(character.face, "jawOpen") == wanted
    assert values(character.face, "browInnerUp") == brow


def test_a_slider_is_followed_after_everything_was_renamed(character, holder):
    wanted = kept(character.face, "jawOpen", 0.5)
    character.face.name, holder.name = "Hero", "take"
    of_holder(holder).channel("jawOpen").gain = 0.5
    assert values(character.face, "jawOpen") == wanted
    character.armature.name = "Bones"
    wanted = kept(character.face, "jawOpen", 0.5)
    of_holder(holder).channel("jawOpen").gain = 0.25
    assert values(character.face, "jawOpen") == wanted


def test_another_file_knows_nothing_of_what_was_played(character, holder):
    assert playing.report_on(character.face) is not None
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not playing.REPORTS


def test_it_goes_there_and_back(character, holder):
    before = kept(character.face, SMILE)
    properties = of_holder(holder)
    for gain in (0.3, 1.9, 1.0):
        properties.master = gain
    assert values(character.face, SMILE) == before


def test_the_neutral_frame_is_played_at_rest(character, holder):
    bpy.context.scene.frame_set(11)
    bpy.ops.flame.set_neutral(how="CURRENT")
    assert values(character.face, SMILE)[11] == 0 and values(character.face, "browInnerUp")[1] == 0


def test_what_was_edited_by_hand_stays(character, holder):
    curve = keyframes.find_curve(character.face.data.shape_keys, f'key_blocks["{SMILE}"].value')
    curve.keyframe_points[4].co[1] = 0.77
    of_holder(holder).master = 0.5
    assert values(character.face, SMILE)[5] == pytest.approx(0.77)
    assert values(character.face, "jawOpen")[30] == pytest.approx(0.4)


def test_it_is_followed_after_the_file_was_closed(character, holder, tmp_path):
    wanted = kept(character.face, SMILE, 0.5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    playing._PLAYED.clear()  # As in another session.
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    collection = next(each for each in bpy.data.collections if "flame_track" in each)
    of_holder(collection).channel(SMILE).gain = 0.5
    assert values(bpy.data.objects["Face"], SMILE) == wanted


def test_a_character_that_plays_nothing_costs_a_slider_nothing(addon, character, tmp_path, monkeypatch):
    collection = imported(tmp_path, performed(jawOpen=RAMP))
    assert bpy.ops.flame.check_character(character=character.face.name) == {"FINISHED"}
    monkeypatch.setattr(playing, "source_of", lambda *_, **__: pytest.fail("the source was read"))
    of_holder(collection).channel("jawOpen").gain = 0.5


def test_a_recording_is_calibrated_on_the_scene(addon, character, tmp_path):
    path, scene = tmp_path / "take.csv", bpy.context.scene
    rows = [
        ",".join([f"10:00:00:{frame:02d}.000", "61", *(f"{frame / 40:.4f}" for _ in HEADER[2:])]) for frame in range(20)
    ]
    path.write_text("\n".join([",".join(HEADER), *rows]) + "\n", "utf-8")
    scene.flame_retarget.source, scene.flame_retarget.start_at = str(path), 101
    assert bpy.ops.flame.retarget(character=character.face.name) == {"FINISHED"}
    assert subject_of(bpy.context).holder == scene
    before = values(character.face, SMILE)
    of_holder(scene).channel(SMILE).gain = 0.5
    assert values(character.face, SMILE) == {frame: pytest.approx(value / 2) for frame, value in before.items()}
    scene.frame_set(106)
    bpy.ops.flame.set_neutral(how="CURRENT")
    (frame,) = of_holder(scene).neutral_frames()
    assert values(character.face, "jawOpen")[106] == pytest.approx(0, abs=0.01) and frame > 0
    scene.frame_set(1)
    with pytest.raises(RuntimeError, match="shows no frame of the clip"):
        bpy.ops.flame.set_neutral(how="CURRENT")
