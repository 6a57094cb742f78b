"""A performance written onto a small character: keys, actions, what is animated already, and what was read back."""

from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.performance.characters.mapping import ControlTarget, JointTarget, Mapping
from flame_extension.backend.contract.retarget_settings import RetargetSettings
from flame_extension.blender_flame_tracker.retarget.recognising.facts import read_facts
from flame_extension.blender_flame_tracker.retarget.writing.apply import Applied, carry_out, prepare
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.footage.schedule import scene_rate
from performances import arkit_mapping, make_performance

WAVE = 0.5 - 0.5 * np.cos(np.linspace(0, 2 * np.pi, 25))
SHOT = {"jawOpen": WAVE, "eyeBlinkLeft": 0.3 * WAVE, "browInnerUp": WAVE**2}


def apply(character, performance=None, start=1, mapping=None, **settings):
    performance = performance or make_performance(SHOT)
    made = RetargetSettings(**settings)
    mapping = mapping or arkit_mapping(character)
    prepared = prepare(performance, start, scene_rate(bpy.context.scene), mapping, made, bpy.context.scene)
    return prepared if isinstance(prepared, Failure) else carry_out(prepared, made, bpy.context.scene)


def curve_of(thing, key):
    return keyframes.find_curve(thing.data.shape_keys, f'key_blocks["{key}"].value')


def keys_of(thing, key):
    curve = curve_of(thing, key)
    return None if curve is None else (keyframes.key_frames(curve).tolist(), keyframes.key_values(curve).tolist())


def everything(character):
    return {
        (owner.name, curve.data_path, curve.array_index): (
            keyframes.key_frames(curve).tolist(),
            keyframes.key_values(curve).tolist(),
        )
        for owner in (character.face.data.shape_keys, character.teeth.data.shape_keys, character.armature)
        for curve in keyframes.curves_of(owner)
    }


# What is written.


def test_every_mesh_that_has_the_key_gets_every_value_on_the_frames_of_the_scene(character):
    assert isinstance(apply(character, start=10), Applied)
    for thing in (character.face, character.teeth):
        frames, values = keys_of(thing, "jawOpen")
        assert frames == list(range(10, 35))
        assert np.array_equal(values, WAVE.astype(np.float32))
    bpy.context.scene.frame_set(22)
    assert character.face.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(1.0)


def test_a_channel_that_rests_has_keys_at_both_ends(character):
    apply(character)
    assert keys_of(character.face, "mouthSmileLeft") == ([1, 25], [0, 0])


def test_a_channel_that_is_not_tracked_is_left_alone_and_said(character):
    made = apply(character, make_performance({**SHOT, "browInnerUp": None}))
    assert curve_of(character.face, "browInnerUp") is None
    assert made.plan.not_tracked == ("browInnerUp",)


def test_frames_without_a_face_get_no_keys(character):
    apply(character, make_performance(SHOT, without_face=(0, 1, 12, 13, 24)))
    frames, _ = keys_of(character.face, "jawOpen")
    assert frames == [each for each in range(3, 25) if each not in (13, 14)]


def test_at_another_rate_it_lasts_as_long_and_has_what_lies_between(character):
    bpy.context.scene.render.fps = 30
    apply(character, make_performance(SHOT, rate=Fraction(24)))
    frames, values = keys_of(character.face, "jawOpen")
    assert frames == list(range(1, 32)), "a second of 30 frames, and the last one"
    between = np.interp(np.arange(31) * 24 / 30, np.arange(25), WAVE)
    assert np.allclose(values, between, atol=1e-6)


def test_a_gap_stays_a_gap_at_another_rate(character):
    bpy.context.scene.render.fps = 48
    apply(character, make_performance(SHOT, without_face=(10, 11)))
    frames, values = keys_of(character.face, "jawOpen")
    assert np.isfinite(values).all()
    assert [each for each in range(1, 50) if each not in frames] == [20, 21, 22, 23, 24]


