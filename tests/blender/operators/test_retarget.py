"""Apply to Character: four clicks after Track, the script call, what is asked, sliders that are played at once."""

from fractions import Fraction
from pathlib import Path

import bpy
import makehuman
import numpy as np
import pytest
from flame_extension.backend.contract.performance.channels import CHANNELS
from flame_extension.backend.contract.performance.formats.reading import read_performance
from flame_extension.blender_flame_tracker.calibration import takes
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from flame_extension.blender_flame_tracker.retarget import playing
from flame_extension.blender_flame_tracker.scene import keyframes
from performances import make_performance
from run_helpers import make_tree

TAKE = makehuman.DATA / "livelink_take.csv"
pytestmark = makehuman.needs_makehuman


@pytest.fixture
def character(addon):
    bpy.context.scene.render.fps = 30
    return makehuman.make_character(parts=("Teeth", "Tongue"))


def curve(thing, key):
    return keyframes.find_curve(thing.data.shape_keys, f'key_blocks["{key}"].value')


def report_of(character):
    return playing.REPORTS[character.armature.name]


def write_csv(path: Path, rows, header=None, order=None) -> Path:
    """A Live Link Face file of some rows: channel -> value."""
    names = [name[0].upper() + name[1:] for name in CHANNELS]
    names = [names[index] for index in order] if order is not None else names
    lines = [",".join(["Timecode", "BlendShapeCount", *names])]
    for number, row in enumerate(rows):
        values = [f"{row.get(name[0].lower() + name[1:], 0.0):.10f}" for name in names]
        lines.append(",".join([f"00:00:{number // 30:02d}:{2 * (number % 30):02d}.000", "52", *values]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def opening(tmp_path):
    """A take of a second in which the jaw opens."""
    return write_csv(tmp_path / "take_1.csv", [{"jawOpen": each / 29, "browInnerUp": 0.5} for each in range(30)])


def test_a_real_take_drives_the_character_with_the_values_that_it_has(character):
    """At least 99.9 % of them are equal; above 1, where phones go up to 1.05, the sliders end."""
    assert bpy.ops.flame.retarget(character="Character Body", source=str(TAKE)) == {"FINISHED"}
    performance = read_performance(TAKE)
    at_frame = np.rint(performance.time * 30)  # The phone has lost a frame.
    wanted, found = [], []
    for name in CHANNELS:
        column = performance.weights[:, CHANNELS.index(name)].astype(np.float32)
        made = curve(character.meshes["Body"], name)
        if made is not None:
            rows = np.searchsorted(at_frame, keyframes.key_frames(made) - 1)
            wanted.append(column[rows])
            found.append(keyframes.key_values(made))
    wanted, found = np.concatenate(wanted), np.concatenate(found)
    assert len(wanted) > 50 * 1499 and np.mean(wanted == found) >= 0.999
    assert np.abs(wanted - found).max() < 0.051
    assert report_of(character).is_good, report_of(character)


def test_what_nobody_chose_is_proposed_and_named_after_the_take(character, opening):
    bpy.context.view_layer.objects.active = None
    assert bpy.ops.flame.retarget(source=str(opening)) == {"FINISHED"}
    assert keyframes.key_values(curve(character.meshes["Teeth"], "jawOpen"))[-1] == 1
    assert character.meshes["Body"].data.shape_keys.animation_data.action.name.startswith("take_1")


def test_two_characters_are_not_guessed_between(character, opening):
    makehuman.make_character(name="Other", parts=())
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="No character is chosen"):
        bpy.ops.flame.retarget(source=str(opening))
    bpy.ops.flame.retarget(character="Other Body", source=str(opening))
    assert curve(character.meshes["Body"], "jawOpen") is None
    bpy.context.scene.flame_retarget.character = character.armature
    bpy.ops.flame.retarget(source=str(opening))
    assert curve(character.meshes["Body"], "jawOpen") is not None


def test_a_key_that_lost_its_name_is_said(character, opening):
    bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    assert not [line for line in report_of(character).lines if "no longer" in line.text]
    character.meshes["Body"].data.shape_keys.key_blocks["jawOpen"].name = "Mouth"
    bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    (said,) = [line.text for line in report_of(character).lines if "no longer" in line.text]
    assert said.startswith("The character no longer has jawOpen of Character Body, which its mapping drives.")


def test_a_character_of_another_scene_is_left_there(character, opening):
    bpy.context.window.scene = bpy.data.scenes.new("Shot 2")
    with pytest.raises(RuntimeError, match="'Character Body' is not in this scene"):
        bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    assert not bpy.data.actions


def test_scripts_are_refused_instead_of_asked(character, opening):
    block = character.meshes["Body"].data.shape_keys.key_blocks["jawOpen"]
    block.keyframe_insert("value", frame=1)
    with pytest.raises(RuntimeError, match="1 channel with keys of Character Body is there already"):
        bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    assert curve(character.meshes["Teeth"], "jawOpen") is None, "nothing half-written"
    bpy.ops.flame.retarget(character="Character Body", source=str(opening), existing="replace")
    assert len(curve(character.meshes["Body"], "jawOpen").keyframe_points) == 30


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("nothing", "There is no object 'Nobody'"),
        ("file", "There is no file"),
        ("other file", "is not a performance in a known format"),
        ("no face", "has no frame with a face"),
        ("no match", "names that are known. .* Make ARKit Shapes"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(character, opening, tmp_path, harm, sentence):
    name, source = "Character Body", opening
    if harm == "nothing":
        name = "Nobody"
    elif harm == "file":
        source = tmp_path / "none.csv"
    elif harm == "other file":
        source.write_text("a,b,c\n1,2,3\n")
    elif harm == "no face":
        lines = source.read_text().splitlines()
        source.write_text("\n".join([lines[0], *(line.replace(",52,", ",0,", 1) for line in lines[1:])]) + "\n")
    else:
        bpy.ops.mesh.primitive_cube_add()
        name = bpy.context.object.name
        bpy.context.object.shape_key_add(name="Basis")
        bpy.context.object.shape_key_add(name="Wobble")
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.flame.retarget(character=name, source=str(source))
    assert curve(character.meshes["Body"], "jawOpen") is None


def test_broken_rows_another_order_and_another_rate_of_a_file_do_no_harm(character, tmp_path):
    rows = [{"jawOpen": each / 29} for each in range(30)]
    path = write_csv(tmp_path / "mixed.csv", rows, order=list(range(51, -1, -1)))
    lines = path.read_text().splitlines()
    lines[11] = "00:00:00:20.000,52,broken"
    path.write_text("\n".join(lines) + "\n")
    bpy.context.scene.render.fps = 24
    bpy.ops.flame.retarget(character="Character Body", source=str(path), start_at=101)
    made = curve(character.meshes["Body"], "jawOpen")
    frames = keyframes.key_frames(made)
    assert frames.tolist() == list(range(101, 125))
    assert np.allclose(keyframes.key_values(made), (frames - 101) * 30 / 24 / 29, atol=1e-5)
    lines = [line.text for line in report_of(character).lines]
    assert any("first in line 12. These frames are left out" in line for line in lines), lines


def test_sliders_of_the_calibration_are_played_at_once_and_edits_by_hand_stay(character, opening):
    bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    body = character.meshes["Body"]
    curve(body, "jawOpen").keyframe_points[3].co.y = 0.9
    calibration = of_holder(bpy.context.scene)
    calibration.region("brows").gain = 0.5
    assert np.allclose(keyframes.key_values(curve(body, "browInnerUp")), 0.25)
    calibration.region("jaw").gain = 0.5
    assert keyframes.key_values(curve(body, "jawOpen"))[3] == pytest.approx(0.9)
    assert np.allclose(keyframes.key_values(curve(character.meshes["Teeth"], "jawOpen"))[-1], 0.5)
    bpy.context.scene.flame_retarget.use_brows = False
    calibration.region("brows").gain = 1.0
    assert np.allclose(keyframes.key_values(curve(body, "browInnerUp")), 0.25), "not written any more"


def test_it_is_one_step_of_undo(character, opening):
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.flame.retarget("EXEC_DEFAULT", True, character="Character Body", source=str(opening))
    bpy.ops.ed.undo()
    body = bpy.data.objects["Character Body"]
    assert curve(body, "jawOpen") is None and not bpy.data.actions
    of_holder(bpy.context.scene).region("jaw").gain = 0.5  # What was played is played no more, and nothing breaks.
    assert curve(body, "jawOpen") is None


def test_the_mapping_is_kept_on_the_character_and_used_again(character, opening):
    bpy.ops.flame.retarget(character="Character Body", source=str(opening))
    group = character.armature.flame_mapping
    row = next(row for row in group.rows if row.target == "jawOpen" and row.thing == character.meshes["Body"])
    row.use = False
    bpy.ops.flame.retarget(character="Character Body", source=str(write_csv(opening.with_name("b.csv"), [{}] * 5)))
    assert curve(character.meshes["Body"], "jawOpen") is None
    assert curve(character.meshes["Teeth"], "jawOpen") is not None


@pytest.mark.parametrize(
    ("settings", "last"),
    [({"rate": "clip"}, 47), ({"rate": "clip", "speed": 0.5}, 54), ({"rate": "scene"}, 46)],
    ids=["frame by frame", "slow motion", "time of the scene"],
)
def test_a_track_of_a_run_is_put_where_its_import_lies(engine, clip, monkeypatch, settings, last):
    """The stand-in for the engine tracks a ball, which has no ARKit shapes: its performance is made up."""
    opening = make_performance({"jawOpen": np.linspace(0, 1, 8)}, rate=Fraction(25))
    monkeypatch.setattr(takes, "performance_of_file", lambda _track: opening)
    character = makehuman.make_character(parts=())
    bpy.context.scene.render.fps = 24
    tree = make_tree(bpy.context.scene, clip)
    tree.nodes["Scene"].start_at = 40
    for name, value in settings.items():
        setattr(tree.nodes["Scene"], name, value)
    node = tree.nodes.new("FlameNodeRetarget")
    tree.links.new(tree.nodes["Track File"].outputs[0], node.inputs[0])
    node.character = character.armature
    assert bpy.ops.flame.run_tree() == {"FINISHED"}
    made = curve(character.meshes["Body"], "jawOpen")
    assert made is not None, node.result_text
    assert keyframes.key_frames(made).tolist() == list(range(40, last + 1))
    assert "plays on" in node.result_text and node.result_failed is False
    if last == 47:
        assert keyframes.key_values(made).tolist() == np.linspace(0, 1, 8).astype(np.float32).tolist()


def test_a_retarget_node_without_a_character_says_so_and_harms_no_import(engine, clip):
    tree = make_tree(bpy.context.scene, clip)
    node = tree.nodes.new("FlameNodeRetarget")
    tree.links.new(tree.nodes["Track File"].outputs[0], node.inputs[0])
    bpy.ops.flame.run_tree()
    assert node.result_failed and "no character is chosen" in node.result_text
    assert bpy.data.objects.get("take one head") is not None


def test_a_track_that_is_named_is_taken_whatever_file_the_panel_names(character, opening):
    bpy.context.scene.flame_retarget.source = str(opening)
    with pytest.raises(RuntimeError, match=r"nothing\.npz"):
        bpy.ops.flame.retarget(character="Character Body", track=str(opening.with_name("nothing.npz")))


def test_what_was_written_stays_where_it_cannot_be_read_back(character, opening, monkeypatch):
    from flame_extension.blender_flame_tracker.retarget.writing import apply

    monkeypatch.setattr(apply, "read_back", lambda *_: 1 / 0)
    assert bpy.ops.flame.retarget(character="Character Body", source=str(opening)) == {"FINISHED"}
    assert curve(character.meshes["Body"], "jawOpen") is not None
    assert any("could not be read back" in line.text for line in report_of(character).lines)
