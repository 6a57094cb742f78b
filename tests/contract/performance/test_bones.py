"""Bones of head, neck, jaw and eyes are found in the rigs that people have."""

from __future__ import annotations

import pytest

from backend.contract.performance.characters.bones import below, joint_bones
from backend.contract.performance.characters.facts import ArmatureFacts, BoneFacts

RIGS: dict[str, tuple[dict[str, str], dict[str, tuple[str, ...]]]] = {
    "Mixamo": (
        {"mixamorig:Neck": "", "mixamorig:Head": "mixamorig:Neck", "mixamorig:HeadTop_End": "mixamorig:Head",
         "mixamorig:LeftEye": "mixamorig:Head", "mixamorig:RightEye": "mixamorig:Head"},
        {"neck": ("mixamorig:Neck",), "head": ("mixamorig:Head",), "left_eye": ("mixamorig:LeftEye",),
         "right_eye": ("mixamorig:RightEye",)},
    ),
    "Ready Player Me": (
        {"Spine2": "", "Neck": "Spine2", "Head": "Neck", "HeadTop_End": "Head", "LeftEye": "Head", "RightEye": "Head"},
        {"neck": ("Neck",), "head": ("Head",), "left_eye": ("LeftEye",), "right_eye": ("RightEye",)},
    ),
    "Unreal": (
        {"spine_05": "", "neck_01": "spine_05", "neck_02": "neck_01", "head": "neck_02", "FACIAL_C_Jaw": "head",
         "FACIAL_L_Eye": "head", "FACIAL_R_Eye": "head", "FACIAL_L_EyeParallel": "FACIAL_L_Eye",
         "FACIAL_L_EyelidUpperA": "head"},
        {"neck": ("neck_02", "neck_01"), "head": ("head",), "jaw": ("FACIAL_C_Jaw",), "left_eye": ("FACIAL_L_Eye",),
         "right_eye": ("FACIAL_R_Eye",)},
    ),
    "VRoid": (
        {"J_Bip_C_Neck": "", "J_Bip_C_Head": "J_Bip_C_Neck", "J_Adj_L_FaceEye": "J_Bip_C_Head",
         "J_Adj_R_FaceEye": "J_Bip_C_Head", "J_Sec_Hair1_01": "J_Bip_C_Head"},
        {"neck": ("J_Bip_C_Neck",), "head": ("J_Bip_C_Head",), "left_eye": ("J_Adj_L_FaceEye",),
         "right_eye": ("J_Adj_R_FaceEye",)},
    ),
    "MakeHuman": (
        {"neck01": "", "neck02": "neck01", "neck03": "neck02", "head": "neck03", "jaw": "head", "tongue00": "jaw",
         "eye.L": "head", "eye.R": "head", "orbicularis03.L": "head"},
        {"neck": ("neck03", "neck02", "neck01"), "head": ("head",), "jaw": ("jaw",), "left_eye": ("eye.L",),
         "right_eye": ("eye.R",)},
    ),
    "Daz Genesis 8": (
        {"chestUpper": "", "neckLower": "chestUpper", "neckUpper": "neckLower", "head": "neckUpper",
         "upperFaceRig": "head", "lowerJaw": "head", "upperTeeth": "head", "lEye": "head", "rEye": "head",
         "lEyelidUpper": "head"},
        {"neck": ("neckUpper", "neckLower"), "head": ("head",), "jaw": ("lowerJaw",), "left_eye": ("lEye",),
         "right_eye": ("rEye",)},
    ),
    "Character Creator": (
        {"CC_Base_NeckTwist01": "", "CC_Base_NeckTwist02": "CC_Base_NeckTwist01",
         "CC_Base_Head": "CC_Base_NeckTwist02", "CC_Base_FacialBone": "CC_Base_Head",
         "CC_Base_JawRoot": "CC_Base_FacialBone", "CC_Base_L_Eye": "CC_Base_FacialBone",
         "CC_Base_R_Eye": "CC_Base_FacialBone", "CC_Base_UpperJaw": "CC_Base_FacialBone"},
        {"neck": ("CC_Base_NeckTwist02", "CC_Base_NeckTwist01"), "head": ("CC_Base_Head",),
         "jaw": ("CC_Base_JawRoot",), "left_eye": ("CC_Base_L_Eye",), "right_eye": ("CC_Base_R_Eye",)},
    ),
    "Auto-Rig Pro": (
        {"c_neck.x": "", "c_head.x": "c_neck.x", "c_jawbone.x": "c_head.x", "c_eye.l": "c_head.x",
         "c_eye.r": "c_head.x", "c_eye_target.l": "c_head.x", "c_eyelid_top.l": "c_head.x"},
        {"neck": ("c_neck.x",), "head": ("c_head.x",), "jaw": ("c_jawbone.x",), "left_eye": ("c_eye.l",),
         "right_eye": ("c_eye.r",)},
    ),
    "Biped": (
        {"Bip01 Neck": "", "Bip01 Head": "Bip01 Neck", "Bip01 HeadNub": "Bip01 Head"},
        {"neck": ("Bip01 Neck",), "head": ("Bip01 Head",)},
    ),
    "MikuMikuDance": (
        {"首": "", "頭": "首", "両目": "頭", "左目": "頭", "右目": "頭"},
        {"neck": ("首",), "head": ("頭",), "left_eye": ("左目",), "right_eye": ("右目",)},
    ),
    "Godette": (
        {"neck_Armature": "", "head_Armature": "neck_Armature", "brow1.l_Armature": "head_Armature"},
        {"neck": ("neck_Armature",), "head": ("head_Armature",)},
    ),
    "Rigify": (
        {"torso": "", "neck": "torso", "head": "neck", "ORG-face": "head", "jaw": "ORG-face", "DEF-jaw": "ORG-face",
         "MCH-eye.L": "ORG-face", "eye.L": "ORG-face", "eye.R": "ORG-face"},
        {"neck": ("neck",), "head": ("head",), "jaw": ("jaw",), "left_eye": ("eye.L",), "right_eye": ("eye.R",)},
    ),
    "no head": ({"Bone": "", "jaw": "Bone", "eye.L": "Bone"}, {}),
}  # fmt: skip
"""Rig -> bones with their parents, and what is expected of them."""


def rig(parents: dict[str, str]) -> ArmatureFacts:
    return ArmatureFacts("rig", tuple(BoneFacts(name, parent) for name, parent in parents.items()))


@pytest.mark.parametrize(("parents", "expected"), RIGS.values(), ids=RIGS)
def test_the_joints_of_a_rig_are_found(parents: dict[str, str], expected: dict[str, tuple[str, ...]]) -> None:
    assert joint_bones(rig(parents)) == expected


def test_bones_that_the_character_names_itself_are_taken() -> None:
    names = {"Hals": "", "Kopf": "Hals", "Kiefer": "Kopf"}
    assert joint_bones(rig(names), {"head": "Kopf", "jaw": "Kiefer", "left_eye": "not there"}) == {
        "head": ("Kopf",),
        "jaw": ("Kiefer",),
    }


def test_what_hangs_on_a_bone_is_turned_with_it() -> None:
    assert below(rig({"head": "", "jaw": "head", "teeth": "jaw", "hair": "head"}), "jaw") == {"jaw", "teeth"}