def test_what_a_region_has_stays_where_it_is_not_written(character):
    apply(character, use_eyes=False)
    assert curve_of(character.face, "eyeBlinkLeft") is None
    assert np.allclose(keys_of(character.face, "browInnerUp")[1], WAVE**2)


def test_one_frame_alone_can_be_keyed(character):
    apply(character)
    before = keys_of(character.face, "jawOpen")
    bpy.context.scene.frame_set(7)
    apply(character, make_performance({"jawOpen": 0.5 * WAVE}), frames="current")
    after = keys_of(character.face, "jawOpen")
    assert after[0] == before[0]
    assert np.allclose(after[1], [each * (0.5 if frame == 7 else 1) for frame, each in zip(*before, strict=True)])


def test_the_range_of_the_scene_can_be_keyed_alone(character):
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 5, 8
    apply(character, frames="scene")
    assert keys_of(character.face, "jawOpen")[0] == [5, 6, 7, 8]


# Actions.


def test_a_second_run_changes_nothing(character):
    performance = make_performance(SHOT, head_rotation=np.outer(WAVE, [0.1, 0.4, 0.2]), gaze=np.zeros((25, 2, 2)))
    mapping = arkit_mapping(character, {"head": "head", "neck": "neck"})
    apply(character, performance, mapping=mapping)
    first, actions = everything(character), set(bpy.data.actions)
    assert isinstance(apply(character, performance, mapping=mapping), Applied)
    assert everything(character) == first and set(bpy.data.actions) == actions


def test_a_shot_is_an_action_of_its_name_and_the_one_before_is_kept(character):
    apply(character)
    apply(character, make_performance(SHOT, name="shot two"))
    names = [action.name for action in bpy.data.actions]
    assert any(name.startswith("shot one") for name in names)
    assert character.face.data.shape_keys.animation_data.action.name.startswith("shot two")
    kept = [action for action in bpy.data.actions if action.name.startswith("shot one")]
    assert all(action.use_fake_user for action in kept)
    if bpy.app.version >= (4, 4):
        assert names == ["shot one", "shot two"], "one action holds both meshes"


def test_what_was_written_is_known_again_after_everything_was_renamed(character):
    performance = make_performance(SHOT, head_rotation=np.outer(WAVE, [0.1, 0.4, 0.2]))
    apply(character, performance, mapping=arkit_mapping(character, {"head": "head"}))
    character.face.name, character.face.data.shape_keys.name, character.armature.name = "Hero", "Hero", "Bones"
    character.meshes = {"Hero": character.face, "Teeth": character.teeth}
    made = apply(character, performance, mapping=arkit_mapping(character, {"head": "head"}), start=3)
    assert isinstance(made, Applied), made
    assert keys_of(character.face, "jawOpen")[0][0] == 3


@pytest.mark.parametrize("frames", ["all", "current"])
def test_a_shot_that_another_character_plays_too_stays_as_it_is_there(character, frames):
    apply(character)
    animation = character.face.data.shape_keys.animation_data
    other = character.face.copy()
    other.data = character.face.data.copy()
    bpy.context.scene.collection.objects.link(other)
    played = other.data.shape_keys.animation_data
    played.action = animation.action
    if hasattr(animation, "action_slot"):
        played.action_slot = animation.action_slot
    before = keys_of(other, "jawOpen")
    bpy.context.scene.frame_set(13)
    made = apply(character, make_performance({"jawOpen": 0.5 * WAVE}), frames=frames)
    assert isinstance(made, Applied) and keys_of(other, "jawOpen") == before
    after = keys_of(character.face, "jawOpen")
    assert (
        after[0] == before[0]
        and after[1][12] == 0.5
        and after[1][11] == pytest.approx(before[1][11] * (0.5 if frames == "all" else 1))
    )


def animate_by_hand(thing, key):
    block = thing.data.shape_keys.key_blocks[key]
    block.value = 0.7
    block.keyframe_insert("value", frame=1)
    block.value = 0.2
    block.keyframe_insert("value", frame=30)


