"""Check Character: each state that would spoil a performance is named, with what to do; a good character is green."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backend.contract.performance.channels import CHANNELS
from backend.contract.performance.characters.check import check_character
from backend.contract.performance.characters.facts import (
    HALF_OVERRIDDEN,
    LINKED,
    OVERRIDDEN,
    ArmatureFacts,
    Bind,
    BoneFacts,
    CharacterFacts,
    Expression,
    KeyFacts,
    MeshFacts,
    VrmFacts,
)
from backend.contract.performance.characters.mapping import Mapping
from backend.contract.performance.characters.recognition import recognise
from backend.contract.performance.characters.report import AMBER, GREEN, RED, Row, named


def key(name: str, **facts: Any) -> KeyFacts:
    """A key of a face at the height of 1.6 m that looks along -y: left is +x."""
    side = 0.03 if name.endswith("Left") else -0.03 if name.endswith("Right") else 0.0
    height = 1.65 if name.startswith(("eye", "brow")) else 1.58
    way = -0.01 if name.startswith(("jawOpen", "eyeBlink", "browDown", "mouthFrown")) else 0.01
    return KeyFacts(name, **{"centre": (side, -0.1, height), "motion": (0.0, 0.0, way), **facts})


def rig(**facts: Any) -> ArmatureFacts:
    bones = (
        BoneFacts("neck", "", (0, 0, 1.5)),
        BoneFacts("head", "neck", (0, 0, 1.6)),
        BoneFacts("jaw", "head", (0, -0.02, 1.6)),
        BoneFacts("eye.L", "head", (0.03, -0.08, 1.65)),
        BoneFacts("eye.R", "head", (-0.03, -0.08, 1.65)),
    )
    return ArmatureFacts("Rig", facts.pop("bones", bones), **facts)


def face(change: Callable[[KeyFacts], KeyFacts] = lambda each: each, **facts: Any) -> MeshFacts:
    keys = tuple(change(key(name)) for name in CHANNELS)
    return MeshFacts("Face", keys, "Rig", **{"modifiers": (("ARMATURE", True), ("SUBSURF", True)), **facts})


def checked(*meshes: MeshFacts, armature: ArmatureFacts | None = None, vrm: VrmFacts | None = None) -> dict[str, Row]:
    """Rows by their label; of several with one label the worst."""
    facts = CharacterFacts(meshes, (armature or rig(),), vrm)
    mapping = recognise(facts)
    assert isinstance(mapping, Mapping), mapping
    rows = sorted(check_character(facts, mapping).rows, key=lambda row: (GREEN, AMBER, RED).index(row.level))
    assert all(row.advice for row in rows if row.level != GREEN), "what is not green says what to do"
    return {row.label: row for row in rows}


def changed(names: str, **facts: Any) -> Callable[[KeyFacts], KeyFacts]:
    return lambda each: replace(each, **facts) if each.name in names.split() else each


def test_a_whole_character_is_green() -> None:
    rows = checked(face())
    assert {row.level for row in rows.values()} == {GREEN}
    assert rows["Face"].sentence == "ARKit shapes: 52 of 52 channels move it."
    assert "-Y" in rows["Facing"].sentence


def test_what_is_missing_of_the_52_is_named() -> None:
    lacking = MeshFacts("Face", tuple(key(name) for name in CHANNELS if name not in ("tongueOut", "cheekPuff")))
    assert checked(lacking)["Face"].level == AMBER and "cheekPuff" in checked(lacking)["Face"].sentence
    no_tongue = MeshFacts("Face", tuple(key(name) for name in CHANNELS if name != "tongueOut"))
    assert checked(no_tongue)["Face"].level == GREEN, "no camera tells the tongue"


@pytest.mark.parametrize(
    ("mesh", "label", "level", "said"),
    [
        (face(is_edited=True), "Mode", RED, "Edit Mode"),
        (face(is_relative=False), "Keys", RED, "absolute"),
        (face(origin=LINKED), "Linked", RED, "linked"),
        (face(origin=OVERRIDDEN), "Linked", GREEN, "override"),
        (face(origin=HALF_OVERRIDDEN), "Linked", RED, "still linked"),
        (face(scale=(1.0, 0.0, 1.0)), "Scale", RED, "scaled to nothing"),
        (face(shows_one_key=True), "Solo", AMBER, "active key"),
        (face(changed("jawOpen", is_muted=True)), "Muted", AMBER, "1 key is muted, and would not be seen: jawOpen"),
        (face(changed("jawOpen eyeBlinkLeft", reach=0.0)), "Empty", AMBER, "2 keys are empty"),
        (face(changed("jawOpen", is_driven=True)), "Drivers", AMBER, "jawOpen"),
        (face(changed("jawOpen", is_animated=True)), "Animated", AMBER, "jawOpen"),
        (face(changed("jawOpen", is_locked=True)), "Locked", GREEN, "jawOpen: locked"),
        (face(changed("jawOpen", high=0.5)), "Sliders", GREEN, "widened"),
        (face(modifiers=(("MIRROR", True),)), "Modifiers", AMBER, "moves both"),
        (face(modifiers=(("MESH_CACHE", True),)), "Modifiers", AMBER, "Mesh Cache of Face"),
        (face(modifiers=(("ARMATURE", False),)), "Modifiers", AMBER, "switched off"),
        (face(scale=(-1.0, 1.0, 1.0)), "Scale", AMBER, "mirrored"),
        (face(scale=(1.0, 1.0, 1.2)), "Scale", AMBER, "unevenly"),
        (face(changed("eyeBlinkLeft", motion=(0.0, 0.0, 0.01))), "Signs", AMBER, "eyeBlinkLeft moves"),
    ],
)
def test_a_mesh_that_would_not_play_is_named(mesh: MeshFacts, label: str, level: str, said: str) -> None:
    row = checked(mesh)[label]
    assert row.level == level and said in row.sentence


@pytest.mark.parametrize(
    ("armature", "label", "level", "said"),
    [
        (rig(is_edited=True), "Mode", RED, "Rig is in Edit Mode"),
        (rig(is_resting=True), "Pose", RED, "Rest Position"),
        (rig(origin=LINKED), "Linked", RED, "Rig"),
        (rig(scale=(0.01, 0.01, 0.01)), "Head", GREEN, "Turns by head, shared with neck"),
        (rig(bones=(BoneFacts("head", is_driven=True),)), "Bones", AMBER, "constraints"),
        (rig(bones=(BoneFacts("head", is_animated=True),)), "Bones", AMBER, "animated already"),
        (rig(bones=(BoneFacts("head", is_locked=True),)), "Bones", GREEN, "locked"),
        (rig(bones=(BoneFacts("hips"),)), "Head", AMBER, "No head bone"),
    ],
)
def test_an_armature_that_would_not_turn_is_named(armature: ArmatureFacts, label: str, level: str, said: str) -> None:
    row = checked(face(), armature=armature)[label]
    assert row.level == level and said in row.sentence


def test_modifiers_that_keys_pass_through_and_even_scale_are_no_matter() -> None:
    rows = checked(face(modifiers=(("MIRROR", False), ("SUBSURF", True), ("ARMATURE", True)), scale=(0.01, 0.01, 0.01)))
    assert "Scale" not in rows and "Modifiers" not in rows


def test_keys_that_are_not_driven_may_be_in_any_state() -> None:
    other = replace(face(), keys=(*face().keys, KeyFacts("Hat", is_muted=True, is_driven=True, reach=0.0, high=0.1)))
    assert {row.level for row in checked(other).values()} == {GREEN}


def test_sides_that_are_swapped_are_noticed() -> None:
    def swap(each: KeyFacts) -> KeyFacts:
        assert each.centre is not None
        return replace(each, centre=(-each.centre[0], each.centre[1], each.centre[2]))

    assert checked(face(swap))["Sides"].level == AMBER and "Sides" not in checked(face())


def test_a_jaw_that_bone_and_key_both_open_is_left_to_the_key_and_said() -> None:
    doubled = face(changed("jawOpen", shared_with=("jaw",)), bones=frozenset({"jaw"}))
    facts = CharacterFacts((doubled,), (rig(),))
    mapping = recognise(facts)
    assert isinstance(mapping, Mapping)
    assert [each.use for each in mapping.joints if each.joint == "jaw"] == [False]
    row = next(row for row in check_character(facts, mapping).rows if row.label == "Jaw")
    assert row.level == AMBER and "not by jaw: jawOpen of Face would be moved twice" in row.sentence
    by_bone = replace(
        mapping, joints=tuple(replace(each, use=True, share=0.6) for each in mapping.joints if each.joint == "jaw")
    )
    row = next(row for row in check_character(facts, by_bone).rows if row.label == "Jaw")
    assert row.level == AMBER and "the bone takes 60%, 40% is left to the keys" in row.sentence


def test_a_jaw_bone_that_only_turns_the_teeth_is_used_beside_the_face_s_key() -> None:
    teeth = MeshFacts("Teeth", (), "Rig", frozenset({"jaw"}))
    facts = CharacterFacts((face(), teeth), (rig(),))
    mapping = recognise(facts)
    assert isinstance(mapping, Mapping)
    assert {each.bone: each.use for each in mapping.joints} == {
        "head": True, "neck": True, "jaw": True, "eye.L": False, "eye.R": False
    }  # fmt: skip
    rows = {row.label: row for row in check_character(facts, mapping).rows}
    assert rows["Jaw"].level == rows["Eyes"].level == GREEN and "Teeth only goes with bones" in rows["Meshes"].sentence


def test_eyes_that_look_by_bones_are_turned_by_them() -> None:
    keys = tuple(key(name) for name in CHANNELS if not name.startswith("eyeLook"))
    rows = checked(MeshFacts("Face", keys, "Rig", frozenset({"eye.L", "eye.R"})))
    assert rows["Eyes"].sentence == "Turned by eye.L and eye.R." and "52 of 52" in rows["Face"].sentence


def test_whole_mouths_are_said_to_be_approximate_and_moods_that_take_the_mouth_away_to_be_left() -> None:
    vrm = VrmFacts(
        "1",
        (
            Expression("aa", (Bind("Face", "Mund"),)),
            Expression("happy", (Bind("Face", "Froh"),), overrides=("mouth",)),
        ),
    )
    rows = checked(MeshFacts("Face", (KeyFacts("Mund"), KeyFacts("Froh"))), vrm=vrm)
    assert rows["Precision"].level == AMBER and "happy" in rows["Moods"].sentence


def test_numbered_keys_of_a_gltf_lead_to_the_vrm_file() -> None:
    rows = checked(MeshFacts("Face", (KeyFacts("target_0"), KeyFacts("target_1"))))
    assert rows["Face"].level == AMBER and ".vrm" in rows["Face"].advice


def test_long_lists_are_cut_short() -> None:
    assert named(["a"]) == "a" and named(["a", "b", "c"]) == "a, b and c" and named("abcdef") == "a, b, c and 3 more"
