"""Characters are recognised by the names that real ones have; nothing is driven twice."""

from __future__ import annotations

import pytest

from backend.contract.failure import Failure
from backend.contract.performance.channels import CHANNELS
from backend.contract.performance.characters.facts import (
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
from backend.contract.performance.characters.metahuman import CONTROLS, PREFIX
from backend.contract.performance.characters.recognition import recognise


def words(text: str) -> list[str]:
    return text.split()


READY_PLAYER_ME = (
    *CHANNELS, "mouthOpen", "mouthSmile", "eyesClosed", "eyesLookUp", "eyesLookDown",
    *(f"viseme_{name}" for name in words("sil PP FF TH DD kk CH SS nn RR aa E I O U")),
)  # fmt: skip
PAWLYGON = words(
    """
    BrowDownLeft BrowDownRight BrowInnerUpLeft BrowInnerUpRight BrowOuterUpLeft BrowOuterUpRight EyeClosedLeft
    EyeClosedRight EyeConstrict EyeDilation EyeLookDownLeft EyeLookDownRight EyeLookInLeft EyeLookInRight EyeLookOutLeft
    EyeLookOutRight EyeLookUpLeft EyeLookUpRight EyeSquintLeft EyeSquintRight EyeWideLeft EyeWideRight CheekPuffLeft
    CheekPuffRight CheekSquintLeft CheekSquintRight CheekSuckLeft CheekSuckRight LipFunnel LipFunnelLower LipFunnelUpper
    LipPucker LipSuckLower LipSuckUpper JawForward JawLeft JawOpen JawRight MouthClosed MouthFrownLeft MouthFrownRight
    MouthLeft MouthLowerDown MouthPress MouthRaiserLower MouthRaiserUpper MouthRight MouthSmileLeft MouthSmileRight
    MouthStretchLeft MouthStretchRight MouthTightenerLeft MouthTightenerRight MouthUpperUp MouthUpperUpLeft
    MouthUpperUpRight NoseSneer NoseSneerLeft NoseSneerRight TongueDown TongueLeft TongueOut
    """
)
"""Avatar shapes that VRChat's makers use (PawlygonStudio/VRC-Facetracking, UEBlendshapes.md)."""
ICT = [
    *(name.replace("Left", "_L").replace("Right", "_R") for name in CHANNELS if name not in ("browInnerUp", "cheekPuff")
      and name != "tongueOut"),
    "browInnerUp_L", "browInnerUp_R", "cheekPuff_L", "cheekPuff_R", "cheekRaiser_L", "cheekRaiser_R",
]  # fmt: skip
CHARACTER_CREATOR = words(
    """
    Brow_Raise_Inner_L Brow_Raise_Inner_R Brow_Drop_L Brow_Drop_R Eye_Blink_L Eye_Blink_R Eye_L_Look_L Eye_R_Look_L
    Eye_L_Look_R Eye_R_Look_R Eye_L_Look_Up Jaw_Open Jaw_L Jaw_R Mouth_L Mouth_R Mouth_Smile_L Mouth_Smile_R
    Mouth_Funnel_Up_L Mouth_Funnel_Up_R Mouth_Funnel_Down_L Mouth_Funnel_Down_R Mouth_Close V_Open V_Explosive
    """
)


def recognised(*meshes: list[str] | tuple[str, ...]) -> Mapping:
    facts = CharacterFacts(
        tuple(MeshFacts(f"mesh {n}", tuple(KeyFacts(key) for key in keys)) for n, keys in enumerate(meshes))
    )
    found = recognise(facts)
    assert isinstance(found, Mapping), found
    return found


def parts(mapping: Mapping, mesh: str = "mesh 0") -> dict[str, dict[str, float]]:
    return {each.key: dict(each.parts) for each in mapping.shapes if each.mesh == mesh}


def test_a_ready_player_me_head_is_driven_by_the_52_and_by_nothing_that_would_add_to_them() -> None:
    found = recognised(READY_PLAYER_ME, READY_PLAYER_ME)
    assert parts(found) == parts(found, "mesh 1") == {name: {name: 1.0} for name in CHANNELS}


def test_a_mesh_with_one_key_for_both_lids_follows_both_eyes() -> None:
    found = recognised(CHANNELS, ["eyesClosed", "jawOpen"])
    assert parts(found, "mesh 1")["eyesClosed"] == {"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5}


def test_unified_expressions_are_recognised_where_shapes_join_quarters() -> None:
    found = recognised(PAWLYGON)
    assert found.kind == "Unified Expressions shapes"
    assert set(CHANNELS) - found.channels == {"mouthDimpleLeft", "mouthDimpleRight"}
    keys = parts(found)
    assert keys["MouthClosed"] == {"mouthClose": 1.0} and keys["EyeClosedLeft"] == {"eyeBlinkLeft": 1.0}
    assert keys["LipFunnelUpper"] == {"mouthFunnel": 1.0} and "LipFunnel" not in keys
    assert "MouthUpperUp" not in keys and "NoseSneer" not in keys, "beside those of each side they would add up"
    assert not {"CheekSuckLeft", "TongueDown", "EyeDilation", "MouthTightenerLeft"} & keys.keys()


def test_the_two_halves_of_ict_facekit_follow_the_one_channel_of_arkit() -> None:
    found = recognised(ICT)
    assert set(CHANNELS) - found.channels == {"tongueOut"}
    assert parts(found)["browInnerUp_L"] == {"browInnerUp": 1.0} and parts(found)["cheekPuff_R"] == {"cheekPuff": 1.0}


def test_character_creators_gaze_is_told_apart_by_eye_and_way() -> None:
    found = recognised(CHARACTER_CREATOR)
    keys = parts(found)
    assert found.kind == "Character Creator shapes"
    assert keys["Eye_L_Look_R"] == {"eyeLookInLeft": 1.0} and keys["Eye_R_Look_R"] == {"eyeLookOutRight": 1.0}
    assert keys["Mouth_L"] == {"mouthLeft": 1.0} and "V_Open" not in keys


def test_metahuman_expressions_follow_several_channels() -> None:
    found = recognised([PREFIX + name for name in CONTROLS])
    assert found.channels == set(CHANNELS)
    keys = parts(found)
    assert keys[PREFIX + "mouthFunnelUL"] == {"mouthFunnel": 1.0, "mouthPucker": 0.7519}
    assert keys[PREFIX + "mouthLipsTogetherDR"] == {"mouthClose": 1.0}
    assert keys[PREFIX + "eyeLookLeftR"] == {"eyeLookInRight": 1.0}


def test_visemes_stand_in_where_a_mouth_has_nothing_better() -> None:
    visemes = [f"vrc.v_{name}" for name in words("sil pp ff th dd kk ch ss nn rr aa e ih oh ou")]
    found = recognised([*visemes, "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp"])
    keys = parts(found)
    assert keys["vrc.v_aa"]["jawOpen"] == 1.2 and keys["vrc.v_ou"] == {"mouthPucker": 1.0}
    assert keys["eyeBlinkLeft"] == {"eyeBlinkLeft": 1.0} and "vrc.v_th" not in keys
    assert found.kind == "ARKit shapes and Visemes shapes"


@pytest.mark.parametrize(
    ("keys", "kind", "mouth"),
    [
        (["Fcl_MTH_A", "Fcl_MTH_I", "Fcl_MTH_U", "Fcl_EYE_Close", "Fcl_ALL_Joy"], "VRoid shapes", "Fcl_MTH_A"),
        (["あ", "い", "う", "え", "お", "まばたき", "笑い"], "MikuMikuDance shapes", "あ"),
    ],
)
def test_names_of_vroid_and_mikumikudance_are_known(keys: list[str], kind: str, mouth: str) -> None:
    found = recognised(keys)
    assert found.kind == kind and "jawOpen" in parts(found)[mouth]


def test_of_a_character_without_any_match_one_sentence_says_so() -> None:
    facts = CharacterFacts((MeshFacts("Cube", (KeyFacts("Dent"), KeyFacts("jawOpen"))),))
    found = recognise(facts)
    assert isinstance(found, Failure) and found.code == "character-unknown"


def armature(name: str, *bones: str, board: bool = False, driven: bool = False) -> ArmatureFacts:
    parents = dict(zip(bones, ("", *bones), strict=False)) if not board else {}
    return ArmatureFacts(name, tuple(BoneFacts(bone, parents.get(bone, ""), is_driven=driven) for bone in bones))


def test_the_face_board_of_a_metahuman_is_driven_by_location() -> None:
    names = (
        "CTRL_C_jaw", "CTRL_C_jaw_fwdBack", "CTRL_L_eye", "CTRL_R_eye", "CTRL_L_eye_blink", "CTRL_R_eye_blink",
        *(f"CTRL_{side}_mouth_{name}" for side in "LR" for name in
          ("cornerPull", "funnelU", "funnelD", "lipsTogetherU", "lipsTogetherD", "stretch", "dimple", "purseU")),
    )  # fmt: skip
    rig = armature("rig", "neck_01", "head", "FACIAL_C_Jaw")
    found = recognise(CharacterFacts(armatures=(armature("face_gui", *names, "FRM_face", board=True), rig)))
    assert isinstance(found, Mapping) and found.kind == "MetaHuman face board"
    assert {each.bone: each.use for each in found.joints} == {"head": True, "neck_01": True, "FACIAL_C_Jaw": False}
    controls = {(each.bone, each.index): dict(each.parts) for each in found.controls}
    assert {bone for bone, _ in controls} == set(names), "each control that is there, and no other bone"
    assert controls["CTRL_L_eye_blink", 1] == {"eyeBlinkLeft": 1.0, "eyeWideLeft": -1.0}
    assert controls["CTRL_L_eye", 0] == {"eyeLookInLeft": -1.0, "eyeLookOutLeft": 1.0}
    assert controls["CTRL_R_eye", 0] == {"eyeLookInRight": 1.0, "eyeLookOutRight": -1.0}
    assert controls["CTRL_C_jaw", 1] == {"jawOpen": 1.0}
    assert controls["CTRL_L_mouth_lipsTogetherU", 1] == {"mouthClose": 1.0}
    assert all(each.path == "location" and (each.low, each.high) == (-1, 1) for each in found.controls)


def test_of_two_armatures_the_one_that_nothing_turns_is_taken_and_two_free_ones_are_refused() -> None:
    game, control = armature("game", "neck", "head", driven=True), armature("control", "neck", "head")
    found = recognise(CharacterFacts(armatures=(game, control)))
    assert isinstance(found, Mapping) and {each.armature for each in found.joints} == {"control"}
    two = recognise(CharacterFacts(armatures=(armature("Anna", "neck", "head"), control)))
    assert isinstance(two, Failure) and two.code == "two-armatures" and "'Anna'" in two.sentence


@pytest.mark.parametrize("by_bones", [True, False])
def test_eyes_of_a_vrm_look_by_bones_or_by_expressions_never_by_both(by_bones: bool) -> None:
    rig = ArmatureFacts("rig", (BoneFacts("Kopf"), BoneFacts("Auge", "Kopf")))
    look = Expression("lookUp", (Bind("Face", "hoch"),))
    vrm = VrmFacts("1", (look,), {"head": "Kopf", "left_eye": "Auge"}, by_bones)
    face = MeshFacts("Face", (KeyFacts("hoch"),), "rig", frozenset({"Auge"}))
    found = recognise(CharacterFacts((face,), (rig,), vrm))
    assert isinstance(found, Mapping)
    assert [each.use for each in found.joints if each.joint == "left_eye"] == [by_bones]
    assert [each.key for each in found.shapes] == ([] if by_bones else ["hoch"])