def test_keys_of_other_channels_stay_where_they_are(character):
    animate_by_hand(character.face, "mouthSmileLeft")
    before = keys_of(character.face, "mouthSmileLeft")
    apply(character, use_mouth=False)
    assert keys_of(character.face, "mouthSmileLeft") == before
    assert np.allclose(keys_of(character.face, "jawOpen")[1], WAVE)


def test_what_is_animated_already_is_asked_for_and_nothing_is_written(character):
    animate_by_hand(character.face, "jawOpen")
    before = everything(character)
    refused = apply(character)
    assert isinstance(refused, Failure) and refused.code == "already-animated"
    assert refused.sentence == "1 channel with keys of Face is there already."
    assert everything(character) == before


def animated_in(character):
    facts = read_facts([character.face, character.teeth, character.armature])
    keys = {f"{mesh.name} {key.name}" for mesh in facts.meshes for key in mesh.keys if key.is_animated}
    return keys | {bone.name for armature in facts.armatures for bone in armature.bones if bone.is_animated}


def test_the_check_counts_keys_of_somebody_else_alone(character):
    apply(character)
    assert animated_in(character) == set(), "the next performance takes its own keys' place without a question"
    animate_by_hand(character.teeth, "jawOpen")
    assert animated_in(character) == {"Teeth jawOpen"}


def test_keys_can_be_replaced_left_or_laid_below(character):
    animate_by_hand(character.face, "jawOpen")
    by_hand = keys_of(character.face, "jawOpen")
    left = apply(character, existing="leave")
    assert keys_of(character.face, "jawOpen") == by_hand
    assert [(each.label, reason) for each, reason in left.left] == [("Face: jawOpen", "it has keys already")]
    apply(character, existing="layer")
    (track,) = character.face.data.shape_keys.animation_data.nla_tracks
    assert track.strips[0].action is not None
    bpy.context.scene.frame_set(13)
    assert character.face.data.shape_keys.key_blocks["jawOpen"].value == pytest.approx(1.0)
    animate_by_hand(character.teeth, "jawOpen")
    assert apply(character).code == "already-animated", "edited by hand since"
    apply(character, existing="replace")
    assert np.allclose(keys_of(character.teeth, "jawOpen")[1], WAVE)


def drive(thing, key):
    return thing.data.shape_keys.key_blocks[key].driver_add("value")


def test_a_driver_is_removed_only_where_it_shall_be_replaced(character):
    drive(character.face, "jawOpen").driver.expression = "0.5"
    assert "1 channel with drivers" in apply(character).sentence
    made = apply(character, existing="layer")
    assert [reason for _, reason in made.left] == ["a driver moves it"]
    assert len(character.face.data.shape_keys.animation_data.drivers) == 1
    made = apply(character, existing="replace")
    assert len(character.face.data.shape_keys.animation_data.drivers) == 0
    assert np.allclose(keys_of(character.face, "jawOpen")[1], WAVE)
    # Its keys are called Key.001 or the like: people know the mesh.
    assert any("1 driver of 'Face' was removed" in notice.sentence for notice in made.notices)


def test_an_action_that_something_else_uses_is_not_changed(character):
    animate_by_hand(character.face, "mouthSmileLeft")
    keys, other = character.face.data.shape_keys, character.teeth.data.shape_keys
    other.animation_data_create().action = action = keys.animation_data.action
    if hasattr(action, "slots"):
        other.animation_data.action_slot = keys.animation_data.action_slot
    count = len(keyframes.curves_of(keys))
    made = apply(character, use_mouth=False)
    assert keys.animation_data.action != action and len(keys.animation_data.nla_tracks) == 1
    assert any("went down into the NLA" in notice.sentence for notice in made.notices)
    keys.animation_data.action = action
    if hasattr(action, "slots"):
        keys.animation_data.action_slot = action.slots[0]
    assert len(keyframes.curves_of(keys)) == count


def test_a_locked_curve_is_left(character):
    apply(character)
    curve_of(character.face, "jawOpen").lock = True
    made = apply(character, make_performance({"jawOpen": 0.5 * WAVE}))
    assert [(each.label, reason) for each, reason in made.left] == [("Face: jawOpen", "its curve is locked")]
    assert np.allclose(keys_of(character.face, "jawOpen")[1], WAVE)


def test_five_thousand_frames_are_written_in_bulk(character):
    wave = np.sin(np.arange(5000)) ** 2
    made = apply(character, make_performance({"jawOpen": wave, "browInnerUp": wave**3}))
    assert isinstance(made, Applied) and len(keys_of(character.face, "jawOpen")[0]) == 5000


# Bad input.


def refused(character, code, **settings):
    before = everything(character)
    failure = apply(character, **settings)
    assert isinstance(failure, Failure) and failure.code == code
    assert everything(character) == before
    return failure


def test_a_performance_without_a_face_is_refused(character):
    refused(character, "no-face", performance=make_performance({"jawOpen": [1, 1]}, without_face=(0, 1)))


def test_a_character_without_a_match_is_refused(character):
    empty = type(arkit_mapping(character))("nothing")
    assert "Make ARKit shapes" in refused(character, "no-match", mapping=empty).advice


def test_a_mapping_of_another_character_is_refused(character):
    other = arkit_mapping(character).renamed({"Face": "Somebody", "Teeth": "Somebody's"})
    refused(character, "mapping-of-another", mapping=other)


def test_a_mesh_in_edit_mode_is_refused(character):
    bpy.context.view_layer.objects.active = character.face
    bpy.ops.object.mode_set(mode="EDIT")
    assert "'Face' is in Edit Mode" in refused(character, "edit-mode").sentence
    bpy.ops.object.mode_set(mode="OBJECT")


def test_two_armatures_are_refused(character):

    other = character.armature.copy()
    bpy.context.scene.collection.objects.link(other)
    controls = tuple(
        ControlTarget(each.name, "jaw", "location", 1, {"jawOpen": 0.1}) for each in (character.armature, other)
    )
    refused(character, "two-armatures", mapping=Mapping("board", controls=controls))


def test_a_frame_outside_of_the_performance_is_refused(character):
    bpy.context.scene.frame_set(99)
    failure = refused(character, "no-frames", frames="current")
    assert failure.sentence == "Frame 99 shows no face of the performance; it goes from frame 1 to 25."


def test_linked_data_are_refused_and_overridden_ones_are_written(character, tmp_path):
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {character.face})
    for thing in (character.face, character.teeth):
        bpy.data.objects.remove(thing)
    bpy.data.meshes.remove(bpy.data.meshes["Face"])
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.objects = ["Face"]
    (linked,) = wanted.objects
    bpy.context.scene.collection.objects.link(linked)
    mapping = arkit_mapping(type("One", (), {"meshes": {"Face": linked}}))
    made = apply(character, mapping=mapping)
    assert isinstance(made, Failure) and made.code == "linked" and "library.blend" in made.sentence
    overridden = linked.override_create(remap_local_usages=True)
    overridden.data.override_create(remap_local_usages=True)
    mapping = arkit_mapping(type("One", (), {"meshes": {"Face": overridden}}))
    made = apply(character, mapping=mapping.renamed({linked.name: overridden.name}))
    assert isinstance(made, Applied) and made.reading.still == ()


def test_a_face_board_beside_the_rig_is_no_second_armature(character):

    board = character.armature.copy()
    board.name = "Board"
    bpy.context.scene.collection.objects.link(board)
    mapping = Mapping(
        "board",
        controls=(ControlTarget("Board", "jaw", "location", 1, {"jawOpen": 0.1}),),
        joints=(JointTarget("Rig", "head", "head"),),
    )
    made = apply(character, make_performance(SHOT, head_rotation=np.outer(WAVE, [0, 0.4, 0])), mapping=mapping)
    assert {each.thing.name for each in made.written} == {"Board", "Rig"} and made.reading.still == ()
